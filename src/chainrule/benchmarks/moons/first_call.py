"""The first call of the compiled step, in new processes: tracing, compiling, one step."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from chainrule.benchmarks import first_calls
from chainrule.benchmarks.moons import in_jax, pytorch, scalars
from chainrule.benchmarks.moons.task import Task, Trainer, task
from chainrule.benchmarks.results import Outcome

WHAT = "first call of the moons step"
WHOLE = "a whole process that takes one moons step"

BUILDERS: dict[str, Callable[[Task], Trainer]] = {
    first_calls.OURS: scalars.ours_by_step,
    "torch.compile": pytorch.compiled,
    "JAX jit": in_jax.jit,
}


def first_call(quick: bool) -> Outcome:
    """Ours, torch.compile's and JAX's, in turns: first without a cache, then from it."""
    times, missing = first_calls.in_turns(
        lambda name: f"from {__name__} import measure; measure({name!r})", rounds=1 if quick else 5
    )
    return Outcome(first_calls.lines(WHAT, WHOLE, times), missing)


def measure(name: str) -> None:
    """In the new process: print how long the first call takes, as JSON."""
    first_calls.measure(lambda: partial(BUILDERS[name](task()).train, np.array([0.1])))
