"""The command: run the comparisons, print the table, write the results."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

# BLAS reads these when numpy and torch are first imported, which happens below.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"

from benchmarks import imports, memory, report, scalars, tensors  # noqa: E402
from benchmarks.timing import Comparison, PeerMissing  # noqa: E402

BENCHMARKS = {
    "moons-tensor": tensors.moons,
    "wide-tensor": tensors.wide,
    "moons-value": scalars.moons,
    "small-value": scalars.small_expression,
    "import": imports.import_time,
    "memory": memory.bytes_per_node,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHMARKS))
    parser.add_argument("--json", type=Path, help="write the results here, not into results/")
    parser.add_argument("--quick", action="store_true", help="fewer rounds, and write no file")
    options = parser.parse_args()
    if unknown := set(options.names) - set(BENCHMARKS):
        parser.error(f"no benchmark {', '.join(sorted(unknown))}; there are {', '.join(BENCHMARKS)}")

    machine = report.machine()
    found: list[Comparison] = []
    skipped: dict[str, str] = {}
    for name in options.names or BENCHMARKS:
        try:
            found += report.while_running(name, BENCHMARKS[name], options.quick)
        except PeerMissing as missing:
            skipped[name] = str(missing)
    report.show(machine, found, skipped)
    if options.json or not (options.quick or options.names):
        path = report.write(machine, found, skipped, options.json)
        print(f"written to {path}")


if __name__ == "__main__":
    main()
