"""Python floats as an Array API namespace: what a rule runs on when one number is all there is.

Python raises where IEEE 754 has an answer (``1/0``, ``math.log(0)``, ``math.exp(1000)``). The fast path
lets it raise; :func:`ieee` then asks numpy for the answer, so that scalars, tensors and compiled code
agree on infinities and NaN.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from math import cos, erf, exp, log, pow, sin, sqrt, tanh
from typing import Any

import numpy as np

from chainrule.arrays import numpy_namespace

__all__ = [
    "RAISED",
    "abs",
    "cos",
    "erf",
    "exp",
    "ieee",
    "isnan",
    "log",
    "logical_not",
    "maximum",
    "minimum",
    "pow",
    "sign",
    "sin",
    "sqrt",
    "tanh",
    "where",
]

abs = abs
isnan = math.isnan

#: What Python raises where IEEE 754 has an answer.
RAISED = (ArithmeticError, ValueError)


def where(condition: Any, x: Any, y: Any) -> Any:
    return x if condition else y


def logical_not(x: Any) -> bool:
    return not x


def sign(x: float) -> float:
    return float((x > 0) - (x < 0))


def maximum(x: float, y: float) -> float:
    return x if x >= y or x != x else y


def minimum(x: float, y: float) -> float:
    return x if x <= y or x != x else y


def ieee(rule: Callable[..., Any], *numbers: float) -> float:
    """``rule(xp, *numbers)`` with the infinities and NaN that Python refuses to return.

    >>> ieee(lambda xp, x, y: x / y, 1.0, 0.0)
    inf
    """
    with np.errstate(all="ignore"):
        return float(rule(numpy_namespace, *(np.float64(number) for number in numbers)))
