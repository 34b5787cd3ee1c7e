"""Shapes: what copying, reshaping, picking and reducing are equal to.

Copies (``broadcast_to``) move outwards: what is done to a copy is done to its source. All rules are exact,
but for sums: one of n equal terms becomes a product with n, which rounds once where the sum rounds n times,
and one of matrix products adds the same terms up in another order.

Two rules that look alike are not here, since they are not exact. ``sum(x · s)`` is not ``sum(x) · s``: with
an infinite s the terms ∞ and −∞ make a NaN, and their sum of opposite sign does not. And ``sum(−x)`` is not
``−sum(x)``: where the terms cancel, it is +0, and not −0.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import TYPE_CHECKING

from chainrule.compiler.ir import Instruction
from chainrule.compiler.types import Type

if TYPE_CHECKING:
    from chainrule.compiler.passes.rewriting import Rewriter


def _broadcast_to(w: Rewriter, one: Instruction, x: int) -> int | None:
    a = w.made[x]
    if a.type.shape == one.type.shape:
        return x  # a copy to its own shape
    if a.operation == "broadcast_to":
        return w.copied(a.operands[0], one.type.shape)  # a copy of a copy
    if a.operation == "reshape":
        under = w.made[a.operands[0]].type.shape
        if a.type.shape == (1,) * (len(a.type.shape) - len(under)) + under:
            return w.copied(a.operands[0], one.type.shape)  # a copy of it with new axes of length 1
    return None


def _reshape(w: Rewriter, one: Instruction, x: int) -> int | None:
    a = w.made[x]
    if a.type.shape == one.type.shape:
        return x  # to its own shape
    if not a.type.shape:
        return w.copied(x, one.type.shape)  # a number with axes of length 1 is a copy
    if a.operation == "reshape":
        return w.add("reshape", a.operands[0], shape=one.type.shape)  # the last shape counts
    if a.operation == "broadcast_to":
        new = len(one.type.shape) - len(a.type.shape)
        if one.type.shape == (1,) * new + a.type.shape:
            return w.copied(a.operands[0], one.type.shape)  # copies with new axes of length 1 are copies
    return _of_equal_elements(w, one, x)


def _permute_dims(w: Rewriter, one: Instruction, x: int) -> int | None:
    a = w.made[x]
    axes = one.attributes["axes"]
    if axes == tuple(range(len(axes))):
        return x  # each axis where it was
    long = [axis for axis in axes if a.type.shape[axis] != 1]
    if long == sorted(long):
        return w.add("reshape", x, shape=one.type.shape)  # only axes of length 1 move
    if a.operation == "permute_dims":  # one order of an order
        before = a.attributes["axes"]
        return w.add("permute_dims", a.operands[0], axes=tuple(before[axis] for axis in axes))
    return _of_equal_elements(w, one, x)


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
        return _filled(w, 0, one.type)  # of no terms
    source = _copied_along(w, x, axis)
    if source is not None:
        # s + s + … + s = s · n. A sum starts from +0, so that a sum of −0 is +0; a product with n is −0.
        kind = w.made[source].type
        product = w.add("mul", source, _filled(w, terms, kind))
        return w.copied(w.add("add", product, _filled(w, 0, kind)), one.type.shape)
    if any(a.type.shape[place] == 1 for place in axis):
        return _without_single_terms(w, one, x)
    return _sum_of_products(w, one, x)


def _filled(w: Rewriter, number: int, like: Type) -> int:
    return w.constant(float(number) if like.dtype.startswith("float") else number, like)


def _without_single_terms(w: Rewriter, one: Instruction, x: int) -> int:
    """A sum over axes of length 1 adds each number to +0, and is no sum."""
    shape, axis = w.made[x].type.shape, one.attributes["axis"]
    single = [place for place in axis if shape[place] == 1]
    kept = [place for place in range(len(shape)) if place not in single]
    found = w.add("reshape", x, shape=tuple(shape[place] for place in kept))
    left = tuple(kept.index(place) for place in axis if place not in single)
    if left:
        return w.add("sum", found, axis=left)
    return w.add("add", found, _filled(w, 0, one.type))


def _sum_of_products(w: Rewriter, one: Instruction, x: int) -> int | None:
    """A sum over matrix products is one product: Σ aᵢᵀ bᵢ, with the rows of all aᵢ below each other, and
    those of all bᵢ. Its terms are added up in another order.

    So is the gradient of a matrix that every example was multiplied with.
    """
    if not w.only(x, "matmul"):
        return None
    left, right = w.made[x].operands
    *batch, rows, inner = w.made[left].type.shape
    if one.attributes["axis"] != tuple(range(len(batch))):
        return None
    order = tuple(range(len(batch)))
    transposed = w.made[left]
    if transposed.operation != "permute_dims" or transposed.attributes["axes"][-2:] != (
        len(batch) + 1,
        len(batch),
    ):
        return None  # its rows do not lie below each other
    terms = prod(batch) * inner
    below = w.add("permute_dims", left, axes=(*order, len(batch) + 1, len(batch)))
    below = w.add("reshape", below, shape=(terms, rows))
    columns = w.add("reshape", right, shape=(terms, w.made[right].type.shape[-1]))
    return w.add("matmul", w.add("permute_dims", below, axes=(1, 0)), columns)


def _extreme(w: Rewriter, one: Instruction, x: int) -> int | None:
    a = w.made[x]
    axis = one.attributes["axis"]
    if all(a.type.shape[place] == 1 for place in axis):
        return w.add("reshape", x, shape=one.type.shape)  # the largest of one number
    source = _copied_along(w, x, axis)
    return None if source is None else w.copied(source, one.type.shape)  # the largest of equal numbers


def _copied_along(w: Rewriter, x: int, axis: tuple[int, ...]) -> int | None:
    """What the elements of ``x`` along ``axis`` are copies of, without these axes; None where they are
    not."""
    a = w.made[x]
    if a.operation != "broadcast_to":
        return None
    source = a.operands[0]
    shape = w.made[source].type.shape
    new = len(a.type.shape) - len(shape)
    if not all(place < new or shape[place - new] == 1 for place in axis):
        return None
    left = tuple(n for place, n in enumerate(shape) if place + new not in axis)
    return source if left == shape else w.add("reshape", source, shape=left)


RULES: dict[str, Callable[..., int | None]] = {
    "broadcast_to": _broadcast_to,
    "reshape": _reshape,
    "permute_dims": _permute_dims,
    "sum": _sum,
    "max": _extreme,
    "min": _extreme,
}
