"""How many bytes a node of a scalar graph takes, with all that hangs on it."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from chainrule import Value
from chainrule.benchmarks.peers import library
from chainrule.benchmarks.residence import Peak
from chainrule.benchmarks.results import Asked, Line, Outcome
from chainrule.errors.benchmarks import PeerMissingError

GRAPHS, LENGTH = 400, 300


def bytes_per_node(quick: bool) -> Outcome:
    """Chains of products, sums and relus, built and not yet walked back."""
    try:
        library("micrograd.engine")
    except PeerMissingError as missing:
        return Outcome(missing={"micrograd": str(missing)})
    rounds = 1 if quick else 3
    ours, others = ([apart(name) for _ in range(rounds)] for name in ("chainrule", "micrograd"))
    return Outcome(
        [
            Line("memory of a node", "micrograd", "bytes", ours, others),
            Line("memory of a node", "", "bytes", ours, [], Asked("below", 500)),
        ]
    )


def apart(name: str) -> float:
    """`measured`, in a process of its own."""
    code = f"from {__name__} import measured; print(measured({name!r}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return float(json.loads(done.stdout))


def measured(name: str) -> float:
    """How many bytes this process grows by, for each node."""
    value = Value if name == "chainrule" else library("micrograd.engine").Value
    chain(value)  # what is compiled or cached on first use is no node's
    with Peak() as grown:
        graphs = [chain(value) for _ in range(GRAPHS)]
    return grown.bytes / (len(graphs) * (LENGTH + 1))


def chain(value: Any) -> Any:
    """``LENGTH`` operations on one leaf."""
    leaf = node = value(0.5)
    for _ in range(LENGTH // 3):
        node = (node * leaf + leaf).relu()
    return node
