"""Matrix products: large ones by BLAS, small ones in line.

A product's operands lie in memory by rows or by columns, with any distance between them: BLAS takes both,
so that a transposed matrix is never copied. A product shared by several cores is cut by matrices where
there are many, and otherwise along the longer side of the result."""

from __future__ import annotations

from math import prod

from chainrule.compiler.blas import Blas, Product
from chainrule.compiler.llvm import Operand
from chainrule.compiler.tensors.access import View
from chainrule.compiler.tensors.code import Code
from chainrule.compiler.tensors.elements import KINDS, Elements, Vectorised, lanes_of
from chainrule.compiler.tensors.loops import PARAMETERS, Storage
from chainrule.compiler.tensors.lowering import SMALL_PRODUCT, Lowered
from chainrule.compiler.tensors.plan import DGEMM, SGEMM

#: A product of so many multiplications is worth a second core.
_WORTH_SHARING = 130_000

#: OpenBLAS packs the operands of products of more multiplications than this; the rows and columns of the
#: result that are computed in one call below that; and up to how many rows, and how long sums, that pays.
_UNPACKED, _TILE, _FEW_ROWS, _SHORT_SUMS = 1_000_000, (16, 64), 128, 512

#: How many vectors of sums a product in line keeps in registers.
_SUMS = 16


class ProductCode:
    """Writes the product at one place of a lowered program."""

    def __init__(
        self,
        lowered: Lowered,
        place: int,
        storage: dict[int, Storage],
        parts: int,
        width: int,
        vectorised: Vectorised,
        blas: Blas | None,
    ) -> None:
        one = lowered.instructions[place]
        left, right = one.operands
        self.dtype = one.type.dtype
        self.shape_a, self.shape_b = lowered.type(left).shape, lowered.type(right).shape
        *batch, self.m, self.k = self.shape_a
        self.batch, self.n = list(batch), self.shape_b[-1]
        self.a, self.b = lowered.views[left], lowered.views[right]
        self.code = Code()
        self.elements = Elements(self.code, vectorised)
        self.blas = blas
        self.inline = blas is None or is_small(self.m, self.n, self.k)
        self.parts = parts if self.is_worth_sharing(parts) else 1
        self.lanes = width // (8 if self.dtype == "float64" else 4)
        self._storage = storage
        self._place = place

    def is_worth_sharing(self, parts: int) -> bool:
        """Whether more than one core should compute it."""
        return parts > 1 and prod(self.batch) * self.m * self.n * self.k >= _WORTH_SHARING

    def text(self, name: str) -> str:
        code = self.code
        if prod(self.batch) * self.m * self.n:
            a = self._start(self.a)
            b = self._start(self.b)
            c = self._address(self._storage[self._place])
            if self.parts > 1 and prod(self.batch) >= self.parts:
                self._shared_matrices(a, b, c)
            else:
                self._matrices(0, a, b, c)
        code.line("ret void")
        return code.function(name, PARAMETERS)

    def _address(self, storage: Storage) -> str:
        code = self.code
        base = code.name(f"load ptr, ptr {code.at('%arrays', 'ptr', storage.slot)}")
        return code.at(base, "i8", storage.offset)

    def _start(self, view: View) -> str:
        return self.code.at(self._address(self._storage[view.root]), KINDS[self.dtype], view.offset)

    # --- the matrices of a batch

    def _steps(self) -> list[tuple[int, int, int, int]]:
        """For each axis of the batch: its length, and the steps in both operands and in the result."""
        found = []
        for axis, n in enumerate(self.batch):
            step = prod(self.batch[axis + 1 :]) * self.m * self.n
            found.append((n, self.a.strides[axis], self.b.strides[axis], step))
        return found

    def _matrices(self, axis: int, a: str, b: str, c: str) -> None:
        if axis == len(self.batch):
            self._matrix(a, b, c, shared=self.parts > 1)
            return
        n, *steps = self._steps()[axis]
        if n == 1:
            self._matrices(axis + 1, a, b, c)
            return
        with self.code.loop("0", str(n)) as loop:
            self._matrices(axis + 1, *self._moved(loop.index, steps, a, b, c))

    def _moved(self, index: str, steps: list[int], *starts: str) -> list[str]:
        code, kind = self.code, KINDS[self.dtype]
        return [
            code.at(start, kind, code.times(index, step)) if step else start
            for start, step in zip(starts, steps, strict=True)
        ]

    def _shared_matrices(self, a: str, b: str, c: str) -> None:
        """Each part takes some of the matrices, counted through all axes of the batch."""
        code, count = self.code, prod(self.batch)
        first, last = code.share(count, self.parts)
        self.parts = 1
        with code.loop(first, last) as loop:
            rest, moved = loop.index, [a, b, c]
            for n, *steps in reversed(self._steps()):
                index = rest
                if n != count:
                    index = code.name(f"urem i64 {rest}, {n}")
                    rest = code.name(f"udiv i64 {rest}, {n}")
                moved = self._moved(index, steps, *moved)
            a, b, c = moved
            self._matrix(a, b, c, shared=False)

    # --- one matrix

    def _matrix(self, a: str, b: str, c: str, shared: bool) -> None:
        if not self.inline:
            self._by_blas(a, b, c, shared)
            return
        start, stop = "0", str(self.m)
        if shared:
            start, stop = self.code.share(self.m, self.parts)
        self._in_line(a, b, c, start, stop)

    def _by_blas(self, a: str, b: str, c: str, shared: bool) -> None:
        """The whole product, or this part of it: some of the rows, or of the columns."""
        code, kind = self.code, KINDS[self.dtype]
        m, n = str(self.m), str(self.n)
        if shared and self.m >= self.n:
            first, m = self._share(self.m, 16)
            a = code.at(a, kind, code.times(first, self.a.strides[-2]))
            c = code.at(c, kind, code.times(first, self.n))
        elif shared:
            first, n = self._share(self.n, 16)
            b = code.at(b, kind, code.times(first, self.b.strides[-1]))
            c = code.at(c, kind, first)
        tile = self._tile()
        if tile is None:
            self._call(a, b, c, m, n)
            return
        rows, columns = tile
        with code.loop("0", n, columns) as across:
            wide = self._rest(across.index, n, columns)
            right = code.at(b, kind, code.times(across.index, self.b.strides[-1]))
            above = code.at(c, kind, across.index)
            with code.loop("0", m, rows) as down:
                left = code.at(a, kind, code.times(down.index, self.a.strides[-2]))
                target = code.at(above, kind, code.times(down.index, self.n))
                self._call(left, right, target, self._rest(down.index, m, rows), wide)

    def _tile(self) -> tuple[int, int] | None:
        """The rows and columns of the result for one call. Up to some size OpenBLAS computes from where the
        operands lie; above it packs them first, which takes longer than it saves if there are few rows."""
        transposed_a, _ = _layout(self.a, self.shape_a)
        few = self.m <= _FEW_ROWS and self.k <= _SHORT_SUMS
        if transposed_a or not few or self.m * self.n * self.k <= _UNPACKED:
            return None
        return _TILE

    def _rest(self, index: str, count: str, size: int) -> str:
        """How many of ``count`` are left from ``index`` on, ``size`` at most."""
        return self.code.least(self.code.name(f"sub i64 {count}, {index}"), size)

    def _call(self, a: str, b: str, c: str, m: str, n: str) -> None:
        """BLAS's product of ``m`` rows and ``n`` columns."""
        assert self.blas is not None
        code, kind, whole = self.code, KINDS[self.dtype], self.blas.integer
        if whole != "i64":
            m, n = (code.name(f"trunc i64 {count} to {whole}") for count in (m, n))
        transposed_a, stride_a = _layout(self.a, self.shape_a)
        transposed_b, stride_b = _layout(self.b, self.shape_b)
        slot = SGEMM if self.dtype == "float32" else DGEMM
        pointer = code.name(f"load ptr, ptr {code.at('%arrays', 'ptr', slot)}")
        product = Product(m, n, self.k, a, stride_a, b, stride_b, c, self.n, transposed_a, transposed_b)
        code.line(self.blas.call_text(pointer, kind, product))

    def _share(self, count: int, unit: int) -> tuple[str, str]:
        """The first of ``count`` rows or columns in this part, and how many it has."""
        first, last = self.code.share(count, self.parts, unit)
        return first, self.code.name(f"sub i64 {last}, {first}")

    # --- in line

    def _in_line(self, a: str, b: str, c: str, start: str, stop: str) -> None:
        """Blocks of rows and of vectors of columns, whose sums stay in registers."""
        code, lanes = self.code, self.lanes
        vectors = -(-self.n // lanes)
        for first in range(0, vectors, 4):
            block = range(first, min(first + 4, vectors))
            rows = max(1, min(self.m, _SUMS // len(block), 8))
            span = code.name(f"sub i64 {stop}, {start}")
            blocks = code.name(f"sdiv i64 {span}, {rows}")
            whole = code.name(f"add i64 {start}, {code.times(blocks, rows)}")
            with code.loop(start, whole, rows) as loop:
                self._block(a, b, c, loop.index, rows, block)
            with code.loop(whole, stop) as loop:
                self._block(a, b, c, loop.index, 1, block)

    def _block(self, a: str, b: str, c: str, row: str, rows: int, block: range) -> None:
        """``rows`` rows of the result from ``row`` on, in the vectors of columns that ``block`` counts."""
        code, elements, lanes, dtype = self.code, self.elements, self.lanes, self.dtype
        kind, writer = KINDS[dtype], self.elements.writer(dtype, lanes)
        down, along = self.a.strides[-2:]
        start = code.at(a, kind, code.times(row, down))
        firsts = [code.at(start, kind, line * down) for line in range(rows)]
        zero = writer.number(0.0)
        sums = [(writer.number_type, zero)] * (rows * len(block))
        masks = {
            vector: None if (vector + 1) * lanes <= self.n else lanes_of(self.n - vector * lanes, lanes)
            for vector in block
        }
        with code.loop("0", str(self.k), carried=sums) as loop:
            at = code.at(b, kind, code.times(loop.index, self.b.strides[-2]))
            across = [
                elements.load(code.at(at, kind, vector * lanes), dtype, lanes, masks[vector])
                for vector in block
            ]
            step, after = code.times(loop.index, along), []
            for line in range(rows):
                number = elements.load(code.at(firsts[line], kind, step), dtype)
                factor = elements.splat(number, dtype, lanes)
                for position, values in enumerate(across):
                    before = Operand(loop.carried[line * len(block) + position])
                    after.append(writer.add(before, writer.mul(factor, values)).text)
            loop.next = after
        result = code.at(c, kind, code.times(row, self.n))
        for line in range(rows):
            for position, vector in enumerate(block):
                value = Operand(loop.carried[line * len(block) + position])
                at = code.at(result, kind, line * self.n + vector * lanes)
                elements.store(value, at, dtype, lanes, masks[vector])


def is_small(m: int, n: int, k: int) -> bool:
    """Whether a product is computed in line."""
    return m * n * k <= SMALL_PRODUCT


def _layout(view: View, shape: tuple[int, ...]) -> tuple[bool, int]:
    """Whether a matrix lies by columns, and the distance of its rows, or columns."""
    (rows, columns), (down, along) = shape[-2:], view.strides[-2:]
    if (along == 1 or columns == 1) and (down >= columns or rows == 1):
        return False, max(down if rows > 1 else columns, columns, 1)
    return True, max(along if columns > 1 else rows, rows, 1)
