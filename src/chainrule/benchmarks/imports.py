"""How long ``import`` takes: whole processes, from the start of Python to its end."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import tempfile
import time

from chainrule.benchmarks.results import Asked, Line, Outcome

OURS = "chainrule"
PEERS = ("numpy", "torch", "jax")


def import_time(quick: bool) -> Outcome:
    """chainrule against numpy, which it imports, torch and jax."""
    names = [name for name in (OURS, *PEERS) if importlib.util.find_spec(name)]
    missing = {name: f"not installed: {name}" for name in PEERS if name not in names}
    found: dict[str, list[float]] = {name: [] for name in names}
    with tempfile.TemporaryDirectory() as folder:
        # All find their bytecode ready, as after an installation.
        environment = {**os.environ, "PYTHONPYCACHEPREFIX": folder}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        for name in names:
            process(name, environment)
        for _ in range(3 if quick else 15):
            for name, times in found.items():
                times.append(process(name, environment))
    ours = found.pop(OURS)
    lines = [Line("import", name, "s", ours, theirs) for name, theirs in found.items()]
    return Outcome([Line("import", "", "s", ours, [], Asked("below", 0.2)), *lines], missing)


def process(name: str, environment: dict[str, str]) -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", f"import {name}"], env=environment, check=True)
    return time.perf_counter() - start
