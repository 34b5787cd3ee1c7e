"""Operands of different dtypes: the result's dtype, its numbers and its gradients are PyTorch's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

import chainrule

DTYPES = ("bool", "uint8", "int32", "int64", "float16", "float32", "float64")
SHAPES = ((), (3,))
ROWS: dict[str, Callable[[Any, Any], Any]] = {
    "add": lambda x, y: x + y,
    "mul": lambda x, y: x * y,
    "div": lambda x, y: x / y,
    "lt": lambda x, y: x < y,
}


def both(dtype: str, shape: tuple[int, ...], values: Any) -> tuple[Any, Any]:
    array = np.asarray(np.broadcast_to(values, shape) if shape == () else values).astype(dtype)
    return chainrule.tensor(array), torch.tensor(array)


@pytest.mark.parametrize("row", ROWS)
@pytest.mark.parametrize("first", DTYPES)
@pytest.mark.parametrize("second", DTYPES)
@pytest.mark.parametrize("shapes", [(a, b) for a in SHAPES for b in SHAPES])
def test_two_tensors(row: str, first: str, second: str, shapes: tuple[Any, Any]) -> None:
    tolerance = 2e-3 if "float16" in (first, second) and row == "div" else 1e-6
    x, tx = both(first, shapes[0], [2, 1, 3] if shapes[0] else 2)
    y, ty = both(second, shapes[1], [1, 4, 3] if shapes[1] else 3)
    ours, theirs = ROWS[row](x, y), ROWS[row](tx, ty)
    assert str(ours.dtype) == str(theirs.dtype).removeprefix("torch.")
    np.testing.assert_allclose(ours.numpy(), theirs.numpy(), rtol=tolerance)


@pytest.mark.parametrize("number", [2, 2.5, True, np.float64(2.5), np.float32(2.5), np.int64(2)])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES)
def test_a_number_does_not_widen(number: Any, dtype: str, shape: tuple[int, ...]) -> None:
    x, tx = both(dtype, shape, [2, 1, 3] if shape else 2)
    plain = number.item() if isinstance(number, np.generic) else number
    for ours, theirs in ((x * number, tx * plain), (number * x, plain * tx)):
        assert str(ours.dtype) == str(theirs.dtype).removeprefix("torch.")
        np.testing.assert_allclose(ours.numpy(), theirs.numpy())


@pytest.mark.parametrize("name", ["exp", "sqrt", "tanh", "log", "sin"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_functions_of_integers_are_float32(name: str, dtype: str) -> None:
    x, tx = both(dtype, (3,), [1, 2, 3])
    ours, theirs = getattr(x, name)(), getattr(tx, name)()
    assert str(ours.dtype) == str(theirs.dtype).removeprefix("torch.")
    np.testing.assert_allclose(ours.numpy(), theirs.numpy(), rtol=1e-3 if dtype == "float16" else 1e-6)


def test_gradients_of_mixed_floats_are_computed_in_the_wider() -> None:
    values = np.array([0.3, 1.7, 2.9])
    grads = []
    for lib in (chainrule, torch):
        x = lib.tensor(values.astype(np.float32)).requires_grad_()
        y = lib.tensor(values[::-1].copy()).requires_grad_()
        (x / y + x**y).sum().backward()
        grads.append((x.grad.numpy(), y.grad.numpy()))
    (gx, gy), (tx, ty) = grads
    assert gx.dtype == tx.dtype == np.float32
    assert gy.dtype == ty.dtype == np.float64
    np.testing.assert_allclose(gx, tx, rtol=1e-6)
    np.testing.assert_allclose(gy, ty, rtol=1e-14)
