"""How things are timed here: in turns, so that what slows the machine down slows both sides down."""

from __future__ import annotations

import gc
import importlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import Any


class PeerMissing(Exception):
    """A library to compare with is not installed."""


def peer(name: str) -> Any:
    """The module ``name``, or a PeerMissing that says how to get it."""
    try:
        return importlib.import_module(name)
    except ImportError:
        library = name.partition(".")[0]
        message = f'{library} is not installed: pip install "chainrule[bench]"'
        raise PeerMissing(message) from None


@dataclass(frozen=True)
class Comparison:
    """One thing that both sides did, and what it took of each, round by round."""

    what: str
    peer: str
    unit: str
    ours: list[float]
    theirs: list[float]
    target: str = ""

    @property
    def ratio(self) -> float:
        """Our median over theirs: below 1, chainrule takes less."""
        return median(self.ours) / median(self.theirs)

    @property
    def spread(self) -> tuple[float, float]:
        """The smallest and the largest ratio that one round gave."""
        ratios = [a / b for a, b in zip(self.ours, self.theirs, strict=True)]
        return min(ratios), max(ratios)


def in_turns(
    ours: Callable[[], object], theirs: Callable[[], object], *, rounds: int, calls: int
) -> tuple[list[float], list[float]]:
    """The seconds that one call takes of each, for each round of ``calls`` calls.

    The garbage of one side is collected before the other side is timed, so that neither pays for it;
    what a side leaves to the collector within its own round, it pays for itself.
    """
    ours(), theirs()
    times: tuple[list[float], list[float]] = ([], [])
    for turn in range(rounds):
        sides = list(zip((ours, theirs), times, strict=True))
        for function, found in sides if turn % 2 else reversed(sides):
            gc.collect()
            start = time.perf_counter()
            for _ in range(calls):
                function()
            found.append((time.perf_counter() - start) / calls)
    return times
