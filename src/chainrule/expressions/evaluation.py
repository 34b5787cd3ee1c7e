"""Running a program on values of any kind: operators and the functions given, nothing else."""

from __future__ import annotations

import difflib
import operator
from collections.abc import Callable, Mapping
from typing import Any

from .. import errors
from .lexer import canonical_name
from .nodes import Binary, Call, Expression, Name, Number, Program, Unary, children, postorder
from .place import pointed
from .writing import unparse

_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "**": operator.pow,
}
# What Python's operators would accept, and what is no number.
_NOT_NUMBERS = (str, bytes, bytearray, list, tuple, set, frozenset, dict, type(None))
_EXACT_INTEGER = 2**53


def evaluate(
    program: Program, values: Mapping[str, Any], functions: Mapping[str, Callable[..., Any]]
) -> dict[str, Any]:
    """The inputs and every assigned name of ``program``, in the order in which they get a value.

    ``values`` gives each of ``program.inputs`` a number, a ``Value``, a ``Tensor``, an array or a
    symbol. ``functions`` holds, under its name in ``FUNCTIONS``, each function that is called; it
    gets plain Python numbers where the text has plain numbers, as in ``exp(2)``. What Python
    numbers make of each other is computed in floats, so that no power of integers can grow without
    end, and stays an integer where it is one that a float holds exactly.

    Raises:
        DTypeError: a wrong kind of argument, or values that lack an operation.
        NameUnknownError: inputs without a value, values without an input, missing functions.
        DomainError: a value for a name that the program assigns, or an operation whose result does
            not exist: the message has a caret under it.

    >>> from chainrule.expressions import parse
    >>> evaluate(parse("e = x*w - y; L = e**2"), {"x": 1.0, "w": 1.0, "y": 2.0}, {})
    {'x': 1.0, 'w': 1.0, 'y': 2.0, 'e': -1.0, 'L': 1.0}
    """
    if not isinstance(program, Program):
        raise errors.expression_not_parsed(program, "evaluate")
    known = _checked_values(program, values)
    _check_functions(program, functions)
    for assignment in program.assignments:
        known[assignment.name] = _run(program, assignment.value, known, functions)
    return known


def _checked_values(program: Program, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values in the order of the inputs: none missing, none too many, each a kind of number."""
    if not isinstance(values, Mapping):
        raise errors.values_not_mapping(values, "values")
    given: dict[str, Any] = {}
    assigned = {assignment.name for assignment in program.assignments}
    for key, value in values.items():
        if not isinstance(key, str) or isinstance(value, _NOT_NUMBERS):
            raise errors.value_type(key, value)
        name = canonical_name(key)
        if name in assigned:
            raise errors.value_assigned(name)
        if name in given:
            raise errors.value_twice(name)
        given[name] = value
    missing = [name for name in program.inputs if name not in given]
    for name in given:
        if name not in program.inputs:
            near = difflib.get_close_matches(name, missing, n=1)
            raise errors.value_extra(name, program.inputs, near[0] if near else None)
    if missing:
        raise errors.values_missing(missing)
    return {name: given[name] for name in program.inputs}


def _check_functions(program: Program, functions: Mapping[str, Callable[..., Any]]) -> None:
    if not isinstance(functions, Mapping):
        raise errors.values_not_mapping(functions, "functions")
    called = {
        node.function: None
        for assignment in program.assignments
        for node in postorder(assignment.value)
        if isinstance(node, Call)
    }
    if missing := [name for name in called if not callable(functions.get(name))]:
        raise errors.functions_missing(missing)


def _run(
    program: Program,
    expression: Expression,
    known: Mapping[str, Any],
    functions: Mapping[str, Callable[..., Any]],
) -> Any:
    """The value of one expression, computed on a stack."""
    stack: list[Any] = []
    for node in postorder(expression):
        first = len(stack) - len(children(node))
        operands = stack[first:]
        try:
            stack[first:] = [_apply(node, operands, known, functions)]
        except errors.ChainruleError:
            raise
        except (ArithmeticError, ValueError) as problem:
            where = pointed(program.text, node.start)
            raise errors.expression_failed(_described(node, operands), _reason(problem), where) from problem
        except TypeError as problem:
            where = pointed(program.text, node.start)
            raise errors.expression_unsupported(
                _described(node, operands), str(problem), where
            ) from problem
    return stack.pop()


def _apply(
    node: Expression,
    operands: list[Any],
    known: Mapping[str, Any],
    functions: Mapping[str, Callable[..., Any]],
) -> Any:
    """The value of one node, given those of its operands."""
    if isinstance(node, Number):
        return node.value
    if isinstance(node, Name):
        return known[node.name]
    if isinstance(node, Call):
        return functions[node.function](*operands)
    if isinstance(node, Unary):
        # A plus sign changes nothing, and not every kind of value has one.
        return -operands[0] if node.operator == "-" else operands[0]
    if not isinstance(node, Binary):
        raise errors.expression_not_parsed(node, "evaluate")
    left, right = operands
    if type(left) in (int, float, bool) and type(right) in (int, float, bool):
        return _plain(node.operator, left, right)
    return _OPERATORS[node.operator](left, right)


def _plain(sign: str, left: float, right: float) -> int | float:
    """``left sign right`` on Python's own numbers: in floats, an integer again where it is one."""
    result = _OPERATORS[sign](float(left), float(right))
    if isinstance(result, complex):
        raise ValueError("a root of a negative number is not a real number")
    whole = isinstance(left, int) and isinstance(right, int) and sign != "/"
    if whole and abs(result) <= _EXACT_INTEGER and result.is_integer():
        return int(result)
    return float(result)


def _described(node: Expression, operands: list[Any]) -> str:
    """The operation with the values that it got, short enough for a line."""
    shown = [text if len(text) <= 40 else text[:39] + "…" for text in map(_one_line, operands)]
    if isinstance(node, Call):
        return f"{node.function}({', '.join(shown)})"
    if isinstance(node, Binary):
        between = f" {node.operator} "
        return between.join(f"({text})" if text.startswith("-") else text for text in shown)
    if isinstance(node, Unary):
        return node.operator + shown[0]
    return unparse(node)


def _reason(problem: Exception) -> str:
    """Why an operation failed; Python's own words differ from version to version."""
    if isinstance(problem, ZeroDivisionError):
        return "it divides by zero"
    if isinstance(problem, OverflowError):
        return "its result is too large for a float"
    return str(problem) or type(problem).__name__


def _one_line(value: Any) -> str:
    return " ".join(repr(value).split())
