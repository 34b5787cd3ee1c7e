"""From text to tokens: numbers, names, operators, and the signs that people paste from notes."""

from __future__ import annotations

import math
import re
import unicodedata
from dataclasses import dataclass

from .. import errors
from .place import pointed

MAX_LENGTH = 10_000
MAX_NAME = 60

_NUMBER = re.compile(r"(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+\-−–]?[0-9]+)?")
_SUPERSCRIPT = re.compile("⁻?[⁰¹²³⁴⁵⁶⁷⁸⁹]+")
_SUPERSCRIPT_DIGITS = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")
_SUBSCRIPT_DIGITS = "₀₁₂₃₄₅₆₇₈₉"
_PRIMES = "'’′"
_NEWLINES = "\n\r\u0085\u2028\u2029"

# What is written on the left is read as what is written on the right.
_SIGNS = {sign: sign for sign in ("+", "-", "*", "/", "**", "(", ")", ",", "=", ";")}
_SIGNS |= dict.fromkeys("−–", "-") | dict.fromkeys("∗×·⋅", "*") | dict.fromkeys("÷∕", "/")
_SIGNS["∗∗"] = "**"
# Signs of Python that would otherwise be read as two of ours. Longest first.
_FOREIGN = ("**=", "//=", "==", "!=", "<=", ">=", ":=", "+=", "-=", "*=", "/=", "//")

# Past this, a float no longer holds every integer.
_EXACT_INTEGER = 2**53


@dataclass(frozen=True, slots=True)
class Token:
    """One word of the text.

    ``kind`` is ``"number"``, ``"name"``, ``"superscript"``, ``"end"`` or the sign itself;
    ``text`` is how it is written; ``value`` is the number of a number or a superscript.
    """

    kind: str
    text: str
    start: int
    value: int | float = 0

    def described(self) -> str:
        """The token as a message names it."""
        if self.kind == "end":
            return "the end"
        if self.kind == ";" and self.text in _NEWLINES:
            return "the end of the line"
        if self.kind in ("number", "name"):
            return self.text if len(self.text) <= 30 else self.text[:29] + "…"
        return f"'{self.text}'"


def normalised(text: str) -> str:
    """``text`` in Unicode's composed form (NFC), with one kind of line end.

    ``ŷ`` is one character, or a ``y`` and a combining circumflex, and looks the same: here it is.

    Raises:
        SyntaxInvalidError: when the text is longer than 10,000 characters.
    """
    if len(text) > MAX_LENGTH:
        raise errors.expression_too_long(len(text), MAX_LENGTH)
    return unicodedata.normalize("NFC", text).replace("\r\n", "\n").replace("\r", "\n")


def canonical_name(text: str) -> str:
    """A name as the parser spells it, whichever of its spellings ``text`` is."""
    name = unicodedata.normalize("NFC", text)
    return "".join("'" if character in _PRIMES else character for character in name)


def is_name(text: str) -> bool:
    """Whether the whole of ``text`` is one name of the language."""
    return 0 < len(text) <= MAX_NAME and _starts_name(text[0]) and _name_end(text, 0) == len(text)


def tokens(text: str) -> list[Token]:
    """The words of ``text``, which is :func:`normalised`; the last one is the end.

    Raises:
        SyntaxInvalidError: at a character that is not part of the language, a number that a float
            cannot hold, or a name of more than 60 characters.
    """
    found: list[Token] = []
    position = depth = 0
    while position < len(text):
        character = text[position]
        # Inside parentheses a new line is a blank, as in Python.
        if character.isspace() and (depth or character not in _NEWLINES):
            position += 1
            continue
        token = _token(text, position)
        depth = max(0, depth + (token.kind == "(") - (token.kind == ")"))
        position += len(token.text)
        found.append(token)
    found.append(Token("end", "", len(text)))
    return found


def _token(text: str, start: int) -> Token:
    """The one token that begins at ``start``."""
    character = text[start]
    if _starts_name(character):
        return _name(text, start)
    if match := _NUMBER.match(text, start):
        return _number(text, match)
    if match := _SUPERSCRIPT.match(text, start):
        return _superscript(text, match)
    if character in _NEWLINES:
        return Token(";", character, start)
    for sign in _FOREIGN:
        if text.startswith(sign, start):
            raise errors.expression_character(sign, pointed(text, start))
    for length in (2, 1):
        sign = text[start : start + length]
        if sign in _SIGNS:
            return Token(_SIGNS[sign], sign, start)
    raise errors.expression_character(character, pointed(text, start))


def _name(text: str, start: int) -> Token:
    end = _name_end(text, start)
    if end - start > MAX_NAME:
        raise errors.expression_name_too_long(end - start, MAX_NAME, pointed(text, start))
    return Token("name", text[start:end], start)


def _name_end(text: str, start: int) -> int:
    """Where the name that begins at ``start`` ends: letters, digits, marks, and then primes."""
    end = start + 1
    while end < len(text) and _continues_name(text[end]):
        end += 1
    while end < len(text) and text[end] in _PRIMES:
        end += 1
    return end


def _starts_name(character: str) -> bool:
    return character.isidentifier()


def _continues_name(character: str) -> bool:
    # Unicode lets identifiers hold a middle dot; here it is a product.
    if character == "·":
        return False
    return ("a" + character).isidentifier() or character in _SUBSCRIPT_DIGITS


def _number(text: str, match: re.Match[str]) -> Token:
    start, end, written = match.start(), match.end(), match.group()
    if text.startswith("_", end):
        raise errors.expression_number_underscore(pointed(text, end))
    plain = written.replace("−", "-").replace("–", "-")
    value: int | float = float(plain)
    if math.isinf(value):
        raise errors.expression_number_too_large(written, pointed(text, start))
    if plain.isdigit() and value <= _EXACT_INTEGER:
        value = int(plain)
    return Token("number", written, start, value)


def _superscript(text: str, match: re.Match[str]) -> Token:
    written = match.group()
    value: int | float = float(written.translate(_SUPERSCRIPT_DIGITS))
    if math.isinf(value):
        raise errors.expression_number_too_large(written, pointed(text, match.start()))
    value = int(value) if abs(value) <= _EXACT_INTEGER else value
    return Token("superscript", written, match.start(), value)
