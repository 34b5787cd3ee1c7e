"""The arguments of a compiled function: which are numbers that change, and which decide what is traced."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule import errors
from chainrule.arrays.traced import Trace
from chainrule.compiling.values import Tracer
from chainrule.value import Value


class each:
    """An argument of which every step of a loop takes the next entry: step s takes ``entries[s % n]``.

    So ``each(rates)`` is a rate for each step, and ``each(X.reshape(10, 32, 2))`` ten mini-batches of 32
    examples, over and over. Raises ShapeError for what has no entries.
    """

    __slots__ = ("entries",)

    def __init__(self, entries: Any) -> None:
        if not np.ndim(entries) or not len(entries):
            raise errors.no_entries(np.shape(entries))
        self.entries = np.ascontiguousarray(entries, np.float64)

    def __len__(self) -> int:
        return len(self.entries)


@dataclass(slots=True)
class Given:
    """The arguments of a call, sorted: ``key`` says what they are, but for their numbers. ``numbers`` are
    numbers, arrays and ``each`` of them, in the order of the program's inputs; where these are the very
    arguments, and no more than that, ``simple`` is how many there are, and −1 otherwise."""

    key: Any
    simple: int
    numbers: list[Any]
    values: list[Value]


_NUMBERS = (float, int, np.floating, np.integer)


def sort(args: Sequence[Any], kwargs: Mapping[str, Any]) -> Given:
    """Raises DTypeError for arrays of what is not a real number."""
    numbers: list[Any] = []
    values: list[Value] = []
    key = [_key(one, numbers, values) for one in args]
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
        return argument.entries.shape[1:] or "number"
    if isinstance(argument, Value):
        for place, one in enumerate(values):
            if one is argument:
                return ("value", place)
        values.append(argument)
        return ("value", len(values) - 1)
    if kind in (list, tuple):
        return (kind, *[_key(one, numbers, values) for one in argument])
    if kind is dict:
        return (dict, *[(name, _key(one, numbers, values)) for name, one in argument.items()])
    if isinstance(argument, _NUMBERS) and kind is not bool:
        numbers.append(argument)
        return "number"
    try:
        hash(argument)
    except TypeError:
        return ("object", id(argument))
    return ("constant", kind, argument)


def traced(names: Sequence[str], args: Sequence[Any], kwargs: Mapping[str, Any], tracer: Tracer) -> Any:
    """The same arguments with traced numbers and arrays; inputs are called by the parameters' ``names``."""
    taken = [_traced(name, one, tracer) for name, one in zip(_endless(names), args, strict=False)]
    given = {name: _traced(name, kwargs[name], tracer) for name in sorted(kwargs)}
    return taken, {name: given[name] for name in kwargs}


def _endless(names: Sequence[str]) -> Iterator[str]:
    yield from names
    place = len(names)
    while True:
        yield f"argument{place}"
        place += 1


def _traced(name: str, argument: Any, tracer: Tracer) -> Any:
    trace: Trace = tracer.trace
    if isinstance(argument, each):
        return trace.input(name, argument.entries.shape[1:])
    if isinstance(argument, np.ndarray):
        return trace.input(name, argument.shape)
    if isinstance(argument, Value):
        return tracer.argument(argument)
    if isinstance(argument, (list, tuple)):
        parts = [_traced(f"{name}[{place}]", one, tracer) for place, one in enumerate(argument)]
        return parts if isinstance(argument, list) else tuple(parts)
    if isinstance(argument, dict):
        return {key: _traced(f"{name}[{key!r}]", one, tracer) for key, one in argument.items()}
    if isinstance(argument, _NUMBERS) and not isinstance(argument, bool):
        return trace.input(name)
    return argument


def entry(argument: Any, step: int) -> Any:
    """What ``argument`` is at one step of a loop."""
    if not isinstance(argument, each):
        return argument
    found = argument.entries[step % len(argument)]
    return found if found.ndim else float(found)
