"""Contours: where a surface on a grid is above a level, as closed lines (marching squares)."""

from __future__ import annotations

import math
from collections.abc import Sequence

Place = tuple[float, float]

_Corner = tuple[int, int]
_Edge = tuple[_Corner, _Corner]

#: Bands of a surface: so many, and the share of the area that lies below each level.
BANDS = 8


def levels(rows: Sequence[Sequence[float]]) -> list[float]:
    """Levels between the bands. The share of places below them grows as 1, 4, 9, …, so that the bands of a
    bowl are rings of one width, and no band is empty however steep the walls are."""
    places = sorted(one for row in rows for one in row if math.isfinite(one))
    found = [places[(len(places) - 1) * k * k // (BANDS * BANDS)] for k in range(1, BANDS)]
    return sorted({one for one in found if places[0] < one})


def above(rows: Sequence[Sequence[float]], level: float) -> list[list[Place]]:
    """The closed lines around the places above ``level``, in units of the grid: (column, row).

    Higher ground is to their one side, so that holes go the other way round. Places that have no finite
    loss count as the highest. Lines close along the edge of the grid.
    """
    top = max(one for row in rows for one in row if math.isfinite(one))
    top = top + 1.0 if level >= top else top
    filled = [[one if math.isfinite(one) else top for one in row] for row in rows]
    follows: dict[_Edge, _Edge] = {}
    for row in range(-1, len(rows)):
        for column in range(-1, len(rows[0])):
            follows.update(_crossed(filled, level, row, column))
    lines = []
    while follows:
        start, edge = follows.popitem()
        line = [_crossing(filled, level, start)]
        while edge != start:
            line.append(_crossing(filled, level, edge))
            edge = follows.pop(edge)
        lines.append(line)
    return lines


def _height(rows: Sequence[Sequence[float]], corner: _Corner) -> float:
    """The loss at a place of the grid; around it everything is low."""
    row, column = corner
    return rows[row][column] if 0 <= row < len(rows) and 0 <= column < len(rows[0]) else -math.inf


def _crossed(rows: list[list[float]], level: float, row: int, column: int) -> dict[_Edge, _Edge]:
    """The pieces of contour in one cell: from an edge to an edge, with the higher ground on one side."""
    corners = [(row, column), (row, column + 1), (row + 1, column + 1), (row + 1, column)]
    high = [_height(rows, corner) > level for corner in corners]
    leaving = [k for k in range(4) if high[k] and not high[(k + 1) % 4]]
    entering = [k for k in range(4) if not high[k] and high[(k + 1) % 4]]
    if len(leaving) == 2:  # a saddle: the middle decides which corners belong together
        middle = sum(_height(rows, corner) for corner in corners) / 4 > level
        entering = [(k + (1 if middle else 3)) % 4 for k in leaving]
    return {
        _edge(corners[a], corners[(a + 1) % 4]): _edge(corners[b], corners[(b + 1) % 4])
        for a, b in zip(leaving, entering, strict=True)
    }


def _edge(one: _Corner, other: _Corner) -> _Edge:
    return (one, other) if one < other else (other, one)


def _crossing(rows: list[list[float]], level: float, edge: _Edge) -> Place:
    """Where the surface passes ``level`` along an edge; on the way out of the grid, at its last place."""
    (row, column), (other_row, other_column) = edge
    here, there = _height(rows, edge[0]), _height(rows, edge[1])
    if not math.isfinite(here):
        return other_column, other_row
    if not math.isfinite(there):
        return column, row
    part = (level - here) / (there - here)
    return column + part * (other_column - column), row + part * (other_row - row)
