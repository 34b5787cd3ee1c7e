"""How many cores this process may keep busy.

>>> usable() >= 1
True
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

_CPUS = Path("/sys/devices/system/cpu")
_QUOTA = Path("/sys/fs/cgroup/cpu.max")


@cache
def usable() -> int:
    """The cores that the system lets this process run on: where two threads of the processor share a core's
    arithmetic they count once, and a container's quota of time counts as so many cores."""
    return max(1, min(_allowed(), _quota()))


def _allowed() -> int:
    if not hasattr(os, "sched_getaffinity"):
        return os.cpu_count() or 1
    cpus = os.sched_getaffinity(0)
    return len({_read(_CPUS / f"cpu{cpu}/topology/thread_siblings_list") or str(cpu) for cpu in cpus})


def _quota() -> int:
    """Linux: microseconds of processor time in each period of so many, or ``max`` for no limit."""
    limit, _, period = _read(_QUOTA).partition(" ")
    if not (limit.isdigit() and period.isdigit()):
        return os.cpu_count() or 1
    return int(limit) // int(period)


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="ascii").strip()
    except OSError:
        return ""
