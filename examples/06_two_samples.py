"""Lesson 6: the same neuron, two samples (deux données d'entrée).

    python examples/06_two_samples.py

Two samples x1 and x2 go through one neuron with the weights w1, and both predictions count:

    o1 = tanh(x1@w1 + b)        o2 = tanh(x2@w1 + b)        L = (o1 − y[0])² + (o2 − y[1])²

The first weight is used for both samples, so it gets two gradients, dLdw11 from sample 1 and
dLdw21 from sample 2, and likewise the second weight. What backpropagation leaves in w1.grad is
their sum: whenever a number is used twice, its gradients add.
"""

from __future__ import annotations

from typing import NamedTuple

import chainrule
from chainrule import explain


class Gradients(NamedTuple):
    """The gradient of each sample for each weight, and what backpropagation left in w1.grad."""

    dLdw11: float
    dLdw12: float
    dLdw21: float
    dLdw22: float
    w1_grad: list[float]


def neuron() -> Gradients:
    x1 = chainrule.tensor([1.0, 2.0])
    x2 = chainrule.tensor([-1.5, 0.5])
    y = chainrule.tensor([1.0, -1.0])
    w1 = chainrule.tensor([0.5, -0.25], requires_grad=True)
    b = chainrule.tensor(0.5, requires_grad=True)

    n1, n2 = x1 @ w1 + b, x2 @ w1 + b
    o1, o2 = chainrule.tanh(n1), chainrule.tanh(n2)
    L = (o1 - y[0]) ** 2 + (o2 - y[1]) ** 2
    L.backward()

    # By hand: with g(x) = tanh(a·x + b), g'(x) = a · (1 − tanh(a·x + b)²).
    with chainrule.no_grad():
        dLdw11 = (2 * o1 - 2 * y[0]) * x1[0] * (1 - chainrule.tanh(n1) ** 2)
        dLdw12 = (2 * o1 - 2 * y[0]) * x1[1] * (1 - chainrule.tanh(n1) ** 2)
        dLdw21 = (2 * o2 - 2 * y[1]) * x2[0] * (1 - chainrule.tanh(n2) ** 2)
        dLdw22 = (2 * o2 - 2 * y[1]) * x2[1] * (1 - chainrule.tanh(n2) ** 2)
    print(f"{dLdw11=}\n{dLdw12=}\n{dLdw21=}\n{dLdw22=}\n")
    print(f"{dLdw11 + dLdw21=}")
    print(f"{dLdw12 + dLdw22=}")
    print(f"{w1.grad=}")
    by_hand = (dLdw11.item(), dLdw12.item(), dLdw21.item(), dLdw22.item())
    return Gradients(*by_hand, w1.grad.tolist())


def both_at_once() -> list[float]:
    """The same w1.grad with the two samples as the rows of one matrix: a batch (mini-batch)."""
    X = chainrule.tensor([[1.0, 2.0], [-1.5, 0.5]])
    y = chainrule.tensor([1.0, -1.0])
    w1 = chainrule.tensor([0.5, -0.25], requires_grad=True)
    b = chainrule.tensor(0.5, requires_grad=True)
    L = ((chainrule.tanh(X @ w1 + b) - y) ** 2).sum()
    L.backward()
    print(explain(L))
    return w1.grad.tolist()


def main() -> None:
    neuron()
    print("\nThe same, with both samples in one matrix:\n")
    both_at_once()


if __name__ == "__main__":
    main()
