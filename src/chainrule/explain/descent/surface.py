"""The loss around the paths: along a line for one number, on a grid for two."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from chainrule.explain.descent.data import Point, Run, Surface

#: So many places along the line, and along each side of the grid.
_LINE, _SIDE = 81, 41

#: Room around the paths, and the least height beside the width of a grid.
_ROOM, _FLAT = 0.18, 0.4


def surface(
    loss_at: Callable[[Sequence[float]], float], runs: Sequence[Run], foot: np.ndarray | None
) -> Surface:
    """The losses over the range of the runs that stay, with room around it; a run that diverges leaves it.

    ``foot`` is where the minimum is expected, if anywhere; it is taken in where it is lower than the start.
    """
    start = runs[0].points[0]
    known = {point: loss for run in runs for point, loss in zip(run.points, run.losses, strict=True)}
    inside = [start, *(point for run in runs if run.verdict != "diverging" for point in run.points)]
    if foot is not None:
        place = tuple(foot.tolist())
        loss = loss_at(place)
        if loss < known[start]:
            known[place] = loss
            # and half as far beyond, so that the other side of the valley is seen
            inside += [place, tuple((1.5 * foot - 0.5 * np.array(start)).tolist())]
    axes = _axes(np.array([point for point in inside if all(map(math.isfinite, point))]))
    if len(axes) == 1:
        line = tuple(loss_at((place,)) for place in axes[0])
        known.update({(place,): loss for place, loss in zip(axes[0], line, strict=True)})
        return Surface(axes, line, *_lowest(known, axes))
    rows = tuple(tuple(loss_at((x, y)) for x in axes[0]) for y in axes[1])
    for y, row in zip(axes[1], rows, strict=True):
        known.update({(x, y): loss for x, loss in zip(axes[0], row, strict=True)})
    return Surface(axes, rows, *_lowest(known, axes))


def _axes(inside: np.ndarray) -> tuple[Point, ...]:
    low, high = inside.min(axis=0), inside.max(axis=0)
    width = np.maximum(high - low, _FLAT * (high - low).max())
    if not width.any():  # nothing moved: as far as the numbers are large
        width = np.full(low.shape, max(1.0, float(np.abs(low).max())))
    middle, reach = (low + high) / 2, (0.5 + _ROOM) * width
    count = _LINE if low.size == 1 else _SIDE
    ends = zip((middle - reach).tolist(), (middle + reach).tolist(), strict=True)
    return tuple(tuple(np.linspace(first, last, count).tolist()) for first, last in ends)


def _lowest(known: dict[Point, float], axes: tuple[Point, ...]) -> tuple[Point | None, float | None]:
    """The lowest of the places inside; on the edge, the minimum is somewhere else."""
    finite = {point: loss for point, loss in known.items() if math.isfinite(loss)}
    point = min(finite, key=finite.__getitem__)
    if all(axis[0] < place < axis[-1] for place, axis in zip(point, axes, strict=True)):
        return point, finite[point]
    return None, None
