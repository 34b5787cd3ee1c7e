"""Attention: for each place, a mean of what stands elsewhere, weighted by how well it answers."""

from __future__ import annotations

from math import inf, sqrt
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule import errors
from chainrule.eager import tensor_operand, wrap
from chainrule.functional.dropout import dropout
from chainrule.functional.elementwise import add, mul, where
from chainrule.functional.linalg import matmul
from chainrule.functional.reduction import softmax
from chainrule.functional.shape import transpose

if TYPE_CHECKING:
    from chainrule.tensor import Tensor


def scaled_dot_product_attention(
    query: Any,
    key: Any,
    value: Any,
    attn_mask: Any = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
) -> Tensor:
    """``softmax(query @ keyᵀ · scale) @ value`` (Vaswani and others, 2017).

    ``query`` is (…, L, E), ``key`` (…, S, E) and ``value`` (…, S, V); the result is (…, L, V). ``scale``
    is 1/√E where it is left out. A boolean ``attn_mask``, broadcast to (…, L, S), is True where a place may
    be looked at, and one of floats is added to the scores; ``is_causal`` lets no place look at those after
    it. A place that may look nowhere receives 0. ``dropout_p`` leaves weights out, training or not.

    Raises ShapeError where shapes do not fit, DTypeError for a mask of integers.

    >>> import chainrule as cr
    >>> x = cr.tensor([[1.0, 0.0], [0.0, 1.0]])
    >>> scaled_dot_product_attention(x, x, x, is_causal=True)[0].tolist()
    [1.0, 0.0]
    """
    where = "scaled_dot_product_attention"
    weights = attention_weights(where, query, key, value, attn_mask, is_causal, scale)
    return matmul(dropout(weights, dropout_p), value)


def attention_weights(
    name: str, query: Any, key: Any, value: Any, mask: Any, is_causal: bool, scale: float | None = None
) -> Tensor:
    """How much each place of ``query`` takes of each of ``value``'s: (…, L, S), each row of sum 1."""
    query, key, value = (tensor_operand(x, name) for x in (query, key, value))
    shapes = query.shape, key.shape, value.shape
    if min(map(len, shapes)) < 2 or query.shape[-1] != key.shape[-1] or key.shape[-2] != value.shape[-2]:
        raise errors.attention_shapes(name, *shapes)
    try:
        np.broadcast_shapes(*(shape[:-2] for shape in shapes))
    except ValueError:
        raise errors.attention_shapes(name, *shapes) from None
    factor = 1 / sqrt(query.shape[-1]) if scale is None else scale
    scores = matmul(mul(query, factor), transpose(key, -1, -2))
    if is_causal:
        places, others = scores.shape[-2:]
        scores = where(wrap(np.tri(places, others, dtype=np.bool_)), scores, -inf)
    if mask is None:
        return softmax(scores, -1)
    scores = _masked(name, scores, tensor_operand(mask, name))
    nowhere = scores.detach().amax(-1, keepdim=True) == -inf
    return where(nowhere, 0.0, softmax(where(nowhere, 0.0, scores), -1))


def _masked(name: str, scores: Tensor, mask: Tensor) -> Tensor:
    try:
        fits = np.broadcast_shapes(mask.shape, scores.shape) == scores.shape
    except ValueError:
        fits = False
    if not fits:
        raise errors.attention_mask(name, mask.shape, scores.shape)
    if mask.dtype.kind == "b":
        return where(mask, scores, -inf)
    if mask.dtype.kind != "f":
        raise errors.attention_mask_dtype(name, mask.dtype)
    return add(scores, mask)
