"""The benchmarks by name, and where each of them stands."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import cast

from chainrule.benchmarks.results import Outcome

Benchmark = Callable[[bool], Outcome]

#: name -> (module:function, what it does in a line)
CATALOGUE = {
    "moons-compiled": (
        "moons.compiled:training_step",
        "micrograd's moons demo, one training step, compiled",
    ),
    "first-call": ("moons.first_call:first_call", "the same step's first call, in a new process"),
    "compile-time": ("compile_time:compile_time", "how the time to compile grows with the program"),
    "fresh-graph": ("gpt.fresh_graph:fresh_graph", "a tiny GPT on scalars, a new graph at each step"),
    "moons-value": ("scalars:moons", "micrograd's moons demo on Value, as it stands"),
    "small-value": ("scalars:small_expression", "the expression of micrograd's README"),
    "memory": ("memory:bytes_per_node", "bytes for a node of a scalar graph"),
    "moons-tensor": ("tensors:moons", "a small training step on eager tensors"),
    "wide-tensor": ("tensors:wide", "a large training step on eager tensors"),
    "mlp-step": ("training.steps:mlp_step", "784-512-512-10, one training step with Adam, compiled"),
    "cnn-step": ("training.steps:cnn_step", "a small convolutional network, the same"),
    "gpt-block": ("training.steps:gpt_block", "a block of a GPT, the same"),
    "moons-tensor-compiled": ("training.moons:training_step", "a small training step on tensors, compiled"),
    "tensor-first-call": (
        "training.first_call:first_call",
        "the first calls of large steps, in a new process",
    ),
    "step-memory": ("training.memory:peak_memory", "what the large steps need besides weights and data"),
    "import": ("imports:import_time", "a process that imports and ends"),
}

#: How many cores those benchmarks have in which there is more than one thread, and which they are.
CORES = 2
ON_TWO_CORES = frozenset(name for name, (where, _) in CATALOGUE.items() if where.startswith("training."))


def cores(name: str) -> int:
    """On how many cores the benchmark ``name`` runs, with as many threads of each library."""
    return CORES if name in ON_TWO_CORES else 1


def benchmark(name: str) -> Benchmark:
    """The function of the benchmark ``name``: it takes whether to be quick, and measures."""
    module, function = CATALOGUE[name][0].split(":")
    return cast(Benchmark, getattr(importlib.import_module(f"chainrule.benchmarks.{module}"), function))
