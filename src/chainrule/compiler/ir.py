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

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from math import prod
from typing import Any, NamedTuple

from chainrule import errors
from chainrule.origin import Origin

Shape = tuple[int, ...]


class Type(NamedTuple):
    """What an array is: the dtype of its elements, by numpy's name, and its shape."""

    dtype: str
    shape: Shape = ()

    @property
    def size(self) -> int:
        return prod(self.shape)

    def __str__(self) -> str:
        short = _SHORT.get(self.dtype, self.dtype)
        return f"{short}[{', '.join(map(str, self.shape))}]" if self.shape else short


_SHORT = {"float64": "f64", "float32": "f32", "int64": "i64"}


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


# --- operations --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Operation:
    """What the compiler knows of an operation: how many operands, and the type of its result.

    ``infer`` raises ValueError, with what is wrong, for operands that it does not take. ``elementwise``:
    element i of the result follows from the operands' elements i alone, all of one shape.
    """

    name: str
    arity: int
    infer: Callable[..., Type]
    elementwise: bool = False
    infix: str | None = None


OPERATIONS: dict[str, Operation] = {}


def infer(operation: str, types: tuple[Type, ...], attributes: Mapping[str, Any]) -> Type:
    """The type of the result.

    Raises ProgramError where there is no such operation, or where it does not take such operands.
    """
    known = OPERATIONS.get(operation)
    if known is None:
        raise errors.no_such_operation(operation)
    try:
        if len(types) != known.arity:
            raise ValueError(f"it takes {known.arity} operands, not {len(types)}")
        return known.infer(*types, **attributes)
    except (TypeError, ValueError) as wrong:  # a TypeError: an attribute too many, or too few
        raise errors.bad_operands(
            operation, [str(one) for one in types], dict(attributes), str(wrong)
        ) from None


def _define(name: str, arity: int, infer: Callable[..., Type], infix: str | None = None) -> None:
    OPERATIONS[name] = Operation(name, arity, infer, elementwise=True, infix=infix)


def _same(types: tuple[Type, ...]) -> Type:
    first = types[0]
    for other in types[1:]:
        if other is not first and other != first:
            raise ValueError("its operands must have one shape and one dtype")
    return first


def _of_numbers(*types: Type) -> Type:
    found = _same(types)
    if found.dtype == "bool":
        raise ValueError("it takes numbers, not truths")
    return found


def _of_floats(*types: Type) -> Type:
    found = _same(types)
    if not found.dtype.startswith("float"):
        raise ValueError("it takes floats")
    return found


def _of_numbers_to_truth(*types: Type) -> Type:
    return Type("bool", _of_numbers(*types).shape)


def _of_truths(*types: Type) -> Type:
    found = _same(types)
    if found.dtype != "bool":
        raise ValueError("it takes truths, not numbers")
    return found


def _of_choice(condition: Type, x: Type, y: Type) -> Type:
    found = _same((x, y))
    if condition.dtype != "bool" or condition.shape != found.shape:
        raise ValueError("its condition must be truths of the same shape")
    return found


for _name, _infix in {"add": "+", "sub": "-", "mul": "*"}.items():
    _define(_name, 2, _of_numbers, _infix)
for _name, _infix in {"div": "/", "pow": "**"}.items():
    _define(_name, 2, _of_floats, _infix)
for _name in ("maximum", "minimum"):
    _define(_name, 2, _of_numbers)
for _name in ("neg", "abs", "sign"):
    _define(_name, 1, _of_numbers)
for _name in ("sqrt", "exp", "log", "sin", "cos", "tanh"):
    _define(_name, 1, _of_floats)
for _name, _infix in {"lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "==", "ne": "!="}.items():
    _define(_name, 2, _of_numbers_to_truth, _infix)
_define("isnan", 1, _of_numbers_to_truth)
_define("logical_not", 1, _of_truths)
_define("logical_and", 2, _of_truths, "&")
_define("logical_or", 2, _of_truths, "|")
_define("where", 3, _of_choice)
_define("astype", 1, lambda x, *, dtype: Type(dtype, x.shape))


def _broadcast(x: Type, *, shape: Shape) -> Type:
    extra = len(shape) - len(x.shape)
    fits = extra >= 0 and all(n in (1, m) for n, m in zip(x.shape, shape[max(extra, 0) :], strict=True))
    if not fits:
        raise ValueError(f"{list(x.shape)} cannot be copied to {list(shape)}")
    return Type(x.dtype, shape)


def _reshape(x: Type, *, shape: Shape) -> Type:
    if prod(shape) != x.size:
        raise ValueError(f"{x.size} numbers cannot have the shape {list(shape)}")
    return Type(x.dtype, shape)


def _permute(x: Type, *, axes: tuple[int, ...]) -> Type:
    if sorted(axes) != list(range(len(x.shape))):
        raise ValueError(f"{axes} are not the axes of {list(x.shape)}")
    return Type(x.dtype, tuple(x.shape[axis] for axis in axes))


def _getitem(x: Type, *, key: tuple[int | slice, ...]) -> Type:
    """``key`` holds an index, counted from the front, or a slice for each of the first axes."""
    if len(key) > len(x.shape):
        raise ValueError(f"{len(key)} indices are too many for {list(x.shape)}")
    shape: list[int] = []
    for part, n in zip(key, x.shape, strict=False):
        if isinstance(part, slice):
            shape.append(len(range(*part.indices(n))))
        elif not 0 <= part < n:
            raise ValueError(f"index {part} is not within an axis of length {n}")
    return Type(x.dtype, (*shape, *x.shape[len(key) :]))


def _sum(x: Type, *, axis: tuple[int, ...]) -> Type:
    if x.dtype == "bool":
        raise ValueError("it takes numbers, not truths")
    if any(not 0 <= one < len(x.shape) for one in axis):
        raise ValueError(f"{axis} are not axes of {list(x.shape)}")
    return Type(x.dtype, tuple(n for place, n in enumerate(x.shape) if place not in axis))


def _extreme(x: Type, *, axis: tuple[int, ...]) -> Type:
    found = _sum(x, axis=axis)
    if any(x.shape[one] == 0 for one in axis):
        raise ValueError("among no numbers none is the largest or the smallest")
    return found


OPERATIONS["broadcast_to"] = Operation("broadcast_to", 1, _broadcast)
OPERATIONS["reshape"] = Operation("reshape", 1, _reshape)
OPERATIONS["permute_dims"] = Operation("permute_dims", 1, _permute)
OPERATIONS["getitem"] = Operation("getitem", 1, _getitem)
OPERATIONS["sum"] = Operation("sum", 1, _sum)
for _name in ("max", "min"):
    OPERATIONS[_name] = Operation(_name, 1, _extreme)
