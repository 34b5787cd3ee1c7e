"""The array program: what a traced function computes, pure, typed, and in order.

A :class:`Program` is a list of instructions. Each computes one array from arrays that stand before it, and
changes nothing. There is no control flow and no memory in it; loops, buffers and machine code come later.

>>> builder = Builder("line")
>>> x = builder.input("x", Type("float64", (3,)))
>>> w = builder.input("w", Type("float64"))
>>> wide = builder.add("broadcast_to", (w,), shape=(3,))
>>> product = builder.add("mul", (wide, x))
>>> total = builder.add("sum", (product,), axis=(0,))
>>> print(builder.program({"loss": total}))
line(x: f64[3], w: f64) -> loss: f64
  v3 = w * x                                      f64[3]
  v4 = sum(v3)                                    f64
  loss = v4
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from chainrule.compiler.operations import OPERATIONS as OPERATIONS
from chainrule.compiler.operations import infer as infer
from chainrule.compiler.types import Shape as Shape
from chainrule.compiler.types import Type as Type
from chainrule.origin import Origin


class Instruction:
    """``operation(*operands, **attributes)``: one array. Operands are places in the program."""

    __slots__ = ("attributes", "operands", "operation", "origin", "type")

    def __init__(
        self,
        operation: str,
        operands: tuple[int, ...],
        attributes: Mapping[str, Any],
        type: Type,
        origin: Origin | None = None,
    ) -> None:
        self.operation = operation
        self.operands = operands
        self.attributes = attributes
        self.type = type
        self.origin = origin


@dataclass(frozen=True)
class Program:
    """Instructions in order; ``outputs`` names the places of the results.

    The inputs are the first instructions. ``carried`` pairs an input with the output that it becomes: where
    the program runs again and again, the next run starts from there.
    """

    name: str
    instructions: Sequence[Instruction]
    outputs: Mapping[str, int]
    carried: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def inputs(self) -> dict[str, int]:
        """The inputs' names and places, in order."""
        found = {}
        for place, instruction in enumerate(self.instructions):
            if instruction.operation != "input":
                break
            found[instruction.attributes.get("name", "?")] = place
        return found

    def type(self, place: int) -> Type:
        return self.instructions[place].type

    def __len__(self) -> int:
        return len(self.instructions)

    def __str__(self) -> str:
        from chainrule.compiler.text import readable

        return "\n".join(readable(self))


class Builder:
    """A program in the making: each addition is typed, and returns its place."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.instructions: list[Instruction] = []
        self.origin: Origin | None = None  # that of what is added next
        self._inferred: dict[tuple[str, tuple[Type, ...]], Type] = {}

    def input(self, name: str, type: Type) -> int:
        return self._append(Instruction("input", (), {"name": name}, type, self.origin))

    def constant(self, value: float | bool, dtype: str = "float64") -> int:
        return self._append(Instruction("constant", (), {"value": value}, Type(dtype), self.origin))

    def add(self, operation: str, operands: tuple[int, ...], **attributes: Any) -> int:
        """Raises ProgramError where the operation does not take such operands."""
        made = self.instructions
        types = tuple([made[place].type for place in operands])
        if attributes:
            type = infer(operation, types, attributes)
        else:
            key = (operation, types)
            type = self._inferred.get(key) or self._inferred.setdefault(key, infer(operation, types, {}))
        return self._append(Instruction(operation, operands, attributes, type, self.origin))

    def _append(self, instruction: Instruction) -> int:
        self.instructions.append(instruction)
        return len(self.instructions) - 1

    def program(self, outputs: Mapping[str, int], carried: Mapping[str, str] | None = None) -> Program:
        """What was built, its inputs moved to the front."""
        old = self.instructions
        order = sorted(range(len(old)), key=lambda place: old[place].operation != "input")
        new = {place: position for position, place in enumerate(order)}
        moved = [
            Instruction(
                one.operation, tuple([new[p] for p in one.operands]), one.attributes, one.type, one.origin
            )
            for one in (old[place] for place in order)
        ]
        return Program(self.name, moved, {name: new[p] for name, p in outputs.items()}, dict(carried or {}))
