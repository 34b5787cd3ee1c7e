"""All that is known of one variable: formula, line, value, gradient, check."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from html import escape

from chainrule.explain import mathml
from chainrule.explain.derivation import Check, Derivation, Numbers, Variable
from chainrule.explain.heatmaps import heatmaps_of
from chainrule.explain.layout import elided, laid_out
from chainrule.explain.page.lines import is_heavy
from chainrule.explain.page.words import words
from chainrule.explain.statements import Statements


class About:
    """Writes what unfolds under the name of a variable."""

    def __init__(self, derivation: Derivation, lang: str) -> None:
        self.derivation = derivation
        self.say = words(lang)
        self.statements = Statements(derivation, lang)
        self._set = not is_heavy(derivation)

    @cached_property
    def _checks(self) -> dict[int, Check]:
        return {one.variable: one for one in (*self.derivation.inner_checks, *self.derivation.checks)}

    def inside(self, variable: int) -> str:
        """The inside of a ``<details>`` element, its summary first."""
        found = self.derivation.variables[variable]
        kind = escape(self.say[f"kind_{found.kind}"])
        rows = "".join(
            f"<dt>{escape(self.say[key])}</dt><dd>{html}</dd>" for key, html in self._rows(found)
        )
        name = f'<b>{escape(found.name)}</b> <span class="remark">{kind}</span>'
        return f"<summary>{name}</summary><dl>{rows}</dl>"

    def _rows(self, variable: Variable) -> Iterator[tuple[str, str]]:
        value_map, gradient_map = heatmaps_of(self.derivation, variable.id)
        if variable.operation:
            yield "formula", mathml.formula(variable.formula, self.derivation)
        if variable.source:
            yield "source", f"<code>{escape(variable.source)}</code>"
        if variable.shape:
            yield "shape", f"<code>{escape(str(variable.shape))} {escape(variable.dtype)}</code>"
        yield "value", self._numbers(variable.value, variable, value_map)
        if self.derivation.reached(variable.id):
            yield "gradient", self._numbers(self.derivation.total(variable.id), variable, gradient_map)
        else:
            yield "gradient", escape(self.say["none"])
        check = self._checks.get(variable.id)
        if check is not None:
            yield "check", "<br>".join(self._check(check))

    def _numbers(self, value: Numbers, variable: Variable, heat: str | None) -> str:
        if value is None:
            text = escape(self.say["too_large"].format(shape=variable.shape))
            return heat or text
        if isinstance(value, list) and not self._set:
            text = laid_out(value) if len(variable.shape) > 1 else elided(value)
            return f"<pre>{escape(text)}</pre>{heat or ''}"
        return mathml.numbers(value) + (heat or "")

    def _check(self, check: Check) -> Iterator[str]:
        for one in self.statements.check(check).comparisons:
            kind = {"✓": "good", "✗": "bad"}.get(one.mark, "remark")
            error = f" ({escape(one.error)})" if one.error else ""
            yield f'<span class="{kind}">{one.mark} {escape(one.words)}</span>{error}'
            if one.remark:
                yield f'<span class="remark">{escape(one.remark)}</span>'
