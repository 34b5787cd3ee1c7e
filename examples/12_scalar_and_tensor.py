"""Lesson 12: scalar or tensor (scalaire ou tenseur).

    python examples/12_scalar_and_tensor.py

The same tanh neuron, on the same 100 samples of 50 inputs each, twice: with every number a Value, a
graph of thousands of nodes; and with the numbers in Tensors, a graph of a handful. The loss and the
gradients are the same, because the rules are the same. The time is not.
"""

from __future__ import annotations

import time
from typing import NamedTuple

import numpy as np

import chainrule
from chainrule import Value

SAMPLES, INPUTS = 100, 50


class Pass(NamedTuple):
    """One pass forward and back: its loss, dL/dw, dL/db and how long it took."""

    loss: float
    dw: list[float]
    db: float
    seconds: float


def numbers() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Inputs (100, 50), targets (100,) and weights (50,), in float64."""
    random = np.random.default_rng(0)
    inputs = random.normal(size=(SAMPLES, INPUTS))
    return inputs, random.choice([-1.0, 1.0], SAMPLES), random.normal(size=INPUTS) / 10


def with_values(inputs: np.ndarray, targets: np.ndarray, weights: np.ndarray) -> Pass:
    """Every number a Value, as in micrograd."""
    start = time.perf_counter()
    w = [Value(number) for number in weights]
    b = Value(0.5)
    loss = Value(0.0)
    for x, y in zip(inputs.tolist(), targets.tolist(), strict=True):
        n = b
        for w_i, x_i in zip(w, x, strict=True):
            n = n + w_i * x_i
        loss = loss + (n.tanh() - y) ** 2
    loss.backward()
    seconds = time.perf_counter() - start
    return Pass(loss.data, [w_i.grad for w_i in w], b.grad, seconds)


def with_tensors(inputs: np.ndarray, targets: np.ndarray, weights: np.ndarray) -> Pass:
    """All samples at once, as in PyTorch."""
    start = time.perf_counter()
    x, y = chainrule.tensor(inputs), chainrule.tensor(targets)
    w = chainrule.tensor(weights, requires_grad=True)
    b = chainrule.tensor(0.5, dtype=chainrule.float64, requires_grad=True)
    loss = ((chainrule.tanh(x @ w + b) - y) ** 2).sum()
    loss.backward()
    seconds = time.perf_counter() - start
    return Pass(loss.item(), w.grad.tolist(), b.grad.item(), seconds)


def main() -> None:
    data = numbers()
    with_tensors(*data)  # once unmeasured, so that nothing is timed that only a first call needs
    values, tensors = with_values(*data), with_tensors(*data)
    print(f"           {'loss':>18s} {'dL/dw[0]':>19s} {'dL/db':>18s}       time")
    for name, found in (("Value", values), ("Tensor", tensors)):
        print(
            f"{name:9s} {found.loss:19.14f} {found.dw[0]:19.14f} {found.db:18.14f} "
            f"{found.seconds * 1e3:7.2f} ms"
        )
    apart = max(abs(a - b) for a, b in zip(values.dw, tensors.dw, strict=True))
    print(f"\nThe {INPUTS} gradients dL/dw differ by at most {apart:.0e}: rounding.")
    print(f"Tensors took 1/{values.seconds / tensors.seconds:.0f} of the time.")


if __name__ == "__main__":
    main()
