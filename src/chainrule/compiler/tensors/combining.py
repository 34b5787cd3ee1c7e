"""What several parts have added up, each by itself, put together."""

from __future__ import annotations

from chainrule.compiler.llvm import Operand
from chainrule.compiler.tensors.code import Code
from chainrule.compiler.tensors.elements import KINDS, STEPS, Elements
from chainrule.compiler.tensors.loops import PARAMETERS, Storage
from chainrule.compiler.tensors.nest import Nest


def combined(
    place: int,
    nest: Nest,
    storage: Storage,
    partial: tuple[Storage, int],
    parts: int,
    name: str,
) -> str:
    """The function that puts together what each part has added up."""
    one = nest.lowered.instructions[place]
    dtype = one.type.dtype
    code = Code()
    elements = Elements(code, {})

    def address(found: Storage) -> str:
        base = code.name(f"load ptr, ptr {code.at('%arrays', 'ptr', found.slot)}")
        return code.at(base, "i8", found.offset)

    source, size = address(partial[0]), partial[1]
    target = address(storage)
    with code.loop("0", str(one.type.size)) as loop:
        total: Operand | None = None
        for part in range(parts):
            at = code.at(code.at(source, "i8", part * size), KINDS[dtype], loop.index)
            value = elements.load(at, dtype)
            total = (
                value
                if total is None
                else elements.computed(STEPS[one.operation], dtype, [total, value], 1)
            )
        assert total is not None
        elements.store(total, code.at(target, KINDS[dtype], loop.index), dtype)
    code.line("ret void")
    return code.function(name, PARAMETERS)
