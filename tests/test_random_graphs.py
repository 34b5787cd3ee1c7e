"""A thousand random graphs with shared nodes, against PyTorch in float64.

A graph is drawn as a program: each step applies an operation to results of earlier steps, so that
most results are used several times. The same program then runs on chainrule, on PyTorch and, where
all numbers are scalars, on ``Value``. Numbers that grow are squashed by a tanh, so that rounding
stays rounding.

The tolerance: a gradient may differ by 1e-12 of the largest gradient of its graph (or of 1),
which is a few thousand roundings for sums of tens of steps.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch

import chainrule as cr

TOLERANCE = 1e-12
STEPS = 25
GRAPHS = 1000
BATCH = 50
SHAPES = [(), (3,), (3, 1), (1, 3), (3, 3)]


class Step(NamedTuple):
    name: str
    operands: tuple[int, ...]
    attribute: Any = None


class Program(NamedTuple):
    leaves: list[np.ndarray]
    steps: list[Step]


#: Operations of scalars and of tensors alike: how many operands, and what is done with them.
COMMON: dict[str, tuple[int, Callable[..., Any]]] = {
    "add": (2, lambda x, y: x + y),
    "sub": (2, lambda x, y: x - y),
    "mul": (2, lambda x, y: x * y),
    "div": (2, lambda x, y: x / (y * y + 1.5)),
    "neg": (1, lambda x: -x),
    "affine": (1, lambda x: 2.0 - 0.5 * x),
    "square": (1, lambda x: x**2),
    "inverse": (1, lambda x: 1.0 / (x**2 + 1.0)),
    "root": (1, lambda x: (x * x + 0.5) ** 0.5),
    "exp": (1, lambda x: (-(x * x)).exp()),
    "log": (1, lambda x: (x * x + 1.0).log()),
    "sqrt": (1, lambda x: (x * x + 0.1).sqrt()),
    "tanh": (1, lambda x: x.tanh()),
    "sigmoid": (1, lambda x: x.sigmoid()),
    "sin": (1, lambda x: x.sin()),
    "cos": (1, lambda x: x.cos()),
    "relu": (1, lambda x: x.relu()),
    "abs": (1, lambda x: abs(x)),
    "twice": (1, lambda x: x + x),
}


def square(lib: Any) -> Any:
    """Zeros that make a matrix of 3 × 3 of whatever they are added to."""
    return lib.zeros(3, 3, dtype=lib.float64)


#: Operations of tensors alone. The last argument is the library.
TENSOR: dict[str, tuple[int, Callable[..., Any]]] = {
    "maximum": (2, lambda x, y, lib: lib.maximum(x, y)),
    "minimum": (2, lambda x, y, lib: lib.minimum(x, y)),
    "where": (3, lambda c, x, y, lib: lib.where(c > 0, x, y)),
    "clamp": (1, lambda x, lib: lib.clamp(x, -0.7, 0.9)),
    "pow": (2, lambda x, y, lib: (x * x + 0.5) ** (y * 0.3)),
    "matmul": (2, lambda x, y, lib: (x + square(lib)) @ (y + square(lib)) * 0.3),
    "transpose": (1, lambda x, lib: (x + square(lib)).T),
    "sum": (1, lambda x, lib: x.sum(-1, keepdim=True) * 0.5),
    "mean": (1, lambda x, lib: x.mean()),
    "amax": (1, lambda x, lib: x.amax(-1, keepdim=True)),
    "logsumexp": (1, lambda x, lib: x.logsumexp(-1, keepdim=True)),
    "softmax": (1, lambda x, lib: x.softmax(-1)),
    "log_softmax": (1, lambda x, lib: x.log_softmax(-1) * 0.2),
    "pick": (1, lambda x, lib: (x + square(lib))[[0, 2, 0], 1:2]),
    "cat": (2, lambda x, y, lib: lib.cat([x + square(lib), y + square(lib)], 0)[1:4]),
    "stack": (2, lambda x, y, lib: lib.stack([x + square(lib), y + square(lib)], 0).mean(0)),
}


def draw(seed: int, scalar: bool) -> Program:
    """A random program, drawn while it runs on PyTorch, so that its numbers can be kept tame."""
    rng = random.Random(seed)
    shapes = [() if scalar else rng.choice(SHAPES) for _ in range(rng.randint(1, 4))]
    numbers = np.random.default_rng(seed)
    leaves = [np.asarray(numbers.normal(size=shape)) for shape in shapes]
    results = [torch.tensor(leaf) for leaf in leaves]
    known = {**COMMON} if scalar else {**COMMON, **TENSOR}
    steps: list[Step] = []
    while len(steps) < STEPS:
        name = rng.choice(sorted(known))
        operands = tuple(rng.randrange(len(results)) for _ in range(known[name][0]))
        step = Step(name, operands)
        result = perform(step, results, torch)
        if len(result.shape) > 2 or any(n not in (1, 3) for n in result.shape):
            continue
        steps.append(step)
        results.append(result)
        if float(result.abs().max()) > 4:
            steps.append(Step("tanh", (len(results) - 1,)))
            results.append(perform(steps[-1], results, torch))
    return Program(leaves, steps)


def perform(step: Step, results: list[Any], lib: Any) -> Any:
    operands = [results[place] for place in step.operands]
    if step.name in COMMON:
        return COMMON[step.name][1](*operands)
    return TENSOR[step.name][1](*operands, lib)


def run(program: Program, inputs: list[Any], lib: Any) -> Any:
    """The sum of the last three results: each reaches back through shared nodes."""
    results = [*inputs]
    for step in program.steps:
        results.append(perform(step, results, lib))
    last = [result if lib is None else result.sum() for result in results[-3:]]
    return last[0] + last[1] + last[2]


def gradients_of(program: Program, lib: Any) -> list[np.ndarray]:
    inputs = [lib.tensor(leaf, requires_grad=True) for leaf in program.leaves]
    run(program, inputs, lib).backward()
    return [
        np.zeros(leaf.shape) if x.grad is None else x.grad.numpy()
        for x, leaf in zip(inputs, program.leaves, strict=True)
    ]


@pytest.mark.parametrize("batch", range(GRAPHS // BATCH))
def test_gradients_of_random_graphs_equal_pytorchs(batch: int) -> None:
    for seed in range(batch * BATCH, (batch + 1) * BATCH):
        scalar = seed % 3 == 0
        program = draw(seed, scalar)
        ours, theirs = gradients_of(program, cr), gradients_of(program, torch)
        scale = max(1.0, *(float(np.abs(g).max()) for g in theirs))
        for x, t in zip(ours, theirs, strict=True):
            assert x.dtype == np.float64
            np.testing.assert_allclose(x, t, rtol=0, atol=TOLERANCE * scale, err_msg=f"seed {seed}")
        if scalar:
            values = [cr.Value(leaf.item()) for leaf in program.leaves]
            run(program, values, None).backward()
            for v, t in zip(values, theirs, strict=True):
                assert abs(v.grad - t.item()) <= TOLERANCE * scale, f"seed {seed}"


def test_random_graphs_share_their_nodes() -> None:
    """The graphs are what they are said to be: most have results that are used more than once."""
    shared = 0
    for seed in range(100):
        used = [place for step in draw(seed, seed % 3 == 0).steps for place in step.operands]
        shared += len(used) > len(set(used))
    assert shared > 95
