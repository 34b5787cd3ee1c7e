"""Traced arrays: their arithmetic is written down.

What numpy does with operands of several dtypes and shapes is settled here: they are converted to numpy's
dtype for the result, and copied to one shape, before the operation is written.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NoReturn

import numpy as np

from chainrule import errors
from chainrule.arrays.tracing.trace import Trace, place_now
from chainrule.compiler.types import Shape, Type


class Traced:
    """An array of a program in the making.

    It is ``weak`` if it stands for a Python number, which goes along with the dtype of any array.
    """

    __slots__ = ("place", "trace", "type", "weak")
    __array_ufunc__ = None  # `np.float64(2.0) * x` is for x to answer

    def __init__(self, trace: Trace, place: int, type: Type) -> None:
        self.trace = trace
        self.place = place
        self.type = type
        self.weak = False

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

    def viewed(self, operation: str, **attributes: Any) -> Traced:
        """The same numbers in another order or shape, or some of them: what is a view in numpy."""
        return self.trace.add(operation, (self,), **attributes)

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
        return elementwise("neg", self)

    def __pos__(self) -> Any:
        return self

    def __abs__(self) -> Any:
        return elementwise("abs", self)

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
        return of_truths("logical_and", self, other)

    def __rand__(self, other: Any) -> Any:
        return of_truths("logical_and", other, self)

    def __or__(self, other: Any) -> Any:
        return of_truths("logical_or", self, other)

    def __ror__(self, other: Any) -> Any:
        return of_truths("logical_or", other, self)

    def __invert__(self) -> Any:
        return self.trace.add("logical_not", (truth(self.trace, self),))

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
        from chainrule.arrays.tracing.indexing import getitem  # which needs this class

        return getitem(self, key)

    # --- what would need the numbers now

    def __bool__(self) -> bool:
        self.escape("bool")

    def __float__(self) -> float:
        self.escape("float")

    def __int__(self) -> int:
        self.escape("int")

    def __index__(self) -> int:
        self.escape("index")

    def __round__(self, digits: int | None = None) -> int:
        self.escape("round")

    def __format__(self, spec: str) -> str:
        if spec:
            self.escape("format")
        return repr(self)

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        self.escape("array")

    def __setitem__(self, key: Any, value: Any) -> None:
        self.escape("setitem")

    def escape(self, how: str) -> NoReturn:
        raise errors.traced_escape(how, str(self.type), place_now())


# --- operands of one dtype and shape -------------------------------------------------------------------


_NUMBERS = (int, float, np.integer, np.floating, np.bool_)
_OPERANDS = (*_NUMBERS, np.ndarray)

_FLOATS = frozenset(("div", "sqrt", "exp", "log", "sin", "cos", "tanh", "erf"))

#: What numpy's arithmetic is on truths.
_ON_TRUTHS = {"add": "logical_or", "maximum": "logical_or", "mul": "logical_and", "minimum": "logical_and"}

#: Comparisons of truths, false before true.
_COMPARED: dict[str, Any] = {
    "lt": lambda x, y: ~x & y,
    "le": lambda x, y: ~x | y,
    "gt": lambda x, y: x & ~y,
    "ge": lambda x, y: x | ~y,
    "eq": lambda x, y: x & y | ~(x | y),
    "ne": lambda x, y: (x | y) & ~(x & y),
    "isnan": lambda x: x & ~x,
}

_WITHOUT_TRUTHS: dict[str, Any] = {"neg": np.negative, "sign": np.sign}


def _binary(operation: str, x: Any, y: Any) -> Any:
    if x.__class__ is y.__class__ and isinstance(x, Traced) and not (x.weak or y.weak):
        if x.type == y.type and x.type.dtype in ("float64", "float32"):
            return x.trace.add(operation, (x, y))  # as most are
    else:
        for one in (x, y):
            if not isinstance(one, Traced) and not isinstance(one, _OPERANDS):
                return NotImplemented
    return elementwise(operation, x, y)


def elementwise(operation: str, *operands: Any) -> Traced:
    """The operation on numbers, broadcast to one shape and converted to one dtype first."""
    trace = trace_of(operands)
    dtype = common_dtype(operands)
    if operation in _FLOATS and not dtype.startswith("float"):
        dtype = "float64"
    elif dtype == "bool":
        if operation in _ON_TRUTHS:
            return of_truths(_ON_TRUTHS[operation], *operands)
        if operation == "abs":
            return trace.result(operands[0].place)
        if operation not in _COMPARED:
            _WITHOUT_TRUTHS.get(operation, np.subtract)(*(np.True_ for _ in operands))  # numpy says why not
        found = _COMPARED[operation](*(truth(trace, one) for one in operands))
        return trace.result(found.place)
    elif operation == "pow" and dtype.startswith("int") and isinstance(operands[1], (int, np.integer)):
        return _whole_power(lifted(trace, operands[0], dtype), int(operands[1]))
    found = trace.add(operation, aligned(trace, [lifted(trace, one, dtype) for one in operands]))
    found.weak = all(one.weak if isinstance(one, Traced) else _is_plain(one) for one in operands)
    return found


def of_truths(operation: str, *operands: Any) -> Traced:
    """The operation on truths; one of numbers is true where it is not 0.

    Raises CompileError for two integers, whose bits numpy would combine.
    """
    trace = trace_of(operands)
    if operation in ("logical_and", "logical_or") and all(map(_is_integer, operands)):
        raise errors.no_bits(operation, place_now())
    return trace.add(operation, aligned(trace, [truth(trace, one) for one in operands]))


def _is_integer(one: Any) -> bool:
    if isinstance(one, Traced):
        return one.type.dtype.startswith("int")
    return isinstance(one, (int, np.integer)) and not isinstance(one, bool)


def _whole_power(x: Traced, exponent: int) -> Traced:
    """An integer multiplied by itself, by squaring."""
    np.ones((), x.dtype) ** exponent  # numpy has an error for negative exponents
    found = x.trace.constant(1, x.type.dtype)
    found = x.trace.copied(found, x.shape) if x.shape else found
    while exponent:
        if exponent & 1:
            found = found * x
        exponent >>= 1
        if exponent:
            x = x * x
    return found


def trace_of(operands: Sequence[Any]) -> Trace:
    for one in operands:
        if isinstance(one, Traced):
            return one.trace
    raise TypeError(f"none of {operands} is traced")


def common_dtype(operands: Sequence[Any]) -> str:
    """numpy's dtype for a result: Python numbers go along with the dtype of arrays, unless it holds none
    like them."""
    dtypes: set[str] = set()
    kinds = set()
    for one in operands:
        if isinstance(one, Traced):
            if one.weak:
                kinds.add(one.type.dtype[0])
            else:
                dtypes.add(one.type.dtype)
        elif _is_plain(one):
            kinds.add("b" if one.__class__ is bool else "i" if isinstance(one, int) else "f")
        else:
            dtypes.add(one.dtype.name)
    found = dtypes.pop() if len(dtypes) == 1 else np.result_type(*dtypes).name if dtypes else "bool"
    if "f" in kinds and not found.startswith("float"):
        return "float64"
    return "int64" if "i" in kinds and found == "bool" else found


def _is_plain(one: Any) -> bool:
    return isinstance(one, (int, float)) and not isinstance(one, np.generic)


def lifted(trace: Trace, one: Any, dtype: str | None = None) -> Traced:
    """``one``, traced, and of ``dtype``; a number has to be told which."""
    if not isinstance(one, Traced):
        if not isinstance(one, np.ndarray):
            dtype = dtype or common_dtype((one,))
            return trace.constant(one.item() if isinstance(one, np.generic) else one, dtype)
        one = trace.array(one)
    found: Traced = one
    return found if dtype in (None, found.type.dtype) else trace.add("astype", (found,), dtype=dtype)


def truth(trace: Trace, one: Any) -> Traced:
    if not isinstance(one, Traced) and not isinstance(one, np.ndarray):
        return trace.constant(bool(one), "bool")
    one = lifted(trace, one)
    return one if one.type.dtype == "bool" else one != 0


def aligned(trace: Trace, operands: Sequence[Traced]) -> Sequence[Traced]:
    """``operands``, copied to one shape."""
    shapes = {one.type.shape for one in operands}
    if len(shapes) == 1:
        return operands
    shapes.discard(())  # numbers go along with any array
    shape = shapes.pop() if len(shapes) == 1 else np.broadcast_shapes(*shapes)
    return [one if one.type.shape == shape else trace.copied(one, shape) for one in operands]
