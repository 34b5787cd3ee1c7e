"""What a training step needs besides the weights, Adam's two moments and the data.

Measured is the largest resident size of a process while it takes some steps, less what it still holds when
all that belongs to the steps was let go: their graph or their compiled code with its arena, the gradients,
the loss. The steps before those that are measured load what is loaded once. Before both sizes are read, the
free memory of C's heap is handed back to the system, so that neither counts what nobody holds; what a
library keeps for itself for ever (threads, the panels of BLAS) is in both.

It is measured twice. As processes are, C's heap keeps what was freed for the blocks to come, and part of
the size is what it hoards: a step of many passing blocks pays for them there. With a low threshold for
blocks of their own, each of more than 64 KiB goes back to the system when it is freed, and the size is that
of the blocks which live at the same time: as PyTorch's own account of its allocations has it.
"""

from __future__ import annotations

import gc
import json
from collections.abc import Callable
from itertools import product
from typing import Any

import chainrule
from chainrule.benchmarks.catalogue import CORES
from chainrule.benchmarks.peers import library, torch_at_threads
from chainrule.benchmarks.processes import answer, environment, only_compiled
from chainrule.benchmarks.residence import Peak, give_back, resident
from chainrule.benchmarks.results import Asked, Line, Outcome
from chainrule.benchmarks.training import gpt, mlp
from chainrule.benchmarks.training.modules import Step, step_of
from chainrule.benchmarks.training.work import Work
from chainrule.errors.benchmarks import PeerMissingError, residence_unknown

OURS, PEER = "chainrule", "torch eager"
WORKS: dict[str, Callable[[], Work]] = {"MLP step": mlp.work, "GPT block step": gpt.work}
ASKED = Asked("smaller", 1 / 0.8)
STEPS = 5

#: How the C heap is told to be, by the form of the lines. The variable is glibc's.
FORMS: dict[str, dict[str, str]] = {
    "with what the heap keeps": {},
    "living blocks alone": {"MALLOC_MMAP_THRESHOLD_": str(64 * 1024)},
}


def peak_memory(quick: bool) -> Outcome:
    """Ours compiled beside PyTorch's eager step, each in processes of its own, in turns."""
    outcome = Outcome()
    for what, form in product(WORKS, FORMS):
        found: dict[str, list[float]] = {OURS: [], PEER: []}
        for _ in range(1 if quick else 5):
            for name in (name for name in found if name not in outcome.missing):
                try:
                    found[name].append(in_new_process(name, what, form))
                except PeerMissingError as reason:
                    outcome.missing[name] = str(reason)
        outcome.lines.append(
            Line(f"{what}: peak memory", PEER, "bytes", found[OURS], found[PEER], ASKED, form)
        )
    return outcome


def in_new_process(name: str, what: str, form: str) -> float:
    """The bytes that the step needs there; raises PeerMissingError where it cannot run."""
    code = f"from {__name__} import measure; measure({name!r}, {what!r})"
    return float(answer(f"{what} of {name}", code, environment(CORES, **FORMS[form]))["bytes"])


def measure(name: str, what: str) -> None:
    """In the new process: print the bytes that the step needs, as JSON."""
    only_compiled()
    try:
        print(json.dumps({"bytes": needed(name, WORKS[what]())}))
    except PeerMissingError as reason:
        print(json.dumps({"missing": str(reason)}))


def needed(name: str, work: Work) -> int:
    """The largest size in the steps of the side ``name``, less the size when their memory is let go."""
    lib, compiled, options = sides(name)
    step, _, optimizer = step_of(lib, work, **options)
    running = [compiled(step)]
    batches = [(lib.tensor(x), lib.tensor(y)) for x, y in work.batches]

    def let_go() -> None:
        optimizer.zero_grad()
        running.clear()

    return between(lambda: take(running[0], batches), let_go)


def between(run: Callable[[], object], let_go: Callable[[], object]) -> int:
    """The largest size while ``run`` runs for the second time, less the size after ``let_go``. Raises
    PeerMissingError where the system does not say how large a process is."""
    run()
    settle()
    with Peak() as grown:
        run()
    let_go()
    settle()
    try:
        return grown.largest - resident()
    except OSError:
        raise residence_unknown() from None


def sides(name: str) -> tuple[Any, Callable[[Step], Step], dict[str, Any]]:
    """The library, how it compiles a step, and the options of its Adam."""
    if name == OURS:
        library("llvmlite")
        return chainrule, chainrule.compile, {}
    return torch_at_threads(CORES), lambda step: step, {"fused": True}


def take(step: Step, batches: list[tuple[Any, Any]]) -> None:
    """Some steps; each loss is dropped when the next one is there."""
    for index in range(STEPS):
        loss = step(*batches[index % len(batches)])
    del loss


def settle() -> None:
    """Nothing that nobody holds stays resident."""
    gc.collect()
    give_back()
