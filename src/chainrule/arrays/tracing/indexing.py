"""``x[key]`` of traced arrays, and its ways back.

A key picks in two stages. Numbers, slices and None give a *view*. Where index arrays are among its parts,
the axes that they pick from are put side by side and made one, the arrays become one array of places on it,
and one ``take`` picks. Writing goes the same way, and back through both stages.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from chainrule import errors
from chainrule.arrays.shapes import axes
from chainrule.arrays.tracing.array import Traced, lifted, trace_of
from chainrule.arrays.tracing.elementwise import astype, filled, maximum, where
from chainrule.arrays.tracing.keys import Picks, picks_of, refuse
from chainrule.arrays.tracing.reductions import argsort
from chainrule.arrays.tracing.shapes import broadcast_to, concat, permute_dims, reshape
from chainrule.arrays.tracing.trace import Trace, place_now

Shape = tuple[int, ...]


def getitem(x: Any, key: Any, /) -> Any:
    """``x[key]``: a view, unless arrays are in ``key``."""
    trace = trace_of((x, *(key if isinstance(key, tuple) else (key,))))
    x = lifted(trace, x)
    picks = picks_of(key, x.shape)
    if not picks.arrays:
        return _view(x, picks)
    found = Merged(trace, x, picks, key)
    return trace.add("take", (found.array, found.indices()), axis=found.axis)


def index_add(g: Any, /, *, key: Any, shape: Shape) -> Any:
    """Zeros of ``shape`` with ``g`` added at ``key``: an element picked twice receives twice."""
    trace = trace_of((g, *(key if isinstance(key, tuple) else (key,))))
    g = lifted(trace, g)
    zeros = filled(g, 0, shape)
    picks = picks_of(key, shape)
    if not picks.arrays:
        return _with_view(zeros, g, picks)
    found = Merged(trace, zeros, picks, key)
    added = broadcast_to(g, found.shape)
    return found.back(trace.add("add_at", (found.array, found.indices(), added), axis=found.axis))


def put(x: Any, value: Any, /, *, key: Any) -> Any:
    """A copy of ``x`` in which the elements at ``key`` are ``value``."""
    if isinstance(key, tuple) and len(key) == 1:
        [key] = key
    trace = trace_of((x, value, *(key if isinstance(key, tuple) else (key,))))
    x = lifted(trace, x)
    value = _as_element(trace, value, x)
    if isinstance(key, Traced) and key.dtype.kind == "b":
        return _put_where(x, value, key)
    picks = picks_of(key, x.shape)
    if not picks.arrays:
        return _with_view(x, value, picks)
    found = Merged(trace, x, picks, key)
    return found.back(found.replaced(value)) if prod(found.shape) else trace.result(x.place)


def _as_element(trace: Trace, value: Any, x: Traced) -> Traced:
    """``value`` in the dtype of ``x``, as an assignment converts it."""
    if isinstance(value, (Traced, np.ndarray)) or x.dtype.kind == "f":
        return lifted(trace, value, x.type.dtype)
    return trace.constant(np.asarray(value).astype(x.dtype).item(), x.type.dtype)


def _put_where(x: Any, value: Any, mask: Any) -> Any:
    """``x[mask] = value`` for a computed mask: of a value that is the same for each place that it holds."""
    if mask.shape != x.shape[: mask.ndim]:
        refuse(np.ones(mask.shape, bool), x.shape)
    rest = x.ndim - mask.ndim
    if value.ndim > rest:
        if value.shape[:-rest] != (1,) * (value.ndim - rest) if rest else value.size != 1:
            raise errors.traced_mask(str(mask.type), place_now())
        value = reshape(value, value.shape[value.ndim - rest :])
    return where(reshape(mask, (*mask.shape, *(1,) * rest)), value, x)


# --- the first stage: numbers, slices and new axes


def _view(x: Any, picks: Picks) -> Any:
    if picks.basic:
        x = x.viewed("getitem", key=picks.basic)
    return reshape(x, picks.viewed)


def _with_view(x: Any, value: Any, picks: Picks) -> Any:
    """``x`` with ``value`` where the view is."""
    while value.ndim > len(picks.viewed) and value.shape[0] == 1:
        value = reshape(value, value.shape[1:])
    value = reshape(broadcast_to(value, picks.viewed), picks.part)
    return x.trace.add("update", (x, value), key=picks.basic) if picks.basic else value


# --- the second stage: the places that arrays pick


class Merged:
    """An array whose axes that index arrays pick from have become one."""

    def __init__(self, trace: Trace, x: Any, picks: Picks, key: Any) -> None:
        picked = [axis for axis, _ in picks.arrays]
        rest = [axis for axis in range(len(picks.viewed)) if axis not in picked]
        lengths = [picks.viewed[axis] for axis in picked]
        self.trace = trace
        self.whole = x
        self.picks = picks
        self.axis = 0 if picks.front else picked[0]
        self.order = (*rest[: self.axis], *picked, *rest[self.axis :])
        self.apart = tuple(picks.viewed[axis] for axis in self.order)
        shape = (*self.apart[: self.axis], prod(lengths), *self.apart[self.axis + len(picked) :])
        view = _view(x, picks)
        if self.order != tuple(range(view.ndim)):
            view = permute_dims(view, self.order)
        self.array = reshape(view, shape)
        self.places = self._places([array for _, array in picks.arrays], lengths, key)

    def _places(self, arrays: list[Any], lengths: list[int], key: Any) -> Any:
        """Where on the merged axis: still an array of numpy's if it is known now."""
        try:
            np.broadcast_shapes(*(array.shape for array in arrays))
        except ValueError:
            refuse(key, self.whole.shape)
        total: Any = None
        for array, n in zip(arrays, lengths, strict=True):
            if isinstance(array, np.ndarray) and array.size and not (-n <= array.min() and array.max() < n):
                refuse(key, self.whole.shape)
            array = counted_from_the_front(array, n)
            total = array if total is None else total * n + array
        return total

    @property
    def shape(self) -> Shape:
        """That of what is picked."""
        merged = self.array.shape
        return (*merged[: self.axis], *self.places.shape, *merged[self.axis + 1 :])

    def indices(self) -> Any:
        return _traced_places(self.trace, self.places)

    def back(self, changed: Any) -> Any:
        """The whole array, from the merged one after a change."""
        apart = reshape(changed, self.apart)
        if self.order != tuple(range(apart.ndim)):
            apart = permute_dims(apart, tuple(np.argsort(self.order).tolist()))
        return _with_view(self.whole, apart, self.picks)

    def replaced(self, value: Any) -> Any:
        """The merged array with ``value`` at the places that are picked: at one that is picked twice, the
        last that is put there, as numpy has it."""
        winner = self._winner()
        n = self.array.shape[self.axis]
        spread = (n, *(1,) * (self.array.ndim - self.axis - 1))
        if value.size == 1:
            value = reshape(value, ())
        else:
            value = broadcast_to(value, self.shape)
            flat = (*self.array.shape[: self.axis], self.places.size, *self.array.shape[self.axis + 1 :])
            value = self.trace.add("take", (reshape(value, flat), maximum(winner - 1, 0)), axis=self.axis)
        return where(reshape(winner > 0, spread), value, self.array)

    def _winner(self) -> Any:
        """For each place on the axis, which of the indices is the last to pick it, counted from 1; 0 if
        none is."""
        n, count = self.array.shape[self.axis], self.places.size
        if isinstance(self.places, np.ndarray):
            known = np.zeros(n, "int64")
            known[self.places.ravel()] = np.arange(1, count + 1)
            return self.trace.known(known)
        places = reshape(self.places, (count,))
        order = argsort(places)
        ordered = self.trace.add("take", (places, order), axis=0)
        is_last = concat([ordered[1:] != ordered[:-1], np.ones(1, bool)])
        zeros = filled(ordered, 0, (n,))
        return self.trace.add("add_at", (zeros, ordered, where(is_last, order + 1, 0)), axis=0)


#: What finds places: none of them is negative.
_FROM_THE_FRONT = ("argmax", "argmin", "argsort", "iota")


def counted_from_the_front(array: Any, n: int) -> Any:
    """Indices into an axis of length ``n``, as int64, the negative ones counted from the front."""
    if isinstance(array, np.ndarray):
        return np.where(array < 0, array + n, array).astype("int64")
    made = array.trace.builder.instructions[array.place].operation
    array = array if array.type.dtype == "int64" else astype(array, "int64")
    return array if made in _FROM_THE_FRONT else where(array < 0, array + n, array)


def _traced_places(trace: Trace, places: Any) -> Any:
    return trace.known(places) if isinstance(places, np.ndarray) else places


# --- along one axis, the others going together


def take_along_axis(x: Any, indices: Any, /, *, axis: int) -> Any:
    trace = trace_of((x, indices))
    x = lifted(trace, x)
    [axis] = axes(axis, x.ndim)
    indices = _along(trace, indices)
    common = list(np.broadcast_shapes(_at(x.shape, axis, 1), _at(indices.shape, axis, 1)))
    x = broadcast_to(x, _at(common, axis, x.shape[axis]))
    indices = broadcast_to(indices, _at(common, axis, indices.shape[axis]))
    return trace.add("take_along_axis", (x, indices), axis=axis)


def scatter_add(g: Any, indices: Any, /, *, axis: int, shape: Shape) -> Any:
    """Zeros of ``shape`` with ``g`` added along ``axis`` where ``indices`` says."""
    trace = trace_of((g, indices))
    g = lifted(trace, g)
    [axis] = axes(axis, len(shape))
    indices = _along(trace, indices)
    part = _at(indices.shape, axis, shape[axis])
    added = trace.add(
        "scatter_add", (filled(g, 0, part), indices, broadcast_to(g, indices.shape)), axis=axis
    )
    if part == tuple(shape):
        return added
    return put(filled(g, 0, tuple(shape)), added, key=tuple(slice(0, n) for n in part))


def _along(trace: Trace, indices: Any) -> Any:
    """The indices as they are: in these two functions, as in PyTorch's, a negative one is an error."""
    if isinstance(indices, np.ndarray):
        return trace.known(indices.astype("int64"))
    return indices if indices.type.dtype == "int64" else astype(indices, "int64")


def _at(shape: Any, axis: int, n: int) -> Shape:
    """``shape`` with the length ``n`` along ``axis``."""
    return (*shape[:axis], n, *shape[axis + 1 :])
