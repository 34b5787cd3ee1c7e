"""How things are timed here: in turns, so that what slows the machine down slows all sides down."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Sequence


def in_turns(sides: Sequence[tuple[Callable[[], object], int]], *, rounds: int) -> list[list[float]]:
    """The seconds that one piece of work takes of each side, for each round.

    A side is a function and the number of pieces of work that a call of it does. Each is called once
    before the clock starts, and another one goes first in each round. The garbage of one side is collected
    before the next is timed, so that none pays for another's; what a side leaves to the collector within
    its own turn, it pays for itself.
    """
    for function, _ in sides:
        function()
    times: list[list[float]] = [[] for _ in sides]
    for turn in range(rounds):
        for place in range(len(sides)):
            index = (place + turn) % len(sides)
            function, pieces = sides[index]
            gc.collect()
            start = time.perf_counter()
            function()
            times[index].append((time.perf_counter() - start) / pieces)
    return times


def repeated(function: Callable[[], object], times: int) -> tuple[Callable[[], object], int]:
    """A side for `in_turns` that calls ``function`` so many times a turn."""

    def turn() -> None:
        for _ in range(times):
            function()

    return turn, times
