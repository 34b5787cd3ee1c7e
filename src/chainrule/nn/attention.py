"""Attention with several heads, which each look at the places in their own way."""

from __future__ import annotations

from math import inf, sqrt
from typing import Any

from chainrule import errors
from chainrule.counts import count
from chainrule.functional.attention import attention_weights
from chainrule.functional.dropout import check_probability
from chainrule.functional.elementwise import where
from chainrule.nn import functional as F
from chainrule.nn.initial import constant, uniform
from chainrule.nn.linear import Linear
from chainrule.nn.module import Module
from chainrule.nn.parameter import Parameter
from chainrule.tensor import Tensor

_NAME = "MultiheadAttention"


class MultiheadAttention(Module):
    """``num_heads`` attentions side by side, each on its own projection of the features, joined by
    ``out_proj`` (Vaswani and others, 2017). PyTorch's module, with ``batch_first=True`` only.

    The query is (batch, L, embed_dim); the key and the value are (batch, S, embed_dim). Calling it
    gives the output, (batch, L, embed_dim), and the weights, their mean over the heads: (batch, L, S),
    or each head's, (batch, num_heads, L, S); None with ``need_weights=False``.

    ``in_proj_weight``, of shape (3 · embed_dim, embed_dim), makes queries, keys and values in turn; it
    starts uniform in ±√(6 / (4 · embed_dim)) (Glorot and Bengio, 2010), ``out_proj.weight`` as
    `Linear`'s, both biases as zeros. ``dropout`` leaves weights out in training.

    >>> import chainrule
    >>> from chainrule import nn
    >>> attention = nn.MultiheadAttention(8, 2)
    >>> x = chainrule.randn(5, 3, 8)
    >>> output, weights = attention(x, x, x, is_causal=True)
    >>> output.shape, weights.shape
    ((5, 3, 8), (5, 3, 3))
    """

    in_proj_bias: Parameter | None

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        bias: bool = True,
        batch_first: bool = True,
        dtype: Any = None,
    ) -> None:
        self.embed_dim = count(_NAME, "embed_dim", embed_dim)
        self.num_heads = count(_NAME, "num_heads", num_heads)
        check_probability(_NAME, dropout)
        if self.embed_dim % self.num_heads:
            raise errors.attention_heads(self.embed_dim, self.num_heads)
        if not batch_first:
            raise errors.attention_batch_first()
        self.dropout = dropout
        width = self.embed_dim
        self.in_proj_weight = uniform(sqrt(6 / (4 * width)), (3 * width, width), dtype)
        self.in_proj_bias = constant(0.0, (3 * width,), dtype) if bias else None
        self.out_proj = Linear(width, width, bias=False, dtype=dtype)
        self.out_proj.bias = constant(0.0, (width,), dtype) if bias else None

    def forward(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        key_padding_mask: Tensor | None = None,
        need_weights: bool = True,
        attn_mask: Tensor | None = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[Tensor, Tensor | None]:
        """The output, and the weights. A boolean mask is True where a place must *not* be looked at, as in
        PyTorch; one of floats is added to the scores. ``attn_mask`` is (L, S) or (batch · heads, L, S),
        ``key_padding_mask`` (batch, S); ``is_causal`` lets no place look at those after it.
        """
        for what, x in (("query", query), ("key", key), ("value", value)):
            if not isinstance(x, Tensor):
                raise errors.tensor_expected(_NAME, f"the {what}", x)
            if x.ndim != 3 or x.shape[-1] != self.embed_dim:
                raise errors.attention_input(what, x.shape, self.embed_dim)
        q, k, v = (self._heads(x) for x in self._projected(query, key, value))
        mask = self._mask(key_padding_mask, attn_mask, q, k)
        weights = attention_weights(_NAME, q, k, v, mask, is_causal)
        kept = F.dropout(weights, self.dropout, self.training)
        joined = (kept @ v).transpose(1, 2).reshape(query.shape)
        output = self.out_proj(joined)
        if not need_weights:
            return output, None
        return output, kept.mean(1) if average_attn_weights else kept

    def _projected(self, query: Tensor, key: Tensor, value: Tensor) -> list[Tensor]:
        width, weight, bias = self.embed_dim, self.in_proj_weight, self.in_proj_bias
        if query is key is value:
            whole = F.linear(query, weight, bias)
            return [whole[..., start : start + width] for start in range(0, 3 * width, width)]
        return [
            F.linear(x, weight[part], None if bias is None else bias[part])
            for x, part in (
                (query, slice(width)),
                (key, slice(width, 2 * width)),
                (value, slice(2 * width, 3 * width)),
            )
        ]

    def _heads(self, x: Tensor) -> Tensor:
        """(batch, places, features) as (batch, heads, places, features of a head)."""
        return x.reshape(*x.shape[:2], self.num_heads, -1).transpose(1, 2)

    def _mask(self, padding: Any, mask: Any, query: Tensor, key: Tensor) -> Tensor | None:
        """Both masks as one, in the sense of `scaled_dot_product_attention`: True where to look."""
        shape = (*query.shape[:3], key.shape[2])
        if padding is not None:
            padding = _allowed(padding)
            if padding.shape != (shape[0], shape[3]):
                raise errors.attention_mask(_NAME, padding.shape, shape)
            padding = padding.reshape(shape[0], 1, 1, shape[3])
        if mask is not None:
            mask = _allowed(mask)
            if mask.ndim == 3 and mask.shape == (shape[0] * shape[1], *shape[2:]):
                mask = mask.reshape(shape)
        if padding is None or mask is None:
            found: Tensor | None = mask if padding is None else padding
            return found
        if padding.dtype.kind == mask.dtype.kind == "b":
            return padding & mask
        return _added(padding) + _added(mask)

    def extra_repr(self) -> str:
        return f"embed_dim={self.embed_dim}, num_heads={self.num_heads}, dropout={self.dropout}"


def _allowed(mask: Any) -> Tensor:
    if not isinstance(mask, Tensor):
        raise errors.tensor_expected(_NAME, "a mask", mask)
    return ~mask if mask.dtype.kind == "b" else mask


def _added(mask: Tensor) -> Tensor:
    return where(mask, 0.0, -inf) if mask.dtype.kind == "b" else mask
