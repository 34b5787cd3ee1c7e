"""A rim of one number around a tensor."""

from __future__ import annotations

from collections.abc import Sequence
from operator import index
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule import errors
from chainrule.eager import apply, tensor_operand, wrap
from chainrule.primitives import elementwise, indexing

if TYPE_CHECKING:
    from chainrule.tensor import Tensor


def pad(input: Any, pad: Sequence[int], mode: str = "constant", value: float = 0.0) -> Tensor:
    """``input`` with a rim of ``value``, before and after its last axes.

    ``pad`` counts from the last axis on, two numbers of at least 0 for each: (left, right, top, bottom).
    The one ``mode`` is "constant". Raises ShapeError for other widths.

    >>> import chainrule as cr
    >>> pad(cr.ones(1, 2), (1, 2)).tolist()
    [[0.0, 1.0, 1.0, 0.0, 0.0]]
    """
    input = tensor_operand(input, "pad")
    if mode != "constant":
        raise errors.pad_mode(mode)
    try:
        widths = [*map(index, pad)]
    except TypeError:
        widths = [-1]
    if len(widths) % 2 or len(widths) > 2 * input.ndim or min(widths, default=0) < 0:
        raise errors.pad_widths(pad, input.shape)
    pairs = [*zip(widths[::2], widths[1::2], strict=True)][::-1]
    return surrounded(input, [(0, 0)] * (input.ndim - len(pairs)) + pairs, value)


def surrounded(x: Tensor, widths: Sequence[tuple[int, int]], value: float) -> Tensor:
    """``x`` with ``value`` before and after each axis."""
    if not any(before or after for before, after in widths):
        return apply(elementwise.clone, (x,))
    shape = tuple(n + before + after for n, (before, after) in zip(x.shape, widths, strict=True))
    key = tuple(slice(before, before + n) for n, (before, _) in zip(x.shape, widths, strict=True))
    if value == 0:
        return apply(indexing.index_add, (x,), {"key": key, "shape": shape})
    return apply(indexing.put, (wrap(np.full(shape, value, x.dtype)), x), {"key": key})
