"""One training step of micrograd's moons demo, in float64: the compiled Value beside all peers."""

from __future__ import annotations

from collections.abc import Callable, Container
from functools import partial

import numpy as np

from chainrule.benchmarks.moons import arrays, in_c, in_jax, pytorch, scalars
from chainrule.benchmarks.moons.task import Task, Trainer, demo_rates, task
from chainrule.benchmarks.peers import present
from chainrule.benchmarks.results import Asked, Line, Outcome
from chainrule.benchmarks.timing import in_turns

WHAT = "moons step"
STEP, LOOP = "a call a step", "all steps in a call"

OURS = {STEP: scalars.ours_by_step, LOOP: scalars.ours_in_loop}

#: name -> how it is built, which form of ours stands beside it, what is asked
PEERS: dict[str, tuple[Callable[[Task], Trainer], str, Asked | None]] = {
    "micrograd": (scalars.micrograd, STEP, Asked("faster", 50_000)),
    "autograd": (arrays.autograd, STEP, None),
    "torch eager": (pytorch.eager, STEP, Asked("faster", 50)),
    "torch.compile": (pytorch.compiled, STEP, Asked("faster", 20)),
    "numpy by hand": (arrays.numpy_by_hand, STEP, None),
    "JAX jit": (in_jax.jit, STEP, Asked("faster", 8)),
    "JAX fori_loop": (in_jax.fori_loop, LOOP, Asked("faster", 2)),
    "C by hand": (in_c.by_hand, LOOP, Asked("within", 2)),
}

#: How many steps a turn takes: some tens of milliseconds, but for micrograd, whose step takes a second.
STEPS = {"micrograd": 1, "autograd": 20, "JAX fori_loop": 1000, "C by hand": 5000, STEP: 1000, LOOP: 5000}
OTHERS = 100

#: Losses and weights of float64 agree this far after the first steps, however their sums are ordered.
TOLERANCE = 1e-9


def training_step(quick: bool) -> Outcome:
    """Losses and weights compared over the first steps, then all in turns."""
    work = task()
    built, missing = trainers(work)
    compare(built, work, demo_rates(3 if quick else 20))
    sides = []
    for name, trainer in built.items():
        steps = STEPS.get(name, OTHERS)
        sides.append((partial(trainer.train, np.full(steps, 0.05)), steps))
    times = dict(zip(built, in_turns(sides, rounds=3 if quick else 15), strict=True))
    lines = [
        Line(WHAT, title(name), "s", times.get(form, []), times[name], asked, form)
        for name, (_, form, asked) in PEERS.items()
        if name in times
    ]
    return Outcome(lines, missing)


def trainers(work: Task, leave: Container[str] = ()) -> tuple[dict[str, Trainer], dict[str, str]]:
    """Every form of ours and every peer that can run here, but those to ``leave`` out, and why the others
    cannot."""
    builders = {**OURS, **{name: build for name, (build, *_) in PEERS.items()}}
    built, missing = present(
        {name: partial(build, work) for name, build in builders.items() if name not in leave}
    )
    for form in OURS:
        if form in missing:
            missing[f"chainrule, {form}"] = missing.pop(form)
    return built, missing


def title(name: str) -> str:
    """The peer's name in the table; C's says for which instructions it was compiled."""
    return f"C by hand, {in_c.instructions()}" if name == "C by hand" else name


def compare(built: dict[str, Trainer], work: Task, rates: np.ndarray) -> None:
    """Train each for a step a rate; raises AssertionError where one disagrees with numpy by hand."""
    reference = arrays.numpy_by_hand(work)
    close = partial(np.testing.assert_allclose, rtol=TOLERANCE, atol=TOLERANCE)
    losses, weights = reference.train(rates), reference.weights()
    for name, trainer in built.items():
        close(trainer.train(rates), losses, err_msg=f"{name}: losses")
        close(trainer.weights(), weights, err_msg=f"{name}: weights")
