"""What may become a tensor, and as which array: PyTorch's rules for dtypes."""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from chainrule import eager, errors
from chainrule.eager import checked, default_dtype, native


def as_dtype(dtype: Any) -> Any:
    """``dtype`` as numpy's, refused unless chainrule computes with it."""
    try:
        found = np.dtype(dtype)
    except TypeError:
        raise errors.not_a_dtype(dtype) from None
    if found.kind not in "fiub":
        raise errors.dtype_not_supported(found)
    return found


def as_array(data: Any, dtype: Any) -> np.ndarray:
    """A new array of ``data``: numpy arrays and tensors keep their dtype, Python floats become float32."""
    if dtype is not None:
        dtype = as_dtype(dtype)
    data = _raw(data)
    if eager.brought is not None and (found := eager.brought(data)) is not None:
        return found.astype(found.dtype if dtype is None else dtype)
    if isinstance(data, (np.ndarray, np.generic)):
        return np.array(native(checked(data)), dtype=dtype)
    try:
        array = np.array(_plain(data))
    except errors.TraceError:
        raise
    except (ValueError, TypeError, OverflowError) as error:
        raise errors.not_array_like(data) from error
    if array.dtype.kind not in "fiub":
        raise errors.not_array_like(data)
    if dtype is None:
        number = cast(Any, True if array.dtype.kind == "b" else 1 if array.dtype.kind in "iu" else 1.0)
        dtype = default_dtype(number) if not _holds_float64(data) else array.dtype
    return array.astype(dtype)


def _raw(data: Any) -> Any:
    """The array of a tensor; anything else as it is."""
    return getattr(data, "_data", data)


def _plain(data: Any) -> Any:
    """Nested lists with the tensors in them as arrays."""
    if isinstance(data, (list, tuple)):
        return [_plain(one) for one in data]
    return _raw(data)


def _holds_float64(data: Any) -> bool:
    """Whether numpy's or a tensor's float64 is among nested lists: it is not Python's to shrink."""
    while isinstance(data, (list, tuple)) and data:
        data = data[0]
    data = _raw(data)
    return isinstance(data, (np.ndarray, np.generic)) and bool(data.dtype == np.float64)
