"""How much a process grows while something runs, as the system counts its memory."""

from __future__ import annotations

import ctypes
import re
import resource
import sys
from pathlib import Path

_STATUS = Path("/proc/self/status")
_REFERENCES = Path("/proc/self/clear_refs")
_RESET_PEAK = "5"


class Peak:
    """``with Peak() as grown: …``; then ``grown.bytes`` is the largest resident size within, less the size
    before; ``grown.largest`` is that largest size itself. On Linux the peak starts at the size before;
    elsewhere, at the largest until then."""

    bytes: int = 0
    largest: int = 0

    def __enter__(self) -> Peak:
        try:
            _REFERENCES.write_text(_RESET_PEAK)
            self._before = resident()
        except OSError:
            self._before = _largest()
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.largest = _field("VmHWM")
        except OSError:
            self.largest = _largest()
        self.bytes = max(0, self.largest - self._before)


def resident() -> int:
    """How many bytes of this process are in memory now. Raises OSError where the system does not say."""
    return _field("VmRSS")


def give_back() -> None:
    """Hand the free memory of C's heap back to the system, where its library can."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim is not None:
        trim(0)


def _field(name: str) -> int:
    found = re.search(rf"{name}:\s*(\d+) kB", _STATUS.read_text())
    if found is None:
        raise OSError(f"{_STATUS} has no {name}")
    return 1024 * int(found[1])


def _largest() -> int:
    largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return largest if sys.platform == "darwin" else 1024 * largest
