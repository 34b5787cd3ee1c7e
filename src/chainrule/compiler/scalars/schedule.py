"""Which loop computes what, in which function, and where each number is kept.

Numbers (shape ``()``) are computed in straight lines; arrays (shape ``(n,)``) in loops over their elements,
a few lanes at a time. A loop computes every array of its length that it can in one pass, and the sums over
them on the way. What follows from a sum has to wait until the loop is over: that is its *stage*.

A piece of straight code is cut into blocks of bounded size, each a function of its own: a compiler's work
on one function grows faster than the function.

What one function computes and another reads lies in memory:

=========  ============================================================================================
``cells``  numbers
``lanes``  the lanes of an array at this turn of the loop, from one block to the next of the same loop
``arena``  whole arrays: outputs, and what another loop reads
``sums``   the running sums of a loop, one for each lane, until the loop is over and they are added up
=========  ============================================================================================
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from chainrule import errors
from chainrule.compiler.ir import OPERATIONS, Program
from chainrule.compiler.scalars.packing import Pack, Packing
from chainrule.compiler.scalars.places import is_free, is_pick, source, view
from chainrule.compiler.text import source_line

#: The most instructions in one function.
BLOCK = 256

REDUCTIONS = ("sum", "max", "min")

#: Places in the program, in the order in which they are computed.
Block = list[int]


@dataclass
class Group:
    """The reductions of one kind in one loop: neighbours among the ``sums``, and their results among the
    cells, in groups of as many as a vector has lanes."""

    kind: str
    places: list[int]
    first_sum: int = 0
    first_cell: int = 0


@dataclass
class Loop:
    """One pass over the elements of all arrays of one length at one stage."""

    length: int
    blocks: list[Block]
    groups: list[Group]


@dataclass
class Stage:
    """First the numbers, in packs and alone, then the loops that read them."""

    numbers: list[list[Pack]] = field(default_factory=list)
    loops: list[Loop] = field(default_factory=list)


@dataclass
class Schedule:
    """A program in stages, and the places in memory of all that one function leaves to another.

    ``arguments`` are the inputs that a call brings, ``state`` those that stay from run to run: first those
    that a run changes, ``carried``, of which the first ``unread`` are not read before they are written. The
    cells begin with a number for each argument (unused where it is an array), then the state, then what
    becomes of the carried state, each from a vector's boundary on; within the read, the unread and the
    fixed state, packs come first. ``copies`` are pairs of cells: what a run has left in the first belongs
    into the second.
    """

    program: Program
    width: int
    arguments: list[str]
    state: list[str]
    carried: list[str]
    unread: int
    stages: list[Stage]
    packing: Packing
    cells: dict[int, int] = field(default_factory=dict)
    lanes: dict[int, int] = field(default_factory=dict)
    arena: dict[int, int] = field(default_factory=dict)
    copies: list[tuple[int, int]] = field(default_factory=list)
    cell_count: int = 0
    lane_count: int = 0
    arena_size: int = 0
    sum_count: int = 0

    @property
    def state_cell(self) -> int:
        """The first cell of the state."""
        return _rounded(len(self.arguments), self.width)

    @property
    def next_cell(self) -> int:
        """The first cell of what becomes of the carried state."""
        return _rounded(self.state_cell + len(self.state), self.width)


def schedule(program: Program, width: int, state: Iterable[str] = ()) -> Schedule:
    """``program`` in stages, for vectors of ``width`` lanes; ``state`` names the inputs that stay.

    Raises CompileError, naming the user's line, for what there is no loop for yet: an array of two
    dimensions or more is read, element by element or column by column, and not computed with.
    """
    _check(program)
    kept = set(state)
    read = {operand for instruction in program.instructions for operand in instruction.operands}
    read.update(program.outputs.values())
    carried = [name for name in program.carried if name in kept]
    carried.sort(key=lambda name: program.inputs[name] in read)
    fixed = [name for name in program.inputs if name in kept and name not in program.carried]
    arguments = [name for name in program.inputs if name not in kept]
    unread = sum(program.inputs[name] not in read for name in carried)
    inputs = program.inputs
    areas: dict[int, Hashable] = {
        inputs[name]: (name in program.carried, program.type(inputs[name]).dtype)
        for name in carried[unread:] + fixed
    }
    packing = Packing(program, width, areas)
    stages, home = _stages(packing)
    carried = _side_by_side(packing, carried, unread)
    fixed = _packed_first(packing, fixed, inputs)
    found = Schedule(program, width, arguments, carried + fixed, carried, unread, stages, packing)
    readers = list(_readers(packing, home))
    _place_cells(found, home, readers)
    _place_arrays(found, home, readers)
    return found


def _check(program: Program) -> None:
    """Refuse what there are no loops for."""
    for instruction in program.instructions:
        operation, type = instruction.operation, instruction.type
        if operation == "input":
            fits = type.dtype in ("float64", "bool")
        elif operation == "constant" or OPERATIONS[operation].elementwise:  # its operands are of its shape
            fits = len(type.shape) <= 1 and type.dtype in ("float64", "bool")
        elif operation == "getitem":
            fits = True
        else:
            rank = len(program.type(instruction.operands[0]).shape)
            if operation == "reshape":
                fits = rank + len(type.shape) <= 1
            elif operation == "broadcast_to":
                fits = rank == 0 and len(type.shape) <= 1
            else:
                fits = operation in REDUCTIONS and rank == 1 and instruction.attributes["axis"] == (0,)
        if not fits:
            raise errors.no_loop_for(operation, str(type), source_line(instruction.origin))
    for name, place in program.outputs.items():
        if len(program.type(place).shape) > 1:
            where = source_line(program.instructions[place].origin)
            raise errors.no_room_for(name, str(program.type(place)), where)


@dataclass(frozen=True)
class _Home:
    """The function that a value is computed in: the block of a loop, or of the numbers (length None)."""

    stage: int
    length: int | None
    block: int

    def same_loop(self, other: _Home) -> bool:
        return self.stage == other.stage and self.length == other.length


def _stages(packing: Packing) -> tuple[list[Stage], dict[int, _Home]]:
    """The instructions of each stage in blocks, and where each stands.

    A reduction runs in the loop over what it reduces, and its result is there a stage later; so is a whole
    array from which elements are picked.
    """
    program = packing.program
    stage_of: list[int] = []
    rows: dict[tuple[int, int | None], Block] = {}
    reductions: dict[tuple[int, int | None], dict[str, Block]] = {}
    for place, instruction in enumerate(program.instructions):
        stage = max((stage_of[operand] for operand in instruction.operands), default=0)
        length = instruction.type.shape[0] if instruction.type.shape else None
        if instruction.operation in REDUCTIONS:
            over = (stage, program.type(instruction.operands[0]).shape[0])
            rows.setdefault(over, []).append(place)
            kinds = reductions.setdefault(over, {})
            kinds.setdefault(instruction.operation, []).append(place)
            packing.areas[place] = (over, instruction.operation)
            stage += 1
        elif not is_free(program, place):
            rows.setdefault((stage, length), []).append(place)
        elif is_pick(program, place):
            stage += not is_free(program, instruction.operands[0])
        stage_of.append(stage)
    for place in _given(program):  # an output that has no instruction is put into memory by one block
        instruction = program.instructions[place]
        length = instruction.type.shape[0] if instruction.type.shape else None
        rows.setdefault((stage_of[place], length), []).append(place)
    stages = [Stage() for _ in range(max((stage for stage, _ in rows), default=0) + 1)]
    home: dict[int, _Home] = {}
    packed = packing.units([rows.get((n, None), []) for n in range(len(stages))], _needed(packing, rows))
    for position, numbers in enumerate(packed):
        blocks_of_numbers = [numbers[start : start + BLOCK] for start in range(0, len(numbers), BLOCK)]
        stages[position].numbers = blocks_of_numbers
        for number, units in enumerate(blocks_of_numbers):
            here = _Home(position, None, number)
            home.update(dict.fromkeys(chain.from_iterable(units), here))
    for (position, length), places in rows.items():
        if length is not None:
            blocks = [places[start : start + BLOCK] for start in range(0, len(places), BLOCK)]
            for number, block in enumerate(blocks):
                home.update(dict.fromkeys(block, _Home(position, length, number)))
            groups = [
                Group(kind, _packed_first(packing, found, None))
                for kind, found in reductions.get((position, length), {}).items()
            ]
            stages[position].loops.append(Loop(length, blocks, groups))
    return stages, home


def _needed(packing: Packing, rows: Mapping[tuple[int, int | None], Block]) -> set[int]:
    """The numbers that something else reads than other numbers of their stage."""
    needed = {source(packing.program, place) for place in packing.program.outputs.values()}
    for (_, length), places in rows.items():
        here = set(places) if length is None else set()
        for place in places:
            needed.update([one for one in packing.operands.get(place, ()) if one not in here])
    return needed


def _given(program: Program) -> list[int]:
    """The outputs that no instruction computes, and no cell holds: constants, copies, picked elements."""
    places = dict.fromkeys(program.outputs.values())
    return [
        place
        for place in places
        if is_free(program, place)
        and not (program.instructions[place].operation == "input" and not program.type(place).shape)
    ]


Readers = list[tuple[int, _Home]]


def _readers(packing: Packing, home: dict[int, _Home]) -> Iterator[tuple[int, _Home]]:
    """Pairs of a value and a function that reads it."""
    program = packing.program
    for place, reader in home.items():
        for found in packing.operands.get(place) or (source(program, place),):
            if found in packing.operands:
                yield found, reader
            elif is_pick(program, found):
                array = view(program, found).array
                if array in packing.operands:
                    yield array, reader


def _packed_first(packing: Packing, names: list[Any], place_of: Mapping[Any, int] | None) -> list[Any]:
    """``names`` in such an order that the packs among the numbers that they stand for lie side by side, and
    all others after them."""
    names_of = {name if place_of is None else place_of[name]: name for name in names}
    first = {}
    for place in names_of:
        pack = packing.pack.get(place, ())
        if pack and all(one in names_of for one in pack):
            first.update(dict.fromkeys(names_of[one] for one in pack))
    return [*first, *(name for name in names if name not in first)]


def _side_by_side(packing: Packing, carried: list[str], unread: int) -> list[str]:
    """``carried`` in an order in which packs of what a run reads, and then of what it leaves, lie side by
    side."""
    program = packing.program
    becomes = {name: program.outputs[program.carried[name]] for name in carried}
    read = [name for name in carried[unread:] if program.inputs[name] in packing.pack]
    rest = [name for name in carried[unread:] if program.inputs[name] not in packing.pack]
    return [
        *_packed_first(packing, carried[:unread], becomes),
        *_packed_first(packing, read, program.inputs),
        *_packed_first(packing, rest, becomes),
    ]


def _place_cells(found: Schedule, home: dict[int, _Home], readers: Readers) -> None:
    """A cell for each number that more than one function needs."""
    program, cells, width = found.program, found.cells, found.width
    outputs = program.outputs
    places = [program.inputs[name] for name in found.arguments]
    _lay(found, places, 0)
    _lay(found, [program.inputs[name] for name in found.state], found.state_cell)
    count = found.next_cell
    for name in found.carried:
        place = outputs[program.carried[name]]
        if place not in cells and program.instructions[place].operation not in REDUCTIONS:
            cells[place] = count
        count += 1
    for stage in found.stages:
        for loop in stage.loops:
            for group in loop.groups:
                count = _rounded(count, width)
                group.first_sum, group.first_cell = found.sum_count, count
                _lay(found, group.places, count)
                found.sum_count += _rounded(len(group.places), width)
                count += len(group.places)
    count = _rounded(count, width)
    crossing = [place for place, reader in readers if home.get(place) is not reader]
    for place in [*crossing, *outputs.values()]:
        if place in cells or program.type(place).shape:
            continue
        pack = found.packing.pack.get(place, ())
        if pack and not any(one in cells for one in pack):
            count = _rounded(count, width)
            _lay(found, pack, count)
            count += width
        else:
            cells[place] = count
            count += 1
    for position, name in enumerate(found.carried, found.next_cell):
        held = cells[outputs[program.carried[name]]]
        if held != position:
            found.copies.append((held, position))
    found.cell_count = _rounded(count, width)


def _lay(found: Schedule, places: Iterable[int], first: int) -> None:
    """Numbers into cells, side by side."""
    for position, place in enumerate(places, first):
        if not found.program.type(place).shape:
            found.cells[place] = position


def _rounded(count: int, width: int) -> int:
    """Up to whole vectors."""
    return -(-count // width) * width


def _place_arrays(found: Schedule, home: dict[int, _Home], readers: Readers) -> None:
    """Room in the arena for arrays that are outputs or that another loop reads, and lanes for those that
    another block of the same loop reads; lanes are used again after their last reader."""
    program = found.program
    whole = [place for place in found.program.outputs.values() if program.type(place).shape]
    last: dict[int, int] = {}
    for place, reader in readers:
        if not program.type(place).shape or place not in home:
            continue
        made = home[place]
        picked = not reader.same_loop(made)
        if picked:
            whole.append(place)
        elif reader.block != made.block:
            last[place] = max(last.get(place, 0), reader.block)
    for place in dict.fromkeys(whole):
        found.arena[place] = found.arena_size
        found.arena_size += -(-program.type(place).shape[0] // found.width) * found.width
    for stage in found.stages:
        for loop in stage.loops:
            _place_lanes(found, loop, last)


def _place_lanes(found: Schedule, loop: Loop, last: dict[int, int]) -> None:
    free: list[int] = []
    ending: dict[int, list[int]] = {}
    count = 0
    for position, block in enumerate(loop.blocks):
        for place in block:
            if place in last and place not in found.arena:
                if free:
                    slot = free.pop()
                else:
                    slot, count = count, count + 1
                found.lanes[place] = slot
                ending.setdefault(last[place], []).append(slot)
        free += ending.pop(position, [])
    found.lane_count = max(found.lane_count, count)
