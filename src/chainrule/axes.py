"""PyTorch's ``dim`` and ``size`` arguments, checked, as the Array API's ``axis`` and ``shape``."""

from __future__ import annotations

import math
from collections.abc import Sequence
from operator import index
from typing import Any

from chainrule import errors

Dim = int | Sequence[int] | None


def one_axis(dim: Any, ndim: int, name: str) -> int:
    """``dim`` counted from 0, or an error that names the ranks."""
    try:
        place = index(dim)
    except errors.TraceError:
        raise
    except TypeError:
        raise errors.dim_not_an_integer(dim, name) from None
    rank = max(ndim, 1)
    if not -rank <= place < rank:
        raise errors.dim_out_of_range(place, ndim, name)
    return place % rank


def some_axes(dim: Dim, ndim: int, name: str) -> tuple[int, ...] | None:
    """``dim`` as a tuple of axes; None, for all of them, stays None."""
    if dim is None:
        return None
    if not isinstance(dim, (tuple, list)):
        axis = one_axis(dim, ndim, name)
        return (axis,) if ndim else None
    found = tuple(one_axis(one, ndim, name) for one in dim)
    if len(set(found)) != len(found):
        raise errors.dim_repeated(tuple(dim), name)
    return found or None


def sizes(args: tuple[Any, ...], name: str) -> tuple[int, ...]:
    """``f(2, 3)`` and ``f((2, 3))`` alike, as a shape."""
    if len(args) == 1 and isinstance(args[0], (tuple, list)):
        args = tuple(args[0])
    try:
        return tuple(map(index, args))
    except errors.TraceError:
        raise
    except TypeError:
        raise errors.size_not_integers(args, name) from None


def positive_sizes(args: tuple[Any, ...], name: str) -> tuple[int, ...]:
    shape = sizes(args, name)
    if any(n < 0 for n in shape):
        raise errors.size_negative(shape, name)
    return shape


def resolved(shape: tuple[int, ...], old: tuple[int, ...]) -> tuple[int, ...]:
    """``shape`` with its −1 worked out, or an error that counts the elements."""
    total = math.prod(old)
    if total and math.prod(shape) == total and min(shape, default=1) > 0:  # nothing to work out
        return shape
    unknown = shape.count(-1)
    rest = math.prod(n for n in shape if n != -1)
    if unknown > 1 or any(n < -1 for n in shape):
        raise errors.reshape_invalid(old, shape)
    if unknown:
        if rest == 0 or total % rest:
            raise errors.reshape_invalid(old, shape)
        return tuple(total // rest if n == -1 else n for n in shape)
    if rest != total:
        raise errors.reshape_invalid(old, shape)
    return shape
