"""The elementwise functions: each number by itself."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule import errors
from chainrule.eager import apply, binary, operand, tensor_operand, unary
from chainrule.primitives import elementwise as E

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
bitwise_and = binary(E.bitwise_and)
bitwise_or = binary(E.bitwise_or)

neg = unary(E.neg)
exp = unary(E.exp)
log = unary(E.log)
sqrt = unary(E.sqrt)
sin = unary(E.sin)
cos = unary(E.cos)
tanh = unary(E.tanh)
sigmoid = unary(E.sigmoid)
erf = unary(E.erf)
relu = unary(E.relu)
abs = unary(E.abs)
sign = unary(E.sign)
logical_not = unary(E.logical_not)
isnan = unary(E.isnan)
clone = unary(E.clone)


def square(input: Any) -> Tensor:
    """``input`` times itself, elementwise."""
    return pow(input, 2)


def logical_and(input: Any, other: Any) -> Tensor:
    """Whether both are true, or not 0, elementwise."""
    return bitwise_and(ne(input, 0), ne(other, 0))


def logical_or(input: Any, other: Any) -> Tensor:
    """Whether one is true, or not 0, elementwise."""
    return bitwise_or(ne(input, 0), ne(other, 0))


def invert(input: Any) -> Tensor:
    """``~input``, for booleans. Raises DTypeError for numbers."""
    input = tensor_operand(input, "~")
    if input._data.dtype.kind != "b":
        raise errors.dtype_not_for_row(input._data.dtype, "~ (logical not)")
    return logical_not(input)


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

    Raises DomainError where both are left out, DTypeError for booleans.
    """
    if min is None and max is None:
        raise errors.clamp_without_bounds()
    low = -math.inf if min is None else min
    high = math.inf if max is None else max
    input = tensor_operand(input, "clamp")
    if input._data.dtype.kind == "b":
        raise errors.dtype_not_for_row(input._data.dtype, "clamp")
    if input._data.dtype.kind != "f":  # an integer stays one: infinity would make it a float
        info = np.iinfo(input._data.dtype)
        low, high = (info.min if min is None else min), (info.max if max is None else max)
    return apply(E.clamp, _operands("clamp", input, low, high))


def _operands(row: str, *inputs: Any) -> list[Any]:
    return [operand(x, row) for x in inputs]
