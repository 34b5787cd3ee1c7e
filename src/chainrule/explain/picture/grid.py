"""The places of a layout in layers: of boxes, and of the lines and labels that pass between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chainrule.explain.picture.ordering import reorder
from chainrule.explain.picture.ranking import connected, ranks

Size = tuple[float, float]

#: What a line takes where it passes a layer.
_NOTHING = (0.0, 0.0)


@dataclass(frozen=True)
class Grid:
    """Places are numbered, the boxes' first. ``sizes`` holds their widths and heights, and ``lines`` for
    each edge the places that it passes, from box to box. ``parts`` holds for each connected part of the
    graph its rows, and each row its places from left to right; all parts have the same rows. ``row`` is
    the row of each place, and ``boxed`` tells the rows of boxes from those of labels."""

    sizes: list[Size]
    lines: list[list[int]]
    parts: list[list[list[int]]]
    row: list[int]
    boxed: list[bool]


def grid(sizes: Sequence[Size], ends: Sequence[tuple[int, int]], labels: Sequence[Size | None]) -> Grid:
    """Give each box a layer and a place on it, and each edge, with its label, a place on each between."""
    above, below = neighbours(len(sizes), ends)
    rank = ranks(above, below)
    lines = [[tail] for tail, _ in ends]
    into: list[list[int]] = [[] for _ in sizes]
    level = rank.copy()
    for edge, (tail, head) in enumerate(ends):
        into[head].append(edge)
        for layer in range(rank[tail] + 1, rank[head]):
            lines[edge].append(len(level))
            level.append(layer)
        lines[edge].append(head)
    layers = [_visited(part, below, into, lines, level) for part in connected(above, below)]
    above, below = neighbours(len(level), lines)
    for part in layers:
        reorder(part, above, below)
    taken = [*sizes, *[_NOTHING] * (len(level) - len(sizes))]
    return _with_labels(
        Grid(taken, lines, layers, level, [True] * len(layers[0] if layers else ())), labels
    )


def neighbours(count: int, lines: Sequence[Sequence[int]]) -> tuple[list[list[int]], list[list[int]]]:
    """What is above and what is below each of ``count`` places on ``lines``, which lead downward."""
    above: list[list[int]] = [[] for _ in range(count)]
    below: list[list[int]] = [[] for _ in range(count)]
    for line in lines:
        upper = line[0]
        for lower in line[1:]:
            below[upper].append(lower)
            above[lower].append(upper)
            upper = lower
    return above, below


def _visited(
    part: list[int],
    below: list[list[int]],
    into: list[list[int]],
    lines: list[list[int]],
    level: list[int],
) -> list[list[int]]:
    """The layers of a part, each in the order in which a walk up from its results, from each box to its
    inputs as they are listed, comes by: a tree has no crossings then, and operands stand as written."""
    layers: list[list[int]] = [[] for _ in range(max(level, default=0) + 1)]
    seen = set()
    waiting = [[node] for node in reversed(part) if not below[node]]
    while waiting:
        line = waiting.pop()
        for place in reversed(line[1:]):
            layers[level[place]].append(place)
        box = line[0]
        if box not in seen:
            seen.add(box)
            layers[level[box]].append(box)
            waiting += [lines[edge][:-1] for edge in reversed(into[box])]
    return layers


def _with_labels(grid: Grid, labels: Sequence[Size | None]) -> Grid:
    """``grid`` with a row above each row of boxes that have labels on their edges, and on it a place for
    each edge that passes: in the order of the lower ends, so that labels stand above their boxes."""
    labelled = [False] * len(grid.boxed)
    for line, label in zip(grid.lines, labels, strict=True):
        labelled[grid.row[line[-1]]] |= label is not None
    order = [0] * len(grid.sizes)
    for part in grid.parts:
        for row in part:
            for index, one in enumerate(row):
                order[one] = index
    sizes, lines = grid.sizes.copy(), []
    passing: list[list[tuple[int, int]]] = [[] for _ in sizes]
    for line, label in zip(grid.lines, labels, strict=True):
        upper, passed = line[0], [line[0]]
        for lower in line[1:]:
            if labelled[grid.row[lower]]:
                passing[lower].append((order[upper], len(sizes)))
                passed.append(len(sizes))
                sizes.append(label if label is not None and lower == line[-1] else _NOTHING)
            passed.append(lower)
            upper = lower
        lines.append(passed)
    parts = []
    for part in grid.parts:
        rows = []
        for number, row in enumerate(part):
            if labelled[number]:
                rows.append([one for lower in row for _, one in sorted(passing[lower])])
            rows.append(row)
        parts.append(rows)
    numbers = [0] * len(sizes)
    for rows in parts:
        for number, row in enumerate(rows):
            for one in row:
                numbers[one] = number
    boxed = [kind for has in labelled for kind in ((False, True) if has else (True,))]
    return Grid(sizes, lines, parts, numbers, boxed)
