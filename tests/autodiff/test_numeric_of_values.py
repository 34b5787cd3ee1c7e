"""Numerical derivatives of functions written for ``Value`` and for tensors, beside their own gradients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import chainrule as cr
from chainrule import Value
from chainrule.autodiff.numeric import central_difference, forward_difference, richardson
from chainrule.autodiff.step_table import derivative_table

FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "course": lambda w: (w * 1.0 - 2.0) ** 2,
    "tanh": lambda x: (x * 0.8 + 0.1).tanh(),
    "neuron": lambda x: ((x * 2 - 1).sigmoid() - 0.5) ** 2,
    "mixed": lambda x: x.exp() * x.sin() / (x * x + 1).sqrt() + (x * x + 2).log(),
    "shared": lambda x: x * x * x - 3 / x + x.cos() * x,
    "relu": lambda x: (x * 3).relu() + abs(x),
}
each = pytest.mark.parametrize("f", FUNCTIONS.values(), ids=FUNCTIONS)


def tensor(x: float) -> cr.Tensor:
    return cr.tensor(x, dtype=cr.float64)


def slope(f: Callable[[Any], Any], x: float) -> float:
    v = Value(x)
    f(v).backward()
    return float(v.grad)


@each
@pytest.mark.parametrize("number", [Value, tensor], ids=["Value", "tensor"])
@pytest.mark.parametrize("x", [0.7, -1.3])
def test_differences_find_the_gradient(f: Callable[[Any], Any], number: Any, x: float) -> None:
    exact = slope(f, x)
    assert forward_difference(f, x, 1e-7, number=number) == pytest.approx(exact, abs=1e-5)
    assert central_difference(f, x, 1e-5, number=number) == pytest.approx(exact, abs=1e-8)
    assert richardson(f, x, number=number) == pytest.approx(exact, abs=1e-9)


@each
def test_the_table_has_the_gradient_as_its_reference(f: Callable[[Any], Any]) -> None:
    exact = slope(f, 0.7)
    table = derivative_table(f, 0.7, exact, number=Value)
    assert not table.contradicted
    assert table.source == "exact"
    best = table.best("central")
    assert best is not None
    assert best.central == pytest.approx(exact, abs=1e-8)
    assert derivative_table(f, 0.7, number=Value).reference == pytest.approx(exact, abs=1e-8)


def test_a_wrong_gradient_is_contradicted() -> None:
    f = FUNCTIONS["mixed"]
    assert derivative_table(f, 0.7, slope(f, 0.7) * 1.01, number=Value).contradicted
