"""One turn of a kernel's innermost loop: a vector of elements, and what is at hand while it is computed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chainrule.compiler.llvm import Input, Operand
from chainrule.compiler.tensors.elements import KINDS, STEPS, constant_of, lanes_of
from chainrule.compiler.tensors.nest import Access

if TYPE_CHECKING:
    from chainrule.compiler.tensors.loops import KernelCode


class Turn:
    """The values at hand while one vector of elements is computed."""

    def __init__(
        self, kernel: KernelCode, cursors: dict[Access, str], index: str | None, mask: str | None
    ) -> None:
        self.kernel = kernel
        self.nest = kernel.nest
        self.elements = kernel.elements
        self.cursors = cursors
        self.index = index
        self.mask = mask
        self.lanes = kernel.lanes
        self._at_hand: dict[object, Operand] = {}

    def compute(self, place: int) -> Operand:
        """A member of the kernel, and what has to be written of it."""
        one = self.kernel.lowered.instructions[place]
        operands = [self.operand(place, operand) for operand in one.operands]
        value = self.kernel.operation(place, operands, self.lanes, self.cursors, self.index)
        self._at_hand[place] = value
        return value

    def write(self, place: int, value: Operand) -> None:
        dtype = self.kernel.lowered.type(place).dtype
        if place in self.nest.kept:
            self.elements.store(value, self._at(self.nest.row(place)), dtype, self.lanes, self.mask)
        if place in self.nest.stored:
            self.elements.store(value, self._at(self.nest.home(place)), dtype, self.lanes, self.mask)

    def operand(self, place: int, operand: int) -> Input:
        lowered = self.kernel.lowered
        number = lowered.number(operand)
        if number is not None:
            return constant_of(number, lowered.type(operand).dtype)
        access = self.nest.access(place, operand)
        if access is not None:
            return self._loaded(access)
        root = lowered.views[operand].root
        if root in self._at_hand:
            return self._at_hand[root]
        if root in self.kernel.row:
            splat = self.kernel.splats.get(root)
            return self.kernel.row[root] if splat is None else splat
        if root in self.nest.kept:
            return self._loaded(self.nest.row(root))
        if root in self.nest.stored:
            return self._loaded(self.nest.home(root))
        return self.compute(root)

    def _loaded(self, access: Access) -> Operand:
        found = self._at_hand.get(access) or self.kernel.splats.get(access)
        if found is None:
            found = self._at_hand[access] = self._load(access)
        return found

    def _load(self, access: Access) -> Operand:
        elements, dtype = self.elements, self.kernel.lowered.type(access.root).dtype
        stride = access.strides[-1] if self.nest.inner_axes else 0
        if self.lanes == 1 or stride == 1:
            return elements.load(self._at(access), dtype, self.lanes, self.mask)
        if not stride:
            number = elements.load(self.cursors[access], dtype)
            return elements.splat(number, dtype, self.lanes)
        code = self.kernel.code
        steps = f"<{', '.join(f'i64 {lane * stride}' for lane in range(self.lanes))}>"
        first = self._at(access)
        kind = f"<{self.lanes} x i64>"
        pointers = code.name(f"getelementptr inbounds {KINDS[dtype]}, ptr {first}, {kind} {steps}")
        return elements.gather(pointers, dtype, self.lanes, self.mask or lanes_of(self.lanes, self.lanes))

    def _at(self, access: Access) -> str:
        """The address of the first lane."""
        at = self.cursors[access]
        stride = access.strides[-1] if self.nest.inner_axes else 0
        if self.index is None or not stride:
            return at
        code = self.kernel.code
        kind = KINDS[self.kernel.lowered.type(access.root).dtype]
        return code.at(at, kind, code.times(self.index, stride))

    def add_up(self, place: int, value: Input) -> None:
        """Add to the sums, one for each lane, that are in memory."""
        one = self.kernel.lowered.instructions[place]
        dtype, at = one.type.dtype, self._at(self.nest.home(place))
        before = self.elements.load(at, dtype, self.lanes, self.mask)
        after = self.elements.computed(STEPS[one.operation], dtype, [before, value], self.lanes)
        self.elements.store(after, at, dtype, self.lanes, self.mask)

    def reduced(self, operation: str, dtype: str, running: str, value: Input) -> str:
        before = Operand(running)
        after = self.elements.computed(STEPS[operation], dtype, [before, value], self.lanes)
        if self.mask is not None:
            writer = self.elements.writer(dtype, self.lanes)
            after = writer.where(Operand(self.mask, True), after, before)
        return after.text
