"""The first call of the compiled step, in new processes: tracing, compiling, one step.

The clock starts when the libraries are imported, the weights are there and the step is defined, and stops
when the first loss is there. A cache on disk is empty at first; the second process finds what the first one
left in it. The whole process is timed as well, with its imports.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial

import numpy as np

from chainrule.benchmarks.moons import in_jax, pytorch, scalars
from chainrule.benchmarks.moons.task import Task, Trainer, task
from chainrule.benchmarks.processes import environment, only_compiled
from chainrule.benchmarks.results import Asked, Line, Outcome
from chainrule.errors.benchmarks import PeerMissingError, benchmark_failed

WHAT = "first call of the moons step"
WHOLE = "a whole process that takes one moons step"
EMPTY, FILLED = "the cache empty", "from the cache"

OURS = "chainrule"
BUILDERS: dict[str, Callable[[Task], Trainer]] = {
    OURS: scalars.ours_by_step,
    "torch.compile": pytorch.compiled,
    "JAX jit": in_jax.jit,
}

#: The variables that tell each where its cache is; JAX keeps none unless it is told to.
CACHES: dict[str, Callable[[str], dict[str, str]]] = {
    OURS: lambda folder: {"CHAINRULE_CACHE_DIR": folder},
    "torch.compile": lambda folder: {"TORCHINDUCTOR_CACHE_DIR": folder},
    "JAX jit": lambda folder: {
        "JAX_COMPILATION_CACHE_DIR": folder,
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
    },
}

ASKED = {"torch.compile": Asked("faster", 10), "JAX jit": Asked("faster", 1)}


#: By side and state of the cache: the seconds of the first call, and of its whole process, in each round.
Times = dict[tuple[str, str], tuple[list[float], list[float]]]


def first_call(quick: bool) -> Outcome:
    """Ours, torch.compile's and JAX's, in turns: first without a cache, then from it."""
    times: Times = {(name, state): ([], []) for name in BUILDERS for state in (EMPTY, FILLED)}
    missing: dict[str, str] = {}
    for _ in range(1 if quick else 5):
        for name in (name for name in BUILDERS if name not in missing):
            with tempfile.TemporaryDirectory() as folder:
                try:
                    for state in (EMPTY, FILLED):
                        for found, seconds in zip(
                            times[name, state], in_new_process(name, folder), strict=True
                        ):
                            found.append(seconds)
                except PeerMissingError as reason:
                    missing[name] = str(reason)
    return Outcome(lines(times, [name for name in BUILDERS if name not in (OURS, *missing)]), missing)


def lines(times: Times, peers: list[str]) -> list[Line]:
    """The first calls, then the whole processes; without a cache, then from it."""
    found = []
    for index, what in enumerate((WHAT, WHOLE)):
        for state in (EMPTY, FILLED):
            ours = times[OURS, state][index]
            if (what, state) == (WHAT, FILLED):
                found.append(Line(what, "", "s", ours, [], Asked("below", 0.1), state))
            for name in peers:
                asked = ASKED[name] if (what, state) == (WHAT, EMPTY) else None
                found.append(Line(what, name, "s", ours, times[name, state][index], asked, state))
    return found


def in_new_process(name: str, cache: str) -> tuple[float, float]:
    """The seconds of the first call there, and of the process; raises PeerMissingError where it cannot
    run."""
    code = f"from {__name__} import measure; measure({name!r})"
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment(**CACHES[name](cache)),
        capture_output=True,
        text=True,
    )
    whole = time.perf_counter() - start
    if done.returncode:
        raise benchmark_failed(f"first-call of {name}", done.stderr)
    answer = json.loads(done.stdout.splitlines()[-1])
    if "missing" in answer:
        raise PeerMissingError(answer["missing"])
    return float(answer["seconds"]), whole


def measure(name: str) -> None:
    """In the new process: print how long the first call takes, as JSON."""
    only_compiled()
    try:
        train = BUILDERS[name](task()).train
    except PeerMissingError as reason:
        print(json.dumps({"missing": str(reason)}))
        return
    call = partial(train, np.array([0.1]))
    start = time.perf_counter()
    (loss,) = call()
    seconds = time.perf_counter() - start
    assert np.isfinite(loss)
    print(json.dumps({"seconds": seconds}))
