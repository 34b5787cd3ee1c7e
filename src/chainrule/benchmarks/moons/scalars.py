"""The demo on scalars: micrograd, and chainrule's Value, compiled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import chainrule
import chainrule.micrograd.nn
from chainrule.benchmarks.moons.task import L2, Array, Rates, Task, Trainer
from chainrule.benchmarks.peers import library


def network(nn: Any, task: Task) -> Any:
    """``nn.MLP(2, [16, 16, 1])`` with the weights of the task."""
    model = nn.MLP(2, [16, 16, 1])
    for parameter, weight in zip(model.parameters(), task.weights.tolist(), strict=True):
        parameter.data = weight
    return model


def weights_of(model: Any) -> Callable[[], Array]:
    return lambda: np.array([parameter.data for parameter in model.parameters()], float)


def micrograd(task: Task) -> Trainer:
    """The demo itself, one scalar at a time."""
    model = network(library("micrograd.nn"), task)
    value = library("micrograd.engine").Value
    examples = list(zip(task.points.tolist(), task.labels.tolist(), strict=True))

    def step(rate: float) -> float:
        losses = [(1 + -y * model([*map(value, x)])).relu() for x, y in examples]
        regularisation = sum(p * p for p in model.parameters())
        loss = sum(losses) * (1.0 / len(losses)) + L2 * regularisation
        model.zero_grad()
        loss.backward()
        for p in model.parameters():
            p.data -= rate * p.grad
        return float(loss.data)

    return Trainer(lambda rates: np.array([step(rate) for rate in rates.tolist()]), weights_of(model))


def compiled_step(task: Task) -> tuple[Any, Any]:
    """The step of a chainrule user, compiled, and its model."""
    library("llvmlite")
    vmap: Any = chainrule.vmap
    model = network(chainrule.micrograd.nn, task)

    def hinge(x: Any, y: Any) -> Any:
        return (1 + -y * model(x)).relu()

    def step(points: Any, labels: Any, rate: Any) -> Any:
        losses = vmap(hinge)(points, labels)
        loss = losses.mean() + L2 * sum(p * p for p in model.parameters())
        model.zero_grad()
        loss.backward()
        for p in model.parameters():
            p.data -= rate * p.grad
        return loss

    return chainrule.compile(step), model


def ours_by_step(task: Task) -> Trainer:
    """chainrule, one call a step."""
    step, model = compiled_step(task)
    points, labels = task.points, task.labels

    def train(rates: Rates) -> Array:
        return np.array([step(points, labels, rate) for rate in rates.tolist()])

    return Trainer(train, weights_of(model))


def ours_in_loop(task: Task) -> Trainer:
    """chainrule, one call for all steps."""
    step, model = compiled_step(task)

    def train(rates: Rates) -> Array:
        return np.asarray(step.loop(task.points, task.labels, chainrule.each(rates), steps=len(rates)))

    return Trainer(train, weights_of(model))
