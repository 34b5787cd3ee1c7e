"""The options of an optimizer: numbers that are checked wherever they come from."""

from __future__ import annotations

from math import inf, nan
from typing import Any

from chainrule import errors

#: Where an option may lie: from the first number on, below the second.
Interval = tuple[float, float]

AT_LEAST_ZERO: Interval = (0.0, inf)
BELOW_ONE: Interval = (0.0, 1.0)


def number(where: str, option: str, value: Any, interval: Interval) -> float:
    """``value`` as a float in ``interval``; NaN is in none.

    >>> number("SGD", "momentum", 0, BELOW_ONE)
    0.0
    """
    low, high = interval
    needed = f"a number in [{low:g}, {high:g})" if high < inf else f"a finite number of at least {low:g}"
    try:
        found = nan if isinstance(value, str) else float(value)
    except (TypeError, ValueError):
        raise errors.option_range(where, option, value, needed) from None
    if not low <= found < high:
        raise errors.option_range(where, option, value, needed)
    return found
