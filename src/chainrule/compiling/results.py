"""What a compiled function returns: floats for values and numbers, arrays for what has lanes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.arrays.traced import Traced
from chainrule.compiling.mapping import Batch
from chainrule.compiling.values import Tracer
from chainrule.eager import wrap
from chainrule.tensor import Tensor
from chainrule.value import Value


@dataclass(frozen=True)
class Part:
    """A result of the program, by its name, where it stands in what the function returns."""

    name: str


def mapped(tree: Any, function: Callable[[Any], Any]) -> Any:
    """``tree`` with ``function`` of each of its leaves, through lists, tuples and dictionaries."""
    if isinstance(tree, tuple) and hasattr(tree, "_fields"):
        return type(tree)(*(mapped(one, function) for one in tree))
    if isinstance(tree, (list, tuple)):
        return type(tree)(mapped(one, function) for one in tree)
    if isinstance(tree, dict):
        return {name: mapped(one, function) for name, one in tree.items()}
    return function(tree)


def traced(result: Any, tracer: Tracer) -> tuple[Any, dict[str, Traced]]:
    """The form of what a traced function returned, with a :class:`Part` for each number that the program
    computes, and those numbers."""
    found: dict[str, Traced] = {}

    def part(leaf: Any) -> Any:
        number: Any = leaf
        if isinstance(leaf, Value):
            number = tracer.lifted(leaf).data
        elif isinstance(leaf, Batch):
            number = leaf.traced
        if not isinstance(number, Traced):
            return leaf
        name = f"result{len(found)}"
        found[name] = number
        return Part(name)

    return mapped(result, part), found


def plain(result: Any) -> Any:
    """The same of what the function returned when it ran as it was written."""

    def number(leaf: Any) -> Any:
        if isinstance(leaf, Batch):
            return np.array([float(one) for one in leaf])
        if isinstance(leaf, Tensor) and leaf._node is not None:
            return wrap(leaf._data)
        return float(leaf.data) if isinstance(leaf, Value) else leaf

    return mapped(result, number)


def stacked(rows: Sequence[Any]) -> Any:
    """The results of all steps: in each place an array, or the constant that stands there."""
    first = rows[0] if rows else None
    if isinstance(first, (list, tuple)):
        return type(first)(stacked([row[place] for row in rows]) for place in range(len(first)))
    if isinstance(first, dict):
        return {name: stacked([row[name] for row in rows]) for name in first}
    if isinstance(first, Tensor):
        return wrap(np.array([row._data for row in rows]))
    return np.array(rows) if isinstance(first, (float, np.ndarray)) else first


def copied(row: Any) -> Any:
    """The results of one step, which no later step changes."""
    return mapped(row, lambda leaf: wrap(leaf._data.copy()) if isinstance(leaf, Tensor) else leaf)


def joined(first: Any, rest: Any) -> Any:
    """The results of the first steps of a loop, and those of the others."""
    if isinstance(first, (list, tuple)):
        return (
            type(first)(*map(joined, first, rest))
            if hasattr(first, "_fields")
            else type(first)(map(joined, first, rest))
        )
    if isinstance(first, dict):
        return {name: joined(one, rest[name]) for name, one in first.items()}
    if isinstance(first, Tensor):
        return wrap(np.concatenate((first._data, rest._data)))
    return np.concatenate((first, rest)) if isinstance(first, np.ndarray) else rest
