"""From a recording to a :class:`Derivation`: names instead of nodes, formulas instead of rules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal

import numpy as np

from chainrule.autodiff.graph import SMALL, Absent
from chainrule.explain.derivation import (
    Check,
    Contribution,
    Derivation,
    Formula,
    Group,
    Image,
    Kind,
    LocalDerivative,
    Variable,
)
from chainrule.explain.images import Cells, values
from chainrule.explain.images import image as image_of
from chainrule.explain.notation import away_from_ties, from_symbolic
from chainrule.explain.recording import Event, Key, Recording, Step
from chainrule.primitives.row import OPERANDS, Elementwise, Structural


def build(
    recording: Recording,
    check: Callable[[dict[Key, int]], Sequence[Check]],
    check_inner: Callable[[dict[Key, int]], Sequence[Check]],
    lang: str,
    rate: float,
) -> Derivation:
    """The derivation of ``recording``; the checks are told which variable each key became."""
    builder = Builder(recording)
    return Derivation(
        result=builder.ids[recording.root],
        variables=tuple(builder.variables),
        locals=tuple(builder.locals),
        contributions=tuple(builder.contributions()),
        checks=tuple(check(builder.ids)),
        inner_checks=tuple(check_inner(builder.ids)),
        seed=shown(recording.seed),
        lang=lang,
        rate=rate,
        groups=tuple(builder.groups()),
        images=tuple(builder.images()),
    )


class Builder:
    """Numbers the variables in the order of the forward pass, and names those that have no name."""

    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        self.names = recording.names
        self.variables: list[Variable] = []
        self.locals: list[LocalDerivative] = []
        self.ids: dict[int, int] = {}
        self._taken = set(recording.names.taken)
        self._numbered: Counter[str] = Counter()
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
        while True:
            self._numbered[letter] += 1
            name = f"{letter}{self._numbered[letter]}"
            if name not in self._taken:
                self._taken.add(name)
                return name

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
            formula=[spoken(step), *operands, *_attributes(step)],
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
            plain = given is None and not isinstance(array, Absent) and array.size == 1
            if plain and (array.ndim == 0 or isinstance(step.row, Elementwise)):
                return array.item()
            self._add(key, given or self._fresh("c"), "input" if given else "constant", array)
        return ["ref", self.ids[key]]

    # --- derivatives ---------------------------------------------------------------------------------

    def _add_local(self, step: Step, this: int, i: int, operands: list[Formula]) -> None:
        row, to = step.row, self.ids[step.keys[i]]
        if isinstance(row, Structural):
            words = row.words[0 if row.variadic else i]
            if spoken(step) == "transpose":
                words = "({g})ᵀ"
            self.locals.append(LocalDerivative(this, to, i, rule=words))
            return
        assert isinstance(row, Elementwise)
        formula, partial = row.formulas[i], row.partials[i]
        if formula is None or partial is None:
            return
        known = {"out": ["ref", this], **dict(zip(OPERANDS, operands, strict=False))}
        with np.errstate(all="ignore"):
            try:
                value = shown(partial(self.recording.xp, *step.saved))
            except TypeError:  # an operand was too large to keep
                value = None
        read = _read(step, i, from_symbolic(formula, known), value)
        self.locals.append(LocalDerivative(this, to, i, read, value))

    def contributions(self) -> list[Contribution]:
        found: list[Contribution] = []
        totals: dict[Key, Any] = {}
        for event in self.recording.events:
            step, upstream = event.step, shown(event.g)
            for i, parent in enumerate(step.parents):
                if parent is None or not event.flows[i]:
                    continue
                totals[parent] = _total(event, i, totals.get(parent))
                found.append(
                    Contribution(
                        of=self.ids[step.key],
                        to=self.ids[parent],
                        place=i,
                        upstream=upstream,
                        amount=shown(event.arrived[i]),
                        total=shown(totals[parent]),
                        summed=self._summed(step, parent),
                    )
                )
        return found

    def _summed(self, step: Step, parent: Key) -> tuple[int, ...]:
        """The axes of the result along which broadcasting had copied ``parent``."""
        shape = self.variables[self.ids[parent]].shape
        if not isinstance(step.row, Elementwise) or step.shape == shape:
            return ()
        extra = len(step.shape) - len(shape)
        inner = (i for i, n in enumerate(shape) if n == 1 and step.shape[i + extra] != 1)
        return (*range(extra), *(i + extra for i in inner))

    # --- what stands beside them ---------------------------------------------------------------------

    def groups(self) -> list[Group]:
        """What each call of a module made; the calls of one module are numbered, if there are several."""
        scopes, steps = self.recording.scopes, self.recording.steps
        given = [None if one.module is None else self.names.of(id(one.module)) for one in scopes]
        names = [name or one.title for name, one in zip(given, scopes, strict=True)]
        several, found = Counter(names), Counter[str]()
        groups = []
        for name, scope in zip(names, scopes, strict=True):
            found[name] += 1
            members = tuple(self.ids[step.key] for step in steps[scope.start : scope.stop])
            numbered = f"{name} ({found[name]})" if several[name] > 1 else name
            groups.append(Group(numbered, "module", members, scope.parent))
        return groups

    def images(self) -> Iterator[Image]:
        """The arrays that are too large to be shown: of each the value, and the gradient."""
        gradients = dict(self.recording.cotangents)
        for leaf in self.recording.leaves:
            if (cells := image_of(leaf.gradient)) is not None:
                gradients[leaf.key] = cells
        found: tuple[tuple[Literal["value", "gradient"], dict[Key, Cells]], ...] = (
            ("value", dict(values(self.recording))),
            ("gradient", gradients),
        )
        for of, pictures in found:
            known = ((self.ids[key], cells) for key, cells in pictures.items() if key in self.ids)
            yield from (Image(variable, of, *cells) for variable, cells in sorted(known))


def _total(event: Event, i: int, before: Any) -> Any:
    """The parent's total after its part from input ``i``: the sweep tells that after the whole operation,
    which may send to one parent twice (``a·a``)."""
    parents, amount = event.step.parents, event.arrived[i]
    if amount is None or parents[i] not in parents[i + 1 :]:
        return event.totals[i]
    return amount if before is None else before + amount


def _read(step: Step, i: int, formula: Formula, value: Any) -> Formula:
    """``formula`` in the form that says most where the operands are: a choice without its ties where there
    are none, and the 0 alone where the guard of a power holds."""
    if value is None:
        return formula
    name, (out, *operands) = step.row.name, step.saved
    with np.errstate(all="ignore"):
        if name in ("maximum", "minimum"):
            mine, other = operands if i == 0 else operands[::-1]
            chosen = np.greater(mine, other) if name == "maximum" else np.less(mine, other)
            return away_from_ties(formula) if np.array_equal(chosen, value) else formula
        if name == "pow" and not step.shape and value == 0:
            x, y = (np.float64(one) for one in operands)
            bare = y * np.power(x, y - 1) if i == 0 else np.float64(out) * np.log(x)
            return formula if bare == 0 else 0
    return formula


def _is_reference(formula: Formula) -> bool:
    return isinstance(formula, list) and formula[0] == "ref"


def shown(array: Any) -> Any:
    """Numbers that are few enough to be looked at, as plain data."""
    if isinstance(array, (bool, int, float)) and not isinstance(array, np.generic):
        return array
    if not isinstance(array, (np.ndarray, np.generic)) or array.size > SMALL:
        return None
    return array.tolist()


def spoken(step: Step) -> str:
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
    if step.row.name == "astype":
        return [str(np.dtype(attrs["dtype"]))]
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
