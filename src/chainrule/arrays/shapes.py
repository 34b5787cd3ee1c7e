"""What shapes do in a rule: small questions about shapes and axes, asked of tuples alone."""

from __future__ import annotations

from math import prod
from typing import Any

Shape = tuple[int, ...]
Axis = int | tuple[int, ...] | None


def axes(axis: Axis, ndim: int) -> tuple[int, ...]:
    """``axis`` as a tuple of places counted from 0.

    >>> axes(None, 2), axes(-1, 2), axes((0, -1), 3)
    ((0, 1), (1,), (0, 2))
    """
    if axis is None:
        return tuple(range(ndim))
    if isinstance(axis, int):
        return (axis % ndim if ndim else 0,) if ndim else ()
    return tuple(one % ndim for one in axis)


def kept(shape: Shape, axis: Axis) -> Shape:
    """``shape`` after a reduction over ``axis`` that keeps the axes at length 1."""
    gone = axes(axis, len(shape))
    return tuple(1 if place in gone else n for place, n in enumerate(shape))


def count(shape: Shape, axis: Axis) -> int:
    """How many numbers a reduction over ``axis`` puts into one."""
    if axis is None:
        return prod(shape)
    total = 1
    for place in axes(axis, len(shape)):
        total *= shape[place]
    return total


def sum_to(xp: Any, g: Any, shape: Shape) -> Any:
    """Undo broadcasting: ``g`` summed over the axes along which ``shape`` was copied.

    This is the one place where broadcasting is undone.
    """
    full = g.shape
    if full == shape:
        return g
    extra = len(full) - len(shape)
    if extra and full[extra:] == shape:  # the usual case: whole axes were added
        return xp.sum(g, axis=0 if extra == 1 else tuple(range(extra)))
    copied = tuple(range(extra)) + tuple(
        place + extra for place, n in enumerate(shape) if n == 1 and g.shape[place + extra] != 1
    )
    if copied:
        g = xp.sum(g, axis=copied, keepdims=True)
    return xp.reshape(g, shape)
