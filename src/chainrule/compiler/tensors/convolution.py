"""Convolutions in machine code: matrix products over pieces of columns (:mod:`.windows`).

For each image and group, in terms of matrices (see chainrule.arrays.convolution for the same in numpy)::

    convolution           out    =  w · columns(x)
    convolution_input     out    =  windows of  wᵀ · g  added where they came from
    convolution_weight    out   +=  g · rows(x)

A product whose second operand is transposed is slow while it is small, so that the last one has its windows
in rows. These are copied from the image with its channels innermost, where a row of a window is contiguous;
the weight comes out with its channels innermost as well, and is put right at the end.

Several parts of the work each take some of the images. Each part adds up a weight of its own; a second
function adds these, after all are there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from math import prod
from typing import Any

from chainrule.compiler.blas import Blas, Product
from chainrule.compiler.llvm import Operand
from chainrule.compiler.operations import infer
from chainrule.compiler.tensors.code import Code
from chainrule.compiler.tensors.columns import Columns
from chainrule.compiler.tensors.elements import KINDS, Elements, item_bytes, lanes_of
from chainrule.compiler.tensors.windows import Piece, Windows
from chainrule.compiler.types import Type

#: What the functions are given: the result, the operands, memory to work in, and the address of BLAS's
#: product in this precision.
PARAMETERS = "ptr noalias %out, ptr %left, ptr %right, ptr noalias %scratch, ptr %gemm, i64 %part"

#: What the function that adds up weights is given.
TOTAL_PARAMETERS = "ptr noalias %out, ptr %scratch, i64 %part"

#: Memory that vectors may be written over, after what they are meant for, in bytes.
_SLACK = 128

#: Vectors that are copied one after the other; more are a loop.
_UNROLLED = 8


class ConvolutionCode:
    """Writes one convolution, or transpose of one, in ``parts`` parts. ``width`` is that of a vector, in
    bytes; without ``blas``, products are plain loops."""

    def __init__(
        self,
        operation: str,
        operands: Sequence[Type],
        attributes: Mapping[str, Any],
        parts: int,
        width: int,
        blas: Blas | None,
    ) -> None:
        left, right = operands
        self._result = infer(operation, (left, right), attributes).size
        shapes = {
            "convolution": (left.shape, right.shape),
            "convolution_input": (attributes.get("shape", ()), right.shape),
            "convolution_weight": (right.shape, attributes.get("shape", ())),
        }[operation]
        self.operation, self.parts, self._blas = operation, parts, blas
        self.windows = windows = Windows.of(*shapes, left.dtype, attributes)
        self.kind, self._item = KINDS[left.dtype], item_bytes(left.dtype)
        self._width, self._lanes = width, width // self._item
        self._start_over()
        self._padded = tuple(n + 2 * pad for n, pad in zip(windows.space, windows.padding, strict=True))

    def _start_over(self) -> None:
        self.code = Code()
        self.elements = Elements(self.code, {})

    @property
    def multiplications(self) -> int:
        """How many the products need."""
        windows = self.windows
        return windows.batch * windows.groups * windows.outputs * windows.depth * windows.positions

    # --- memory to work in

    @property
    def scratch(self) -> int:
        """How many bytes all parts need together."""
        return self.parts * self._scratch_of_part

    @property
    def _scratch_of_part(self) -> int:
        return sum(self._regions)

    @property
    def _regions(self) -> tuple[int, ...]:
        """The bytes of a part's columns; for a weight also those of its sum, and of an image's channels."""
        windows = self.windows
        numbers = [windows.depth * prod(windows.piece)]
        if self.operation == "convolution_weight":
            numbers += [self._weight, windows.channels * prod(self._padded)]
        return tuple(-(-(count * self._item + _SLACK) // 64) * 64 for count in numbers)

    @property
    def _weight(self) -> int:
        """The numbers of all groups' weights."""
        return self.windows.groups * self.windows.outputs * self.windows.depth

    def _region(self, number: int) -> str:
        code = self.code
        start = code.name(f"mul i64 %part, {self._scratch_of_part}")
        own = code.at("%scratch", "i8", start)
        return code.at(own, "i8", sum(self._regions[:number]))

    # --- the functions

    def text(self, name: str) -> str:
        """LLVM's function ``name`` of :data:`PARAMETERS`: the work of one part."""
        self._start_over()
        if self.multiplications:
            getattr(self, f"_{self.operation}")()
        else:
            self._clear("%out", self._result * self._item)
        self.code.line("ret void")
        return self.code.function(name, PARAMETERS)

    def total_text(self, name: str) -> str:
        """For a weight, the function ``name`` of :data:`TOTAL_PARAMETERS`, which makes a part of the result
        of what the parts have added up, once they all have."""
        self._start_over()
        if self.multiplications:
            self._total()
        self.code.line("ret void")
        return self.code.function(name, TOTAL_PARAMETERS)

    def _convolution(self) -> None:
        windows, code = self.windows, self.code
        depth, positions = windows.depth, windows.positions
        columns = self._region(0)
        move = Columns(code, self.elements, windows, self._width)
        if windows.is_whole and not windows.is_pointwise:
            self._clear(columns, self._regions[0])
        with self._images() as (group, image, results):
            x = code.at("%left", self.kind, image)
            w = code.at("%right", self.kind, code.times(group, windows.outputs * depth))
            out = code.at("%out", self.kind, results)
            if windows.is_pointwise:
                sides = (w, depth, x, positions, out, positions)
                self._product(Product(windows.outputs, positions, depth, *sides))
                return
            with self._pieces() as (piece, first, count):
                move.fill(x, columns, piece)
                sides = (w, depth, columns, move.stride, code.at(out, self.kind, first), positions)
                self._product(Product(windows.outputs, count, depth, *sides))

    def _convolution_input(self) -> None:
        windows, code = self.windows, self.code
        depth, positions = windows.depth, windows.positions
        columns = self._region(0)
        move = Columns(code, self.elements, windows, self._width)
        with self._images() as (group, image, results):
            g = code.at("%left", self.kind, results)
            w = code.at("%right", self.kind, code.times(group, windows.outputs * depth))
            out = code.at("%out", self.kind, image)
            if windows.is_pointwise:
                sides = (w, depth, g, positions, out, positions)
                self._product(Product(depth, positions, windows.outputs, *sides, transpose_a=True))
                return
            self._clear(out, windows.channels * windows.image * self._item)
            with self._pieces() as (piece, first, count):
                sides = (w, depth, code.at(g, self.kind, first), positions, columns, move.stride)
                self._product(Product(depth, count, windows.outputs, *sides, transpose_a=True))
                move.add_back(out, columns, piece)

    def _convolution_weight(self) -> None:
        windows, code = self.windows, self.code
        depth, positions = windows.depth, windows.positions
        rows, sums, channels = (self._region(number) for number in range(3))
        self._clear(sums, self._weight * self._item)
        self._clear(channels, self._regions[2])
        with self._images() as (group, image, results):
            g = code.at("%left", self.kind, results)
            own = code.at(sums, self.kind, code.times(group, windows.outputs * depth))
            self._channels_innermost(code.at("%right", self.kind, image), channels)
            with self._pieces() as (piece, first, count):
                self._fill_rows(channels, rows, piece)
                sides = (code.at(g, self.kind, first), positions, rows, depth, own, depth)
                self._product(Product(windows.outputs, depth, count, *sides, beta="1.0"))

    # --- loops over images and pieces

    @contextmanager
    def _images(self) -> Iterator[tuple[str, str, str]]:
        """The images of this part, and their groups: the group, and where its channels and its results
        start."""
        code, windows = self.code, self.windows
        first, last = self._share(windows.batch)
        with code.loop(first, last) as image, code.loop("0", str(windows.groups)) as group:
            place = code.name(f"add i64 {code.times(image.index, windows.groups)}, {group.index}")
            channels = code.times(place, windows.channels * windows.image)
            yield group.index, channels, code.times(place, windows.outputs * windows.positions)

    def _share(self, count: int) -> tuple[str, str]:
        """Where this part of ``count`` starts and ends."""
        size = -(-count // self.parts)
        first = self._least(self.code.name(f"mul i64 %part, {size}"), count)
        return first, self._least(self.code.name(f"add i64 {first}, {size}"), count)

    def _least(self, number: str, most: int) -> str:
        return self.code.name(f"call i64 @llvm.smin.i64(i64 {number}, i64 {most})")

    @contextmanager
    def _pieces(self) -> Iterator[tuple[Piece, str, str]]:
        """The pieces of an image, with the number of their first window, and how many windows they have."""
        code, (rows, across), (tall, wide) = self.code, self.windows.piece, self.windows.places
        if self.windows.is_whole:
            yield Piece("0", str(tall), "0", str(wide)), "0", str(tall * wide)
            return
        with code.loop("0", str(tall), rows) as top, code.loop("0", str(wide), across) as left:
            bottom = self._least(code.name(f"add i64 {top.index}, {rows}"), tall)
            right = self._least(code.name(f"add i64 {left.index}, {across}"), wide)
            height = code.name(f"sub i64 {bottom}, {top.index}")
            width = code.name(f"sub i64 {right}, {left.index}")
            first = code.name(f"add i64 {code.times(top.index, wide)}, {left.index}")
            count = code.name(f"mul i64 {height}, {width}")
            yield Piece(top.index, bottom, left.index, right), first, count

    def _clear(self, start: str, size: int) -> None:
        self.code.line(f"call void @llvm.memset.p0.i64(ptr {start}, i8 0, i64 {size}, i1 false)")

    # --- windows in rows

    def _channels_innermost(self, image: str, target: str) -> None:
        """The image with its channels innermost, and a margin for the padding, which is zero already."""
        code, windows = self.code, self.windows
        (tall, wide), (above, before) = windows.space, windows.padding
        with code.loop("0", str(tall)) as row, code.loop("0", str(wide)) as column:
            line = code.name(f"add i64 {code.times(row.index, wide)}, {column.index}")
            source = code.at(image, self.kind, line)
            line = code.name(f"add i64 {code.times(row.index, self._padded[1])}, {column.index}")
            line = code.name(f"add i64 {line}, {above * self._padded[1] + before}")
            to = code.at(target, self.kind, code.times(line, windows.channels))
            lanes = min(self._lanes, 1 << (windows.channels - 1).bit_length())
            full = windows.channels // lanes * lanes
            with code.loop("0", str(full), lanes) as channel:
                self._gather(source, to, channel.index, lanes, lanes)
            if full < windows.channels:
                self._gather(source, to, str(full), windows.channels - full, lanes)

    def _gather(self, source: str, to: str, channel: str, count: int, lanes: int) -> None:
        """``count`` channels of a point, from ``channel`` on."""
        code, elements, image = self.code, self.elements, self.windows.image
        dtype = self.windows.dtype
        near = code.at(source, self.kind, code.times(channel, image))
        target = code.at(to, self.kind, channel)
        if lanes == 1:
            elements.store(elements.load(near, dtype), target, dtype)
            return
        steps = ", ".join(f"i64 {lane * image}" for lane in range(lanes))
        pointers = code.name(f"getelementptr {self.kind}, ptr {near}, <{lanes} x i64> <{steps}>")
        mask = lanes_of(count, lanes)
        found = elements.gather(pointers, dtype, lanes, mask)
        elements.store(found, target, dtype, lanes, None if count == lanes else mask)

    def _fill_rows(self, channels: str, rows: str, piece: Piece) -> None:
        """A row for each window of the piece: the place within the window, then the channel. Each copy may
        write over the start of the next, which comes after it."""
        code, windows = self.code, self.windows
        (tall, wide), stride, apart = windows.window, windows.stride, windows.dilation
        across = code.name(f"sub i64 {piece.right}, {piece.left}")
        with code.loop(piece.top, piece.bottom) as row, code.loop(piece.left, piece.right) as column:
            line = code.name(f"mul i64 {row.index}, {stride[0] * self._padded[1]}")
            line = code.name(f"add i64 {line}, {code.times(column.index, stride[1])}")
            source = code.at(channels, self.kind, code.times(line, windows.channels))
            above = code.name(f"mul i64 {code.name(f'sub i64 {row.index}, {piece.top}')}, {across}")
            number = code.name(f"add i64 {above}, {code.name(f'sub i64 {column.index}, {piece.left}')}")
            target = code.at(rows, self.kind, code.times(number, windows.depth))
            together = wide if apart[1] == 1 else 1  # neighbours in the window that are so in the image
            size = together * windows.channels
            for ky in range(tall):
                for kx in range(0, wide, together):
                    place = ky * apart[0] * self._padded[1] + kx * apart[1]
                    near = code.at(source, self.kind, place * windows.channels)
                    self._copy(near, code.at(target, self.kind, (ky * wide + kx) * windows.channels), size)

    def _copy(self, source: str, target: str, count: int) -> None:
        """``count`` numbers, and what follows up to a whole vector."""
        code, elements, dtype = self.code, self.elements, self.windows.dtype
        lanes = min(self._lanes, 1 << (count - 1).bit_length())

        def one(place: str) -> None:
            found = elements.load(code.at(source, self.kind, place), dtype, lanes)
            elements.store(found, code.at(target, self.kind, place), dtype, lanes)

        if count <= _UNROLLED * lanes:
            for place in range(0, count, lanes):
                one(str(place))
        else:
            with code.loop("0", str(count), lanes) as loop:
                one(loop.index)

    def _total(self) -> None:
        """Adds up the parts' weights; the channels of a group change places with those of the window."""
        code, windows = self.code, self.windows
        inside = prod(windows.window)
        writer = self.elements.writer(windows.dtype, 1)
        starts = [
            code.at("%scratch", "i8", part * self._scratch_of_part + self._regions[0])
            for part in range(self.parts)
        ]
        first, last = self._share(windows.groups * windows.outputs)
        with (
            code.loop(first, last) as output,
            code.loop("0", str(inside)) as place,
            code.loop("0", str(windows.channels)) as channel,
        ):
            block = code.times(output.index, windows.depth)
            start = code.name(f"add i64 {block}, {code.times(place.index, windows.channels)}")
            number = code.name(f"add i64 {start}, {channel.index}")
            total: Operand | float = 0.0
            for source in starts:
                one = self.elements.load(code.at(source, self.kind, number), windows.dtype)
                total = writer.add(total, one) if total.__class__ is Operand else one
            start = code.name(f"add i64 {block}, {code.times(channel.index, inside)}")
            number = code.name(f"add i64 {start}, {place.index}")
            self.elements.store(total, code.at("%out", self.kind, number), windows.dtype)

    # --- products

    def _product(self, product: Product) -> None:
        if self._blas is None:
            self._plain_product(product)
            return
        n, k = self._blas_size(product.n), self._blas_size(product.k)
        self.code.line(self._blas.call_text("%gemm", self.kind, product._replace(n=n, k=k)))

    def _blas_size(self, size: int | str) -> int | str:
        """The same in the BLAS's integers."""
        assert self._blas is not None
        if not str(size).startswith("%") or self._blas.integer == "i64":
            return size
        return self.code.name(f"trunc i64 {size} to {self._blas.integer}")

    def _plain_product(self, product: Product) -> None:
        code, elements, dtype, p = self.code, self.elements, self.windows.dtype, product
        writer = elements.writer(dtype, 1)
        down, along = (1, int(p.stride_a)) if p.transpose_a else (int(p.stride_a), 1)
        with code.loop("0", str(p.m)) as row, code.loop("0", str(p.n)) as column:
            start = code.at(p.a, self.kind, code.times(row.index, down))
            above = code.at(p.b, self.kind, column.index)
            place = code.name(f"add i64 {code.times(row.index, int(p.stride_c))}, {column.index}")
            at = code.at(p.c, self.kind, place)
            first = elements.load(at, dtype).text if p.beta != "0.0" else writer.number(0.0)
            with code.loop("0", str(p.k), carried=[(self.kind, first)]) as step:
                left = elements.load(code.at(start, self.kind, code.times(step.index, along)), dtype)
                line = code.times(step.index, int(p.stride_b))
                right = elements.load(code.at(above, self.kind, line), dtype)
                total = writer.add(Operand(step.carried[0]), writer.mul(left, right))
                step.next = [total.text]
            elements.store(Operand(step.carried[0]), at, dtype)
