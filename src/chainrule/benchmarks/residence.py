"""How much a process grows while something runs, as the system counts its memory."""

from __future__ import annotations

import re
import resource
import sys
from pathlib import Path

_STATUS = Path("/proc/self/status")
_REFERENCES = Path("/proc/self/clear_refs")
_RESET_PEAK = "5"


class Peak:
    """``with Peak() as grown: …``; then ``grown.bytes`` is the largest resident size within, less the size
    before. On Linux the peak starts at the size before; elsewhere, at the largest until then."""

    bytes: int = 0

    def __enter__(self) -> Peak:
        try:
            _REFERENCES.write_text(_RESET_PEAK)
            self._before = _resident("VmRSS")
        except OSError:
            self._before = _largest()
        return self

    def __exit__(self, *_: object) -> None:
        try:
            now = _resident("VmHWM")
        except OSError:
            now = _largest()
        self.bytes = max(0, now - self._before)


def _resident(field: str) -> int:
    found = re.search(rf"{field}:\s*(\d+) kB", _STATUS.read_text())
    if found is None:
        raise OSError(f"{_STATUS} has no {field}")
    return 1024 * int(found[1])


def _largest() -> int:
    largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return largest if sys.platform == "darwin" else 1024 * largest
