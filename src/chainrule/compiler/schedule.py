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

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from math import prod

from chainrule import errors
from chainrule.compiler.ir import Program
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
    """First the numbers, then the loops that read them."""

    numbers: list[Block] = field(default_factory=list)
    loops: list[Loop] = field(default_factory=list)


@dataclass
class Schedule:
    """A program in stages, and the places in memory of all that one function leaves to another.

    ``arguments`` are the inputs that a call brings, ``state`` those that stay from run to run: first those
    that a run changes, ``carried``, of which the first ``unread`` are not read before they are written. The
    cells begin with a number for each argument (unused where it is an array), then the state, then what
    becomes of the carried state. ``copies`` are pairs of cells: what a run has left in the first belongs
    into the second.
    """

    program: Program
    width: int
    arguments: list[str]
    state: list[str]
    carried: list[str]
    unread: int
    stages: list[Stage]
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
        return len(self.arguments)

    @property
    def next_cell(self) -> int:
        """The first cell of what becomes of the carried state."""
        return len(self.arguments) + len(self.state)


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
    stages, home = _stages(program)
    unread = sum(program.inputs[name] not in read for name in carried)
    found = Schedule(program, width, arguments, carried + fixed, carried, unread, stages)
    _place_cells(found, home)
    _place_arrays(found, home)
    return found


def is_free(program: Program, place: int) -> bool:
    """Whether a value has no instruction of its own: it is read from memory, or stands in the code,
    wherever it is needed."""
    operation = program.instructions[place].operation
    return operation in ("input", "constant", "broadcast_to", "reshape", "getitem")


def source(program: Program, place: int) -> int:
    """What ``place`` is a copy of: itself, or the number under a broadcast."""
    while program.instructions[place].operation in ("broadcast_to", "reshape"):
        under = program.instructions[place].operands[0]
        if program.type(under).shape:
            break
        place = under
    return place


def is_pick(program: Program, place: int) -> bool:
    """Whether a value is read out of an array: elements of it, or the only one as a number."""
    instruction = program.instructions[place]
    if instruction.operation == "reshape":
        return bool(program.type(instruction.operands[0]).shape)
    return instruction.operation == "getitem"


@dataclass(frozen=True)
class View:
    """Elements of an array in memory: the first, and how far apart they are along each axis."""

    array: int
    offset: int
    strides: tuple[int, ...]


def view(program: Program, place: int) -> View:
    """What is picked from which array; the whole of it where nothing is."""
    instruction = program.instructions[place]
    if not is_pick(program, place):
        shape = instruction.type.shape
        return View(place, 0, tuple(prod(shape[axis + 1 :]) for axis in range(len(shape))))
    whole = view(program, instruction.operands[0])
    if instruction.operation == "reshape":
        return View(whole.array, whole.offset, ())
    shape, key = program.type(instruction.operands[0]).shape, instruction.attributes["key"]
    offset, strides = whole.offset, whole.strides[len(key) :]
    for part, stride, n in reversed(list(zip(key, whole.strides, shape, strict=False))):
        if isinstance(part, slice):
            start, _, step = part.indices(n)
            offset += start * stride
            strides = (step * stride, *strides)
        else:
            offset += part * stride
    return View(whole.array, offset, strides)


def _check(program: Program) -> None:
    """Refuse what there are no loops for."""
    for instruction in program.instructions:
        operation, type = instruction.operation, instruction.type
        ranks = [len(program.type(operand).shape) for operand in instruction.operands]
        if operation == "input":
            fits = type.dtype in ("float64", "bool")
        elif operation == "getitem":
            fits = True
        elif operation == "reshape":
            fits = ranks[0] + len(type.shape) <= 1
        elif operation == "broadcast_to":
            fits = ranks[0] == 0 and len(type.shape) <= 1
        elif operation in REDUCTIONS:
            fits = ranks[0] == 1 and instruction.attributes["axis"] == (0,)
        else:
            fits = max([len(type.shape), *ranks]) <= 1 and operation != "permute_dims"
            fits = fits and type.dtype in ("float64", "bool")
        if not fits:
            raise errors.no_loop_for(operation, str(type), source_line(instruction.origin))


@dataclass(frozen=True)
class _Home:
    """The function that a value is computed in: the block of a loop, or of the numbers (length None)."""

    stage: int
    length: int | None
    block: int

    def same_loop(self, other: _Home) -> bool:
        return self.stage == other.stage and self.length == other.length


def _stages(program: Program) -> tuple[list[Stage], dict[int, _Home]]:
    """The instructions of each stage in blocks, and where each stands.

    A reduction runs in the loop over what it reduces, and its result is there a stage later; so is a whole
    array from which elements are picked.
    """
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
    for (stage, length), places in rows.items():
        blocks = [places[start : start + BLOCK] for start in range(0, len(places), BLOCK)]
        for position, block in enumerate(blocks):
            home.update(dict.fromkeys(block, _Home(stage, length, position)))
        if length is None:
            stages[stage].numbers = blocks
        else:
            groups = [Group(kind, found) for kind, found in reductions.get((stage, length), {}).items()]
            stages[stage].loops.append(Loop(length, blocks, groups))
    return stages, home


def _given(program: Program) -> list[int]:
    """The outputs that no instruction computes, and no cell holds: constants, copies, picked elements."""
    places = dict.fromkeys(program.outputs.values())
    return [
        place
        for place in places
        if is_free(program, place)
        and not (program.instructions[place].operation == "input" and not program.type(place).shape)
    ]


def _readers(program: Program, home: dict[int, _Home]) -> Iterator[tuple[int, _Home]]:
    """Pairs of a value and a function that reads it."""
    for place, reader in home.items():
        given = is_free(program, place)
        for operand in (place,) if given else program.instructions[place].operands:
            found = source(program, operand)
            if found in home and not is_free(program, found):
                yield found, reader
            elif is_pick(program, found):
                array = view(program, found).array
                if array in home and not is_free(program, array):
                    yield array, reader


def _place_cells(found: Schedule, home: dict[int, _Home]) -> None:
    """A cell for each number that more than one function needs."""
    program, cells = found.program, found.cells
    for position, name in enumerate(found.arguments + found.state):
        place = program.inputs[name]
        if not program.type(place).shape:
            cells[place] = position
    count = found.next_cell
    outputs = program.outputs
    for name in found.carried:
        place = outputs[program.carried[name]]
        if place not in cells and program.instructions[place].operation not in REDUCTIONS:
            cells[place] = count
        count += 1
    for stage in found.stages:
        for loop in stage.loops:
            for group in loop.groups:
                group.first_sum, group.first_cell = found.sum_count, count
                cells.update((place, count + position) for position, place in enumerate(group.places))
                padded = -(-len(group.places) // found.width) * found.width
                found.sum_count += padded
                count += padded
    crossing = [place for place, reader in _readers(program, home) if home.get(place) != reader]
    for place in [*crossing, *outputs.values()]:
        if place not in cells and not program.type(place).shape:
            cells[place] = count
            count += 1
    for position, name in enumerate(found.carried, found.next_cell):
        held = cells[outputs[program.carried[name]]]
        if held != position:
            found.copies.append((held, position))
    found.cell_count = count


def _place_arrays(found: Schedule, home: dict[int, _Home]) -> None:
    """Room in the arena for arrays that are outputs or that another loop reads, and lanes for those that
    another block of the same loop reads; lanes are used again after their last reader."""
    program = found.program
    whole = [place for place in found.program.outputs.values() if program.type(place).shape]
    last: dict[int, int] = {}
    for place, reader in _readers(program, home):
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
