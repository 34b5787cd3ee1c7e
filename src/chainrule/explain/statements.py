"""The lines of an explanation as data: what is written as text, MathML, LaTeX and Markdown is made here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal, TypeVar

from chainrule.explain import messages
from chainrule.explain.comparisons import Comparison, compared
from chainrule.explain.derivation import (
    Check,
    Contribution,
    Derivation,
    Formula,
    LocalDerivative,
    Numbers,
    Variable,
)
from chainrule.explain.notation import Plain, Writer, number, numbers

Section = Literal["forward", "locals", "backward", "gradients", "update"]

#: The sections of an explanation, in their order.
SECTIONS: tuple[Section, ...] = ("forward", "locals", "backward", "gradients", "update")

#: Of more lines than that, a section shows the first and the last.
MOST_LINES, _FIRST, _LAST = 60, 30, 20

#: Local derivatives up to so many characters are put on the line; longer ones are left out.
_LINE = 48

#: What a result is called that French calls its "regret".
_LOSSES = frozenset({"l", "loss", "perte", "regret"})

T = TypeVar("T")


@dataclass(frozen=True)
class Array:
    """The numbers that a line comes to: a vector on it, a matrix beneath. ``value`` is None where they were
    too many to keep, and ``role`` their place in the chain rule."""

    shape: tuple[int, ...]
    value: Numbers
    role: str = ""


@dataclass(frozen=True)
class Statement:
    """One line: ``left = side = … = side``, or ``left ← …`` where it is not all of ``left`` yet.

    Every side is a formula (:class:`chainrule.explain.notation.Writer` says of what); ``array`` comes after
    the last. ``about`` is the local derivative that a rule in words stands for. ``marks`` are words in
    brackets at the end of the line, ``remarks`` sentences beneath it, in the language of the line.
    """

    left: Formula
    sides: tuple[Formula, ...] = ()
    sign: Literal["=", "←"] = "="
    array: Array | None = None
    about: Formula = None
    marks: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    comparisons: tuple[Comparison, ...] = ()


class Statements:
    """Every line of the explanation of ``derivation``, in the language ``lang``.

    >>> from chainrule import Value, explain
    >>> a, b = Value(2.0), Value(-3.0)
    >>> L = a * b
    >>> derivation = explain(L, torch=False)
    >>> statements = Statements(derivation, "en")
    >>> statements.update(derivation["a"].id).sides[-1]
    2.3

    Raises DomainError for a language that is not there.
    """

    def __init__(self, derivation: Derivation, lang: str) -> None:
        self.derivation = derivation
        self.lang = lang
        self.say = messages.language(lang)
        self._uses = Counter(c.to for c in derivation.contributions)
        self._locals = {(one.of, one.place): one for one in derivation.locals}
        self._sides = Counter((one.of, one.to) for one in derivation.locals)
        self._plain = Writer.of(derivation, Plain())

    def title(self, section: Section) -> str:
        """The heading of a section."""
        result = self.derivation.variables[self.derivation.result].name
        loss = section == "forward" and result.lower() in _LOSSES
        said = self.say["forward_loss" if loss else section]
        return said.format(result=result, rate=number(self.derivation.rate))

    def lines(self, section: Section) -> Iterator[Statement | str]:
        """The lines of a section; of very many the first and the last, with a sentence between them."""
        derivation = self.derivation
        if section == "forward":
            yield from self._each(self.given, [v for v in derivation.variables if not v.operation])
            yield from self._each(self.computed, [v for v in derivation.variables if v.operation])
        elif section == "locals":
            yield from self._each(self.local, sorted(derivation.locals, key=lambda one: -one.of))
        elif section == "backward":
            yield self.seed()
            yield from self._each(self.contribution, range(len(derivation.contributions)))
        elif section == "gradients":
            yield from self._each(self.check, derivation.checks)
        else:
            yield from self._each(self.update, self._changing())

    def _each(self, state: Callable[[T], Statement], things: Sequence[T]) -> Iterator[Statement | str]:
        if len(things) <= MOST_LINES:
            yield from map(state, things)
            return
        yield from map(state, things[:_FIRST])
        yield self.say["more"].format(count=len(things) - _FIRST - _LAST)
        yield from map(state, things[-_LAST:])

    # --- forward -------------------------------------------------------------------------------------

    def given(self, variable: Variable) -> Statement:
        """``w = 1``"""
        return self._with(Statement(["ref", variable.id]), variable.value, variable.shape)

    def computed(self, variable: Variable) -> Statement:
        """``S = ŷ − y = 1 − 2 = −1``"""
        left, formula = ["ref", variable.id], ["spaced", variable.formula]
        if any(self._shape(one) for one in variable.inputs):
            return self._with(Statement(left, (formula,)), variable.value, variable.shape)
        sides = self._distinct(formula, self._filled(formula), self._value(variable.id))
        return Statement(left, sides)

    # --- local derivatives ---------------------------------------------------------------------------

    def local(self, local: LocalDerivative) -> Statement:
        """``∂L/∂S = 2·S = 2·(−1) = −2``; for a rule in words, ``∂v1/∂W:  ∂L/∂W = xᵀ @ ∂L/∂v1``"""
        marks = [*self._directly(local.of, local.to), *self._which(local.of, local.to, local.place)]
        left: Formula = ["partial", local.of, local.to]
        if marks:
            left = ["marked", left, marks]
        if local.rule is not None:
            sign: Literal["=", "←"] = "←" if self._uses[local.to] > 1 else "="
            return Statement(self._gradient(local.to), (self._rule(local),), sign, about=left)
        if not self._shape(local.of):
            filled = self._filled(local.formula)
            return Statement(left, self._distinct(local.formula, filled, self._shown(local.value)))
        text = "" if local.value is None else numbers(local.value)
        shown = [_literal(local.value)] if 0 < len(text) <= _LINE else []
        return Statement(left, self._distinct(local.formula, *shown), marks=(self.say["elementwise"],))

    def rule(self, local: LocalDerivative) -> str:
        """What a structural row does, as text: ``xᵀ @ ∂L/∂v1``"""
        return self._plain.formula(self._rule(local))

    def _rule(self, local: LocalDerivative) -> Formula:
        """A structural row's words, with the names of this program in them."""
        _, *operands = self.derivation.variables[local.of].formula
        letters = dict(zip("xyz", operands, strict=False))
        letters |= {"g": _role("upstream", self._gradient(local.of)), "out": ["ref", local.of]}
        return ["words", messages.words(local.rule or "", self.lang), letters]

    def _which(self, of: int, to: int, place: int) -> list[str]:
        """Where a variable stands on both sides of an operation: which side is meant."""
        return [self.say["input"].format(place=place + 1)] if self._sides[of, to] > 1 else []

    def _directly(self, of: int, to: int) -> list[str]:
        """The slope of the result along one of several ways from a variable is not yet its gradient."""
        return [self.say["direct"]] if of == self.derivation.result and self._uses[to] > 1 else []

    # --- backward ------------------------------------------------------------------------------------

    def seed(self) -> Statement:
        """``∂L/∂L = 1``"""
        result = self.derivation.result
        seed = self.derivation.seed
        line = Statement(self._gradient(result))
        return self._with(line, seed, self._shape(result), role="total")

    def contribution(self, place: int) -> Statement:
        """``∂L/∂ŷ = ∂L/∂S · ∂S/∂ŷ = (−2) · 1 = −2``: the product of the chain rule at ``place``.

        Of several that reach a variable only the last is its gradient, and says "=".
        """
        one = self.derivation.contributions[place]
        nth, before = self._arrived[place]
        local, shape = self._locals.get((one.of, one.place)), self._shape(one.to)
        last = nth == self._uses[one.to]
        so_far = self._so_far(before, shape) if last and nth > 1 else None
        line = Statement(
            self._gradient(one.to),
            (_added(so_far, self._product(one, local)),),
            sign="=" if last else "←",
            marks=self._marks(one, nth),
            remarks=self._remarks(one, nth),
        )
        if shape or self._shape(one.of) or local is None or local.rule is not None:
            return self._with(line, one.total if last else one.amount, shape, "total" if last else "amount")
        filled = [
            "chain",
            *(_role(role, self._shown(x)) for role, x in _factors(one.upstream, local.value)),
        ]
        amount = _role("amount" if so_far is not None or not last else "total", self._shown(one.amount))
        sides = [*line.sides, _added(so_far, filled), _added(so_far, amount)]
        if so_far is not None:
            sides.append(_role("total", self._shown(one.total)))
        return replace(line, sides=tuple(sides))

    @cached_property
    def _arrived(self) -> list[tuple[int, Numbers]]:
        """For each contribution which of those to its variable it is, and the total before it."""
        totals: dict[int, tuple[int, Numbers]] = {}
        arrived = []
        for one in self.derivation.contributions:
            count, before = totals.get(one.to, (0, None))
            arrived.append((count + 1, before))
            totals[one.to] = count + 1, one.total
        return arrived

    def _so_far(self, before: Numbers, shape: tuple[int, ...]) -> Formula:
        return ["said", self.say["so_far"]] if shape or before is None else before

    def _product(self, one: Contribution, local: LocalDerivative | None) -> Formula:
        """What is added, as a formula: upstream · local, or the words of the rule."""
        upstream = _role("upstream", self._gradient(one.of))
        if local is not None and local.rule is not None:
            return self._rule(local)
        if local is not None and not self._shape(one.of):
            partial: Formula = _role("local", ["partial", one.of, one.to])
            marks = self._directly(one.of, one.to)
            return ["chain", upstream, ["marked", partial, marks] if marks else partial]
        formula = 1 if local is None else local.formula
        product = upstream if formula == 1 else ["chain", upstream, _role("local", formula)]
        if one.summed:
            axes = one.summed[0] if len(one.summed) == 1 else one.summed
            return ["sum", product, f"dim={axes}"]
        return product

    def _marks(self, one: Contribution, nth: int) -> tuple[str, ...]:
        """Which input, and which of how many contributions, a product is."""
        count = self._uses[one.to]
        many = [self.say["of_many"].format(nth=nth, count=count)] if nth < count else []
        return (*self._which(one.of, one.to, one.place), *many)

    def _remarks(self, one: Contribution, nth: int) -> tuple[str, ...]:
        remarks = []
        name = self.derivation.variables[one.to].name
        if one.summed:
            key = "axes" if len(one.summed) == 1 else "axes_many"
            axes = ", ".join(str(axis) for axis in one.summed)
            remarks.append(self.say[key].format(axes=axes, name=name))
        if nth > 1 and nth == self._uses[one.to]:
            remarks.append(self.say["summed"].format(name=name, count=nth))
        return tuple(remarks)

    # --- update --------------------------------------------------------------------------------------

    def _changing(self) -> list[int]:
        """The variables that a step of gradient descent would change."""
        derivation = self.derivation
        return [v.id for v in derivation.variables if v.kind == "parameter" and derivation.reached(v.id)]

    def updated(self, variable: int) -> Numbers:
        """What a variable is after the step; None where a number that it takes was too large to keep."""
        found = self.derivation.variables[variable]
        return _stepped(found.value, self.derivation.total(variable), self.derivation.rate)

    def update(self, variable: int) -> Statement:
        """``w ← w − lr·∂L/∂w = 1 − 0.1·(−2) = 1.2``"""
        found, gradient = self.derivation.variables[variable], self.derivation.total(variable)
        step: Formula = ["mul", ["name", "lr"], _role("total", self._gradient(variable))]
        line = Statement(["ref", variable], (["sub", ["ref", variable], step],), "←")
        after = self.updated(variable)
        if found.shape or after is None:
            return self._with(line, after, found.shape)
        filled = ["sub", ["value", variable], ["mul", self.derivation.rate, _role("total", gradient)]]
        return replace(line, sides=(*line.sides, filled, after))

    # --- checks --------------------------------------------------------------------------------------

    def check(self, check: Check) -> Statement:
        """``∂L/∂w = −2``, with what it was compared with."""
        variable = self.derivation.variables[check.variable]
        left = self._gradient(check.variable)
        if check.along:
            left = ["marked", left, [self.say["along"]]]
        shape = () if check.along else variable.shape
        line = Statement(left, comparisons=tuple(compared(check, variable, self.say)))
        return self._with(line, check.gradient, shape, role="total")

    def comparisons(self, check: Check) -> list[str]:
        """The lines beneath the gradient that ``check`` is of, as text."""
        found = compared(check, self.derivation.variables[check.variable], self.say)
        return [line for one in found for line in one.lines]

    # --- formulas and values -------------------------------------------------------------------------

    def _gradient(self, variable: int) -> Formula:
        return ["partial", self.derivation.result, variable]

    def _shape(self, variable: int) -> tuple[int, ...]:
        return self.derivation.variables[variable].shape

    def _shown(self, value: Numbers) -> Formula:
        return ["said", f"({self.say['too_large']})"] if value is None else _literal(value)

    def _value(self, variable: int) -> Formula:
        value = self.derivation.variables[variable].value
        return self._shown(None) if value is None else ["value", variable]

    def _filled(self, formula: Formula) -> Formula:
        """``formula`` with the numbers put in."""
        if not isinstance(formula, list):
            return formula
        if formula[0] == "ref":
            return self._value(formula[1])
        return [formula[0], *(self._filled(one) for one in formula[1:])]

    def _distinct(self, *sides: Formula) -> tuple[Formula, ...]:
        """``sides``, without those that read as the one before."""
        kept: list[Formula] = []
        read = None
        for side in sides:
            text = self._plain.formula(side)
            if text != read:
                kept.append(side)
            read = text
        return tuple(kept)

    def _with(self, line: Statement, value: Numbers, shape: tuple[int, ...], role: str = "") -> Statement:
        """``line``, which comes to ``value``: one more side where it is a number, an array otherwise."""
        if value is None:
            return replace(line, array=Array(shape, None), marks=(self.say["too_large"], *line.marks))
        if shape or isinstance(value, list):
            return replace(line, array=Array(shape, value, role))
        return replace(line, sides=(*line.sides, _role(role, value) if role else value))


def _literal(value: Numbers) -> Formula:
    return ["array", value] if isinstance(value, list) else value


def _role(role: str, formula: Formula) -> Formula:
    return ["role", role, formula]


def _added(so_far: Formula, formula: Formula) -> Formula:
    return formula if so_far is None else ["add", so_far, formula]


def _factors(upstream: Numbers, local: Numbers) -> Sequence[tuple[str, Numbers]]:
    return (("upstream", upstream), ("local", local))


def _stepped(value: Numbers, gradient: Numbers, rate: float) -> Numbers:
    """A step down the slope; None where a number is missing."""
    if value is None or gradient is None:
        return None
    if isinstance(value, list):
        return [_stepped(one, slope, rate) for one, slope in zip(value, gradient, strict=True)]
    return value - rate * gradient
