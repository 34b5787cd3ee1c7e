"""Formulas and words as LaTeX that compiles whatever characters stand in a name."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from chainrule.explain import sentences
from chainrule.explain.derivation import Derivation
from chainrule.explain.layout import clipped, elided, is_deep, laid_out, shown
from chainrule.explain.notation import Plain, Writer, number
from chainrule.explain.statements import Statement

_COMMANDS = """
α alpha β beta γ gamma δ delta ε varepsilon ζ zeta η eta θ theta ι iota κ kappa λ lambda μ mu ν nu ξ xi
π pi ρ rho ς varsigma σ sigma τ tau υ upsilon φ varphi χ chi ψ psi ω omega ϵ epsilon ϑ vartheta ϕ phi
Γ Gamma Δ Delta Θ Theta Λ Lambda Ξ Xi Π Pi Σ Sigma Υ Upsilon Φ Phi Ψ Psi Ω Omega ∂ partial ∇ nabla ℓ ell
· cdot × times ≤ leq ≥ geq ≠ neq ∧ land ∨ lor ¬ neg ∞ infty √ surd ← leftarrow → rightarrow
✓ checkmark ✗ times ⋮ vdots ⋱ ddots ⊤ top
"""

#: Signs that are no text, in the language of formulas.
SIGNS: dict[str, str] = {
    **{sign: f"\\{name}" for sign, name in re.findall(r"(\S+) (\S+)", _COMMANDS)},
    **{sign: f"{{}}^{{{digit}}}" for sign, digit in zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-", strict=True)},
    "ᵀ": "{}^{\\top}",
    "−": "{-}",
}

_ACCENTS = {
    "\u0300": "grave",
    "\u0301": "acute",
    "\u0302": "hat",
    "\u0303": "tilde",
    "\u0304": "bar",
    "\u0305": "bar",
    "\u0306": "breve",
    "\u0307": "dot",
    "\u0308": "ddot",
    "\u030c": "check",
    "\u20d7": "vec",
}

#: What stands for itself in no text.
_ESCAPES = {
    "\\": "\\textbackslash{}",
    "^": "\\textasciicircum{}",
    "~": "\\textasciitilde{}",
    "<": "\\textless{}",
    ">": "\\textgreater{}",
    "|": "\\textbar{}",
    '"': "\\textquotedbl{}",
    "`": "\\textasciigrave{}",
    **{sign: f"\\{sign}" for sign in "{}$&%#_"},
}

#: About so many characters of a formula, as a terminal shows it, fit on a line.
_WIDTH = 84

_DOTS = {"…": "\\cdots", "⋮": "\\vdots"}
_OPERATORS = frozenset({"cos", "exp", "log", "max", "min", "sin", "tanh"})
_BRACKETS = {"()": ("(", ")"), "[]": ("\\lbrack", "\\rbrack"), "||": ("\\lvert", "\\rvert")}
_LETTER = re.compile("(.)([\u0300-\u036f\u20d7]?)_?([0-9]*)")
_WORD = re.compile("([A-Za-z]+)_?([0-9]*)")
_PATH = re.compile(r"[A-Za-z0-9_.\[\]]+")


def escaped(text: str) -> str:
    """``text`` for a document, outside of formulas.

    >>> print(escaped("∂L/∂w_1 & 50 %"))
    $\\partial$L/$\\partial$w\\_1 \\& 50 \\%
    """
    return "".join(f"${one}$" if is_sign else one for is_sign, one in _pieces(text, SIGNS, _ESCAPES))


def rows(statement: Statement, derivation: Derivation, dialect: LaTeX) -> list[str]:
    """The rows of a line in an environment that aligns them at its first sign; of a long line several.

    >>> from chainrule import Value, explain
    >>> from chainrule.explain.statements import Statements
    >>> w, x = Value(2.0), Value(-3.0)
    >>> derivation = explain(w * x, torch=False)
    >>> print(*rows(Statements(derivation, "en").update(derivation["w"].id), derivation, LaTeX()))
    w &\\leftarrow w - \\mathit{lr} \\cdot \\frac{\\partial L}{\\partial w} = 2 - 0.1 \\cdot (-3) = 2.3
    """
    writer, plain = Writer.of(derivation, dialect), Writer.of(derivation, Plain())
    left, width = writer.formula(statement.left), len(plain.formula(statement.left))
    if statement.about is not None:
        left, width = f"{writer.formula(statement.about)} : \\quad {left}", 2 * width
    found = [f"{left} &".lstrip()]
    for place, (text, room) in enumerate(_sides(statement, writer, plain)):
        if place and width + room > _WIDTH:
            found.append("&")
            width = 0
        sign = "=" if place else dialect.symbol(statement.sign)
        found[-1] += f"{'' if found[-1].endswith('&') else ' '}{sign} {text}"
        width += room
    if statement.array is not None and statement.array.value is None:
        found[-1] += f" \\quad {dialect.words(str(statement.array.shape))}"
    found[-1] += "".join(f" \\quad {dialect.words(f'({mark})')}" for mark in statement.marks)
    return found


def _sides(statement: Statement, writer: Writer, plain: Writer) -> Iterator[tuple[str, int]]:
    """Each side of a line, and about how many characters wide it is."""
    for side in statement.sides:
        yield writer.formula(side), len(plain.formula(side)) + 3
    array = statement.array
    if array is not None and array.value is not None:
        text = elided(array.value) if len(array.shape) < 2 else laid_out(array.value).split("\n")[0]
        yield writer.dialect.array(shown(array.value)), len(text) + 3


def _pieces(text: str, signs: Mapping[str, str], escapes: Mapping[str, str]) -> Iterator[tuple[bool, str]]:
    """``text`` in runs: of signs, in the language of formulas, and of characters, escaped."""
    text = "".join(_printable(c) for c in unicodedata.normalize("NFC", text))
    clusters = re.findall("[^\u0300-\u036f\u20d7][\u0300-\u036f\u20d7]?|.", text, re.DOTALL)
    found = [(_sign(one, signs), one) for one in clusters]
    for is_sign, run in groupby(found, key=lambda pair: pair[0] is not None):
        if is_sign:
            yield True, " ".join(sign or "" for sign, _ in run)
        else:
            yield False, "".join(escapes.get(c, c) for _, one in run for c in one)


def _printable(character: str) -> str:
    kind = unicodedata.category(character)
    return " " if kind == "Cc" else "�" if kind == "Cs" else character


def _sign(cluster: str, signs: Mapping[str, str]) -> str | None:
    if len(cluster) == 1:
        return signs.get(cluster)
    letter, accent = cluster[0], cluster[1]
    return f"\\{_ACCENTS[accent]}{{{letter}}}" if letter.isascii() and letter.isalnum() else None


class LaTeX:
    """The dialect of LaTeX, with amsmath and amssymb. Subscripts and rows are written so that Markdown
    leaves them alone too: with a space before ``_``, and with ``\\cr``."""

    signs: Mapping[str, str] = SIGNS
    escapes: Mapping[str, str] = _ESCAPES
    underscore = "\\_"

    def number(self, value: Any) -> str:
        text = number(value).replace("−", "-")
        if text.endswith("∞"):
            return text.replace("∞", "\\infty")
        if text == "NaN":
            return "\\mathrm{NaN}"
        mantissa, _, exponent = text.partition("e")
        if not exponent:
            return mantissa
        power = f"10^{{{exponent}}}"
        if mantissa in ("1", "-1"):
            return mantissa.replace("1", power)
        return f"{mantissa} \\times {power}"

    def name(self, name: str) -> str:
        parts = _LETTER.fullmatch(unicodedata.normalize("NFD", name))
        letter = None if parts is None else self._letter(parts[1], parts[2])
        if parts is not None and letter is not None:
            return _subscripted(letter, parts[3])
        word = _WORD.fullmatch(name)
        if word is not None:
            return _subscripted(f"\\mathit{{{word[1]}}}", word[2])
        if _PATH.fullmatch(name):
            return f"\\mathtt{{{name.replace('_', self.underscore)}}}"
        return self.words(name)

    def _letter(self, letter: str, accent: str) -> str | None:
        """A letter as mathematics writes it; None for one that is none of its own."""
        if not (letter.isascii() and letter.isalpha()):
            if not letter.isalpha() or letter not in self.signs:
                return None
            letter = self.signs[letter]
        return f"\\{_ACCENTS[accent]}{{{letter}}}" if accent in _ACCENTS else None if accent else letter

    def words(self, text: str) -> str:
        pieces = _pieces(text, self.signs, self.escapes)
        return " ".join(one if is_sign else f"\\text{{{one}}}" for is_sign, one in pieces)

    def symbol(self, sign: str) -> str:
        sign = sign.strip()
        special = {"−": "-", "@": "\\mathbin{@}", "Σ": "\\sum"}
        return special.get(sign) or self.signs.get(sign, sign)

    def row(self, parts: Sequence[str]) -> str:
        return " ".join(parts)

    def brackets(self, inner: str, pair: str = "()") -> str:
        left, right = _BRACKETS[pair]
        if "\\frac" in inner or "\\begin" in inner:
            left, right = f"\\left{left}", f"\\right{right}"
        return f"{left} {inner} {right}" if len(left) > 1 else f"{left}{inner}{right}"

    def fraction(self, top: str, bottom: str) -> str:
        return f"\\frac{{{top}}}{{{bottom}}}"

    def power(self, base: str, exponent: str, whole: str | None = None) -> str:
        return f"{_one(base)}^{{{exponent}}}"

    def root(self, inner: str) -> str:
        return f"\\sqrt{{{inner}}}"

    def transposed(self, inner: str) -> str:
        return f"{_one(inner)}^{{\\top}}"

    def call(self, name: str, args: Sequence[str]) -> str:
        if name in _OPERATORS:
            called = f"\\{name}"
        elif re.fullmatch("[A-Za-z0-9_]+", name):
            called = f"\\mathrm{{{name.replace('_', self.underscore)}}}"
        else:
            called = self.words(name)
        return f"{called}{self.brackets(', '.join(args))}"

    def partial(self, of: str, to: str) -> str:
        return self.fraction(*(f"\\partial {self.name(one)}" for one in (of, to)))

    def sentence(self, template: str, letters: Mapping[str, str]) -> str:
        return sentences.sentence(self, template, letters)

    def array(self, value: Any) -> str:
        found = clipped(value)
        if is_deep(found):
            return self._table([["⋮" if one == "…" else self.array(one)] for one in found])
        if not found or not isinstance(found[0], list):
            return self.brackets(
                ", ".join("\\cdots" if one == "…" else self.number(one) for one in found), "[]"
            )
        columns = len(found[0])
        return self._table([["⋮"] * columns if row == "…" else map(self._cell, row) for row in found])

    def _table(self, rows: Iterable[Iterable[str]]) -> str:
        lines = " \\cr ".join(" & ".join(_DOTS.get(one, one) for one in row) for row in rows)
        return f"\\begin{{bmatrix}} {lines} \\end{{bmatrix}}"

    def _cell(self, value: Any) -> str:
        return value if isinstance(value, str) else self.number(value)

    def role(self, role: str, inner: str) -> str:
        return inner


def _subscripted(letter: str, digits: str) -> str:
    if not digits:
        return letter
    return f"{letter} _{digits}" if len(digits) == 1 else f"{letter} _{{{digits}}}"


def _one(base: str) -> str:
    """``base`` as one thing, that may have an exponent."""
    return base if re.fullmatch(r"\\?[A-Za-z]+|[0-9]", base) else f"{{{base}}}"
