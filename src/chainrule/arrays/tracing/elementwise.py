"""The elementwise functions of traced arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from chainrule.arrays.tracing.array import (
    Traced,
    aligned,
    common_dtype,
    elementwise,
    lifted,
    of_truths,
    trace_of,
    truth,
)


def _function(operation: str) -> Callable[..., Any]:
    def apply(*operands: Any) -> Any:
        return elementwise(operation, *operands)

    apply.__name__ = operation
    return apply


abs = _function("abs")
cos = _function("cos")
erf = _function("erf")
exp = _function("exp")
isnan = _function("isnan")
log = _function("log")
maximum = _function("maximum")
minimum = _function("minimum")
pow = _function("pow")
sign = _function("sign")
sin = _function("sin")
sqrt = _function("sqrt")
tanh = _function("tanh")


def logical_not(x: Any) -> Any:
    return of_truths("logical_not", x)


def where(condition: Any, x: Any, y: Any) -> Any:
    if not isinstance(condition, (Traced, np.ndarray)):  # a choice that is made already
        return x if condition else y
    trace = trace_of((condition, x, y))
    dtype = common_dtype((x, y))
    sides = [lifted(trace, one, dtype) for one in (x, y)]
    return trace.add("where", aligned(trace, [truth(trace, condition), *sides]))


def astype(x: Any, dtype: Any, /) -> Any:
    name = np.dtype(dtype).name
    return x.trace.result(x.place) if x.type.dtype == name else x.trace.add("astype", (x,), dtype=name)


def zeros_like(x: Any, /) -> Any:
    return filled(x, 0)


def ones_like(x: Any, /) -> Any:
    return filled(x, 1)


def filled(x: Any, value: float, shape: tuple[int, ...] | None = None) -> Any:
    """``value`` throughout, in the dtype of ``x`` and its shape, or ``shape``."""
    number = x.trace.constant(value if x.type.dtype != "bool" else bool(value), x.type.dtype)
    shape = x.shape if shape is None else shape
    return x.trace.copied(number, shape) if shape else number
