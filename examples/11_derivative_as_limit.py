"""Lesson 11: the derivative as a limit (la dérivée), (f(x+h) − f(x))/h as h goes to 0.

    python examples/11_derivative_as_limit.py

A derivative is a local slope, so it can be measured: move x by a small h and see how far f moves.
The smaller h, the nearer to the slope, until the computer's rounding takes over. The function is
the neuron's, f(x) = tanh(x) at x = 0.5, and the exact slope is the one that backpropagation finds.
"""

from __future__ import annotations

import math

from chainrule import Value
from chainrule.autodiff.step_table import DerivativeTable, derivative_table

X = 0.5


def by_formula() -> float:
    """tanh'(x) = 1 − tanh(x)·tanh(x)."""
    return 1 - math.tanh(X) ** 2


def by_backpropagation() -> float:
    """The same by rétropropagation: the rule of tanh, run on numbers."""
    x = Value(X)
    x.tanh().backward()
    return x.grad


def by_shrinking_steps() -> DerivativeTable:
    """The same measured, for h = 0.1, 0.01, …, 1e-15."""
    return derivative_table(math.tanh, X, exact=by_backpropagation())


def main() -> None:
    print(f"by formula           tanh'({X}) = {by_formula():.15f}")
    print(f"by backpropagation   tanh'({X}) = {by_backpropagation():.15f}\n")
    table = by_shrinking_steps()
    print(table)
    print("\nLa même table en français :\n")
    print(table.text(lang="fr"))


if __name__ == "__main__":
    main()
