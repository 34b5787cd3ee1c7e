"""The meaning of every instruction, on numpy: what machine code is held against.

It is slow and plain. Infinities and NaN are answers, as IEEE 754 has them; nothing warns.

>>> from chainrule.compiler.ir import Builder, Type
>>> builder = Builder("mean_square")
>>> x = builder.input("x", Type("float64", (3,)))
>>> total = builder.add("sum", (builder.add("mul", (x, x)),), axis=(0,))
>>> program = builder.program({"y": builder.add("div", (total, builder.constant(3.0)))})
>>> run(program, {"x": np.array([1.0, 2.0, 2.0])})
{'y': array(3.)}
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from chainrule import errors
from chainrule.compiler.ir import Program, Shape, Type

Array = np.ndarray


def run(program: Program, inputs: Mapping[str, Any]) -> dict[str, Array]:
    """The outputs of ``program``, by name: arrays of their own, whatever the inputs are.

    Raises ProgramError where ``inputs`` are not those of the program, in name, shape and dtype.
    """
    expected = program.inputs
    missing = [name for name in expected if name not in inputs]
    unknown = [name for name in inputs if name not in expected]
    if missing or unknown:
        raise errors.inputs_do_not_match(program.name, missing, unknown)
    values: list[Array] = []
    with np.errstate(all="ignore"):
        for one in program.instructions:
            if one.operation == "input":
                values.append(_given(program, one.attributes["name"], one.type, inputs))
            else:
                values.append(
                    evaluate(one.operation, [values[p] for p in one.operands], one.attributes, one.type)
                )
    return {name: np.array(values[place]) for name, place in program.outputs.items()}


def evaluate(operation: str, operands: list[Array], attributes: Mapping[str, Any], type: Type) -> Array:
    """The result of one instruction that is no input. numpy warns here unless it was told not to."""
    if operation == "constant":
        return np.asarray(attributes["value"], type.dtype)
    return np.asarray(FUNCTIONS[operation](*operands, **attributes))


def _given(program: Program, name: str, expected: Type, inputs: Mapping[str, Any]) -> Array:
    value = np.asarray(inputs[name])
    found = Type(value.dtype.name, value.shape)
    if found != expected:
        raise errors.input_of_another_type(program.name, name, expected, found)
    return value


def _truths_as(x: Array, like: Array) -> Array:
    return np.asarray(x, like.dtype)


def _sign(x: Array) -> Array:
    """1, −1, or 0, the last for NaN as well."""
    return _truths_as(x > 0, x) - _truths_as(x < 0, x)


def _pow(x: Array, y: Array) -> Array:
    """C's ``pow``. Of one exponent alone numpy makes a root or a square, and √x is another number than
    x ** 0.5 for −0 and −∞: so it is shown every exponent twice."""
    return np.asarray(np.power(np.stack((x, x)), np.stack((y, y)))[0])


def _maximum(x: Array, y: Array) -> Array:
    """The larger; ``x`` where they are equal, and NaN where either is."""
    return np.where((x < y) | np.isnan(y), y, x)


def _minimum(x: Array, y: Array) -> Array:
    return np.where((x > y) | np.isnan(y), y, x)


def _astype(x: Array, *, dtype: str) -> Array:
    return x.astype(dtype)


# Results are laid out afresh, not as views: numpy adds up a view in another order.


def _broadcast_to(x: Array, *, shape: Shape) -> Array:
    return np.array(np.broadcast_to(x, shape), order="C")


def _permute_dims(x: Array, *, axes: tuple[int, ...]) -> Array:
    return np.array(np.transpose(x, axes), order="C")


def _getitem(x: Array, *, key: tuple[int | slice, ...]) -> Array:
    return np.array(x[key], order="C")


def _sum(x: Array, *, axis: tuple[int, ...]) -> Array:
    return np.sum(x, axis=axis, dtype=x.dtype) if axis else x


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "div": np.divide,
    "pow": _pow,
    "maximum": _maximum,
    "minimum": _minimum,
    "neg": np.negative,
    "abs": np.abs,
    "sign": _sign,
    "sqrt": np.sqrt,
    "exp": np.exp,
    "log": np.log,
    "sin": np.sin,
    "cos": np.cos,
    "tanh": np.tanh,
    "lt": np.less,
    "le": np.less_equal,
    "gt": np.greater,
    "ge": np.greater_equal,
    "eq": np.equal,
    "ne": np.not_equal,
    "isnan": np.isnan,
    "logical_not": np.logical_not,
    "logical_and": np.logical_and,
    "logical_or": np.logical_or,
    "where": np.where,
    "astype": _astype,
    "broadcast_to": _broadcast_to,
    "reshape": np.reshape,
    "permute_dims": _permute_dims,
    "getitem": _getitem,
    "sum": _sum,
    "max": np.max,
    "min": np.min,
}
