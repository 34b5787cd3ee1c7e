"""A small convolutional network on images of 8 × 8 points, as the digits are.

Two convolutions of 3 × 3 with 16 and 32 channels, each with relu, a maximum over 2 × 2, a linear layer of
512 to 10, cross-entropy.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from chainrule.benchmarks.training.mlp import cross_entropy, cross_entropy_in_jax
from chainrule.benchmarks.training.work import Array, Work, uniform

SIDE, CLASSES = 8, 10
CHANNELS = (16, 32)
BATCH = 64


def work(channels: tuple[int, int] = CHANNELS, batch: int = BATCH, batches: int = 4) -> Work:
    """Images at random in [0, 1), with labels at random: the time does not hang on what they show."""
    rng = np.random.default_rng(0)
    data = [
        (rng.random((batch, 1, SIDE, SIDE), np.float32), rng.integers(0, CLASSES, batch))
        for _ in range(batches)
    ]
    first, second = channels
    features = second * (SIDE // 2) ** 2
    shapes = [(first, 1, 3, 3), (first,), (second, first, 3, 3), (second,), (CLASSES, features), (CLASSES,)]
    weights = [uniform(rng, *shape) for shape in shapes]

    def model(lib: Any) -> Any:
        nn = lib.nn
        return nn.Sequential(
            nn.Conv2d(1, first, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(first, second, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Linear(features, CLASSES),
        )

    return Work(data, weights, model, cross_entropy, loss_in_jax, to_jax, from_jax, input_to_jax)


def loss_in_jax(jax: Any) -> Callable[[Any, Any, Any], Any]:
    """With the channels last, as XLA has them on processors. The maximum is that of an axis: its gradient
    is a third faster there than `reduce_window`'s. It shares ties, but after relu these are zeros."""
    lax = jax.lax

    def convolve(x: Any, w: Any) -> Any:
        return lax.conv_general_dilated(x, w, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC"))

    def loss(weights: Any, x: Any, y: Any) -> Any:
        w1, b1, w2, b2, w3, b3 = weights
        hidden = jax.nn.relu(convolve(x, w1) + b1)
        hidden = jax.nn.relu(convolve(hidden, w2) + b2)
        half = SIDE // 2
        pooled = hidden.reshape(len(x), half, 2, half, 2, -1).max((2, 4))
        return cross_entropy_in_jax(jax, pooled.reshape(len(x), -1) @ w3.T + b3, y)

    return loss


def input_to_jax(x: Array) -> Array:
    """The channels last."""
    return np.ascontiguousarray(x.transpose(0, 2, 3, 1))


def to_jax(weights: Sequence[Array]) -> list[Array]:
    """Windows first, then channels; and the features of the linear layer in the order of the images."""
    w1, b1, w2, b2, w3, b3 = weights
    side = SIDE // 2
    features = w3.reshape(len(w3), -1, side, side).transpose(0, 2, 3, 1).reshape(w3.shape)
    return [w1.transpose(2, 3, 1, 0), b1, w2.transpose(2, 3, 1, 0), b2, features, b3]


def from_jax(weights: Sequence[Array]) -> list[Array]:
    """`to_jax` undone."""
    w1, b1, w2, b2, w3, b3 = weights
    side = SIDE // 2
    features = w3.reshape(len(w3), side, side, -1).transpose(0, 3, 1, 2).reshape(w3.shape)
    return [w1.transpose(3, 2, 0, 1), b1, w2.transpose(3, 2, 0, 1), b2, features, b3]
