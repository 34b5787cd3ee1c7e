"""A place in a text, shown: the line that it is on, and a caret under the exact column."""

from __future__ import annotations

import unicodedata

_WIDTH = 72  # characters of a line that are shown; of a longer one, the part around the place
_INDENT = "    "


def pointed(text: str, start: int) -> str:
    """The line of ``text`` that holds index ``start``, and a caret under it.

    >>> print(pointed("a = 1; b = $", 11))
        a = 1; b = $
                   ^
    """
    if not text:
        return ""
    first = text.rfind("\n", 0, start) + 1
    end = text.find("\n", start)
    line = text[first : len(text) if end < 0 else end]
    column = start - first
    label = f"  line {text.count(chr(10), 0, start) + 1}:\n" if "\n" in text else ""
    before, after = line[:column], line[column:]
    if len(line) > _WIDTH:
        before = before if len(before) <= _WIDTH // 2 else "…" + before[-_WIDTH // 2 :]
        after = after if len(after) <= _WIDTH // 2 else after[: _WIDTH // 2] + "…"
    caret = " " * sum(map(_columns, before)) + "^"
    return f"{label}{_INDENT}{_printable(before + after)}\n{_INDENT}{caret}"


def _columns(character: str) -> int:
    """How many columns of a terminal ``character`` takes."""
    if unicodedata.category(character) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _printable(line: str) -> str:
    """``line`` with a space for every blank, and a mark for what a terminal cannot show."""
    return "".join(
        " " if character.isspace() else character if character.isprintable() else "\ufffd"
        for character in line
    )
