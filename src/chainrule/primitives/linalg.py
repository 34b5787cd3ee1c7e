"""The matrix product, of every rank."""

from __future__ import annotations

from typing import Any

from chainrule.arrays.shapes import sum_to
from chainrule.primitives.row import sample, structural


def _left(xp: Any, g: Any, out: Any, x: Any, y: Any) -> Any:
    """``g @ yᵀ``; a vector counts as a matrix of one row (left) or one column (right)."""
    if len(x.shape) == 2 == len(y.shape):  # the usual case, where nothing was broadcast
        return xp.matmul(g, xp.matrix_transpose(y))
    if len(y.shape) == 1:
        g = xp.expand_dims(g, axis=-1)
        if len(x.shape) == 1:
            return xp.reshape(g, (1,)) * y
        return sum_to(xp, g * y, x.shape)
    if len(x.shape) == 1:
        g = xp.expand_dims(g, axis=-2)
    return sum_to(xp, xp.matmul(g, xp.matrix_transpose(y)), x.shape)


def _right(xp: Any, g: Any, out: Any, x: Any, y: Any) -> Any:
    """``xᵀ @ g``."""
    if len(x.shape) == 2 == len(y.shape):
        return xp.matmul(xp.matrix_transpose(x), g)
    if len(x.shape) == 1:
        if len(y.shape) == 1:
            return xp.reshape(g, (1,)) * x
        g = xp.expand_dims(g, axis=-2)
        return sum_to(xp, xp.expand_dims(x, axis=-1) * g, y.shape)
    if len(y.shape) == 1:
        # sum over every row of every matrix: one product of a flattened x with a flattened g
        rows = xp.reshape(x, (-1, x.shape[-1]))
        return xp.matmul(xp.matrix_transpose(rows), xp.reshape(g, (-1,)))
    return sum_to(xp, xp.matmul(xp.matrix_transpose(x), g), y.shape)


matmul = structural(
    "matmul",
    lambda xp, x, y: xp.matmul(x, y),
    pullbacks=(_left, _right),
    reads=((1,), (0,)),
    words=("{g} @ {y}ᵀ", "{x}ᵀ @ {g}"),
    notation="@",
    torch="Mm",
    samples=(
        sample((3, 4), (4, 2)),
        sample((4,), (4,)),
        sample((4,), (4, 2)),
        sample((3, 4), (4,)),
        sample((2, 3, 4), (4,)),
        sample((4,), (2, 4, 3)),
        sample((2, 3, 4), (2, 4, 2)),
        sample((2, 1, 3, 4), (5, 4, 2)),
        sample((3, 4), (2, 4, 2)),
    ),
)
