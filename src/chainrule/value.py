"""``Value``: one number that remembers how it was computed, with micrograd's face."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule import errors
from chainrule.autodiff import scalar_rules
from chainrule.autodiff.graph import recorders, tick
from chainrule.primitives import elementwise as E


class Value:
    """A number, its gradient, and the operation that made it.

    >>> a, b = Value(-4.0), Value(2.0)
    >>> c = (a + b) * b
    >>> c.backward()
    >>> a, b
    (Value(data=-4.0, grad=2.0), Value(data=2.0, grad=0.0))

    Every name of micrograd's ``Value`` is here and means the same: ``data``, ``grad``, ``backward()``,
    ``relu()``, ``_prev``, ``_op``. Numbers, numpy's included, may stand on either side of an operator.

    Raises DTypeError for what is not a real number.
    """

    __slots__ = ("_a", "_b", "_rule", "_time", "data", "grad")
    __array_ufunc__ = None  # `np.float64(2.0) * value` is the value's to answer

    def __init__(self, data: Any) -> None:
        self.data = data if data.__class__ is float or data.__class__ is int else _number(data)
        self.grad: Any = 0
        self._a: Value | None = None
        self._b: Value | None = None
        self._rule: scalar_rules.ScalarRule | None = None
        self._time = tick()

    if TYPE_CHECKING:  # these come from the table of rows, below

        def __add__(self, other: Any) -> Value: ...
        def __radd__(self, other: Any) -> Value: ...
        def __sub__(self, other: Any) -> Value: ...
        def __mul__(self, other: Any) -> Value: ...
        def __rmul__(self, other: Any) -> Value: ...
        def __truediv__(self, other: Any) -> Value: ...
        def __neg__(self) -> Value: ...
        def __abs__(self) -> Value: ...
        def _pow(self, other: Value) -> Value: ...
        def exp(self) -> Value: ...
        def log(self) -> Value: ...
        def sqrt(self) -> Value: ...
        def sin(self) -> Value: ...
        def cos(self) -> Value: ...
        def tanh(self) -> Value: ...
        def sigmoid(self) -> Value: ...
        def relu(self) -> Value: ...

    def __repr__(self) -> str:
        return f"Value(data={self.data}, grad={self.grad})"

    def backward(self) -> None:
        """Set this value's gradient to 1, and add ∂self/∂v into the ``grad`` of every v below it."""
        for recorder in recorders:
            recorder(self, None)
        _sweep()(self)

    @property
    def _prev(self) -> set[Value]:
        """The values that this one was computed from."""
        return set(self._inputs)

    @property
    def _inputs(self) -> tuple[Value, ...]:
        """The same, in order, and twice where one stands on both sides."""
        return tuple(node for node in (self._a, self._b) if node is not None)

    @property
    def _op(self) -> str:
        """The operation that made it, as micrograd's pictures name it: ``+``, ``**2``, ``ReLU``."""
        rule = self._rule
        if rule is None:
            return ""
        name = rule.row.name
        if rule.exponent is not None:
            return f"**{rule.exponent}"
        return _OPS.get(name, name)

    def __pow__(self, other: Any) -> Value:
        if isinstance(other, Value):
            return self._pow(other)
        if other.__class__ is not int and other.__class__ is not float:
            other = _number(other)
        return _power(self, other)

    def __rsub__(self, other: Any) -> Value:
        return _constant(other) - self

    def __rtruediv__(self, other: Any) -> Value:
        return _constant(other) / self

    def __rpow__(self, other: Any) -> Value:
        return _constant(other)._pow(self)

    def __float__(self) -> float:
        return float(self.data)


def _number(data: Any) -> Any:
    """``data`` as a Python number."""
    if isinstance(data, (np.generic, np.ndarray)) and data.ndim == 0:
        data = data.item()
    if isinstance(data, bool):
        return int(data)
    if not isinstance(data, (int, float)):
        raise errors.not_a_number(data)
    return data


def _constant(number: Any) -> Value:
    """A leaf for a number that stands beside a value in an expression."""
    if number.__class__ is not float and number.__class__ is not int:
        number = _number(number)
    leaf = _new(Value)
    leaf.data = number
    leaf.grad = 0
    leaf._a = leaf._b = leaf._rule = None
    leaf._time = 0
    return leaf


_new = object.__new__

_OPS = {
    "add": "+",
    "sub": "-",
    "mul": "*",
    "div": "/",
    "neg": "neg",
    "pow": "**",
    "relu": "ReLU",
}


#: The rows that are methods of ``Value``, under these names.
_RULES = {
    name: scalar_rules.ScalarRule(row)
    for name, row in {
        "__add__": E.add,
        "__sub__": E.sub,
        "__mul__": E.mul,
        "__truediv__": E.div,
        "__neg__": E.neg,
        "__abs__": E.abs,
        "exp": E.exp,
        "log": E.log,
        "sqrt": E.sqrt,
        "sin": E.sin,
        "cos": E.cos,
        "tanh": E.tanh,
        "sigmoid": E.sigmoid,
        "relu": E.relu,
        "_pow": E.pow,
    }.items()
}

#: Addition and multiplication do not mind on which side the number stands.
_MIRRORED = {"__add__": "__radd__", "__mul__": "__rmul__"}

#: Those whose pullbacks stand in the sweep itself, most frequent first.
_FREQUENT = ("__mul__", "__add__", "relu", "__sub__", "__neg__", "tanh")


def _define(name: str) -> None:
    """Give ``Value`` a method that compiles itself when it is first called: all of them together would
    take longer than the rest of the import."""

    def method(*operands: Any) -> Any:
        return _compiled(name)(*operands)

    _set(name, method)


@cache
def _compiled(name: str) -> Any:
    function = scalar_rules.operation(_RULES[name].row, Value, _constant, _RULES[name])
    _set(name, function)
    return function


def _set(name: str, function: Any) -> None:
    function.__name__ = name
    function.__qualname__ = f"Value.{name}"
    setattr(Value, name, function)
    if name in _MIRRORED:
        setattr(Value, _MIRRORED[name], function)


for _name in _RULES:
    _define(_name)

_power = scalar_rules.power(Value, E.pow)


@cache
def _sweep() -> Any:
    return scalar_rules.sweep([_RULES[name] for name in _FREQUENT])
