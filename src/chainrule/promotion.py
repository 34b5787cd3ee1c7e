"""PyTorch's promotion of operands of different dtypes."""

from __future__ import annotations

from typing import Any

import numpy as np

_CATEGORY = {"b": 0, "u": 1, "i": 1, "f": 2}


def promoted(x: Any, y: Any) -> tuple[Any, Any]:
    """Two arrays of different dtypes in the one that PyTorch computes in: floats win over integers, and
    these over booleans; among equals, an array wins over a number of rank 0, and the wider otherwise."""
    a, b = _CATEGORY[x.dtype.kind], _CATEGORY[y.dtype.kind]
    if a != b:
        dtype = x.dtype if a > b else y.dtype
    elif bool(x.ndim) != bool(y.ndim):
        dtype = x.dtype if x.ndim else y.dtype
    else:
        dtype = np.promote_types(x.dtype, y.dtype)
    return x.astype(dtype, copy=False), y.astype(dtype, copy=False)


def all_promoted(operands: list[Any]) -> list[Any]:
    """The same for any number of operands; conditions, which are boolean, stay as they are."""
    numbers = [x for x in operands if _has_numbers(x)]
    if len({x.dtype for x in numbers}) < 2:
        return operands
    common = numbers[0]
    for x in numbers[1:]:
        a, b = promoted(common, x)
        common = a if a.ndim >= b.ndim else b
    return [x.astype(common.dtype, copy=False) if _has_numbers(x) else x for x in operands]


def _has_numbers(x: Any) -> bool:
    dtype = getattr(x, "dtype", None)  # a Python number has none
    return dtype is not None and dtype.kind != "b"
