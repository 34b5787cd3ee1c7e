"""A derivation as plain text for a terminal."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from chainrule.explain import messages
from chainrule.explain.derivation import (
    Check,
    Contribution,
    Derivation,
    Formula,
    LocalDerivative,
    Numbers,
    Variable,
)
from chainrule.explain.drawing import MOST_COLUMNS, draw, shortened
from chainrule.explain.layout import bracketed, elided, laid_out, rough
from chainrule.explain.notation import number, numbers, write

#: Nested lists up to so many characters are put on the line; longer ones are laid out below it.
_LINE = 48

#: Up to so many variables, the graph is drawn again at every step of the way back.
_STEPWISE = 16

#: Of more lines than that, a section shows the first and the last.
_MOST, _FIRST, _LAST = 60, 30, 20

#: A check agrees up to this error, which grows with the rounding of the type.
_AGREES = {"float32": 1e-4, "float64": 1e-5}

#: What a result is called that French calls its "regret".
_LOSSES = frozenset({"l", "loss", "perte", "regret"})

T = TypeVar("T")


def render(derivation: Derivation, lang: str, width: int = MOST_COLUMNS) -> str:
    """The explanation in the language ``lang``: forward, local derivatives, backward, checks.

    ``width`` is how many columns a drawing may take, to the right of its margin of three."""
    return _Text(derivation, lang, width).whole()


class _Text:
    def __init__(self, derivation: Derivation, lang: str, width: int) -> None:
        self.derivation = derivation
        self.lang = lang
        self.say = messages.language(lang)
        self.result = derivation.variables[derivation.result]
        self.uses = Counter(c.to for c in derivation.contributions)
        self.locals = {(one.of, one.place): one for one in derivation.locals}
        self.sides = Counter((one.of, one.to) for one in derivation.locals)
        self.drawing = draw(derivation, width)

    def whole(self) -> str:
        result = self.result.name
        forward = "forward_loss" if result.lower() in _LOSSES else "forward"
        parts = [
            self._section(1, self.say[forward].format(result=result), self.forward()),
            self._section(2, self.say["locals"], self.local_derivatives()),
            self._section(3, self.say["backward"].format(result=result), self.backward()),
            self._section(4, self.say["gradients"], self.checks()),
        ]
        notes = [self.say.get(note, note) for note in self.derivation.notes]
        return "\n\n".join(part for part in [*parts, *notes] if part)

    def _section(self, place: int, title: str, lines: Iterator[str]) -> str:
        body = "\n".join(f"   {line}".rstrip() for text in lines for line in text.split("\n"))
        body = re.sub(r"\n{3,}", "\n\n", body).rstrip()
        return f"{place}. {title}\n\n{body}" if body else ""

    def _each(self, things: Sequence[T], write_one: Callable[[T], str]) -> Iterator[str]:
        """A line for each, or for the first and the last of them with the count of the others between."""
        if len(things) <= _MOST:
            yield from map(write_one, things)
            return
        yield from map(write_one, things[:_FIRST])
        yield self.say["more"].format(count=len(things) - _FIRST - _LAST)
        yield from map(write_one, things[-_LAST:])

    # --- names and values ----------------------------------------------------------------------------

    def name(self, variable: int) -> str:
        return self.derivation.variables[variable].name

    def partial(self, of: int, to: int) -> str:
        return f"∂{self.name(of)}/∂{self.name(to)}"

    def gradient_of(self, variable: int) -> str:
        return self.partial(self.derivation.result, variable)

    def value(self, variable: int) -> str:
        found = self.derivation.variables[variable]
        return self._shown(found.value, found.shape)

    def _shown(self, value: Any, shape: tuple[int, ...]) -> str:
        if value is None:
            return f"({self.say['too_large']})"
        return numbers(value)

    def _equals(self, value: Any, shape: tuple[int, ...], remark: str = "") -> str:
        """`` = value``; a matrix goes below, one row a line. ``remark`` ends the first line."""
        if value is None:
            return f"   {shape}   ({self.say['too_large']}){remark}"
        if len(shape) < 2:
            return f" = {elided(value)}{remark}"
        return f"   {shape}{remark}\n{laid_out(value)}"

    # --- the four sections ---------------------------------------------------------------------------

    def forward(self) -> Iterator[str]:
        variables = self.derivation.variables
        yield from self._each([v for v in variables if not v.operation], self._given)
        yield from self._each([v for v in variables if v.operation], self._computed)

    def _given(self, variable: Variable) -> str:
        return f"{variable.name}{self._equals(variable.value, variable.shape)}"

    def _computed(self, variable: Variable) -> str:
        formula = write(variable.formula, self.name, spaced=True)
        steps = [f"{variable.name} = {formula}"]
        if all(not self._shape(one) for one in variable.inputs):
            filled = write(variable.formula, self.value, spaced=True)
            if filled != formula:
                steps.append(filled)
            result = self._shown(variable.value, variable.shape)
            if result != steps[-1]:
                steps.append(result)
            return " = ".join(steps)
        return steps[0] + self._equals(variable.value, variable.shape)

    def _shape(self, variable: int) -> tuple[int, ...]:
        return self.derivation.variables[variable].shape

    def local_derivatives(self) -> Iterator[str]:
        found = sorted(self.derivation.locals, key=lambda one: -one.of)
        yield from self._each(found, self._local)

    def _local(self, local: LocalDerivative) -> str:
        marks = [*self._directly(local.of, local.to), *self._which(local.of, local.to, local.place)]
        left = self.partial(local.of, local.to) + (f" ({', '.join(marks)})" if marks else "")
        if local.rule is not None:
            gives = "←" if self.uses[local.to] > 1 else "="
            return f"{left}:  {self.gradient_of(local.to)} {gives} {self._rule(local)}"
        formula = write(local.formula, self.name)
        if self._shape(local.of):
            value = local.value
            text = "" if value is None else numbers(value)
            fits = 0 < len(text) <= _LINE and text != formula
            shown = f" = {text}" if fits else ""
            return f"{left} = {formula}{shown}   ({self.say['elementwise']})"
        steps = [f"{left} = {formula}"]
        for text in (write(local.formula, self.value), self._shown(local.value, ())):
            if text != steps[-1].removeprefix(f"{left} = "):
                steps.append(text)
        return " = ".join(steps)

    def _which(self, of: int, to: int, place: int) -> list[str]:
        """Where a variable stands on both sides of an operation: which side is meant."""
        return [self.say["input"].format(place=place + 1)] if self.sides[of, to] > 1 else []

    def _directly(self, of: int, to: int) -> list[str]:
        """The slope of the result along one of several ways from a variable is not yet its gradient."""
        return [self.say["direct"]] if of == self.derivation.result and self.uses[to] > 1 else []

    def _rule(self, local: LocalDerivative) -> str:
        """A structural row's words, with the names of this program in them."""
        _, *operands = self.derivation.variables[local.of].formula
        named = {letter: self._operand(one) for letter, one in zip("xyz", operands, strict=False)}
        words = messages.words(local.rule or "", self.lang)
        return words.format(g=self.gradient_of(local.of), out=self.name(local.of), **named)

    def _operand(self, formula: Formula) -> str:
        return write(formula, self.name, within="power")

    def backward(self) -> Iterator[str]:
        derivation, drawing = self.derivation, self.drawing
        stepwise = drawing is not None and len(derivation.variables) <= _STEPWISE
        if drawing is None:
            yield f"({self.say['graph_too_large'].format(count=len(derivation.variables))})\n"
        elif not stepwise:
            yield f"({self.say['drawn_once']})\n"
        yield f"{self.gradient_of(derivation.result)}{self._equals(derivation.seed, self.result.shape)}"
        if stepwise:
            yield self._drawn(0)
        for lines, place in self._way_back():
            yield lines
            if stepwise and place is not None:
                yield self._drawn(place)
        if drawing is None:
            return
        if not stepwise:
            yield self._drawn(None)
        if drawing.repeats:
            yield f"({self.say['drawn_elsewhere']})"

    def _way_back(self) -> Iterator[tuple[str, int | None]]:
        """Every product of the chain rule; with its place where it is the last of its operation."""
        steps = self.derivation.contributions
        totals: dict[int, tuple[int, Numbers]] = {}
        arrived: list[tuple[Contribution, int, Numbers]] = []
        for one in steps:
            count, before = totals.get(one.to, (0, None))
            arrived.append((one, count + 1, before))
            totals[one.to] = count + 1, one.total
        ends = [i + 1 == len(steps) or steps[i + 1].of != one.of for i, one in enumerate(steps)]
        lines = self._each(arrived, lambda each: self._contribution(*each))
        for place, text in enumerate(lines, 1):
            yield text, place if len(steps) <= _MOST and ends[place - 1] else None

    def _drawn(self, before: int | None) -> str:
        assert self.drawing is not None
        drawn = self.drawing.text(lambda variable: shortened(self.derivation, variable.id, before))
        return f"\n{drawn}\n"

    def _contribution(self, one: Contribution, nth: int, before: Numbers) -> str:
        """One product. Of several that reach a variable only the last is its gradient, and says "="."""
        local = self.locals.get((one.of, one.place))
        shape, last = self._shape(one.to), nth == self.uses[one.to]
        so_far = ""
        if last and nth > 1:
            so_far = (self.say["so_far"] if shape or before is None else number(before)) + " + "
        left = f"{self.gradient_of(one.to)} {'=' if last else '←'} {so_far}{self._product(one, local)}"
        marks = "".join(f"   ({mark})" for mark in self._marks(one, nth))
        if shape or self._shape(one.of) or local is None or local.rule is not None:
            text = left + self._equals(one.total if last else one.amount, shape, marks)
        else:
            filled = " · ".join(bracketed(self._shown(x, ())) for x in (one.upstream, local.value))
            text = f"{left} = {so_far}{filled} = {so_far}{self._amount(one, so_far)}"
            if so_far:
                text += f" = {numbers(one.total)}"
            text += marks
        return text + self._remarks(one, nth)

    def _marks(self, one: Contribution, nth: int) -> list[str]:
        """Which input, and which of how many contributions, a product is."""
        count = self.uses[one.to]
        many = [self.say["of_many"].format(nth=nth, count=count)] if nth < count else []
        return [*self._which(one.of, one.to, one.place), *many]

    def _amount(self, one: Contribution, so_far: str) -> str:
        text = numbers(one.amount)
        return bracketed(text) if so_far else text

    def _product(self, one: Contribution, local: LocalDerivative | None) -> str:
        """What is added, as a formula: upstream · local, or the words of the rule."""
        upstream = self.gradient_of(one.of)
        if local is not None and local.rule is not None:
            return self._rule(local)
        if local is not None and not self._shape(one.of):
            marks = "".join(f" ({mark})" for mark in self._directly(one.of, one.to))
            return f"{upstream} · {self.partial(one.of, one.to)}{marks}"
        formula = "1" if local is None else write(local.formula, self.name, within="product")
        product = upstream if formula == "1" else f"{upstream} · {bracketed(formula)}"
        if one.summed:
            axes = one.summed[0] if len(one.summed) == 1 else one.summed
            return f"sum({product}, dim={axes})"
        return product

    def _remarks(self, one: Contribution, nth: int) -> str:
        remarks = []
        if one.summed:
            key = "axes" if len(one.summed) == 1 else "axes_many"
            axes = ", ".join(str(axis) for axis in one.summed)
            remarks.append(f"\n   ({self.say[key].format(axes=axes, name=self.name(one.to))})")
        if nth > 1 and nth == self.uses[one.to]:
            remarks.append(f"\n   ({self.say['summed'].format(name=self.name(one.to), count=nth)})")
        return "".join(remarks)

    # --- checks --------------------------------------------------------------------------------------

    def checks(self) -> Iterator[str]:
        yield from self._each(self.derivation.checks, self._check)

    def _check(self, check: Check) -> str:
        variable = self.derivation.variables[check.variable]
        along = f" ({self.say['along']})" if check.along else ""
        shape = () if check.along else variable.shape
        first = f"{self.gradient_of(check.variable)}{along}{self._equals(check.gradient, shape)}"
        lines = [first, *self._comparisons(check, shape, _AGREES.get(variable.dtype, 1e-3))]
        return "\n   ".join(lines)

    def _comparisons(self, check: Check, shape: tuple[int, ...], limit: float) -> Iterator[str]:
        if check.numerical_error is None:
            yield self.say["unchecked"]
            return
        agrees = check.numerical_error <= limit
        if agrees and not _finite(check.gradient):
            yield self.say["not_finite"]
        else:
            mark = "~" if check.kink else "✓" if agrees else "✗"
            yield self._compared(mark, self.say["numerical"], check.numerical, check.numerical_error, shape)
            if check.kink:
                yield f"  ({self.say['kink']})"
        if check.torch_error is not None:
            mark = "✓" if check.torch_error <= limit else "✗"
            yield self._compared(mark, "PyTorch", check.torch, check.torch_error, shape)

    def _compared(self, mark: str, label: str, value: Numbers, error: float, shape: tuple[int, ...]) -> str:
        text = "" if shape else f" {numbers(value)}"
        return f"{mark} {label}{text}   ({self.say['error']} {rough(error)})"


def _finite(value: Numbers) -> bool:
    if isinstance(value, list):
        return all(_finite(one) for one in value)
    return value is None or math.isfinite(value)
