"""The linear map, and the change of shape that often comes before it."""

from __future__ import annotations

from math import sqrt
from typing import Any

from chainrule.counts import count
from chainrule.nn import functional as F
from chainrule.nn.initial import uniform
from chainrule.nn.module import Module
from chainrule.nn.parameter import Parameter
from chainrule.tensor import Tensor


class Linear(Module):
    """``y = x @ weightᵀ + bias``: every output is a weighted sum of all inputs.

    Input (..., in_features), output (..., out_features); ``weight`` is (out_features,
    in_features) and ``bias`` (out_features,), or None with ``bias=False``. Both start uniform in
    ±1/√in_features (He and others, 2015, with PyTorch's constants), drawn from the generator
    behind `chainrule.manual_seed`. Raises `ShapeError` for an input with another last axis.

    >>> import chainrule
    >>> from chainrule import nn
    >>> layer = nn.Linear(3, 2)
    >>> layer
    Linear(in_features=3, out_features=2, bias=True)
    >>> tuple(layer(chainrule.ones(5, 3)).shape)
    (5, 2)
    """

    bias: Parameter | None

    def __init__(self, in_features: int, out_features: int, bias: bool = True, dtype: Any = None) -> None:
        self.in_features = count("Linear", "in_features", in_features)
        self.out_features = count("Linear", "out_features", out_features)
        bound = 1 / sqrt(self.in_features)
        self.weight = uniform(bound, (self.out_features, self.in_features), dtype)
        self.bias = uniform(bound, (self.out_features,), dtype) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        """``x @ weightᵀ + bias``, for ``x`` of shape (..., in_features)."""
        return F.linear(x, self.weight, self.bias)

    def extra_repr(self) -> str:
        return (
            f"in_features={self.in_features}, out_features={self.out_features}, "
            f"bias={self.bias is not None}"
        )


class Flatten(Module):
    """Merges the axes ``start_dim`` to ``end_dim`` into one; by default all but the first.

    >>> import chainrule
    >>> from chainrule import nn
    >>> tuple(nn.Flatten()(chainrule.ones(5, 8, 8)).shape)
    (5, 64)
    """

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        self.start_dim = start_dim
        self.end_dim = end_dim

    def forward(self, x: Tensor) -> Tensor:
        """``x`` with its axes merged."""
        return x.flatten(self.start_dim, self.end_dim)

    def extra_repr(self) -> str:
        return f"start_dim={self.start_dim}, end_dim={self.end_dim}"
