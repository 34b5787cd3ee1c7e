"""The operations of the array program: how many operands each has, and the type of its result."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from chainrule import errors
from chainrule.compiler import result_types
from chainrule.compiler.types import Type


@dataclass(frozen=True)
class Operation:
    """What the compiler knows of an operation: how many operands, and the type of its result.

    ``arity`` is None where any number of operands from 1 on will do. ``infer`` raises ValueError, with what
    is wrong, for operands that it does not take. ``elementwise``: element i of the result follows from the
    operands' elements i alone, all of one shape.
    """

    name: str
    arity: int | None
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
        if len(types) != known.arity and (known.arity is not None or not types):
            raise ValueError(f"it takes {known.arity or 'some'} operands, not {len(types)}")
        return known.infer(*types, **attributes)
    except (TypeError, ValueError) as wrong:  # a TypeError: an attribute too many, or too few
        raise errors.bad_operands(
            operation, [str(one) for one in types], dict(attributes), str(wrong)
        ) from None


def _elementwise(name: str, arity: int, infer: Callable[..., Type], infix: str | None = None) -> None:
    OPERATIONS[name] = Operation(name, arity, infer, elementwise=True, infix=infix)


def _structural(name: str, arity: int | None, infer: Callable[..., Type], infix: str | None = None) -> None:
    OPERATIONS[name] = Operation(name, arity, infer, infix=infix)


for _name, _infix in {"add": "+", "sub": "-", "mul": "*"}.items():
    _elementwise(_name, 2, result_types.of_numbers, _infix)
for _name, _infix in {"div": "/", "pow": "**"}.items():
    _elementwise(_name, 2, result_types.of_floats, _infix)
for _name in ("maximum", "minimum"):
    _elementwise(_name, 2, result_types.of_numbers)
for _name in ("neg", "abs", "sign"):
    _elementwise(_name, 1, result_types.of_numbers)
for _name in ("sqrt", "exp", "log", "sin", "cos", "tanh", "erf"):
    _elementwise(_name, 1, result_types.of_floats)
for _name, _infix in {"lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "==", "ne": "!="}.items():
    _elementwise(_name, 2, result_types.of_numbers_to_truth, _infix)
_elementwise("isnan", 1, result_types.of_numbers_to_truth)
_elementwise("logical_not", 1, result_types.of_truths)
_elementwise("logical_and", 2, result_types.of_truths, "&")
_elementwise("logical_or", 2, result_types.of_truths, "|")
_elementwise("where", 3, result_types.of_choice)
_elementwise("astype", 1, result_types.astype)

_structural("broadcast_to", 1, result_types.broadcast_to)
_structural("reshape", 1, result_types.reshape)
_structural("permute_dims", 1, result_types.permute_dims)
_structural("concat", None, result_types.concat)
_structural("iota", 0, result_types.iota)
_structural("getitem", 1, result_types.getitem)
_structural("update", 2, result_types.update)
_structural("take", 2, result_types.take)
_structural("add_at", 3, result_types.add_at)
_structural("take_along_axis", 2, result_types.take_along_axis)
_structural("scatter_add", 3, result_types.scatter_add)
_structural("sum", 1, result_types.sum_)
for _name in ("max", "min"):
    _structural(_name, 1, result_types.extreme)
for _name in ("argmax", "argmin"):
    _structural(_name, 1, result_types.place_of_extreme)
_structural("argsort", 1, result_types.argsort)
_structural("matmul", 2, result_types.matmul, "@")
_structural("convolution", 2, result_types.convolution)
_structural("convolution_input", 2, result_types.convolution_input)
_structural("convolution_weight", 2, result_types.convolution_weight)
