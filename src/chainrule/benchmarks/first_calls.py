"""First calls in new processes: first with an empty cache, then from the one that the first process left.

The clock starts when the libraries are imported, the weights are there and the step is defined, and stops
when the first loss is there. The whole process is timed as well, with its imports.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Sequence

import numpy as np

from chainrule.benchmarks.processes import answer, environment, only_compiled
from chainrule.benchmarks.results import Asked, Line
from chainrule.errors.benchmarks import PeerMissingError

OURS = "chainrule"
EMPTY, FILLED = "the cache empty", "from the cache"

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


def in_turns(code: Callable[[str], str], rounds: int, threads: int = 1) -> tuple[Times, dict[str, str]]:
    """All sides of `CACHES` in turns, and why some are left out. ``code(name)`` is what the new process
    runs; it ends with `measure`."""
    times: Times = {(name, state): ([], []) for name in CACHES for state in (EMPTY, FILLED)}
    missing: dict[str, str] = {}
    for _ in range(rounds):
        for name in (name for name in CACHES if name not in missing):
            with tempfile.TemporaryDirectory() as folder:
                try:
                    for state in (EMPTY, FILLED):
                        first, whole = in_new_process(name, code(name), folder, threads)
                        times[name, state][0].append(first)
                        times[name, state][1].append(whole)
                except PeerMissingError as reason:
                    missing[name] = str(reason)
    return times, missing


def in_new_process(name: str, code: str, cache: str, threads: int) -> tuple[float, float]:
    """The seconds of the first call there, and of the process; raises PeerMissingError where it cannot
    run."""
    start = time.perf_counter()
    found = answer(f"first call of {name}", code, environment(threads, **CACHES[name](cache)))
    return float(found["seconds"]), time.perf_counter() - start


def measure(build: Callable[[], Callable[[], np.ndarray]]) -> None:
    """In the new process: print how long the first call of what ``build`` gives takes, as JSON."""
    only_compiled()
    try:
        call = build()
    except PeerMissingError as reason:
        print(json.dumps({"missing": str(reason)}))
        return
    start = time.perf_counter()
    (loss,) = call()
    seconds = time.perf_counter() - start
    assert np.isfinite(loss)
    print(json.dumps({"seconds": seconds}))


def lines(what: str, whole: str, times: Times) -> list[Line]:
    """The first calls under the title ``what``, the whole processes under ``whole``; without a cache, then
    from it."""
    peers: Sequence[str] = [name for name in CACHES if name != OURS and times[name, EMPTY][0]]
    found = []
    for index, title in enumerate((what, whole)):
        for state in (EMPTY, FILLED):
            ours = times[OURS, state][index]
            if (index, state) == (0, FILLED):
                found.append(Line(title, "", "s", ours, [], Asked("below", 0.1), state))
            for name in peers:
                asked = ASKED[name] if (index, state) == (0, EMPTY) else None
                found.append(Line(title, name, "s", ours, times[name, state][index], asked, state))
    return found
