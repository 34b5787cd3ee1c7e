"""What was measured, and on what: as a table, and as a file."""

from __future__ import annotations

import json
import os
import platform
import re
import sys
from collections.abc import Callable
from datetime import date
from importlib import metadata
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.timing import Comparison

LIBRARIES = ("chainrule", "numpy", "torch", "micrograd")
RESULTS = Path(__file__).parent / "results"


def machine() -> dict[str, Any]:
    """The processor, the system, and the versions of what runs on them."""
    return {
        "date": date.today().isoformat(),
        "cpu": processor(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "libraries": {name: found for name in LIBRARIES if (found := version(name))},
    }


def processor() -> str:
    """The model name that the system knows its processor by."""
    try:
        names = re.findall(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    except OSError:
        names = []
    return names[0] if names else platform.processor() or platform.machine()


def version(library: str) -> str | None:
    try:
        return metadata.version(library)
    except metadata.PackageNotFoundError:
        return None


def while_running(
    name: str, benchmark: Callable[[bool], list[Comparison]], quick: bool
) -> list[Comparison]:
    with Console(stderr=True).status(f"{name}: {benchmark.__doc__}"):
        return benchmark(quick)


def show(machine: dict[str, Any], found: list[Comparison], skipped: dict[str, str]) -> None:
    versions = ", ".join(f"{name} {number}" for name, number in machine["libraries"].items())
    console = Console()
    console.width = max(console.width, 110)  # a file or a pipe has no width of its own
    console.print(f"{machine['cpu']}, {machine['cores']} cores, Python {machine['python']}")
    console.print(f"{versions}\n", highlight=False)
    table = Table("", "beside", title="chainrule / peer: below 1, chainrule takes less")
    for heading in ("chainrule", "peer", "ratio", "from – to", "rounds", "target"):
        table.add_column(heading, justify="right", no_wrap=True)
    for one in found:
        low, high = one.spread
        table.add_row(
            one.what,
            one.peer,
            quantity(median(one.ours), one.unit),
            quantity(median(one.theirs), one.unit),
            f"{one.ratio:.2f}",
            f"{low:.2f} – {high:.2f}",
            str(len(one.ours)),
            one.target,
        )
    console.print(table)
    for name, why in skipped.items():
        console.print(f"skipped {name}: {why}", highlight=False)


def quantity(number: float, unit: str) -> str:
    if unit != "s":
        return f"{number:.0f} {unit}"
    for scale, name in ((1, "s"), (1e3, "ms"), (1e6, "µs")):
        if number * scale >= 1:
            return f"{number * scale:.3g} {name}"
    return f"{number * 1e9:.3g} ns"


def write(
    machine: dict[str, Any],
    found: list[Comparison],
    skipped: dict[str, str],
    path: Path | None = None,
) -> Path:
    """Write everything, each round included, as JSON; into results/ where no path is given."""
    if path is None:
        cpu = re.sub(r"[^a-z0-9]+", "-", machine["cpu"].lower().replace("(r)", "")).strip("-")
        path = RESULTS / f"{machine['date']}-{cpu}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    comparisons = [
        {
            "what": one.what,
            "peer": one.peer,
            "unit": one.unit,
            "chainrule median": median(one.ours),
            "peer median": median(one.theirs),
            "ratio": round(one.ratio, 4),
            "ratio spread": [round(ratio, 4) for ratio in one.spread],
            "target": one.target,
            "chainrule rounds": [float(f"{number:.4g}") for number in one.ours],
            "peer rounds": [float(f"{number:.4g}") for number in one.theirs],
        }
        for one in found
    ]
    content = {"machine": machine, "command": sys.argv[1:], "comparisons": comparisons}
    if skipped:
        content["skipped"] = skipped
    path.write_text(json.dumps(content, indent=1) + "\n")
    return path
