"""Traced arrays as an Array API namespace: what is computed with them becomes an array program.

A traced array has a shape and a dtype, and no numbers yet: it stands for a result of the program that its
:class:`Trace` writes down. Whatever would need the numbers now (an ``if``, ``float(x)``, ``math.exp(x)``)
is an error that names the line.

>>> trace = Trace("half_square")
>>> x = trace.input("x", (3,))
>>> print(trace.program({"y": sum(x * x / 2)}))
half_square(x: f64[3]) -> y: f64
  v1 = x * x                                      f64[3]
  v4 = v1 / 2.0                                   f64[3]
  v5 = sum(v4)                                    f64
  y = v5
"""

from __future__ import annotations

from chainrule.arrays.tracing.array import Traced
from chainrule.arrays.tracing.elementwise import (
    abs,
    astype,
    cos,
    erf,
    exp,
    isnan,
    log,
    logical_not,
    maximum,
    minimum,
    ones_like,
    pow,
    sign,
    sin,
    sqrt,
    tanh,
    where,
    zeros_like,
)
from chainrule.arrays.tracing.indexing import getitem, index_add, put, scatter_add, take_along_axis
from chainrule.arrays.tracing.products import (
    convolution,
    convolution_input,
    convolution_weight,
    matmul,
)
from chainrule.arrays.tracing.reductions import argmax, argmin, argsort, max, mean, min, sum
from chainrule.arrays.tracing.shapes import (
    broadcast_to,
    concat,
    expand_dims,
    matrix_transpose,
    permute_dims,
    reshape,
    squeeze,
    stack,
)
from chainrule.arrays.tracing.trace import Trace, place_now

__all__ = [
    "Trace",
    "Traced",
    "abs",
    "argmax",
    "argmin",
    "argsort",
    "astype",
    "broadcast_to",
    "concat",
    "convolution",
    "convolution_input",
    "convolution_weight",
    "cos",
    "erf",
    "exp",
    "expand_dims",
    "getitem",
    "index_add",
    "isnan",
    "log",
    "logical_not",
    "matmul",
    "matrix_transpose",
    "max",
    "maximum",
    "mean",
    "min",
    "minimum",
    "ones_like",
    "permute_dims",
    "place_now",
    "pow",
    "put",
    "reshape",
    "scatter_add",
    "sign",
    "sin",
    "sqrt",
    "squeeze",
    "stack",
    "sum",
    "take_along_axis",
    "tanh",
    "where",
    "zeros_like",
]
