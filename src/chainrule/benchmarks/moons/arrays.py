"""The demo on arrays: numpy with its gradient by hand, and autograd."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.benchmarks.moons.task import L2, Array, Rates, Task, Trainer, flat, layers
from chainrule.benchmarks.peers import library


def numpy_by_hand(task: Task) -> Trainer:
    """What one writes without a library for gradients."""
    x, y = task.points, task.labels
    parameters = layers(task.weights)
    w1, b1, w2, b2, w3, b3 = parameters

    def step(rate: float) -> float:
        h1 = np.maximum(x @ w1.T + b1, 0)
        h2 = np.maximum(h1 @ w2.T + b2, 0)
        margin = 1 - y * (h2 @ w3[0] + b3)
        squares = sum(np.vdot(p, p) for p in parameters)
        loss = np.maximum(margin, 0).mean() + L2 * squares

        d3 = np.where(margin > 0, -y / len(y), 0)
        d2 = np.outer(d3, w3[0]) * (h2 > 0)
        d1 = (d2 @ w2) * (h1 > 0)
        gradients = (d1.T @ x, d1.sum(0), d2.T @ h1, d2.sum(0), (d3 @ h2)[None], d3.sum()[None])
        for p, g in zip(parameters, gradients, strict=True):
            p -= rate * (g + 2 * L2 * p)
        return float(loss)

    def train(rates: Rates) -> Array:
        return np.array([step(rate) for rate in rates.tolist()])

    return Trainer(train, lambda: flat(parameters))


def autograd(task: Task) -> Trainer:
    """autograd's numpy, and its gradient of the loss by all weights."""
    anp: Any = library("autograd.numpy")
    gradient_of = library("autograd").value_and_grad
    x, y = task.points, task.labels
    parameters = layers(task.weights)

    def loss(parameters: Any) -> Any:
        w1, b1, w2, b2, w3, b3 = parameters
        h1 = anp.maximum(anp.dot(x, w1.T) + b1, 0)
        h2 = anp.maximum(anp.dot(h1, w2.T) + b2, 0)
        margin = 1 - y * (anp.dot(h2, w3[0]) + b3)
        return anp.mean(anp.maximum(margin, 0)) + L2 * sum(anp.sum(p * p) for p in parameters)

    value_and_gradient = gradient_of(loss)

    def step(rate: float) -> float:
        value, gradients = value_and_gradient(parameters)
        for p, g in zip(parameters, gradients, strict=True):
            p -= rate * g
        return float(value)

    def train(rates: Rates) -> Array:
        return np.array([step(rate) for rate in rates.tolist()])

    return Trainer(train, lambda: flat(parameters))
