"""The rows that put each window into one number, over the last axes: its largest, or its mean.

What stands at one offset of all windows is a slice of the input with steps, so that a pool is made of as
many slices as a window has places. Windows that lie side by side are put together again from these, which
writes each number once; others are laid over each other.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from math import prod
from typing import Any

from chainrule.primitives.row import sample, structural

Sizes = tuple[int, ...]


def _keys(shape: Sizes, window: Sizes, stride: Sizes) -> list[tuple[slice, ...]]:
    """For each offset in a window, where it is in all windows; row by row."""
    whole = (slice(None),) * (len(shape) - len(window))
    axes = [
        [slice(o, o + s * ((n - k) // s) + 1, s) for o in range(k)]
        for n, k, s in zip(shape[-len(window) :], window, stride, strict=True)
    ]
    return [(*whole, *key) for key in product(*axes)]


def _overlaid(xp: Any, part: Callable[[int], Any], shape: Sizes, window: Sizes, stride: Sizes) -> Any:
    """An array of ``shape``: at each offset of all windows ``part(offset)``, added where they overlap."""
    total = None
    for offset, key in enumerate(_keys(shape, window, stride)):
        spread = xp.index_add(part(offset), key=key, shape=shape)
        total = spread if total is None else total + spread
    return total


def _widened(xp: Any, x: Any, shape: Sizes) -> Any:
    """``x`` with 0 for what lies behind the last whole window."""
    return x if x.shape == shape else xp.index_add(x, key=tuple(slice(0, n) for n in x.shape), shape=shape)


def _tiled(xp: Any, parts: list[Any], window: Sizes) -> Any:
    """The parts interleaved: what each offset holds, in the places of that offset."""
    for back, n in enumerate(reversed(window), 1):
        merged = []
        for start in range(0, len(parts), n):
            beside = xp.stack(parts[start : start + n], axis=-back)
            shape = list(parts[start].shape)
            shape[-back] *= n
            merged.append(xp.reshape(beside, tuple(shape)))
        parts = merged
    return parts[0]


def _largest(xp: Any, x: Any, *, window: Sizes, stride: Sizes) -> Any:
    first, *others = [xp.getitem(x, key) for key in _keys(x.shape, window, stride)]
    if not others:
        return +first  # a copy, as every result is
    for other in others:
        first = xp.maximum(first, other)
    return first


def _to_first(xp: Any, g: Any, out: Any, x: Any, *, window: Sizes, stride: Sizes) -> Any:
    """``g`` for the first of each window that is the largest, or NaN."""
    pieces = [xp.getitem(x, key) for key in _keys(x.shape, window, stride)]
    first = xp.zeros_like(out) + (len(pieces) - 1)
    for offset in range(len(pieces) - 2, -1, -1):
        piece = pieces[offset]
        first = xp.where((piece == out) | xp.isnan(piece), offset, first)

    def part(offset: int) -> Any:
        return xp.where(first == offset, g, 0)

    if window != stride:
        return _overlaid(xp, part, x.shape, window, stride)
    return _widened(xp, _tiled(xp, [part(offset) for offset in range(len(pieces))], window), x.shape)


def _averages(xp: Any, x: Any, *, window: Sizes, stride: Sizes) -> Any:
    total, *others = [xp.getitem(x, key) for key in _keys(x.shape, window, stride)]
    for other in others:
        total = total + other
    return total / prod(window)


def _evenly(xp: Any, g: Any, out: Any, x: Any, *, window: Sizes, stride: Sizes) -> Any:
    share = g / prod(window)
    if window != stride:
        return _overlaid(xp, lambda offset: share, x.shape, window, stride)
    for axis, n in enumerate(window, len(g.shape) - len(window)):
        shape = share.shape
        beside = xp.reshape(share, (*shape[: axis + 1], 1, *shape[axis + 1 :]))
        beside = xp.broadcast_to(beside, (*shape[: axis + 1], n, *shape[axis + 1 :]))
        share = xp.reshape(beside, (*shape[:axis], shape[axis] * n, *shape[axis + 1 :]))
    return _widened(xp, share, x.shape)


_CALLS = (
    sample((2, 1, 4, 6), window=(2, 3), stride=(2, 3)),
    sample((1, 2, 5, 5), window=(2, 2), stride=(2, 2)),
    sample((1, 2, 5, 4), window=(3, 2), stride=(1, 2)),
    sample((1, 2, 7), window=(2,), stride=(3,)),
)

max_pool = structural(
    "max_pool",
    _largest,
    pullbacks=(_to_first,),
    reads=(("out", 0),),
    words=("{g} of each window goes to its largest element, the first of equals",),
    notation="maxpool({x})",
    torch="MaxPool2DWithIndices",
    samples=_CALLS,
)
avg_pool = structural(
    "avg_pool",
    _averages,
    pullbacks=(_evenly,),
    words=("{g} of each window, shared evenly by its n elements: {g} / n for each",),
    notation="avgpool({x})",
    torch="AvgPool2D",
    samples=_CALLS,
)
