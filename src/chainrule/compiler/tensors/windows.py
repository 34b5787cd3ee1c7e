"""The windows of a convolution: how many there are, how they lie, and how many are dealt with at a time.

>>> options = {"stride": (1, 1), "padding": (1, 1), "dilation": (1, 1), "groups": 1}
>>> windows = Windows.of((64, 16, 8, 8), (32, 16, 3, 3), "float32", options)
>>> windows.places, windows.depth
((8, 8), 144)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Any, NamedTuple

from chainrule.compiler.tensors.elements import item_bytes
from chainrule.compiler.types import Shape

#: The bytes of columns that exist at a time, about.
PIECE = 256 * 1024

#: Multiplications of a product that OpenBLAS computes without making copies of the operands first, at one
#: and a half times the speed of those that are a little larger.
QUICK = 1_000_000


@dataclass(frozen=True)
class Windows:
    """A convolution of images as it lies in memory: an image of one axis counts as one of a single row.

    ``channels`` and ``outputs`` are those of a group. The pairs are (rows, columns).
    """

    dtype: str
    batch: int
    groups: int
    channels: int
    outputs: int
    space: tuple[int, int]
    window: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int]
    dilation: tuple[int, int]

    @classmethod
    def of(cls, x: Shape, w: Shape, dtype: str, options: Mapping[str, Any]) -> Windows:
        """Those of an input and a weight of these shapes."""
        groups = options["groups"]
        flat = len(x) == 3

        def pair(sizes: Shape, missing: int) -> tuple[int, int]:
            return (missing, sizes[0]) if flat else (sizes[0], sizes[1])

        return cls(
            dtype,
            x[0],
            groups,
            w[1],
            w[0] // groups,
            pair(x[2:], 1),
            pair(w[2:], 1),
            pair(options["stride"], 1),
            pair(options["padding"], 0),
            pair(options["dilation"], 1),
        )

    @property
    def places(self) -> tuple[int, int]:
        """How many windows there are along each axis."""
        rows, columns = (
            (n + 2 * pad - apart * (size - 1) - 1) // step + 1
            for n, pad, apart, size, step in zip(
                self.space, self.padding, self.dilation, self.window, self.stride, strict=True
            )
        )
        return rows, columns

    @property
    def depth(self) -> int:
        """The numbers of one window."""
        return self.channels * prod(self.window)

    @property
    def image(self) -> int:
        """The numbers of one channel."""
        return prod(self.space)

    @property
    def positions(self) -> int:
        return prod(self.places)

    @property
    def piece(self) -> tuple[int, int]:
        """How many rows and columns of windows are a piece: whole rows, or some of one row."""
        rows, columns = self.places
        fit = max(16, PIECE // max(1, self.depth * item_bytes(self.dtype)))
        quick = QUICK // max(1, self.depth * self.outputs)
        if quick >= max(48, columns):
            fit = min(fit, quick)
        return (min(rows, fit // columns), columns) if fit >= columns else (1, fit)

    @property
    def is_whole(self) -> bool:
        """Whether an image's columns are one piece."""
        return self.piece == self.places

    @property
    def is_pointwise(self) -> bool:
        """Whether the image is its columns, as it is."""
        ones = (1, 1)
        return self.window == ones and self.stride == ones and self.padding == (0, 0)


class Piece(NamedTuple):
    """Windows from a row up to another, and from a column up to another: names of values, or numbers."""

    top: str
    bottom: str
    left: str
    right: str
