"""784-512-512-10 with relu and cross-entropy: a step whose time is that of its matrix products."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from chainrule.benchmarks.training.work import Work, uniform

SIZES = (784, 512, 512, 10)
BATCH = 128


def work(sizes: Sequence[int] = SIZES, batch: int = BATCH, batches: int = 4) -> Work:
    """Batches of normal numbers with labels at random."""
    rng = np.random.default_rng(0)
    data = [
        (rng.standard_normal((batch, sizes[0])).astype(np.float32), rng.integers(0, sizes[-1], batch))
        for _ in range(batches)
    ]
    weights = [array for n, m in pairwise(sizes) for array in (uniform(rng, m, n), uniform(rng, m))]

    def model(lib: Any) -> Any:
        nn = lib.nn
        a, b, c, d = sizes
        return nn.Sequential(nn.Linear(a, b), nn.ReLU(), nn.Linear(b, c), nn.ReLU(), nn.Linear(c, d))

    return Work(data, weights, model, cross_entropy, loss_in_jax)


def cross_entropy(lib: Any) -> Callable[[Any, Any, Any], Any]:
    """The loss of any model that gives scores, in chainrule and in PyTorch."""
    functional = lib.nn.functional

    def loss(model: Any, x: Any, y: Any) -> Any:
        return functional.cross_entropy(model(x), y)

    return loss


def loss_in_jax(jax: Any) -> Callable[[Any, Any, Any], Any]:
    def loss(weights: Any, x: Any, y: Any) -> Any:
        w1, b1, w2, b2, w3, b3 = weights
        hidden = jax.nn.relu(x @ w1.T + b1)
        hidden = jax.nn.relu(hidden @ w2.T + b2)
        return cross_entropy_in_jax(jax, hidden @ w3.T + b3, y)

    return loss


def cross_entropy_in_jax(jax: Any, scores: Any, y: Any) -> Any:
    """Minus the mean log-probability of the labels."""
    logs = jax.nn.log_softmax(scores)
    return -jax.numpy.take_along_axis(logs, y[:, None], axis=1).mean()
