"""What every program must be, whoever made it.

Inputs come first, each by a name of its own. An operand stands before what reads it. Each instruction has
the type that :func:`~chainrule.compiler.operations.infer` gives, each constant fits its dtype. The outputs
are there, and what is carried from one run to the next keeps its type.

The verifier runs after each pass, so that a mistake is found where it was made:

>>> from chainrule.compiler.ir import Builder, Instruction, Program, Type
>>> builder = Builder("square")
>>> x = builder.input("x", Type("float64"))
>>> squared = builder.add("mul", (x, x))
>>> program = builder.program({"y": squared})
>>> verify(program, "tracing") is program
True
>>> wrong = Instruction("mul", (0, 0), {}, Type("int64"))
>>> try:
...     verify(Program("square", [program.instructions[0], wrong], {"y": 1}), "folding")
... except errors.ProgramError as error:
...     print(error)
after folding, instruction v1 is wrong: its type is f64, and i64 is written
  v0 = input(name=x)                              f64
> v1 = x * x                                      i64
"""

from __future__ import annotations

import struct
from typing import Any

from chainrule import errors
from chainrule.compiler.ir import Instruction, Program, Type
from chainrule.compiler.operations import infer
from chainrule.compiler.text import listing
from chainrule.compiler.types import DTYPES

#: How many instructions a message shows on either side of the one that is wrong.
AROUND = 10

#: How many bits an integer has, the sign apart.
_BITS = {"int64": 63, "int32": 31}


def verify(program: Program, stage: str) -> Program:
    """``program``, if it is well formed; ``stage`` is what made it, as "tracing" or "folding".

    Raises ProgramError, with the instruction that is wrong and those around it.
    """
    types: dict[int, Type] = {}  # by place; no list, which would take −1 for its last
    right: set[Any] = set()  # what was found well typed: most instructions are like an earlier one
    names: set[str] = set()
    for place, one in enumerate(program.instructions):
        operands = one.operands
        try:
            read = [types[operand] for operand in operands] if operands else []
        except (KeyError, TypeError):
            found = next(operand for operand in operands if operand not in range(place))
            raise errors.operand_not_before(place, found, _context(program, place), stage) from None
        if one.operation == "input" or one.operation == "constant":
            _check_leaf(program, place, one, names, stage)
        else:
            key = (one.operation, one.type, *read)
            if one.attributes:
                key = (*key, *one.attributes.items())
            try:
                if key not in right:
                    _check_type(program, place, one, read, stage)
                    right.add(key)
            except TypeError:  # a slice has no hash before Python 3.12
                _check_type(program, place, one, read, stage)
        types[place] = one.type
    _check_ends(program, stage)
    return program


def _check_leaf(program: Program, place: int, one: Instruction, names: set[str], stage: str) -> None:
    """Inputs and constants, which have the type that they say."""
    if one.operands:
        raise errors.takes_no_operands(place, one.operation, _context(program, place), stage)
    if not _is_type(one.type):
        raise errors.no_such_type(place, one.type, _context(program, place), stage)
    if one.operation == "constant":
        value = one.attributes.get("value")
        if one.type.shape or not fits(value, one.type.dtype):
            raise errors.constant_does_not_fit(place, value, one.type, _context(program, place), stage)
        return
    name = one.attributes.get("name")
    if place != len(names):
        raise errors.input_not_first(place, _context(program, place), stage)
    if not isinstance(name, str) or name in names:
        raise errors.input_named_badly(place, name, _context(program, place), stage)
    names.add(name)


def _is_type(found: Any) -> bool:
    return (
        isinstance(found, Type)
        and found.dtype in DTYPES
        and isinstance(found.shape, tuple)
        and all(n.__class__ is int and n >= 0 for n in found.shape)
    )


def fits(value: Any, dtype: str) -> bool:
    """Whether ``value`` is a constant of that dtype: rounded perhaps, but never out of its range.

    >>> fits(0.1, "float32"), fits(1e300, "float32"), fits(1.5, "int64"), fits(1, "bool")
    (True, False, False, False)
    """
    if value.__class__ is float and dtype == "float64":
        return True
    if dtype == "bool":
        return isinstance(value, bool)
    if dtype in _BITS:
        return isinstance(value, int) and -(1 << _BITS[dtype]) <= value < 1 << _BITS[dtype]
    if not isinstance(value, (int, float)):
        return False
    try:
        struct.pack("<d" if dtype == "float64" else "<f", float(value))
    except OverflowError:
        return False
    return True


def _check_type(program: Program, place: int, one: Instruction, operands: list[Type], stage: str) -> None:
    try:
        inferred = infer(one.operation, tuple(operands), one.attributes)
    except errors.ProgramError as wrong:
        raise errors.not_well_formed(place, str(wrong), _context(program, place), stage) from None
    if inferred != one.type:
        raise errors.wrongly_typed(place, one.type, inferred, _context(program, place), stage)
    if not _is_type(one.type):
        raise errors.no_such_type(place, one.type, _context(program, place), stage)


def _check_ends(program: Program, stage: str) -> None:
    """What the program gives, and what goes on from there to its next run."""
    for name, place in program.outputs.items():
        if not 0 <= place < len(program):
            raise errors.output_not_there(name, place, len(program), stage)
    inputs = program.inputs
    for name, output in program.carried.items():
        if name not in inputs or output not in program.outputs:
            raise errors.carried_nowhere(name, output, stage)
        before, after = program.type(inputs[name]), program.type(program.outputs[output])
        if before != after:
            raise errors.carried_as_another_type(name, before, output, after, stage)


def _context(program: Program, place: int) -> str:
    """The instructions around ``place``, with the user's lines that they come from; that one is marked."""
    shown: list[str] = []
    source = ""
    for near in range(max(0, place - AROUND), min(len(program), place + AROUND + 1)):
        *above, text = listing(program, near, near + 1)
        for comment in above:
            if comment != source:
                shown.append(comment)
            source = comment
        shown.append(f">{text[1:]}" if near == place else text)
    return "\n".join(shown)
