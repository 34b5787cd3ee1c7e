"""Making tensors: from data, filled, in steps, at random. PyTorch's names."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule import eager, errors, random
from chainrule.axes import positive_sizes
from chainrule.conversion import as_dtype
from chainrule.eager import checked, native, wrap
from chainrule.tensor import Tensor

_FLOAT = np.float32


def tensor(data: Any, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """A new tensor of ``data``: a number, nested lists, a numpy array (copied), or a tensor (copied).

    Python floats become float32, Python integers int64; numpy arrays keep their dtype.

    >>> tensor([[1.0, 2.0], [3.0, 4.0]]).shape
    (2, 2)

    Raises DTypeError for what is not an array of real numbers, and for a gradient of integers.
    """
    return Tensor(data, dtype, requires_grad)


def _made(array: Any, requires_grad: bool) -> Tensor:
    return wrap(array).requires_grad_(requires_grad)


def zeros(*size: Any, dtype: Any = _FLOAT, requires_grad: bool = False) -> Tensor:
    """A tensor of zeros."""
    return _made(np.zeros(positive_sizes(size, "zeros"), as_dtype(dtype)), requires_grad)


def ones(*size: Any, dtype: Any = _FLOAT, requires_grad: bool = False) -> Tensor:
    """A tensor of ones."""
    return _made(np.ones(positive_sizes(size, "ones"), as_dtype(dtype)), requires_grad)


def full(size: Any, fill_value: Any, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """A tensor of one value, of the dtype that ``tensor(fill_value)`` would have."""
    filled = Tensor(fill_value, dtype)
    if filled.ndim:
        raise errors.fill_not_a_number(filled.shape)
    shape = positive_sizes((size,), "full")
    return _made(np.full(shape, filled._data, filled.dtype), requires_grad)


def zeros_like(input: Tensor, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """Zeros in the shape of ``input``."""
    if not isinstance(input, Tensor):
        raise errors.not_a_tensor(input, "zeros_like")
    return zeros(*input.shape, dtype=dtype or input.dtype, requires_grad=requires_grad)


def ones_like(input: Tensor, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """Ones in the shape of ``input``."""
    if not isinstance(input, Tensor):
        raise errors.not_a_tensor(input, "ones_like")
    return ones(*input.shape, dtype=dtype or input.dtype, requires_grad=requires_grad)


def eye(n: int, m: int | None = None, dtype: Any = _FLOAT, requires_grad: bool = False) -> Tensor:
    """The identity matrix."""
    rows, columns = positive_sizes((n, n if m is None else m), "eye")
    return _made(np.eye(rows, columns, dtype=as_dtype(dtype)), requires_grad)


def _finite(*bounds: Any) -> tuple[Any, ...]:
    """``bounds``, refused unless they are finite real numbers."""
    if not all(isinstance(n, (int, float, np.number)) and np.isfinite(n) for n in bounds):
        raise errors.range_invalid(bounds)
    return bounds


def arange(
    start: Any, end: Any = None, step: Any = 1, dtype: Any = None, requires_grad: bool = False
) -> Tensor:
    """Numbers from ``start`` (0 if it is alone) up to, and without, ``end``."""
    if end is None:
        start, end = 0, start
    bounds = _finite(start, end, step)
    if step == 0 or (end - start) * step < 0:
        raise errors.range_invalid(bounds)
    if dtype is None:
        dtype = np.int64 if all(isinstance(n, (int, np.integer)) for n in bounds) else _FLOAT
    return _made(np.arange(*bounds).astype(as_dtype(dtype)), requires_grad)


def linspace(
    start: float, end: float, steps: int, dtype: Any = _FLOAT, requires_grad: bool = False
) -> Tensor:
    """``steps`` numbers from ``start`` to ``end``, both included, evenly apart."""
    (count,) = positive_sizes((steps,), "linspace")
    _finite(start, end)
    return _made(np.linspace(start, end, count, dtype=as_dtype(dtype)), requires_grad)


def from_numpy(array: np.ndarray) -> Tensor:
    """A tensor that shares the memory of ``array``, which must be writeable."""
    if eager.brought is not None and (found := eager.brought(array)) is not None:
        return wrap(found)
    if not isinstance(array, np.ndarray):
        raise errors.not_a_numpy_array(array)
    if not array.flags.writeable:
        raise errors.array_read_only(array.shape)
    if not checked(array).dtype.isnative:
        raise errors.array_not_native(array.dtype)
    return wrap(native(array))


def randn(*size: Any, dtype: Any = _FLOAT, requires_grad: bool = False) -> Tensor:
    """Numbers from the normal distribution of mean 0 and variance 1."""
    shape = positive_sizes(size, "randn")
    numbers = eager.asarray(random.generator().standard_normal(shape))
    return _made(numbers.astype(as_dtype(dtype)), requires_grad)


def rand(*size: Any, dtype: Any = _FLOAT, requires_grad: bool = False) -> Tensor:
    """Numbers evenly from [0, 1)."""
    numbers = eager.asarray(random.generator().random(positive_sizes(size, "rand")))
    found = as_dtype(dtype)
    below_one = np.nextafter(np.ones((), found), 0) if found.kind == "f" else None
    numbers = numbers.astype(found)
    return _made(numbers if below_one is None else eager.xp.minimum(numbers, below_one), requires_grad)


def randint(low: int, high: Any = None, size: Any = None, dtype: Any = np.int64) -> Tensor:
    """Integers evenly from ``low`` (0 if it is left out) up to, and without, ``high``."""
    if size is None:
        low, high, size = 0, low, high
    elif high is None:
        low, high = 0, low
    shape = positive_sizes((size,), "randint")
    if not all(isinstance(n, (int, np.integer)) for n in (low, high)) or low >= high:
        raise errors.range_invalid((low, high))
    return wrap(eager.asarray(random.generator().integers(low, high, shape)).astype(as_dtype(dtype)))


def randperm(n: int) -> Tensor:
    """The integers 0 to n − 1 in random order."""
    (count,) = positive_sizes((n,), "randperm")
    return wrap(random.generator().permutation(count))
