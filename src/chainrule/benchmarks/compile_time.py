"""How the time to compile grows: scalar programs of a thousand, ten thousand, a hundred thousand nodes."""

from __future__ import annotations

import gc
import os
import random
import tempfile
import time
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

import chainrule
from chainrule import Value
from chainrule.benchmarks.peers import library
from chainrule.benchmarks.results import Asked, Line, Outcome
from chainrule.errors.benchmarks import PeerMissingError

SIZES = (1_000, 10_000, 100_000)
LEAVES = 16
#: The share of a program's nodes that is written: the others are its way back.
FORWARD = 0.3
GROWTH = Asked("grows", 12)


def compile_time(quick: bool) -> Outcome:
    """Seconds from the first call to its result, forward and backward, and their growth."""
    try:
        library("llvmlite")
    except PeerMissingError as reason:
        return Outcome(missing={"chainrule": str(reason)})
    sizes = SIZES[:2] if quick else SIZES
    with tempfile.TemporaryDirectory() as folder:
        os.environ["CHAINRULE_CACHE_DIR"] = folder
        compiled(100, seed=0)  # what is loaded once is no program's
        times: dict[int, list[float]] = {size: [] for size in sizes}
        for seed in range(1 if quick else 3):
            for size, found in times.items():
                found.append(compiled(size, seed))
    lines = [Line(f"compile {sizes[0]:,} nodes", "", "s", times[sizes[0]], [])]
    lines += [
        Line(f"compile {large:,} nodes", f"{small:,} nodes", "s", times[large], times[small], GROWTH)
        for small, large in pairwise(sizes)
    ]
    return Outcome(lines)


def compiled(size: int, seed: int) -> float:
    """The seconds of a new program's first call; its result is compared with Value's."""
    leaves = np.random.default_rng(0).uniform(-1, 1, LEAVES).tolist()
    values = [Value(leaf) for leaf in leaves]
    function = program(values, round(size * FORWARD), seed)
    native = chainrule.compile(function)
    gc.collect()
    start = time.perf_counter()
    result = native()
    seconds = time.perf_counter() - start
    gradients = [value.grad for value in values]
    expected = function()
    np.testing.assert_allclose(float(result), float(expected.data), rtol=1e-9)
    np.testing.assert_allclose(gradients, [value.grad for value in values], rtol=1e-6, atol=1e-9)
    return seconds


def program(values: list[Value], operations: int, seed: int) -> Callable[[], Any]:
    """A function of the leaves: ``operations`` drawn at random, each on recent results, and backward."""

    def function() -> Any:
        draw = random.Random(seed)
        nodes: list[Any] = list(values)
        for _ in range(operations - 1):
            a, b = nodes[-draw.randint(1, LEAVES)], nodes[-draw.randint(1, LEAVES)]
            kind = draw.randrange(4)
            if kind == 0:
                node = a + b
            elif kind == 1:
                node = a * b
            elif kind == 2:
                node = a - b
            else:
                node = (a + b).tanh()
            nodes.append(node if kind else node * 0.5)
        total = sum(nodes[-LEAVES:])
        for value in values:
            value.grad = 0.0
        total.backward()
        return total

    return function
