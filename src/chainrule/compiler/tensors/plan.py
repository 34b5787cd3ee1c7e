"""In which order the groups run, and where every array is.

All arrays that are neither given nor results lie in one piece of memory, the *arena*; an array's place
there is used again after its last reader. What a step leaves in the state is written there at once where
that is safe: by the loop that reads the old value at the same place, after everyone else has read it.
Otherwise it is kept in the arena, and copied when the step is over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from chainrule.compiler.tensors.convolution_launch import ConvolutionLaunch
from chainrule.compiler.tensors.elements import item_bytes
from chainrule.compiler.tensors.fusion import Fusion, Group, Kernel
from chainrule.compiler.tensors.loops import Storage
from chainrule.compiler.tensors.lowering import Lowered
from chainrule.compiler.tensors.nest import Nest
from chainrule.compiler.tensors.sinking import sink

#: The first entries of the table of addresses: the arena, the products of BLAS in both precisions, where a
#: failure is noted, and what is called for operations without loops.
ARENA, SGEMM, DGEMM, FAILURE, CALLBACK, FIRST_ARRAY = 0, 1, 2, 3, 4, 5

#: A line of the cache, in bytes: what arrays in the arena are aligned to.
_LINE = 64


@dataclass
class Plan:
    """``order`` are the groups as they run, ``storage`` says where each array is, ``scratch`` what each
    kernel may use while it runs: by kernel and place, at so many bytes for each part. ``copies`` pairs an
    array with the entry of the state that it becomes when the step is over."""

    lowered: Lowered
    fusion: Fusion
    arguments: list[str]
    state: list[str]
    results: list[str]
    parts: int
    order: list[Group] = field(default_factory=list)
    nests: dict[int, Nest] = field(default_factory=dict)
    storage: dict[int, Storage] = field(default_factory=dict)
    scratch: dict[int, dict[int, tuple[Storage, int]]] = field(default_factory=dict)
    copies: list[tuple[int, int]] = field(default_factory=list)
    arena: int = 0
    in_place: int = 0

    def input_slot(self, name: str) -> int:
        """The entry of the table that an argument or a state has."""
        return FIRST_ARRAY + [*self.arguments, *self.state].index(name)

    def result_slot(self, name: str) -> int:
        """The entry of a result, after all inputs: it may have the name of one."""
        return FIRST_ARRAY + len(self.arguments) + len(self.state) + self.results.index(name)

    @property
    def slots(self) -> int:
        """How many entries the table has."""
        return FIRST_ARRAY + len(self.arguments) + len(self.state) + len(self.results)

    def parts_of(self, kernel: Kernel) -> int:
        return self.parts if self.nests[kernel.number].shared else 1


def plan(lowered: Lowered, state: Sequence[str], parts: int) -> Plan:
    """``lowered`` in groups, ordered and laid out, for work in ``parts`` parts."""
    program, fusion = lowered.program, Fusion(lowered)
    sink(fusion)
    kept = set(state)
    carried = {output for name, output in program.carried.items() if name in kept}
    found = Plan(
        lowered,
        fusion,
        [name for name in program.inputs if name not in kept],
        [name for name in program.inputs if name in kept],
        [name for name in program.outputs if name not in carried],
        parts,
    )
    stored = _stored(fusion)
    for group in fusion.groups:
        if isinstance(group, Kernel) and group.members:
            found.nests[group.number] = Nest(fusion, group, stored)
    for name, place in program.inputs.items():
        found.storage[place] = Storage(found.input_slot(name), 0)
    for name in found.results:
        found.storage[lowered.outputs[name]] = Storage(found.result_slot(name), 0)
    _place_state(found)
    _checks_first(found)
    found.order = _ordered(found, stored)
    _place_arena(found, stored)
    return found


def _stored(fusion: Fusion) -> set[int]:
    """What has to be in memory: outputs, and what another group reads."""
    stored = set(fusion.lowered.outputs.values())
    for place, group in fusion.group.items():
        for operand in fusion.reads(place):
            root = fusion.lowered.views[operand].root
            if fusion.group.get(root) is not group:
                stored.add(root)
        if not isinstance(group, Kernel):
            stored.add(place)
    return stored


def _place_state(found: Plan) -> None:
    """Let what becomes of the state be written in place, where it may; else it is copied at the end."""
    program, lowered, fusion = found.lowered.program, found.lowered, found.fusion
    readers: dict[int, list[tuple[int, Group]]] = {}
    for place, group in fusion.group.items():
        for root in {lowered.views[operand].root for operand in fusion.reads(place)}:
            readers.setdefault(root, []).append((place, group))
    for name, output in program.carried.items():
        if name not in found.state:
            continue
        old, new = program.inputs[name], lowered.outputs[output]
        group = fusion.group[new]
        reading = {one.number: one for _, one in readers.get(old, ())}
        itself = reading.pop(group.number, None)
        safe = not any(fusion.depends(one, group) for one in reading.values())
        if itself is not None:
            safe = safe and isinstance(group, Kernel) and _at_the_same_place(found, group, old, new)
        before, after = lowered.type(old), lowered.type(new)
        if safe and before.dtype == after.dtype and before.size == after.size:
            for one in reading.values():
                fusion.wait(group, one)
            found.storage[new] = Storage(found.input_slot(name), 0)
            found.in_place += 1
        else:
            found.copies.append((new, found.input_slot(name)))


def _at_the_same_place(found: Plan, kernel: Kernel, old: int, new: int) -> bool:
    """Whether every read of ``old`` in the kernel is of the element that ``new`` is being written to, in
    the same pass or before."""
    nest = found.nests[kernel.number]
    if kernel.kind.get(new) is not None or kernel.level[new] != "inner":
        return False
    for place in kernel.members:
        for operand in found.fusion.reads(place):
            access = nest.access(place, operand)
            if access is None or access.root != old:
                continue
            if access.offset or access.strides != nest.home(new).strides:
                return False
            if len(set(nest.passes.values())) > 1 or kernel.level[place] != kernel.level[new]:
                return False
    return True


def _is_check(fusion: Fusion, group: Group) -> bool:
    operations = [fusion.lowered.instructions[place].operation for place in group.members]
    return operations == ["check"]


def _checks_first(found: Plan) -> None:
    """Nothing is written to the state before all indices have been looked at."""
    fusion = found.fusion
    checks = [group for group in fusion.groups if _is_check(fusion, group)]
    first_state = FIRST_ARRAY + len(found.arguments)
    for place, storage in found.storage.items():
        group = fusion.group.get(place)
        if group is None or not first_state <= storage.slot < first_state + len(found.state):
            continue
        for check in checks:
            if not fusion.depends(check, group):
                fusion.wait(group, check)


def _ordered(found: Plan, stored: set[int]) -> list[Group]:
    """The groups, each after those that it needs: what gives back more memory than it takes as soon as it
    can run, the others in the order of the program."""
    fusion = found.fusion
    waiting = {group.number: len(group.needs) for group in fusion.groups}
    needed_by: dict[int, list[int]] = {}
    for group in fusion.groups:
        for number in group.needs:
            needed_by.setdefault(number, []).append(group.number)
    memory = _Memory(found, stored)

    def urgency(number: int) -> tuple[bool, bool, int, int]:
        group = fusion.groups[number]
        first = group.members[0] if group.members else 0
        return (not _is_check(fusion, group), memory.growth(group) > 0, first, number)

    ready = [number for number, count in waiting.items() if not count]
    order: list[Group] = []
    done = 0
    while ready:
        number = min(ready, key=urgency)
        ready.remove(number)
        done += 1
        if fusion.groups[number].members:  # others were united with another one
            order.append(fusion.groups[number])
            memory.ran(fusion.groups[number])
        for other in needed_by.get(number, ()):
            waiting[other] -= 1
            if not waiting[other]:
                ready.append(other)
    assert done == len(fusion.groups)
    return order


class _Memory:
    """What the groups that ran have left in the arena, and who still reads it."""

    def __init__(self, found: Plan, stored: set[int]) -> None:
        self._made: dict[int, int] = {}
        self._reads: dict[int, set[int]] = {}
        self._readers: dict[int, set[int]] = {}
        lowered, fusion = found.lowered, found.fusion
        for place, group in fusion.group.items():
            if place in stored and place not in found.storage:
                size = lowered.type(place).size * item_bytes(lowered.type(place).dtype)
                self._made[place] = size
            for operand in fusion.reads(place):
                root = lowered.views[operand].root
                if fusion.group.get(root) is not group and root not in found.storage:
                    self._reads.setdefault(group.number, set()).add(root)
                    self._readers.setdefault(root, set()).add(group.number)

    def growth(self, group: Group) -> int:
        """By how many bytes the arena is fuller after ``group`` than before."""
        made = sum(self._made.get(place, 0) for place in group.members)
        read = self._reads.get(group.number, ())
        return made - sum(self._made.get(root, 0) for root in read if len(self._readers[root]) == 1)

    def ran(self, group: Group) -> None:
        for root in self._reads.get(group.number, ()):
            self._readers[root].discard(group.number)


# --- the arena ---------------------------------------------------------------------------------------


class Arena:
    """Memory that is given out and taken back: neighbours that are free become one piece again."""

    def __init__(self) -> None:
        self.size = 0
        self._free: list[tuple[int, int]] = []  # starts and sizes, in order

    def take(self, size: int) -> int:
        """The start of a free piece, the smallest that is large enough."""
        size = -(-max(size, 1) // _LINE) * _LINE
        fitting = [(room, start) for start, room in self._free if room >= size]
        if fitting:
            room, start = min(fitting)
            self._free.remove((start, room))
            if room > size:
                self._put(start + size, room - size)
            return start
        if self._free and sum(self._free[-1]) == self.size:  # the last piece is free, and grows
            start, room = self._free.pop()
            self.size = start + size
            return start
        start, self.size = self.size, self.size + size
        return start

    def give(self, start: int, size: int) -> None:
        self._put(start, -(-max(size, 1) // _LINE) * _LINE)

    def _put(self, start: int, size: int) -> None:
        merged: list[tuple[int, int]] = []
        for piece in sorted([*self._free, (start, size)]):
            if merged and sum(merged[-1]) == piece[0]:
                merged[-1] = (merged[-1][0], merged[-1][1] + piece[1])
            else:
                merged.append(piece)
        self._free = merged


def _place_arena(found: Plan, stored: set[int]) -> None:
    """Room for every array that is stored nowhere else, from the group that makes it to the last that reads
    it, and for what each kernel needs while it runs."""
    lowered, fusion = found.lowered, found.fusion
    position = {group.number: at for at, group in enumerate(found.order)}
    last: dict[int, int] = {}
    for place, group in fusion.group.items():
        last[place] = max(last.get(place, 0), position[group.number])
        for operand in fusion.reads(place):
            root = lowered.views[operand].root
            last[root] = max(last.get(root, 0), position[group.number])
    for place, _ in found.copies:
        last[place] = len(found.order)
    arena = Arena()
    pieces: dict[int, tuple[int, int]] = {}
    ending: dict[int, list[int]] = {}
    for at, group in enumerate(found.order):
        for place in group.members:
            if place not in stored or place in found.storage:
                continue
            size = lowered.type(place).size * item_bytes(lowered.type(place).dtype)
            for source in _overwritten(found, group, place):
                if source in pieces and last[source] == at:
                    pieces[place] = pieces.pop(source)
                    ending[at].remove(source)
                    break
            else:
                pieces[place] = (arena.take(size), size)
            found.storage[place] = Storage(ARENA, pieces[place][0])
            ending.setdefault(last[place], []).append(place)
        scratch = _scratch(found, group, arena)
        for start, size in [*scratch, *(pieces.pop(place) for place in ending.pop(at, ()))]:
            arena.give(start, size)
    found.arena = arena.size


def _overwritten(found: Plan, group: Group, place: int) -> list[int]:
    """The arrays that may be changed into ``place`` where they are, if nobody reads them any more: what an
    operation changes a part of, and what a kernel reads at the places that it writes to."""
    lowered, one = found.lowered, found.lowered.instructions[place]
    if isinstance(group, Kernel):
        nest = found.nests[group.number]
        return [root for root in sorted(nest.read_roots) if _is_over(found, nest, root, place)]
    if one.operation not in ("update", "add_at", "scatter_add"):
        return []
    view, *others = [lowered.views[operand] for operand in one.operands]
    whole = lowered.type(view.root).size == one.type.size and not view.offset
    return [view.root] if whole and all(other.root != view.root for other in others) else []


def _is_over(found: Plan, nest: Nest, root: int, place: int) -> bool:
    before, after = found.lowered.type(root), found.lowered.type(place)
    same = before.dtype == after.dtype and before.size == after.size
    return same and _at_the_same_place(found, nest.kernel, root, place)


def _scratch(found: Plan, group: Group, arena: Arena) -> list[tuple[int, int]]:
    """What a group uses while it runs, by its start and its bytes."""
    if isinstance(group, Kernel):
        return _scratch_of_kernel(found, group, arena)
    [place] = group.members
    if not found.lowered.instructions[place].operation.startswith("convolution"):
        return []
    size = ConvolutionLaunch(found.lowered, place, found.parts, _LINE, None).scratch
    start = arena.take(size)
    found.scratch[group.number] = {place: (Storage(ARENA, start), size)}
    return [(start, size)]


def _scratch_of_kernel(found: Plan, kernel: Kernel, arena: Arena) -> list[tuple[int, int]]:
    """What a kernel uses while it runs: rows that are kept, and for what several parts add up, one array
    for each of them."""
    nest, parts = found.nests[kernel.number], found.parts_of(kernel)
    wanted: dict[int, int] = {}
    for place in sorted(nest.kept):
        wanted[place] = nest.inner_size
    if parts > 1:
        for place in nest.accumulated():
            wanted[place] = found.lowered.type(place).size
    given = []
    scratch = found.scratch[kernel.number] = {}
    for place, count in wanted.items():
        size = count * item_bytes(found.lowered.type(place).dtype)
        size = -(-size // _LINE) * _LINE
        start = arena.take(size * parts)
        scratch[place] = (Storage(ARENA, start), size)
        given.append((start, size * parts))
    return given
