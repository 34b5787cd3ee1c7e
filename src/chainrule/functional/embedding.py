"""Rows of a table, by their numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule import errors
from chainrule.eager import tensor_operand
from chainrule.functional.indexing import getitem

if TYPE_CHECKING:
    from chainrule.tensor import Tensor


def embedding(input: Any, weight: Any) -> Tensor:
    """The row of ``weight`` for each number of ``input``: (…) and (entries, features) give (…, features).

    ``input`` holds whole numbers from 0 to entries − 1. Raises DTypeError, ShapeError or
    IndexOutOfRangeError.

    >>> import chainrule as cr
    >>> embedding(cr.tensor([2, 0]), cr.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])).tolist()
    [[5.0, 6.0], [1.0, 2.0]]
    """
    input, weight = tensor_operand(input, "embedding"), tensor_operand(weight, "embedding")
    if weight.ndim != 2:
        raise errors.embedding_weight(weight.shape)
    places, entries = input._data, weight.shape[0]
    if places.dtype.kind not in "iu":
        raise errors.embedding_dtype(places.dtype)
    if places.__class__ is np.ndarray and places.size and not 0 <= places.min() <= places.max() < entries:
        position = tuple(np.argwhere((places < 0) | (places >= entries))[0].tolist())
        raise errors.embedding_index(int(places[position]), position, entries)
    return getitem(weight, input)
