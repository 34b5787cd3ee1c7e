"""How many bytes a node of a scalar graph takes, with all that hangs on it."""

from __future__ import annotations

import gc
import tracemalloc
from typing import Any

from benchmarks.timing import Comparison, peer
from chainrule import Value

GRAPHS, LENGTH = 200, 300


def bytes_per_node(quick: bool) -> list[Comparison]:
    """Chains of products, sums and relus, built and not yet walked back."""
    theirs = peer("micrograd.engine").Value
    rounds = 1 if quick else 3
    ours, others = ([measured(value) for _ in range(rounds)] for value in (Value, theirs))
    return [Comparison("memory of a node", "micrograd", "bytes", ours, others, "≤ 500 bytes")]


def measured(value: Any) -> float:
    chain(value)  # what is compiled or cached on first use is no node's
    gc.collect()
    tracemalloc.start()
    graphs = [chain(value) for _ in range(GRAPHS)]
    traced, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return traced / (len(graphs) * (LENGTH + 1))


def chain(value: Any) -> Any:
    """``LENGTH`` operations on one leaf."""
    leaf = node = value(0.5)
    for _ in range(LENGTH // 3):
        node = (node * leaf + leaf).relu()
    return node
