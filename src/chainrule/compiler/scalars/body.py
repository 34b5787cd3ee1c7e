"""One block of a scheduled program as straight-line LLVM code: what its instructions read from memory, and
what they leave there."""

from __future__ import annotations

from chainrule.compiler.ir import Program
from chainrule.compiler.llvm import Input, Operand, Writer, literal
from chainrule.compiler.scalars.places import is_free, is_pick, source, view
from chainrule.compiler.scalars.schedule import REDUCTIONS, Block, Schedule

#: What a reduction does with each element.
STEPS = {"sum": "add", "max": "maximum", "min": "minimum"}


class Body:
    """The code of one block, and the values that it has at hand."""

    def __init__(self, schedule: Schedule, writer: Writer, length: int | None) -> None:
        self.schedule = schedule
        self.program: Program = schedule.program
        self.writer = writer
        self.length = length
        self._at_hand: dict[int, Operand] = {}
        self._bases: dict[int, str] = {}
        self._mask: str | None = None

    def write(self, block: Block, reductions: dict[int, int]) -> None:
        """The instructions of ``block``; ``reductions`` says where each reduction keeps its sum."""
        for place in block:
            instruction = self.program.instructions[place]
            if is_free(self.program, place):
                self._keep(place, self.operand(place))
                continue
            operands = [self.operand(one) for one in instruction.operands]
            if instruction.operation in REDUCTIONS:
                self._reduce(instruction.operation, reductions[place], operands[0])
                continue
            if instruction.operation == "astype":
                made = self._converted(operands[0], instruction.type.dtype)
            else:
                made = getattr(self.writer, instruction.operation)(*operands)
            self._at_hand[place] = made
            self._keep(place, made)

    def operand(self, place: int) -> Input:
        """A value, read from where it is."""
        found = self._at_hand.get(place)
        if found is not None:
            return found
        operation = self.program.instructions[place].operation
        if is_pick(self.program, place):
            return self._remember(place, self._element(place))
        if operation in ("broadcast_to", "reshape"):
            under = source(self.program, place)
            if self.program.instructions[under].operation == "constant":
                return self.operand(under)
            return self._splat(under)
        if operation == "constant":
            value: float = self.program.instructions[place].attributes["value"]
            return value
        if operation == "input" and self.program.type(place).shape:
            return self._remember(place, self._element(place))
        return self._read(place)

    def _remember(self, place: int, value: Operand) -> Operand:
        self._at_hand[place] = value
        return value

    def _splat(self, place: int) -> Operand:
        """A number in all lanes. It is read anew for each reader: to keep it in a register from one to the
        next costs more."""
        writer = self.writer
        if writer.lanes == 1:
            operand = self.operand(place)
            assert isinstance(operand, Operand)
            return operand
        alone = self._load_cell(place) if place not in self._at_hand else self._at_hand[place].text
        vector = writer.number_type
        first = writer.name(f"insertelement {vector} poison, double {alone}, i64 0")
        wide = writer.value(
            f"shufflevector {vector} {first}, {vector} poison, <{writer.lanes} x i32> zeroinitializer"
        )
        return self._typed(place, wide)

    def _load_cell(self, place: int) -> str:
        program = self.program
        if is_pick(program, place):
            return self._load_one(place)
        return self.writer.name(f"load double, ptr {self._address('cells', self.schedule.cells[place])}")

    def _typed(self, place: int, value: Operand) -> Operand:
        """Truths are in memory as numbers."""
        if self.program.type(place).dtype == "bool":
            return Operand(self.writer.truth(value), True)
        return value

    def _converted(self, value: Input, dtype: str, writer: Writer | None = None) -> Operand:
        writer = writer or self.writer
        if dtype == "bool":
            return Operand(writer.truth(value), True)
        return Operand(writer.number(value))

    # --- memory

    def _address(self, memory: str, offset: int) -> str:
        if not offset:
            return f"%{memory}"
        return self.writer.name(f"getelementptr inbounds double, ptr %{memory}, i64 {offset}")

    def _at_turn(self, memory: str, offset: int) -> str:
        base = self._address(memory, offset)
        return self.writer.name(f"getelementptr inbounds double, ptr {base}, i64 %i")

    def _read(self, place: int) -> Operand:
        """What another function left."""
        writer, schedule = self.writer, self.schedule
        if not self.program.type(place).shape:
            return self._remember(place, self._typed(place, Operand(self._load_cell(place))))
        if place in schedule.arena:
            address = self._at_turn("arena", schedule.arena[place])
        else:
            address = self._address("lanes", schedule.lanes[place] * writer.lanes)
        value = writer.value(f"load {writer.number_type}, ptr {address}, align {8 * writer.lanes}")
        return self._remember(place, self._typed(place, value))

    def _keep(self, place: int, value: Input) -> None:
        """Leave a value to the functions that read it."""
        schedule, writer = self.schedule, self.writer
        kind = writer.number_type
        if place in schedule.cells:
            if self.program.instructions[place].operation == "input":
                return
            address = self._address("cells", schedule.cells[place])
            writer.line(f"store double {writer.number(value)}, ptr {address}")
        if place in schedule.arena:
            address = self._at_turn("arena", schedule.arena[place])
            writer.line(f"store {kind} {writer.number(value)}, ptr {address}, align {8 * writer.lanes}")
        elif place in schedule.lanes:
            address = self._address("lanes", schedule.lanes[place] * writer.lanes)
            writer.line(f"store {kind} {writer.number(value)}, ptr {address}, align {8 * writer.lanes}")

    def _base(self, array: int) -> str:
        """The address of an array: of an argument, or in the arena."""
        found = self._bases.get(array)
        if found is None:
            schedule, writer = self.schedule, self.writer
            if self.program.instructions[array].operation == "input":
                number = schedule.arguments.index(self.program.instructions[array].attributes["name"])
                slot = writer.name(f"getelementptr inbounds ptr, ptr %inputs, i64 {number}")
                found = writer.name(f"load ptr, ptr {slot}")
            else:
                found = self._address("arena", schedule.arena[array])
            self._bases[array] = found
        return found

    def _element(self, place: int) -> Operand:
        """One element of an array in memory, or one for each lane."""
        if not self.program.type(place).shape:
            return self._typed(place, Operand(self._load_one(place)))
        found = view(self.program, place)
        writer = self.writer
        kind, lanes, stride = writer.number_type, writer.lanes, found.strides[0]
        base = writer.name(
            f"getelementptr inbounds double, ptr {self._base(found.array)}, i64 {found.offset}"
        )
        mask = self.mask() or writer.truth(True)
        zeros = literal(0.0, lanes)
        if stride == 1:
            address = writer.name(f"getelementptr inbounds double, ptr {base}, i64 %i")
            if self.mask() is None:
                value = writer.value(f"load {kind}, ptr {address}, align 8")
            else:
                value = writer.value(
                    f"call {kind} @llvm.masked.load.v{lanes}f64.p0("
                    f"ptr {address}, i32 8, {writer.truth_type} {mask}, {kind} {zeros})"
                )
        else:
            integers = f"<{lanes} x i64>"
            steps = f"<{', '.join(f'i64 {stride}' for _ in range(lanes))}>"
            places = writer.name(f"mul {integers} {self._turns()}, {steps}")
            addresses = writer.name(f"getelementptr inbounds double, ptr {base}, {integers} {places}")
            value = writer.value(
                f"call {kind} @llvm.masked.gather.v{lanes}f64.v{lanes}p0("
                f"<{lanes} x ptr> {addresses}, i32 8, {writer.truth_type} {mask}, {kind} {zeros})"
            )
        return self._typed(place, value)

    def _load_one(self, place: int) -> str:
        found = view(self.program, place)
        base = self._base(found.array)
        address = self.writer.name(f"getelementptr inbounds double, ptr {base}, i64 {found.offset}")
        return self.writer.name(f"load double, ptr {address}")

    # --- loops

    def _turns(self) -> str:
        """The number of the element in each lane."""
        writer = self.writer
        integers = f"<{writer.lanes} x i64>"
        first = writer.name(f"insertelement {integers} poison, i64 %i, i64 0")
        same = writer.name(
            f"shufflevector {integers} {first}, {integers} poison, <{writer.lanes} x i32> zeroinitializer"
        )
        steps = f"<{', '.join(f'i64 {lane}' for lane in range(writer.lanes))}>"
        return writer.name(f"add {integers} {same}, {steps}")

    def mask(self) -> str | None:
        """Which lanes are within the array; None where all of them always are."""
        writer = self.writer
        if self.length is None or self.length % writer.lanes == 0:
            return None
        if self._mask is None:
            ends = f"<{', '.join(f'i64 {self.length}' for _ in range(writer.lanes))}>"
            self._mask = writer.name(f"icmp slt <{writer.lanes} x i64> {self._turns()}, {ends}")
        return self._mask

    def _reduce(self, operation: str, place: int, value: Input) -> None:
        """Put the lanes into the running sums."""
        writer = self.writer
        kind, align = writer.number_type, 8 * writer.lanes
        address = self._address("sums", place * writer.lanes)
        before = writer.value(f"load {kind}, ptr {address}, align {align}")
        after: Operand = getattr(writer, STEPS[operation])(before, value)
        mask = self.mask()
        if mask is not None:
            after = writer.where(Operand(mask, True), after, before)
        writer.line(f"store {kind} {after.text}, ptr {address}, align {align}")
