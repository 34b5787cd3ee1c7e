"""A derivation as plain text for a terminal."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from chainrule.explain import messages
from chainrule.explain.derivation import Check, Contribution, Derivation, LocalDerivative, Variable
from chainrule.explain.drawing import draw, repeats
from chainrule.explain.notation import number, numbers, write

#: Nested lists up to so many characters are put on the line; longer ones are laid out below it.
_LINE = 48

#: Up to so many variables, the graph is drawn again at every step of the way back.
_STEPWISE = 10

_AGREES = {"float32": 1e-4, "float64": 1e-5}


def render(derivation: Derivation, lang: str) -> str:
    """The explanation in the language ``lang``: forward, local derivatives, backward, checks."""
    return _Text(derivation, lang).whole()


class _Text:
    def __init__(self, derivation: Derivation, lang: str) -> None:
        self.derivation = derivation
        self.lang = lang
        self.say = messages.language(lang)
        self.result = derivation.variables[derivation.result]
        self.uses = Counter((c.to) for c in derivation.contributions)
        self.locals = {(one.of, one.place): one for one in derivation.locals}

    def whole(self) -> str:
        parts = [
            self._section(1, self.say["forward"].format(result=self.result.name), self.forward()),
            self._section(2, self.say["locals"], self.local_derivatives()),
            self._section(
                3, self.say["backward"].format(result=self.result.name), self.backward()
            ),
            self._section(4, self.say["gradients"], self.checks()),
        ]
        notes = [self.say.get(note, note) for note in self.derivation.notes]
        return "\n\n".join(part for part in [*parts, *notes] if part)

    def _section(self, place: int, title: str, lines: Iterator[str]) -> str:
        body = "\n".join(f"   {line}".rstrip() for text in lines for line in text.split("\n"))
        body = re.sub(r"\n{3,}", "\n\n", body).rstrip()
        return f"{place}. {title}\n\n{body}" if body else ""

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
            return self.say["too_large"].format(shape=shape)
        return numbers(value)

    def _equals(self, value: Any, shape: tuple[int, ...]) -> str:
        """`` = value``; a matrix goes below, one row a line."""
        if value is None:
            return f"   ({self._shown(value, shape)})"
        if len(shape) < 2:
            return f" = {_elided(value)}"
        return f"   {shape}\n{_laid_out(value)}"

    # --- the four sections ---------------------------------------------------------------------------

    def forward(self) -> Iterator[str]:
        given = [v for v in self.derivation.variables if not v.operation]
        for variable in given:
            value = self._equals(variable.value, variable.shape)
            yield f"{variable.name}{value}"
        for variable in self.derivation.variables:
            if variable.operation:
                yield self._computed(variable)

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
        for local in sorted(self.derivation.locals, key=lambda one: -one.of):
            yield self._local(local)

    def _local(self, local: LocalDerivative) -> str:
        left = self.partial(local.of, local.to) + self._which(local)
        if local.rule is not None:
            return f"{left}:  {self.gradient_of(local.to)} = {self._rule(local)}"
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

    def _which(self, local: LocalDerivative) -> str:
        """Where a variable stands on both sides of an operation: which side is meant."""
        sides = [one for one in self.derivation.locals if (one.of, one.to) == (local.of, local.to)]
        if len(sides) == 1:
            return ""
        return f" ({self.say['place'].format(place=local.place + 1)})"

    def _rule(self, local: LocalDerivative) -> str:
        """A structural row's words, with the names of this program in them."""
        operands = {
            letter: self.name(one)
            for letter, one in zip("xyz", self.derivation.variables[local.of].inputs, strict=False)
        }
        return messages.words(local.rule or "", self.lang).format(
            g=self.gradient_of(local.of), out=self.name(local.of), **{"x": "x", "y": "y", **operands}
        )

    def backward(self) -> Iterator[str]:
        derivation = self.derivation
        start = self._equals(derivation.seed, self.result.shape)
        yield f"{self.gradient_of(derivation.result)}{start}"
        stepwise = len(derivation.variables) <= _STEPWISE
        drawn = self._drawing(0) if stepwise else None
        if drawn is not None:
            yield f"\n{drawn}\n"
        reached: Counter[int] = Counter()
        steps = derivation.contributions
        for place, contribution in enumerate(steps, 1):
            reached[contribution.to] += 1
            yield self._contribution(contribution, reached[contribution.to])
            last_of_node = place == len(steps) or steps[place].of != contribution.of
            if stepwise and last_of_node and (drawn := self._drawing(place)) is not None:
                yield f"\n{drawn}\n"
        if not stepwise:
            drawn = self._drawing(None)
            if drawn is not None:
                yield f"\n{drawn}\n"
            else:
                count = len(derivation.variables)
                yield "\n" + self.say["graph_too_large"].format(count=count)
        if drawn is not None and repeats(derivation):
            yield f"({self.say['drawn_elsewhere']})"

    def _drawing(self, before: int | None) -> str | None:
        def under(variable: Variable) -> str | None:
            total = self.derivation.total(variable.id, before)
            if total is None:
                return None
            text = numbers(total)
            return text if len(text) <= 24 else "…"

        return draw(self.derivation, under)

    def _contribution(self, one: Contribution, nth: int) -> str:
        local = self.locals.get((one.of, one.place))
        left = self.gradient_of(one.to)
        upstream = self.gradient_of(one.of)
        shape = self._shape(one.to)
        before = f"{self._before(one)} + " if nth > 1 and not shape else ""
        if local is None or local.rule is not None:
            rule = self._rule(local) if local is not None else upstream
            text = f"{left} = {rule}{self._equals(one.total, shape)}"
        elif shape or self._shape(one.of):
            formula = write(local.formula, self.name)
            product = upstream if formula == "1" else f"{upstream} · {_bracketed(formula)}"
            text = f"{left} = {product}{self._equals(one.total, shape)}"
        else:
            factors = f"{upstream} · {self.partial(one.of, one.to)}"
            filled = " · ".join((_signed(one.upstream), _signed(local.value)))
            amount = numbers(one.amount)
            text = f"{left} = {before}{factors} = {before}{filled} = {before}{amount}"
            if before:
                text += f" = {numbers(one.total)}"
        return text + self._remarks(one, nth)

    def _before(self, one: Contribution) -> str:
        return number(one.total - one.amount) if one.total is not None else "…"

    def _remarks(self, one: Contribution, nth: int) -> str:
        remarks = []
        if one.summed:
            key = "axes" if len(one.summed) == 1 else "axes_many"
            axes = ", ".join(str(axis) for axis in one.summed)
            remarks.append(self.say[key].format(axes=axes, name=self.name(one.to)))
        if nth > 1 and nth == self.uses[one.to]:
            remarks.append(self.say["summed"].format(name=self.name(one.to), count=nth))
        return "".join(f"\n   ({remark})" for remark in remarks)

    def checks(self) -> Iterator[str]:
        for check in self.derivation.checks:
            yield self._check(check)

    def _check(self, check: Check) -> str:
        variable = self.derivation.variables[check.variable]
        name = self.gradient_of(check.variable)
        limit = _AGREES.get(variable.dtype, 1e-3)
        along = f" ({self.say['along']})" if check.along else ""
        shape = () if check.along else variable.shape
        lines = [f"{name}{along}{self._equals(check.gradient, shape)}"]
        if check.numerical is None:
            return f"{lines[0]}\n   {self.say['unchecked']}"
        for label, value, error in (
            (self.say["numerical"], check.numerical, check.numerical_error),
            ("PyTorch", check.torch, check.torch_error),
        ):
            if value is None or error is None:
                continue
            mark = "✓" if error <= limit else "✗"
            text = f" {numbers(value)}" if not shape and value is not None else ""
            lines.append(f"   {mark} {label}{text}   ({self.say['error']} {_rough(error)})")
        if check.kink:
            lines.append(f"   {self.say['kink']}")
        return "\n".join(lines)


def _rough(error: float) -> str:
    return number(float(f"{error:.0e}"))


def _signed(value: Any) -> str:
    text = numbers(value) if value is not None else "…"
    return f"({text})" if text.startswith("−") else text


def _bracketed(formula: str) -> str:
    loose = any(sign in formula for sign in (" + ", " − ")) or formula.startswith("−")
    return f"({formula})" if loose else formula


#: Longer vectors, and matrices with more rows or columns, are shown by their ends.
_MOST = 10
_ENDS = 3


def _ends(values: list[Any]) -> list[Any]:
    """``values``, or its ends with an ellipsis between them."""
    return values if len(values) <= _MOST else [*values[:_ENDS], "…", *values[-_ENDS:]]


def _elided(value: Any) -> str:
    if not isinstance(value, list):
        return number(value)
    return f"[{', '.join(one if one == '…' else number(one) for one in _ends(value))}]"


def _laid_out(value: Any) -> str:
    """A matrix, one row a line, in columns; several of them one after the other."""
    if value and isinstance(value[0], list) and value[0] and isinstance(value[0][0], list):
        return "\n\n".join("   …" if one == "…" else _laid_out(one) for one in _ends(value))
    cells = [
        ["…"] if row == "…" else [one if one == "…" else _cell(one) for one in _ends(row)]
        for row in _ends(value)
    ]
    width = max((len(cell) for row in cells for cell in row), default=0)
    return "\n".join("   " + "  ".join(cell.rjust(width) for cell in row) for row in cells)


def _cell(value: Any) -> str:
    return number(float(f"{value:.4g}"))
