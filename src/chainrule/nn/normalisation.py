"""Layers that bring numbers to mean 0 and variance 1."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from chainrule.axes import positive_sizes
from chainrule.nn import functional as F
from chainrule.nn.initial import constant
from chainrule.nn.module import Module
from chainrule.nn.parameter import Parameter
from chainrule.tensor import Tensor


class LayerNorm(Module):
    """``(x − mean) / √(variance + eps) · weight + bias`` over the last axes, those of
    ``normalized_shape``; see `chainrule.nn.functional.layer_norm`.

    ``weight`` starts as ones and ``bias`` as zeros, of that shape; both are None with
    ``elementwise_affine=False``, the latter with ``bias=False``.

    >>> import chainrule
    >>> from chainrule import nn
    >>> nn.LayerNorm(2)
    LayerNorm((2,), eps=1e-05, elementwise_affine=True, bias=True)
    >>> nn.LayerNorm(2, eps=0.0)(chainrule.tensor([[1.0, 3.0]])).tolist()
    [[-1.0, 1.0]]
    """

    weight: Parameter | None
    bias: Parameter | None

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
        dtype: Any = None,
    ) -> None:
        self.normalized_shape = positive_sizes((normalized_shape,), "LayerNorm")
        self.eps = eps
        self.elementwise_affine = elementwise_affine
        self.weight = constant(1.0, self.normalized_shape, dtype) if elementwise_affine else None
        self.bias = constant(0.0, self.normalized_shape, dtype) if elementwise_affine and bias else None

    def forward(self, x: Tensor) -> Tensor:
        """``x``, of shape (…, *normalized_shape), normalised."""
        return F.layer_norm(x, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        return (
            f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}, "
            f"bias={self.bias is not None}"
        )
