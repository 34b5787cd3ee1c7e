"""The work that is the same for all: the points, the labels, the weights, and what a trainer is."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

Array = np.ndarray
Rates = np.ndarray

SIZES = (2, 16, 16, 1)
L2 = 1e-4


@dataclass(frozen=True)
class Task:
    """Points (n, 2), labels ±1 (n,), and the 337 weights in micrograd's order: neuron by neuron, its bias
    after its weights. All are float64."""

    points: Array
    labels: Array
    weights: Array


@dataclass(frozen=True)
class Trainer:
    """One implementation of the demo, with weights of its own.

    ``train(rates)`` takes one step of gradient descent on all points for each rate, and returns the loss
    before each step. ``weights()`` are the weights now, in the order of `Task.weights`.
    """

    train: Callable[[Rates], Array]
    weights: Callable[[], Array]


def task(n: int = 100) -> Task:
    """Micrograd's own: ``n`` points, weights drawn in ±1, biases 0."""
    points, labels = two_moons(n, np.random.default_rng(0))
    draw = random.Random(1337)
    weights = [
        number
        for inputs, outputs in pairwise(SIZES)
        for _ in range(outputs)
        for number in (*(draw.uniform(-1, 1) for _ in range(inputs)), 0.0)
    ]
    return Task(points, labels, np.array(weights))


def two_moons(n: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """``n`` noisy points on two interleaved half circles, with their labels ±1."""
    angle = np.linspace(0, np.pi, n // 2)
    upper = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    lower = np.stack([1 - np.cos(angle), 0.5 - np.sin(angle)], axis=1)
    points = np.concatenate([upper, lower]) + rng.normal(scale=0.1, size=(n, 2))
    return points, np.repeat([-1.0, 1.0], n // 2)


def demo_rates(steps: int) -> Rates:
    """Micrograd's: from 1 down to 0.1 over a hundred steps."""
    return 1.0 - 0.9 * np.arange(steps) / 100


def layers(flat: Array) -> list[Array]:
    """``w, b`` of each layer in turn, w of shape (outputs, inputs)."""
    arrays: list[Array] = []
    start = 0
    for inputs, outputs in pairwise(SIZES):
        block = flat[start : start + outputs * (inputs + 1)].reshape(outputs, inputs + 1)
        arrays += [block[:, :-1].copy(), block[:, -1].copy()]
        start += block.size
    return arrays


def flat(arrays: list[Array]) -> Array:
    """The weights of `layers` in micrograd's order again."""
    pairs = zip(arrays[::2], arrays[1::2], strict=True)
    return np.concatenate([np.column_stack([w, b]).ravel() for w, b in pairs])
