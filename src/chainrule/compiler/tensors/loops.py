"""A kernel's nest of loops as LLVM code.

The code of a kernel is one function, ``kernel(arrays, math, part)``: ``arrays`` is a table of the
addresses of all memory, ``part`` says which of several parts of the work to do. Outer loops step pointers
from row to row. Along a row, each pass is a loop over vectors; its rest, fewer elements than a vector has
lanes, is done under a mask."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from math import prod
from typing import NamedTuple

from chainrule.compiler.llvm import Input, Operand
from chainrule.compiler.tensors.code import Code
from chainrule.compiler.tensors.elements import (
    KINDS,
    STEPS,
    Elements,
    Vectorised,
    constant_of,
    lanes_of,
    start_of,
)
from chainrule.compiler.tensors.nest import Access, Nest
from chainrule.compiler.tensors.turns import Turn

#: What every function of a launch is given.
PARAMETERS = "ptr %arrays, ptr %math, i64 %part"

#: How many vectors a sum along a row keeps running, so that one addition need not wait for the last.
_RUNNING = 4


class Storage(NamedTuple):
    """Where an array is: ``offset`` bytes into the memory whose address is entry ``slot`` of ``arrays``."""

    slot: int
    offset: int


class KernelCode:
    """Writes one kernel. ``storage`` says where the arrays are that it reads and writes; ``scratch`` where
    it may keep rows, and, of what is added up by several parts, one array for each: by place, at so many
    bytes for each part."""

    def __init__(
        self,
        nest: Nest,
        storage: Mapping[int, Storage],
        scratch: Mapping[int, tuple[Storage, int]],
        parts: int,
        width: int,
        vectorised: Vectorised,
    ) -> None:
        self.nest = nest
        self.lowered = nest.lowered
        self.parts = parts
        self.code = Code()
        self.elements = Elements(self.code, vectorised)
        self._storage = storage
        self._scratch = scratch
        self._bases: dict[int, str] = {}
        read = {storage[root] for root in nest.read_roots}
        self._overwriting = {place for place in nest.stored if storage[place] in read}
        self.lanes = width // nest.lane_bytes() if nest.inner_axes else 1
        self.row: dict[int, Operand] = {}  # one number in a row, by place
        self.splats: dict[object, Operand] = {}  # the same in all lanes, at this pass

    def text(self, name: str) -> str:
        nest = self.nest
        if prod(nest.axes):
            cursors = self._cursors()
            self._start_accumulators()
            self._outer(0, cursors)
        self.code.line("ret void")
        return self.code.function(name, PARAMETERS)

    # --- addresses

    def _base(self, slot: int) -> str:
        found = self._bases.get(slot)
        if found is None:
            at = self.code.at("%arrays", "ptr", slot)
            found = self._bases[slot] = self.code.name(f"load ptr, ptr {at}")
        return found

    def _address(self, storage: Storage) -> str:
        return self.code.at(self._base(storage.slot), "i8", storage.offset)

    def _own(self, place: int) -> str:
        """The scratch of this part."""
        storage, size = self._scratch[place]
        if self.parts == 1:
            return self._address(storage)
        offset = self.code.name(f"mul i64 %part, {size}")
        return self.code.at(self._address(storage), "i8", offset)

    def _cursors(self) -> dict[Access, str]:
        """Where each array that is read or written starts."""
        nest, found = self.nest, {}
        for place in nest.kernel.members:
            for operand in nest.fusion.reads(place):
                access = nest.access(place, operand)
                if access is not None and access not in found:
                    start = self._address(self._storage[access.root])
                    kind = KINDS[self.lowered.type(access.root).dtype]
                    found[access] = self.code.at(start, kind, access.offset)
        for place in nest.stored:
            own = place in self._scratch and place not in nest.kept
            found[nest.home(place)] = self._own(place) if own else self._address(self._storage[place])
        for place in sorted(nest.kept):
            found[nest.row(place)] = self._own(place)
        for place in nest.iotas:
            found[nest.iotas[place]] = "0"
        return found

    def _stepped(self, cursors: dict[Access, str], axis: int, index: str) -> dict[Access, str]:
        """The cursors after ``index`` steps along ``axis``."""
        found = {}
        for access, at in cursors.items():
            stride = access.strides[axis]
            if not stride:
                found[access] = at
            elif access in self._counts:
                step = self.code.times(index, stride)
                found[access] = self.code.name(f"add i64 {at}, {step}")
            else:
                kind = KINDS[self.lowered.type(access.root).dtype]
                found[access] = self.code.at(at, kind, self.code.times(index, stride))
        return found

    @property
    def _counts(self) -> Collection[Access]:
        return self.nest.iotas.values()

    # --- outer loops

    def _outer(self, axis: int, cursors: dict[Access, str]) -> None:
        nest = self.nest
        if axis == nest.first_inner:
            self._along_row(cursors)
            return
        start, stop = "0", str(nest.axes[axis])
        if axis == 0 and self.parts > 1:
            start, stop = self.code.share(nest.axes[0], self.parts)
        with self.code.loop(start, stop) as loop:
            self._outer(axis + 1, self._stepped(cursors, axis, loop.index))

    def _along_row(self, cursors: dict[Access, str]) -> None:
        """All passes along one row."""
        nest = self.nest
        self.row = {}
        for number in range(max(nest.passes.values()) + 1):
            here = [place for place in nest.kernel.members if nest.passes[place] == number]
            for place in here:
                if nest.kernel.level[place] == "row" and nest.kernel.kind.get(place) != "row":
                    self._row_value(place, cursors)
            turning = [place for place in here if nest.is_inner(place) or self._turns(place)]
            if turning:
                self._pass(number, turning, cursors)

    def _turns(self, place: int) -> bool:
        return self.nest.kernel.kind.get(place) in ("row", "columns", "across")

    # --- one number for each row

    def _row_value(self, place: int, cursors: dict[Access, str]) -> None:
        one = self.lowered.instructions[place]
        if self.nest.kernel.kind.get(place) == "rows":
            self._accumulate(
                place, one.operation, self._row_operand(place, one.operands[0], cursors), cursors
            )
            return
        operands = [self._row_operand(place, operand, cursors) for operand in one.operands]
        value = self.operation(place, operands, 1, cursors, "0")
        self.row[place] = value
        if place in self.nest.stored:
            self.elements.store(value, cursors[self.nest.home(place)], one.type.dtype)

    def _row_operand(self, place: int, operand: int, cursors: dict[Access, str]) -> Input:
        number = self.lowered.number(operand)
        if number is not None:
            return constant_of(number, self.lowered.type(operand).dtype)
        access = self.nest.access(place, operand)
        if access is None:
            return self.row[self.lowered.views[operand].root]
        return self.elements.load(cursors[access], self.lowered.type(access.root).dtype)

    # --- passes along a row

    def _pass(self, number: int, turning: list[int], cursors: dict[Access, str]) -> None:
        """One pass: the loops over the inner axes, and then the reductions of the row."""
        nest = self.nest
        reducing = [place for place in turning if nest.kernel.kind.get(place) in ("row", "across")]
        starts = []
        for place in reducing:
            one = self.lowered.instructions[place]
            writer = self.elements.writer(one.type.dtype, self.lanes)
            text = writer.number(start_of(one.operation, one.type.dtype))
            starts.append((writer.number_type, text))
        self.splats = {}
        ends = self._inner(nest.first_inner, turning, reducing, cursors, starts)
        for place, end in zip(reducing, ends, strict=True):
            one = self.lowered.instructions[place]
            total = self.elements.whole(one.operation, Operand(end), one.type.dtype, self.lanes)
            if nest.kernel.kind[place] == "across":
                self._accumulate(place, one.operation, total, cursors)
                continue
            self.row[place] = total
            if place in nest.stored:
                self.elements.store(total, cursors[nest.home(place)], one.type.dtype)

    def _inner(
        self,
        axis: int,
        turning: list[int],
        reducing: list[int],
        cursors: dict[Access, str],
        carried: list[tuple[str, str]],
    ) -> list[str]:
        """The loops from ``axis`` on; ``carried`` are types and values of the running reductions, and
        what is returned are their values in the end."""
        nest = self.nest
        if axis >= len(nest.axes):  # no inner axes: one number
            return self._turn(turning, reducing, cursors, [text for _, text in carried], None, None)
        if axis < len(nest.axes) - 1:
            with self.code.loop("0", str(nest.axes[axis]), carried=carried) as loop:
                inside = [(kind, text) for (kind, _), text in zip(carried, loop.carried, strict=True)]
                moved = self._stepped(cursors, axis, loop.index)
                loop.next = self._inner(axis + 1, turning, reducing, moved, inside)
            return loop.carried
        return self._vectors(axis, turning, reducing, cursors, carried)

    def _vectors(
        self,
        axis: int,
        turning: list[int],
        reducing: list[int],
        cursors: dict[Access, str],
        carried: list[tuple[str, str]],
    ) -> list[str]:
        """The last loop, over vectors, and what is left of less than one."""
        nest, code, lanes = self.nest, self.code, self.lanes
        count = nest.axes[axis]
        rest = count % lanes
        self._hoist(turning, cursors)
        start, stop, whole = "0", str(count), str(count - rest)
        if self.parts > 1 and not nest.first_inner:
            start, stop = code.share(count, self.parts, lanes * _RUNNING)
            whole = code.least(stop, count - rest)
        if reducing and count >= 2 * lanes * _RUNNING and len(turning) <= 24:
            start, carried = self._unrolled(turning, reducing, cursors, carried, start, whole)
        ends = [text for _, text in carried]
        if count >= lanes:
            with code.loop(start, whole, lanes, carried) as loop:
                loop.next = self._turn(turning, reducing, cursors, loop.carried, loop.index, None)
            ends = loop.carried
        if rest:
            inside = [(kind, text) for (kind, _), text in zip(carried, ends, strict=True)]
            mask = lanes_of(rest, lanes)
            if self.parts > 1 and not nest.first_inner:  # it is the last part's
                with code.loop(whole, stop, lanes, inside) as loop:
                    loop.next = self._turn(turning, reducing, cursors, loop.carried, loop.index, mask)
                ends = loop.carried
            else:
                ends = self._turn(turning, reducing, cursors, ends, whole, mask)
        return ends

    def _unrolled(
        self,
        turning: list[int],
        reducing: list[int],
        cursors: dict[Access, str],
        carried: list[tuple[str, str]],
        start: str,
        whole: str,
    ) -> tuple[str, list[tuple[str, str]]]:
        """A loop over some vectors at a time, each with running reductions of its own. Returns where it
        ends, and what has come together."""
        code, lanes = self.code, self.lanes
        step = lanes * _RUNNING
        span = code.name(f"sub i64 {whole}, {start}")
        steps = code.name(f"sdiv i64 {span}, {step}")
        end = code.name(f"add i64 {start}, {code.times(steps, step)}")
        fresh = []
        for place, (kind, _) in zip(reducing, carried, strict=True):
            one = self.lowered.instructions[place]
            writer = self.elements.writer(one.type.dtype, lanes)
            fresh.append((kind, writer.number(start_of(one.operation, one.type.dtype))))
        width = len(reducing)
        with code.loop(start, end, step, [*carried, *fresh * (_RUNNING - 1)]) as loop:
            after: list[str] = []
            for number in range(_RUNNING):
                index = code.name(f"add i64 {loop.index}, {number * lanes}") if number else loop.index
                running = loop.carried[number * width : (number + 1) * width]
                after += self._turn(turning, reducing, cursors, running, index, None)
            loop.next = after
        ends = []
        for position, place in enumerate(reducing):
            one = self.lowered.instructions[place]
            total = Operand(loop.carried[position])
            for number in range(1, _RUNNING):
                other = Operand(loop.carried[number * width + position])
                total = self.elements.computed(STEPS[one.operation], one.type.dtype, [total, other], lanes)
            ends.append((carried[position][0], total.text))
        return end, ends

    def _hoist(self, turning: list[int], cursors: dict[Access, str]) -> None:
        """Put into all lanes, before the loop, what is the same along it."""
        self.splats = {}
        seen: set[int] = set()
        waiting = list(turning)
        while waiting:
            place = waiting.pop()
            for operand in self.nest.fusion.reads(place):
                access = self.nest.access(place, operand)
                if access is None:
                    root = self.lowered.views[operand].root
                    if root in self.row and root not in self.splats:
                        dtype = self.lowered.type(root).dtype
                        self.splats[root] = self.elements.splat(self.row[root], dtype, self.lanes)
                    elif root not in self.row and root not in seen:
                        seen.add(root)
                        waiting.append(root)  # it may be computed again
                elif not access.strides[-1] and access not in self.splats and not self._is_written(access):
                    dtype = self.lowered.type(access.root).dtype
                    number = self.elements.load(cursors[access], dtype)
                    self.splats[access] = self.elements.splat(number, dtype, self.lanes)

    def _is_written(self, access: Access) -> bool:
        return access.root in self.nest.kernel.level

    # --- one turn: a vector of elements

    def _turn(
        self,
        turning: list[int],
        reducing: list[int],
        cursors: dict[Access, str],
        running: list[str],
        index: str | None,
        mask: str | None,
    ) -> list[str]:
        turn = Turn(self, cursors, index, mask)
        after = dict(zip(reducing, running, strict=True))
        late: list[tuple[int, Operand]] = []  # over what others of this turn may still read
        for place in turning:
            one = self.lowered.instructions[place]
            kind = self.nest.kernel.kind.get(place)
            if kind is None:
                value = turn.compute(place)
                if place in self._overwriting:
                    late.append((place, value))
                else:
                    turn.write(place, value)
            elif kind == "columns":
                turn.add_up(place, turn.operand(place, one.operands[0]))
            else:
                term = turn.operand(place, one.operands[0])
                after[place] = turn.reduced(one.operation, one.type.dtype, after[place], term)
        for place, value in late:
            turn.write(place, value)
        return [after[place] for place in reducing]

    def operation(
        self, place: int, operands: list[Input], lanes: int, cursors: dict[Access, str], index: str | None
    ) -> Operand:
        """The result of a member, of its operands."""
        one = self.lowered.instructions[place]
        elements, dtype = self.elements, one.type.dtype
        if one.operation == "iota":
            made = self._iota(place, lanes, cursors, index)
            assert isinstance(made, Operand)
            return made
        if one.operation == "copy":
            [value] = operands
            return value if isinstance(value, Operand) else self._literal(value, dtype, lanes)
        before = self.lowered.type(one.operands[-1]).dtype
        if one.operation == "astype":
            value = elements.converted(operands[0], before, dtype, lanes)
            if isinstance(value, Operand):
                return value
            return self._literal(constant_of(value, dtype), dtype, lanes)
        return elements.computed(one.operation, before, operands, lanes)

    def _literal(self, value: Input, dtype: str, lanes: int) -> Operand:
        writer = self.elements.writer(dtype if dtype != "bool" else "float32", lanes)
        if dtype == "bool":
            return Operand(writer.truth(value), True)
        return Operand(writer.number(value))

    def _iota(self, place: int, lanes: int, cursors: dict[Access, str], index: str | None) -> Input:
        """The index along an axis, computed as an integer of 64 bits."""
        code, access, elements = self.code, self.nest.iotas[place], self.elements
        stride = access.strides[-1] if self.nest.inner_axes else 0
        at = cursors[access]
        if stride and index not in (None, "0"):
            at = code.name(f"add i64 {at}, {code.times(str(index), stride)}")
        found = elements.splat(Operand(code.name(f"add i64 {at}, 0")), "int64", lanes)
        if stride and lanes > 1:
            steps = f"<{', '.join(f'i64 {lane * stride}' for lane in range(lanes))}>"
            found = Operand(code.name(f"add <{lanes} x i64> {found.text}, {steps}"))
        return elements.converted(found, "int64", self.lowered.type(place).dtype, lanes)

    # --- reductions that are added up in memory

    def _start_accumulators(self) -> None:
        for place in self.nest.accumulated():
            one = self.lowered.instructions[place]
            dtype = one.type.dtype
            at = self._own(place) if place in self._scratch else self._address(self._storage[place])
            start = start_of(one.operation, dtype)
            with self.code.loop("0", str(one.type.size)) as loop:
                self.elements.store(start, self.code.at(at, KINDS[dtype], loop.index), dtype)

    def _accumulate(self, place: int, operation: str, value: Input, cursors: dict[Access, str]) -> None:
        """Add one number of this row to what is in memory."""
        dtype = self.lowered.type(place).dtype
        at = cursors[self.nest.home(place)]
        before = self.elements.load(at, dtype)
        after = self.elements.computed(STEPS[operation], dtype, [before, value], 1)
        self.elements.store(after, at, dtype)
