"""The functions that pick elements."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule import errors
from chainrule.axes import one_axis
from chainrule.eager import apply, structural, tensor_operand
from chainrule.indices import raw_key
from chainrule.primitives import indexing

if TYPE_CHECKING:
    from chainrule.tensor import Tensor

_getitem = structural(indexing.getitem)


def gather(input: Any, dim: int, index: Any) -> Tensor:
    """Along ``dim``, the elements whose places ``index`` gives; the other axes go together.

    ``index`` is an integer tensor of the same rank, nowhere longer than ``input`` but along ``dim``.
    """
    input = tensor_operand(input, "gather")
    index = tensor_operand(index, "gather")
    axis = one_axis(dim, input.ndim, "gather")
    places = index._data
    if places.dtype.kind not in "iu":
        raise errors.index_not_integer(places.dtype, "gather")
    if places.ndim != input.ndim or any(
        n > m for i, (n, m) in enumerate(zip(places.shape, input.shape, strict=True)) if i != axis
    ):
        raise errors.gather_shapes(input.shape, places.shape, axis)
    length = input.shape[axis] if input.ndim else 1
    if places.__class__ is np.ndarray:  # of traced indices, machine code sees to it
        bad = places[(places < 0) | (places >= length)]
        if bad.size:
            raise errors.index_out_of_range(int(bad[0]), length, "gather")
    within = tuple(slice(None) if i == axis else slice(n) for i, n in enumerate(places.shape))
    if input._data[within].shape != input.shape:  # numpy wants the other axes to be equally long
        input = getitem(input, within)
    return apply(indexing.take_along_axis, (input, index), {"axis": axis})


def getitem(input: Any, key: Any) -> Tensor:
    """``input[key]``: numbers, slices, None, ``...``, lists, and tensors of integers or booleans."""
    input = tensor_operand(input, "getitem")
    return _getitem(input, {"key": raw_key(key, input.shape)})
