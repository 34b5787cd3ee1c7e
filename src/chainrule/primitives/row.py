"""What a row of the table is: an operation, and how its gradient comes back.

An *elementwise* row states its partial derivatives, blind to shape. A *structural* row states a pullback
for each input: what becomes of the cotangent ``g`` of its result. Every feature reads these rows; nothing
else in chainrule knows a derivative.

Rules are written in the Array API language against a namespace ``xp``: numpy for values, floats for
``Value``, ``Tensor``'s own operations for gradients of gradients, symbols for formulas.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from chainrule.arrays import symbolic

#: A rule's ``xp``, and arrays of any kind, are `Any`: that is what lets one rule run on all of them.
Array = Any
Rule = Callable[..., Array]

#: Where a row's samples may lie, for one input: the open interval that numbers are drawn from.
Interval = tuple[float, float]

#: The names that the operands of an elementwise row go by, in formulas.
OPERANDS = ("x", "y", "z")

ROWS: dict[str, Row] = {}


@dataclass(frozen=True)
class Sample:
    """A call that the tests try a structural row on: the shapes of its inputs, and its attributes.

    A shape may be an array of integers, for an input that picks rather than contributes.
    """

    inputs: tuple[Any, ...]
    attrs: dict[str, Any]


def sample(*inputs: Any, **attrs: Any) -> Sample:
    return Sample(inputs, attrs)


@dataclass(eq=False, kw_only=True)
class Row:
    """One operation of the table.

    ``forward(xp, *inputs, **attrs)`` computes it. ``notation`` says how a formula of it is written: an
    infix sign, or a template over the operands' names. ``torch`` is PyTorch's name for its node;
    ``view`` says that the result may look into the memory of the input.
    """

    name: str
    forward: Rule
    notation: str | None = None
    torch: str | None = None
    variadic: bool = False
    view: bool = False

    def __post_init__(self) -> None:
        ROWS[self.name] = self

    def __repr__(self) -> str:
        return f"<row {self.name}>"

    @cached_property
    def grad_fn(self) -> str:
        """The name that PyTorch prints for this operation, ``MulBackward0``."""
        name = self.torch or "".join(part.title() for part in self.name.split("_"))
        return f"{name}Backward0"

    def needed(self, wanted: tuple[bool, ...]) -> tuple[bool, ...]:
        """Which of (result, *inputs) are read on the way back to the ``wanted`` inputs."""
        raise NotImplementedError(self.name)

    def pull(self, wanted: tuple[bool, ...]) -> Rule:
        """The row's VJP, ``pull(xp, g, saved, attrs)``: the cotangents of the inputs, None for those that
        are not ``wanted`` and where nothing flows. ``saved`` is (result, *inputs)."""
        found = self._pulls.get(wanted)
        if found is None:
            found = self._pulls[wanted] = self._pull(wanted)
        return found

    @cached_property
    def _pulls(self) -> dict[tuple[bool, ...], Rule]:
        return {}

    def _pull(self, wanted: tuple[bool, ...]) -> Rule:
        raise NotImplementedError(self.name)


@dataclass(eq=False, repr=False, kw_only=True)
class Elementwise(Row):
    """``partials[i](xp, out, *inputs)`` is ∂out/∂inputs[i]; None where it is zero everywhere."""

    partials: tuple[Rule | None, ...]
    domain: tuple[Interval, ...]
    special: tuple[tuple[float, ...], ...] = ()

    @property
    def arity(self) -> int:
        return len(self.partials)

    @cached_property
    def formulas(self) -> tuple[symbolic.Expr | None, ...]:
        """Each partial as a formula over ``out``, ``x``, ``y``, ``z``."""
        names = [symbolic.Symbol(name) for name in ("out", *OPERANDS[: self.arity])]
        return tuple(partial and partial(symbolic, *names) for partial in self.partials)

    def _pull(self, wanted: tuple[bool, ...]) -> Rule:
        # Compiled from the formulas into one function: on a hundred numbers, a call inside a call costs
        # as much as the product.
        g = symbolic.Symbol("g")
        names = ("out", *OPERANDS[: self.arity])
        saved = {name: symbolic.Symbol(f"saved[{place}]") for place, name in enumerate(names)}
        sent = [
            "None"
            if formula is None or not want
            else _source(symbolic.substitute(symbolic.product(g, formula), saved))
            for formula, want in zip(self.formulas, wanted, strict=True)
        ]
        return eval(f"lambda xp, g, saved, attrs: ({', '.join(sent)},)")

    @cached_property
    def _reads(self) -> tuple[tuple[bool, ...], ...]:
        names = ("out", *OPERANDS[: self.arity])
        found = [symbolic.variables(f) if f is not None else frozenset() for f in self.formulas]
        return tuple(tuple(name in reads for name in names) for reads in found)

    def needed(self, wanted: tuple[bool, ...]) -> tuple[bool, ...]:
        columns = zip(*(r for r, w in zip(self._reads, wanted, strict=True) if w), strict=True)
        return tuple(any(column) for column in columns) or (False,) * (self.arity + 1)


def _source(formula: symbolic.Expr) -> str:
    return symbolic.python_source(formula, "xp.")


@dataclass(eq=False, repr=False, kw_only=True)
class Structural(Row):
    """``pullbacks[i](xp, g, out, *inputs, **attrs)`` is the cotangent of ``inputs[i]``.

    With ``variadic``, one pullback answers for a row that takes any number of inputs, and returns all of
    their cotangents. ``reads`` names, for each pullback, what it looks into beyond shapes and dtypes:
    "out", or the place of an input. ``words`` says for each pullback what it does to ``g``.
    """

    pullbacks: tuple[Rule | None, ...]
    reads: tuple[tuple[int | str, ...], ...] = ()
    words: tuple[str, ...] = ()
    samples: tuple[Sample, ...] = ()

    def needed(self, wanted: tuple[bool, ...]) -> tuple[bool, ...]:
        places: set[int | str] = set()
        for reads, want in zip(self.reads, wanted, strict=False):
            if want:
                places.update(reads)
        return ("out" in places, *(place in places for place in range(len(wanted))))

    def _pull(self, wanted: tuple[bool, ...]) -> Rule:
        first = self.pullbacks[0]
        if self.variadic and first is not None:
            return lambda xp, g, saved, attrs: first(xp, g, *saved, **attrs)
        pulls = tuple(pull if want else None for pull, want in zip(self.pullbacks, wanted, strict=True))
        if len(pulls) == 1 and first is not None:
            return lambda xp, g, saved, attrs: (first(xp, g, *saved, **attrs),)
        return lambda xp, g, saved, attrs: [
            None if pull is None else pull(xp, g, *saved, **attrs) for pull in pulls
        ]


ANYWHERE: Interval = (-3.0, 3.0)
POSITIVE: Interval = (0.1, 4.0)
BOOLEAN: Interval = (False, True)


def elementwise(
    name: str,
    forward: Rule,
    *,
    partials: tuple[Rule | None, ...],
    notation: str | None = None,
    torch: str | None = None,
    domain: tuple[Interval, ...] | None = None,
    special: tuple[tuple[float, ...], ...] = (),
) -> Elementwise:
    """Add an elementwise row to the table. ``special`` lists inputs where something happens:
    ties, kinks, poles, values that overflow."""
    return Elementwise(
        name=name,
        forward=forward,
        partials=partials,
        notation=notation,
        torch=torch,
        domain=domain or (ANYWHERE,) * len(partials),
        special=special,
    )


def structural(
    name: str,
    forward: Rule,
    *,
    pullbacks: tuple[Rule | None, ...],
    words: tuple[str, ...],
    reads: tuple[tuple[int | str, ...], ...] = (),
    notation: str | None = None,
    torch: str | None = None,
    variadic: bool = False,
    view: bool = False,
    samples: tuple[Sample, ...],
) -> Structural:
    """Add a structural row to the table."""
    return Structural(
        name=name,
        forward=forward,
        pullbacks=pullbacks,
        reads=reads or ((),) * len(pullbacks),
        words=words,
        notation=notation,
        torch=torch,
        variadic=variadic,
        view=view,
        samples=samples,
    )
