"""The options of convolutions and pools: a number for each axis of space, and what fits between them."""

from __future__ import annotations

from operator import index
from typing import Any

from chainrule import errors

Sizes = tuple[int, ...]


def per_axis(where: str, option: str, value: Any, axes: int, low: int = 1) -> Sizes:
    """``value`` as a number for each of ``axes``: one stands for all.

    >>> per_axis("conv2d", "stride", 2, 2), per_axis("conv2d", "padding", (0, 1), 2, low=0)
    ((2, 2), (0, 1))
    """
    parts = tuple(value) if isinstance(value, tuple | list) else (value,) * axes
    if len(parts) == 1:
        parts *= axes
    try:
        found = tuple(map(index, parts))
    except TypeError:
        found = ()
    if len(found) != axes or min(found) < low or any(isinstance(part, bool) for part in parts):
        raise errors.per_axis_expected(where, option, value, axes, low)
    return found


def check_fit(where: str, space: Sizes, padding: Sizes, window: Sizes, dilation: Sizes) -> None:
    """Refuses a window that fits nowhere."""
    spans = tuple(d * (k - 1) + 1 for k, d in zip(window, dilation, strict=True))
    if any(n + 2 * p < span for n, p, span in zip(space, padding, spans, strict=True)):
        raise errors.window_too_large(where, space, padding, spans)
