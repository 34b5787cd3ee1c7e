"""Traced arrays as an Array API namespace: what is computed with them becomes an array program.

A traced array has a shape and a dtype, and no numbers yet: it stands for a result of the program that its
:class:`Trace` writes down. Whatever would need the numbers now (an ``if``, ``float(x)``, ``math.exp(x)``)
is an error that names the line.

>>> trace = Trace("half_square")
>>> x = trace.input("x", (3,))
>>> print(trace.program({"y": sum(x * x / 2)}))
half_square(x: f64[3]) -> y: f64
  v1 = x * x                                      f64[3]
  v4 = v1 / 2.0                                   f64[3]
  v5 = sum(v4)                                    f64
  y = v5
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NoReturn

import numpy as np

from chainrule import errors
from chainrule.arrays.shapes import axes, kept
from chainrule.compiler.ir import Builder, Program, Shape, Type
from chainrule.origin import FOREIGN, Origin, outside

Axis = int | tuple[int, ...] | None


class Trace:
    """One run of a function on traced arrays, and the program that it writes."""

    def __init__(self, name: str) -> None:
        self.builder = Builder(name)
        self.origin: Origin | None = None  # where what is computed now came from, if not from here
        self.closed = False
        self._constants: dict[tuple[str, str], Traced] = {}
        self._copies: dict[tuple[int, Shape], Traced] = {}

    def input(self, name: str, shape: Shape = (), dtype: str = "float64") -> Traced:
        type = Type(dtype, shape)
        self.builder.origin = None
        return Traced(self, self.builder.input(name, type), type)

    def constant(self, value: Any, dtype: str = "float64") -> Traced:
        if dtype.startswith("float"):
            value = float(value)
        key = (repr(value), dtype)
        found = self._constants.get(key)
        if found is None:
            found = self._constants[key] = self._made(self.builder.constant(value, dtype))
        return found

    def add(self, operation: str, operands: Sequence[Traced], **attributes: Any) -> Traced:
        """The result of an operation, written down with the user's line that asked for it."""
        for operand in operands:
            if operand.trace is not self or self.closed:
                raise errors.traced_elsewhere(place_now())
        builder = self.builder
        builder.origin = self.origin or _origin_now()
        return self._made(builder.add(operation, tuple([one.place for one in operands]), **attributes))

    def copied(self, number: Traced, shape: Shape) -> Traced:
        """``number`` broadcast to ``shape``, once for all who ask."""
        key = (number.place, shape)
        found = self._copies.get(key)
        if found is None:
            found = self._copies[key] = self.add("broadcast_to", (number,), shape=shape)
        return found

    def _made(self, place: int) -> Traced:
        return Traced(self, place, self.builder.instructions[place].type)

    def program(self, outputs: Mapping[str, Traced], carried: Mapping[str, str] | None = None) -> Program:
        """The program that gives ``outputs``; nothing can be added to it any more."""
        self.closed = True
        return self.builder.program({name: one.place for name, one in outputs.items()}, carried)


def _origin_now() -> Origin:
    """Where in the user's program we are."""
    frame = sys._getframe(2)
    if frame.f_code.co_filename not in FOREIGN:
        frame = outside(frame)
    return frame.f_code, frame.f_lasti


def place_now() -> str:
    """The same, as ``file:line``."""
    frame = outside(sys._getframe(1))
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"


class Traced:
    """An array of a program in the making."""

    __slots__ = ("place", "trace", "type")
    __array_ufunc__ = None  # `np.float64(2.0) * x` is for x to answer

    def __init__(self, trace: Trace, place: int, type: Type) -> None:
        self.trace = trace
        self.place = place
        self.type = type

    @property
    def shape(self) -> Shape:
        return self.type.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        return np.dtype(self.type.dtype)

    @property
    def ndim(self) -> int:
        return len(self.type.shape)

    @property
    def size(self) -> int:
        return self.type.size

    def __repr__(self) -> str:
        return f"<traced {self.type}>"

    # --- arithmetic: NotImplemented for what is neither traced nor a number, so that it may answer

    def __add__(self, other: Any) -> Any:
        return _binary("add", self, other)

    def __radd__(self, other: Any) -> Any:
        return _binary("add", other, self)

    def __sub__(self, other: Any) -> Any:
        return _binary("sub", self, other)

    def __rsub__(self, other: Any) -> Any:
        return _binary("sub", other, self)

    def __mul__(self, other: Any) -> Any:
        return _binary("mul", self, other)

    def __rmul__(self, other: Any) -> Any:
        return _binary("mul", other, self)

    def __truediv__(self, other: Any) -> Any:
        return _binary("div", self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return _binary("div", other, self)

    def __pow__(self, other: Any) -> Any:
        return _binary("pow", self, other)

    def __rpow__(self, other: Any) -> Any:
        return _binary("pow", other, self)

    def __neg__(self) -> Any:
        return _elementwise("neg", self)

    def __pos__(self) -> Any:
        return self

    def __abs__(self) -> Any:
        return _elementwise("abs", self)

    def __lt__(self, other: Any) -> Any:
        return _binary("lt", self, other)

    def __le__(self, other: Any) -> Any:
        return _binary("le", self, other)

    def __gt__(self, other: Any) -> Any:
        return _binary("gt", self, other)

    def __ge__(self, other: Any) -> Any:
        return _binary("ge", self, other)

    def __eq__(self, other: object) -> Any:
        return _binary("eq", self, other)

    def __ne__(self, other: object) -> Any:
        return _binary("ne", self, other)

    def __and__(self, other: Any) -> Any:
        return _of_truths("logical_and", self, other)

    def __rand__(self, other: Any) -> Any:
        return _of_truths("logical_and", other, self)

    def __or__(self, other: Any) -> Any:
        return _of_truths("logical_or", self, other)

    def __ror__(self, other: Any) -> Any:
        return _of_truths("logical_or", other, self)

    def __invert__(self) -> Any:
        return logical_not(self)

    __hash__ = object.__hash__

    # --- elements

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("a traced number has no length")
        return self.shape[0]

    def __iter__(self) -> Iterator[Any]:
        if not self.shape:
            raise TypeError("a traced number cannot be iterated over")
        return (self[place] for place in range(self.shape[0]))

    def __getitem__(self, key: Any) -> Any:
        return getitem(self, key)

    # --- what would need the numbers now

    def __bool__(self) -> bool:
        self._escape("bool")

    def __float__(self) -> float:
        self._escape("float")

    def __int__(self) -> int:
        self._escape("int")

    def __index__(self) -> int:
        self._escape("index")

    def __round__(self, digits: int | None = None) -> int:
        self._escape("round")

    def __format__(self, spec: str) -> str:
        if spec:
            self._escape("format")
        return repr(self)

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        self._escape("array")

    def __setitem__(self, key: Any, value: Any) -> None:
        self._escape("setitem")

    def _escape(self, how: str) -> NoReturn:
        raise errors.traced_escape(how, str(self.type), place_now())


# --- elementwise -------------------------------------------------------------------------------------


_NUMBERS = (int, float, np.integer, np.floating, np.bool_)


def _binary(operation: str, x: Any, y: Any) -> Any:
    if x.__class__ is Traced and y.__class__ is Traced and x.type == y.type and x.type.dtype != "bool":
        return x.trace.add(operation, (x, y))  # as most are
    for one in (x, y):
        if one.__class__ is not Traced and not isinstance(one, _NUMBERS):
            return NotImplemented
    return _elementwise(operation, x, y)


def _elementwise(operation: str, *operands: Any) -> Traced:
    """The operation on numbers, broadcast to one shape and converted to one dtype first."""
    trace = _trace_of(operands)
    dtype = _number_dtype(operands)
    return trace.add(operation, _aligned(trace, [_lifted(trace, one, dtype) for one in operands]))


def _of_truths(operation: str, *operands: Any) -> Traced:
    trace = _trace_of(operands)
    return trace.add(operation, _aligned(trace, [_truth(trace, one) for one in operands]))


def _trace_of(operands: Sequence[Any]) -> Trace:
    for one in operands:
        if one.__class__ is Traced:
            found: Trace = one.trace
            return found
    raise TypeError(f"none of {operands} is traced")


def _number_dtype(operands: Sequence[Any]) -> str:
    """The dtype of a result: that of the traced numbers; truths and Python numbers go along."""
    found = {one.type.dtype for one in operands if one.__class__ is Traced and one.type.dtype != "bool"}
    if len(found) > 1:
        return np.result_type(*found).name
    return found.pop() if found else "float64"


def _lifted(trace: Trace, one: Any, dtype: str) -> Traced:
    if one.__class__ is not Traced:
        return trace.constant(one.item() if isinstance(one, np.generic) else one, dtype)
    return one if one.type.dtype == dtype else trace.add("astype", (one,), dtype=dtype)


def _truth(trace: Trace, one: Any) -> Traced:
    if one.__class__ is not Traced:
        return trace.constant(bool(one), "bool")
    return one if one.type.dtype == "bool" else one != 0


def _aligned(trace: Trace, operands: Sequence[Traced]) -> Sequence[Traced]:
    shapes = {one.type.shape for one in operands}
    if len(shapes) == 1:
        return operands
    shapes.discard(())  # numbers go along with any array
    shape = shapes.pop() if len(shapes) == 1 else np.broadcast_shapes(*shapes)
    return [one if one.type.shape == shape else trace.copied(one, shape) for one in operands]


def _function(operation: str) -> Callable[..., Any]:
    def apply(*operands: Any) -> Any:
        return _elementwise(operation, *operands)

    apply.__name__ = operation
    return apply


abs = _function("abs")
cos = _function("cos")
exp = _function("exp")
isnan = _function("isnan")
log = _function("log")
maximum = _function("maximum")
minimum = _function("minimum")
pow = _function("pow")
sign = _function("sign")
sin = _function("sin")
sqrt = _function("sqrt")
tanh = _function("tanh")


def logical_not(x: Any) -> Any:
    return _of_truths("logical_not", x)


def where(condition: Any, x: Any, y: Any) -> Any:
    if condition.__class__ is not Traced:  # a choice that is made already
        return x if condition else y
    trace = condition.trace
    if all(
        one.type.dtype == "bool" if one.__class__ is Traced else one.__class__ is bool for one in (x, y)
    ):
        sides = [_truth(trace, one) for one in (x, y)]
    else:
        sides = [_lifted(trace, one, _number_dtype((x, y))) for one in (x, y)]
    return trace.add("where", _aligned(trace, [_truth(trace, condition), *sides]))


def _is_truth(one: Any) -> bool:
    return one.type.dtype == "bool" if one.__class__ is Traced else one.__class__ is bool


# --- shapes, elements, reductions ----------------------------------------------------------------------


def astype(x: Any, dtype: Any, /) -> Any:
    name = np.dtype(dtype).name
    return x if x.type.dtype == name else x.trace.add("astype", (x,), dtype=name)


def broadcast_to(x: Any, /, shape: Shape) -> Any:
    return x if x.type.shape == shape else x.trace.copied(x, tuple(shape))


def reshape(x: Any, /, shape: Shape) -> Any:
    return x if x.type.shape == shape else x.trace.add("reshape", (x,), shape=tuple(shape))


def expand_dims(x: Any, /, *, axis: int) -> Any:
    shape = list(x.shape)
    shape.insert(axis % (len(shape) + 1), 1)
    return reshape(x, tuple(shape))


def squeeze(x: Any, /, axis: Axis) -> Any:
    gone = axes(axis, x.ndim)
    return reshape(x, tuple(n for place, n in enumerate(x.shape) if place not in gone))


def permute_dims(x: Any, /, axes: tuple[int, ...]) -> Any:
    return x.trace.add("permute_dims", (x,), axes=tuple(axes))


def getitem(x: Any, key: Any, /) -> Any:
    """``x[key]``, for indices and slices."""
    parts = key if isinstance(key, tuple) else (key,)
    whole: list[Any] = []
    for part, n in zip(parts, x.shape, strict=False):
        if isinstance(part, slice):
            start, stop, step = part.indices(n)
            whole.append(slice(start, stop if stop >= 0 else None, step))  # −1 would mean the last
        elif isinstance(part, (int, np.integer)) and not isinstance(part, bool):
            if not -n <= part < n:
                raise IndexError(f"index {part} is out of bounds for an axis of length {n}")
            whole.append(int(part) % n)
        else:
            raise errors.traced_index(part, place_now())
    if len(parts) > x.ndim:
        raise IndexError(f"{len(parts)} indices are too many for an array of shape {x.shape}")
    return x.trace.add("getitem", (x,), key=tuple(whole))


def _reduction(operation: str) -> Callable[..., Any]:
    def reduce(x: Any, /, *, axis: Axis = None, keepdims: bool = False) -> Any:
        gone = axes(axis, x.ndim)
        found = x.trace.add(operation, (x,), axis=tuple(sorted(gone)))
        return reshape(found, kept(x.shape, axis)) if keepdims else found

    reduce.__name__ = operation
    return reduce


sum = _reduction("sum")
max = _reduction("max")
min = _reduction("min")


def mean(x: Any, /, *, axis: Axis = None, keepdims: bool = False) -> Any:
    total = sum(x, axis=axis, keepdims=keepdims)
    return total / (x.size // total.size) if total.size else total
