"""A derivation as plain text for a terminal."""

from __future__ import annotations

import re
from collections.abc import Iterator

from chainrule.explain.derivation import Derivation
from chainrule.explain.drawing import MOST_COLUMNS, draw, shortened
from chainrule.explain.layout import elided, laid_out
from chainrule.explain.notation import Plain, Writer
from chainrule.explain.statements import MOST_LINES, Array, Section, Statement, Statements

#: Up to so many variables, the graph is drawn again at every step of the way back.
_STEPWISE = 16


def render(derivation: Derivation, lang: str, width: int = MOST_COLUMNS) -> str:
    """The explanation in the language ``lang``: forward, local derivatives, backward, checks.

    ``width`` is how many columns a drawing may take, to the right of its margin of three."""
    return _Text(derivation, lang, width).whole()


def line(statement: Statement, derivation: Derivation) -> str:
    """``statement`` as text: its line, and what stands beneath it.

    >>> from chainrule.explain.derivation import Derivation, Variable
    >>> x = Variable(0, "x", "result", (), "float64", 2.0)
    >>> line(Statement(["ref", 0], (2.0,)), Derivation(0, (x,), (), (), ()))
    'x = 2'
    """
    writer = Writer.of(derivation, Plain())
    about = "" if statement.about is None else f"{writer.formula(statement.about)}:  "
    signs = [statement.sign, *"=" * len(statement.sides)]
    sides = "".join(
        f" {sign} {writer.formula(side)}" for sign, side in zip(signs, statement.sides, strict=False)
    )
    end, beneath = _array(statement.array)
    marks = "".join(f"   ({mark})" for mark in statement.marks)
    compared = [f"   {text}" for one in statement.comparisons for text in one.lines]
    remarks = [f"   ({remark})" for remark in statement.remarks]
    first = f"{about}{writer.formula(statement.left)}{sides}{end}{marks}"
    return "\n".join([first, *beneath, *remarks, *compared])


def _array(array: Array | None) -> tuple[str, list[str]]:
    """The end of a line, and what stands beneath it: the rows of a matrix."""
    if array is None:
        return "", []
    if array.value is not None and len(array.shape) < 2:
        return f" = {elided(array.value)}", []
    return f"   {array.shape}", [] if array.value is None else [laid_out(array.value)]


class _Text:
    def __init__(self, derivation: Derivation, lang: str, width: int) -> None:
        self.derivation = derivation
        self.statements = Statements(derivation, lang)
        self.say = self.statements.say
        self.drawing = draw(derivation, width)

    def whole(self) -> str:
        parts = [
            self._section(1, "forward", self._lines("forward")),
            self._section(2, "locals", self._lines("locals")),
            self._section(3, "backward", self.backward()),
            self._section(4, "gradients", self._lines("gradients")),
        ]
        notes = [self.say.get(note, note) for note in self.derivation.notes]
        return "\n\n".join(part for part in [*parts, *notes] if part)

    def _section(self, place: int, section: Section, lines: Iterator[str]) -> str:
        body = "\n".join(f"   {line}".rstrip() for text in lines for line in text.split("\n"))
        body = re.sub(r"\n{3,}", "\n\n", body).rstrip()
        return f"{place}. {self.statements.title(section)}\n\n{body}" if body else ""

    def _lines(self, section: Section) -> Iterator[str]:
        for one in self.statements.lines(section):
            yield one if isinstance(one, str) else line(one, self.derivation)

    def backward(self) -> Iterator[str]:
        derivation, drawing = self.derivation, self.drawing
        stepwise = drawing is not None and len(derivation.variables) <= _STEPWISE
        if drawing is None:
            yield f"({self.say['graph_too_large'].format(count=len(derivation.variables))})\n"
        elif not stepwise:
            yield f"({self.say['drawn_once']})\n"
        for place, text in enumerate(self._lines("backward")):
            yield text
            if stepwise and self._ends_operation(place):
                yield self._drawn(place)
        if drawing is None:
            return
        if not stepwise:
            yield self._drawn(None)
        if drawing.repeats:
            yield f"({self.say['drawn_elsewhere']})"

    def _ends_operation(self, place: int) -> bool:
        """Whether the first ``place`` contributions end with the last one of an operation."""
        steps = self.derivation.contributions
        if place == 0:
            return True
        return len(steps) <= MOST_LINES and (place == len(steps) or steps[place].of != steps[place - 1].of)

    def _drawn(self, before: int | None) -> str:
        assert self.drawing is not None
        drawn = self.drawing.text(lambda variable: shortened(self.derivation, variable.id, before))
        return f"\n{drawn}\n"
