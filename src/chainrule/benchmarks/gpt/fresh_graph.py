"""Training steps of the GPT, a new graph at each: the time, the collector's share of it, the memory."""

from __future__ import annotations

import gc
import json
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from chainrule.benchmarks.gpt.classes import CLASSES
from chainrule.benchmarks.gpt.model import GPT, descend, read
from chainrule.benchmarks.peers import present
from chainrule.benchmarks.residence import Peak
from chainrule.benchmarks.results import Asked, Line, Outcome
from chainrule.benchmarks.timing import in_turns

WHAT = "GPT step, new graph"
NAME = "agathe"  # the document: 60,450 values in all, 54,426 of them computed
RATE = 0.01

FASTER = {"slotted class": Asked("faster", 10)}
SMALLER = {"slotted class": Asked("smaller", 2)}


class Training:
    """The model on one class of scalars; a call is a step, and gives the loss before it."""

    def __init__(self, value: Any, name: str = NAME) -> None:
        self.model = GPT(value)
        self.parameters = self.model.parameters()
        self.tokens = read(name)

    def __call__(self) -> float:
        loss = self.model.loss(self.tokens)
        loss.backward()
        descend(self.parameters, RATE)
        return float(loss.data)


def fresh_graph(quick: bool) -> Outcome:
    """chainrule's Value beside a slotted class and micrograd's, as the program stands."""
    values, missing = present(CLASSES)
    trainings = {name: Training(value) for name, value in values.items()}
    compare(trainings)
    rounds = 2 if quick else 9
    sides = [(training, 1) for training in trainings.values()]
    times = dict(zip(trainings, in_turns(sides, rounds=rounds), strict=True))
    shares = {name: [collecting(training) for _ in range(rounds)] for name, training in trainings.items()}
    del trainings
    peaks = {name: [peak_apart(name) for _ in range(1 if quick else 3)] for name in values}
    peers = [name for name in values if name != "chainrule"]
    tables: tuple[tuple[str, str, dict[str, list[float]], dict[str, Asked]], ...] = (
        (WHAT, "s", times, FASTER),
        (f"{WHAT}: peak memory", "bytes", peaks, SMALLER),
        (f"{WHAT}: time in the collector", "%", shares, {}),
    )
    return Outcome(
        [
            Line(what, name, unit, found["chainrule"], found[name], asked.get(name))
            for what, unit, found, asked in tables
            for name in peers
        ],
        missing,
    )


def compare(trainings: dict[str, Training], steps: int = 3) -> None:
    """Train each for some steps; raises AssertionError where losses or weights differ."""
    found = {}
    for name, training in trainings.items():
        losses = [training() for _ in range(steps)]
        found[name] = np.array([*losses, *(p.data for p in training.parameters)])
    reference = found["slotted class"]
    for name, numbers in found.items():
        np.testing.assert_allclose(numbers, reference, rtol=1e-9, atol=1e-12, err_msg=name)


def collecting(step: Callable[[], object], steps: int = 3) -> float:
    """The per cent of the steps' time that Python's garbage collector takes."""
    inside = 0.0
    entered = 0.0

    def watch(phase: str, _: object) -> None:
        nonlocal inside, entered
        if phase == "start":
            entered = time.perf_counter()
        else:
            inside += time.perf_counter() - entered

    gc.collect()
    gc.callbacks.append(watch)
    start = time.perf_counter()
    try:
        for _ in range(steps):
            step()
    finally:
        gc.callbacks.remove(watch)
    return 100 * inside / (time.perf_counter() - start)


def peak_apart(name: str) -> float:
    """`peak`, in a process of its own."""
    code = f"from {__name__} import peak; print(peak({name!r}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return float(json.loads(done.stdout))


def peak(name: str) -> float:
    """The bytes by which this process grows at most while the steps run; what the class sets up when it is
    first used is there before, and little of what Python keeps for the next objects."""
    value = CLASSES[name]()
    training = Training(value)
    node = value(0.5)
    for _ in range(100):
        node = ((node * node - node / 2.0 + 1.0) ** 2).relu().exp().log().tanh()
    node.backward()
    del node
    gc.collect()
    with Peak() as grown:
        for _ in range(3):
            training()
    return grown.bytes
