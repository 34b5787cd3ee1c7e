"""The products of vectors and matrices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chainrule import errors
from chainrule.eager import structural_pair, tensor_operand
from chainrule.primitives import linalg

if TYPE_CHECKING:
    from chainrule.tensor import Tensor

_matmul = structural_pair(linalg.matmul)


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
