"""How a value is read out of memory: the first element, and how far apart the others are.

A permutation, a slice, a broadcast and most changes of shape cost nothing: who reads them reads the array
below with other strides. A :class:`View` says which.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import NamedTuple

from chainrule.compiler.ir import Instruction, Shape

#: The operations that only look at their operand in another way.
VIEWS = ("broadcast_to", "reshape", "permute_dims", "getitem")


class View(NamedTuple):
    """Elements of the array at place ``root``: the first stands at ``offset``, and ``strides`` say, in
    elements, how far apart they are along each axis."""

    root: int
    offset: int
    strides: tuple[int, ...]


def dense(shape: Shape) -> tuple[int, ...]:
    """The strides of an array that lies in one piece, row after row.

    >>> dense((2, 3, 4))
    (12, 4, 1)
    """
    return tuple(prod(shape[axis + 1 :]) for axis in range(len(shape)))


def is_dense(view: View, shape: Shape) -> bool:
    """Whether the elements lie in one piece in memory, in order."""
    wanted = dense(shape)
    return all(n == 1 or s == w for n, s, w in zip(shape, view.strides, wanted, strict=True))


def looked_at(view: View, shape: Shape, instruction: Instruction) -> View | None:
    """The view that ``instruction`` takes of what ``view`` shows in ``shape``; None where there is none, as
    for a transposed array in another shape: it has to be copied first."""
    return _LOOKS[instruction.operation](view, shape, instruction)


def _broadcast(view: View, shape: Shape, one: Instruction) -> View:
    new = one.type.shape
    extra = len(new) - len(shape)
    kept = [0 if n == 1 else s for n, s in zip(shape, view.strides, strict=True)]
    return View(view.root, view.offset, (0,) * extra + tuple(kept))


def _permute(view: View, shape: Shape, one: Instruction) -> View:
    return View(view.root, view.offset, tuple(view.strides[axis] for axis in one.attributes["axes"]))


def _getitem(view: View, shape: Shape, one: Instruction) -> View:
    key = one.attributes["key"]
    offset, strides = view.offset, list(view.strides[len(key) :])
    for part, stride, n in reversed(list(zip(key, view.strides, shape, strict=False))):
        if isinstance(part, slice):
            start, _, step = part.indices(n)
            offset += start * stride if n else 0
            strides.insert(0, step * stride)
        else:
            offset += part * stride
    return View(view.root, offset, tuple(strides))


def _reshape(view: View, shape: Shape, one: Instruction) -> View | None:
    strides = reshaped(shape, view.strides, one.type.shape)
    return None if strides is None else View(view.root, view.offset, strides)


def reshaped(old: Shape, strides: Sequence[int], new: Shape) -> tuple[int, ...] | None:
    """The strides of an array of shape ``old`` when it is looked at in the shape ``new``; None where no
    strides show its elements in that order.

    >>> reshaped((2, 3, 4), (12, 4, 1), (6, 4)), reshaped((3, 2), (1, 3), (6,))
    ((4, 1), None)
    """
    if not prod(new):
        return dense(new)
    runs: list[tuple[int, int]] = []  # old axes that follow each other without a gap, as one
    for n, stride in zip(old, strides, strict=True):
        if n != 1 and runs and runs[-1][1] == stride * n:
            runs[-1] = (runs[-1][0] * n, stride)
        elif n != 1:
            runs.append((n, stride))
    found = [0] * len(new)
    rest, stride = 1, 0
    for axis in range(len(new) - 1, -1, -1):
        if new[axis] == 1:
            continue
        if rest == 1 and runs:
            rest, stride = runs.pop()
        if rest % new[axis]:
            return None
        found[axis] = stride
        stride *= new[axis]
        rest //= new[axis]
    return tuple(found)


_LOOKS: dict[str, Callable[[View, Shape, Instruction], View | None]] = {
    "broadcast_to": _broadcast,
    "permute_dims": _permute,
    "getitem": _getitem,
    "reshape": _reshape,
}
