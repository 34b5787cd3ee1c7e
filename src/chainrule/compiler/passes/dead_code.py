"""Dead code: what no output reads is not computed."""

from __future__ import annotations

from collections.abc import Sequence

from chainrule.compiler.ir import Instruction, Program


def without_dead_code(program: Program) -> Program:
    """``program`` without what its outputs do not depend on. The inputs stay: they are its signature."""
    old = program.instructions
    read = bytearray(len(old))
    for place in program.outputs.values():
        read[place] = 1
    for place in range(len(old) - 1, -1, -1):
        if read[place]:
            for operand in old[place].operands:
                read[operand] = 1
        elif old[place].operation == "input":
            read[place] = 1
    if all(read):
        return program
    made: list[Instruction] = []
    places = [-1] * len(old)
    for place, one in enumerate(old):
        if read[place]:
            places[place] = len(made)
            made.append(moved(one, places))
    outputs = {name: places[place] for name, place in program.outputs.items()}
    return Program(program.name, made, outputs, program.carried)


def moved(one: Instruction, places: Sequence[int]) -> Instruction:
    """``one`` with its operands where they are now, by where they were."""
    old = one.operands
    if len(old) == 2:  # spelt out, for speed
        x, y = old
        new: tuple[int, ...] = (places[x], places[y])
    elif len(old) == 1:
        new = (places[old[0]],)
    else:
        new = tuple(map(places.__getitem__, old))
    return one if new == old else Instruction(one.operation, new, one.attributes, one.type, one.origin)
