"""What a place of a program is to those who schedule and write it: an instruction, a copy, or elements of
an array in memory."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from chainrule.compiler.ir import Program


def is_free(program: Program, place: int) -> bool:
    """Whether a value has no instruction of its own: it is read from memory, or stands in the code,
    wherever it is needed."""
    operation = program.instructions[place].operation
    return operation in ("input", "constant", "broadcast_to", "reshape", "getitem")


def is_copy(program: Program, place: int) -> bool:
    """Whether a value is a number, or a number in all lanes, of which there is an instruction elsewhere."""
    instruction = program.instructions[place]
    return instruction.operation in ("broadcast_to", "reshape") and not (
        program.type(instruction.operands[0]).shape
    )


def source(program: Program, place: int) -> int:
    """What ``place`` is a copy of: itself, or the number under a broadcast."""
    while is_copy(program, place):
        place = program.instructions[place].operands[0]
    return place


def is_pick(program: Program, place: int) -> bool:
    """Whether a value is read out of an array: elements of it, or the only one as a number."""
    instruction = program.instructions[place]
    if instruction.operation == "reshape":
        return bool(program.type(instruction.operands[0]).shape)
    return instruction.operation == "getitem"


@dataclass(frozen=True)
class View:
    """Elements of an array in memory: the first, and how far apart they are along each axis."""

    array: int
    offset: int
    strides: tuple[int, ...]


def view(program: Program, place: int) -> View:
    """What is picked from which array; the whole of it where nothing is."""
    instruction = program.instructions[place]
    if not is_pick(program, place):
        shape = instruction.type.shape
        return View(place, 0, tuple(prod(shape[axis + 1 :]) for axis in range(len(shape))))
    whole = view(program, instruction.operands[0])
    if instruction.operation == "reshape":
        return View(whole.array, whole.offset, ())
    shape, key = program.type(instruction.operands[0]).shape, instruction.attributes["key"]
    offset, strides = whole.offset, whole.strides[len(key) :]
    for part, stride, n in reversed(list(zip(key, whole.strides, shape, strict=False))):
        if isinstance(part, slice):
            start, _, step = part.indices(n)
            offset += start * stride
            strides = (step * stride, *strides)
        else:
            offset += part * stride
    return View(whole.array, offset, strides)
