"""Lesson 14: machine speed (la vitesse de la machine).

    python examples/14_machine_speed.py

A training step written with `Value`, one number at a time, and the same step compiled. First a single
weight, whose program fits on the screen: the forward pass, the way back and the update stand there one
under the other, each under the line that it came from. Then the two moons: the losses are the same, step
for step, and the time is not.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.datasets import make_moons

import chainrule
from chainrule import Value
from chainrule.micrograd.nn import MLP

STEPS = 200


def one_weight() -> tuple[Callable[..., Any], Value]:
    """A step of the course's regression, ŷ = w·x, and its weight."""
    w = Value(1.0)

    @chainrule.compile
    def step(x: Any, y: Any, rate: Any) -> Any:
        loss = (w * x - y) ** 2
        w.grad = 0
        loss.backward()
        w.data -= rate * w.grad
        return loss

    return step, w


def two_moons() -> tuple[np.ndarray, np.ndarray]:
    """One hundred points (100, 2), and for each the moon it belongs to, −1 or +1."""
    points, moons = make_moons(n_samples=100, noise=0.1, random_state=1337)
    return points, moons * 2.0 - 1.0


def moons_step() -> Callable[..., Any]:
    """micrograd's training step: `hinge` sees one example, `vmap` maps it over all of them."""
    random.seed(1337)
    model = MLP(2, [16, 16, 1])

    def hinge(point: Any, moon: Any) -> Any:
        return (1 + -moon * model(point)).relu()

    def step(points: Any, moons: Any, rate: Any) -> Any:
        losses = chainrule.vmap(hinge)(points, moons)
        loss = losses.mean() + 1e-4 * sum(p * p for p in model.parameters())
        model.zero_grad()
        loss.backward()
        for p in model.parameters():
            p.data -= rate * p.grad
        return loss

    return step


def main() -> None:
    step, w = one_weight()
    print(f"loss {step(1.0, 2.0, 0.1)}, then w = {w.data:g}, dL/dw = {w.grad:g}. The program that ran:\n")
    print(step.program)

    points, moons = two_moons()
    rates = np.linspace(1.0, 0.1, STEPS)
    plain, quick, looped = moons_step(), chainrule.compile(moons_step()), chainrule.compile(moons_step())
    start = time.perf_counter()
    first = quick(points, moons, rates[0])
    print(f"\nTwo moons: traced and compiled in {time.perf_counter() - start:.2f} s.")
    looped.loop(points, moons, rates[0], steps=0)  # compiled as well, before the clock starts

    start = time.perf_counter()
    losses = [plain(points, moons, rate).data for rate in rates[:3]]
    one_by_one = (time.perf_counter() - start) / 3
    start = time.perf_counter()
    compiled = [first, *(quick(points, moons, rate) for rate in rates[1:])]
    a_call = (time.perf_counter() - start) / (STEPS - 1)
    start = time.perf_counter()
    history = looped.loop(points, moons, chainrule.each(rates), steps=STEPS)
    in_the_loop = (time.perf_counter() - start) / STEPS

    print(f"loss at steps 1, 2, 3 and {STEPS}     time of a step")
    for found, seconds, how in (
        (losses, one_by_one, "as it is written"),
        (compiled, a_call, "compiled"),
        (history, in_the_loop, "all steps in one call"),
    ):
        shown = " ".join(f"{found[i]:.4f}" for i in (0, 1, 2, STEPS - 1) if i < len(found))
        print(f"  {shown:27s} {seconds * 1e6:10.1f} µs  {how}")


if __name__ == "__main__":
    main()
