"""The lines of an explanation as MathML: what every browser sets by itself, and reads out."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from chainrule.explain import sentences
from chainrule.explain.derivation import Derivation, Formula
from chainrule.explain.layout import clipped, is_deep, shown
from chainrule.explain.notation import Writer, number
from chainrule.explain.statements import Array, Statement

#: What XML does not allow, not even escaped.
_NOT_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

#: A space that is kept at the end of a text.
_FIXED = "\u00a0"

_DOTS = {sign: f"<mo>{sign}</mo>" for sign in "…⋮"}

#: A sign at the beginning of a formula has the room of one between two terms only if it is told so.
_INFIX = ' form="infix"'

#: Room around a sign that browsers set without it.
_ROOM = {"@": ' lspace="0.22em" rspace="0.22em"'}


def statement(statement: Statement, derivation: Derivation) -> str:
    """A line, side by side: each side is a formula of its own, so that a narrow page can break the line
    before a sign. Its marks and remarks are left to the page around it.

    >>> from chainrule import Value, explain
    >>> from chainrule.explain.statements import Statements
    >>> a, b = Value(2.0), Value(-3.0)
    >>> derivation = explain(a * b, torch=False)
    >>> statement(Statements(derivation, "en").given(derivation["a"]), derivation)
    '<span class="statement"><math displaystyle="true"><mi>a</mi><mo>=</mo><mn>2</mn></math></span>'
    """
    writer = Writer.of(derivation, MathML())
    begin = [writer.formula(statement.left)]
    if statement.about is not None:
        begin = [writer.formula(statement.about), "<mo>:</mo>", '<mspace width="1em"/>', *begin]
    sides = [
        [f"<mo{_INFIX if place else ''}>{'=' if place else statement.sign}</mo>", writer.formula(side)]
        for place, side in enumerate(statement.sides)
    ]
    if statement.array is not None:
        sides.append(_array(statement.array, begins=not sides))
    sides[:1] = [[*begin, *(sides[0] if sides else [])]]
    math = "".join(f'<math displaystyle="true">{"".join(side)}</math>' for side in sides)
    return f'<span class="statement">{math}</span>'


def formula(formula: Formula, derivation: Derivation) -> str:
    """A formula within a line of text.

    >>> formula(["pow", "n", 2], Derivation(0, (), (), (), ()))
    '<math><msup><mtext>n</mtext><mn>2</mn></msup></math>'
    """
    return f"<math>{Writer.of(derivation, MathML()).formula(formula)}</math>"


def numbers(value: Any) -> str:
    """A number, or an array, of which the ends are shown where it is large.

    >>> numbers(2.5)
    '<math><mn>2.5</mn></math>'
    """
    markup = MathML().array(shown(value)) if isinstance(value, list) else MathML().number(value)
    return f"<math>{markup}</math>"


def _array(array: Array, *, begins: bool) -> list[str]:
    if array.value is None:
        return [MathML().words(f"  {array.shape}")]
    table = MathML().array(shown(array.value))
    return [
        f"<mo{'' if begins else _INFIX}>=</mo>",
        MathML().role(array.role, table) if array.role else table,
    ]


class MathML:
    """The dialect of MathML Core. It is well formed whatever stands in a name."""

    def number(self, value: Any) -> str:
        text = number(value)
        if text.startswith("−"):
            return self.row(["<mo>−</mo>", self._positive(text[1:])])
        return self._positive(text)

    def _positive(self, text: str) -> str:
        if not text[0].isdigit():
            return f"<mi>{text}</mi>" if text == "∞" else f"<mtext>{text}</mtext>"
        mantissa, _, exponent = text.partition("e")
        if not exponent:
            return f"<mn>{mantissa}</mn>"
        power = self.power("<mn>10</mn>", self.number(int(exponent.replace("−", "-"))))
        return power if mantissa == "1" else self.row([f"<mn>{mantissa}</mn>", "<mo>×</mo>", power])

    def name(self, name: str) -> str:
        # browsers slant a lone letter, but not one that has an accent
        parts = unicodedata.normalize("NFD", name)
        is_accented = len(parts) == 2 and parts[0].isalpha() and unicodedata.combining(parts[1])
        slanted = ' class="accented"' if is_accented else ""
        return f"<mi{slanted}>{_escaped(name)}</mi>"

    def words(self, text: str) -> str:
        start, end = len(text) - len(text.lstrip(" ")), len(text) - len(text.rstrip(" "))
        return f"<mtext>{_FIXED * start}{_escaped(text.strip(' '))}{_FIXED * end}</mtext>"

    def symbol(self, sign: str) -> str:
        sign = sign.strip()
        return f"<mo{_ROOM.get(sign, '')}>{escape(sign)}</mo>"

    def row(self, parts: Sequence[str]) -> str:
        return parts[0] if len(parts) == 1 else f"<mrow>{''.join(parts)}</mrow>"

    def brackets(self, inner: str, pair: str = "()") -> str:
        fixed = "" if "<mfrac" in inner or "<mtable" in inner else ' stretchy="false"'
        return f"<mrow><mo{fixed}>{pair[0]}</mo>{inner}<mo{fixed}>{pair[1]}</mo></mrow>"

    def fraction(self, top: str, bottom: str) -> str:
        return f"<mfrac>{top}{bottom}</mfrac>"

    def power(self, base: str, exponent: str, whole: str | None = None) -> str:
        return f"<msup>{base}{exponent}</msup>"

    def root(self, inner: str) -> str:
        return f"<msqrt>{inner}</msqrt>"

    def transposed(self, inner: str) -> str:
        return f"<msup>{inner}<mo>⊤</mo></msup>"

    def call(self, name: str, args: Sequence[str]) -> str:
        # the sign between is the invisible one of a function that is applied: readers speak it
        return f"<mrow>{self.name(name)}<mo>&#x2061;</mo>{self.brackets('<mo>,</mo>'.join(args))}</mrow>"

    def partial(self, of: str, to: str) -> str:
        return self.fraction(*(f"<mrow><mi>∂</mi>{self.name(one)}</mrow>" for one in (of, to)))

    def sentence(self, template: str, letters: Mapping[str, str]) -> str:
        return sentences.sentence(self, template, letters)

    def array(self, value: Any) -> str:
        found = clipped(value)
        if is_deep(found):
            return self._table([["⋮" if one == "…" else self.array(one)] for one in found])
        if found and isinstance(found[0], list):
            columns = len(found[0])
            return self._table([["⋮"] * columns if row == "…" else map(self._cell, row) for row in found])
        return self.brackets("<mo>,</mo>".join(map(self._cell, found)), "[]")

    def _table(self, rows: Iterable[Iterable[str]]) -> str:
        lines = ("".join(f"<mtd>{_DOTS.get(one, one)}</mtd>" for one in row) for row in rows)
        return self.brackets(f"<mtable>{''.join(f'<mtr>{line}</mtr>' for line in lines)}</mtable>", "[]")

    def _cell(self, value: Any) -> str:
        return _DOTS[value] if isinstance(value, str) else self.number(value)

    def role(self, role: str, inner: str) -> str:
        return f'<mrow class="{role}">{inner}</mrow>'


def in_xml(text: str) -> str:
    """``text`` with a sign for each character that XML does not allow.

    >>> in_xml("a\\x00b")
    'a�b'
    """
    return _NOT_XML.sub("�", text)


def _escaped(text: str) -> str:
    return escape(in_xml(text), quote=False)
