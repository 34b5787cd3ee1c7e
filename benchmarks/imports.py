"""How long ``import`` takes: whole processes, from the start of Python to its end."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time

from benchmarks.timing import Comparison, peer


def import_time(quick: bool) -> list[Comparison]:
    """chainrule against numpy, which it imports, and torch."""
    peer("torch")
    rounds = 3 if quick else 15
    found: dict[str, list[float]] = {"chainrule": [], "numpy": [], "torch": []}
    with tempfile.TemporaryDirectory() as folder:
        # All three find their bytecode ready, as after an installation.
        environment = {**os.environ, "PYTHONPYCACHEPREFIX": folder}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        for name in found:
            process(name, environment)
        for _ in range(rounds):
            for name, times in found.items():
                times.append(process(name, environment))
    ours = found["chainrule"]
    return [
        Comparison("import", "numpy", "s", ours, found["numpy"], "< 0.2 s"),
        Comparison("import", "torch", "s", ours, found["torch"]),
    ]


def process(name: str, environment: dict[str, str]) -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", f"import {name}"], env=environment, check=True)
    return time.perf_counter() - start
