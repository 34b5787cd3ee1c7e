"""Lesson 10: what a gradient of 130 means.

    python examples/10_small_step.py

"If dg/da = 130, a small increase of a is an increase of g with a slope of 130": a small step in a
moves g 130 times as far. It is tried here on an expression whose slope is exactly 130, and on the
expression with which micrograd introduces itself, whose slope along a is 138.8338.

The sign tells the direction: to make g smaller, move a against the gradient.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chainrule import Value
from chainrule.autodiff.step_table import DerivativeTable, derivative_table


def thirteen_squares(a: Any) -> Any:
    """13·a·a. At a = 5, each of the two a's sends back 13·5 = 65, and 65 + 65 = 130."""
    return 13 * a * a


def introduction(a: Any, b: Any) -> Any:
    """micrograd's first expression, gathered into fewer lines; a and b are Values."""
    c = 3 * a + 4 * b + 3
    d = 12 * (a * b + b**3) + 4 * (a + b).relu() + (b - a).relu()
    f = (c - d) ** 2
    return f / 2 + 10 / f


def slope_at_five() -> float:
    """dg/da of g = 13·a·a at a = 5."""
    a = Value(5.0)
    thirteen_squares(a).backward()
    return a.grad


def slopes_of_the_introduction() -> tuple[float, float, float]:
    """g, dg/da and dg/db at a = −4, b = 2."""
    a, b = Value(-4.0), Value(2.0)
    g = introduction(a, b)
    g.backward()
    return g.data, a.grad, b.grad


def ratios(f: Callable[[Any], Any], a: float, steps: list[float]) -> list[float]:
    """How many times as far as a does g move, for each step of a?"""
    start = f(Value(a)).data
    return [(f(Value(a + step)).data - start) / step for step in steps]


def table_of_five() -> DerivativeTable:
    """The slope measured with ever smaller steps, against the 130 of the gradient."""
    return derivative_table(thirteen_squares, 5.0, exact=slope_at_five())


def main() -> None:
    steps = [0.1, 0.01, 0.001, -0.001]
    print(f"g = 13·a·a at a = 5: dg/da = {slope_at_five():g}\n")
    print("  step in a     step in g   times as far")
    for step, ratio in zip(steps, ratios(thirteen_squares, 5.0, steps), strict=True):
        print(f"{step:11g} {step * ratio:13.6f} {ratio:14.3f}")
    print(f"\n{table_of_five()}")

    g, dg_da, dg_db = slopes_of_the_introduction()
    print(f"\nmicrograd's expression: g = {g:.4f}, dg/da = {dg_da:.4f}, dg/db = {dg_db:.4f}\n")
    b = Value(2.0)
    print("  step in a     step in g   times as far")
    for step, ratio in zip(steps, ratios(lambda a: introduction(a, b), -4.0, steps), strict=True):
        print(f"{step:11g} {step * ratio:13.6f} {ratio:14.3f}")


if __name__ == "__main__":
    main()
