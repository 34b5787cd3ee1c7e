"""Lesson 5: a neuron with two inputs and tanh, one sample (un neurone, deux entrées).

    python examples/05_tanh_neuron.py

    n1 = X@W + b        o1 = tanh(n1)        L = (o1 − y)²

By hand, as the course writes it, and then by backpropagation. With ŷ = o1 the prediction:

    L = (ŷ − y)² = ŷ² + y² − 2·ŷ·y        so  dL/do1 = 2·o1 − 2·y
    tanh'(n) = 1 − tanh(n)·tanh(n)        so  do1/db = 1 − tanh(n1)²
    the chain rule                            dL/db  = dL/do1 · do1/db
"""

from __future__ import annotations

from typing import NamedTuple

import chainrule
from chainrule import explain


class Gradients(NamedTuple):
    """The two local gradients, their product, and what backpropagation found."""

    dLdo1: float
    do1db: float
    dLdb: float
    b_grad: float


def neuron() -> Gradients:
    X = chainrule.tensor([1.0, 2.0])
    y = chainrule.tensor(1.0)
    W = chainrule.tensor([0.5, -0.25], requires_grad=True)
    b = chainrule.tensor(0.5, requires_grad=True)

    # Read the graph forward (forward pass, lecture avant).
    n1 = X @ W + b
    o1 = chainrule.tanh(n1)
    L = (o1 - y) ** 2

    # By hand; numbers only, so no graph is kept of them.
    with chainrule.no_grad():
        dLdo1 = 2 * o1 - 2 * y
        do1db = 1 - chainrule.tanh(n1) ** 2
        dLdb = dLdo1 * do1db
    print(f"n1 = {n1.item():.4f}, o1 = {o1.item():.4f}, L = {L.item():.4f}\n")
    print(f"{dLdo1=}")
    print(f"{do1db=}")
    print(f"Computed gradient: {dLdb.item()=:.7f}")

    # By backpropagation (backward pass, rétropropagation).
    L.backward()
    print(f"Backpropagation:   {b.grad.item()=:.7f}\n")
    print(explain(L))
    return Gradients(dLdo1.item(), do1db.item(), dLdb.item(), b.grad.item())


def main() -> None:
    neuron()


if __name__ == "__main__":
    main()
