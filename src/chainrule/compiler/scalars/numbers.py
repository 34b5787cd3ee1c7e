"""One block of numbers as straight-line LLVM code: those that are packed in vectors, the others alone."""

from __future__ import annotations

from collections.abc import Collection

from chainrule.compiler.llvm import Input, Operand, Writer
from chainrule.compiler.scalars.body import Body
from chainrule.compiler.scalars.packing import Pack
from chainrule.compiler.scalars.schedule import Schedule

#: How many running sums a sum of packs is kept in, so that one addition need not wait for the last.
RUNNING = 4


class Numbers(Body):
    """The code of one block, and the values that it has at hand, alone and in packs."""

    def __init__(self, schedule: Schedule, vectorised: Collection[str]) -> None:
        super().__init__(schedule, Writer(1, contract=True, vectorised=vectorised), None)
        self.wide = Writer(schedule.width, contract=True, vectorised=vectorised)
        self.wide.lines, self.wide.prefix = self.writer.lines, "%w"
        self._packs: dict[Pack, Operand] = {}

    def write_units(self, units: list[Pack]) -> None:
        """The instructions of the block, each in a pack or alone."""
        for unit in units:
            if len(unit) > 1:
                self._write_pack(unit)
            elif unit[0] in self.schedule.packing.whole:
                self._at_hand[unit[0]] = total = self._sum(unit[0])
                self._keep(unit[0], total)
            else:
                self.write(list(unit), {})

    def operand(self, place: int) -> Input:
        pack = self.schedule.packing.pack.get(place)
        if pack in self._packs and place not in self._at_hand:
            return self._remember(place, self._lane(pack, self.schedule.packing.lane[place]))
        return super().operand(place)

    # --- packs

    def _write_pack(self, pack: Pack) -> None:
        packing, instruction = self.schedule.packing, self.program.instructions[pack[0]]
        columns = zip(*(packing.operands[place] for place in pack), strict=True)
        operands = [self._column(column) for column in columns]
        if instruction.operation == "astype":
            made = self._converted(operands[0], instruction.type.dtype, self.wide)
        else:
            made = getattr(self.wide, instruction.operation)(*operands)
        self._packs[pack] = made
        cells = [self.schedule.cells.get(place) for place in pack]
        if _consecutive(cells):
            address = self._address("cells", cells[0] or 0)
            text = self.wide.number(made)
            self.wide.line(f"store {self.wide.number_type} {text}, ptr {address}, align 8")
            return
        for place, cell in zip(pack, cells, strict=True):
            if cell is not None:
                self._keep(place, self.operand(place))

    def _column(self, places: Pack) -> Input:
        """One number for each lane: a pack at hand, one number in all lanes, or what memory has."""
        if places in self._packs:
            return self._packs[places]
        wide = self.wide
        if len(set(places)) == 1:
            one = self.operand(places[0])
            if not isinstance(one, Operand):
                return one
            text = self.writer.number(one)
            first = wide.name(f"insertelement {wide.number_type} poison, double {text}, i64 0")
            made = wide.value(
                f"shufflevector {wide.number_type} {first}, {wide.number_type} poison, "
                f"<{wide.lanes} x i32> zeroinitializer"
            )
        else:
            cells = [self.schedule.cells.get(place) for place in places]
            fresh = not any(place in self._at_hand for place in places)
            if fresh and _consecutive(cells):
                address = self._address("cells", cells[0] or 0)
                made = wide.value(f"load {wide.number_type}, ptr {address}, align 8")
            else:
                made = self._gathered(places)
        if self.program.type(places[0]).dtype == "bool":
            made = Operand(wide.truth(made), True)
        self._packs[places] = made
        return made

    def _gathered(self, places: Pack) -> Operand:
        """Numbers put together one by one."""
        made = "poison"
        for lane, place in enumerate(places):
            text = self.writer.number(self.operand(place))
            made = self.wide.name(
                f"insertelement {self.wide.number_type} {made}, double {text}, i64 {lane}"
            )
        return Operand(made)

    def _lane(self, pack: Pack, lane: int) -> Operand:
        """One number out of a pack at hand."""
        found = self._packs[pack]
        kind = self.wide.truth_type if found.truth else self.wide.number_type
        return Operand(self.writer.name(f"extractelement {kind} {found.text}, i64 {lane}"), found.truth)

    # --- sums

    def _sum(self, place: int) -> Operand:
        """The packs added up, then their lanes, then what is alone."""
        packing, width = self.schedule.packing, self.wide.lanes
        terms, whole = packing.operands[place], packing.whole[place]
        running: list[Operand] = []
        for number, start in enumerate(range(0, whole, width)):
            pack = self._column(terms[start : start + width])
            if number < RUNNING:
                running.append(Operand(self.wide.number(pack)))
            else:
                running[number % RUNNING] = self.wide.add(running[number % RUNNING], pack)
        while len(running) > 1:
            running = [self.wide.add(*running[:2]), *running[2:]]
        kind = self.wide.number_type
        total = self.writer.value(
            f"call reassoc double @llvm.vector.reduce.fadd.v{width}f64("
            f"double -0.0, {kind} {running[0].text})"
        )
        for one in terms[whole:]:
            total = self.writer.add(total, self.operand(one))
        return total


def _consecutive(cells: list[int | None]) -> bool:
    first = cells[0]
    return first is not None and cells == list(range(first, first + len(cells)))
