"""Elements: what picking and putting are equal to.

All rules are exact. What is picked from an array that was put together is picked from its parts, and arrays
that are zero but for a part of each, as gradients of slices are, are put together instead of added.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from chainrule.compiler.ir import Instruction
from chainrule.compiler.keys import Key, apart, composed, ranges, slice_of, whole
from chainrule.compiler.types import Shape

if TYPE_CHECKING:
    from chainrule.compiler.passes.rewriting import Rewriter


def _getitem(w: Rewriter, one: Instruction, x: int) -> int | None:
    a = w.made[x]
    key, shape = one.attributes["key"], a.type.shape
    places = ranges(key, shape)
    if one.type.shape == shape and whole(places, shape):
        return x  # all that there is
    if a.operation == "getitem":  # a part of a part
        under = a.operands[0]
        return w.add("getitem", under, key=composed(a.attributes["key"], key, w.made[under].type.shape))
    if a.operation == "broadcast_to":
        return _of_copies(w, one, a)
    if a.operation == "update":
        put = ranges(a.attributes["key"], shape)
        if put == places and w.made[a.operands[1]].type.shape == one.type.shape:
            return a.operands[1]  # what was put there
        if apart(put, places):
            return w.add("getitem", a.operands[0], key=key)  # what was there before
    if a.operation == "concat":
        return _of_joined(w, key, a)
    return None


def _of_copies(w: Rewriter, one: Instruction, a: Instruction) -> int:
    """A part of copies is copies of a part."""
    source = a.operands[0]
    shape = w.made[source].type.shape
    new = len(a.type.shape) - len(shape)
    key: list[int | slice] = []
    for n, part in zip(shape, one.attributes["key"][new:], strict=False):
        if n == 1:
            key.append(slice(0, 1, 1) if isinstance(part, slice) else 0)
        else:
            key.append(part)
    return w.copied(w.add("getitem", source, key=tuple(key)) if key else source, one.type.shape)


def _of_joined(w: Rewriter, key: Key, a: Instruction) -> int | None:
    """A part of one of the arrays that were joined."""
    axis = a.attributes["axis"]
    if axis >= len(key):
        return None
    part = key[axis]
    taken = ranges(key, a.type.shape)[axis]
    start = 0
    for place in a.operands:
        stop = start + w.made[place].type.shape[axis]
        if taken and start <= min(taken[0], taken[-1]) and max(taken[0], taken[-1]) < stop:
            shifted = range(taken.start - start, taken.stop - start, taken.step)
            here = slice_of(shifted) if isinstance(part, slice) else shifted.start
            return w.add("getitem", place, key=(*key[:axis], here, *key[axis + 1 :]))
        start = stop
    return None


def _update(w: Rewriter, one: Instruction, x: int, value: int) -> int | None:
    key, shape = one.attributes["key"], one.type.shape
    places = ranges(key, shape)
    if whole(places, shape):
        return w.add("reshape", value, shape=shape)  # nothing of x is left
    a, b = w.made[x], w.made[value]
    if b.operation == "getitem" and b.operands[0] == x and b.attributes["key"] == key:
        return x  # what was there
    if a.operation == "update" and ranges(a.attributes["key"], shape) == places:
        return w.add("update", a.operands[0], value, key=key)  # what was put there is put over
    return _tiled(w, one)


def _tiled(w: Rewriter, one: Instruction) -> int | None:
    """Parts that are put side by side and fill the array are joined."""
    shape = one.type.shape
    parts: list[tuple[list[range], int]] = []
    top = one
    while True:
        parts.append((ranges(top.attributes["key"], shape), top.operands[1]))
        if w.made[parts[-1][1]].type.shape != tuple(map(len, parts[-1][0])):
            return None  # an index took an axis away
        if sum(len(places[axis]) != n for places, _ in parts for axis, n in enumerate(shape)) > len(parts):
            return None  # not side by side along one axis
        if not w.only(top.operands[0], "update"):
            break
        top = w.made[top.operands[0]]
    cut = {axis for places, _ in parts for axis, n in enumerate(shape) if places[axis] != range(n)}
    if len(cut) != 1:
        return None
    [axis] = cut
    parts.sort(key=lambda part: part[0][axis].start)
    filled = 0
    for places, _ in parts:
        if places[axis] != range(filled, filled + len(places[axis])):
            return None
        filled += len(places[axis])
    return w.add("concat", *(value for _, value in parts), axis=axis) if filled == shape[axis] else None


def _add(w: Rewriter, one: Instruction, x: int, y: int) -> int | None:
    """Of arrays that are +0 but for a part, and these parts apart, the sum is +0 with all of the parts."""
    if not (w.only(x, "update") and w.only(y, "update")):
        return None
    left, right = (_parts_of_zero(w, place) for place in (x, y))
    if left is None or right is None:
        return None
    shape = one.type.shape
    if not all(apart(ranges(a, shape), ranges(b, shape)) for a, _ in left for b, _ in right):
        return None
    found = w.constant(0.0 if one.type.dtype.startswith("float") else 0, one.type)
    for key, value in (*left, *right):  # what was put there had 0 added to it: −0 became +0
        kind = w.made[value].type
        zero = w.constant(0.0 if kind.dtype.startswith("float") else 0, kind)
        found = w.add("update", found, w.add("add", value, zero), key=key)
    return found


def _parts_of_zero(w: Rewriter, place: int) -> list[tuple[Key, int]] | None:
    """What was put where in zeros, in order; None if it was something else, or too much of it."""
    found: list[tuple[Key, int]] = []
    while w.made[place].operation == "update":
        one = w.made[place]
        found.append((one.attributes["key"], one.operands[1]))
        place = one.operands[0]
        if len(found) > _MOST or (w.readers[place] > 1 and w.made[place].operation == "update"):
            return None
    return found[::-1] if w.is_zero(place, 1.0) else None


#: How many parts are put together: more would take time that grows with their square.
_MOST = 16


def _take(w: Rewriter, one: Instruction, x: int, indices: int) -> int | None:
    axis = one.attributes["axis"]
    shape: Shape = w.made[x].type.shape
    b = w.made[indices]
    if b.operation == "constant" and 0 <= (place := b.attributes["value"]) < shape[axis]:
        return w.add("getitem", x, key=(*(slice(0, n, 1) for n in shape[:axis]), place))
    if b.operation == "iota" and b.type.shape == (shape[axis],):
        return x  # each where it was
    return None


def _concat(w: Rewriter, one: Instruction, *operands: int) -> int | None:
    if len(operands) == 1:
        return operands[0]
    some = [place for place in operands if w.made[place].type.size]
    if some and len(some) < len(operands):
        return w.add("concat", *some, axis=one.attributes["axis"])  # without those that are empty
    return None


RULES: dict[str, Callable[..., int | None]] = {
    "getitem": _getitem,
    "update": _update,
    "add": _add,
    "take": _take,
    "concat": _concat,
}
