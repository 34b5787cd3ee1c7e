"""Which values are computed in one pass: kernels.

A *kernel* is one nest of loops over a common *space*. It computes every elementwise value and every
reduction that fits there, in one pass over memory. Its axes are *outer* ones, over rows, and *inner*
ones, along which vectors run; a sum over the inner axes is there for the rest of its row, so that a
softmax is one kernel: the maximum, the powers and their sum, the quotients, each a pass along a row that
is still at hand.

A kernel takes a value if

- it has the kernel's space, perhaps with some axes merged, or is one number for each row;
- what it reads of the kernel, it reads at the place where the loops stand;
- its reductions are over the inner axes (``row``: there for the rest of the row), or are added up in memory
  (``columns``, over outer axes; ``across``, over both; ``rows``, of one number for each row) and there for
  other kernels;
- nothing that it reads from elsewhere waits for this kernel.

What is no such loop (a matrix product, a gather) stands alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import NamedTuple

from chainrule.compiler.ir import Instruction, Shape
from chainrule.compiler.operations import OPERATIONS
from chainrule.compiler.tensors.access import VIEWS, dense
from chainrule.compiler.tensors.lowering import Lowered

REDUCTIONS = ("sum", "max", "min")

#: A total over so many elements is worth the work of several cores, and then added up in memory.
_LARGE = 32768

#: At most so many values in one kernel: a compiler's work on one function grows faster than the function.
_MEMBERS = 160

#: How many kernels are tried for a value before it gets one of its own.
_CANDIDATES = 12


class Placing(NamedTuple):
    """How a value would stand in a kernel."""

    space: tuple[int, ...]
    level: str  # "inner", or "row": one number for each row
    kind: str | None  # of a reduction
    inner: int | None
    limit: int


@dataclass(eq=False)
class Group:
    """What is computed together: one operation alone, or a kernel."""

    number: int
    members: list[int] = field(default_factory=list)
    needs: set[int] = field(default_factory=set)  # the numbers of the groups that come before it


@dataclass(eq=False)
class Kernel(Group):
    """``inner`` is the number of elements in a row, None as long as it is free; it may be ``limit`` at
    most. ``level`` and ``kind`` say for each member how it stands."""

    space: tuple[int, ...] = ()
    inner: int | None = None
    limit: int = 0
    level: dict[int, str] = field(default_factory=dict)
    kind: dict[int, str] = field(default_factory=dict)

    @property
    def size(self) -> int:
        return prod(self.space)


class Fusion:
    """The groups of a lowered program; ``group`` says where each place is computed."""

    def __init__(self, lowered: Lowered) -> None:
        self.lowered = lowered
        self.groups: list[Group] = []
        self.group: dict[int, Group] = {}
        self._readers: dict[int, list[Kernel]] = {}
        self._above: list[int] = []  # for each group, a bit for every group that it waits for
        for place, one in enumerate(lowered.instructions):
            if one.operation in VIEWS or one.operation in ("input", "constant"):
                continue
            if is_fusible(one) and 0 not in self.frame(place):  # of nothing, nothing is computed
                self._into_a_kernel(place, one)
            else:
                self._join(self._new(Group(len(self.groups))), place)

    # --- frames: the shape that a value is computed in, and where its own elements are

    def frame(self, place: int) -> Shape:
        """The shape over which an instruction is computed: for a reduction, its operand's."""
        one = self.lowered.instructions[place]
        if one.operation in REDUCTIONS:
            return self.lowered.type(one.operands[0]).shape
        return one.type.shape

    def home(self, place: int) -> tuple[int, ...]:
        """The strides of its own elements along the axes of its frame: 0 where it is reduced."""
        one = self.lowered.instructions[place]
        strides = list(dense(one.type.shape))
        if one.operation in REDUCTIONS:
            for axis in sorted(one.attributes["axis"]):
                strides.insert(axis, 0)
        return tuple(strides)

    def reads(self, place: int) -> Iterator[int]:
        """The operands of an instruction that are not constants."""
        for operand in self.lowered.instructions[place].operands:
            if self.lowered.instructions[self.lowered.views[operand].root].operation != "constant":
                yield operand

    # --- joining

    def _into_a_kernel(self, place: int, one: Instruction) -> None:
        roots = [self.lowered.views[operand].root for operand in self.reads(place)]
        found: dict[int, Kernel] = {}
        for root in roots:
            for kernel in [self.group.get(root), *self._readers.get(root, ())[-_CANDIDATES:]]:
                if isinstance(kernel, Kernel):
                    found[kernel.number] = kernel
        for number in sorted(found, reverse=True)[:_CANDIDATES]:
            placing = self._placing(found[number], place, one)
            if placing is not None:
                self._take(found[number], place, placing)
                for root in roots:
                    self._unite(self.group[place], self.group.get(root))
                return
        kernel = self._empty(place)
        placing = self._placing(kernel, place, one)
        assert placing is not None
        self._take(kernel, place, placing)

    def _empty(self, place: int) -> Kernel:
        """A kernel for ``place``, which is to be its first member."""
        kernel = Kernel(len(self.groups))
        self._new(kernel)
        kernel.space = without_ones(self.frame(place))
        kernel.limit = kernel.size
        return kernel

    def _unite(self, one: Group | None, other: Group | None) -> None:
        """Make one of two kernels, if one can do the work of both."""
        if one is other or not isinstance(one, Kernel) or not isinstance(other, Kernel):
            return
        members = sorted([*one.members, *other.members])
        if one.size != other.size or len(members) > _MEMBERS or not self._may_unite(one, other):
            return
        largest = max(members, key=lambda place: prod(self.frame(place)))
        kernel = self._empty(largest)
        before = {place: self.group.pop(place) for place in members}
        for place in members:
            placing = self._placing(kernel, place, self.lowered.instructions[place])
            if placing is None:
                self._undo(kernel, before)
                return
            self._take(kernel, place, placing)
        for old in (one, other):
            old.members = []
            self.wait(old, kernel)  # who waits for it now waits for the new one
            for readers in self._readers.values():
                if old in readers:
                    readers.remove(old)

    def _may_unite(self, one: Kernel, other: Kernel) -> bool:
        """Whether nothing that either reads from elsewhere waits for one of them."""
        for place in (*one.members, *other.members):
            for operand in self.reads(place):
                group = self.group.get(self.lowered.views[operand].root)
                if group is None or group is one or group is other:
                    continue
                if self.depends(group, one) or self.depends(group, other):
                    return False
        return True

    def _undo(self, kernel: Kernel, before: dict[int, Group]) -> None:
        self.group.update(before)
        kernel.members = []
        for readers in self._readers.values():
            if kernel in readers:
                readers.remove(kernel)

    def _take(self, kernel: Kernel, place: int, placing: Placing) -> None:
        kernel.space, kernel.inner, kernel.limit = placing.space, placing.inner, placing.limit
        kernel.level[place] = placing.level
        if placing.kind is not None:
            kernel.kind[place] = placing.kind
            if placing.kind == "row":
                kernel.level[place] = "row"
        self._join(kernel, place)

    def _join(self, group: Group, place: int) -> None:
        group.members.append(place)
        self.group[place] = group
        for operand in self.reads(place):
            root = self.lowered.views[operand].root
            other = self.group.get(root)
            if other is not None and other is not group:
                self.wait(group, other)
            if isinstance(group, Kernel) and group not in self._readers.setdefault(root, []):
                self._readers[root].append(group)

    def depends(self, group: Group, on: Group) -> bool:
        """Whether ``group`` waits for ``on``, or is it."""
        return bool((self._above[group.number] | 1 << group.number) >> on.number & 1)

    def wait(self, group: Group, on: Group) -> None:
        """From now on ``group`` waits for ``on``."""
        group.needs.add(on.number)
        more = self._above[on.number] | 1 << on.number
        if more & ~self._above[group.number]:
            for number, above in enumerate(self._above):
                if number == group.number or above >> group.number & 1:
                    self._above[number] |= more

    def _new(self, group: Group) -> Group:
        self.groups.append(group)
        self._above.append(0)
        return group

    def _placing(self, kernel: Kernel, place: int, one: Instruction) -> Placing | None:
        if len(kernel.members) >= _MEMBERS:
            return None
        frame = self.frame(place)
        size, whole = prod(frame), kernel.size
        if size == whole:
            level = "inner"
        elif kernel.inner is not None and size * kernel.inner == whole:
            level = "row"
        else:
            return None
        space = refined(kernel.space, without_ones(frame))
        if space is None:
            return None
        if not all(self._readable(kernel, place, operand, space, level) for operand in self.reads(place)):
            return None
        if one.operation in REDUCTIONS:
            return self._reducing(kernel, one, frame, space, level)
        return Placing(space, level, None, kernel.inner, kernel.limit)

    def _readable(
        self, kernel: Kernel, place: int, operand: int, space: tuple[int, ...], level: str
    ) -> bool:
        view = self.lowered.views[operand]
        group = self.group.get(view.root)
        if group is None:
            return True
        if group is not kernel:
            return not self.depends(group, kernel)
        if kernel.kind.get(view.root, "row") != "row" or view.offset:
            return False
        if level == "row" and kernel.level[view.root] != "row":
            return False
        here = spread(space, self.frame(place), view.strides)
        return here == spread(space, self.frame(view.root), self.home(view.root))

    def _reducing(
        self, kernel: Kernel, one: Instruction, frame: Shape, space: tuple[int, ...], level: str
    ) -> Placing | None:
        """The kind of a reduction, and what it demands of the rows."""
        inner, limit = kernel.inner, kernel.limit
        if level == "row":
            return Placing(space, level, "rows", inner, limit)
        gone = one.attributes["axis"]
        mask = spread(space, frame, [int(axis in gone) for axis in range(len(frame))])
        first = len(space)
        while first and mask[first - 1]:
            first -= 1
        if first == len(space):  # over outer axes alone
            last = max(axis for axis, reduced in enumerate(mask) if reduced)
            limit = min(limit, prod(space[last + 1 :]))
            return None if (inner or 1) > limit else Placing(space, level, "columns", inner, limit)
        row = prod(space[first:])
        alone = not any(mask[:first]) and not (first == 0 and row > _LARGE)
        if alone and row <= limit and inner in (None, row):
            return Placing(space, level, "row", row, limit)
        if (inner or 1) > row:
            return None
        return Placing(space, level, "across", inner, min(limit, row))


def is_fusible(one: Instruction) -> bool:
    """Whether a kernel can compute it."""
    if one.operation in REDUCTIONS or one.operation in ("copy", "iota"):
        return True
    return one.operation in OPERATIONS and OPERATIONS[one.operation].elementwise


# --- spaces ------------------------------------------------------------------------------------------


def without_ones(shape: Shape) -> tuple[int, ...]:
    return tuple(n for n in shape if n != 1)


def refined(space: Sequence[int], shape: Sequence[int]) -> tuple[int, ...] | None:
    """The axes of ``space``, split so that each axis of ``shape`` is some of them; ``shape`` covers the
    first of them, or all. None where they do not split so.

    >>> refined((6, 4), (2, 3, 4)), refined((6, 4), (24,)), refined((6, 4), (2, 3)), refined((6,), (4,))
    ((2, 3, 4), (6, 4), (2, 3, 4), None)
    """
    edges = {1}
    for sizes in (space, shape):
        product = 1
        for n in sizes:
            product *= n
            edges.add(product)
    if 0 in edges:
        return tuple(space) if tuple(space) == tuple(shape) else None
    found, before = [], 1
    for edge in sorted(edges)[1:]:
        if edge % before:
            return None
        found.append(edge // before)
        before = edge
    return tuple(found) if before == prod(space) else None


def spread(space: Sequence[int], shape: Shape, strides: Sequence[int]) -> tuple[int, ...]:
    """``strides`` along the axes of ``shape`` as strides along those of ``space``, which split them; 0
    along those that ``shape`` does not cover.

    >>> spread((2, 3, 4), (6, 4), (4, 1)), spread((2, 3, 4), (2, 3), (3, 1))
    ((12, 4, 1), (3, 1, 0))
    """
    found = [0] * len(space)
    axis = 0
    for n, stride in zip(shape, strides, strict=True):
        if n == 1:
            continue
        first, covered = axis, 1
        while covered < n:
            covered *= space[axis]
            axis += 1
        step = stride
        for inside in range(axis - 1, first - 1, -1):
            found[inside] = step
            step *= space[inside]
    return tuple(found)
