"""Values while a function is traced: the same operations, written down instead of computed.

A :class:`TracedValue` is a ``Value`` whose number and gradient are traced arrays. It runs the same rows,
and its ``backward()`` takes the same way in the same order, so that the program which comes out does what
the function would have done, step by step.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from chainrule.arrays import traced
from chainrule.arrays.shapes import sum_to
from chainrule.arrays.traced import Trace, Traced
from chainrule.autodiff import scalar_rules
from chainrule.autodiff.graph import tick
from chainrule.compiling.kinds import AnyTracer
from chainrule.explain.names import Names
from chainrule.origin import Origin, caller
from chainrule.primitives import reduction, shape
from chainrule.primitives.row import Row
from chainrule.value import METHODS, Value, as_number

#: How a plain value gives its number, also while `Value` is exchanged.
_DATA = inspect.getattr_static(Value, "data")


class Tracer(AnyTracer):
    """What one tracing knows of the values that it meets."""

    def __init__(self, name: str, names: Names) -> None:
        self.trace = Trace(name)
        self.values: dict[int, TracedValue] = {}  # by the identity of what they stand for
        self.tied: set[int] = set()  # arguments that the function has come to by another way as well
        self._given: set[int] = set()
        self.arrays: dict[int, tuple[Traced, np.ndarray, str]] = {}
        self._began = Value(0.0)._time
        self._names = names
        self._made: dict[int, Any] = {}
        self._taken: set[str] = set()
        self.state: dict[str, tuple[Value, str]] = {}

    def lifted(self, value: Value) -> TracedValue:
        """``value`` as the trace knows it: an input of the program, unless the function has just made it of
        a number."""
        if isinstance(value, TracedValue):
            return value
        if id(value) in self._given:
            self.tied.add(id(value))
        found = self.values.get(id(value))
        if found is None:
            found = self.values[id(value)] = TracedValue.of(self, value)
            if id(value) in self._made:
                found.set_fresh(self._made[id(value)])
            elif value._time > self._began:
                found.set_fresh(_DATA.__get__(value))
        return found

    def argument(self, value: Value) -> TracedValue:
        """An argument of the function, as the trace knows it."""
        found = self.lifted(value)
        self._given.add(id(value))
        self.tied.discard(id(value))
        return found

    def made(self, value: Value, number: Any) -> None:
        """The function has made ``value`` of ``number``."""
        self._made[id(value)] = number
        self.lifted(value)

    def number(self, x: Any) -> Traced:
        """A traced number, of what is traced already or of a Python number."""
        return x if isinstance(x, Traced) else self.trace.constant(float(as_number(x)))

    def array(self, array: np.ndarray) -> Traced:
        """An array that the function brings along: an input that stays the same."""
        found = self.arrays.get(id(array))
        if found is None:
            name = f"array{len(self.arrays)}"
            found = self.arrays[id(array)] = self.trace.input(name, array.shape), array, name
        return found[0]

    def input(self, value: Value, suffix: str) -> Traced:
        """The number, or the gradient, of a value that was there before."""
        name = (self._names.of(id(value)) or f"value{len(self._taken)}") + suffix
        while name in self._taken:
            name += "_"
        self._taken.add(name)
        self.state[name] = (value, suffix)
        return self.trace.input(name)

    def changes(self) -> dict[str, Traced]:
        """What the function has left in values that were there before, by the names of their inputs."""
        found: dict[str, Traced] = {}
        for value in self.values.values():
            for suffix, number in value.changes().items():
                name = value.input_name(suffix)
                found[name] = number
        return found


class _Made:
    """How a traced value was computed."""

    __slots__ = ("attrs", "operands", "origin", "row")
    exponent = None

    def __init__(self, row: Row, operands: Sequence[Any], attrs: Mapping[str, Any], origin: Origin) -> None:
        self.row = row
        self.operands = operands  # values, and the numbers that stand beside them
        self.attrs = dict(attrs)
        self.origin = origin


class TracedValue(Value):
    """A ``Value`` in a trace.

    ``_number`` and ``_gradient`` are traced arrays; None where they were not asked for yet: they are then
    inputs of the program. A gradient that is the number 0 was never added to.
    """

    __slots__ = (
        "_a",
        "_b",
        "_fresh",
        "_gradient",
        "_number",
        "_origin",
        "_rule",
        "_time",
        "_tracer",
        "inputs",
    )

    _tracer: Tracer
    _origin: Value | None
    _fresh: bool
    _number: Traced | None
    _gradient: Traced | int | None
    inputs: dict[str, Traced]

    @classmethod
    def of(cls, tracer: Tracer, origin: Value | None, number: Traced | None = None) -> TracedValue:
        """One that stands for ``origin``, or a new one with ``number``."""
        made: TracedValue = Value.__new__(cls, 0.0)
        made._tracer = tracer
        made._origin = origin
        made._fresh = origin is None
        made._number = number
        made._gradient = 0 if origin is None else None
        made._a = made._b = made._rule = None
        made._time = tick()
        made.inputs = {}
        return made

    def _input(self, suffix: str) -> Traced:
        assert self._origin is not None
        found = self.inputs[suffix] = self._tracer.input(self._origin, suffix)
        return found

    def set_fresh(self, number: Any) -> None:
        """The function has just made it, of ``number``."""
        self._fresh = True
        self._number, self._gradient = self._tracer.number(number), 0

    def input_name(self, suffix: str) -> str:
        """What its number, or gradient, is called as an input."""
        found = self.inputs[suffix] if suffix in self.inputs else self._input(suffix)
        name: str = self._tracer.trace.builder.instructions[found.place].attributes["name"]
        return name

    @property
    def data(self) -> Any:
        if self._number is None:
            self._number = self._input("")
        return self._number

    @data.setter
    def data(self, number: Any) -> None:
        self._number = self._tracer.number(number)

    @property
    def grad(self) -> Any:
        if self._gradient is None:
            self._gradient = self._input(".grad")
        if self._gradient.__class__ is int:
            return self._tracer.number(0.0)
        return self._gradient

    @grad.setter
    def grad(self, number: Any) -> None:
        zero = number.__class__ in (int, float) and number == 0
        self._gradient = 0 if zero else self._tracer.number(number)

    def changes(self) -> dict[str, Traced]:
        """What the function has given a value that was there before: by "" its number, by ".grad" its
        gradient."""
        found = {}
        if self._origin is not None and not self._fresh:
            if self._number is not None and self._number is not self.inputs.get(""):
                found[""] = self._number
            if self._gradient is not None and self._gradient is not self.inputs.get(".grad"):
                found[".grad"] = self.grad
        return found

    @property
    def _inputs(self) -> tuple[Value, ...]:
        rule: Any = self._rule
        return () if rule is None else tuple(one for one in rule.operands if isinstance(one, Value))

    def __repr__(self) -> str:
        return f"Value(data={self._number}, grad={self._gradient})"

    def __float__(self) -> float:
        return float(self.data)

    def backward(self) -> None:
        """As that of every ``Value``; from an array of results, that of their sum."""
        self._gradient = _ones(self._tracer, self.data)
        for node in scalar_rules.reachable(self):
            _pull(node)


def apply(tracer: Tracer, row: Row, *operands: Any, **attrs: Any) -> TracedValue:
    """``row`` on values, traced numbers and plain numbers."""
    taken = [_operand(tracer, one) for one in operands]
    values = [one for one in taken if isinstance(one, TracedValue)]
    numbers = [one.data if isinstance(one, TracedValue) else one for one in taken]
    frame = caller()
    origin = (frame.f_code, frame.f_lasti)
    tracer.trace.origin = origin
    try:
        out = TracedValue.of(tracer, None, row.forward(traced, *numbers, **attrs))
    finally:
        tracer.trace.origin = None
    out._a = values[0]
    out._b = values[1] if len(values) > 1 else None
    out._rule = _Made(row, taken, attrs, origin)  # type: ignore[assignment]
    return out


def _operand(tracer: Tracer, one: Any) -> Any:
    if isinstance(one, Value):
        return tracer.lifted(one)
    return one if isinstance(one, Traced) else as_number(one)


def _pull(node: TracedValue) -> None:
    """Send the gradient of ``node`` to what it was computed from."""
    rule: Any = node._rule
    tracer = node._tracer
    wanted = tuple(isinstance(one, TracedValue) for one in rule.operands)
    numbers = [one.data if isinstance(one, TracedValue) else one for one in rule.operands]
    tracer.trace.origin = rule.origin  # a way back belongs to the line that it undoes
    try:
        sent = rule.row.pull(wanted)(traced, node.grad, (node.data, *numbers), rule.attrs)
        for operand, cotangent, wants in zip(rule.operands, sent, wanted, strict=True):
            if wants and cotangent is not None:
                arrived = sum_to(traced, cotangent, operand.data.shape)
                # The first that arrives is the sum so far.
                before = operand._gradient
                operand._gradient = arrived if before.__class__ is int else operand.grad + arrived
    finally:
        tracer.trace.origin = None


def _ones(tracer: Tracer, number: Traced) -> Traced:
    one = tracer.number(1.0)
    return one if number.shape == () else traced.broadcast_to(one, number.shape)


# --- the methods of a Value, on traced values -----------------------------------------------------------

#: Those that have the other operand on the left.
MIRRORED = {f"__r{name}__": METHODS[f"__{name}__"] for name in ("add", "sub", "mul", "truediv", "pow")}


def _define(name: str, row: Row, mirrored: bool) -> None:
    def method(self: TracedValue, *others: Any) -> TracedValue:
        operands = (*others, self) if mirrored else (self, *others)
        return apply(self._tracer, row, *operands)

    method.__name__ = name
    setattr(TracedValue, name, method)


for _name, _row in METHODS.items():
    _define(_name, _row, mirrored=False)
for _name, _row in MIRRORED.items():
    _define(_name, _row, mirrored=True)


def spread(value: TracedValue, count: int) -> TracedValue:
    """The same for each of ``count`` lanes."""
    return apply(value._tracer, shape.broadcast_to, value, shape=(count,))


def reduced(value: TracedValue, how: str) -> TracedValue:
    """The sum or the mean over the lanes."""
    row = {"sum": reduction.sum, "mean": reduction.mean}[how]
    return apply(value._tracer, row, value, axis=None, keepdims=False)
