"""Pools over images, as modules."""

from __future__ import annotations

from typing import Any

from chainrule.functional.windows import Sizes, per_axis
from chainrule.nn import functional as F
from chainrule.nn.module import Module
from chainrule.tensor import Tensor


class _Pool(Module):
    """Windows of ``kernel_size``, ``stride`` apart: by default side by side."""

    def __init__(self, kernel_size: Any, stride: Any = None, padding: Any = 0) -> None:
        title = type(self).__name__
        self.kernel_size: Sizes = per_axis(title, "kernel_size", kernel_size, 2)
        self.stride: Sizes = per_axis(title, "stride", self.kernel_size if stride is None else stride, 2)
        self.padding: Sizes = per_axis(title, "padding", padding, 2, low=0)

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class MaxPool2d(_Pool):
    """The largest number of each window; see `chainrule.nn.functional.max_pool2d`.

    >>> import chainrule
    >>> from chainrule import nn
    >>> nn.MaxPool2d(2)(chainrule.ones(5, 3, 8, 8)).shape
    (5, 3, 4, 4)
    """

    def forward(self, x: Tensor) -> Tensor:
        """The pool of ``x``, of shape (batch, channels, height, width)."""
        return F.max_pool2d(x, self.kernel_size, self.stride, self.padding)


class AvgPool2d(_Pool):
    """The mean of each window; see `chainrule.nn.functional.avg_pool2d`.

    >>> import chainrule
    >>> from chainrule import nn
    >>> nn.AvgPool2d(3, stride=1, padding=1)(chainrule.ones(5, 3, 8, 8)).shape
    (5, 3, 8, 8)
    """

    def forward(self, x: Tensor) -> Tensor:
        """The pool of ``x``, of shape (batch, channels, height, width)."""
        return F.avg_pool2d(x, self.kernel_size, self.stride, self.padding)
