"""The functions that move numbers without changing them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule import errors
from chainrule.axes import Dim, one_axis, positive_sizes, resolved, sizes, some_axes
from chainrule.eager import apply, structural, tensor_operand
from chainrule.primitives import shape

if TYPE_CHECKING:
    from chainrule.tensor import Tensor

_reshape = structural(shape.reshape)
_permute_dims = structural(shape.permute_dims)
_squeeze = structural(shape.squeeze)
_expand_dims = structural(shape.expand_dims)
_broadcast_to = structural(shape.broadcast_to)

_EXCHANGED: dict[str, Any] = {"axes": (1, 0)}


def reshape(input: Any, *shape_: Any) -> Tensor:
    """The same numbers in another shape; one size may be −1."""
    input = tensor_operand(input, "reshape")
    new = resolved(sizes(shape_, "reshape"), input.shape)
    return _reshape(input, {"shape": new})


def flatten(input: Any, start_dim: int = 0, end_dim: int = -1) -> Tensor:
    """Axes ``start_dim`` to ``end_dim`` made one."""
    input = tensor_operand(input, "flatten")
    start = one_axis(start_dim, input.ndim, "flatten")
    stop = one_axis(end_dim, input.ndim, "flatten") + 1
    if start >= stop:
        raise errors.flatten_backwards(start_dim, end_dim)
    middle = (math.prod(input.shape[start:stop]),)
    return reshape(input, input.shape[:start] + middle + input.shape[stop:])


def permute(input: Any, *dims: Any) -> Tensor:
    """The axes in the order ``dims``."""
    input = tensor_operand(input, "permute")
    order = sizes(dims, "permute")
    found = tuple(one_axis(dim, input.ndim, "permute") for dim in order)
    if sorted(found) != list(range(input.ndim)):
        raise errors.permute_invalid(order, input.shape)
    return _permute_dims(input, {"axes": found})


def transpose(input: Any, dim0: int, dim1: int) -> Tensor:
    """``input`` with two axes exchanged."""
    input = tensor_operand(input, "transpose")
    if input.ndim == 0:
        for dim in (dim0, dim1):
            one_axis(dim, 0, "transpose")
        return input
    order = list(range(input.ndim))
    i, j = one_axis(dim0, input.ndim, "transpose"), one_axis(dim1, input.ndim, "transpose")
    order[i], order[j] = order[j], order[i]
    return _permute_dims(input, {"axes": tuple(order)})


def t(input: Any) -> Tensor:
    """The transpose of a matrix; a vector stays as it is."""
    input = tensor_operand(input, "t")
    if input.ndim > 2:
        raise errors.transpose_of_rank(input.shape)
    return _permute_dims(input, _EXCHANGED) if input.ndim == 2 else input


def squeeze(input: Any, dim: Dim = None) -> Tensor:
    """``input`` without its axes of length 1: all, or those in ``dim`` that are."""
    input = tensor_operand(input, "squeeze")
    wanted = some_axes(dim, input.ndim, "squeeze")
    places = range(input.ndim) if wanted is None else wanted
    axis = tuple(place for place in places if input.shape[place] == 1) if input.ndim else ()
    return _squeeze(input, {"axis": axis})


def unsqueeze(input: Any, dim: int) -> Tensor:
    """``input`` with an axis of length 1 added at ``dim``."""
    input = tensor_operand(input, "unsqueeze")
    axis = one_axis(dim, input.ndim + 1, "unsqueeze")
    return _expand_dims(input, {"axis": axis})


def broadcast_to(input: Any, *shape_: Any) -> Tensor:
    """``input`` copied along new axes, or axes of length 1, up to a shape."""
    input = tensor_operand(input, "broadcast_to")
    new = positive_sizes(shape_, "broadcast_to")
    try:
        fits = np.broadcast_shapes(input.shape, new) == new
    except ValueError:
        fits = False
    if not fits:
        raise errors.cannot_broadcast_to(input.shape, new)
    return _broadcast_to(input, {"shape": new})


def expand(input: Any, *shape_: Any) -> Tensor:
    """As :func:`broadcast_to`, where −1 leaves an axis as it is."""
    input = tensor_operand(input, "expand")
    new = sizes(shape_, "expand")
    extra = len(new) - input.ndim
    if extra < 0:
        raise errors.cannot_broadcast_to(input.shape, new)
    kept = tuple(
        input.shape[place - extra] if n == -1 and place >= extra else n for place, n in enumerate(new)
    )
    return broadcast_to(input, kept)


def cat(tensors: Sequence[Any], dim: int = 0) -> Tensor:
    """``tensors`` joined along ``dim``; their other sizes must be the same."""
    inputs = _sequence(tensors, "cat")
    rank = inputs[0].ndim
    if rank == 0:
        raise errors.cat_of_numbers()
    axis = one_axis(dim, rank, "cat")
    for x in inputs:
        if x.ndim != rank or x.shape[:axis] + x.shape[axis + 1 :] != (
            inputs[0].shape[:axis] + inputs[0].shape[axis + 1 :]
        ):
            raise errors.shapes_do_not_join("cat", [x.shape for x in inputs], axis)
    return apply(shape.concat, inputs, {"axis": axis})


concat = concatenate = cat


def stack(tensors: Sequence[Any], dim: int = 0) -> Tensor:
    """``tensors`` of one shape laid side by side along a new axis ``dim``."""
    inputs = _sequence(tensors, "stack")
    if len({x.shape for x in inputs}) > 1:
        raise errors.shapes_do_not_join("stack", [x.shape for x in inputs], None)
    axis = one_axis(dim, inputs[0].ndim + 1, "stack")
    return apply(shape.stack, inputs, {"axis": axis})


def _sequence(tensors: Any, name: str) -> list[Tensor]:
    if not isinstance(tensors, (list, tuple)) or not tensors:
        raise errors.not_a_sequence_of_tensors(tensors, name)
    return [tensor_operand(x, name) for x in tensors]
