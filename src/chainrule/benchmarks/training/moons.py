"""micrograd's moons demo written with tensors, float32: one training step, compiled, beside its peers.

The step is that of the eager benchmark, word for word: gradient descent by hand on all 100 examples.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import chainrule
from chainrule.benchmarks.catalogue import CORES
from chainrule.benchmarks.moons.task import two_moons
from chainrule.benchmarks.peers import library, torch_at_threads
from chainrule.benchmarks.results import Asked, Line, Outcome
from chainrule.benchmarks.tensors import drawn, leaves, moons_step
from chainrule.benchmarks.training.sides import seconds_in_turns, sides_of
from chainrule.benchmarks.training.steps import compare
from chainrule.benchmarks.training.work import Array, Trainer

WHAT = "moons step on tensors, compiled"
STEP, LOOP = "a call a step", "all steps in a call"
RATE, L2 = 0.05, 1e-4


def training_step(quick: bool) -> Outcome:
    """Losses and weights compared over the first steps, then all in turns."""
    builders = {**{name: build for name, (build, *_) in PEERS.items()}, **OURS}
    steps = {name: steps for name, (_, _, _, steps) in PEERS.items()} | dict.fromkeys(OURS, 5000)
    with sides_of(builders) as (sides, missing):
        compare(sides, data()[2])
        turns = [(side, steps[name]) for name, side in sides.items()]
        times = dict(zip(sides, seconds_in_turns(turns, rounds=3 if quick else 15), strict=True))
    for form in OURS:
        if form in missing:
            missing[f"chainrule, {form}"] = missing.pop(form)
    lines = [
        Line(WHAT, name, "s", times.get(form, []), times[name], asked, form)
        for name, (_, form, asked, _) in PEERS.items()
        if name in times
    ]
    return Outcome(lines, missing)


def data(n: int = 100) -> tuple[Array, Array, list[Array]]:
    """The points, their labels and the weights at the start, float32."""
    rng = np.random.default_rng(0)
    x, y = (array.astype(np.float32) for array in two_moons(n, rng))
    return x, y, drawn(rng, (2, 16, 16, 1))


def _stepwise(lib: Any, compiled: Callable[[Any], Any], n: int) -> Trainer:
    """A call a step, in chainrule or PyTorch."""
    x, y, weights = data(n)
    parameters = leaves(lib, weights)
    step = compiled(moons_step(lib, x, y, parameters))

    def train(steps: int) -> Array:
        losses = [step() for _ in range(steps)]
        return np.array([loss.item() for loss in losses])

    return Trainer(train, lambda: [parameter.detach().numpy().copy() for parameter in parameters])


def ours_eager(n: int = 100) -> Trainer:
    """chainrule, the step as it is written."""
    return _stepwise(chainrule, lambda step: step, n)


def ours_by_step(n: int = 100) -> Trainer:
    """chainrule, the step compiled, a call a step."""
    library("llvmlite")
    return _stepwise(chainrule, chainrule.compile, n)


def ours_in_loop(n: int = 100) -> Trainer:
    """chainrule, one call for all steps."""
    library("llvmlite")
    x, y, weights = data(n)
    parameters = leaves(chainrule, weights)
    step: Any = chainrule.compile(moons_step(chainrule, x, y, parameters))

    def train(steps: int) -> Array:
        return np.asarray(step.loop(steps=steps).numpy())

    return Trainer(train, lambda: [parameter.detach().numpy().copy() for parameter in parameters])


def torch_eager(n: int = 100) -> Trainer:
    """PyTorch, the step as it is written."""
    return _stepwise(torch_at_threads(CORES), lambda step: step, n)


def torch_compiled(n: int = 100, backend: str = "inductor") -> Trainer:
    """Loss, gradients and update in one graph of ``torch.compile``."""
    torch = torch_at_threads(CORES)
    x, y, weights = data(n)
    inputs, labels = torch.tensor(x), torch.tensor(y)
    parameters = tuple(torch.tensor(w) for w in weights)
    gradient = torch.func.grad_and_value(loss_of(torch.relu))

    def one_step(parameters: Any, x: Any, y: Any) -> Any:
        gradients, loss = gradient(parameters, x, y)
        for p, g in zip(parameters, gradients, strict=True):
            p.sub_(RATE * g)
        return loss

    step = torch.compile(one_step, fullgraph=True, backend=backend)

    def train(steps: int) -> Array:
        with torch.no_grad():
            losses = [step(parameters, inputs, labels) for _ in range(steps)]
            return np.asarray(torch.stack(losses).numpy())

    return Trainer(train, lambda: [p.numpy().copy() for p in parameters])


def loss_of(relu: Any) -> Callable[[Any, Any, Any], Any]:
    """The loss as a function of the weights, for JAX and for one graph of PyTorch."""

    def loss(parameters: Any, x: Any, y: Any) -> Any:
        w1, b1, w2, b2, w3, b3 = parameters
        hidden = relu(x @ w1 + b1)
        hidden = relu(hidden @ w2 + b2)
        score = (hidden @ w3 + b3).reshape(len(y))
        return relu(1 - y * score).mean() + L2 * sum((p * p).sum() for p in parameters)

    return loss


def jax_jit(n: int = 100) -> Trainer:
    """JAX, a call a step; the old weights' memory is given to the new ones."""
    jax = library("jax")
    step = jax.jit(_step_in_jax(jax), donate_argnums=0)
    x, y, weights = jax.device_put(data(n))

    def train(steps: int) -> Array:
        nonlocal weights
        losses = []
        for _ in range(steps):
            weights, loss = step(weights, x, y)
            losses.append(loss)
        return np.array(jax.device_get(losses))

    return Trainer(train, lambda: [np.asarray(w) for w in weights])


def jax_loop(n: int = 100) -> Trainer:
    """JAX, one call for all steps."""
    jax = library("jax")
    step = _step_in_jax(jax)
    x, y, weights = jax.device_put(data(n))

    def all_steps(weights: Any, x: Any, y: Any, losses: Any) -> Any:
        def body(index: Any, state: Any) -> Any:
            weights, losses = state
            weights, loss = step(weights, x, y)
            return weights, losses.at[index].set(loss)

        return jax.lax.fori_loop(0, len(losses), body, (weights, losses))

    compiled = jax.jit(all_steps, donate_argnums=(0, 3))

    def train(steps: int) -> Array:
        nonlocal weights
        weights, losses = compiled(weights, x, y, jax.numpy.zeros(steps, np.float32))
        return np.array(losses)

    return Trainer(train, lambda: [np.asarray(w) for w in weights])


def _step_in_jax(jax: Any) -> Callable[[Any, Any, Any], tuple[Any, Any]]:
    value_and_gradient = jax.value_and_grad(loss_of(jax.nn.relu))

    def step(weights: Any, x: Any, y: Any) -> tuple[Any, Any]:
        loss, gradients = value_and_gradient(weights, x, y)
        return [w - RATE * g for w, g in zip(weights, gradients, strict=True)], loss

    return step


OURS: dict[str, Callable[[], Trainer]] = {STEP: ours_by_step, LOOP: ours_in_loop}

#: name -> how it is built, which form of ours stands beside it, what is asked, the steps in a turn
PEERS: dict[str, tuple[Callable[[], Trainer], str, Asked | None, int]] = {
    "torch eager": (torch_eager, STEP, None, 100),
    "torch.compile": (torch_compiled, STEP, None, 300),
    "JAX jit": (jax_jit, STEP, Asked("faster", 8), 1000),
    "JAX fori_loop": (jax_loop, LOOP, Asked("faster", 1.5), 5000),
}
