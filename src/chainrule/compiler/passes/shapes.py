"""Shapes: what copying, reshaping, picking and reducing are equal to.

Copies (``broadcast_to``) move outwards: what is done to a copy is done to its source. All rules are exact,
but for one: a sum of n equal terms becomes a product with n, which rounds once where the sum rounds n
times.

Two rules that look alike are not here, since they are not exact. ``sum(x · s)`` is not ``sum(x) · s``: with
an infinite s the terms ∞ and −∞ make a NaN, and their sum of opposite sign does not. And ``sum(−x)`` is not
``−sum(x)``: where the terms cancel, it is +0, and not −0.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import TYPE_CHECKING

from chainrule.compiler.ir import Instruction

if TYPE_CHECKING:
    from chainrule.compiler.passes.rewriting import Rewriter


def _broadcast_to(w: Rewriter, one: Instruction, x: int) -> int | None:
    a = w.made[x]
    if a.type.shape == one.type.shape:
        return x  # a copy to its own shape
    if a.operation == "broadcast_to":
        return w.copied(a.operands[0], one.type.shape)  # a copy of a copy
    if a.operation == "reshape" and not w.made[a.operands[0]].type.shape:
        return w.copied(a.operands[0], one.type.shape)  # a copy of a number with axes of length 1
    return None


def _reshape(w: Rewriter, one: Instruction, x: int) -> int | None:
    a = w.made[x]
    if a.type.shape == one.type.shape:
        return x  # to its own shape
    if not a.type.shape:
        return w.copied(x, one.type.shape)  # a number with axes of length 1 is a copy
    if a.operation == "reshape":
        return w.add("reshape", a.operands[0], shape=one.type.shape)  # the last shape counts
    return _of_equal_elements(w, one, x)


def _permute_dims(w: Rewriter, one: Instruction, x: int) -> int | None:
    a = w.made[x]
    axes = one.attributes["axes"]
    if axes == tuple(range(len(axes))):
        return x  # each axis where it was
    if a.operation == "permute_dims":  # one order of an order
        before = a.attributes["axes"]
        return w.add("permute_dims", a.operands[0], axes=tuple(before[axis] for axis in axes))
    return _of_equal_elements(w, one, x)


def _getitem(w: Rewriter, one: Instruction, x: int) -> int | None:
    shape = w.made[x].type.shape
    whole = all(
        isinstance(part, slice) and part.indices(n) == (0, n, 1)
        for part, n in zip(one.attributes["key"], shape, strict=False)
    )
    return x if whole else _of_equal_elements(w, one, x)  # all that there is


def _of_equal_elements(w: Rewriter, one: Instruction, x: int) -> int | None:
    """Of copies of one number, whichever are taken, in whatever order, are copies of it."""
    a = w.made[x]
    if a.operation == "broadcast_to" and not w.made[a.operands[0]].type.shape:
        return w.copied(a.operands[0], one.type.shape)
    return None


def _sum(w: Rewriter, one: Instruction, x: int) -> int | None:
    a = w.made[x]
    axis = one.attributes["axis"]
    if not axis:
        return x  # over no axis
    terms = prod(a.type.shape[place] for place in axis)
    if terms == 0:
        return w.constant(0.0 if one.type.dtype != "int64" else 0, one.type)  # of no terms
    source = _copied_along(w, x, axis)
    if source is None:
        return None
    # s + s + … + s = s · n. A sum starts from +0, so that a sum of −0 is +0; a product with n is −0.
    kind = w.made[source].type
    number: float = terms if kind.dtype == "int64" else float(terms)
    product = w.add("mul", source, w.constant(number, kind))
    zero = w.constant(0 if kind.dtype == "int64" else 0.0, kind)
    return w.copied(w.add("add", product, zero), one.type.shape)


def _extreme(w: Rewriter, one: Instruction, x: int) -> int | None:
    a = w.made[x]
    axis = one.attributes["axis"]
    if all(a.type.shape[place] == 1 for place in axis):
        return w.add("reshape", x, shape=one.type.shape)  # the largest of one number
    source = _copied_along(w, x, axis)
    return None if source is None else w.copied(source, one.type.shape)  # the largest of equal numbers


def _copied_along(w: Rewriter, x: int, axis: tuple[int, ...]) -> int | None:
    """What the elements of ``x`` along ``axis`` are copies of: ``x`` was copied there, to new axes only."""
    a = w.made[x]
    if a.operation != "broadcast_to":
        return None
    source = a.operands[0]
    shape = w.made[source].type.shape
    new = len(a.type.shape) - len(shape)
    return source if not shape or all(place < new for place in axis) else None


RULES: dict[str, Callable[..., int | None]] = {
    "broadcast_to": _broadcast_to,
    "reshape": _reshape,
    "permute_dims": _permute_dims,
    "getitem": _getitem,
    "sum": _sum,
    "max": _extreme,
    "min": _extreme,
}
