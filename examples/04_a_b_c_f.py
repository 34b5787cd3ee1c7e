"""Lesson 4: e = a·b, d = e + c, L = d·f, by hand, with Value and with Tensor.

    python examples/04_a_b_c_f.py

    a ──┐
        (·) ──▶ e ──┐
    b ──┘           (+) ──▶ d ──┐
                c ──┘           (·) ──▶ L
                            f ──┘

If a grows a little, does L grow or shrink? The answer is dL/da, and the way back from L finds it:
from L to d, from d to e, from e to a.
"""

from __future__ import annotations

from typing import Any

import chainrule
from chainrule import Value, explain

INPUTS = {"a": 2.0, "b": 3.0, "c": 4.0, "f": 5.0}


def loss(a: Any, b: Any, c: Any, f: Any) -> Any:
    """L of numbers, of Values or of Tensors."""
    e = a * b
    d = e + c
    return d * f


def by_hand(a: float, b: float, c: float, f: float) -> dict[str, float]:
    """The course's four stages of the way back (rétropropagation)."""
    e = a * b
    d = e + c
    dL = 1.0  # 1: dL/dL
    dd, df = f * dL, d * dL  # 2: L = d·f, so each gets the other
    de, dc = 1 * dd, 1 * dd  # 3: d = e + c, so both get the gradient before, times 1
    da, db = b * de, a * de  # 4: e = a·b, so each gets the other
    return {"L": dL, "d": dd, "f": df, "e": de, "c": dc, "a": da, "b": db}


def by_value() -> dict[str, float]:
    """The same, every number a Value, as in micrograd."""
    leaves = {name: Value(number) for name, number in INPUTS.items()}
    loss(**leaves).backward()
    return {name: leaf.grad for name, leaf in leaves.items()}


def by_tensor() -> dict[str, float]:
    """The same, every number a Tensor, as in PyTorch; and explained."""
    a, b, c, f = (chainrule.tensor(number, requires_grad=True) for number in INPUTS.values())
    e = a * b
    d = e + c
    L = d * f
    L.backward()
    print(explain(L))
    return {"a": a.grad.item(), "b": b.grad.item(), "c": c.grad.item(), "f": f.grad.item()}


def after_a_nudge(h: float) -> float:
    """How far L moves when a grows by h."""
    return loss(**INPUTS | {"a": INPUTS["a"] + h}) - loss(**INPUTS)


def main() -> None:
    tensor, value, hand = by_tensor(), by_value(), by_hand(**INPUTS)
    print("\n        by hand   Value   Tensor")
    for name in INPUTS:
        print(f"dL/d{name}  {hand[name]:8g} {value[name]:7g}  {tensor[name]:7g}")
    print(f"\na grows by 0.01: L grows by {after_a_nudge(0.01):.2f} = 0.01 · dL/da")


if __name__ == "__main__":
    main()
