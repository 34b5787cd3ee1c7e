"""The halves of a matrix below and above a diagonal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule import errors
from chainrule.eager import tensor_operand, wrap
from chainrule.functional.elementwise import where

if TYPE_CHECKING:
    from chainrule.tensor import Tensor


def tril(input: Any, diagonal: int = 0) -> Tensor:
    """The lower triangle of the last two axes, 0 above the ``diagonal``: 0 is the main one, 1 that above.

    >>> import chainrule as cr
    >>> tril(cr.ones(2, 3)).tolist()
    [[1.0, 0.0, 0.0], [1.0, 1.0, 0.0]]
    """
    input = _matrices(input, "tril")
    return where(_below(input, diagonal), input, 0)


def triu(input: Any, diagonal: int = 0) -> Tensor:
    """The upper triangle of the last two axes, 0 below the ``diagonal``.

    >>> import chainrule as cr
    >>> triu(cr.ones(2, 3)).tolist()
    [[1.0, 1.0, 1.0], [0.0, 1.0, 1.0]]
    """
    input = _matrices(input, "triu")
    return where(_below(input, diagonal - 1), 0, input)


def _matrices(input: Any, name: str) -> Tensor:
    input = tensor_operand(input, name)
    if input.ndim < 2:
        raise errors.triangle_rank(name, input.shape)
    return input


def _below(input: Tensor, diagonal: int) -> Tensor:
    """Whether an element is on the ``diagonal``, or below it."""
    rows, columns = input.shape[-2:]
    return wrap(np.tri(rows, columns, diagonal, np.bool_))
