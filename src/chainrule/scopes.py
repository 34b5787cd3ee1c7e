"""Which operations a module's call made. Every call leaves a trace, in case that somebody asks later.

A call notes the time before and after it, by the clock that stamps operations: whatever its thread computed
in between, it computed. The trace is bounded and keeps no module alive.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from threading import get_ident
from typing import Any
from weakref import ref

#: The module, the name of its class, when the call began and ended, and the thread that made it.
Call = tuple["ref[Any]", str, int, int, int]

#: So many calls are remembered, the latest: those of a network of 16,000 neurons, one after the other.
_MOST = 16_384

#: The calls of modules of tensors, by the clock of :mod:`chainrule.autodiff.graph`.
calls: deque[Call] = deque(maxlen=_MOST)

#: The calls of modules of values, by the clock of values: the native tape has its own.
value_calls: deque[Call] = deque(maxlen=_MOST)


class Noted:
    """The base of the classes whose calls are noted, and whose modules have names for explanations."""

    def named_modules(self, prefix: str = "") -> Iterator[tuple[str, Any]]:
        """This module and all below it, with the names that lead to them; this one's is ``prefix``."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Scope:
    """A call that made the operations from ``start`` to before ``stop``. ``parent`` is the place of the
    call around it."""

    module: Any
    title: str
    start: int
    stop: int
    parent: int | None


def scopes(log: deque[Call], times: Sequence[int]) -> list[Scope]:
    """The calls of this thread that made two operations or more of those that ran at ``times``, which
    ascend: each after the call around it. ``module`` is None where it is gone.

    >>> class Layer: pass
    >>> layer = Layer()
    >>> log = deque([(ref(layer), "Layer", 10, 14, get_ident())])
    >>> [(scope.title, scope.start, scope.stop) for scope in scopes(log, [9, 11, 13, 15])]
    [('Layer', 1, 3)]
    """
    found: list[Scope] = []
    around: list[tuple[int, Any, int]] = []  # when the calls around end, their modules and places
    for module, title, began, ended, _ in _within(log, times):
        while around and around[-1][0] < began:
            around.pop()
        start, stop = bisect_left(times, began), bisect_right(times, ended)
        # a subclass that calls what it overrides is one call, not two
        if stop - start < 2 or (around and around[-1][1] is module):
            continue
        found.append(Scope(module(), title, start, stop, around[-1][2] if around else None))
        around.append((ended, module, len(found) - 1))
    return found


def _within(log: deque[Call], times: Sequence[int]) -> list[Call]:
    """The calls of this thread that overlap with ``times``, in the order in which they began."""
    if not times:
        return []
    found, here = [], get_ident()
    for call in reversed(list(log)):
        if call[4] != here:
            continue
        if call[3] < times[0]:  # the others ended even earlier
            break
        if call[2] < times[-1]:
            found.append(call)
    return sorted(found, key=lambda call: call[2])
