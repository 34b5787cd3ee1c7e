"""A graph laid out in layers, from its inputs down: where its boxes stand and how its edges run.

The layers are chosen first, then the order within each, then the places from left to right, and last the
heights. An edge that passes a layer has a place of its own on it, and so has a label, between two layers;
that is why no edge runs through what is not its own. The same graph always gives the same layout.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chainrule.explain.picture.grid import Grid, grid, neighbours
from chainrule.explain.picture.placing import place, spread
from chainrule.explain.picture.ranking import ranks

Point = tuple[float, float]

_SCREEN = 960.0  # a layout whose layers all fit within this width may become as wide
_PORT, _INSET = 16.0, 10.0  # between two edges on a border of a box, and from its corner
_SLOPE, _STEEP = 0.12, 4.0  # how much lower an edge ends that runs sideways, and the most, in gaps


@dataclass(frozen=True)
class Edge:
    """From ``tail`` down to ``head``, which is computed of it. ``label`` is the room, width and height,
    that is kept free on it."""

    tail: int
    head: int
    label: tuple[float, float] | None = None


@dataclass(frozen=True)
class Layout:
    """Upper left corners of boxes and labels, and for each edge the points from box to box."""

    positions: tuple[Point, ...]
    routes: tuple[tuple[Point, ...], ...]
    labels: tuple[Point | None, ...]
    width: float
    height: float


def spans(count: int, edges: Sequence[Edge]) -> list[int]:
    """How many layers down each edge leads in the layout of ``count`` boxes.

    >>> spans(3, [Edge(0, 1), Edge(1, 2), Edge(0, 2)])
    [1, 1, 2]

    Raises:
        DomainError: if the edges lead around in a circle.
    """
    rank = ranks(*neighbours(count, [(edge.tail, edge.head) for edge in edges]))
    return [rank[edge.head] - rank[edge.tail] for edge in edges]


def layered(
    sizes: Sequence[tuple[float, float]],
    edges: Sequence[Edge],
    *,
    across: float = 24.0,
    down: float = 28.0,
    margin: float = 16.0,
) -> Layout:
    """Lay out boxes of the given ``sizes``: each above those that are computed of it, few lines crossing.

    ``across`` is the room between boxes on a layer, ``down`` that between two layers, and ``margin`` what
    is left free around all. Between two boxes there is at most one edge.

    >>> layout = layered([(60.0, 30.0), (60.0, 30.0), (60.0, 30.0)], [Edge(0, 2), Edge(1, 2)])
    >>> layout.positions
    ((16.0, 16.0), (100.0, 16.0), (58.0, 74.0))

    Raises:
        DomainError: if the edges lead around in a circle.
    """
    boxes = len(sizes)
    places = grid(sizes, [(edge.tail, edge.head) for edge in edges], [edge.label for edge in edges])
    x, width = _columns(places, boxes, across, margin)
    ends = _ends(places, x, boxes)
    rows = _rows(places, x, ends, down, margin)
    corners = [
        (round(middle - wide / 2, 2), round((rows[row][0] + rows[row][1] - high) / 2, 2))
        for middle, (wide, high), row in zip(x, places.sizes, places.row, strict=True)
    ]
    return Layout(
        tuple(corners[:boxes]),
        tuple(
            _route(places, line, x, end, rows, corners)
            for line, end in zip(places.lines, ends, strict=True)
        ),
        tuple(
            None if edge.label is None else corners[line[-2]]
            for edge, line in zip(edges, places.lines, strict=True)
        ),
        width,
        round((rows[-1][1] if rows else margin) + margin, 2),
    )


def _columns(places: Grid, boxes: int, across: float, margin: float) -> tuple[list[float], float]:
    """The middle of each place from left to right, the parts side by side, and the width of all."""
    above, below = neighbours(len(places.sizes), places.lines)
    halves = [
        (wide + (across if one < boxes else across / 2)) / 2 for one, (wide, _) in enumerate(places.sizes)
    ]
    x = [0.0] * len(places.sizes)
    end = margin
    for rows in places.parts:
        place(rows, above, below, halves, boxes, x, _SCREEN)
        left = min(x[row[0]] - places.sizes[row[0]][0] / 2 for row in rows if row)
        move = end - left
        for row in rows:
            for one in row:
                x[one] = round(x[one] + move, 2)
                end = max(end, x[one] + places.sizes[one][0] / 2)
        end += across
    return x, round(max(end - across, margin) + margin, 2)


def _ends(places: Grid, x: Sequence[float], boxes: int) -> list[tuple[float, float]]:
    """How far from the left each edge leaves its tail and comes to its head: toward where it goes, and
    apart from the others on the same border."""
    leaving: list[list[tuple[float, int]]] = [[] for _ in range(boxes)]
    coming: list[list[tuple[float, int]]] = [[] for _ in range(boxes)]
    for edge, line in enumerate(places.lines):
        leaving[line[0]].append((x[line[1]], edge))
        coming[line[-1]].append((x[line[-2]], edge))
    return list(zip(_spread(leaving, places, x), _spread(coming, places, x), strict=True))


def _spread(side: list[list[tuple[float, int]]], places: Grid, x: Sequence[float]) -> list[float]:
    """Where each edge meets its box; ``side`` lists for each box how far right its edges lead, and which.
    They leave straight for the place of a line, and halfway to another box, which does the same."""
    found = [0.0] * len(places.lines)
    for box, others in enumerate(side):
        others.sort()
        wide = places.sizes[box][0]
        room = wide - 2 * min(_INSET, wide / 4)
        half = min(_PORT, room / max(len(others), 1)) / 2
        low, high = x[box] - room / 2 - half, x[box] + room / 2 + half
        goals = [(at + x[box]) / 2 if len(places.lines[edge]) == 2 else at for at, edge in others]
        middles = spread(goals, [1.0] * len(goals), [half] * len(goals), low, high)
        for (_, edge), middle in zip(others, middles, strict=True):
            found[edge] = round(middle, 2)
    return found


def _rows(
    places: Grid, x: Sequence[float], ends: Sequence[tuple[float, float]], down: float, margin: float
) -> list[tuple[float, float]]:
    """The top and the bottom of each row: further apart where lines run far sideways in between."""
    heights = [0.0] * len(places.boxed)
    for row, (_, high) in zip(places.row, places.sizes, strict=True):
        heights[row] = max(heights[row], high)
    sideways = [0.0] * len(heights)
    for line, (first, last) in zip(places.lines, ends, strict=True):
        before = first
        for one in line[1:]:
            here = last if one == line[-1] else x[one]
            sideways[places.row[one]] = max(sideways[places.row[one]], abs(here - before))
            before = here
    rows: list[tuple[float, float]] = []
    top = margin
    for number, high in enumerate(heights):
        if number:
            least = down if places.boxed[number] and places.boxed[number - 1] else down / 2
            top = round(rows[-1][1] + min(max(least, sideways[number] * _SLOPE), least * _STEEP), 2)
        rows.append((top, round(top + high, 2)))
    return rows


def _route(
    places: Grid,
    line: Sequence[int],
    x: Sequence[float],
    ends: tuple[float, float],
    rows: Sequence[tuple[float, float]],
    corners: Sequence[Point],
) -> tuple[Point, ...]:
    """The points of an edge: straight down through the rows that it passes, sideways between them."""
    tail, head = line[0], line[-1]
    x_of_first, x_of_last = ends
    path = [(x_of_first, corners[tail][1] + places.sizes[tail][1]), (x_of_first, rows[places.row[tail]][1])]
    for one in line[1:-1]:
        path += [(x[one], y) for y in rows[places.row[one]]]
    path += [(x_of_last, rows[places.row[head]][0]), (x_of_last, corners[head][1])]
    points: list[Point] = []
    for point in path:
        if points and point[1] <= points[-1][1]:
            continue
        if len(points) > 1 and point[0] == points[-1][0] == points[-2][0]:
            points.pop()
        points.append(point)
    return tuple(points)
