"""Axes: from numbers to pixels, with ticks at round numbers."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from chainrule.explain.notation import number

#: Numbers that are nearer to each other are one: floats that are not much smaller have no digits left.
_SMALLEST = 1e-300


@dataclass(frozen=True)
class Axis:
    """A range of numbers along a range of pixels. ``ticks`` are numbers with their labels.

    On a logarithmic axis, and on one that is cut off, numbers that are too small or too large lie on an
    edge of their own, ``edge`` pixels outside.
    """

    low: float
    high: float
    start: float
    end: float
    ticks: tuple[tuple[float, str], ...]
    log: bool = False
    edge: float = 0.0

    def at(self, value: float) -> float:
        """The pixel of ``value``."""
        toward = math.copysign(self.edge, self.end - self.start)
        if self.edge and value < self.low:
            return self.start - toward
        if self.edge and value > self.high:
            return self.end + toward
        scale: Callable[[float], float] = math.log10 if self.log else float
        low, high = scale(self.low), scale(self.high)
        return self.start + (scale(value) - low) / (high - low) * (self.end - self.start)


def linear(low: float, high: float, start: float, end: float, most: int = 6) -> Axis:
    """An axis that ends where the numbers do, with up to ``most`` ticks."""
    low, high = apart(low, high)
    step = round_step((high - low) / most)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    ticks = tuple((place * step, _label(place * step, step)) for place in range(first, last + 1))
    return Axis(low, high, start, end, ticks)


def rounded(low: float, high: float, start: float, end: float, most: int = 6) -> Axis:
    """An axis that ends at the ticks around the numbers."""
    low, high = apart(low, high)
    step = round_step((high - low) / most)
    low, high = (math.floor(low / step + 1e-9) * step, math.ceil(high / step - 1e-9) * step)
    return linear(low, high, start, end, most)


def whole(high: int, start: float, end: float, most: int = 8) -> Axis:
    """An axis from 0 to the whole number ``high``."""
    step = max(1, int(round_step(high / most)))
    return Axis(0, high, start, end, tuple((one, number(one)) for one in range(0, high + 1, step)))


def decades(low: float, high: float, start: float, end: float, most: int = 7) -> Axis:
    """A logarithmic axis between powers of 10, with up to ``most`` ticks."""
    first, last = math.floor(math.log10(low) + 1e-9), math.ceil(math.log10(high) - 1e-9)
    last = max(last, first + 1)
    step = math.ceil((last - first) / (most - 1))
    ticks = tuple((10.0**power, number(10.0**power)) for power in range(first, last + 1, step))
    return Axis(10.0**first, 10.0**last, start, end, ticks, log=True)


def apart(low: float, high: float) -> tuple[float, float]:
    """The two, or their surroundings where they are one number, so that something lies between them."""
    largest = max(abs(low), abs(high))
    if high - low > max(1e-9 * largest, _SMALLEST):
        return low, high
    room = max(0.5 * largest, _SMALLEST) if largest else 1.0
    return low - room, high + room


def round_step(least: float) -> float:
    """The smallest of 1, 2, 5, 10, 20, … (or 0.5, 0.2, …) that is not below ``least``.

    >>> [round_step(one) for one in (0.03, 0.7, 2, 17)]
    [0.05, 1.0, 2.0, 20.0]
    """
    power = 10.0 ** math.floor(math.log10(least))
    return next(one * power for one in (1.0, 2.0, 5.0, 10.0) if one * power >= least * (1 - 1e-9))


def _label(value: float, step: float) -> str:
    """With as many digits as the ticks need to differ: 1.0005 beside 1.001."""
    if abs(value) < step / 2:
        return "0"
    digits = 2 + max(0, math.floor(math.log10(abs(value) / step) + 1e-9))
    return f"{value:.{digits}g}".replace("-", "−") if digits > 6 else number(float(f"{value:.{digits}g}"))


def shown_steps(steps: int, most: int = 60) -> list[int]:
    """The steps that have a dot, a line in the table and a stop of the slider: all of them, or every
    second, fifth, tenth …, the last always.

    >>> shown_steps(3), shown_steps(200, 5)
    ([0, 1, 2, 3], [0, 50, 100, 150, 200])
    """
    every = max(1, int(round_step(steps / most)))
    return [*range(0, steps, every), steps]


def dotted_steps(steps: int, count: int) -> list[int]:
    """Which of the ``count`` steps of a run have a dot: those that are shown, and where it ended."""
    return sorted({step for step in shown_steps(steps) if step < count} | {count - 1})


def thinned(values: Sequence[float], most: int = 300) -> list[int]:
    """The places of at most about twice ``most`` values, between which a line looks as between all: of each
    stretch the lowest and the highest."""
    stretch = math.ceil(len(values) / most)
    if stretch == 1:
        return list(range(len(values)))
    kept = {0, len(values) - 1}
    for start in range(0, len(values), stretch):
        places = range(start, min(start + stretch, len(values)))
        kept |= {min(places, key=values.__getitem__), max(places, key=values.__getitem__)}
    return sorted(kept)
