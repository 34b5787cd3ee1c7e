"""The functions that put many numbers into one."""

from __future__ import annotations

import builtins
import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from chainrule import eager, errors
from chainrule.axes import Dim, one_axis, some_axes
from chainrule.eager import apply, structural, tensor_operand, wrap
from chainrule.functional.elementwise import div, exp, maximum, minimum, mul, sqrt, sub
from chainrule.functional.indexing import gather
from chainrule.functional.shape import squeeze
from chainrule.primitives import reduction

if TYPE_CHECKING:
    from chainrule.tensor import Tensor

_sum = structural(reduction.sum)
_mean = structural(reduction.mean)
_logsumexp = structural(reduction.logsumexp)
_softmax = structural(reduction.softmax)
_log_softmax = structural(reduction.log_softmax)

_OVER_ALL: dict[str, Any] = {"axis": None, "keepdims": False}


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
    return _arg(eager.xp.argmax, input, dim, keepdim, "argmax")


def argmin(input: Any, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """Where the smallest element stands: in the flattened tensor, or along ``dim``."""
    return _arg(eager.xp.argmin, input, dim, keepdim, "argmin")


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
    array = tensor_operand(input, "all")._data
    return wrap(np.all(array) if array.__class__ is np.ndarray else _of_traced(eager.xp.min, array, True))


def any(input: Any) -> Tensor:
    """Whether some element is true (or not 0)."""
    array = tensor_operand(input, "any")._data
    return wrap(np.any(array) if array.__class__ is np.ndarray else _of_traced(eager.xp.max, array, False))


def _of_traced(extreme: Any, array: Any, of_nothing: bool) -> Any:
    """All, or any, of a traced array: the least, or the largest, of its truths."""
    return extreme(array != 0) if array.size else np.array(of_nothing)
