"""The demo on JAX: ``jit`` of a step, and ``fori_loop`` over all steps in one compiled call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from chainrule.benchmarks.moons.task import L2, Array, Rates, Task, Trainer, flat, layers
from chainrule.benchmarks.peers import jax_in_double


def _step(jax: Any) -> Callable[[Any, Any, Any, Any], tuple[Any, Any]]:
    jnp = jax.numpy

    def loss(parameters: Any, x: Any, y: Any) -> Any:
        w1, b1, w2, b2, w3, b3 = parameters
        hidden = jax.nn.relu(x @ w1.T + b1)
        hidden = jax.nn.relu(hidden @ w2.T + b2)
        margin = 1 - y * (hidden @ w3[0] + b3)
        return jnp.mean(jax.nn.relu(margin)) + L2 * sum(jnp.sum(p * p) for p in parameters)

    value_and_gradient = jax.value_and_grad(loss)

    def step(parameters: Any, x: Any, y: Any, rate: Any) -> tuple[Any, Any]:
        value, gradients = value_and_gradient(parameters, x, y)
        return [p - rate * g for p, g in zip(parameters, gradients, strict=True)], value

    return step


class _Weights:
    """The arrays that the last call gave back: JAX changes none in place."""

    def __init__(self, jax: Any, task: Task) -> None:
        self.now = [jax.numpy.asarray(array) for array in layers(task.weights)]

    def flat(self) -> Array:
        return flat([np.asarray(array) for array in self.now])


def jit(task: Task) -> Trainer:
    """One call a step; the old weights' memory is given to the new ones."""
    jax = jax_in_double()
    x, y = jax.numpy.asarray(task.points), jax.numpy.asarray(task.labels)
    weights = _Weights(jax, task)
    step = jax.jit(_step(jax), donate_argnums=0)

    def train(rates: Rates) -> Array:
        losses = []
        for rate in rates.tolist():
            weights.now, loss = step(weights.now, x, y, rate)
            losses.append(loss)
        return np.array(jax.device_get(losses))

    return Trainer(train, weights.flat)


def fori_loop(task: Task) -> Trainer:
    """One call for all steps."""
    jax = jax_in_double()
    x, y = jax.numpy.asarray(task.points), jax.numpy.asarray(task.labels)
    weights = _Weights(jax, task)
    step = _step(jax)

    def all_steps(parameters: Any, x: Any, y: Any, rates: Any) -> Any:
        def body(index: Any, state: Any) -> Any:
            parameters, losses = state
            parameters, loss = step(parameters, x, y, rates[index])
            return parameters, losses.at[index].set(loss)

        losses = jax.numpy.zeros_like(rates)
        return jax.lax.fori_loop(0, len(rates), body, (parameters, losses))

    compiled = jax.jit(all_steps, donate_argnums=0)

    def train(rates: Rates) -> Array:
        weights.now, losses = compiled(weights.now, x, y, rates)
        return np.array(losses)

    return Trainer(train, weights.flat)
