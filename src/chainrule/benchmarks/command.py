"""What ``chainrule bench`` does, apart from how its arguments are read."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from chainrule.benchmarks import picture as drawing
from chainrule.benchmarks import report
from chainrule.benchmarks.catalogue import CATALOGUE
from chainrule.benchmarks.machine import file_name, machine
from chainrule.benchmarks.processes import run
from chainrule.benchmarks.results import Outcome
from chainrule.errors.benchmarks import BenchmarkError, benchmark_unknown, benchmarks_failed


def bench(
    names: Sequence[str],
    *,
    quick: bool = False,
    as_json: bool = False,
    picture: Path | None = None,
    results: Path | None = None,
) -> None:
    """Run the benchmarks, all where none is named, and print the table, or the JSON.

    Raises NameUnknownError for a name that is not in the catalogue; BenchmarkError where a benchmark fails,
    after the others were shown.
    ``picture`` is a file to draw into, with another of its name and ``-tensors`` beside it; ``results`` a
    folder for ``<date>-<processor>.json``.
    """
    names = names or list(CATALOGUE)
    if unknown := [name for name in names if name not in CATALOGUE]:
        raise benchmark_unknown(unknown, ((name, about) for name, (_, about) in CATALOGUE.items()))
    if picture is not None:
        drawing.check(names)
    ran_on = machine()
    outcomes: dict[str, Outcome] = {}
    progress = Console(stderr=True)
    failures = []
    for name in names:
        with progress.status(f"{name}: {CATALOGUE[name][1]}"):
            try:
                outcomes[name] = run(name, quick)
            except BenchmarkError as failure:
                failures.append(failure)
    found = report.as_json(ran_on, outcomes)
    if as_json:
        print(json.dumps(found, indent=1))
    else:
        report.show(ran_on, outcomes)
    if results is not None:
        results.mkdir(parents=True, exist_ok=True)
        path = results / file_name(ran_on)
        path.write_text(json.dumps({**found, "quick": quick}, indent=1) + "\n")
        progress.print(f"written to {path}", highlight=False)
    if picture is not None and not failures:
        for drawn in drawing.draw(ran_on, outcomes, picture):
            progress.print(f"drawn into {drawn}", highlight=False)
    if failures:
        raise benchmarks_failed(failures)
