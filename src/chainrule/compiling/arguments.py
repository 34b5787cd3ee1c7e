"""The arguments of a compiled function: which are numbers that change, and which decide what is traced."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule import errors
from chainrule.arrays.traced import Trace
from chainrule.autodiff.graph import mode
from chainrule.compiling.values import Tracer
from chainrule.eager import wrap
from chainrule.tensor import Tensor
from chainrule.value import Value


class each:
    """An argument of which every step of a loop takes the next entry: step s takes ``entries[s % n]``.

    So ``each(rates)`` is a rate for each step, and ``each(X.reshape(10, 32, 2))`` ten mini-batches of 32
    examples, over and over. Of a tensor each entry is a tensor. For mini-batches in random order, give the
    step the whole data set, and ``each`` row of an index tensor: ``step.loop(X, each(order), steps=n)``,
    with ``X[rows]`` inside. Raises ShapeError for what has no entries.
    """

    __slots__ = ("_floats", "array", "of_tensor")

    def __init__(self, entries: Any) -> None:
        self.of_tensor = isinstance(entries, Tensor)
        array = entries._data if isinstance(entries, Tensor) else np.asarray(entries)
        if not array.ndim or not len(array):
            raise errors.no_entries(array.shape)
        if array.dtype.kind not in "fiub":
            raise errors.array_of_no_numbers(array.dtype)
        self.array: np.ndarray = np.ascontiguousarray(array)
        self._floats: np.ndarray | None = None

    @property
    def entries(self) -> np.ndarray:
        """The same as float64, for a program of values."""
        if self._floats is None:
            self._floats = np.ascontiguousarray(self.array, np.float64)
        return self._floats

    def __len__(self) -> int:
        return len(self.array)


@dataclass(slots=True)
class Given:
    """The arguments of a call, sorted: ``key`` says what they are, but for their numbers. ``numbers`` are
    numbers, arrays, tensors and ``each`` of them, in the order of the program's inputs; where these are the
    very arguments, and no more than that, ``simple`` is how many there are, and −1 otherwise."""

    key: Any
    simple: int
    numbers: list[Any]
    values: list[Value]

    @property
    def has_tensors(self) -> bool:
        return any(
            isinstance(one, Tensor) or (isinstance(one, each) and one.of_tensor) for one in self.numbers
        )


NUMBERS = (float, int, np.floating, np.integer)


def sort(args: Sequence[Any], kwargs: Mapping[str, Any]) -> Given:
    """Raises DTypeError for arrays of what is not a real number."""
    numbers: list[Any] = []
    values: list[Value] = []
    key: list[Any] = [mode.enabled]
    key += [_key(one, numbers, values) for one in args]
    if kwargs:
        key += [(name, _key(kwargs[name], numbers, values)) for name in sorted(kwargs)]
    simple = len(args) if len(numbers) == len(args) and not kwargs and not values else -1
    return Given(tuple(key), simple if all(map(_same, numbers, args)) else -1, numbers, values)


def _same(x: Any, y: Any) -> bool:
    return x is y


def _key(argument: Any, numbers: list[Any], values: list[Value]) -> Any:
    kind = argument.__class__
    if kind is float or kind is int:
        numbers.append(argument)
        return "number"
    if kind is np.ndarray:
        if argument.dtype.kind not in "fiub":
            raise errors.array_of_no_numbers(argument.dtype)
        numbers.append(argument)
        return argument.shape
    if kind is each:
        numbers.append(argument)
        shape = argument.array.shape[1:]
        return ("each", shape) if argument.of_tensor else shape or "number"
    if isinstance(argument, Tensor):
        numbers.append(argument)
        return _key_of_tensor(argument, numbers)
    if isinstance(argument, Value):
        for place, one in enumerate(values):
            if one is argument:
                return ("value", place)
        values.append(argument)
        return ("value", len(values) - 1)
    if isinstance(argument, (list, tuple)):
        return (kind, *[_key(one, numbers, values) for one in argument])
    if isinstance(argument, dict):
        return (kind, *[(name, _key(one, numbers, values)) for name, one in argument.items()])
    if isinstance(argument, NUMBERS) and kind is not bool:
        numbers.append(argument)
        return "number"
    try:
        hash(argument)
    except TypeError:
        return ("object", id(argument))
    return ("constant", kind, argument)


def _key_of_tensor(tensor: Tensor, numbers: list[Any]) -> Any:
    """What decides how a step is traced: not its numbers, but which earlier argument it is, or shares its
    memory with."""
    array = tensor._data
    same: Any = next(place for place, one in enumerate(numbers) if one is tensor)
    shared = next(
        place for place, one in enumerate(numbers) if isinstance(one, Tensor) and one._data is array
    )
    own = same == shared == len(numbers) - 1
    return (array.shape, array.dtype, tensor._leaf, tensor._node is None, None if own else (same, shared))


def traced(names: Sequence[str], args: Sequence[Any], kwargs: Mapping[str, Any], tracer: Tracer) -> Any:
    """The same arguments with traced numbers and arrays; inputs are called by the parameters' ``names``."""
    taken = [_traced(name, one, tracer) for name, one in zip(endless(names), args, strict=False)]
    given = {name: _traced(name, kwargs[name], tracer) for name in sorted(kwargs)}
    return taken, {name: given[name] for name in kwargs}


def endless(names: Sequence[str]) -> Iterator[str]:
    yield from names
    place = len(names)
    while True:
        yield f"argument{place}"
        place += 1


def _traced(name: str, argument: Any, tracer: Tracer) -> Any:
    trace: Trace = tracer.trace
    if isinstance(argument, each):
        return trace.input(name, argument.array.shape[1:])
    if isinstance(argument, np.ndarray):
        return trace.input(name, argument.shape)
    if isinstance(argument, Value):
        return tracer.argument(argument)
    if isinstance(argument, (list, tuple)):
        parts = [_traced(f"{name}[{place}]", one, tracer) for place, one in enumerate(argument)]
        return parts if isinstance(argument, list) else tuple(parts)
    if isinstance(argument, dict):
        return {key: _traced(f"{name}[{key!r}]", one, tracer) for key, one in argument.items()}
    if isinstance(argument, NUMBERS) and not isinstance(argument, bool):
        return trace.input(name)
    return argument


def entry(argument: Any, step: int) -> Any:
    """What ``argument`` is at one step of a loop."""
    if not isinstance(argument, each):
        return argument
    found = argument.array[step % len(argument)]
    if argument.of_tensor:
        return wrap(np.asarray(found))
    return found if found.ndim else found.item()


def entries(args: Sequence[Any], kwargs: Mapping[str, Any], step: int) -> tuple[list[Any], dict[str, Any]]:
    """The arguments at one step of a loop."""
    return [entry(one, step) for one in args], {name: entry(one, step) for name, one in kwargs.items()}
