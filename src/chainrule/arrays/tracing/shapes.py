"""The functions of traced arrays that move numbers and change none."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

from chainrule.arrays.shapes import axes as places
from chainrule.arrays.tracing.array import common_dtype, lifted, trace_of

Axis = int | tuple[int, ...] | None


def broadcast_to(x: Any, /, shape: tuple[int, ...]) -> Any:
    shape = tuple(shape)
    return x.trace.result(x.place) if x.type.shape == shape else x.trace.copied(x, shape)


def reshape(x: Any, /, shape: int | tuple[int, ...]) -> Any:
    """One length may be −1: whatever is left."""
    shape = (shape,) if isinstance(shape, int) else tuple(shape)
    if -1 in shape:
        rest = -prod(shape)
        left = x.size // rest if rest else 0
        shape = tuple(left if n == -1 else n for n in shape)
    return x if x.type.shape == shape else x.viewed("reshape", shape=shape)


def expand_dims(x: Any, /, *, axis: int) -> Any:
    shape = list(x.shape)
    shape.insert(axis % (len(shape) + 1), 1)
    return reshape(x, tuple(shape))


def squeeze(x: Any, /, axis: Axis) -> Any:
    gone = places(axis, x.ndim)
    return reshape(x, tuple(n for place, n in enumerate(x.shape) if place not in gone))


def permute_dims(x: Any, /, axes: tuple[int, ...]) -> Any:
    return x.viewed("permute_dims", axes=places(tuple(axes), x.ndim))


def matrix_transpose(x: Any, /) -> Any:
    *batch, rows, columns = range(x.ndim)
    return permute_dims(x, (*batch, columns, rows))


def concat(arrays: Sequence[Any], /, *, axis: int = 0) -> Any:
    trace, dtype = trace_of(arrays), common_dtype(arrays)
    operands = [lifted(trace, one, dtype) for one in arrays]
    if len(operands) == 1:
        return trace.result(operands[0].place)
    return trace.add("concat", operands, axis=places(axis, operands[0].ndim)[0])


def stack(arrays: Sequence[Any], /, *, axis: int = 0) -> Any:
    trace = trace_of(arrays)
    axis %= arrays[0].ndim + 1
    return concat([expand_dims(lifted(trace, one), axis=axis) for one in arrays], axis=axis)
