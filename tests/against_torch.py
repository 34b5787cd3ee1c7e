"""One program, two libraries: values, dtypes and gradients held against PyTorch's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

import chainrule as cr

#: A program is written once, for the library that it is given, and for its inputs as tensors.
Program = Callable[..., Any]


def dtype_name(x: Any) -> str:
    return str(x.dtype).removeprefix("torch.")


def leaves(lib: Any, arrays: Sequence[Any]) -> list[Any]:
    """Tensors of ``arrays``; those of floats require grad."""
    made = []
    for array in arrays:
        x = lib.tensor(np.array(array))
        made.append(x.requires_grad_() if np.asarray(array).dtype.kind == "f" else x)
    return made


def as_list(result: Any) -> list[Any]:
    return [*result] if isinstance(result, (tuple, list)) else [result]


def tolerance(x: Any) -> float:
    return 2e-6 if "32" in dtype_name(x) else 1e-13


def assert_same_tensor(ours: Any, theirs: Any, scale: float = 1.0) -> None:
    assert tuple(ours.shape) == tuple(theirs.shape)
    assert dtype_name(ours) == dtype_name(theirs)
    close = tolerance(ours) * scale
    a, b = np.array(ours.tolist(), dtype=np.float64), np.array(theirs.tolist(), dtype=np.float64)
    np.testing.assert_allclose(a, b, rtol=close, atol=close)


def assert_same(program: Program, *arrays: Any) -> None:
    """``program(lib, *tensors)`` gives the same values, dtypes and gradients in both libraries."""
    ours, theirs = leaves(cr, arrays), leaves(torch, arrays)
    results, expected = as_list(program(cr, *ours)), as_list(program(torch, *theirs))
    assert len(results) == len(expected)
    for result, other in zip(results, expected, strict=True):
        if not isinstance(other, torch.Tensor):
            assert type(result) is type(other)
            assert result == other or result != result
            continue
        assert_same_tensor(result, other)
        assert result.requires_grad == other.requires_grad
        if other.requires_grad:
            g = np.random.default_rng(3).normal(size=tuple(other.shape)).astype(dtype_name(other))
            result.backward(cr.tensor(g), retain_graph=True)
            other.backward(torch.tensor(g), retain_graph=True)
    for x, t in zip(ours, theirs, strict=True):
        assert (x.grad is None) == (t.grad is None)
        if t.grad is not None:
            assert_same_tensor(x.grad, t.grad, scale=10.0)
