"""What a training step is made of, the same for all sides: batches, weights, the model, its loss."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

Array = np.ndarray

#: Adam's, for all sides: the defaults of all of them.
RATE, DECAYS, EPSILON = 1e-3, (0.9, 0.999), 1e-8


def as_they_are(weights: Sequence[Array]) -> list[Array]:
    """Weights in the layout that they have."""
    return list(weights)


@dataclass(frozen=True)
class Work:
    """One training step with Adam.

    ``batches`` are pairs of an input and a target, which take turns. ``weights`` are float32, in the order
    and the shapes of the model's parameters. ``model(lib)`` and ``loss(lib)(model, x, y)`` are one text for
    chainrule and PyTorch: ``lib`` is the module. ``loss_in_jax(jax)(weights, x, y)`` is the loss for JAX,
    of the weights in the layouts that are best there: ``to_jax`` gives them, and ``from_jax`` takes them
    back; ``input_to_jax`` does so for an input.
    """

    batches: Sequence[tuple[Array, Array]]
    weights: Sequence[Array]
    model: Callable[[Any], Any]
    loss: Callable[[Any], Callable[[Any, Any, Any], Any]]
    loss_in_jax: Callable[[Any], Callable[[Any, Any, Any], Any]]
    to_jax: Callable[[Sequence[Array]], list[Array]] = as_they_are
    from_jax: Callable[[Sequence[Array]], list[Array]] = as_they_are
    input_to_jax: Callable[[Array], Array] = np.asarray

    def with_one_batch(self) -> Work:
        """The same work on the first batch alone."""
        return replace(self, batches=self.batches[:1])


@dataclass(frozen=True)
class Trainer:
    """One side, with weights of its own.

    ``train(steps)`` takes so many steps, the batches in turn, and returns the loss before each.
    ``weights()`` are the weights now, in the order and the shapes of `Work.weights`.
    """

    train: Callable[[int], Array]
    weights: Callable[[], list[Array]]


def uniform(rng: np.random.Generator, *shape: int) -> Array:
    """Weights (outputs, inputs, …) or biases (outputs,): uniform in ±1/√inputs, for biases in ±0.1."""
    inputs = np.prod(shape[1:]) if len(shape) > 1 else 100.0
    return rng.uniform(-1, 1, shape).astype(np.float32) / np.float32(np.sqrt(inputs))
