"""Lesson 2: one node of the graph, z = x·y (le graphe de calcul).

    python examples/02_product.py

    x ──┐
        (·) ──▶ z        dz/dx = y        dz/dy = x
    y ──┘

The slope of a product along one input is the other input. And when both inputs are the same
number, z = x·x, each of the two places sends its own gradient back to x, and they add up: x + x.
"""

from __future__ import annotations

import chainrule
from chainrule import explain


def product(left: float, right: float) -> tuple[float, float, float]:
    """z, dz/dx and dz/dy for z = x·y, at x = left and y = right."""
    x = chainrule.tensor(left, requires_grad=True)
    y = chainrule.tensor(right, requires_grad=True)
    z = x * y
    z.backward()
    print(explain(z))
    return z.item(), x.grad.item(), y.grad.item()


def square(number: float) -> tuple[float, float]:
    """z and dz/dx for z = x·x, at x = number."""
    x = chainrule.tensor(number, requires_grad=True)
    z = x * x
    z.backward()
    return z.item(), x.grad.item()


def main() -> None:
    z, dz_dx, dz_dy = product(3.0, -2.0)
    print(f"\nx = 3, y = -2: z = {z:g}, dz/dx = y = {dz_dx:g}, dz/dy = x = {dz_dy:g}")
    z, dz_dx = square(3.0)
    print(f"x = 3, twice:  z = {z:g}, dz/dx = x + x = {dz_dx:g}")


if __name__ == "__main__":
    main()
