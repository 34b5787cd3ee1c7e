"""Common subexpressions: which instructions compute the same value.

Each instruction has a key: its operation, its operands and its attributes. Two instructions of one program
with one key have one value, and the second need not be computed.

>>> from chainrule.compiler.ir import Type
>>> kind = Type("float64")
>>> key_of(Instruction("add", (4, 2), {}, kind)) == key_of(Instruction("add", (2, 4), {}, kind))
True
>>> key_of(Instruction("sub", (4, 2), {}, kind)) == key_of(Instruction("sub", (2, 4), {}, kind))
False
"""

from __future__ import annotations

import struct
from collections.abc import Hashable
from typing import Any

from chainrule.compiler.ir import Instruction

#: x · y is y · x to the bit. ``maximum`` and ``minimum`` are not here: of +0 and −0 they return the first.
_COMMUTATIVE = frozenset(("add", "mul", "eq", "ne", "logical_and", "logical_or"))

#: x > y is y < x.
_MIRRORED = {"gt": "lt", "ge": "le"}


def key_of(one: Instruction) -> Hashable:
    """What tells the value of ``one`` from every other."""
    operation, operands, attributes = one.operation, one.operands, one.attributes
    if attributes:
        if operation == "constant":
            return operation, one.type.dtype, _bits(attributes["value"], one.type.dtype)
        return operation, operands, *((name, _hashable(value)) for name, value in attributes.items())
    if len(operands) == 2:
        x, y = operands
        if x > y and operation in _COMMUTATIVE:
            return operation, y, x
        if operation in _MIRRORED:
            return _MIRRORED[operation], y, x
    return operation, *operands


def _bits(value: float | bool, dtype: str) -> Hashable:
    """A number as it is stored, so that 0.0 is not −0.0 and a NaN is itself."""
    if dtype == "float64":
        return struct.pack("<d", value)
    return struct.pack("<f", value) if dtype == "float32" else value


def _hashable(value: Any) -> Hashable:
    """An attribute as a part of a key: slices have no hash before Python 3.12."""
    if isinstance(value, slice):
        return "slice", value.start, value.stop, value.step
    if isinstance(value, tuple):
        return tuple([_hashable(part) for part in value])
    found: Hashable = value
    return found
