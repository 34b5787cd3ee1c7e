"""``Value``: one number that remembers how it was computed, with micrograd's face.

There are two classes behind the name, which compute the same. Where machine code can be made, a value is a
node of the native tape (:mod:`chainrule.autodiff.tape`); everywhere else it is :class:`PythonValue`, which
is also the tape's reference in the tests. What both have in common is :class:`ValueBase`.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from chainrule import errors
from chainrule.autodiff import scalar_rules, tape
from chainrule.autodiff.graph import recorders, tick
from chainrule.origin import caller, outside
from chainrule.primitives import ROWS
from chainrule.primitives import elementwise as E
from chainrule.primitives.row import Elementwise


class ValueBase:
    """What every ``Value`` is, on the tape or in Python."""

    __slots__ = ()
    __array_ufunc__ = None  # `np.float64(2.0) * value` is the value's to answer

    if TYPE_CHECKING:  # these come from the table of rows
        data: Any
        grad: Any
        _a: Value | None
        _b: Value | None
        _rule: scalar_rules.ScalarRule | None
        _time: int

        def __new__(cls, data: Any = ...) -> Self: ...
        def __init__(self, data: Any) -> None: ...
        def __add__(self, other: Any) -> Value: ...
        def __radd__(self, other: Any) -> Value: ...
        def __sub__(self, other: Any) -> Value: ...
        def __rsub__(self, other: Any) -> Value: ...
        def __mul__(self, other: Any) -> Value: ...
        def __rmul__(self, other: Any) -> Value: ...
        def __truediv__(self, other: Any) -> Value: ...
        def __rtruediv__(self, other: Any) -> Value: ...
        def __pow__(self, other: Any) -> Value: ...
        def __rpow__(self, other: Any) -> Value: ...
        def __neg__(self) -> Value: ...
        def __abs__(self) -> Value: ...
        def exp(self) -> Value: ...
        def log(self) -> Value: ...
        def sqrt(self) -> Value: ...
        def sin(self) -> Value: ...
        def cos(self) -> Value: ...
        def tanh(self) -> Value: ...
        def sigmoid(self) -> Value: ...
        def relu(self) -> Value: ...
        def _sweep(self) -> None: ...
        @staticmethod
        def _operation(row: Elementwise) -> Callable[..., Value]: ...

    def __repr__(self) -> str:
        return f"Value(data={self.data}, grad={self.grad})"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """What a notebook shows: the graph, where there is one."""
        from chainrule.explain.notebook import mimebundle

        return mimebundle(self, include, exclude)

    def backward(self) -> None:
        """Set this value's gradient to 1, and add ∂self/∂v into the ``grad`` of every v below it."""
        for recorder in recorders:
            recorder(self, None)
        self.grad = 1
        self._sweep()

    @property
    def _prev(self) -> set[Value]:
        """The values that this one was computed from."""
        return set(self._inputs)

    @property
    def _inputs(self) -> tuple[Value, ...]:
        """The same, in order, and twice where one stands on both sides."""
        return scalar_rules.inputs(self)

    @property
    def _op(self) -> str:
        """The operation that made it, as micrograd's pictures name it: ``+``, ``**2``, ``ReLU``."""
        rule = self._rule
        if rule is None:
            return ""
        if rule.exponent is not None:
            return f"**{rule.exponent}"
        return _OPS.get(rule.row.name, rule.row.name)

    def __float__(self) -> float:
        return float(self.data)

    def __reduce__(self) -> tuple[Any, ...]:
        rule = self._rule
        numbers = (self.data, self.grad)
        if rule is None:
            return _leaf, (type(self), *numbers, self._time == 0), self._more()
        return _computed, (type(self), rule.row.name, rule.exponent, self._inputs, *numbers), self._more()

    def _more(self) -> Any:
        """What a subclass keeps beside, for copies and pickles."""
        state = object.__getstate__(self)
        if not isinstance(state, tuple):
            return state
        variables, slots = state
        slots = {name: kept for name, kept in slots.items() if name not in PythonValue.__slots__}
        return (variables, slots) if variables or slots else None


class PythonValue(ValueBase):
    """A number, its gradient, and the operation that made it.

    >>> from chainrule import Value
    >>> a, b = Value(-4.0), Value(2.0)
    >>> c = (a + b) * b
    >>> c.backward()
    >>> a, b
    (Value(data=-4.0, grad=2.0), Value(data=2.0, grad=0.0))

    Every name of micrograd's ``Value`` is here and means the same: ``data``, ``grad``, ``backward()``,
    ``relu()``, ``_prev``, ``_op``. Numbers, numpy's included, may stand on either side of an operator.
    Integers stay integers, as in Python, and are exact below 2**53; from there on they are floats.

    Raises DTypeError for what is not a real number.
    """

    __slots__ = ("_a", "_b", "_rule", "_time", "data", "grad")

    def __init__(self, data: Any) -> None:
        if adopted is not None and adopted(self, data):
            _DATA.__set__(self, 0.0)
            _GRAD.__set__(self, 0)
        else:
            self.data = data if data.__class__ is float or data.__class__ is int else as_number(data)
            self.grad: Any = 0
        self._a: Any = None
        self._b: Any = None
        self._rule: scalar_rules.ScalarRule | None = None
        self._time = tick()

    if TYPE_CHECKING:

        def _pow(self, other: Any) -> Any: ...

    def _sweep(self) -> None:
        _python_sweep()(self)

    @staticmethod
    def _operation(row: Elementwise) -> Callable[..., Any]:
        """``row`` as a function of values and numbers."""
        function = _python_operation(row)
        return lambda first, *others: function(_constant(first), *others)

    def __pow__(self, other: Any) -> Any:
        if isinstance(other, PythonValue):
            return self._pow(other)
        if other.__class__ is not int and other.__class__ is not float:
            other = as_number(other)
        return _power(self, other)

    def __rsub__(self, other: Any) -> Any:
        return _constant(other) - self

    def __rtruediv__(self, other: Any) -> Any:
        return _constant(other) / self

    def __rpow__(self, other: Any) -> Any:
        return _constant(other)._pow(self)


#: The slots themselves, while a trace has the class give its own numbers.
_DATA, _GRAD = PythonValue.__dict__["data"], PythonValue.__dict__["grad"]

#: ``adopted(value, data)``, while a function is traced: whether a new value's number is the tracer's.
adopted: Callable[[Any, Any], bool] | None = None

if TYPE_CHECKING:

    class Value(ValueBase):
        __doc__ = PythonValue.__doc__


def as_number(data: Any) -> Any:
    """``data`` as a Python number."""
    if isinstance(data, (np.generic, np.ndarray)) and data.ndim == 0:
        data = data.item()
    if isinstance(data, int):
        return int(data)
    if not isinstance(data, float):
        raise errors.not_a_number(data)
    return float(data)


def _constant(number: Any) -> Any:
    """A leaf for a number that stands beside a value in an expression; a value as it is."""
    if number.__class__ is not float and number.__class__ is not int:
        if isinstance(number, PythonValue):
            return number
        number = as_number(number)
    leaf = _new(PythonValue)
    leaf.data = number
    leaf.grad = 0
    leaf._a = leaf._b = leaf._rule = None
    leaf._time = 0
    return leaf


_new: Any = object.__new__

_OPS = {
    "add": "+",
    "sub": "-",
    "mul": "*",
    "div": "/",
    "neg": "neg",
    "pow": "**",
    "relu": "ReLU",
}

#: The rows that are methods of a value, under these names.
METHODS: dict[str, Elementwise] = {
    "__add__": E.add,
    "__sub__": E.sub,
    "__mul__": E.mul,
    "__truediv__": E.div,
    "__neg__": E.neg,
    "__abs__": E.abs,
    "__pow__": E.pow,
    "exp": E.exp,
    "log": E.log,
    "sqrt": E.sqrt,
    "sin": E.sin,
    "cos": E.cos,
    "tanh": E.tanh,
    "sigmoid": E.sigmoid,
    "relu": E.relu,
}

_RULES = {
    name if name != "__pow__" else "_pow": scalar_rules.ScalarRule(row) for name, row in METHODS.items()
}

# --- the class in Python -----------------------------------------------------------------------------

#: Addition and multiplication do not mind on which side the number stands.
_MIRRORED = {"__add__": "__radd__", "__mul__": "__rmul__"}

#: Those whose pullbacks stand in the sweep itself, most frequent first.
_FREQUENT = ("__mul__", "__add__", "relu", "__sub__", "__neg__", "tanh")


def _define(name: str) -> None:
    """Give ``PythonValue`` a method that compiles itself when it is first called: all of them together
    would take longer than the rest of the import."""

    def method(*operands: Any) -> Any:
        return _compiled(name)(*operands)

    _set(name, method)


@cache
def _compiled(name: str) -> Any:
    function = scalar_rules.operation(_RULES[name].row, PythonValue, _constant, _RULES[name])
    _set(name, function)
    return function


def _set(name: str, function: Any) -> None:
    function.__name__ = name
    function.__qualname__ = f"{PythonValue.__qualname__}.{name}"
    setattr(PythonValue, name, function)
    if name in _MIRRORED:
        setattr(PythonValue, _MIRRORED[name], function)


for _name in _RULES:
    _define(_name)

_power = scalar_rules.power(PythonValue, E.pow)


@cache
def _python_sweep() -> Any:
    return scalar_rules.sweep([_RULES[name] for name in _FREQUENT])


@cache
def _python_operation(row: Elementwise) -> Callable[..., Any]:
    return scalar_rules.operation(row, PythonValue, _constant)


# --- copies and pickles ------------------------------------------------------------------------------


def _leaf(cls: Any, data: Any, grad: Any, constant: bool) -> Any:
    leaf = cls.__new__(cls)  # on the tape, a constant until it is initialised
    if isinstance(leaf, PythonValue):
        PythonValue.__init__(leaf, data)
        if constant:
            leaf._time = 0
    elif not constant:
        _value().__init__(leaf, data)
    leaf.data, leaf.grad = data, grad
    return leaf


def _computed(cls: Any, name: str, exponent: Any, inputs: tuple[Any, ...], data: Any, grad: Any) -> Any:
    """The same operation on the same inputs: younger than they are, here as there."""
    row = ROWS[name]
    assert isinstance(row, Elementwise)
    value = inputs[0] ** exponent if exponent is not None else cls._operation(row)(*inputs)
    value.data, value.grad = data, grad
    return value


# --- the class behind the name -----------------------------------------------------------------------


def __getattr__(name: str) -> Any:
    # When first asked for: `import chainrule` alone makes no machine code.
    if name == "Value":
        return _value()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def native() -> bool:
    """Whether values are nodes of the native tape."""
    return _value() is not PythonValue


@cache
def _value() -> Any:
    chosen: Any = PythonValue
    if tape.possible() and find_spec("llvmlite") is not None:
        try:
            chosen = _native()
        except Exception as problem:
            _warn(errors.no_tape(problem))
    if chosen is PythonValue:
        PythonValue.__name__ = PythonValue.__qualname__ = "Value"  # as it is called, and found by pickle
    globals()["Value"] = chosen
    return chosen


def _warn(message: str) -> None:
    """A warning at the import, or wherever it is that ``Value`` is first asked for."""
    frame = caller()
    while frame.f_code.co_filename.startswith("<frozen importlib") and frame.f_back is not None:
        frame = outside(frame.f_back)
    name = frame.f_globals.get("__name__", "<unknown>")
    warnings.warn_explicit(message, RuntimeWarning, frame.f_code.co_filename, frame.f_lineno, module=name)


def _native() -> Any:
    from chainrule.autodiff.tape.nodes import node_type

    methods = [name for name in _RULES if not name.startswith("_")]
    helpers = {"number_of": as_number, "given": _given}
    return node_type(ValueBase, f"{__name__}.Value", PythonValue.__doc__ or "", methods, helpers)


def _given(value: Any, arguments: tuple[Any, ...], keywords: dict[str, Any] | None) -> Any:
    """The number in ``Value(…)``, or Python's own error where the arguments are others."""
    if value._rule is not None:
        raise errors.value_computed(value._op)
    data = _signature(value, *arguments, **(keywords or {}))
    return 0.0 if adopted is not None and adopted(value, data) else as_number(data)


def _signature(self: Any, data: Any) -> Any:
    return data


_signature.__qualname__ = "Value.__init__"
