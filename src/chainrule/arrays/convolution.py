"""Convolutions of numpy arrays as matrix products: each window of the input becomes a column.

The three belong together: :func:`convolution` is linear in its input and in its weight, and the other two
are its transposes, which is what gradients of all orders need. All take the same options, a number for each
axis of space: x is (batch, channels, *space) and w is (outputs, channels / groups, *window).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from math import prod
from typing import Any

import numpy as np

Sizes = tuple[int, ...]

#: So many numbers in columns at once, or one example's: what is made stays near the processor.
_PIECE = 1 << 18


def convolution(x: Any, w: Any, /, *, stride: Sizes, padding: Sizes, dilation: Sizes, groups: int) -> Any:
    """The cross-correlation of each example with each filter: (batch, outputs, *places)."""
    x = _padded(x, padding)
    places = _places(x.shape[2:], w.shape[2:], stride, dilation)
    out = np.empty((len(x), len(w), *places), np.result_type(x, w))
    filters = w.reshape(groups, len(w) // groups, -1)
    for part in _parts(len(x), w.shape[1] * groups * prod((*w.shape[2:], *places))):
        columns = _columns(x[part], w.shape[2:], places, stride, dilation, groups)
        found = np.matmul(filters, columns).reshape(len(w), -1, *places)
        out[part] = found.swapaxes(0, 1)
    return out


def convolution_input(
    g: Any,
    w: Any,
    /,
    *,
    shape: Sizes,
    stride: Sizes,
    padding: Sizes,
    dilation: Sizes,
    groups: int,
) -> Any:
    """The transpose for the input, of ``shape``: each number of ``g`` laid over its window."""
    space = tuple(n + 2 * p for n, p in zip(shape[2:], padding, strict=True))
    places = g.shape[2:]
    total: Any = np.zeros((*shape[:2], *space), np.result_type(g, w))
    filters = w.reshape(groups, len(w) // groups, -1).swapaxes(1, 2)
    for part in _parts(len(g), w.shape[1] * groups * prod((*w.shape[2:], *places))):
        columns = np.matmul(filters, _rows(g[part], groups))
        spread = columns.reshape(shape[1], *w.shape[2:], -1, *places)
        into: Any = total[part].swapaxes(0, 1)
        for offset in product(*map(range, w.shape[2:])):
            window = _window(offset, places, stride, dilation)
            into[(slice(None), slice(None), *window)] += spread[(slice(None), *offset)]
    return total[_within(shape[2:], padding)]


def convolution_weight(
    g: Any,
    x: Any,
    /,
    *,
    shape: Sizes,
    stride: Sizes,
    padding: Sizes,
    dilation: Sizes,
    groups: int,
) -> Any:
    """The transpose for the weight, of ``shape``: the windows of ``x``, weighted by ``g`` and added up."""
    x = _padded(x, padding)
    places = g.shape[2:]
    total = np.zeros((groups, shape[0] // groups, prod(shape[1:])), np.result_type(g, x))
    for part in _parts(len(x), shape[1] * groups * prod((*shape[2:], *places))):
        columns = _columns(x[part], shape[2:], places, stride, dilation, groups)
        total += np.matmul(_rows(g[part], groups), columns.swapaxes(1, 2))
    return total.reshape(shape)


def _padded(x: Any, padding: Sizes) -> Any:
    if not any(padding):
        return x
    space = tuple(n + 2 * p for n, p in zip(x.shape[2:], padding, strict=True))
    out = np.zeros((*x.shape[:2], *space), x.dtype)
    out[_within(x.shape[2:], padding)] = x
    return out


def _within(space: Sizes, padding: Sizes) -> Any:
    """Where the numbers are between the rims of zeros."""
    return (..., *(slice(p, p + n) for n, p in zip(space, padding, strict=True)))


def _places(space: Sizes, window: Sizes, stride: Sizes, dilation: Sizes) -> Sizes:
    """How many windows fit along each axis."""
    return tuple(
        (n - d * (k - 1) - 1) // s + 1 for n, k, s, d in zip(space, window, stride, dilation, strict=True)
    )


def _window(offset: Sizes, places: Sizes, stride: Sizes, dilation: Sizes) -> tuple[slice, ...]:
    """Where the number at ``offset`` of each window is."""
    return tuple(
        slice(o * d, o * d + s * (n - 1) + 1, s)
        for o, n, s, d in zip(offset, places, stride, dilation, strict=True)
    )


def _parts(count: int, size: int) -> Iterator[slice]:
    """The examples in parts, the columns of each of which hold about :data:`_PIECE` numbers."""
    step = max(1, _PIECE // max(1, size))
    return (slice(start, start + step) for start in range(0, count, step))


def _columns(x: Any, window: Sizes, places: Sizes, stride: Sizes, dilation: Sizes, groups: int) -> Any:
    """(groups, channels / groups · window, examples · places): a copy of every window of ``x``."""
    examples, channels, *near = x.strides
    view = np.lib.stride_tricks.as_strided(
        x,
        (x.shape[1], *window, len(x), *places),
        (
            channels,
            *(step * d for step, d in zip(near, dilation, strict=True)),
            examples,
            *(step * s for step, s in zip(near, stride, strict=True)),
        ),
        writeable=False,
    )
    return view.reshape(groups, x.shape[1] // groups * prod(window), len(x) * prod(places))


def _rows(g: Any, groups: int) -> Any:
    """(groups, outputs / groups, examples · places)."""
    return g.swapaxes(0, 1).reshape(groups, g.shape[1] // groups, len(g) * prod(g.shape[2:]))
