"""``Value`` against micrograd's, forward and back."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np

import chainrule.micrograd.nn
from benchmarks.tensors import two_moons
from benchmarks.timing import Comparison, in_turns, peer
from chainrule import Value

TARGET = "≤ 0.33"


def small_expression(quick: bool) -> list[Comparison]:
    """The expression of micrograd's README, some thirty nodes."""
    theirs = peer("micrograd.engine").Value
    (ours, *our_leaves), (other, *other_leaves) = expression(Value), expression(theirs)
    assert ours.data == other.data, f"different results: {ours}, {other}"
    same_gradients(our_leaves, other_leaves)
    rounds = 20 if quick else 100
    times = in_turns(
        lambda: expression(Value),
        lambda: expression(theirs),
        rounds=rounds,
        calls=200,
    )
    return [Comparison("small expression", "micrograd", "s", *times, TARGET)]


def same_gradients(ours: list[Any], theirs: list[Any]) -> None:
    """Equal but for the last digits: the order in which micrograd adds up follows the memory addresses
    of its nodes, so that its own last digit changes from run to run."""
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a.grad, b.grad, rtol=1e-12)


def expression(value: Any) -> Any:
    a, b = value(-4.0), value(2.0)
    c = a + b
    d = a * b + b**3
    c += c + 1
    c += 1 + c + (-a)
    d += d * 2 + (b + a).relu()
    d += 3 * d + (b - a).relu()
    e = c - d
    f = e**2
    g = f / 2.0
    g += 10.0 / f
    g.backward()
    return g, a, b


def moons(quick: bool) -> list[Comparison]:
    """A step of micrograd's moons demo: 100 points, MLP(2, [16, 16, 1]), some 46,000 nodes."""
    theirs = peer("micrograd.nn"), peer("micrograd.engine").Value
    steps = [moons_steps(*side) for side in ((chainrule.micrograd.nn, Value), theirs)]
    (forward, backward), (their_forward, their_backward) = steps
    loss, their_loss = forward(), their_forward()
    assert loss.data == their_loss.data, f"different losses: {loss}, {their_loss}"
    backward(loss)
    their_backward(their_loss)
    np.testing.assert_allclose(forward().data, their_forward().data, rtol=1e-12)
    rounds = 2 if quick else 9
    whole = in_turns(
        lambda: backward(forward()),
        lambda: their_backward(their_forward()),
        rounds=rounds,
        calls=1,
    )
    loss, their_loss = forward(), their_forward()
    back = in_turns(
        lambda: backward(loss),
        lambda: their_backward(their_loss),
        rounds=rounds,
        calls=1,
    )
    return [
        Comparison("moons step, forward and back", "micrograd", "s", *whole, TARGET),
        Comparison("moons step, back alone", "micrograd", "s", *back),
    ]


def moons_steps(nn: Any, value: Any) -> tuple[Callable[[], Any], Callable[[Any], None]]:
    """The two halves of a step: the loss, and its gradients with the update of the weights."""
    random.seed(1337)
    points, labels = two_moons(100, np.random.default_rng(0))
    data = list(zip(points.tolist(), labels.tolist(), strict=True))
    model = nn.MLP(2, [16, 16, 1])

    def forward() -> Any:
        losses = [(1 + -y * model([*map(value, x)])).relu() for x, y in data]
        regularisation = sum(p * p for p in model.parameters())
        return sum(losses) * (1.0 / len(losses)) + 1e-4 * regularisation

    def backward(loss: Any) -> None:
        model.zero_grad()
        loss.backward()
        for p in model.parameters():
            p.data -= 0.1 * p.grad

    return forward, backward
