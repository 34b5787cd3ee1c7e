"""What the benchmarks ran on: the processor, the system, and the versions of the libraries."""

from __future__ import annotations

import os
import platform
import re
from datetime import date
from importlib import metadata
from pathlib import Path
from typing import Any

LIBRARIES = ("chainrule", "numpy", "llvmlite", "torch", "jax", "autograd", "micrograd")


def machine() -> dict[str, Any]:
    """The processor, the system, and the versions of what runs on them."""
    return {
        "date": date.today().isoformat(),
        "cpu": processor(),
        "cores": os.cpu_count(),
        "load before": load(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "libraries": {name: found for name in LIBRARIES if (found := version(name))},
    }


def load() -> float | None:
    """How many threads wanted a core in the last minute; None where the system does not count them. Where
    cores are not free, libraries of several threads wait for each other, and their times mean little."""
    return round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None


def processor() -> str:
    """The model name that the system knows its processor by."""
    try:
        names = re.findall(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    except OSError:
        names = []
    return names[0] if names else platform.processor() or platform.machine()


def version(library: str) -> str | None:
    """The installed version of a library, or None."""
    try:
        return metadata.version(library)
    except metadata.PackageNotFoundError:
        return None


def file_name(machine: dict[str, Any]) -> str:
    """``2026-11-21-intel-xeon-processor.json``."""
    cpu = re.sub(r"[^a-z0-9]+", "-", machine["cpu"].lower().replace("(r)", "")).strip("-")
    return f"{machine['date']}-{cpu}.json"
