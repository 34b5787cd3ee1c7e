"""A function of one example, mapped over many.

As it stands, the examples are taken one after the other. In a compiled function they are the lanes of one
loop: the function is traced once, parameters are shared, and their gradients are summed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import wraps
from typing import Any

import numpy as np

from chainrule import errors
from chainrule.arrays import traced
from chainrule.arrays.traced import Traced, place_now
from chainrule.compiling.moment import tracer_here
from chainrule.compiling.values import TracedValue, Tracer, reduced, spread
from chainrule.value import Value


def vmap(function: Callable[..., Any]) -> Callable[..., Any]:
    """``function`` of one example, as a function of many.

    Arrays, and lists of numbers, hold one entry for each example along their first axis; an entry that is
    itself a row is given to ``function`` as a list. Numbers and values are given as they are. What
    ``function`` returns, or each part of it, comes back as a :class:`Batch`.

    Raises ShapeError where the arguments hold different numbers of examples, or none of them any.

    >>> from chainrule import Value
    >>> w = Value(2.0)
    >>> loss = vmap(lambda x, y: (w * x - y) ** 2)([1.0, 2.0, 3.0], [2.0, 3.0, 4.0]).mean()
    >>> loss.backward()
    >>> loss.data, w.grad
    (1.6666666666666667, 5.333333333333333)
    """

    @wraps(function)
    def mapped(*columns: Any) -> Any:
        tracer = tracer_here()
        given = [_column(column, tracer) for column in columns]
        count = _count(given)
        if tracer is None:
            rows = [function(*(_row(column, i) for column in given)) for i in range(count)]
            return _batched(rows)
        results = function(*(_lanes(column) for column in given))
        return _mapped(results, lambda one: Batch(_over(one, tracer, count)))

    return mapped


class Batch(Sequence[Any]):
    """The results for all examples: ``Value``s or numbers, in the order of the examples."""

    def __init__(self, items: Any) -> None:
        self._items = items

    def sum(self) -> Any:
        """The sum over the examples."""
        if isinstance(self._items, TracedValue):
            return reduced(self._items, "sum")
        return traced.sum(self._items) if isinstance(self._items, Traced) else sum(self._items)

    def mean(self) -> Any:
        """The mean over the examples."""
        if isinstance(self._items, TracedValue):
            return reduced(self._items, "mean")
        if isinstance(self._items, Traced):
            return traced.mean(self._items)
        return sum(self._items) / len(self._items) if len(self._items) else float("nan")

    @property
    def traced(self) -> Traced | None:
        """All of them as one traced array; None where they are there one by one."""
        if isinstance(self._items, TracedValue):
            return self._items.data
        return self._items if isinstance(self._items, Traced) else None

    def __len__(self) -> int:
        found = self.traced
        return len(self._items) if found is None else found.shape[0]

    def __getitem__(self, place: Any) -> Any:
        self._refuse()
        return self._items[place]

    def __iter__(self) -> Iterator[Any]:
        self._refuse()
        return iter(self._items)

    def __repr__(self) -> str:
        return f"Batch({self._items!r})"

    def _refuse(self) -> None:
        if self.traced is not None:
            raise errors.batch_one_by_one(place_now())


# --- columns of examples -------------------------------------------------------------------------------


def _column(column: Any, tracer: Tracer | None) -> Any:
    """An array with an entry for each example, or what is the same for all."""
    if isinstance(column, (list, tuple)) and column:
        if tracer is not None and any(isinstance(one, (Value, Traced)) for one in column):
            raise errors.column_of_traced(place_now())
        if not any(isinstance(one, Value) for one in column):
            column = np.asarray(column, np.float64)
    if isinstance(column, np.ndarray) and tracer is not None:
        return tracer.array(column)
    return column


def _has_rows(column: Any) -> bool:
    return isinstance(column, list) or (isinstance(column, (np.ndarray, Traced)) and column.ndim > 0)


def _count(columns: Sequence[Any]) -> int:
    counts = {len(column) for column in columns if _has_rows(column)}
    if len(counts) != 1:
        raise errors.examples_differ([np.shape(column) for column in columns])
    return counts.pop()


def _row(column: Any, place: int) -> Any:
    """The entry of one example, of plain numbers."""
    if not _has_rows(column):
        return column
    entry = column[place]
    return entry.tolist() if isinstance(entry, (np.ndarray, np.generic)) else entry


def _lanes(column: Any, *picked: int) -> Any:
    """The entries of all examples: one traced array for each number of a row."""
    if not _has_rows(column):
        return column
    if column.ndim == 1:
        return column
    shape = column.shape[1:]
    if len(picked) == len(shape):
        return column[(slice(None), *picked)]
    return [_lanes(column, *picked, place) for place in range(shape[len(picked)])]


# --- results -------------------------------------------------------------------------------------------


def _mapped(results: Any, function: Callable[[Any], Any]) -> Any:
    if isinstance(results, tuple):
        return tuple(_mapped(one, function) for one in results)
    if isinstance(results, list):
        return [_mapped(one, function) for one in results]
    if isinstance(results, dict):
        return {name: _mapped(one, function) for name, one in results.items()}
    return function(results)


def _batched(rows: list[Any]) -> Any:
    """One batch for each part of the results."""
    first = rows[0] if rows else None
    if isinstance(first, (tuple, list)):
        return type(first)(_batched([row[part] for row in rows]) for part in range(len(first)))
    if isinstance(first, dict):
        return {name: _batched([row[name] for row in rows]) for name in first}
    return Batch(rows)


def _over(result: Any, tracer: Tracer, count: int) -> Any:
    """A result for each example, also where it is the same for all."""
    if isinstance(result, Value):
        value = tracer.lifted(result)
        return value if value.data.shape else spread(value, count)
    number = tracer.number(result)
    return number if number.shape else traced.broadcast_to(number, (count,))
