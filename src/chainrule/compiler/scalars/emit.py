"""The scheduled program as one module of LLVM code.

Each block is a function of straight code; :func:`_run` is the one that is called from outside, and calls
them in their loops. Everything that they need is in one table of addresses, the *frame*:

.. code-block:: text

    steps      how many times the program runs, one run after the other
    cells, sums, lanes, arena     memory for what one function leaves to another (see schedule)
    inputs     the address of each argument at this step, filled in by the code
    arguments  for each argument: its address, the bytes from one step's to the next, and the number of
               entries, after which it starts again
    outputs    where the results go: for each step, the numbers and arrays of all results in order
    math       addresses of mathematical functions (see llvm)
    state      for each number of the state, its address
    words      addresses of 32-bit words, word_count of them: each is and-ed at the end with its mask, so
    masks      that who owns the state's numbers can keep notes there of what they were
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from math import inf

from chainrule.compiler.llvm import Operand, Writer, literal
from chainrule.compiler.scalars.body import STEPS, Body
from chainrule.compiler.scalars.layout import results
from chainrule.compiler.scalars.numbers import Numbers
from chainrule.compiler.scalars.packing import Pack
from chainrule.compiler.scalars.schedule import (
    Group,
    Loop,
    Schedule,
)

#: The places of the frame, each of 8 bytes.
FRAME = (
    "steps",
    "cells",
    "sums",
    "lanes",
    "arena",
    "inputs",
    "arguments",
    "outputs",
    "math",
    "state",
    "words",
    "word_count",
    "masks",
)

#: What every block is given.
_MEMORY = ("cells", "sums", "lanes", "arena", "inputs", "math")
_PARAMETERS = ", ".join(f"ptr noalias %{name}" for name in _MEMORY)
_ARGUMENTS = ", ".join(f"ptr %{name}" for name in _MEMORY)

#: Where a reduction starts.
_STARTS = {"sum": 0.0, "max": -inf, "min": inf}


def module(schedule: Schedule, vectorised: Collection[str]) -> str:
    """LLVM's text; ``vectorised`` names the functions that the table ``math`` has for whole vectors."""
    parts = [_declarations(schedule.width)]
    calls: list[str] = []
    for position, stage in enumerate(schedule.stages):
        for number, block in enumerate(stage.numbers):
            name = f"numbers_{position}_{number}"
            parts.append(_numbers(schedule, name, block, vectorised))
            calls.append(f"call void @{name}({_ARGUMENTS})")
        for number, loop in enumerate(stage.loops):
            name = f"loop_{position}_{number}"
            parts += _loop(schedule, name, loop, vectorised)
            calls.append(f"call void @{name}({_ARGUMENTS})")
    parts.append(_run(schedule, calls))
    bits = 64 * schedule.width
    parts.append(
        f'attributes #0 = {{ nounwind "min-legal-vector-width"="{bits}" "prefer-vector-width"="{bits}" }}\n'
    )
    return "\n".join(parts)


def _declarations(width: int) -> str:
    vector, pointers, mask = f"<{width} x double>", f"<{width} x ptr>", f"<{width} x i1>"
    intrinsics = [
        f"double @llvm.{name}.f64(double)\ndeclare {vector} @llvm.{name}.v{width}f64({vector})"
        for name in ("fabs", "sqrt")
    ]
    intrinsics.append(f"double @llvm.vector.reduce.fadd.v{width}f64(double, {vector})")
    intrinsics += [
        f"{vector} @llvm.masked.load.v{width}f64.p0(ptr, i32, {mask}, {vector})",
        f"{vector} @llvm.masked.gather.v{width}f64.v{width}p0({pointers}, i32, {mask}, {vector})",
        "void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)",
    ]
    return "".join(f"declare {one}\n" for one in intrinsics)


# --- loops -------------------------------------------------------------------------------------------


def _numbers(schedule: Schedule, name: str, block: list[Pack], vectorised: Collection[str]) -> str:
    numbers = Numbers(schedule, vectorised)
    numbers.write_units(block)
    return _function(name, numbers.writer.lines)


def _function(name: str, lines: list[str], turn: str = "") -> str:
    body = "\n".join(line if line.endswith(":") else f"  {line}" for line in lines)
    return f"define internal void @{name}({_PARAMETERS}{turn}) #0 {{\n{body}\n  ret void\n}}\n"


def _loop(schedule: Schedule, name: str, loop: Loop, vectorised: Collection[str]) -> Iterator[str]:
    """The functions of a loop: its blocks, and the one that turns them."""
    width = schedule.width
    sums = {
        place: group.first_sum + position
        for group in loop.groups
        for position, place in enumerate(group.places)
    }
    calls = []
    for number, block in enumerate(loop.blocks):
        writer = Writer(width, contract=True, vectorised=vectorised)
        Body(schedule, writer, loop.length).write(block, sums)
        yield _function(f"{name}_{number}", writer.lines, ", i64 %i")
        calls.append(f"call void @{name}_{number}({_ARGUMENTS}, i64 %i)")
    lines = ["entry:", "br label %g0start.start"]
    turn, over = "turns.start", f"g{len(loop.groups)}total.start"
    for number, group in enumerate(loop.groups):
        after = f"g{number + 1}start.start" if number + 1 < len(loop.groups) else turn
        start = _start(group, number, width)
        lines += _repeat(f"g{number}start", str(len(group.places)), start, after)
    if not loop.groups:
        lines[1] = f"br label %{turn}"
    turns = -(-loop.length // width)
    body = [f"%i = mul i64 %turns.i, {width}", *calls]
    lines += _repeat("turns", str(turns), body, "g0total.start")
    for number, group in enumerate(loop.groups):
        count = -(-len(group.places) // width)
        total = _total(schedule, group, number)
        lines += _repeat(f"g{number}total", str(count), total, f"g{number + 1}total.start")
    lines.append(f"{over}:")
    yield _function(name, lines)


def _start(group: Group, number: int, width: int) -> list[str]:
    """One running sum, set to where it starts."""
    at, start = f"%g{number}start", _STARTS[group.kind]
    return [
        f"{at}.place = add i64 {at}.i, {group.first_sum}",
        f"{at}.offset = mul i64 {at}.place, {width}",
        f"{at}.at = getelementptr inbounds double, ptr %sums, i64 {at}.offset",
        f"store <{width} x double> {literal(start, width)}, ptr {at}.at, align {8 * width}",
    ]


def _total(schedule: Schedule, group: Group, number: int) -> list[str]:
    """The lanes of each running sum put together, for as many sums at a time as there are lanes: each round
    joins two vectors into one, by adding neighbours."""
    width, at = schedule.width, f"%g{number}total"
    writer = Writer(width)
    writer.prefix = f"%g{number}t"
    place = writer.name(f"mul i64 {at}.i, {width}")
    first = writer.name(f"add i64 {place}, {group.first_sum}")
    offset = writer.name(f"mul i64 {first}, {width}")
    sums = writer.name(f"getelementptr inbounds double, ptr %sums, i64 {offset}")
    vectors = []
    for lane in range(width):
        address = writer.name(f"getelementptr inbounds double, ptr {sums}, i64 {lane * width}")
        vectors.append(writer.value(f"load {writer.number_type}, ptr {address}, align {8 * width}"))
    total = _joined(writer, group.kind, vectors)
    cell = writer.name(f"add i64 {place}, {group.first_cell}")
    address = writer.name(f"getelementptr inbounds double, ptr %cells, i64 {cell}")
    writer.line(f"store {writer.number_type} {total.text}, ptr {address}, align 8")
    return writer.lines


def _joined(writer: Writer, kind: str, vectors: list[Operand]) -> Operand:
    """Lane i of the result is ``kind`` over all lanes of vector i."""
    width = writer.lanes
    while len(vectors) > 1:
        joined = []
        for left, right in zip(vectors[::2], vectors[1::2], strict=True):
            halves = []
            for first in (0, 1):
                picks = ", ".join(
                    f"i32 {lane + first + side * width}" for side in (0, 1) for lane in range(0, width, 2)
                )
                both = ", ".join(f"{writer.number_type} {side}" for side in (left, right))
                halves.append(writer.value(f"shufflevector {both}, <{width} x i32> <{picks}>"))
            joined.append(getattr(writer, STEPS[kind])(*halves))
        vectors = joined
    return vectors[0]


# --- the whole ---------------------------------------------------------------------------------------


def _run(schedule: Schedule, calls: list[str]) -> str:
    """``run(frame)``: read the state, take the steps, write the state back."""
    carried, arguments = len(schedule.carried), len(schedule.arguments)
    lines = ["entry:"]
    for place, name in enumerate(FRAME):
        kind = "i64" if name in ("steps", "word_count") else "ptr"
        lines += [
            f"%{name}.at = getelementptr inbounds i64, ptr %frame, i64 {place}",
            f"%{name} = load {kind}, ptr %{name}.at",
        ]
    lines += [
        f"%state.cells = getelementptr inbounds double, ptr %cells, i64 {schedule.state_cell}",
        f"%next.cells = getelementptr inbounds double, ptr %cells, i64 {schedule.next_cell}",
        f"%state.read = getelementptr inbounds ptr, ptr %state, i64 {schedule.unread}",
        f"%read.cells = getelementptr inbounds double, ptr %state.cells, i64 {schedule.unread}",
        "br label %read.start",
        *_repeat("read", str(len(schedule.state) - schedule.unread), _READ, "steps.start"),
        *_repeat("steps", "%steps", [], "write.start", inner="arguments.start"),
        *_repeat("arguments", str(arguments), _ARGUMENT, "step"),
        "step:",
        *calls,
        *_copies(schedule),
        *_outputs(schedule),
        f"call void @llvm.memcpy.p0.p0.i64(ptr %state.cells, ptr %next.cells, i64 {8 * carried}, i1 false)",
        "br label %steps.next",
        *_repeat("write", str(carried), _WRITE, "word.start"),
        *_repeat("word", "%word_count", _WORD, "done"),
        "done:",
        "ret void",
    ]
    body = "\n".join(line if line.endswith(":") else f"  {line}" for line in lines)
    return f"define void @run(ptr %frame) #0 {{\n{body}\n}}\n"


def _repeat(
    name: str, count: str, body: list[str], after: str, *, inner: str | None = None
) -> Iterator[str]:
    """A loop of ``count`` turns, counted by ``%name.i``; with ``inner``, its body is elsewhere, and ends by
    going to ``name.next``."""
    yield f"{name}.start:"
    yield f"br label %{name}.head"
    yield f"{name}.head:"
    yield f"%{name}.i = phi i64 [0, %{name}.start], [%{name}.j, %{name}.next]"
    yield f"%{name}.more = icmp slt i64 %{name}.i, {count}"
    yield f"br i1 %{name}.more, label %{inner or f'{name}.body'}, label %{after}"
    if inner is None:
        yield f"{name}.body:"
        yield from body
        yield f"br label %{name}.next"
    yield f"{name}.next:"
    yield f"%{name}.j = add i64 %{name}.i, 1"
    yield f"br label %{name}.head"


_READ = """
%read.at = getelementptr inbounds ptr, ptr %state.read, i64 %read.i
%read.address = load ptr, ptr %read.at
%read.value = load double, ptr %read.address
%read.cell = getelementptr inbounds double, ptr %read.cells, i64 %read.i
store double %read.value, ptr %read.cell
""".strip().split("\n")

_WRITE = """
%write.at = getelementptr inbounds ptr, ptr %state, i64 %write.i
%write.address = load ptr, ptr %write.at
%write.cell = getelementptr inbounds double, ptr %state.cells, i64 %write.i
%write.value = load double, ptr %write.cell
store double %write.value, ptr %write.address
""".strip().split("\n")

_WORD = """
%word.at = getelementptr inbounds ptr, ptr %words, i64 %word.i
%word.address = load ptr, ptr %word.at
%word.before = load i32, ptr %word.address
%mask.at = getelementptr inbounds i64, ptr %masks, i64 %word.i
%mask.wide = load i64, ptr %mask.at
%mask = trunc i64 %mask.wide to i32
%word.after = and i32 %word.before, %mask
store i32 %word.after, ptr %word.address
""".strip().split("\n")

# An argument is given as an address, the bytes from one entry to the next, and the number of entries. Its
# first number goes into its cell: for a number, that is all of it.
_ARGUMENT = """
%argument.at = getelementptr inbounds [3 x i64], ptr %arguments, i64 %arguments.i
%argument.base = load ptr, ptr %argument.at
%argument.at1 = getelementptr inbounds i64, ptr %argument.at, i64 1
%argument.bytes = load i64, ptr %argument.at1
%argument.at2 = getelementptr inbounds i64, ptr %argument.at, i64 2
%argument.count = load i64, ptr %argument.at2
%argument.turn = urem i64 %steps.i, %argument.count
%argument.offset = mul i64 %argument.turn, %argument.bytes
%argument.now = getelementptr inbounds i8, ptr %argument.base, i64 %argument.offset
%argument.slot = getelementptr inbounds ptr, ptr %inputs, i64 %arguments.i
store ptr %argument.now, ptr %argument.slot
%argument.value = load double, ptr %argument.now
%argument.cell = getelementptr inbounds double, ptr %cells, i64 %arguments.i
store double %argument.value, ptr %argument.cell
""".strip().split("\n")


def _copies(schedule: Schedule) -> Iterator[str]:
    """What becomes of the state, where it lies elsewhere: what lies side by side in one piece. None of it
    is copied to where another is copied from: a place in the next state belongs to what was made there."""
    pairs, first = schedule.copies, 0
    for last, (origin, target) in enumerate(pairs):
        if last + 1 < len(pairs) and pairs[last + 1] == (origin + 1, target + 1):
            continue
        origin, target = pairs[first]
        yield f"%copy{last}.from = getelementptr inbounds double, ptr %cells, i64 {origin}"
        yield f"%copy{last}.to = getelementptr inbounds double, ptr %cells, i64 {target}"
        yield (
            f"call void @llvm.memcpy.p0.p0.i64(ptr %copy{last}.to, ptr %copy{last}.from, "
            f"i64 {8 * (last + 1 - first)}, i1 false)"
        )
        first = last + 1


def _outputs(schedule: Schedule) -> Iterator[str]:
    """This step's results, to their place among the outputs."""
    size = sum(schedule.program.type(place).size for _, place in results(schedule))
    yield f"%out.offset = mul i64 %steps.i, {size}"
    yield "%out = getelementptr inbounds double, ptr %outputs, i64 %out.offset"
    offset = 0
    for number, (_, place) in enumerate(results(schedule)):
        count = schedule.program.type(place).size
        memory, start = ("arena", schedule.arena[place]) if place in schedule.arena else ("cells", None)
        if start is None:
            start = schedule.cells[place]
        yield f"%out{number}.from = getelementptr inbounds double, ptr %{memory}, i64 {start}"
        yield f"%out{number} = getelementptr inbounds double, ptr %out, i64 {offset}"
        yield (
            f"call void @llvm.memcpy.p0.p0.i64(ptr %out{number}, ptr %out{number}.from, i64 {8 * count}, "
            "i1 false)"
        )
        offset += count
