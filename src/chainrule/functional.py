"""The functions of tensors, with PyTorch's names: each applies a row, or a few.

A function whose first argument is a tensor is a method too (:mod:`chainrule.methods`).
"""

from __future__ import annotations

import builtins
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from chainrule import errors
from chainrule.axes import Dim, one_axis, positive_sizes, resolved, sizes, some_axes
from chainrule.eager import apply, binary, structural, structural_pair, tensor_operand, unary, wrap
from chainrule.primitives import elementwise as E
from chainrule.primitives import indexing, linalg, reduction, shape

if TYPE_CHECKING:
    from chainrule.tensor import Tensor

add = binary(E.add)
sub = binary(E.sub)
mul = binary(E.mul)
div = binary(E.div)
pow = binary(E.pow)
maximum = binary(E.maximum)
minimum = binary(E.minimum)
lt = binary(E.lt)
le = binary(E.le)
gt = binary(E.gt)
ge = binary(E.ge)
eq = binary(E.eq)
ne = binary(E.ne)
logical_and = binary(E.logical_and)
logical_or = binary(E.logical_or)

neg = unary(E.neg)
exp = unary(E.exp)
log = unary(E.log)
sqrt = unary(E.sqrt)
sin = unary(E.sin)
cos = unary(E.cos)
tanh = unary(E.tanh)
sigmoid = unary(E.sigmoid)
relu = unary(E.relu)
abs = unary(E.abs)
sign = unary(E.sign)
logical_not = unary(E.logical_not)
isnan = unary(E.isnan)
clone = unary(E.clone)

_sum = structural(reduction.sum)
_mean = structural(reduction.mean)
_logsumexp = structural(reduction.logsumexp)
_softmax = structural(reduction.softmax)
_log_softmax = structural(reduction.log_softmax)
_reshape = structural(shape.reshape)
_permute_dims = structural(shape.permute_dims)
_squeeze = structural(shape.squeeze)
_expand_dims = structural(shape.expand_dims)
_broadcast_to = structural(shape.broadcast_to)
_getitem = structural(indexing.getitem)
_matmul = structural_pair(linalg.matmul)

_OVER_ALL: dict[str, Any] = {"axis": None, "keepdims": False}


def square(input: Any) -> Tensor:
    """``input`` times itself, elementwise."""
    return pow(input, 2)


def where(condition: Any, input: Any, other: Any) -> Tensor:
    """``input`` where ``condition`` holds, ``other`` elsewhere; all three broadcast.

    The side that is not chosen receives a gradient of 0, whatever its value is. A NaN or an infinity in
    that side's own derivative still turns that 0 into NaN: give the function a safe input instead.

    Raises DTypeError where ``condition`` is not boolean.
    """
    condition = tensor_operand(condition, "where")
    if condition._data.dtype != np.bool_:
        raise errors.condition_not_boolean(condition._data.dtype)
    return apply(E.where, _operands("where", condition, input, other))


def clamp(input: Any, min: Any = None, max: Any = None) -> Tensor:
    """``input`` held between ``min`` and ``max``; either may be left out.

    Raises DomainError where both are left out.
    """
    if min is None and max is None:
        raise errors.clamp_without_bounds()
    low = -math.inf if min is None else min
    high = math.inf if max is None else max
    input = tensor_operand(input, "clamp")
    if input._data.dtype.kind != "f":  # an integer stays one: infinity would make it a float
        info = np.iinfo(input._data.dtype)
        low, high = (info.min if min is None else min), (info.max if max is None else max)
    return apply(E.clamp, _operands("clamp", input, low, high))


def _operands(row: str, *inputs: Any) -> list[Any]:
    from chainrule.eager import operand

    return [operand(x, row) for x in inputs]


# --- reductions --------------------------------------------------------------------------------------


def sum(input: Any, dim: Dim = None, keepdim: bool = False) -> Tensor:
    """The sum over ``dim`` (all axes where it is None)."""
    input = tensor_operand(input, "sum")
    if input._data.dtype.kind == "u":  # numpy counts on in unsigned integers, PyTorch in int64
        input = input.long()
    if dim is None and not keepdim:
        return _sum(input, _OVER_ALL)
    return _sum(input, {"axis": some_axes(dim, input.ndim, "sum"), "keepdims": keepdim})


def mean(input: Any, dim: Dim = None, keepdim: bool = False) -> Tensor:
    """The mean over ``dim`` (all axes where it is None).

    Raises DTypeError for integers.
    """
    input = tensor_operand(input, "mean")
    if input._data.dtype.kind != "f":
        raise errors.mean_of_integers(input._data.dtype)
    if dim is None and not keepdim:
        return _mean(input, _OVER_ALL)
    return _mean(input, {"axis": some_axes(dim, input.ndim, "mean"), "keepdims": keepdim})


def var(input: Any, dim: Dim = None, correction: int = 1, keepdim: bool = False) -> Tensor:
    """The variance over ``dim``, divided by n − ``correction``."""
    input = tensor_operand(input, "var")
    if isinstance(correction, bool) or not isinstance(correction, (int, float)):
        raise errors.option_range("var", "correction", correction, "a number")
    centred = sub(input, mean(input, dim, keepdim=True))
    axis = some_axes(dim, input.ndim, "var")
    n = math.prod(input.shape if axis is None else [input.shape[one] for one in axis])
    return div(sum(mul(centred, centred), dim, keepdim), float(n - correction))


def std(input: Any, dim: Dim = None, correction: int = 1, keepdim: bool = False) -> Tensor:
    """The standard deviation over ``dim``."""
    return sqrt(var(input, dim, correction, keepdim))


def amax(input: Any, dim: Dim = None, keepdim: bool = False) -> Tensor:
    """The largest element over ``dim``; a tie shares the gradient evenly."""
    return _extreme(reduction.max, input, dim, keepdim, "amax")


def amin(input: Any, dim: Dim = None, keepdim: bool = False) -> Tensor:
    """The smallest element over ``dim``; a tie shares the gradient evenly."""
    return _extreme(reduction.min, input, dim, keepdim, "amin")


def _extreme(row: Any, input: Any, dim: Dim, keepdim: bool, name: str) -> Tensor:
    input = tensor_operand(input, name)
    axis = some_axes(dim, input.ndim, name)
    if builtins.any(input.shape[one] == 0 for one in (range(input.ndim) if axis is None else axis)):
        raise errors.extreme_of_nothing(input.shape, name)
    return apply(row, (input,), {"axis": axis, "keepdims": keepdim})


class ValuesAndIndices(NamedTuple):
    """What ``max(dim)`` returns: the extremes, and where they stand."""

    values: Tensor
    indices: Tensor


def max(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """The largest element of all, shared evenly by ties; or over ``dim``, with its index, which then
    receives the whole gradient; or, given a second tensor, the larger of the two, elementwise."""
    if dim is None:
        return amax(input)
    if hasattr(dim, "_data"):
        return maximum(input, dim)
    return _at_index(input, argmax(input, dim, keepdim=True), dim, keepdim)


def min(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """As :func:`max`, for the smallest element."""
    if dim is None:
        return amin(input)
    if hasattr(dim, "_data"):
        return minimum(input, dim)
    return _at_index(input, argmin(input, dim, keepdim=True), dim, keepdim)


def _at_index(input: Any, indices: Tensor, dim: int, keepdim: bool) -> ValuesAndIndices:
    values = input if input.ndim == 0 else gather(input, dim, indices)
    if keepdim or input.ndim == 0:
        return ValuesAndIndices(values, indices)
    return ValuesAndIndices(squeeze(values, dim), squeeze(indices, dim))


def argmax(input: Any, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """Where the largest element stands: in the flattened tensor, or along ``dim``."""
    return _arg(np.argmax, input, dim, keepdim, "argmax")


def argmin(input: Any, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """Where the smallest element stands: in the flattened tensor, or along ``dim``."""
    return _arg(np.argmin, input, dim, keepdim, "argmin")


def _arg(of: Any, input: Any, dim: int | None, keepdim: bool, name: str) -> Tensor:
    input = tensor_operand(input, name)
    axis = None if dim is None else one_axis(dim, input.ndim, name)
    if input._data.size == 0:
        raise errors.extreme_of_nothing(input.shape, name)
    if input.ndim == 0:
        return wrap(np.zeros((), np.int64))
    return wrap(of(input._data, axis=axis, keepdims=keepdim))


def logsumexp(input: Any, dim: Dim, keepdim: bool = False) -> Tensor:
    """log Σ exp over ``dim``, without overflow."""
    input = _floating(input, "logsumexp")
    axis = some_axes(dim, input.ndim, "logsumexp")
    return _logsumexp(input, {"axis": axis, "keepdims": keepdim})


def softmax(input: Any, dim: int) -> Tensor:
    """exp(x) / Σ exp(x) along ``dim``, without overflow."""
    input = _floating(input, "softmax")
    if input.ndim == 0:
        return exp(sub(input, input))
    return _softmax(input, {"axis": one_axis(dim, input.ndim, "softmax")})


def log_softmax(input: Any, dim: int) -> Tensor:
    """log softmax(x) along ``dim``, without overflow."""
    input = _floating(input, "log_softmax")
    if input.ndim == 0:
        return sub(input, input)
    axis = one_axis(dim, input.ndim, "log_softmax")
    return _log_softmax(input, {"axis": axis})


def _floating(input: Any, name: str) -> Tensor:
    tensor = tensor_operand(input, name)
    if tensor._data.dtype.kind != "f":
        raise errors.dtype_not_for_row(tensor._data.dtype, name)
    return tensor


def all(input: Any) -> Tensor:
    """Whether every element is true (or not 0)."""
    return wrap(np.all(tensor_operand(input, "all")._data))


def any(input: Any) -> Tensor:
    """Whether some element is true (or not 0)."""
    return wrap(np.any(tensor_operand(input, "any")._data))


# --- shapes ------------------------------------------------------------------------------------------


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
    return transpose(input, 0, 1) if input.ndim == 2 else input


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
        input.shape[place - extra] if n == -1 and place >= extra else n
        for place, n in enumerate(new)
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
    if places.ndim != input.ndim or builtins.any(
        n > m for i, (n, m) in enumerate(zip(places.shape, input.shape, strict=True)) if i != axis
    ):
        raise errors.gather_shapes(input.shape, places.shape, axis)
    length = input.shape[axis] if input.ndim else 1
    bad = places[(places < 0) | (places >= length)]
    if bad.size:
        raise errors.index_out_of_range(int(bad[0]), length, "gather")
    within = tuple(slice(None) if i == axis else slice(n) for i, n in enumerate(places.shape))
    if input._data[within].shape != input.shape:  # numpy wants the other axes to be equally long
        input = getitem(input, within)
    return apply(indexing.take_along_axis, (input, index), {"axis": axis})


def getitem(input: Any, key: Any) -> Tensor:
    """``input[key]``: numbers, slices, None, ``...``, lists, and tensors of integers or booleans."""
    from chainrule.indices import raw_key

    input = tensor_operand(input, "getitem")
    return _getitem(input, {"key": raw_key(key, input.shape)})


# --- products ----------------------------------------------------------------------------------------


def matmul(input: Any, other: Any) -> Tensor:
    """The matrix product, of every rank: a vector counts as one row on the left and one column on the
    right, and leading axes broadcast.

    Raises ShapeError where the inner sizes differ, or for a number.
    """
    input, other = tensor_operand(input, "matmul"), tensor_operand(other, "matmul")
    try:
        return _matmul(input, other)
    except ValueError:
        raise errors.matmul_shapes(input.shape, other.shape) from None


def dot(input: Any, other: Any) -> Tensor:
    """The product of two vectors, a number."""
    input, other = tensor_operand(input, "dot"), tensor_operand(other, "dot")
    if input.ndim != 1 or other.ndim != 1:
        raise errors.dot_of_ranks(input.shape, other.shape)
    return matmul(input, other)
