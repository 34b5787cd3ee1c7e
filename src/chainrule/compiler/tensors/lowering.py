"""The program as the loops want it: the same values, with fewer kinds of instructions.

- Every look at an array (a permutation, a slice, another shape) is one that strides can show; where it is
  not, the array is copied first.
- A product with a side of length 1 is a multiplication and a sum, which fuse with what stands around them.
- Picking one element of each row, and putting one back, compare the place with the index: no memory is
  jumped about in, and they fuse as well. That the indices are in range is checked by itself.
- Every output is computed, by an instruction of its own: one that is an input, or that looks into another
  value, is copied.

The operation ``copy`` stands for itself; ``check`` looks whether indices are in range, and gives nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from chainrule.compiler.ir import Instruction, Program, Type
from chainrule.compiler.operations import infer
from chainrule.compiler.tensors.access import VIEWS, View, dense, is_dense, looked_at
from chainrule.origin import Origin

#: Up to so many elements of a row, picking one by comparing is faster than by jumping to it.
_SHORT_ROW = 512

#: Products of so many multiplications, for one matrix, are computed in line: a call takes longer.
SMALL_PRODUCT = 40_000

#: Operations that are written as loops of their own, over operands that lie in one piece.
ALONE = frozenset(
    (
        "take",
        "add_at",
        "take_along_axis",
        "scatter_add",
        "concat",
        "update",
        "argmax",
        "argmin",
        "argsort",
        "convolution",
        "convolution_input",
        "convolution_weight",
        "check",
    )
)


class Lowered:
    """A lowered program: ``instructions``; for each place the :class:`View` that shows it in memory; and
    the ``outputs``, each with a place of its own."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.instructions: list[Instruction] = []
        self.views: list[View] = []
        self.outputs: dict[str, int] = {}
        places: list[int] = []
        self._origin: Origin | None = None
        self._copies: dict[int, int] = {}
        self._checked: set[tuple[int, int]] = set()
        self.rectified: dict[int, int] = {}  # max(x, 0), by x
        self._turned = _only_read_turned(program)
        for old, one in enumerate(program.instructions):
            self._origin, self._old = one.origin, old
            operands = tuple([places[place] for place in one.operands])
            rule = _RULES.get(one.operation)
            found = rule(self, one, operands) if rule else None
            places.append(self._kept(one, operands) if found is None else found)
        taken: set[int] = set()
        for name, place in program.outputs.items():
            found = self._whole(places[place])
            if found in taken or self.views[found].root != found or self._is_given(found):
                found = self._add("copy", (found,), self.type(found))
            taken.add(found)
            self.outputs[name] = found

    def type(self, place: int) -> Type:
        return self.instructions[place].type

    def number(self, place: int) -> Any:
        """The constant that ``place`` is, or is a copy of; None where it is none."""
        one = self.instructions[place]
        while one.operation in VIEWS:
            one = self.instructions[one.operands[0]]
        return one.attributes["value"] if one.operation == "constant" else None

    @property
    def is_read_turned(self) -> bool:
        """Whether the instruction that is being lowered is a product whose transpose alone is read."""
        return self._old in self._turned

    def _whole(self, place: int) -> int:
        """``place``, or what it looks at, if that is the same numbers in the same order."""
        view = self.views[place]
        same = self.type(view.root).size == self.type(place).size and not view.offset
        return view.root if same and is_dense(view, self.type(place).shape) else place

    def _is_given(self, place: int) -> bool:
        return self.instructions[place].operation in ("input", "constant")

    # --- adding instructions

    def add(self, operation: str, *operands: int, **attributes: Any) -> int:
        """The place of an instruction, whose type follows from its operands."""
        type = infer(operation, tuple([self.type(place) for place in operands]), attributes)
        return self._add(operation, operands, type, attributes)

    def _add(self, operation: str, operands: tuple[int, ...], type: Type, attributes: Any = None) -> int:
        attributes = attributes or {}
        if operation in VIEWS:
            view = self._look(Instruction(operation, operands, attributes, type), operands[0])
            if view is None:
                operands = (self.copied(operands[0]),)
                view = self._look(Instruction(operation, operands, attributes, type), operands[0])
            assert view is not None
        else:
            view = View(len(self.instructions), 0, dense(type.shape))
        self.instructions.append(Instruction(operation, operands, attributes, type, self._origin))
        self.views.append(view)
        return len(self.instructions) - 1

    def _look(self, one: Instruction, below: int) -> View | None:
        return looked_at(self.views[below], self.type(below).shape, one)

    def constant(self, value: Any, like: Type) -> int:
        """A number in every place of an array."""
        value = np.asarray(value, like.dtype).item()
        place = self._add("constant", (), Type(like.dtype), {"value": value})
        return self.add("broadcast_to", place, shape=like.shape) if like.shape else place

    def copied(self, place: int) -> int:
        """The same values in memory of their own, in one piece."""
        found = self._copies.get(place)
        if found is None:
            found = self._copies[place] = self._add("copy", (place,), self.type(place))
        return found

    def in_one_piece(self, place: int) -> int:
        """``place``, or a copy of it that lies in one piece."""
        return place if is_dense(self.views[place], self.type(place).shape) else self.copied(place)

    def check(self, indices: int, length: int) -> None:
        """Let the indices be looked at, once: they must be at least 0 and below ``length``."""
        root = self.views[indices].root
        if (root, length) not in self._checked:
            self._checked.add((root, length))
            self._add("check", (self.in_one_piece(indices),), Type("bool"), {"length": length})

    def _kept(self, one: Instruction, operands: tuple[int, ...]) -> int:
        if one.operation in ALONE:
            operands = tuple([self._in_memory(self.in_one_piece(place)) for place in operands])
        return self._add(one.operation, operands, one.type, one.attributes)

    def _in_memory(self, place: int) -> int:
        """``place``, or a copy of it where it is a constant, which is nowhere in memory."""
        return self.copied(place) if self._is_constant(place) else place

    def _is_constant(self, place: int) -> bool:
        return self.instructions[self.views[place].root].operation == "constant"


# --- rules -------------------------------------------------------------------------------------------


def _matmul(w: Lowered, one: Instruction, operands: tuple[int, ...]) -> int | None:
    x, y = operands
    *batch, rows, inner = w.type(x).shape
    columns = w.type(y).shape[-1]
    if inner == 0:
        return w.constant(0.0, one.type)
    if inner == 1:
        shape = one.type.shape
        return w.add("mul", w.add("broadcast_to", x, shape=shape), w.add("broadcast_to", y, shape=shape))
    if columns == 1:
        return w.add("reshape", _rows(w, x, _flipped(w, y), (*batch, rows, inner)), shape=one.type.shape)
    if rows == 1:
        total = _rows(w, _flipped(w, y), x, (*batch, columns, inner))
        return w.add("reshape", total, shape=one.type.shape)
    if w.is_read_turned:  # (x·y)ᵀ = yᵀ·xᵀ, and who reads it turned reads it as it lies
        turned = infer("permute_dims", (one.type,), {"axes": _last_exchanged(one.type)})
        found = _product(w, _flipped(w, y), _flipped(w, x), turned)
        return _flipped(w, found)
    return _product(w, x, y, one.type)


def _product(w: Lowered, x: int, y: int, type: Type) -> int:
    *_, rows, inner = w.type(x).shape
    columns = w.type(y).shape[-1]
    x, y = _for_product(w, x), _for_product(w, y)
    if rows * inner * columns <= SMALL_PRODUCT and w.views[y].strides[-1] != 1:
        y = w.copied(y)  # in line, the columns of a row are the lanes of a vector
    return w._add("matmul", (x, y), type)


def _flipped(w: Lowered, place: int) -> int:
    return w.add("permute_dims", place, axes=_last_exchanged(w.type(place)))


def _last_exchanged(type: Type) -> tuple[int, ...]:
    """All axes in order, but for the last two."""
    rank = len(type.shape)
    return (*range(rank - 2), rank - 1, rank - 2)


def _only_read_turned(program: Program) -> set[int]:
    """The matrix products that are read in one way only: with their last two axes exchanged."""
    found: dict[int, bool] = {}
    for one in program.instructions:
        for place in one.operands:
            read = program.instructions[place]
            if read.operation == "matmul":
                turns = one.operation == "permute_dims" and one.attributes["axes"] == _last_exchanged(
                    read.type
                )
                found[place] = found.get(place, True) and turns
    outputs = set(program.outputs.values())
    return {place for place, turned in found.items() if turned and place not in outputs}


def _rows(w: Lowered, matrix: int, row: int, shape: tuple[int, ...]) -> int:
    """The product of every row of ``matrix`` with ``row`` (..., 1, inner), summed in the order in which the
    matrix lies in memory."""
    row = w.add("broadcast_to", row, shape=shape)
    strides = w.views[matrix].strides
    rank = len(shape)
    if strides[-1] > strides[-2] > 0 and shape[-2] > 1:
        matrix, row = _flipped(w, matrix), _flipped(w, row)
        return w.add("sum", w.add("mul", matrix, row), axis=(rank - 2,))
    return w.add("sum", w.add("mul", matrix, row), axis=(rank - 1,))


def _for_product(w: Lowered, place: int) -> int:
    """``place``, or a copy of it where its matrices lie in memory neither by rows nor by columns."""
    view, shape = w.views[place], w.type(place).shape
    if w._is_constant(place):
        return w.copied(place)
    (rows, columns), (down, along) = shape[-2:], view.strides[-2:]
    by_rows = (along == 1 or columns == 1) and (down >= columns or rows == 1)
    by_columns = (down == 1 or rows == 1) and (along >= rows or columns == 1)
    return place if by_rows or by_columns else w.copied(place)


def _take_along_axis(w: Lowered, one: Instruction, operands: tuple[int, ...]) -> int | None:
    x, indices = operands
    axis: int = one.attributes["axis"]
    length = w.type(x).shape[axis]
    w.check(indices, length)
    if w.type(indices).shape[axis] != 1 or length > _SHORT_ROW or w.type(x).dtype == "bool":
        return None
    if length == 1:
        return w.add("reshape", x, shape=one.type.shape)
    chosen = _chosen(w, indices, w.type(x).shape, axis)
    picked = w.add("where", chosen, x, w.constant(0, w.type(x)))
    return w.add("reshape", w.add("sum", picked, axis=(axis,)), shape=one.type.shape)


def _scatter_add(w: Lowered, one: Instruction, operands: tuple[int, ...]) -> int | None:
    x, indices, updates = operands
    axis: int = one.attributes["axis"]
    w.check(indices, one.type.shape[axis])
    if w.type(indices).shape[axis] != 1 or one.type.dtype == "bool":
        return None
    chosen = _chosen(w, indices, one.type.shape, axis)
    spread = w.add("broadcast_to", updates, shape=one.type.shape)
    put = w.add("where", chosen, spread, w.constant(0, one.type))
    return put if w.number(x) == 0 else w.add("add", x, put)


def _chosen(w: Lowered, indices: int, shape: tuple[int, ...], axis: int) -> int:
    """Where the place along ``axis`` is the index."""
    places = w.add("iota", shape=shape, axis=axis, dtype="int64")
    return w.add("eq", places, w.add("broadcast_to", indices, shape=shape))


def _take(w: Lowered, one: Instruction, operands: tuple[int, ...]) -> int | None:
    w.check(operands[1], w.type(operands[0]).shape[one.attributes["axis"]])
    return None


def _add_at(w: Lowered, one: Instruction, operands: tuple[int, ...]) -> int | None:
    w.check(operands[1], one.type.shape[one.attributes["axis"]])
    return None


def _maximum(w: Lowered, one: Instruction, operands: tuple[int, ...]) -> int | None:
    x, y = operands
    if w.number(y) == 0:
        w.rectified[x] = place = w._add("maximum", operands, one.type)
        return place
    return None


def _gt(w: Lowered, one: Instruction, operands: tuple[int, ...]) -> int | None:
    """x > 0 is max(x, 0) > 0, for NaN as well; and that is what is in memory, for whoever comes next."""
    x, y = operands
    if w.number(y) == 0 and x in w.rectified:
        return w._add("gt", (w.rectified[x], y), one.type)
    return None


def _reduction(w: Lowered, one: Instruction, operands: tuple[int, ...]) -> int | None:
    """Over axes of length 1, a reduction is its operand; over an empty axis, a sum is 0."""
    [x] = operands
    shape = w.type(x).shape
    if all(shape[axis] == 1 for axis in one.attributes["axis"]):
        return w.add("reshape", x, shape=one.type.shape)
    return w.constant(0, one.type) if not w.type(x).size and one.type.size else None


_RULES: dict[str, Callable[[Lowered, Instruction, tuple[int, ...]], int | None]] = {
    "matmul": _matmul,
    "take_along_axis": _take_along_axis,
    "scatter_add": _scatter_add,
    "take": _take,
    "add_at": _add_at,
    "maximum": _maximum,
    "gt": _gt,
    "sum": _reduction,
    "max": _reduction,
    "min": _reduction,
}
