"""The convolutions of a lowered program as functions of a launch: where their arrays are, and in how many
parts they are done."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from chainrule.compiler.blas import Blas
from chainrule.compiler.tensors.code import Code
from chainrule.compiler.tensors.convolution import ConvolutionCode
from chainrule.compiler.tensors.elements import item_bytes
from chainrule.compiler.tensors.loops import PARAMETERS, Storage
from chainrule.compiler.tensors.lowering import Lowered

#: A convolution of so many multiplications is worth a second core.
_WORTH_SHARING = 200_000


class Function(NamedTuple):
    """One launch: its name, in how many parts it is done, and the LLVM code."""

    name: str
    parts: int
    text: str


class ConvolutionLaunch:
    """Writes the convolution at one place, in at most ``parts`` parts."""

    def __init__(self, lowered: Lowered, place: int, parts: int, width: int, blas: Blas | None) -> None:
        self.one = lowered.instructions[place]
        self._lowered, self._place = lowered, place
        operands = [lowered.type(operand) for operand in self.one.operands]
        batch = operands[0].shape[0]

        def code(parts: int) -> ConvolutionCode:
            return ConvolutionCode(self.one.operation, operands, self.one.attributes, parts, width, blas)

        self._code = code(1)
        if self._code.multiplications >= _WORTH_SHARING:
            self._code = code(max(1, min(parts, batch)))

    @property
    def scratch(self) -> int:
        """The bytes that it works in."""
        return self._code.scratch

    def functions(
        self, name: str, storage: Mapping[int, Storage], scratch: Storage, gemm: int
    ) -> list[Function]:
        """The launches, in order; ``gemm`` is the entry of the table of addresses with BLAS's product."""
        one, code = self.one, self._code
        out = storage[self._place], 0
        operands = [self._start(operand, storage) for operand in one.operands]
        parts = code.parts
        work = Function(
            name,
            parts,
            code.text(f"{name}_work")
            + _launched(name, f"{name}_work", [out, *operands, (scratch, 0)], gemm),
        )
        if one.operation != "convolution_weight":
            return [work]
        total = f"{name}_total"
        text = code.total_text(f"{total}_work")
        return [work, Function(total, parts, text + _launched(total, f"{total}_work", [out, (scratch, 0)]))]

    def _start(self, operand: int, storage: Mapping[int, Storage]) -> tuple[Storage, int]:
        """Where an operand is, which lies in one piece: its memory, and bytes into it."""
        view, type = self._lowered.views[operand], self._lowered.type(operand)
        return storage[view.root], view.offset * item_bytes(type.dtype)


def _launched(name: str, function: str, arrays: list[tuple[Storage, int]], gemm: int | None = None) -> str:
    """The function ``name`` of a launch that calls ``function`` with the addresses of these arrays."""
    code = Code()
    given = []
    for storage, offset in arrays:
        base = code.name(f"load ptr, ptr {code.at('%arrays', 'ptr', storage.slot)}")
        given.append(f"ptr {code.at(base, 'i8', storage.offset + offset)}")
    if gemm is not None:
        entry = code.at("%arrays", "ptr", gemm)
        product = code.name(f"load ptr, ptr {entry}")
        given.append(f"ptr {product}")
    code.line(f"call void @{function}({', '.join(given)}, i64 %part)")
    code.line("ret void")
    return code.function(name, PARAMETERS)
