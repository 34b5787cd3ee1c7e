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

import math
from collections.abc import Callable, Iterator, Mapping
from itertools import product
from typing import Any

import numpy as np

from chainrule import errors
from chainrule.compiler.ir import Program
from chainrule.compiler.result_types import convolution
from chainrule.compiler.types import Shape, Type

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


def _erf(x: Array) -> Array:
    return np.asarray(_each_erf(x.astype("float64"))).astype(x.dtype)


_each_erf: Any = np.frompyfunc(math.erf, 1, 1)


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


def _concat(*arrays: Array, axis: int) -> Array:
    return np.concatenate(arrays, axis)


def _iota(*, shape: Shape, axis: int, dtype: str = "int64") -> Array:
    column = [-1 if place == axis else 1 for place in range(len(shape))]
    return _broadcast_to(np.arange(shape[axis], dtype=dtype).reshape(column), shape=shape)


# --- elements


def _update(x: Array, value: Array, *, key: tuple[int | slice, ...]) -> Array:
    out = x.copy()
    out[key] = value
    return out


def _take(x: Array, indices: Array, *, axis: int) -> Array:
    _check_places(indices, x.shape[axis], axis)
    return np.take(x, indices, axis)


def _add_at(x: Array, indices: Array, updates: Array, *, axis: int) -> Array:
    _check_places(indices, x.shape[axis], axis)
    out = x.copy()
    places: Any = (*(slice(None),) * axis, indices)
    np.add.at(out, places, updates)
    return out


def _take_along_axis(x: Array, indices: Array, *, axis: int) -> Array:
    _check_places(indices, x.shape[axis], axis)
    return np.take_along_axis(x, indices, axis)


def _scatter_add(x: Array, indices: Array, updates: Array, *, axis: int) -> Array:
    _check_places(indices, x.shape[axis], axis)
    out = x.copy()
    places: list[Array] = list(np.indices(indices.shape, sparse=True))
    places[axis] = indices
    np.add.at(out, tuple(places), updates)
    return out


def _check_places(indices: Array, length: int, axis: int) -> None:
    outside = indices[(indices < 0) | (indices >= length)]
    if outside.size:
        raise errors.index_out_of_range(int(outside[0]), length, "gather", axis)


# --- reductions and orders


def _argsort(x: Array, *, axis: int, descending: bool) -> Array:
    """Equal numbers stay in their order. NaN counts as the largest: it comes last, or first where the order
    descends."""
    if not descending:
        return np.argsort(x, axis, kind="stable")
    backwards = np.argsort(np.flip(x, axis), axis, kind="stable")
    return x.shape[axis] - 1 - np.flip(backwards, axis)


# --- convolutions: a product for each place of the window


def _convolution(
    x: Array, w: Array, *, stride: Shape, padding: Shape, dilation: Shape, groups: int
) -> Array:
    shape = convolution(
        _type_of(x), _type_of(w), stride=stride, padding=padding, dilation=dilation, groups=groups
    ).shape
    x, w = _grouped(_padded(x, padding), groups, 1), _grouped(w, groups, 0)
    out = np.zeros((shape[0], groups, shape[1] // groups, math.prod(shape[2:])), x.dtype)
    for place, under in _window(w.shape[3:], shape[2:], stride, dilation):
        out += w[place] @ _flat(x[under])
    return out.reshape(shape)


def _convolution_input(
    g: Array, w: Array, *, shape: Shape, stride: Shape, padding: Shape, dilation: Shape, groups: int
) -> Array:
    """Each number of x receives from all results that it went into."""
    wide = tuple(n + 2 * pad for n, pad in zip(shape[2:], padding, strict=True))
    g, w = _grouped(g, groups, 1), _grouped(w, groups, 0)
    out = np.zeros((shape[0], groups, shape[1] // groups, *wide), g.dtype)
    for place, under in _window(w.shape[3:], g.shape[3:], stride, dilation):
        out[under] += (w[place].mT @ _flat(g)).reshape(out[under].shape)
    within: Any = tuple(slice(pad, pad + n) for n, pad in zip(shape[2:], padding, strict=True))
    return out[(..., *within)].reshape(shape)


def _convolution_weight(
    g: Array, x: Array, *, shape: Shape, stride: Shape, padding: Shape, dilation: Shape, groups: int
) -> Array:
    """Each number of w receives from all places where its window lay."""
    g, x = _grouped(g, groups, 1), _grouped(_padded(x, padding), groups, 1)
    out = np.zeros((groups, shape[0] // groups, *shape[1:]), g.dtype)
    for place, under in _window(shape[2:], g.shape[3:], stride, dilation):
        out[place] = (_flat(g) @ _flat(x[under]).mT).sum(0)
    return out.reshape(shape)


def _flat(x: Array) -> Array:
    """Groups of channels with their space as one axis."""
    return x.reshape(*x.shape[:3], math.prod(x.shape[3:]))


def _window(window: Shape, space: Shape, stride: Shape, dilation: Shape) -> Iterator[tuple[Any, Any]]:
    """For each place of the window, its key in w, and that of the numbers of x under it, one for each place
    of the result."""
    for place in product(*map(range, window)):
        under: Any = tuple(
            slice(at * apart, at * apart + step * (n - 1) + 1, step)
            for at, n, step, apart in zip(place, space, stride, dilation, strict=True)
        )
        yield (..., *place), (..., *under)


def _grouped(x: Array, groups: int, axis: int) -> Array:
    """``x`` with the channels on ``axis`` cut into groups."""
    shape = (*x.shape[:axis], groups, x.shape[axis] // groups, *x.shape[axis + 1 :])
    return x.reshape(shape)


def _padded(x: Array, padding: Shape) -> Array:
    return np.pad(x, [(0, 0), (0, 0), *((pad, pad) for pad in padding)])


def _type_of(x: Array) -> Type:
    return Type(x.dtype.name, x.shape)


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
    "erf": _erf,
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
    "concat": _concat,
    "iota": _iota,
    "getitem": _getitem,
    "update": _update,
    "take": _take,
    "add_at": _add_at,
    "take_along_axis": _take_along_axis,
    "scatter_add": _scatter_add,
    "sum": _sum,
    "max": np.max,
    "min": np.min,
    "argmax": np.argmax,
    "argmin": np.argmin,
    "argsort": _argsort,
    "matmul": np.matmul,
    "convolution": _convolution,
    "convolution_input": _convolution_input,
    "convolution_weight": _convolution_weight,
}
