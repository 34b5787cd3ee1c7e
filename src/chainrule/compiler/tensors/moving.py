"""Loops that move elements from one array to another: joining, overwriting a part, gathering, adding up at
indices.

Each is a function of a launch. What lies together in both arrays is moved by ``memcpy``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import prod

from chainrule.compiler.ir import Shape
from chainrule.compiler.tensors.access import dense
from chainrule.compiler.tensors.code import Code
from chainrule.compiler.tensors.elements import KINDS, Elements, item_bytes
from chainrule.compiler.tensors.loops import PARAMETERS, Storage
from chainrule.compiler.tensors.lowering import Lowered
from chainrule.compiler.tensors.plan import FAILURE


class MovingCode:
    """Writes one operation that moves elements."""

    def __init__(self, lowered: Lowered, place: int, storage: Mapping[int, Storage]) -> None:
        self.one = lowered.instructions[place]
        self.lowered = lowered
        self.place = place
        self.code = Code()
        self.elements = Elements(self.code, {})
        self._storage = storage

    def text(self, name: str) -> str:
        WAYS[self.one.operation](self)
        self.code.line("ret void")
        return self.code.function(name, PARAMETERS)

    # --- where things are

    @property
    def dtype(self) -> str:
        return self.one.type.dtype

    @property
    def kind(self) -> str:
        return KINDS[self.dtype]

    def address(self, place: int) -> str:
        """Of the first element of an operand, or of the result."""
        view, code = self.lowered.views[place], self.code
        storage = self._storage[view.root]
        base = code.name(f"load ptr, ptr {code.at('%arrays', 'ptr', storage.slot)}")
        start = code.at(base, "i8", storage.offset)
        return code.at(start, KINDS[self.lowered.type(place).dtype], view.offset)

    def shape(self, operand: int) -> Shape:
        return self.lowered.type(self.one.operands[operand]).shape

    # --- moving pieces

    def begin(self) -> str:
        """Put the first operand, whole, into the result's memory, if it is not there already."""
        source, target = self.address(self.one.operands[0]), self.address(self.place)
        view = self.lowered.views[self.one.operands[0]]
        if view.offset or self._storage[view.root] != self._storage[self.place]:
            self.copy(source, target, self.one.type.size)
        return target

    def copy(self, source: str, target: str, count: int | str) -> None:
        """``count`` neighbours."""
        size = item_bytes(self.dtype)
        amount = str(count * size) if isinstance(count, int) else self.code.times(count, size)
        self.code.line(
            f"call void @llvm.memcpy.p0.p0.i64(ptr {target}, ptr {source}, i64 {amount}, i1 false)"
        )

    def copy_block(
        self, shape: Shape, source: str, steps: tuple[int, ...], target: str, jumps: tuple[int, ...]
    ) -> None:
        """An array of ``shape``, from ``source`` by ``steps`` along its axes to ``target`` by ``jumps``."""
        if not prod(shape):
            return
        wanted, last = dense(shape), len(shape)
        while last and all(
            n == 1 or step == jump == w
            for n, step, jump, w in zip(
                shape[last - 1 :], steps[last - 1 :], jumps[last - 1 :], wanted[last - 1 :], strict=True
            )
        ):
            last -= 1
        self._copy_axis(0, last, shape, source, steps, target, jumps)

    def _copy_axis(
        self,
        axis: int,
        last: int,
        shape: Shape,
        source: str,
        steps: tuple[int, ...],
        target: str,
        jumps: tuple[int, ...],
    ) -> None:
        if axis == last:
            count = prod(shape[last:])
            if count == 1:
                self.elements.store(self.elements.load(source, self.dtype), target, self.dtype)
            else:
                self.copy(source, target, count)
            return
        code = self.code
        with code.loop("0", str(shape[axis])) as loop:
            here = code.at(source, self.kind, code.times(loop.index, steps[axis]))
            there = code.at(target, self.kind, code.times(loop.index, jumps[axis]))
            self._copy_axis(axis + 1, last, shape, here, steps, there, jumps)

    def add(self, source: str, target: str, count: int) -> None:
        """Add ``count`` neighbours to others."""
        code = self.code
        with code.loop("0", str(count)) as loop:
            at = code.at(target, self.kind, loop.index)
            value = self.elements.load(code.at(source, self.kind, loop.index), self.dtype)
            before = self.elements.load(at, self.dtype)
            total = self.elements.computed("add", self.dtype, [before, value], 1)
            self.elements.store(total, at, self.dtype)


def _concat(w: MovingCode) -> None:
    axis, shape = w.one.attributes["axis"], w.one.type.shape
    strides, target, start = dense(shape), w.address(w.place), 0
    for number, operand in enumerate(w.one.operands):
        part = w.shape(number)
        there = w.code.at(target, w.kind, start * strides[axis])
        w.copy_block(part, w.address(operand), dense(part), there, strides)
        start += part[axis]


def _update(w: MovingCode) -> None:
    value = w.one.operands[1]
    shape, key = w.one.type.shape, w.one.attributes["key"]
    target = w.begin()
    offset, jumps = 0, list(dense(shape)[len(key) :])
    for part, stride, n in reversed(list(zip(key, dense(shape), shape, strict=False))):
        if isinstance(part, slice):
            start, _, step = part.indices(n)
            offset += start * stride if n else 0
            jumps.insert(0, step * stride)
        else:
            offset += part * stride
    part_shape = w.shape(1)
    w.copy_block(
        part_shape, w.address(value), dense(part_shape), w.code.at(target, w.kind, offset), tuple(jumps)
    )


def _take(w: MovingCode) -> None:
    x, indices = w.one.operands
    axis, shape = w.one.attributes["axis"], w.shape(0)
    outer, length, inner = prod(shape[:axis]), shape[axis], prod(shape[axis + 1 :])
    count = prod(w.shape(1))
    code, source, target, picks = w.code, w.address(x), w.address(w.place), w.address(indices)
    with code.loop("0", str(outer)) as block:
        here = code.at(source, w.kind, code.times(block.index, length * inner))
        there = code.at(target, w.kind, code.times(block.index, count * inner))
        with code.loop("0", str(count)) as loop:
            index = _index(w, picks, loop.index)
            w.copy(
                code.at(here, w.kind, code.times(index, inner)),
                code.at(there, w.kind, code.times(loop.index, inner)),
                inner,
            )


def _add_at(w: MovingCode) -> None:
    _, indices, updates = w.one.operands
    axis, shape = w.one.attributes["axis"], w.one.type.shape
    outer, length, inner = prod(shape[:axis]), shape[axis], prod(shape[axis + 1 :])
    count = prod(w.shape(1))
    code, target, picks, more = w.code, w.begin(), w.address(indices), w.address(updates)
    with code.loop("0", str(outer)) as block:
        there = code.at(target, w.kind, code.times(block.index, length * inner))
        here = code.at(more, w.kind, code.times(block.index, count * inner))
        with code.loop("0", str(count)) as loop:
            index = _index(w, picks, loop.index)
            w.add(
                code.at(here, w.kind, code.times(loop.index, inner)),
                code.at(there, w.kind, code.times(index, inner)),
                inner,
            )


def _index(w: MovingCode, picks: str, place: str) -> str:
    """An index out of memory, of 64 bits."""
    dtype = w.lowered.type(w.one.operands[1]).dtype
    found = w.elements.load(w.code.at(picks, KINDS[dtype], place), dtype)
    return found.text if dtype == "int64" else w.code.name(f"sext {KINDS[dtype]} {found.text} to i64")


def _along_axis(w: MovingCode, visit: Callable[[str, str], None], shape: Shape, reads: Shape) -> None:
    """``visit(place, index)`` for each index of an array of shape ``reads``: its place there, and the place
    in an array of ``shape`` that it points to."""
    code, axis = w.code, w.one.attributes["axis"]
    strides, picks = dense(shape), w.address(w.one.operands[1])
    own = dense(reads)

    def walk(one: int, place: str, there: str) -> None:
        if one == len(reads):
            index = _index(w, picks, place)
            visit(place, code.name(f"add i64 {there}, {code.times(index, strides[axis])}"))
            return
        with code.loop("0", str(reads[one])) as loop:
            here = code.name(f"add i64 {place}, {code.times(loop.index, own[one])}")
            if one != axis:
                step = code.times(loop.index, strides[one])
                walk(one + 1, here, code.name(f"add i64 {there}, {step}"))
            else:
                walk(one + 1, here, there)

    walk(0, "0", "0")


def _take_along_axis(w: MovingCode) -> None:
    source, target = w.address(w.one.operands[0]), w.address(w.place)

    def visit(place: str, pointed: str) -> None:
        value = w.elements.load(w.code.at(source, w.kind, pointed), w.dtype)
        w.elements.store(value, w.code.at(target, w.kind, place), w.dtype)

    _along_axis(w, visit, w.shape(0), w.shape(1))


def _scatter_add(w: MovingCode) -> None:
    target, more = w.begin(), w.address(w.one.operands[2])

    def visit(place: str, pointed: str) -> None:
        w.add(w.code.at(more, w.kind, place), w.code.at(target, w.kind, pointed), 1)

    _along_axis(w, visit, w.one.type.shape, w.shape(1))


def _check(w: MovingCode) -> None:
    """Note, where an index is out of range, which it is and of how many."""
    [indices] = w.one.operands
    code, length, dtype = w.code, w.one.attributes["length"], w.lowered.type(indices).dtype
    picks = w.address(indices)
    note = code.name(f"load ptr, ptr {code.at('%arrays', 'ptr', FAILURE)}")
    with code.loop("0", str(w.lowered.type(indices).size)) as loop:
        found = w.elements.load(code.at(picks, KINDS[dtype], loop.index), dtype).text
        wide = found if dtype == "int64" else code.name(f"sext {KINDS[dtype]} {found} to i64")
        with code.when(code.name(f"icmp uge i64 {wide}, {length}")):
            code.line(f"store i64 1, ptr {note}")
            code.line(f"store i64 {wide}, ptr {code.at(note, 'i64', 1)}")
            code.line(f"store i64 {length}, ptr {code.at(note, 'i64', 2)}")


WAYS: dict[str, Callable[[MovingCode], None]] = {
    "concat": _concat,
    "update": _update,
    "take": _take,
    "add_at": _add_at,
    "take_along_axis": _take_along_axis,
    "scatter_add": _scatter_add,
    "check": _check,
}
