"""Memory that machine code writes to, and that the user then holds: never the same again while he does.

Fresh pages cost more than the numbers that are written to them, so memory is written to again as soon as
nobody else holds it, which its references tell.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import numpy as np

from chainrule.compiler.types import Type
from chainrule.eager import wrap
from chainrule.tensor import Tensor

_references = sys.getrefcount

#: Results of up to so many bytes are copied out of memory that stays: it costs less than to look.
SMALL = 2048

#: So many arrays take turns, where the user holds on to some.
_TURNS = 3


class Buffer:
    """The arrays that one result of a program is written to, in turns."""

    __slots__ = ("_bind", "_bound", "_others", "_type", "array")

    def __init__(self, type: Type, bind: Callable[[np.ndarray], None]) -> None:
        self._type = type
        self._bind = bind
        self._others: list[np.ndarray] = []
        self._bound = 0  # the references to an array that is bound, and that nobody else holds
        self.array: np.ndarray = self.fresh()

    def fresh(self) -> np.ndarray:
        """Bind a new array."""
        type = self._type
        array = self.array = np.empty(type.shape, type.dtype)
        self._bind(array)
        self._bound = _references(array)
        return array

    def bind_again(self) -> None:
        """Bind the array that was bound before something else was."""
        self._bind(self.array)

    def ready(self) -> np.ndarray:
        """Bind an array that nobody else holds."""
        array = self.array
        if _references(array) <= self._bound:
            return array
        others = self._others
        for place in range(len(others)):
            if _references(others[place]) <= _IDLE:
                free, others[place] = others[place], array
                self.array = free
                self._bind(free)
                return free
        others.append(array)
        if len(others) >= _TURNS:
            del others[0]
        return self.fresh()


#: The references that are counted of an array that is in a list, and nowhere else.
_IDLE = _references([np.empty(1)][0])


class Kept:
    """The tensor that a step leaves as the gradient of another: the same one, as long as nobody else holds
    it or looks into its memory."""

    __slots__ = ("_bound", "_held", "array", "buffer", "tensor")

    def __init__(self, buffer: Buffer) -> None:
        self.buffer = buffer
        self._renew()

    def _renew(self) -> None:
        tensor = self.tensor = wrap(self.buffer.array)
        array = self.array = self.buffer.array
        self._held = _references(tensor)
        self._bound = _references(array)

    def ready(self, place: Tensor) -> None:
        """Before a step that leaves it as the gradient of ``place``."""
        tensor = self.tensor
        held = self._held + (place._grad is tensor)
        if _references(tensor) <= held and not tensor._leaf and tensor._node is None:
            array = self.array
            if tensor._data is array and _references(array) <= self._bound:
                return
        del tensor
        self._let_go()

    def _let_go(self) -> None:
        """Leave tensor and memory to whoever holds them."""
        del self.array, self.tensor
        self.buffer.fresh()
        self._renew()
