"""The lines of the page, one for each step, and from which step on each thing is known."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from math import prod
from typing import Any

from chainrule.explain import mathml
from chainrule.explain.derivation import Derivation
from chainrule.explain.notation import number
from chainrule.explain.page.words import words
from chainrule.explain.picture.model import PHASES, Picture, Step
from chainrule.explain.picture.wording import Wording
from chainrule.explain.statements import Statement, Statements
from chainrule.explain.text import line

#: So many of the given variables are read out in the first step.
_GIVEN = 12

#: Of more steps than this, the lines are plain text: five numbers of an array weigh as much as a step.
_MOST_FORMULAS, _NUMBERS = 4000, 5


def is_heavy(derivation: Derivation) -> bool:
    """Whether a page of ``derivation`` is so large that what it says is set as plain text."""
    variables = derivation.variables
    shown = [one for one in variables if isinstance(one.value, list)]
    arrived = [one.to for one in derivation.contributions if isinstance(one.total, list)]
    numbers = sum(prod(one.shape) for one in shown) + sum(prod(variables[to].shape) for to in arrived)
    steps = len(variables) + len(derivation.locals) + len(derivation.contributions)
    return steps + numbers / _NUMBERS > _MOST_FORMULAS


class Lines:
    """What is written and said at each step of ``picture``."""

    def __init__(self, derivation: Derivation, lang: str, picture: Picture) -> None:
        self.derivation = derivation
        self.picture = picture
        self.say = words(lang)
        self.statements = Statements(derivation, lang)
        self.wording = Wording(derivation, lang)
        self._set = not is_heavy(derivation)
        self._html = [self._line(step) for step in picture.steps]

    # --- for the reader --------------------------------------------------------------------------------

    def sections(self) -> Iterator[tuple[str, list[str]]]:
        """Each phase with its lines, as HTML."""
        for phase in PHASES:
            lines = [
                html
                for step, html in zip(self.picture.steps, self._html, strict=True)
                if step.phase == phase
            ]
            if lines:
                yield self.say[f"phase_{phase}"], lines

    # --- for the player --------------------------------------------------------------------------------

    def steps(self) -> list[dict[str, Any]]:
        """Each step as the player lights and reads it."""
        return [
            {
                "phase": step.phase,
                "variable": step.variable,
                "values": step.values,
                "gradients": step.gradients,
                "links": ["-".join(map(str, link)) for link in step.links],
                "said": self._said(step),
                "line": html,
            }
            for step, html in zip(self.picture.steps, self._html, strict=True)
        ]

    def when(self) -> dict[str, Any]:
        """From which step on a value, a local derivative and a flow are known, and the texts that the
        gradients and the updated values have over time."""
        values: dict[int, int] = {v.id: 0 for v in self.derivation.variables if not v.operation}
        locals_: dict[str, int] = {}
        flows: dict[str, int] = {}
        gradients: dict[int, list[tuple[int, str]]] = {}
        updates: dict[int, list[tuple[int, str]]] = {}
        for at, step in enumerate(self.picture.steps):
            links = ["-".join(map(str, link)) for link in step.links]
            if step.phase in ("forward", "loss") and step.place >= 0:
                values[step.variable] = at
            elif step.phase == "locals":
                locals_.update(dict.fromkeys(links, at))
            elif step.phase == "backward":
                flows.update(dict.fromkeys(links, at))
                text = self.wording.bracketed_gradient(self._total(step))
                gradients.setdefault(step.variable, []).append((at, text))
            elif step.phase == "update":
                updates.setdefault(step.variable, []).append((at, self.wording.updated(step.variable)))
        return {
            "values": values,
            "locals": locals_,
            "flows": flows,
            "gradients": gradients,
            "updates": updates,
        }

    def _total(self, step: Step) -> Any:
        if step.place < 0:
            return self.derivation.seed
        return self.derivation.contributions[step.place].total

    # --- one step --------------------------------------------------------------------------------------

    def _line(self, step: Step) -> str:
        return "".join(self.html(statement) for statement in self._statements(step))

    def _statements(self, step: Step) -> Iterator[Statement]:
        derivation = self.derivation
        if step.phase == "forward" and step.place < 0:
            given = [v for v in derivation.variables if not v.operation]
            yield from map(self.statements.given, given[:_GIVEN])
        elif step.phase in ("forward", "loss"):
            yield self.statements.computed(derivation.variables[step.place])
        elif step.phase == "locals":
            yield self.statements.local(derivation.locals[step.place])
        elif step.phase == "backward":
            yield self.statements.seed() if step.place < 0 else self.statements.contribution(step.place)
        else:
            yield self.statements.update(step.variable)

    def html(self, statement: Statement) -> str:
        """A statement as HTML: its formula, and the words beside and beneath it; plain text in a page of so
        many steps that their formulas would weigh too much."""
        marks = "".join(f' <span class="remark">({escape(mark)})</span>' for mark in statement.marks)
        remarks = "".join(f'<div class="remark">{escape(remark)}</div>' for remark in statement.remarks)
        if not self._set:
            return f"<pre>{escape(line(statement, self.derivation))}</pre>"
        return f"<div>{mathml.statement(statement, self.derivation)}{marks}{remarks}</div>"

    def _said(self, step: Step) -> str:
        name = self.wording.name
        say = self.say
        if step.place < 0:
            key = "say_given" if step.phase == "forward" else "say_seed"
            return say[key].format(name=name(step.variable))
        if step.phase == "forward":
            return say["say_forward"].format(inputs=", ".join(map(name, step.values)) or "…")
        if step.phase == "loss":
            return say["say_loss"].format(name=name(step.variable))
        if step.phase == "update":
            rate = number(self.derivation.rate)
            return say["say_update"].format(name=name(step.variable), rate=rate)
        of, to, _ = step.links[0]
        said = {"of": name(of), "to": name(to)}
        if step.phase == "locals":
            return say["say_locals"].format(**said)
        return " ".join([say["say_backward"].format(**said), *self._counted(step, said)])

    def _counted(self, step: Step, said: dict[str, str]) -> Iterator[str]:
        """Which of how many contributions to one variable this is."""
        arrivals = self.derivation.arrivals(step.variable)
        if len(arrivals) > 1:
            nth = arrivals.index(step.place) + 1
            key = "say_backward_last" if nth == len(arrivals) else "say_backward_part"
            yield self.say[key].format(nth=nth, count=len(arrivals), **said)
