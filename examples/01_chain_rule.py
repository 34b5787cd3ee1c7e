"""Lesson 1: the chain rule of two functions (la règle de la chaîne).

    python examples/01_chain_rule.py

A number x goes through the function a, and what comes out goes through the function b:

    x ──▶ a ──▶ y ──▶ b ──▶ z        y = a(x) = 3·x − 7        z = b(y) = y²

How fast does z move when x moves? Each node knows only its own slope, the local gradient (gradient
local): dy/dx at a, and dz/dy at b. The chain rule multiplies them:

    dz/dx = dz/dy · dy/dx
"""

from __future__ import annotations

from typing import Any

import chainrule
from chainrule import explain
from chainrule.autodiff.numeric import central_difference


def a(x: Any) -> Any:
    """y, from x."""
    return 3 * x - 7


def b(y: Any) -> Any:
    """z, from y."""
    return y**2


def by_hand(x: float) -> tuple[float, float, float]:
    """The local gradients dz/dy and dy/dx, and their product dz/dx."""
    y = a(x)
    dz_dy = 2 * y  # at y, where b is; not at x
    dy_dx = 3.0
    return dz_dy, dy_dx, dz_dy * dy_dx


def by_chainrule(at: float) -> float:
    """The same dz/dx by backpropagation (rétropropagation)."""
    x = chainrule.tensor(at, requires_grad=True)
    y = a(x)
    z = b(y)
    z.backward()
    print(explain(z))
    return x.grad.item()


def by_measuring(at: float) -> float:
    """The same dz/dx by moving x a little to each side: no rule, only a and b themselves."""
    return central_difference(lambda x: b(a(x)), at, h=1e-5)


def main() -> None:
    x = 4.0
    dz_dy, dy_dx, dz_dx = by_hand(x)
    print(f"x = {x:g}, y = a(x) = {a(x):g}, z = b(y) = {b(a(x)):g}\n")
    print(f"by hand        dz/dx = dz/dy · dy/dx = {dz_dy:g} · {dy_dx:g} = {dz_dx:g}")
    print(f"by measuring   dz/dx = {by_measuring(x):.6f}\n")
    print(f"\nby chainrule   dz/dx = {by_chainrule(x):g}")


if __name__ == "__main__":
    main()
