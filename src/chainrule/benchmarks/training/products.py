"""The matrix products of an MLP's step alone, in numpy's BLAS: the limit for what stands around them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from chainrule.benchmarks.training.work import Trainer, Work


def products(work: Work) -> Trainer:
    """All of `calls`, once a step. There is no loss."""
    everything = calls(work)

    def train(steps: int) -> np.ndarray:
        for _ in range(steps):
            for call in everything:
                call()
        return np.full(steps, np.nan)

    return Trainer(train, lambda: list(work.weights))


def calls(work: Work) -> list[Callable[[], object]]:
    """The products of each layer: forward, for the gradient of its weights, and, but for the first layer,
    for that of its input. Each is written where the one of the step before was."""
    matrices = [array for array in work.weights if array.ndim == 2]
    made: list[Callable[[], object]] = []
    for place, w in enumerate(matrices):
        outputs, inputs = w.shape
        x = work.batches[0][0] if place == 0 else np.ones((len(work.batches[0][0]), inputs), np.float32)
        g = np.ones((len(x), outputs), np.float32)
        made.append(partial(np.matmul, x, w.T, out=np.empty_like(g)))
        made.append(partial(np.matmul, g.T, x, out=np.empty_like(w)))
        if place > 0:
            made.append(partial(np.matmul, g, w, out=np.empty_like(x)))
    return made
