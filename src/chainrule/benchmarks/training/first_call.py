"""The first calls of the large steps, in new processes: tracing, compiling, one step."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from chainrule.benchmarks import first_calls
from chainrule.benchmarks.catalogue import CORES
from chainrule.benchmarks.results import Outcome
from chainrule.benchmarks.training import gpt, in_jax, in_torch, mlp, modules
from chainrule.benchmarks.training.work import Trainer, Work

WORKS: dict[str, Callable[[], Work]] = {"MLP step": mlp.work, "GPT block step": gpt.work}

BUILDERS: dict[str, Callable[[Work], Trainer]] = {
    first_calls.OURS: modules.ours,
    "torch.compile": in_torch.compiled,
    "JAX jit": in_jax.jit,
}


def first_call(quick: bool) -> Outcome:
    """Ours, torch.compile's and JAX's, in turns: first without a cache, then from it."""
    outcome = Outcome()
    for what in WORKS:

        def code(name: str, what: str = what) -> str:
            return f"from {__name__} import measure; measure({name!r}, {what!r})"

        times, missing = first_calls.in_turns(code, rounds=1 if quick else 3, threads=CORES)
        outcome.lines += first_calls.lines(
            f"first call of the {what}", f"a whole process that takes one {what}", times
        )
        outcome.missing.update(missing)
    return outcome


def measure(name: str, what: str) -> None:
    """In the new process: print how long the first call takes, as JSON."""
    work = WORKS[what]()
    first_calls.measure(lambda: partial(BUILDERS[name](work).train, 1))
