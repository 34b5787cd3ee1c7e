"""The products of traced arrays: of matrices, and convolutions."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from chainrule.arrays.tracing.array import common_dtype, lifted, trace_of
from chainrule.arrays.tracing.elementwise import astype
from chainrule.arrays.tracing.reductions import sum
from chainrule.arrays.tracing.shapes import broadcast_to, expand_dims, reshape


def matmul(x: Any, y: Any, /) -> Any:
    """numpy's: a vector counts as a row on the left and as a column on the right; the other axes are
    broadcast."""
    trace, dtype = trace_of((x, y)), common_dtype((x, y))
    x, y = (lifted(trace, one, dtype) for one in (x, y))
    if not x.ndim or not y.ndim or x.shape[-1] != y.shape[-2 if y.ndim > 1 else 0]:
        np.matmul(*(np.broadcast_to(False, one.shape) for one in (x, y)))  # numpy says what is wrong
    row = expand_dims(x, axis=0) if x.ndim == 1 else x
    column = expand_dims(y, axis=1) if y.ndim == 1 else y
    out = _of_matrices(row, column) if dtype.startswith("float") else _of_integers(row, column)
    *batch, rows, columns = out.shape
    left, right = ([] if one.ndim == 1 else [n] for one, n in ((x, rows), (y, columns)))
    return reshape(out, (*batch, *left, *right))


def _of_matrices(x: Any, y: Any) -> Any:
    if y.ndim == 2 < x.ndim:  # all matrices on the left are the rows of one
        rows = reshape(x, (prod(x.shape[:-1]), x.shape[-1]))
        return reshape(_product(rows, y), (*x.shape[:-1], y.shape[-1]))
    batch = np.broadcast_shapes(x.shape[:-2], y.shape[:-2])
    return _product(*(broadcast_to(one, (*batch, *one.shape[-2:])) for one in (x, y)))


def _product(x: Any, y: Any) -> Any:
    return x.trace.add("matmul", (x, y))


def _of_integers(x: Any, y: Any) -> Any:
    """Sums of products, which no float would hold."""
    terms = expand_dims(x, axis=-1) * expand_dims(y, axis=-3)
    return astype(sum(terms, axis=-2), terms.dtype)


def convolution(x: Any, w: Any, /, **attributes: Any) -> Any:
    return _of_two("convolution", x, w, attributes)


def convolution_input(g: Any, w: Any, /, **attributes: Any) -> Any:
    return _of_two("convolution_input", g, w, attributes)


def convolution_weight(g: Any, x: Any, /, **attributes: Any) -> Any:
    return _of_two("convolution_weight", g, x, attributes)


def _of_two(operation: str, x: Any, y: Any, attributes: dict[str, Any]) -> Any:
    trace, dtype = trace_of((x, y)), common_dtype((x, y))
    return trace.add(operation, [lifted(trace, one, dtype) for one in (x, y)], **attributes)
