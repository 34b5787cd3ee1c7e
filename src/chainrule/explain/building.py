"""From a recording to a :class:`Derivation`: names instead of nodes, formulas instead of rules."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from chainrule.arrays import numpy_namespace
from chainrule.autodiff.graph import SMALL, Absent
from chainrule.explain.derivation import (
    Check,
    Contribution,
    Derivation,
    Formula,
    Kind,
    LocalDerivative,
    Variable,
)
from chainrule.explain.notation import from_symbolic
from chainrule.explain.recording import Key, Recording, Step
from chainrule.primitives.row import OPERANDS, Elementwise, Structural


def build(recording: Recording, checks: Sequence[Check], lang: str) -> Derivation:
    """The derivation of ``recording``, with its gradients' ``checks`` beside them."""
    builder = Builder(recording)
    return Derivation(
        result=builder.ids[recording.root],
        variables=tuple(builder.variables),
        locals=tuple(builder.locals),
        contributions=tuple(builder.contributions()),
        checks=tuple(checks),
        seed=shown(recording.seed),
        lang=lang,
    )


def variable_ids(recording: Recording) -> dict[int, int]:
    """The variable that each leaf becomes, by the identity of the leaf."""
    return Builder(recording).ids


class Builder:
    """Numbers the variables in the order of the forward pass, and names those that have no name."""

    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        self.names = recording.names
        self.variables: list[Variable] = []
        self.locals: list[LocalDerivative] = []
        self.ids: dict[int, int] = {}
        self._taken = set(recording.names.taken)
        self._values = {leaf.key: leaf.value for leaf in recording.leaves}
        for step in recording.steps:
            self._add_step(step)

    # --- variables -----------------------------------------------------------------------------------

    def _add(self, key: Key, name: str, kind: Kind, array: Any, **more: Any) -> int:
        variable = Variable(
            id=len(self.variables),
            name=name,
            kind=kind,
            shape=tuple(int(n) for n in array.shape),
            dtype=str(array.dtype),
            value=shown(array),
            **more,
        )
        self.variables.append(variable)
        self.ids[key] = variable.id
        return variable.id

    def _fresh(self, letter: str) -> str:
        """``v1``, ``v2``, …: the first that the program does not use."""
        number = 1
        while f"{letter}{number}" in self._taken:
            number += 1
        self._taken.add(f"{letter}{number}")
        return f"{letter}{number}"

    def _add_step(self, step: Step) -> None:
        operands = [self._operand(step, i) for i in range(len(step.parents))]
        is_result = step.key == self.recording.root
        name = self.names.of(step.key)
        if name is None and is_result and "L" not in self._taken:
            name = "L"
        out = step.saved[0]
        this = self._add(
            step.key,
            name or self._fresh("v"),
            "result" if is_result else "intermediate",
            step if out is None or isinstance(out, Absent) else out,
            operation=step.row.name,
            inputs=tuple(one[1] for one in operands if _is_reference(one)),
            formula=[_spoken(step), *operands, *_attributes(step)],
            source=step.source,
        )
        for i, parent in enumerate(step.parents):
            if parent is not None:
                self._add_local(step, this, i, operands)

    def _operand(self, step: Step, i: int) -> Formula:
        """Input ``i`` of ``step``: a reference to its variable, or the number that it is."""
        key, array = step.keys[i], step.saved[i + 1]
        if step.parents[i] is not None:
            if key not in self.ids:
                name = self.names.of(key) or self._fresh("p")
                self._add(key, name, "parameter", self._values[key])
            return ["ref", self.ids[key]]
        if array is None or isinstance(array, (int, float, bool)):
            return "…" if array is None else array
        if key not in self.ids:
            given = self.names.of(key)
            if given is None and getattr(array, "size", 0) == 1 and not isinstance(array, Absent):
                return array.item()
            self._add(key, given or self._fresh("c"), "input" if given else "constant", array)
        return ["ref", self.ids[key]]

    # --- derivatives ---------------------------------------------------------------------------------

    def _add_local(self, step: Step, this: int, i: int, operands: list[Formula]) -> None:
        row, to = step.row, self.ids[step.keys[i]]
        if isinstance(row, Structural):
            words = row.words[0 if row.variadic else i]
            self.locals.append(LocalDerivative(this, to, i, rule=words))
            return
        assert isinstance(row, Elementwise)
        formula, partial = row.formulas[i], row.partials[i]
        if formula is None or partial is None:
            return
        known = {"out": ["ref", this], **dict(zip(OPERANDS, operands, strict=False))}
        with np.errstate(all="ignore"):
            try:
                value = shown(partial(numpy_namespace, *step.saved))
            except TypeError:  # an operand was too large to keep
                value = None
        self.locals.append(LocalDerivative(this, to, i, from_symbolic(formula, known), value))

    def contributions(self) -> list[Contribution]:
        found: list[Contribution] = []
        for event in self.recording.events:
            step = event.step
            for i, parent in enumerate(step.parents):
                if parent is None or event.arrived[i] is None:
                    continue
                found.append(
                    Contribution(
                        of=self.ids[step.key],
                        to=self.ids[parent],
                        place=i,
                        upstream=shown(event.g),
                        amount=shown(event.arrived[i]),
                        total=shown(event.totals[i]),
                        summed=self._summed(step, parent),
                    )
                )
        return _running(found)


    def _summed(self, step: Step, parent: Key) -> tuple[int, ...]:
        """The axes of the result along which broadcasting had copied ``parent``."""
        shape = self.variables[self.ids[parent]].shape
        if not isinstance(step.row, Elementwise) or step.shape == shape:
            return ()
        extra = len(step.shape) - len(shape)
        inner = (i for i, n in enumerate(shape) if n == 1 and step.shape[i + extra] != 1)
        return (*range(extra), *(i + extra for i in inner))


def _running(found: list[Contribution]) -> list[Contribution]:
    """Where one operation sends to one parent twice (``a·a``), the total is known once, after both: the first
    of the two has its own part less."""
    fixed: list[Contribution] = []
    for here, following in zip(found, [*found[1:], None], strict=True):
        if following is not None and (here.of, here.to) == (following.of, following.to):
            total = None if here.total is None else _less(here.total, following.amount)
            here = Contribution(**{**vars(here), "total": total})
        fixed.append(here)
    return fixed


def _less(total: Any, amount: Any) -> Any:
    return (np.asarray(total) - np.asarray(amount)).tolist()


def _is_reference(formula: Formula) -> bool:
    return isinstance(formula, list) and formula[0] == "ref"


def shown(array: Any) -> Any:
    """Numbers that are few enough to be looked at, as plain data."""
    if isinstance(array, (bool, int, float)):
        return array
    if not isinstance(array, (np.ndarray, np.generic)) or array.size > SMALL:
        return None
    return array.tolist()


def _spoken(step: Step) -> str:
    """The operation as users call it: ``permute``, where the row's own name is ``permute_dims``."""
    if step.row.name == "permute_dims" and step.attrs["axes"] == (1, 0):
        return "transpose"
    notation = step.row.notation or ""
    return notation.split("(")[0] if "(" in notation else step.row.name


def _attributes(step: Step) -> list[str]:
    """The attributes that a reader wants to see."""
    attrs = step.attrs
    if step.row.name in ("getitem", "put"):
        return [_key(attrs["key"])]
    if step.row.name in ("reshape", "broadcast_to"):
        return [str(attrs["shape"])]
    if step.row.name == "permute_dims":
        return [] if attrs["axes"] == (1, 0) else [str(attrs["axes"])]
    axis = attrs.get("axis")
    if axis is None:
        return []
    if isinstance(axis, tuple):
        axis = axis[0] if len(axis) == 1 else axis
    return [f"dim={axis}"] if axis != () else []


def _key(key: Any) -> str:
    if isinstance(key, tuple):
        return ", ".join(_key(part) for part in key)
    if isinstance(key, slice):
        ends = ["" if end is None else str(end) for end in (key.start, key.stop)]
        return ":".join([*ends, *([] if key.step is None else [str(key.step)])])
    if isinstance(key, (int, type(None))):
        return str(key)
    return "…"
