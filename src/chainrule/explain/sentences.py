"""The rules in words as formulas: ``{g} @ {y}ᵀ`` is one, ``copy {g} to each term`` holds one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from chainrule.explain.notation import Dialect

_TOKEN = re.compile(r"\{(?P<letter>\w+)\}|(?P<name>[A-Za-z_]+)(?=\()|(?P<sign>[@·−/Σᵀ()])| ")


def sentence(dialect: Dialect, template: str, letters: Mapping[str, str]) -> str:
    """``template`` in ``dialect``, with ``letters`` for what stands in its braces.

    >>> from chainrule.explain.notation import Plain
    >>> sentence(Plain(), "{g} @ {y}ᵀ", {"g": "∂L/∂v1", "y": "w"})
    '∂L/∂v1 @ wᵀ'
    """
    if _is_formula(template):
        return dialect.row(_parts(_TOKEN.finditer(template), dialect, letters))
    pieces = re.split(r"\{(\w+)\}", template)
    set_pieces = [letters[one] if i % 2 else dialect.words(one) for i, one in enumerate(pieces) if one]
    return dialect.row(set_pieces)


def _is_formula(template: str) -> bool:
    """Whether ``template`` holds signs and functions only, and its brackets match."""
    depth = end = 0
    for token in _TOKEN.finditer(template):
        if token.start() != end:
            return False
        end = token.end()
        depth += {"(": 1, ")": -1}.get(token[0], 0)
        if depth < 0:
            return False
    return depth == 0 and end == len(template)


def _parts(tokens: Iterator[re.Match[str]], dialect: Dialect, letters: Mapping[str, str]) -> list[str]:
    """The parts up to the bracket that closes."""
    parts: list[str] = []
    name = ""
    for token in tokens:
        sign = token["sign"]
        if sign == ")":
            break
        if token["name"]:
            name = token["name"]
        elif sign == "(":
            inner = dialect.row(_parts(tokens, dialect, letters))
            parts.append(dialect.call(name, [inner]) if name else dialect.brackets(inner))
            name = ""
        elif sign == "ᵀ" and parts:
            parts[-1] = dialect.transposed(parts[-1])
        elif sign:
            parts.append(dialect.symbol(f" {sign} "))
        elif token["letter"]:
            parts.append(letters[token["letter"]])
    return parts
