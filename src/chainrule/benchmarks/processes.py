"""Each benchmark in a process of its own: none finds another's heap, libraries or code.

It has one thread for all libraries, or two cores for all of them.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from chainrule.benchmarks.catalogue import benchmark, cores
from chainrule.benchmarks.results import Outcome
from chainrule.errors import CompileWarning
from chainrule.errors.benchmarks import PeerMissingError, benchmark_failed

#: BLAS, PyTorch and XLA read these when they are first imported, so a process is started with them.
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NPROC")
XLA_FLAG = "--xla_cpu_multi_thread_eigen=false"


def environment(threads: int = 1, **more: str) -> dict[str, str]:
    """This process's environment, with so many threads for each library."""
    flags = os.environ.get("XLA_FLAGS", "").replace(XLA_FLAG, "")
    if threads == 1:
        flags = f"{flags} {XLA_FLAG}"
    said = dict.fromkeys(THREADS, str(threads))
    return {**os.environ, **said, "JAX_PLATFORMS": "cpu", "XLA_FLAGS": flags.strip(), **more}


def keep_to(count: int) -> None:
    """This process and those that it starts run on so many cores from now on, where the system can say so;
    a library that counts cores finds no more."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:count])


def only_compiled() -> None:
    """Where chainrule cannot compile, it runs the plain function; here that is an error, and no figure."""
    warnings.simplefilter("error", CompileWarning)


def answer(about: str, code: str, environment: Mapping[str, str]) -> dict[str, Any]:
    """What ``code`` prints last in a new process, which is JSON.

    Raises PeerMissingError where that is a reason under "missing", and BenchmarkError with ``about`` and
    the end of what it printed where the process fails.
    """
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    if done.returncode:
        raise benchmark_failed(about, done.stderr)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    if "missing" in found:
        raise PeerMissingError(found["missing"])
    return found


def run(name: str, quick: bool) -> Outcome:
    """The outcome of the benchmark ``name``, run in a new process.

    Raises BenchmarkError with the end of what it printed, where it fails.
    """
    with tempfile.TemporaryDirectory() as folder:
        written = Path(folder) / "outcome.json"
        command = [sys.executable, "-m", __name__, name, str(written), *(["quick"] if quick else [])]
        done = subprocess.run(
            command,
            env=environment(cores(name)),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        if done.returncode:
            raise benchmark_failed(name, done.stdout)
        return Outcome.from_json(json.loads(written.read_text()))


def main(arguments: Sequence[str]) -> None:
    """In the new process: measure, and write the outcome where the parent reads it."""
    name, path, *quick = arguments
    only_compiled()
    if cores(name) > 1:
        keep_to(cores(name))
    outcome = benchmark(name)(bool(quick))
    Path(path).write_text(json.dumps(outcome.as_json()))


if __name__ == "__main__":
    main(sys.argv[1:])
