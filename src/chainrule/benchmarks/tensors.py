"""Eager ``Tensor`` against PyTorch eager, at one thread: one training step of an MLP, float32.

The program is the same text for both: ``lib`` is chainrule or torch.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

import chainrule
from chainrule.benchmarks.moons.task import two_moons
from chainrule.benchmarks.peers import torch_at_one_thread
from chainrule.benchmarks.results import Asked, Line, Outcome
from chainrule.benchmarks.timing import in_turns, repeated
from chainrule.errors.benchmarks import PeerMissingError

Step = Callable[[], Any]


def moons(quick: bool) -> Outcome:
    """micrograd's moons: 100 points, 2-16-16-1 with relu, hinge loss and L2, gradient descent."""
    try:
        libraries = (chainrule, torch_at_one_thread())
    except PeerMissingError as missing:
        return Outcome(missing={"torch": str(missing)})
    rng = np.random.default_rng(0)
    x, y = (array.astype(np.float32) for array in two_moons(100, rng))
    weights = drawn(rng, (2, 16, 16, 1))
    steps = [moons_step(lib, x, y, leaves(lib, weights)) for lib in libraries]
    modules = [module_step(lib, x, y, weights) for lib in libraries]
    rounds = 20 if quick else 200
    asked = Asked("faster", 1 / 0.6)
    return Outcome(
        [
            timed("moons step on tensors", steps, rounds=rounds, calls=20, asked=asked),
            timed("the same, with nn and optim", modules, rounds=rounds, calls=20),
        ]
    )


def leaves(lib: Any, weights: list[np.ndarray]) -> list[Any]:
    """The weights as tensors that are given gradients."""
    return [lib.tensor(w).requires_grad_() for w in weights]


def moons_step(lib: Any, x: np.ndarray, y: np.ndarray, parameters: list[Any]) -> Step:
    inputs, labels = lib.tensor(x), lib.tensor(y)
    w1, b1, w2, b2, w3, b3 = parameters

    def step() -> Any:
        hidden = (inputs @ w1 + b1).relu()
        hidden = (hidden @ w2 + b2).relu()
        score = (hidden @ w3 + b3).reshape(len(y))
        margins = (1 - labels * score).relu().mean()
        loss = margins + 1e-4 * sum((p * p).sum() for p in parameters)
        descend(lib, loss, parameters, 0.05)
        return loss

    return step


def descend(lib: Any, loss: Any, parameters: list[Any], rate: float) -> None:
    """The way back, and one step of gradient descent, by hand."""
    for p in parameters:
        p.grad = None
    loss.backward()
    with lib.no_grad():
        for p in parameters:
            p -= rate * p.grad


def module_step(lib: Any, x: np.ndarray, y: np.ndarray, weights: list[np.ndarray]) -> Step:
    nn = lib.nn
    inputs, labels = lib.tensor(x), lib.tensor(y)
    model = nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Linear(16, 16), nn.ReLU(), nn.Linear(16, 1))
    with lib.no_grad():
        for parameter, array in zip(model.parameters(), weights, strict=True):
            parameter.copy_(lib.tensor(array.T.copy()))
    optimizer = lib.optim.SGD(model.parameters(), lr=0.05)

    def step() -> Any:
        score = model(inputs).reshape(len(y))
        margins = (1 - labels * score).relu().mean()
        loss = margins + 1e-4 * sum((p * p).sum() for p in model.parameters())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    return step


def wide(quick: bool) -> Outcome:
    """784-512-512-10 with cross-entropy, a batch of 128: what BLAS takes dwarfs the rest."""
    try:
        libraries = (chainrule, torch_at_one_thread())
    except PeerMissingError as missing:
        return Outcome(missing={"torch": str(missing)})
    rng = np.random.default_rng(0)
    x = rng.standard_normal((128, 784)).astype(np.float32)
    y = rng.integers(0, 10, 128)
    weights = drawn(rng, (784, 512, 512, 10))
    steps = [wide_step(lib, x, y, weights) for lib in libraries]
    return Outcome([timed("784-512-512-10 step", steps, rounds=5 if quick else 40, calls=3)])


def wide_step(lib: Any, x: np.ndarray, y: np.ndarray, weights: list[np.ndarray]) -> Step:
    inputs, labels = lib.tensor(x), lib.tensor(y).reshape(-1, 1)
    parameters = leaves(lib, weights)
    w1, b1, w2, b2, w3, b3 = parameters

    def step() -> Any:
        hidden = (inputs @ w1 + b1).relu()
        hidden = (hidden @ w2 + b2).relu()
        loss = -(hidden @ w3 + b3).log_softmax(1).gather(1, labels).mean()
        descend(lib, loss, parameters, 0.01)
        return loss

    return step


def timed(what: str, steps: list[Step], rounds: int, calls: int, asked: Asked | None = None) -> Line:
    """The two steps timed in turns, after their first losses were found to agree."""
    for _ in range(10):
        ours, theirs = (step().item() for step in steps)
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, err_msg=what)
    ours_took, theirs_took = in_turns([repeated(step, calls) for step in steps], rounds=rounds)
    return Line(what, "torch", "s", ours_took, theirs_took, asked)


def drawn(rng: np.random.Generator, sizes: tuple[int, ...]) -> list[np.ndarray]:
    """Weights and biases of the layers between ``sizes``, float32."""
    arrays = []
    for n, m in pairwise(sizes):
        arrays += [rng.standard_normal((n, m)) / np.sqrt(n), rng.standard_normal(m) * 0.1]
    return [array.astype(np.float32) for array in arrays]
