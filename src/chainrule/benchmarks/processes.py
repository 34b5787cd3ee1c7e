"""Each benchmark in a process of its own, at one thread: none finds another's heap, libraries or code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path

from chainrule.benchmarks.catalogue import benchmark
from chainrule.benchmarks.results import Outcome
from chainrule.errors import CompileWarning
from chainrule.errors.benchmarks import benchmark_failed

#: BLAS, PyTorch and XLA read these when they are first imported, so a process is started with them.
ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "NPROC": "1",
    "JAX_PLATFORMS": "cpu",
}
XLA_FLAG = "--xla_cpu_multi_thread_eigen=false"


def environment(**more: str) -> dict[str, str]:
    """This process's environment, with one thread for all libraries."""
    flags = os.environ.get("XLA_FLAGS", "").replace(XLA_FLAG, "")
    return {**os.environ, **ONE_THREAD, "XLA_FLAGS": f"{flags} {XLA_FLAG}".strip(), **more}


def only_compiled() -> None:
    """Where chainrule cannot compile, it runs the plain function; here that is an error, and no figure."""
    warnings.simplefilter("error", CompileWarning)


def run(name: str, quick: bool) -> Outcome:
    """The outcome of the benchmark ``name``, run in a new process.

    Raises BenchmarkError with the end of what it printed, where it fails.
    """
    with tempfile.TemporaryDirectory() as folder:
        written = Path(folder) / "outcome.json"
        command = [sys.executable, "-m", __name__, name, str(written), *(["quick"] if quick else [])]
        done = subprocess.run(
            command, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        if done.returncode:
            raise benchmark_failed(name, done.stdout)
        return Outcome.from_json(json.loads(written.read_text()))


def main(arguments: Sequence[str]) -> None:
    """In the new process: measure, and write the outcome where the parent reads it."""
    name, path, *quick = arguments
    only_compiled()
    outcome = benchmark(name)(bool(quick))
    Path(path).write_text(json.dumps(outcome.as_json()))


if __name__ == "__main__":
    main(sys.argv[1:])
