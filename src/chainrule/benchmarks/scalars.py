"""``Value`` against micrograd's, forward and back."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

import chainrule.micrograd.nn
from chainrule import Value
from chainrule.benchmarks.moons.scalars import network
from chainrule.benchmarks.moons.task import L2, task
from chainrule.benchmarks.peers import library
from chainrule.benchmarks.results import Asked, Line, Outcome
from chainrule.benchmarks.timing import in_turns, repeated
from chainrule.errors.benchmarks import PeerMissingError

ASKED = Asked("faster", 3)


def small_expression(quick: bool) -> Outcome:
    """The expression of micrograd's README, some thirty nodes."""
    try:
        theirs = library("micrograd.engine").Value
    except PeerMissingError as missing:
        return Outcome(missing={"micrograd": str(missing)})
    (ours, *our_leaves), (other, *other_leaves) = expression(Value), expression(theirs)
    assert ours.data == other.data, f"different results: {ours}, {other}"
    same_gradients(our_leaves, other_leaves)
    sides = [repeated(partial(expression, value), 200) for value in (Value, theirs)]
    times, their_times = in_turns(sides, rounds=20 if quick else 100)
    return Outcome([Line("small expression", "micrograd", "s", times, their_times, ASKED)])


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


def moons(quick: bool) -> Outcome:
    """A step of micrograd's moons demo: 100 points, MLP(2, [16, 16, 1]), some 46,000 nodes."""
    try:
        theirs = library("micrograd.nn"), library("micrograd.engine").Value
    except PeerMissingError as missing:
        return Outcome(missing={"micrograd": str(missing)})
    halves = [moons_steps(*side) for side in ((chainrule.micrograd.nn, Value), theirs)]
    (forward, backward), (their_forward, their_backward) = halves
    loss, their_loss = forward(), their_forward()
    assert loss.data == their_loss.data, f"different losses: {loss}, {their_loss}"
    backward(loss)
    their_backward(their_loss)
    np.testing.assert_allclose(forward().data, their_forward().data, rtol=1e-12)
    rounds = 2 if quick else 9
    whole = in_turns(
        [(lambda: backward(forward()), 1), (lambda: their_backward(their_forward()), 1)], rounds=rounds
    )
    loss, their_loss = forward(), their_forward()
    back = in_turns([(lambda: backward(loss), 1), (lambda: their_backward(their_loss), 1)], rounds=rounds)
    return Outcome(
        [
            Line("moons step, forward and back", "micrograd", "s", whole[0], whole[1], ASKED),
            Line("moons step, back alone", "micrograd", "s", back[0], back[1]),
        ]
    )


def moons_steps(nn: Any, value: Any) -> tuple[Callable[[], Any], Callable[[Any], None]]:
    """The two halves of a step: the loss, and its gradients with the update of the weights."""
    work = task()
    data = list(zip(work.points.tolist(), work.labels.tolist(), strict=True))
    model = network(nn, work)

    def forward() -> Any:
        losses = [(1 + -y * model([*map(value, x)])).relu() for x, y in data]
        regularisation = sum(p * p for p in model.parameters())
        return sum(losses) * (1.0 / len(losses)) + L2 * regularisation

    def backward(loss: Any) -> None:
        model.zero_grad()
        loss.backward()
        for p in model.parameters():
            p.data -= 0.1 * p.grad

    return forward, backward
