"""micrograd's moons demo, run on both packages by the same program."""

from __future__ import annotations

import random

import micrograd.engine
import micrograd.nn
import pytest
from sklearn.datasets import make_moons

import chainrule.micrograd.engine
import chainrule.micrograd.nn

STEPS = 3


def moons_losses(package, steps: int) -> list[float]:
    Value, MLP = package.engine.Value, package.nn.MLP
    X, y = make_moons(n_samples=100, noise=0.1, random_state=1337)
    y = y * 2 - 1
    random.seed(1337)
    model = MLP(2, [16, 16, 1])
    history = []
    for step in range(steps):
        inputs = [list(map(Value, row)) for row in X]
        scores = list(map(model, inputs))
        losses = [(1 + -yi * score).relu() for yi, score in zip(y, scores, strict=True)]
        loss = sum(losses) * (1.0 / len(losses)) + 1e-4 * sum(p * p for p in model.parameters())
        model.zero_grad()
        loss.backward()
        for p in model.parameters():
            p.data -= (1.0 - 0.9 * step / 100) * p.grad
        history.append(float(loss.data))
    return history


def test_the_losses_are_micrograds() -> None:
    ours = moons_losses(chainrule.micrograd, STEPS)
    theirs = moons_losses(micrograd, STEPS)
    assert ours[0] == theirs[0] == 0.8958441028683222
    # micrograd goes through sets of objects in the order of their addresses, so the last digit of
    # its own gradients, and of its later losses, differs from one run to the next.
    assert ours == pytest.approx(theirs, rel=1e-14)
