"""What the lessons compute with tensors runs compiled as well as eager."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from steps import assert_same, check

import chainrule
from chainrule import Tensor, nn, optim

EXAMPLES = Path(__file__).parents[2] / "examples"


def lesson(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"example_{name}", EXAMPLES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def gradients(function: Callable[..., Any]) -> Callable[..., Any]:
    """The result of ``function`` of numbers, and its slopes, by tensors that are made inside."""

    def step(*numbers: float) -> Any:
        leaves = [chainrule.tensor(number, requires_grad=True) for number in numbers]
        out = function(*leaves)
        out.backward()
        return out, [leaf.grad for leaf in leaves]

    return step


@pytest.mark.parametrize(
    ("name", "part", "at"),
    [
        ("01_chain_rule", lambda found: lambda x: found.b(found.a(x)), (4.0,)),
        ("02_product", lambda found: lambda x, y: x * y, (3.0, -2.0)),
        ("04_a_b_c_f", lambda found: found.loss, (2.0, 3.0, 4.0, 5.0)),
        ("08_learning_rate", lambda found: found.regression_loss, (1.0,)),
        ("09_graph_knows", lambda found: lambda x, y, z: (x * y + z).log(), (2.0, 3.0, 4.0)),
        ("10_small_step", lambda found: found.thirteen_squares, (5.0,)),
        ("10_small_step", lambda found: found.introduction, (-4.0, 2.0)),
        ("11_derivative_as_limit", lambda found: lambda x: x.tanh(), (0.5,)),
    ],
)
def test_slopes(name: str, part: Callable[[Any], Any], at: tuple[float, ...]) -> None:
    step = gradients(part(lesson(name)))
    compiled = chainrule.compile(step)
    for scale in (1.0, 0.5):
        numbers = [scale * number for number in at]
        assert_same(step(*numbers), compiled(*numbers))


def test_the_gradient_of_the_gradient() -> None:
    loss = lesson("08_learning_rate").regression_loss

    def curvature(at: float) -> Tensor:
        w = chainrule.tensor(at, requires_grad=True)
        (slope,) = chainrule.autograd.grad(loss(w), w, create_graph=True)
        (bend,) = chainrule.autograd.grad(slope, w)
        return bend

    assert chainrule.compile(curvature)(1.0).item() == 2.0


def test_a_descent_of_the_regression() -> None:
    loss = lesson("08_learning_rate").regression_loss
    w = chainrule.tensor(1.0, dtype=chainrule.float64, requires_grad=True)

    @chainrule.compile
    def step(lr: float) -> Tensor:
        w.grad = None
        total = loss(w)
        total.backward()
        with chainrule.no_grad():
            w.sub_(lr * w.grad)
        return total

    assert step.loop(0.25, steps=6).tolist() == [4.0**-k for k in range(6)]
    assert w.item() == 2 - 0.5**6


def neuron(x: Tensor, y: Tensor) -> Any:
    """The tanh neuron of two lessons, with the slopes by hand beside those of the way back."""
    w, b = chainrule.tensor([0.5, -0.25], requires_grad=True), chainrule.tensor(0.5, requires_grad=True)
    n = x @ w + b
    o = chainrule.tanh(n)
    loss = ((o - y) ** 2).sum()
    loss.backward()
    with chainrule.no_grad():
        by_hand = ((2 * o - 2 * y) * (1 - chainrule.tanh(n) ** 2)) @ x
    return loss, by_hand, w.grad, b.grad


def test_the_tanh_neuron() -> None:
    x, y = chainrule.tensor([[1.0, 2.0], [-1.5, 0.5]]), chainrule.tensor([1.0, -1.0])
    check(lambda: (neuron, []), (x, y), (x * 2, y))
    _, by_hand, grad, _ = chainrule.compile(neuron)(x, y)
    np.testing.assert_allclose(by_hand.tolist(), grad.tolist(), rtol=1e-5)


def test_the_networks_of_mini_batches_and_of_digits() -> None:
    found = lesson("digits")
    rng = np.random.default_rng(0)
    pixels = chainrule.tensor(rng.random((9, 64)).astype("float32"))
    digits = chainrule.tensor(rng.integers(0, 10, 9))

    def make() -> tuple[Callable[..., Any], list[Tensor]]:
        chainrule.manual_seed(1)
        model = found.network()
        optimizer = optim.SGD(model.parameters(), lr=found.LEARNING_RATE, momentum=0.9)

        def step(pixels: Tensor, digits: Tensor) -> Any:
            scores = model(pixels)
            loss = nn.functional.cross_entropy(scores, digits)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            with chainrule.no_grad():
                return loss, chainrule.softmax(scores, 1), (scores.argmax(1) == digits).float().mean()

        return step, [*model.parameters()]

    check(make, *[(pixels, digits)] * 4)
