"""The array program, to be read: as a student would write it down, and instruction by instruction."""

from __future__ import annotations

import linecache
from collections.abc import Iterator, Mapping
from typing import Any

from chainrule.compiler.ir import Instruction, Program
from chainrule.compiler.operations import OPERATIONS
from chainrule.origin import Origin, line

#: The most names in the first line; programs of whole networks have hundreds.
_NAMED = 8


def readable(program: Program) -> Iterator[str]:
    """The program, line by line: above the instructions that came from one line of the user's program
    stands that line. Constants, and copies of a number to the shape of an array, stand where they are
    used."""
    becomes = set(program.carried.values())
    names = {place: name for name, place in program.inputs.items()}
    arguments = [f"{name}: {program.type(place)}" for place, name in names.items()]
    results = [
        f"{name}: {program.type(place)}" for name, place in program.outputs.items() if name not in becomes
    ]
    yield f"{program.name}({_some(arguments)}) -> {_some(results) or 'nothing'}"
    inline = dict(names)
    written = ""
    for place, instruction in enumerate(program.instructions):
        text = _inline(program, instruction, inline)
        if text is not None:
            inline[place] = text
        elif instruction.operation != "input":
            source = source_line(instruction.origin)
            if source and source != written:
                yield f"  # {source}"
                written = source
            yield f"  {f'v{place} = {_formula(program, instruction, inline)}':<47} {instruction.type}"
    for name, place in program.outputs.items():
        yield f"  {name} = {inline.get(place, f'v{place}')}"


def listing(program: Program, start: int = 0, stop: int | None = None) -> Iterator[str]:
    """Every instruction from ``start`` to ``stop``, under the user's lines that they came from."""
    names = {place: name for name, place in program.inputs.items()}
    written = ""
    stop = len(program) if stop is None else min(stop, len(program))
    for place in range(start, stop):
        instruction = program.instructions[place]
        source = source_line(instruction.origin)
        if source and source != written:
            yield f"  # {source}"
            written = source
        yield f"  {f'v{place} = {_plain_formula(instruction, names)}':<47} {instruction.type}"


def source_line(origin: Origin | None) -> str:
    """``file.py:12   the line itself``, of the user's program; empty where nothing is known."""
    if origin is None:
        return ""
    code, instruction = origin
    number = line(code, instruction)
    if code.co_filename.startswith("<"):  # typed at a prompt: its lines are not kept
        return ""
    name = code.co_filename.replace("\\", "/").rpartition("/")[2]
    return f"{name}:{number}   {linecache.getline(code.co_filename, number).strip()}".rstrip()


def _some(parts: list[str]) -> str:
    if len(parts) <= _NAMED:
        return ", ".join(parts)
    return ", ".join([*parts[: _NAMED - 2], f"… {len(parts) - _NAMED + 2} more"])


def _inline(program: Program, instruction: Instruction, names: Mapping[int, str]) -> str | None:
    """What stands for an instruction where it is read, if it has no line of its own."""
    if instruction.operation == "constant":
        value: Any = instruction.attributes["value"]
        return f"({value!r})" if value < 0 else repr(value)
    if instruction.operation == "broadcast_to":
        [under] = instruction.operands
        if not program.type(under).shape:
            return names.get(under, f"v{under}")
    return None


def _formula(program: Program, instruction: Instruction, names: Mapping[int, str]) -> str:
    operands = [names.get(place, f"v{place}") for place in instruction.operands]
    operation, attributes = instruction.operation, instruction.attributes
    known = OPERATIONS[operation]
    if known.infix and len(operands) == 2:
        return f" {known.infix} ".join(operands)
    if operation == "neg":
        return f"-{operands[0]}"
    if operation in ("getitem", "update"):
        shape = program.type(instruction.operands[0]).shape
        parts = [_part(part, n) for part, n in zip(attributes["key"], shape, strict=False)]
        picked = f"{operands[0]}[{', '.join(parts)}]"
        return picked if operation == "getitem" else f"update({picked}, {operands[1]})"
    if operation in ("sum", "max", "min") and not instruction.type.shape:
        return f"{operation}({operands[0]})"
    return _plain_formula(instruction, names)


def _plain_formula(instruction: Instruction, names: Mapping[int, str]) -> str:
    operands = [names.get(place, f"v{place}") for place in instruction.operands]
    known = OPERATIONS.get(instruction.operation)
    if known is not None and known.infix and len(operands) == 2:
        return f" {known.infix} ".join(operands)
    if instruction.operation == "constant":
        return repr(instruction.attributes.get("value"))
    attributes = [f"{key}={_attribute(value)}" for key, value in instruction.attributes.items()]
    return f"{instruction.operation}({', '.join([*operands, *attributes])})"


def _part(part: int | slice, n: int) -> str:
    """An index or a slice, a slice without what it need not say."""
    if not isinstance(part, slice):
        return str(part)
    start, stop, step = part.indices(n)
    first = "" if start == (0 if step > 0 else n - 1) else str(start)
    last = "" if stop == (n if step > 0 else -1) else str(stop)
    return f"{first}:{last}" if step == 1 else f"{first}:{last}:{step}"


def _attribute(value: Any) -> str:
    if isinstance(value, slice):
        parts = ["" if part is None else str(part) for part in (value.start, value.stop)]
        return ":".join([*parts, *([] if value.step is None else [str(value.step)])])
    if isinstance(value, tuple) and any(isinstance(part, slice) for part in value):
        return f"[{', '.join(_attribute(part) for part in value)}]"
    return str(value)
