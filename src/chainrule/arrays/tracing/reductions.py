"""The functions of traced arrays that put many numbers into one, and those that put them in order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chainrule.arrays.shapes import axes, count, kept
from chainrule.arrays.tracing.elementwise import astype
from chainrule.arrays.tracing.shapes import reshape

Axis = int | tuple[int, ...] | None


def _reduced(operation: str, x: Any, axis: Axis, keepdims: bool) -> Any:
    gone = axes(axis, x.ndim)
    found = x.trace.add(operation, (x,), axis=tuple(sorted(gone)))
    return reshape(found, kept(x.shape, axis)) if keepdims else found


def sum(x: Any, /, *, axis: Axis = None, keepdims: bool = False) -> Any:
    """Of truths and short integers an int64, as numpy's."""
    if x.type.dtype in ("bool", "int32"):
        x = astype(x, "int64")
    return _reduced("sum", x, axis, keepdims)


def _extreme(operation: str) -> Callable[..., Any]:
    def reduce(x: Any, /, *, axis: Axis = None, keepdims: bool = False) -> Any:
        if x.type.dtype == "bool":
            return astype(_reduced(operation, astype(x, "int64"), axis, keepdims), "bool")
        return _reduced(operation, x, axis, keepdims)

    reduce.__name__ = operation
    return reduce


max = _extreme("max")
min = _extreme("min")


def mean(x: Any, /, *, axis: Axis = None, keepdims: bool = False) -> Any:
    """NaN where there is nothing to take the mean of."""
    total = sum(x, axis=axis, keepdims=keepdims)
    terms = count(x.shape, axis)
    return total / terms if terms else total * float("nan")


def _place_of(operation: str) -> Callable[..., Any]:
    def place(x: Any, /, *, axis: int | None = None, keepdims: bool = False) -> Any:
        shape = x.shape
        if axis is None:
            x = reshape(x, (x.size,))
        if x.type.dtype == "bool":
            x = astype(x, "int64")
        found = x.trace.add(operation, (x,), axis=axes(-1 if axis is None else axis, x.ndim)[0])
        return reshape(found, kept(shape, axis)) if keepdims else found

    place.__name__ = operation
    return place


argmax = _place_of("argmax")
argmin = _place_of("argmin")


def argsort(x: Any, /, *, axis: int = -1, descending: bool = False) -> Any:
    """Stable; NaN counts as the largest."""
    if x.type.dtype == "bool":
        x = astype(x, "int64")
    return x.trace.add("argsort", (x,), axis=axes(axis, x.ndim)[0], descending=descending)
