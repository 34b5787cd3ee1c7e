"""The functions that put elements in order."""

from __future__ import annotations

from operator import index
from typing import TYPE_CHECKING, Any

from chainrule import eager, errors
from chainrule.axes import one_axis
from chainrule.eager import apply, tensor_operand, wrap
from chainrule.functional.indexing import getitem
from chainrule.functional.reduction import ValuesAndIndices
from chainrule.primitives import indexing

if TYPE_CHECKING:
    from chainrule.tensor import Tensor


def argsort(input: Any, dim: int = -1, descending: bool = False, stable: bool = False) -> Tensor:
    """Where the elements stand, in order, along ``dim``; NaN counts as the largest.

    Equal elements stay in the order that they have, asked to be ``stable`` or not.

    >>> import chainrule as cr
    >>> argsort(cr.tensor([3.0, 1.0, 2.0])).tolist()
    [1, 2, 0]
    """
    input = tensor_operand(input, "argsort")
    axis = one_axis(dim, input.ndim, "argsort")
    if input.ndim == 0:
        return input.long() * 0
    return wrap(eager.xp.argsort(input._data, axis=axis, descending=bool(descending)))


def sort(input: Any, dim: int = -1, descending: bool = False, stable: bool = False) -> ValuesAndIndices:
    """The elements in order along ``dim``, and where they stood; see :func:`argsort`.

    >>> import chainrule as cr
    >>> sort(cr.tensor([3.0, 1.0, 2.0]), descending=True).values.tolist()
    [3.0, 2.0, 1.0]
    """
    input = tensor_operand(input, "sort")
    axis = one_axis(dim, input.ndim, "sort")
    return _picked(input, argsort(input, dim, descending), axis)


def topk(input: Any, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> ValuesAndIndices:
    """The ``k`` largest elements along ``dim`` (the smallest, if not ``largest``), and where they stand.

    They come in order, asked to be ``sorted`` or not, the first of equals first.

    >>> import chainrule as cr
    >>> topk(cr.tensor([3.0, 1.0, 2.0]), 2).indices.tolist()
    [0, 2]
    """
    input = tensor_operand(input, "topk")
    axis = one_axis(dim, input.ndim, "topk")
    length = input.shape[axis] if input.ndim else 1
    try:
        count = index(k)
    except TypeError:
        raise errors.topk_count(k, length, axis) from None
    if not 0 <= count <= length:
        raise errors.topk_count(k, length, axis)
    order = argsort(input, dim, descending=largest)
    if input.ndim:
        order = getitem(order, (*(slice(None),) * axis, slice(count)))
    return _picked(input, order, axis)


def _picked(input: Tensor, order: Tensor, axis: int) -> ValuesAndIndices:
    if input.ndim == 0:
        return ValuesAndIndices(input, order)
    return ValuesAndIndices(apply(indexing.take_along_axis, (input, order), {"axis": axis}), order)
