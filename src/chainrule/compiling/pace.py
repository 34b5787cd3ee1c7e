"""How many steps of a loop one native call takes: as many as pass in a tenth of a second.

So a callback hears of the progress often enough, and Ctrl-C is answered, at a cost that cannot be measured.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from time import perf_counter

#: Seconds between two native calls.
_GOAL = 0.1

#: A piece is at most so many times as long as the one before: the first steps may have been slow.
_GROWTH = 10

Progress = Callable[[int], object]


def pieces(
    first: int, steps: int, cycles: Sequence[int], most: int, progress: Progress | None = None
) -> Iterator[tuple[int, int]]:
    """The loop from its step ``first`` on in pieces: where each starts, and how many steps it takes,
    ``most`` at a time.

    No piece goes past the end of one of ``cycles``, the lengths of what each step takes its own entry of,
    unless it starts at its beginning. ``progress`` is told the number of steps done after each piece.

    >>> list(pieces(0, 5, [2], most=3))
    [(0, 1), (1, 1), (2, 3)]
    """
    start, stop, size = first, first + steps, 1
    while start < stop:
        left = [length - start % length for length in cycles if start % length]
        count = min(size, stop - start, most, *left)
        began = perf_counter()
        yield start, count
        took = max(perf_counter() - began, 1e-9)
        size = max(1, min(int(count / took * _GOAL), size * _GROWTH))
        start += count
        if progress is not None:
            progress(start)
