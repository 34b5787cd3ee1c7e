"""Heat-maps: a matrix of numbers as coloured cells, in SVG.

Orange is below zero and blue above, the stronger the larger; a cell whose number is infinite or not a
number is left blank and marked.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import cache
from html import escape
from importlib.resources import files
from typing import Any

from chainrule import errors
from chainrule.explain.derivation import Derivation
from chainrule.explain.notation import number
from chainrule.explain.picture.measure import text_width

#: The class of zero; the classes go from 0, most negative, to twice this, most positive.
_ZERO = 7

#: Sizes in pixels: of the whole, roughly, of a cell at least and at most, and of the legend.
_ROOM, _LEAST, _MOST = 256, 6, 24
_THIN = 16  # at least the height of a lone row, and the width of a lone column
_LEGEND, _BAR, _TEXT, _GAP = 18, 10, 11.0, 6

#: Slices are set side by side in up to so many columns of cells, and then beneath.
_COLUMNS = 32

#: What is drawn in a cell that has no colour, in units of the cell.
_MARKS = {
    "NaN": "m.25 .25 .5 .5m0-.5-.5 .5",
    "∞": "m.2 .5h.6m-.3-.3v.6",
    "−∞": "m.2 .5h.6",
}

Cell = tuple[int, int]


@cache
def heat_style() -> str:
    """The style sheet of heat-maps: the colours of their cells, light and dark. It needs the palette's.

    >>> "--heat-14" in heat_style()
    True
    """
    return files("chainrule.explain.picture").joinpath("heat.css").read_text(encoding="utf-8")


def heatmap(
    numbers: Any, *, shape: Sequence[int], low: float | None = None, high: float | None = None, label: str
) -> str:
    """``numbers``, a list or nested lists of up to 32 × 32 of them, as an SVG element.

    A vector is one row; of more than two axes, the slices along the last two stand side by side. ``shape``
    is that of the array, of which ``numbers`` may show blocks, and ``low`` and ``high`` are its least and
    greatest number (those of ``numbers`` where they are None). ``label`` says what it is, to those who
    cannot see it.

    >>> picture = heatmap([[1.0, -2.0], [0.5, 0.0]], shape=(2, 2), label="w")
    >>> picture[:25], 'class="h0" d="M1 0.5h1"' in picture
    ('<svg class="heat" role="i', True)

    Raises ShapeError where there is no cell to draw.
    """
    slices = list(_slices(numbers))
    if not slices or not all(rows and all(rows) for rows in slices):
        raise errors.heatmap_without_cells(label, numbers)
    cells = dict(_placed(slices))
    finite = [value for value in cells.values() if math.isfinite(value)]
    low = min(finite, default=0.0) if low is None else low
    high = max(finite, default=0.0) if high is None else high
    drawn: dict[str, list[Cell]] = {}
    for cell, value in cells.items():
        drawn.setdefault(_class(value, low, high), []).append(cell)
    across, down = 1 + max(x for x, _ in cells), 1 + max(y for _, y in cells)
    size = max(_LEAST, min(_MOST, _ROOM // max(across, down)))
    wide, tall = max(size, _THIN if across == 1 else 0), max(size, _THIN if down == 1 else 0)
    legend, legend_width = _legend(low, high, bool(finite), [mark for mark in _MARKS if mark in drawn])
    width, height = max(across * wide + 2, legend_width), down * tall + 2 + _LEGEND
    says = f"{label} ({' × '.join(map(str, shape))}): {number(low)} … {number(high)}"
    return (
        f'<svg class="heat" role="img" aria-label="{escape(says)}" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}"><g transform="translate(1 1) scale({wide} {tall})" '
        f'shape-rendering="crispEdges">{"".join(_paths(drawn))}</g>'
        f"{_frames(slices, wide, tall)}"
        f'<g transform="translate(0 {height - _LEGEND + _GAP})">{legend}</g></svg>'
    )


def heatmaps_of(derivation: Derivation, variable: int) -> tuple[str | None, str | None]:
    """Heat-maps of the value and of the gradient of a variable; None where it is a single number, or where
    neither its numbers nor an image of them was kept.

    >>> import chainrule
    >>> w = chainrule.tensor([1.0, -2.0], requires_grad=True)
    >>> value, gradient = heatmaps_of(chainrule.explain((w * w).sum(), torch=False), 0)
    >>> value[:18], gradient is None
    ('<svg class="heat" ', False)
    """
    subject = derivation.variables[variable]
    result = derivation.variables[derivation.result].name
    gradient = derivation.total(variable)
    images = {one.of: one for one in derivation.images if one.variable == variable}

    def drawn(of: str, label: str, numbers: Any) -> str | None:
        if of in images:
            image = images[of]
            return heatmap(image.numbers, shape=image.shape, low=image.low, high=image.high, label=label)
        if not isinstance(numbers, list) or 0 in subject.shape:
            return None
        return heatmap(numbers, shape=subject.shape, label=label)

    name = subject.name
    return drawn("value", name, subject.value), drawn("gradient", f"∂{result}/∂{name}", gradient)


# --- cells -------------------------------------------------------------------------------------------


def _slices(numbers: Any) -> Iterator[list[list[Any]]]:
    """The matrices in nested lists, in order."""
    if not isinstance(numbers, list) or not numbers:
        return
    if not isinstance(numbers[0], list):
        yield [numbers]
    elif numbers[0] and isinstance(numbers[0][0], list):
        for inner in numbers:
            yield from _slices(inner)
    else:
        yield numbers


def _places(slices: Sequence[list[list[Any]]]) -> Iterator[Cell]:
    """Where the upper left cell of each slice stands, with a cell free between two."""
    rows, columns = len(slices[0]), len(slices[0][0])
    beside = max(1, (_COLUMNS + 1) // (columns + 1))
    for place in range(len(slices)):
        y, x = divmod(place, beside)
        yield x * (columns + 1), y * (rows + 1)


def _placed(slices: Sequence[list[list[Any]]]) -> Iterator[tuple[Cell, float]]:
    for (left, top), rows in zip(_places(slices), slices, strict=True):
        for y, row in enumerate(rows):
            for x, value in enumerate(row):
                yield (left + x, top + y), float(value)


def _class(value: float, low: float, high: float) -> str:
    """The class of a number, ``h0`` to ``h14``; what it is where it is not finite."""
    if not math.isfinite(value):
        return number(value)
    value = min(max(value, low), high)
    if low < 0 < high:
        share = value / max(-low, high)
    elif low == high:
        share = (value > 0) - (value < 0)
    else:
        # halves, since the difference of two large numbers may be infinite
        share = (value / 2 - (low if low >= 0 else high) / 2) / (high / 2 - low / 2)
    return f"h{_ZERO + round(share * _ZERO)}"


def _paths(drawn: dict[str, list[Cell]]) -> Iterator[str]:
    """One path for each class: a line, one cell thick, along each run of its cells in a row. That takes
    half the text of rectangles."""
    for name, cells in sorted(drawn.items()):
        runs = "".join(f"M{x} {y}.5h{length}" for x, y, length in _runs(cells))
        if name not in _MARKS:
            yield f'<path class="{name}" d="{runs}"/>'
            continue
        marks = "".join(f"M{x} {y}{_MARKS[name]}" for x, y in cells)
        yield f'<path class="blank" d="{runs}"/><path class="odd" d="{marks}"/>'


def _runs(cells: Sequence[Cell]) -> Iterator[tuple[int, int, int]]:
    """Cells next to each other in a row, as (x, y, how many)."""
    start, count = None, 0
    for x, y in sorted(cells, key=lambda cell: (cell[1], cell[0])):
        if start is not None and start == (x - count, y):
            count += 1
            continue
        if start is not None:
            yield *start, count
        start, count = (x, y), 1
    if start is not None:
        yield *start, count


def _frames(slices: Sequence[list[list[Any]]], wide: int, tall: int) -> str:
    width, height = len(slices[0][0]) * wide + 1, len(slices[0]) * tall + 1
    corners = ((x * wide + 0.5, y * tall + 0.5) for x, y in _places(slices))
    lines = "".join(f"M{x:g} {y:g}h{width}v{height}h-{width}z" for x, y in corners)
    return f'<path class="frame" d="{lines}"/>'


# --- the legend --------------------------------------------------------------------------------------


def _legend(low: float, high: float, any_finite: bool, odd: Sequence[str]) -> tuple[str, int]:
    """The least number, the colours from there to the greatest, and the marks in use; and its width."""
    parts: list[str] = []
    x = 0.0

    def write(text: str) -> None:
        nonlocal x
        parts.append(f'<text x="{x:g}" y="{_BAR}">{escape(text)}</text>')
        x = round(x + text_width(text, _TEXT) + _GAP, 1)

    if any_finite:
        first, last = (int(_class(end, low, high)[1:]) for end in (low, high))
        write(number(low))
        bar = "".join(f'<path class="h{h}" d="M{h - first} .5h1"/>' for h in range(first, last + 1))
        parts.append(
            f'<g transform="translate({x:g} 1) scale({_BAR})" shape-rendering="crispEdges">{bar}</g>'
        )
        x += (last - first + 1) * _BAR + _GAP
        if low != high:
            write(number(high))
    for mark in odd:
        path = f'<path class="odd" d="M0 0{_MARKS[mark]}"/>'
        parts.append(f'<g transform="translate({x:g} 1) scale({_BAR})">{path}</g>')
        x += _BAR + _GAP / 2
        write(mark)
    return "".join(parts), math.ceil(x)
