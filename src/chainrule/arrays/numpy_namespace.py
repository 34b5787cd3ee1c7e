"""numpy as an Array API namespace, without the Python wrappers that cost more than a small array.

``numpy.sum`` takes three times as long as ``numpy.add.reduce`` on a hundred numbers, and
``numpy.broadcast_to`` longer than filling the array. What numpy has no standard name for (adding into
an index, the two scatters) stands here as well, so that rules can name it.
"""

from __future__ import annotations

import operator
from functools import lru_cache
from typing import Any

import numpy as np
from numpy import (
    abs,
    argmax,
    argmin,
    concat,
    cos,
    exp,
    isnan,
    log,
    logical_not,
    maximum,
    minimum,
    ones_like,
    sin,
    sqrt,
    stack,
    tanh,
    zeros_like,
)

from chainrule.arrays.convolution import convolution, convolution_input, convolution_weight
from chainrule.arrays.error_function import erf

__all__ = [
    "abs",
    "argmax",
    "argmin",
    "argsort",
    "astype",
    "broadcast_to",
    "concat",
    "convolution",
    "convolution_input",
    "convolution_weight",
    "cos",
    "erf",
    "exp",
    "expand_dims",
    "getitem",
    "index_add",
    "isnan",
    "log",
    "logical_not",
    "matmul",
    "matrix_transpose",
    "max",
    "maximum",
    "mean",
    "min",
    "minimum",
    "ones_like",
    "permute_dims",
    "pow",
    "put",
    "reshape",
    "scatter_add",
    "sign",
    "sin",
    "sqrt",
    "squeeze",
    "stack",
    "sum",
    "take_along_axis",
    "tanh",
    "where",
    "zeros_like",
]

Axis = int | tuple[int, ...] | None

# The operator, and not the ufunc: numpy turns `x ** 2` into a square, and `x ** 0.5` into a root.
pow = operator.pow

# `Any`: numpy's type stubs do not know these called with every argument in place, which is faster.
_sum: Any = np.add.reduce
_max: Any = np.maximum.reduce
_min: Any = np.minimum.reduce


def getitem(x: Any, key: Any, /) -> Any:
    """``x[key]``, a view of one element too, where numpy would hand out a number of its own."""
    picked = x[key]
    if picked.__class__ is not np.ndarray:
        picked = x[(*key, ...) if isinstance(key, tuple) else (key, ...)]
    return picked


def where(condition: Any, x: Any, y: Any, /) -> Any:
    if condition.__class__ is bool:  # a choice between numbers, made before any array is touched
        return x if condition else y
    return np.where(condition, x, y)


def sign(x: Any, /) -> Any:
    """1, −1, or 0, the last for NaN as well: PyTorch's answer, where numpy's is NaN."""
    return np.subtract(x > 0, x < 0, dtype=x.dtype)


def sum(x: Any, /, *, axis: Axis = None, keepdims: bool = False) -> Any:
    if axis == 0 and not keepdims and x.ndim == 2 and x.dtype.kind == "f" and x.size <= _FEW:
        return _ones(x.shape[0], x.dtype).dot(x)
    return _sum(x, axis, None, None, keepdims)


#: numpy adds up the rows of a small matrix one by one, each with the cost of a call: up to so many
#: numbers a product with ones is several times faster.
_FEW = 8192


@lru_cache(maxsize=64)
def _ones(n: int, dtype: Any) -> Any:
    return np.ones(n, dtype)


def matmul(x: Any, y: Any, /) -> Any:
    # Of two matrices `dot` is the same product, and finds its way to BLAS in half the time.
    return x.dot(y) if x.ndim == 2 == y.ndim else np.matmul(x, y)


def max(x: Any, /, *, axis: Axis = None, keepdims: bool = False) -> Any:
    return _max(x, axis, None, None, keepdims)


def min(x: Any, /, *, axis: Axis = None, keepdims: bool = False) -> Any:
    return _min(x, axis, None, None, keepdims)


def mean(x: Any, /, *, axis: Axis = None, keepdims: bool = False) -> Any:
    total = _sum(x, axis, None, None, keepdims)
    if axis is None:
        return total / x.size
    count = 1
    for one in (axis,) if isinstance(axis, int) else axis:
        count *= x.shape[one]
    # numpy stays silent on 0/0 between arrays only when told to; an empty mean is NaN, as PyTorch's.
    return total / count if count else total * np.nan


def astype(x: Any, dtype: Any, /) -> Any:
    return x.astype(dtype)


def reshape(x: Any, /, shape: tuple[int, ...]) -> Any:
    return x.reshape(shape)


def permute_dims(x: Any, /, axes: tuple[int, ...]) -> Any:
    return x.transpose(axes)


def matrix_transpose(x: Any, /) -> Any:
    return x.mT


def expand_dims(x: Any, /, *, axis: int) -> Any:
    return np.expand_dims(x, axis)


def squeeze(x: Any, /, axis: Axis) -> Any:
    return x.squeeze(axis)


def broadcast_to(x: Any, /, shape: tuple[int, ...]) -> Any:
    out = np.empty(shape, x.dtype)
    if x.size == 1 and x.ndim == 0:
        out.fill(x)
    else:
        out[...] = x
    return out


def take_along_axis(x: Any, indices: Any, /, *, axis: int) -> Any:
    return np.take_along_axis(x, indices, axis)


def argsort(x: Any, /, *, axis: int, descending: bool = False) -> Any:
    """The places of the elements in order, NaN as the largest; equal ones stay as they stand."""
    if not descending:
        return np.argsort(x, axis, kind="stable")
    # Backwards twice: equal elements are back in their order.
    backwards = np.argsort(np.flip(x, axis), axis, kind="stable")
    return x.shape[axis] - 1 - np.flip(backwards, axis)


def index_add(g: Any, /, *, key: Any, shape: tuple[int, ...]) -> Any:
    """Zeros of ``shape`` with ``g`` added at ``key``: an element picked twice receives twice."""
    out = np.zeros(shape, g.dtype)
    if _is_basic(key):
        out[key] = g  # basic indexing never picks an element twice
    elif key.__class__ is np.ndarray and key.dtype.kind != "b" and g.size > _FEW:
        _add_rows(out, key.reshape(-1), g.reshape(-1, *shape[1:]))
    else:
        np.add.at(out, key, g)
    return out


def _add_rows(out: Any, places: Any, rows: Any) -> None:
    """``out[places] += rows``, each place as often as it comes: numpy adds number by number, several times
    slower than the rows of equal places one after the other."""
    places = np.where(places < 0, places + len(out), places)
    order = places.argsort(kind="stable")
    ordered = places[order]
    first = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1]))
    out[ordered[first]] = np.add.reduceat(rows[order], first, axis=0)


def put(x: Any, value: Any, /, *, key: Any) -> Any:
    """A copy of ``x`` in which the elements at ``key`` are ``value``."""
    out = x.copy()
    out[key] = value
    return out


def scatter_add(g: Any, indices: Any, /, *, axis: int, shape: tuple[int, ...]) -> Any:
    """Zeros of ``shape`` with ``g`` added along ``axis`` where ``indices`` says."""
    out = np.zeros(shape, g.dtype)
    where_to = list(np.ogrid[tuple(slice(n) for n in indices.shape)])
    where_to[axis] = indices
    np.add.at(out, tuple(where_to), g)
    return out


def _is_basic(key: Any) -> bool:
    parts = key if isinstance(key, tuple) else (key,)
    return all(part is None or part is Ellipsis or isinstance(part, (int, slice)) for part in parts)
