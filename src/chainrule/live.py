"""Numbers that may change from call to call without a new tracing: the options of an optimizer.

A compiled step reads them again before each call, as arguments that nobody has to pass.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

#: Asked first, while a function is traced: the number as the trace knows it, or None for what it is now.
asked: Callable[[object, str], Any] | None = None


def live(owner: object, name: str) -> Any:
    """The number ``owner.name``, which may be another one at the next call.

    >>> from types import SimpleNamespace
    >>> options = SimpleNamespace(lr=0.1)
    >>> live(options, "lr")
    0.1
    """
    if asked is not None:
        found = asked(owner, name)
        if found is not None:
            return found
    return getattr(owner, name)
