"""Lesson 9: where the operations are stored, T1 = log(T2·T3 + T4).

    python examples/09_graph_knows.py

The weights are numbers in tensors; but where is the equation itself? In the result: every tensor
that an operation made holds that operation in ``grad_fn``, and each operation holds those before it
in ``next_functions``. This is the graph (le graphe de calcul), and T1.backward() walks along it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import chainrule
from chainrule import explain


def operations(node: Any, depth: int = 0) -> Iterator[tuple[int, str]]:
    """The operations from ``node`` back to the leaves, each with its distance."""
    if not hasattr(node, "next_functions"):
        yield depth, f"leaf {node.item():g}"
        return
    yield depth, node.name()
    for parent, _ in node.next_functions:
        yield from operations(parent, depth + 1)


def log_of_sum() -> tuple[list[tuple[int, str]], dict[str, float]]:
    """The operations that T1 knows, and its gradients."""
    T2 = chainrule.tensor(2.0, requires_grad=True)
    T3 = chainrule.tensor(3.0, requires_grad=True)
    T4 = chainrule.tensor(4.0, requires_grad=True)
    T1 = chainrule.log(T2 * T3 + T4)
    print(f"T1 = {T1}\n")
    print(f"T1.grad_fn                    {T1.grad_fn.name()}")
    print(f"T1.grad_fn.next_functions[0]  {T1.grad_fn.next_functions[0][0].name()}\n")
    known = list(operations(T1.grad_fn))
    for depth, name in known:
        print("    " * depth + name)
    T1.backward()
    print(f"\n{explain(T1)}")
    return known, {"T2": T2.grad.item(), "T3": T3.grad.item(), "T4": T4.grad.item()}


def by_hand(t2: float, t3: float, t4: float) -> dict[str, float]:
    """log'(u) = 1/u with u = T2·T3 + T4, then the chain rule (règle de la chaîne)."""
    u = t2 * t3 + t4
    return {"T2": t3 / u, "T3": t2 / u, "T4": 1 / u}


def main() -> None:
    _, found = log_of_sum()
    print("\n         by hand   backward()")
    for name, expected in by_hand(2.0, 3.0, 4.0).items():
        print(f"dT1/d{name}  {expected:6.4f}       {found[name]:6.4f}")


if __name__ == "__main__":
    main()
