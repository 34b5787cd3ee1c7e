"""Lesson 3: a linear regression, from one gradient to the minimum (la régression linéaire).

    python examples/03_regression.py

    x ──┐
        (·) ──▶ ŷ ──┐
    w ──┘           (−) ──▶ S ──▶ (²) ──▶ L
                y ──┘

    1. read the graph forward (lecture avant): ŷ = x·w, S = ŷ − y, and the loss (le regret) L = S²
    2. the local gradients (gradients locaux): dL/dS = 2·S, dS/dŷ = 1, dŷ/dw = x
    3. go back (rétropropagation): dL/dw = dL/dS · dS/dŷ · dŷ/dw = 2·S·x

With x = 1, y = 2 and w = 1 that is L = 1 and dL/dw = −2: to lessen the loss, w must grow. So
w takes a step against its gradient, w ← w − lr · dL/dw, and the three stages begin again.
"""

from __future__ import annotations

from typing import NamedTuple

import chainrule
from chainrule import explain


class Step(NamedTuple):
    """Where one step of the descent stands, and the slope that it finds there."""

    w: float
    loss: float
    gradient: float


def first_gradient() -> tuple[float, float]:
    """L and dL/dw at w = 1, explained."""
    x = chainrule.tensor(1.0)
    y = chainrule.tensor(2.0)
    w = chainrule.tensor(1.0, requires_grad=True)
    y_hat = x * w
    S = y_hat - y
    L = S**2
    L.backward()
    print(explain(L))
    return L.item(), w.grad.item()


def descend(lr: float = 0.25, steps: int = 12) -> list[Step]:
    """Gradient descent (descente de gradient) from w = 1: each step, before w is updated."""
    x = chainrule.tensor(1.0)
    y = chainrule.tensor(2.0)
    w = chainrule.tensor(1.0, requires_grad=True)
    path = []
    for _ in range(steps):
        L = (x * w - y) ** 2
        L.backward()
        path.append(Step(w.item(), L.item(), w.grad.item()))
        with chainrule.no_grad():  # the update is not part of the graph
            w -= lr * w.grad
        w.grad = None  # or the next backward would add to it
    return path


def main() -> None:
    loss, gradient = first_gradient()
    print(f"\nL = {loss:g}, dL/dw = {gradient:g}\n")
    print("Down to the minimum, w ← w − 0.25 · dL/dw:\n")
    print("step        w           L       dL/dw")
    for number, step in enumerate(descend()):
        print(f"{number:4d} {step.w:8.5f}  {step.loss:10.3e}  {step.gradient:10.3e}")
    print("\nEach step halves the distance to w = 2, where ŷ = y and the loss is 0.")


if __name__ == "__main__":
    main()
