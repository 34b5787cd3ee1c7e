"""What parameters start from: one number, or draws from the generator behind `chainrule.manual_seed`."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.nn.parameter import Parameter
from chainrule.random import generator
from chainrule.tensor import Tensor

Shape = tuple[int, ...]


def uniform(bound: float, shape: Shape, dtype: Any = None) -> Parameter:
    """Evenly between −``bound`` and ``bound``."""
    return _parameter(generator().uniform(-bound, bound, shape), dtype)


def normal(shape: Shape, dtype: Any = None) -> Parameter:
    """From the normal distribution of mean 0 and variance 1."""
    return _parameter(generator().standard_normal(shape), dtype)


def constant(value: float, shape: Shape, dtype: Any = None) -> Parameter:
    return _parameter(np.full(shape, value), dtype)


def _parameter(numbers: Any, dtype: Any) -> Parameter:
    return Parameter(Tensor(numbers, np.float32 if dtype is None else dtype))
