"""The trace of a function: what is computed with its arrays is written down as a program."""

from __future__ import annotations

import math
import struct
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule import errors
from chainrule.compiler.ir import Builder, Program
from chainrule.compiler.types import Shape, Type
from chainrule.origin import FOREIGN, Origin, outside

if TYPE_CHECKING:
    from chainrule.arrays.tracing.array import Traced


class Trace:
    """One run of a function on traced arrays, of class ``kind``, and the program that it writes."""

    def __init__(self, name: str, kind: type[Traced] | None = None) -> None:
        from chainrule.arrays.tracing.array import Traced  # which needs this class

        self.kind = kind or Traced
        self.builder = Builder(name)
        self.origin: Origin | None = None  # where what is computed now came from, if not from here
        self.closed = False
        #: What the function brings along, by identity: an input each, the array, and the input's name.
        self.arrays: dict[int, tuple[Traced, np.ndarray, str]] = {}
        self._known: dict[tuple[str, Shape, bytes], np.ndarray] = {}
        self._constants: dict[tuple[str, str], int] = {}
        self._copies: dict[tuple[int, Shape], int] = {}

    def input(self, name: str, shape: Shape = (), dtype: str = "float64") -> Traced:
        type = Type(dtype, shape)
        self.builder.origin = None
        return self.result(self.builder.input(name, type))

    def array(self, array: np.ndarray) -> Traced:
        """An array that the function brings along: an input that stays the same."""
        found = self.arrays.get(id(array))
        if found is None:
            name = f"array{len(self.arrays)}"
            given = self.input(name, array.shape, array.dtype.name)
            found = self.arrays[id(array)] = given, array, name
        return self.result(found[0].place)

    def known(self, array: np.ndarray) -> Traced:
        """The same, of an array that is made here: one input for all that hold the same."""
        key = (array.dtype.name, array.shape, array.tobytes())
        return self.array(self._known.setdefault(key, array))

    def constant(self, value: Any, dtype: str = "float64") -> Traced:
        """Raises OverflowError for an integer that is none of that dtype."""
        if dtype.startswith("float"):
            value = float(value)
            if dtype == "float32" and not _fits_float32(value):
                value = math.copysign(math.inf, value)
        elif dtype != "bool":
            value = np.array(value, dtype).item()
        key = (repr(value), dtype)
        place = self._constants.get(key)
        if place is None:
            place = self._constants[key] = self.builder.constant(value, dtype)
        return self.result(place)

    def add(self, operation: str, operands: Sequence[Traced], **attributes: Any) -> Traced:
        """The result of an operation, written down with the user's line that asked for it."""
        for operand in operands:
            if operand.trace is not self or self.closed:
                raise errors.traced_elsewhere(place_now())
        builder = self.builder
        builder.origin = self.origin or _origin_now()
        return self.result(builder.add(operation, tuple([one.place for one in operands]), **attributes))

    def copied(self, number: Traced, shape: Shape) -> Traced:
        """``number`` broadcast to ``shape``, once for all who ask."""
        key = (number.place, shape)
        place = self._copies.get(key)
        if place is None:
            place = self._copies[key] = self.add("broadcast_to", (number,), shape=shape).place
        return self.result(place)

    def result(self, place: int) -> Traced:
        """An array of its own for what stands at ``place``."""
        return self.kind(self, place, self.builder.instructions[place].type)

    def program(self, outputs: Mapping[str, Traced], carried: Mapping[str, str] | None = None) -> Program:
        """The program that gives ``outputs``; nothing can be added to it any more."""
        self.closed = True
        return self.builder.program({name: one.place for name, one in outputs.items()}, carried)


def _fits_float32(value: float) -> bool:
    try:
        struct.pack("<f", value)
    except OverflowError:
        return False
    return True


def _origin_now() -> Origin:
    """Where in the user's program we are."""
    frame = sys._getframe(2)
    if frame.f_code.co_filename not in FOREIGN:
        frame = outside(frame)
    return frame.f_code, frame.f_lasti


def place_now() -> str:
    """The same, as ``file:line``."""
    frame = outside(sys._getframe(1))
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"
