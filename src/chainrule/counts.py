"""Arguments that count something: layers, features, examples."""

from __future__ import annotations

from operator import index
from typing import Any

from chainrule import errors


def count(where: str, argument: str, value: Any) -> int:
    """``value`` as an int of at least 1; NumPy's whole numbers pass, True and 2.0 do not.

    >>> count("Linear", "in_features", 3)
    3
    """
    try:
        number = None if isinstance(value, bool) else index(value)
    except TypeError:
        number = None
    if number is None or number < 1:
        raise errors.count_expected(where, argument, value)
    return number
