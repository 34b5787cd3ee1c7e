"""Pools over images: each window becomes one number."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Any

from chainrule import errors
from chainrule.eager import apply, tensor_operand
from chainrule.functional.padding import surrounded
from chainrule.functional.windows import check_fit, per_axis
from chainrule.primitives import pooling

if TYPE_CHECKING:
    from chainrule.tensor import Tensor


def max_pool2d(input: Any, kernel_size: Any, stride: Any = None, padding: Any = 0) -> Tensor:
    """The largest number of each window of (…, height, width); the first of equals receives the gradient.

    The windows are ``stride`` apart, which is their own size where it is left out; ``padding`` adds a rim
    that no window's largest comes from. ``input`` is (batch, channels, height, width) or (channels, height,
    width). Raises ShapeError, DomainError or DTypeError where the options do not fit.

    >>> import chainrule as cr
    >>> max_pool2d(cr.arange(16.0).reshape(1, 1, 4, 4), 2).tolist()
    [[[[5.0, 7.0], [13.0, 15.0]]]]
    """
    return _pool(pooling.max_pool, "max_pool2d", input, kernel_size, stride, padding, -inf)


def avg_pool2d(input: Any, kernel_size: Any, stride: Any = None, padding: Any = 0) -> Tensor:
    """The mean of each window, with zeros in the rim of ``padding``, which count; otherwise as
    :func:`max_pool2d`.

    >>> import chainrule as cr
    >>> avg_pool2d(cr.arange(16.0).reshape(1, 1, 4, 4), 2).tolist()
    [[[[2.5, 4.5], [10.5, 12.5]]]]
    """
    return _pool(pooling.avg_pool, "avg_pool2d", input, kernel_size, stride, padding, 0.0)


def _pool(row: Any, where: str, input: Any, size: Any, stride: Any, padding: Any, rim: float) -> Tensor:
    input = tensor_operand(input, where)
    if input.ndim not in (3, 4):
        raise errors.window_input(where, input.shape, 2, unbatched=True)
    if input.dtype.kind != "f":
        raise errors.dtype_not_for_row(input.dtype, where)
    window = per_axis(where, "kernel_size", size, 2)
    steps = window if stride is None else per_axis(where, "stride", stride, 2)
    added = per_axis(where, "padding", padding, 2, low=0)
    if any(2 * p > k for p, k in zip(added, window, strict=True)):
        raise errors.pool_padding(where, added, window)
    check_fit(where, input.shape[-2:], added, window, (1, 1))
    if any(added):
        input = surrounded(input, [(0, 0)] * (input.ndim - 2) + [(p, p) for p in added], rim)
    return apply(row, (input,), {"window": window, "stride": steps})
