"""How much room text takes, before any browser has seen it.

Pictures are set in the reader's own monospaced font, whose characters are all of nearly one width; a
little is added, so that no font that is in use clips a text or lets it touch its box.
"""

from __future__ import annotations

from textwrap import wrap

from chainrule.explain.drawing import columns

#: Sizes in pixels: of names and numbers in boxes, and of what stands on arrows.
SIZE, SMALL_SIZE = 14.0, 12.0

#: Room between a box's border and its text, beside and above it.
PAD_X, PAD_Y = 10.0, 6.0

_ADVANCE = 0.615  # em; DejaVu Sans Mono has 0.602, Menlo 0.602, Courier 0.6, Consolas 0.55
_LEADING = 1.45  # em


def text_width(text: str, size: float = SIZE) -> float:
    """The width of ``text`` in pixels.

    >>> text_width("ŷ = x·w", 10.0)
    43.05
    """
    return round(columns(text) * _ADVANCE * size, 2)


def line_height(size: float = SIZE) -> float:
    """The height of a line of text in pixels."""
    return round(_LEADING * size, 2)


def wrapped(text: str, most: int, lines: int) -> tuple[str, ...]:
    """``text`` on up to ``lines`` lines of up to ``most`` columns, and an ellipsis where that is too few.

    >>> wrapped("copy g to each term of the sum", 14, 2)
    ('copy g to each', 'term of the s…')
    """
    found = wrap(text, most)
    if len(found) > lines:
        found[lines - 1] = cut(" ".join(found[lines - 1 :]), most)
    return tuple(found[:lines])


def cut(text: str, most: int) -> str:
    """``text``, or its beginning and an ellipsis where it has more than ``most`` columns.

    >>> cut("layers[0].weight", 8)
    'layers[…'
    """
    if columns(text) <= most:
        return text
    kept = ""
    for character in text:
        if columns(kept + character) > most - 1:
            break
        kept += character
    return kept + "…"
