"""The step on JAX: one jitted function, which is given the old weights' memory for the new ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from chainrule.benchmarks.peers import library
from chainrule.benchmarks.training.work import DECAYS, EPSILON, RATE, Array, Trainer, Work


def jit(work: Work) -> Trainer:
    """Loss, gradients and Adam's update in one call a step."""
    jax = library("jax")
    step = jax.jit(_step(jax, work), donate_argnums=0)
    batches = [jax.device_put((work.input_to_jax(x), y)) for x, y in work.batches]
    weights = [jax.numpy.array(array) for array in work.to_jax(work.weights)]
    moments = [[jax.numpy.zeros_like(array) for array in weights] for _ in range(2)]
    state = (weights, *moments, jax.numpy.float32(0))

    def train(steps: int) -> Array:
        nonlocal state
        losses = []
        for index in range(steps):
            state, loss = step(state, *batches[index % len(batches)])
            losses.append(loss)
        return np.array(jax.device_get(losses))

    return Trainer(train, lambda: work.from_jax([np.asarray(array) for array in state[0]]))


def _step(jax: Any, work: Work) -> Callable[[Any, Any, Any], tuple[Any, Any]]:
    jnp = jax.numpy
    value_and_gradient = jax.value_and_grad(work.loss_in_jax(jax))
    first_decay, second_decay = DECAYS

    def step(state: Any, x: Any, y: Any) -> tuple[Any, Any]:
        weights, first, second, count = state
        loss, gradients = value_and_gradient(weights, x, y)
        count = count + 1
        rate = RATE / (1 - first_decay**count)
        root = jnp.sqrt(1 - second_decay**count)

        first = [first_decay * m + (1 - first_decay) * g for m, g in zip(first, gradients, strict=True)]
        second = [
            second_decay * v + (1 - second_decay) * g * g for v, g in zip(second, gradients, strict=True)
        ]
        weights = [
            w - rate * m / (jnp.sqrt(v) / root + EPSILON)
            for w, m, v in zip(weights, first, second, strict=True)
        ]
        return (weights, first, second, count), loss

    return step
