"""A kernel as a nest of loops: its axes, what is computed in which pass along a row, and what is read
where.

The axes are merged where every array that is read or written lies so that two axes are as good as one. A
*pass* is one walk along the inner axes; what follows from a sum over the row runs in a later pass. A value
that a later pass needs as well is read again where it was written anyway, computed again where that is
cheap, and kept for the row otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import NamedTuple

import numpy as np

from chainrule.compiler.tensors.fusion import Fusion, Kernel, spread

#: The work of an operation on one element, where it is not 1.
COSTS = {
    "div": 4,
    "sqrt": 4,
    "exp": 12,
    "log": 12,
    "tanh": 16,
    "erf": 16,
    "sin": 16,
    "cos": 16,
    "pow": 40,
}

#: What is computed again, rather than kept for the row, costs no more than this.
_CHEAP = 4

#: So much work is worth a second core.
_WORTH_SHARING = 60_000


class Access(NamedTuple):
    """Elements of the array at ``root`` along the axes of the nest."""

    root: int
    offset: int
    strides: tuple[int, ...]


class Nest:
    """``axes`` are the extents of the loops, ``first_inner`` the first of the inner ones. ``stored`` are
    the members that are written to memory; ``passes`` says for each member in which pass it is computed,
    and ``kept`` which are kept for their row."""

    def __init__(self, fusion: Fusion, kernel: Kernel, stored: set[int]) -> None:
        self.fusion = fusion
        self.kernel = kernel
        self.lowered = fusion.lowered
        self.stored = [place for place in kernel.members if place in stored]
        self._reads: dict[tuple[int, int], Access] = {}
        for place in kernel.members:
            for operand in fusion.reads(place):
                view = self.lowered.views[operand]
                if view.root not in kernel.level:
                    strides = spread(kernel.space, fusion.frame(place), view.strides)
                    self._reads[place, operand] = Access(view.root, view.offset, strides)
        self._homes = {
            place: spread(kernel.space, fusion.frame(place), fusion.home(place)) for place in kernel.members
        }
        self.iotas = {place: self._iota(place) for place in kernel.members if self._is_iota(place)}
        self.axes = list(kernel.space)
        self.first_inner = self._first_inner()
        self._merge()
        self.passes = self._passes()
        self.kept = self._kept()

    # --- axes

    def _vectors(self) -> list[tuple[int, ...]]:
        """All ways in which the axes are stepped along."""
        reads, iotas = self._reads.values(), self.iotas.values()
        return [*(one.strides for one in (*reads, *iotas)), *self._homes.values()]

    def _is_iota(self, place: int) -> bool:
        return self.lowered.instructions[place].operation == "iota"

    def _iota(self, place: int) -> Access:
        """An index along an axis is read as if from an array, but from nowhere."""
        frame, axis = self.fusion.frame(place), self.lowered.instructions[place].attributes["axis"]
        steps = [int(one == axis) for one in range(len(frame))]
        return Access(place, -1, spread(self.kernel.space, frame, steps))

    def _first_inner(self) -> int:
        space, kernel = self.axes, self.kernel
        if kernel.inner is not None:
            first = len(space)
            while prod(space[first:]) != kernel.inner:
                first -= 1
            return first
        first, vectors = max(len(space) - 1, 0), self._vectors()
        while first and prod(space[first - 1 :]) <= kernel.limit and self._merges(first - 1, vectors):
            first -= 1
        return first

    def _merges(self, axis: int, vectors: list[tuple[int, ...]]) -> bool:
        n = self.axes[axis + 1]
        return all(one[axis] == one[axis + 1] * n for one in vectors)

    def _merge(self) -> None:
        """Make one of neighbouring axes where that makes no difference."""
        axis = len(self.axes) - 2
        while axis >= 0:
            if axis + 1 != self.first_inner and self._merges(axis, self._vectors()):
                self.axes[axis : axis + 2] = [self.axes[axis] * self.axes[axis + 1]]
                self._reads = {
                    key: Access(one.root, one.offset, _without(one.strides, axis))
                    for key, one in self._reads.items()
                }
                self._homes = {place: _without(one, axis) for place, one in self._homes.items()}
                self.iotas = {
                    place: Access(one.root, one.offset, _without(one.strides, axis))
                    for place, one in self.iotas.items()
                }
                if axis + 1 < self.first_inner:
                    self.first_inner -= 1
            axis -= 1

    @property
    def inner_axes(self) -> list[int]:
        return self.axes[self.first_inner :]

    @property
    def inner_size(self) -> int:
        return prod(self.inner_axes)

    # --- what is read and written

    def access(self, place: int, operand: int) -> Access | None:
        """How ``place`` reads ``operand`` out of memory; None where it is computed here."""
        return self._reads.get((place, operand))

    @property
    def read_roots(self) -> set[int]:
        """The arrays that are read out of memory."""
        return {one.root for one in self._reads.values()}

    def home(self, place: int) -> Access:
        """Where a member's own elements are, in an array of theirs."""
        return Access(place, 0, self._homes[place])

    def row(self, place: int) -> Access:
        """The same, in memory for one row."""
        inner = self.inner_axes
        strides = [prod(inner[axis + 1 :]) for axis in range(len(inner))]
        return Access(place, 0, (*(0,) * self.first_inner, *strides))

    def is_inner(self, place: int) -> bool:
        """Whether it has an element for every turn of the inner loops."""
        return self.kernel.level[place] == "inner" and self.kernel.kind.get(place) is None

    def accumulated(self) -> Iterator[int]:
        """The reductions that are added up in memory."""
        for place, kind in self.kernel.kind.items():
            if kind != "row":
                yield place

    # --- passes

    def _passes(self) -> dict[int, int]:
        """For a member of the inner loops, its pass; for one number in a row, the pass before which it is
        computed."""
        found: dict[int, int] = {}
        for place in self.kernel.members:
            waits = 0
            for operand in self.fusion.reads(place):
                root = self.lowered.views[operand].root
                if root in found:
                    after = self.kernel.kind.get(root) == "row"
                    waits = max(waits, found[root] + after)
            found[place] = waits
        return found

    def _kept(self) -> set[int]:
        """What a later pass needs, and what can neither be read again nor cheaply be computed again."""
        needed: set[int] = set()
        for place in self.kernel.members:
            for operand in self.fusion.reads(place):
                root = self.lowered.views[operand].root
                if root in self.passes and self.is_inner(root) and self.passes[root] < self.passes[place]:
                    needed.add(root)
        kept: set[int] = set()
        costs: dict[int, int] = {}
        for place in self.kernel.members:
            if not self.is_inner(place):
                continue
            cost = self.cost(place)
            for operand in self.fusion.reads(place):
                cost += costs.get(self.lowered.views[operand].root, 0)
            if place in self.stored:
                cost = 0
            elif place in needed and cost > _CHEAP:
                kept.add(place)
                cost = 0
            costs[place] = cost
        return kept

    # --- work

    def cost(self, place: int) -> int:
        return COSTS.get(self.lowered.instructions[place].operation, 1)

    @property
    def work(self) -> int:
        """Roughly how many operations the kernel takes."""
        rows = prod(self.axes[: self.first_inner])
        inner = sum(self.cost(place) for place in self.kernel.members if self._turns(place))
        return rows * (inner * self.inner_size + len(self.kernel.members))

    def _turns(self, place: int) -> bool:
        return self.is_inner(place) or self.kernel.kind.get(place) in ("row", "columns", "across")

    @property
    def shared(self) -> bool:
        """Whether the cores share it: by rows, or by stretches of the only axis."""
        if self.work < _WORTH_SHARING:
            return False
        if self.first_inner:
            return True
        return len(self.axes) == 1 and "row" not in self.kernel.kind.values()

    def lane_bytes(self) -> int:
        """The bytes of one lane: those of the widest floats, or integers where there are no floats."""
        types = [self.lowered.type(place).dtype for place in self.kernel.members]
        types += [self.lowered.type(one.root).dtype for one in self._reads.values()]
        floats = [name for name in types if name.startswith("float")]
        return max(max(np.dtype(name).itemsize for name in floats or types), 4)


def _without(strides: tuple[int, ...], axis: int) -> tuple[int, ...]:
    """``strides`` after the axes ``axis`` and the next were merged."""
    return (*strides[:axis], *strides[axis + 1 :])
