"""The code that moves the windows of an image into columns, and back.

A convolution is a product of matrices once each window of the input is a column: for every channel, and
every place within the window, a row that holds that number of all windows. The rows are copies of the
image's, shifted. No more of them exists at a time than a :class:`.windows.Piece`, which stays in a core's
cache.
"""

from __future__ import annotations

from math import prod

from chainrule.compiler.llvm import Operand
from chainrule.compiler.tensors.code import Code
from chainrule.compiler.tensors.elements import KINDS, Elements, item_bytes, lanes_of, suffix
from chainrule.compiler.tensors.windows import Piece, Windows

#: The moves of a row that are written one after the other; where there are more, they are a loop.
UNROLLED = 64


class Columns:
    """Writes the moves between one group's channels of an image, at ``image``, and its ``columns``.

    The columns of a piece have rows of ``stride`` numbers. Where a window reaches over the image's edge
    they are zero; if all of an image is one piece they have to be so before, for all images alike.
    """

    def __init__(self, code: Code, elements: Elements, windows: Windows, width: int) -> None:
        self.code, self.elements, self.windows = code, elements, windows
        self.kind = KINDS[windows.dtype]
        self.stride = prod(windows.piece)
        across = max(2, windows.piece[1])  # masks are vectors
        self.lanes = min(width // item_bytes(windows.dtype), 1 << (across - 1).bit_length())
        moves = windows.window[1] * -(-max(across, windows.space[1]) // self.lanes)
        self._unrolled = windows.piece[1] == windows.places[1] and moves <= UNROLLED

    def fill(self, image: str, columns: str, piece: Piece) -> None:
        """The columns become the numbers of the image."""
        self._all(image, columns, piece, adds=False)

    def add_back(self, image: str, columns: str, piece: Piece) -> None:
        """Each number of the columns is added to that of the image which it stands for."""
        self._all(image, columns, piece, adds=True)

    def _all(self, image: str, columns: str, piece: Piece, adds: bool) -> None:
        code, windows = self.code, self.windows
        tall, wide = windows.window
        size = str(windows.places[1])
        if windows.piece[1] != windows.places[1]:
            size = code.name(f"sub i64 {piece.right}, {piece.left}")
        with code.loop("0", str(windows.channels)) as channel, code.loop("0", str(tall)) as ky:
            plane = code.at(image, self.kind, code.times(channel.index, windows.image))
            line = code.name(f"add i64 {code.times(channel.index, tall)}, {ky.index}")
            lines = code.at(columns, self.kind, code.times(line, wide * self.stride))
            down = code.name(f"sub i64 {code.times(ky.index, windows.dilation[0])}, {windows.padding[0]}")
            first, last = self._inside(down, piece)
            with code.loop(first, last) as row:
                line = code.name(f"add i64 {code.times(row.index, windows.stride[0])}, {down}")
                near = code.at(plane, self.kind, code.times(line, windows.space[1]))
                self._row(near, self._start(lines, row.index, piece, size), piece, adds)
            if not windows.is_whole and not adds:
                for start, stop in ((piece.top, first), (last, piece.bottom)):
                    with code.loop(start, stop) as row:
                        self._zeros(self._start(lines, row.index, piece, size), piece)

    def _inside(self, down: str, piece: Piece) -> tuple[str, str]:
        """Of the piece's rows of windows, the first and the first after the last whose numbers lie in the
        image, which are ``down`` rows below the windows' starts."""
        code, windows = self.code, self.windows
        rows = []
        for end in (0, windows.space[0]):
            below = self._larger(code.name(f"sub i64 {end}, {down}"), "0")
            if windows.stride[0] > 1:
                below = code.name(f"add i64 {below}, {windows.stride[0] - 1}")
                below = code.name(f"udiv i64 {below}, {windows.stride[0]}")
            rows.append(self._smaller(self._larger(below, piece.top), piece.bottom))
        return rows[0], rows[1]

    def _larger(self, x: str, y: str) -> str:
        return self.code.name(f"call i64 @llvm.smax.i64(i64 {x}, i64 {y})")

    def _smaller(self, x: str, y: str) -> str:
        return self.code.name(f"call i64 @llvm.smin.i64(i64 {x}, i64 {y})")

    def _start(self, lines: str, row: str, piece: Piece, size: str) -> str:
        """Where a row of windows starts in the first of these lines."""
        code = self.code
        return code.at(
            lines, self.kind, code.name(f"mul i64 {code.name(f'sub i64 {row}, {piece.top}')}, {size}")
        )

    # --- one row of windows, and all places in a row of the window

    def _row(self, near: str, target: str, piece: Piece, adds: bool) -> None:
        if not self._unrolled:
            self._row_in_loops(near, target, piece, adds)
        elif adds and self.windows.stride[1] == 1:
            self._row_added(near, target)
        else:
            self._row_unrolled(near, target, adds)

    def _row_unrolled(self, near: str, target: str, adds: bool) -> None:
        windows, lanes = self.windows, self.lanes
        wide, stride = windows.places[1], windows.stride[1]
        for kx in range(windows.window[1]):
            along = kx * windows.dilation[1] - windows.padding[1]
            for start in range(0, wide, lanes):
                own = range(start, min(start + lanes, wide))
                valid = [0 <= place * stride + along < windows.space[1] for place in own]
                there = valid if windows.is_whole or adds else [True] * len(own)
                if any(there):
                    column = self.code.at(target, self.kind, kx * self.stride + start)
                    step = str(start * stride + along)
                    self._move(near, step, column, self._mask(valid), self._mask(there), adds)

    def _row_added(self, near: str, target: str) -> None:
        """The row of the image as a sum: it is written once, and not read again before it is there."""
        code, elements, windows, lanes = self.code, self.elements, self.windows, self.lanes
        dtype, wide = windows.dtype, windows.space[1]
        for start in range(0, wide, lanes):
            own = range(start, min(start + lanes, wide))
            inside = self._mask([True] * len(own))
            here = code.at(near, self.kind, start)
            total = elements.load(here, dtype, lanes, inside)
            for kx in range(windows.window[1]):
                back = windows.padding[1] - kx * windows.dilation[1]
                valid = [0 <= place + back < windows.places[1] for place in own]
                if any(valid):
                    step = kx * self.stride + start + back
                    column = code.name(f"getelementptr {self.kind}, ptr {target}, i64 {step}")
                    other = elements.load(column, dtype, lanes, self._mask(valid))
                    total = elements.computed("add", dtype, [total, other], lanes)
            elements.store(total, here, dtype, lanes, inside)

    def _row_in_loops(self, near: str, target: str, piece: Piece, adds: bool) -> None:
        code, windows = self.code, self.windows
        with code.loop("0", str(windows.window[1])) as kx:
            along = code.name(f"sub i64 {code.times(kx.index, windows.dilation[1])}, {windows.padding[1]}")
            line = code.at(target, self.kind, code.times(kx.index, self.stride))
            with code.loop(piece.left, piece.right, self.lanes) as chunk:
                step = code.name(f"add i64 {code.times(chunk.index, windows.stride[1])}, {along}")
                there = self._counted(code.name(f"sub i64 {piece.right}, {chunk.index}"))
                valid = code.name(f"and <{self.lanes} x i1> {there}, {self._in_row(step)}")
                column = code.at(line, self.kind, code.name(f"sub i64 {chunk.index}, {piece.left}"))
                self._move(near, step, column, valid, there, adds)

    def _zeros(self, target: str, piece: Piece) -> None:
        """A row of windows that see nothing of the image."""
        code, dtype, lanes = self.code, self.windows.dtype, self.lanes
        zero = Operand(self.elements.writer(dtype, lanes).number(0.0))
        with code.loop("0", str(self.windows.window[1])) as kx:
            line = code.at(target, self.kind, code.times(kx.index, self.stride))
            with code.loop(piece.left, piece.right, lanes) as chunk:
                there = self._counted(code.name(f"sub i64 {piece.right}, {chunk.index}"))
                column = code.at(line, self.kind, code.name(f"sub i64 {chunk.index}, {piece.left}"))
                self.elements.store(zero, column, dtype, lanes, there)

    # --- masks

    def _mask(self, lanes: list[bool]) -> str | None:
        """A mask of these lanes, of which the last may be missing; None if it is of all."""
        if len(lanes) == self.lanes and all(lanes):
            return None
        lanes = lanes + [False] * (self.lanes - len(lanes))
        return f"<{', '.join(f'i1 {str(lane).lower()}' for lane in lanes)}>"

    def _counted(self, count: str) -> str:
        """The first ``count`` lanes."""
        kind, lanes = f"<{self.lanes} x i64>", ", ".join(f"i64 {lane}" for lane in range(self.lanes))
        return self.code.name(f"icmp ult {kind} <{lanes}>, {self._splat(count)}")

    def _in_row(self, start: str) -> str:
        """The lanes that are in the image's row, from column ``start`` on."""
        code, kind, stride = self.code, f"<{self.lanes} x i64>", self.windows.stride[1]
        steps = ", ".join(f"i64 {lane * stride}" for lane in range(self.lanes))
        places = code.name(f"add {kind} {self._splat(start)}, <{steps}>")
        return code.name(f"icmp ult {kind} {places}, {self._splat(str(self.windows.space[1]))}")

    def _splat(self, number: str) -> str:
        code, kind = self.code, f"<{self.lanes} x i64>"
        first = code.name(f"insertelement {kind} poison, i64 {number}, i64 0")
        picks = f"<{self.lanes} x i32> zeroinitializer"
        return code.name(f"shufflevector {kind} {first}, {kind} poison, {picks}")

    # --- one vector

    def _move(
        self, row: str, start: str, column: str, valid: str | None, there: str | None, adds: bool
    ) -> None:
        """A vector's worth between the image's ``row``, from ``start`` on, and a row of the columns: of the
        lanes that are in the image, by the mask ``valid``. ``there`` masks the lanes of the columns that
        are written; those outside of the image with zeros."""
        code, elements, dtype, lanes = self.code, self.elements, self.windows.dtype, self.lanes
        near = code.name(f"getelementptr {self.kind}, ptr {row}, i64 {start}")
        together = self.windows.stride[1] == 1
        if together:
            found = elements.load(near, dtype, lanes, valid)
        else:
            steps = ", ".join(f"i64 {lane * self.windows.stride[1]}" for lane in range(lanes))
            pointers = code.name(f"getelementptr {self.kind}, ptr {near}, <{lanes} x i64> <{steps}>")
            found = elements.gather(pointers, dtype, lanes, valid or lanes_of(lanes, lanes))
        if not adds:
            elements.store(found, column, dtype, lanes, there)
            return
        total = elements.computed("add", dtype, [found, elements.load(column, dtype, lanes, valid)], lanes)
        if together:
            elements.store(total, near, dtype, lanes, valid)
        else:
            self._scatter(total, pointers, valid or lanes_of(lanes, lanes))

    def _scatter(self, numbers: Operand, pointers: str, mask: str) -> None:
        dtype, lanes = self.windows.dtype, self.lanes
        self.code.line(
            f"call void @llvm.masked.scatter.v{lanes}{suffix(dtype)}.v{lanes}p0("
            f"<{lanes} x {self.kind}> {numbers.text}, <{lanes} x ptr> {pointers}, i32 {item_bytes(dtype)}, "
            f"<{lanes} x i1> {mask})"
        )
