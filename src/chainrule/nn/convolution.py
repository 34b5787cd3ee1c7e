"""Convolutions over one and two axes of space."""

from __future__ import annotations

from math import prod, sqrt
from typing import Any, ClassVar

from chainrule import errors
from chainrule.counts import count
from chainrule.functional.windows import Sizes, per_axis
from chainrule.nn import functional as F
from chainrule.nn.initial import uniform
from chainrule.nn.module import Module
from chainrule.nn.parameter import Parameter
from chainrule.tensor import Tensor


class _Convolution(Module):
    """What the convolutions have in common: ``axes`` of space, a weight, and perhaps a bias."""

    axes: ClassVar[int]
    bias: Parameter | None

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
        bias: bool = True,
        dtype: Any = None,
    ) -> None:
        title = type(self).__name__
        self.in_channels = count(title, "in_channels", in_channels)
        self.out_channels = count(title, "out_channels", out_channels)
        self.kernel_size: Sizes = per_axis(title, "kernel_size", kernel_size, self.axes)
        self.stride: Sizes = per_axis(title, "stride", stride, self.axes)
        self.padding: Sizes = per_axis(title, "padding", padding, self.axes, low=0)
        self.dilation: Sizes = per_axis(title, "dilation", dilation, self.axes)
        self.groups = count(title, "groups", groups)
        if self.in_channels % self.groups or self.out_channels % self.groups:
            raise errors.convolution_groups(title, self.groups, self.in_channels, self.out_channels)
        channels = self.in_channels // self.groups
        bound = 1 / sqrt(channels * prod(self.kernel_size))
        self.weight = uniform(bound, (self.out_channels, channels, *self.kernel_size), dtype)
        self.bias = uniform(bound, (self.out_channels,), dtype) if bias else None

    def extra_repr(self) -> str:
        parts = [
            f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={self.stride}"
        ]
        if any(self.padding):
            parts.append(f"padding={self.padding}")
        if max(self.dilation) > 1:
            parts.append(f"dilation={self.dilation}")
        if self.groups > 1:
            parts.append(f"groups={self.groups}")
        return ", ".join(parts if self.bias is not None else [*parts, "bias=False"])


class Conv1d(_Convolution):
    """A convolution along one axis; see `chainrule.nn.functional.conv1d`.

    Input (batch, in_channels, length), output (batch, out_channels, places). ``weight`` is
    (out_channels, in_channels / groups, kernel_size) and ``bias`` (out_channels,), or None with
    ``bias=False``. Both start uniform in ±1/√(in_channels / groups · kernel_size), as `Linear`'s do.

    >>> import chainrule
    >>> from chainrule import nn
    >>> layer = nn.Conv1d(2, 4, kernel_size=3, padding=1)
    >>> layer
    Conv1d(2, 4, kernel_size=(3,), stride=(1,), padding=(1,))
    >>> layer(chainrule.ones(5, 2, 10)).shape
    (5, 4, 10)
    """

    axes = 1

    def forward(self, x: Tensor) -> Tensor:
        """The convolution of ``x``, of shape (batch, in_channels, length)."""
        return F.conv1d(x, self.weight, self.bias, self.stride, self.padding, self.dilation, self.groups)


class Conv2d(_Convolution):
    """A convolution over images; see `chainrule.nn.functional.conv2d`.

    Input (batch, in_channels, height, width), output (batch, out_channels, places down, places
    across). Each option is a number, or one for the height and one for the width. ``weight`` is
    (out_channels, in_channels / groups, window height, window width); the parameters start as
    those of `Conv1d`.

    >>> import chainrule
    >>> from chainrule import nn
    >>> nn.Conv2d(1, 8, 3, stride=2)(chainrule.ones(5, 1, 9, 9)).shape
    (5, 8, 4, 4)
    """

    axes = 2

    def forward(self, x: Tensor) -> Tensor:
        """The convolution of ``x``, of shape (batch, in_channels, height, width)."""
        return F.conv2d(x, self.weight, self.bias, self.stride, self.padding, self.dilation, self.groups)
