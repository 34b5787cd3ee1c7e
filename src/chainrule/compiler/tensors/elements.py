"""Elements of arrays in LLVM code: of each dtype, alone and in lanes, in memory and out of it.

Truths are bytes in memory, 0 or 1 as numpy's, and single bits in code.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from math import inf
from typing import Any

import numpy as np

from chainrule.compiler.exponential import exp32
from chainrule.compiler.integers import Integers
from chainrule.compiler.llvm import Input, Operand, Writer
from chainrule.compiler.tensors.code import Code

#: LLVM's types of one element in memory.
KINDS = {"float64": "double", "float32": "float", "int64": "i64", "int32": "i32", "bool": "i8"}

#: The functions that there is a version of for all lanes at once, by dtype and number of lanes.
Vectorised = Mapping[tuple[str, int], Collection[str]]

#: What a reduction does with each element.
STEPS = {"sum": "add", "max": "maximum", "min": "minimum"}


def item_bytes(dtype: str) -> int:
    return np.dtype(dtype).itemsize


def start_of(reduction: str, dtype: str) -> float | int:
    """What a reduction begins with."""
    if reduction == "sum":
        return 0 if dtype.startswith("int") else 0.0
    if dtype.startswith("int"):
        info = np.iinfo(dtype)
        return int(info.min if reduction == "max" else info.max)
    return -inf if reduction == "max" else inf


class Elements:
    """What writes the operations on elements, ``lanes`` of them at a time, into ``code``. ``vectorised``
    names the functions that are called for all lanes at once; the others are called lane by lane."""

    def __init__(self, code: Code, vectorised: Vectorised) -> None:
        self.code = code
        self._vectorised = vectorised
        self._writers: dict[tuple[str, int], Writer] = {}

    def writer(self, dtype: str, lanes: int) -> Writer:
        """The writer of numbers of ``dtype``; truths are any writer's."""
        found = self._writers.get((dtype, lanes))
        if found is None:
            if dtype.startswith("int"):
                found = Integers(lanes, bits=int(dtype[3:]))
            else:
                real = "float" if dtype == "float32" else "double"
                names = self._vectorised.get((dtype, lanes), ())
                found = Writer(lanes, real=real, contract=True, vectorised=names)
            found.lines, found.prefix = self.code.lines, f"%w{len(self._writers)}."
            self._writers[dtype, lanes] = found
        return found

    def computed(self, operation: str, dtype: str, operands: list[Input], lanes: int) -> Operand:
        """An elementwise operation on operands of ``dtype``."""
        if operation == "exp" and dtype == "float32":
            return exp32(self.writer(dtype, lanes), operands[0])
        found: Operand = getattr(self.writer(dtype, lanes), operation)(*operands)
        return found

    def converted(self, value: Input, before: str, after: str, lanes: int) -> Input:
        """``value`` of the dtype ``before`` as ``after``."""
        if before == after or not isinstance(value, Operand):
            return value
        target, source = self.writer(after, lanes), self.writer(before, lanes)
        if after == "bool":
            return Operand(source.truth(value), True)
        if before == "bool":
            return Operand(target.number(value))
        how = _CONVERSIONS[before[0], after[0]]
        if how in ("fp", "int"):
            wider = item_bytes(after) > item_bytes(before)
            how = {"fp": ("fptrunc", "fpext"), "int": ("trunc", "sext")}[how][wider]
        text = f"{how} {source.number_type} {value.text} to {target.number_type}"
        return target.value(text)

    def splat(self, value: Operand, dtype: str, lanes: int) -> Operand:
        """A number in all lanes."""
        if lanes == 1:
            return value
        writer, code = self.writer(dtype, lanes), self.code
        kind, one = (writer.truth_type, "i1") if value.truth else (writer.number_type, writer.real)
        first = code.name(f"insertelement {kind} poison, {one} {value.text}, i64 0")
        zeros = f"<{lanes} x i32> zeroinitializer"
        wide = code.name(f"shufflevector {kind} {first}, {kind} poison, {zeros}")
        return Operand(wide, value.truth)

    def whole(self, reduction: str, value: Operand, dtype: str, lanes: int) -> Operand:
        """One number of all lanes: the halves put together, and again."""
        if lanes == 1:
            return value
        kind = self.writer(dtype, lanes).number_type
        width = lanes
        while width > 1:
            half = width // 2
            halves = []
            for side in (0, 1):
                picks = ", ".join(f"i32 {lane + side * half}" for lane in range(half))
                text = f"shufflevector {kind} {value.text}, {kind} poison, <{half} x i32> <{picks}>"
                halves.append(Operand(self.code.name(text)))
            width = half
            if width == 1:
                halves = [
                    Operand(self.code.name(f"extractelement <1 x {self._real(dtype)}> {one.text}, i64 0"))
                    for one in halves
                ]
            value = self.computed(STEPS[reduction], dtype, list(halves), width)
            kind = self.writer(dtype, width).number_type
        return value

    def _real(self, dtype: str) -> str:
        return self.writer(dtype, 1).real

    # --- memory

    def load(self, pointer: str, dtype: str, lanes: int = 1, mask: str | None = None) -> Operand:
        """``lanes`` neighbours; with ``mask``, those alone that it allows, and zeros."""
        kind = vector(KINDS[dtype], lanes)
        size = item_bytes(dtype)
        if mask is None:
            return self._from_memory(f"load {kind}, ptr {pointer}, align {size}", dtype, lanes)
        text = (
            f"call {kind} @llvm.masked.load.v{lanes}{suffix(dtype)}.p0(ptr {pointer}, i32 {size}, "
            f"<{lanes} x i1> {mask}, {kind} zeroinitializer)"
        )
        return self._from_memory(text, dtype, lanes)

    def gather(self, pointers: str, dtype: str, lanes: int, mask: str) -> Operand:
        """The elements at ``pointers``, one for each lane."""
        kind = vector(KINDS[dtype], lanes)
        text = (
            f"call {kind} @llvm.masked.gather.v{lanes}{suffix(dtype)}.v{lanes}p0("
            f"<{lanes} x ptr> {pointers}, i32 {item_bytes(dtype)}, "
            f"<{lanes} x i1> {mask}, {kind} zeroinitializer)"
        )
        return self._from_memory(text, dtype, lanes)

    def _from_memory(self, text: str, dtype: str, lanes: int) -> Operand:
        found = self.code.name(text)
        if dtype != "bool":
            return Operand(found)
        kind = vector("i8", lanes)
        return Operand(self.code.name(f"icmp ne {kind} {found}, {zeros('i8', lanes)}"), True)

    def store(
        self, value: Input, pointer: str, dtype: str, lanes: int = 1, mask: str | None = None
    ) -> None:
        kind = vector(KINDS[dtype], lanes)
        size = item_bytes(dtype)
        if dtype == "bool":
            truth = self.writer("float32", lanes).truth(value)
            text = self.code.name(f"zext {vector('i1', lanes)} {truth} to {kind}")
        else:
            text = self.writer(dtype, lanes).number(value)
        if mask is None:
            self.code.line(f"store {kind} {text}, ptr {pointer}, align {size}")
            return
        self.code.line(
            f"call void @llvm.masked.store.v{lanes}{suffix(dtype)}.p0({kind} {text}, ptr {pointer}, "
            f"i32 {size}, <{lanes} x i1> {mask})"
        )


_CONVERSIONS = {
    ("f", "f"): "fp",
    ("f", "i"): "fptosi",
    ("i", "f"): "sitofp",
    ("i", "i"): "int",
}


def vector(kind: str, lanes: int) -> str:
    return kind if lanes == 1 else f"<{lanes} x {kind}>"


def zeros(kind: str, lanes: int) -> str:
    return "0" if lanes == 1 else "zeroinitializer"


def suffix(dtype: str) -> str:
    """How LLVM's intrinsics call an element."""
    return {"float64": "f64", "float32": "f32", "int64": "i64", "int32": "i32", "bool": "i8"}[dtype]


def lanes_of(count: int, lanes: int) -> str:
    """A mask of the first ``count`` lanes."""
    return f"<{', '.join(f'i1 {str(lane < count).lower()}' for lane in range(lanes))}>"


def constant_of(value: Any, dtype: str) -> Input:
    """A constant of the program as the writers take it."""
    if dtype == "bool":
        return bool(value)
    return int(value) if dtype.startswith("int") else float(value)
