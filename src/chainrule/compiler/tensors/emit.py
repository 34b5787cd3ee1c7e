"""The planned program as one module of LLVM code.

``step(frame, team, member, members)`` is what every member of a team runs: for each step it fills in its
own table of addresses, and goes through the launches in order. A launch that is shared is done part by
part, each part by one member, and the parts are the same however many members there are: so the numbers
do not depend on who had time. Members wait for each other where one reads what another has written.

The frame, in numbers of 64 bits: how many steps; the address of the members' tables; of the common
entries of a table; and of the arrays: for each its address, the bytes from one step's entry to the next,
and the number of entries, after which it starts again."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from chainrule.compiler import barrier
from chainrule.compiler.blas import Blas
from chainrule.compiler.tensors.code import Code
from chainrule.compiler.tensors.combining import combined
from chainrule.compiler.tensors.convolution_launch import ConvolutionLaunch
from chainrule.compiler.tensors.elements import Vectorised, item_bytes
from chainrule.compiler.tensors.fusion import Group, Kernel
from chainrule.compiler.tensors.loops import PARAMETERS, KernelCode
from chainrule.compiler.tensors.moving import WAYS, MovingCode
from chainrule.compiler.tensors.plan import CALLBACK, DGEMM, FAILURE, FIRST_ARRAY, SGEMM, Plan
from chainrule.compiler.tensors.products import ProductCode

#: The places of the frame.
STEPS, TABLES, COMMON, MATH, ARRAYS = range(5)


class Launch(NamedTuple):
    """A function that is called in its turn: in so many parts; ``what`` says it in words."""

    name: str
    parts: int
    what: str
    places: tuple[int, ...]
    is_check: bool = False


class Module(NamedTuple):
    """LLVM's text, the launches in order, and the places whose operation is called back for."""

    text: str
    launches: list[Launch]
    callbacks: list[int]


def module(plan: Plan, width: int, vectorised: Vectorised, blas: Blas | None) -> Module:
    """``width`` is that of a vector, in bytes."""
    texts: list[str] = []
    launches: list[Launch] = []
    callbacks: list[int] = []
    making = _Making(plan, width, vectorised, blas)
    for group in plan.order:
        for launch, text in _launches(making, group, callbacks):
            launches.append(launch)
            texts.append(text)
    texts.append(_step(plan, launches))
    texts.append(barrier.text())
    bits = 8 * width
    texts.append(
        f'attributes #0 = {{ nounwind "min-legal-vector-width"="{bits}" "prefer-vector-width"="{bits}" }}\n'
    )
    body = "\n".join(texts)
    return Module(declarations(body) + body, launches, callbacks)


class _Making(NamedTuple):
    """What all functions of a module are made from."""

    plan: Plan
    width: int
    vectorised: Vectorised
    blas: Blas | None


def _launches(making: _Making, group: Group, callbacks: list[int]) -> Iterator[tuple[Launch, str]]:
    """The launches of a group, one after the other, and their functions."""
    if isinstance(group, Kernel):
        yield from _of_kernel(making, group)
        return
    plan = making.plan
    [place] = group.members
    one = plan.lowered.instructions[place]
    name = f"{one.operation}_{place}"
    if not one.type.size:
        return
    if one.operation == "matmul":
        product = ProductCode(
            plan.lowered, place, plan.storage, plan.parts, making.width, making.vectorised, making.blas
        )
        how = "product in line" if product.inline else "product by BLAS"
        parts = product.parts
        yield Launch(name, parts, how, (place,)), product.text(name)
    elif one.operation.startswith("convolution"):
        yield from _of_convolution(making, group, place, name)
    elif one.operation in WAYS:
        text = MovingCode(plan.lowered, place, plan.storage).text(name)
        yield Launch(name, 1, "moves", (place,), one.operation == "check"), text
    else:
        callbacks.append(place)
        yield Launch(name, 1, "numpy", (place,)), _callback(name, len(callbacks) - 1)


def _of_kernel(making: _Making, kernel: Kernel) -> Iterator[tuple[Launch, str]]:
    plan = making.plan
    nest, parts, scratch = plan.nests[kernel.number], plan.parts_of(kernel), plan.scratch[kernel.number]
    name = f"kernel_{kernel.number}"
    text = KernelCode(nest, plan.storage, scratch, parts, making.width, making.vectorised).text(name)
    yield Launch(name, parts, "kernel", tuple(kernel.members)), text
    if parts > 1:
        for place in nest.accumulated():
            name = f"combine_{place}"
            text = combined(place, nest, plan.storage[place], scratch[place], parts, name)
            yield Launch(name, 1, "combine", (place,)), text


def _of_convolution(making: _Making, group: Group, place: int, name: str) -> Iterator[tuple[Launch, str]]:
    plan = making.plan
    [(memory, _)] = plan.scratch[group.number].values()
    launch = ConvolutionLaunch(plan.lowered, place, plan.parts, making.width, making.blas)
    gemm = SGEMM if plan.lowered.type(place).dtype == "float32" else DGEMM
    how = "convolution by BLAS" if making.blas else "convolution in loops"
    for number, one in enumerate(launch.functions(name, plan.storage, memory, gemm)):
        yield Launch(one.name, one.parts, "combine" if number else how, (place,)), one.text


def _callback(name: str, number: int) -> str:
    """A function that calls Python: what has no loops of its own is computed by numpy."""
    code = Code()
    function = code.name(f"load ptr, ptr {code.at('%arrays', 'ptr', CALLBACK)}")
    code.line(f"call void {function}(i64 {number}, ptr %arrays)")
    code.line("ret void")
    return code.function(name, PARAMETERS)


# --- the step ----------------------------------------------------------------------------------------


def _step(plan: Plan, launches: list[Launch]) -> str:
    code = Code()
    entries = {
        name: code.name(f"load {kind}, ptr {code.at('%frame', 'i64', place)}")
        for name, place, kind in (
            ("steps", STEPS, "i64"),
            ("tables", TABLES, "ptr"),
            ("common", COMMON, "ptr"),
            ("math", MATH, "ptr"),
            ("arrays", ARRAYS, "ptr"),
        )
    }
    own = code.name(f"mul i64 %member, {plan.slots}")
    table = code.at(entries["tables"], "ptr", own)
    with code.loop("0", str(FIRST_ARRAY)) as loop:
        entry = code.name(f"load ptr, ptr {code.at(entries['common'], 'ptr', loop.index)}")
        code.line(f"store ptr {entry}, ptr {code.at(table, 'ptr', loop.index)}")
    with code.loop("0", entries["steps"]) as step:
        with code.loop("0", str(plan.slots - FIRST_ARRAY)) as loop:
            _fill_in(code, entries["arrays"], table, loop.index, step.index)
        written = False  # whether a member may read what another has written since they last met
        for position, launch in enumerate(launches):
            if written and (launch.parts > 1 or not _alone(launches, position - 1)):
                _meet(code)
                written = False
            _call(code, launch, table, entries["math"])
            written = True
            if launch.is_check and not (position + 1 < len(launches) and launches[position + 1].is_check):
                _meet(code)
                written = False
                _leave_on_failure(code, table)
        if plan.copies:
            _meet(code)
            _copies(code, plan, table)
        _meet(code)
    code.line("ret void")
    body = "\n".join(line if line.endswith(":") else f"  {line}" for line in code.lines)
    parameters = "ptr %frame, ptr %team, i64 %member, i64 %members"
    return f"define void @step({parameters}) #0 {{\nentry:\n{body}\n}}\n"


def _alone(launches: list[Launch], position: int) -> bool:
    """Whether the launch is the first member's alone."""
    return launches[position].parts == 1


def _fill_in(code: Code, arrays: str, table: str, index: str, step: str) -> None:
    """The address of one array at this step."""
    at = code.at(arrays, "[3 x i64]", index)
    base = code.name(f"load ptr, ptr {at}")
    size = code.name(f"load i64, ptr {code.at(at, 'i64', 1)}")
    count = code.name(f"load i64, ptr {code.at(at, 'i64', 2)}")
    turn = code.name(f"urem i64 {step}, {count}")
    now = code.at(base, "i8", code.name(f"mul i64 {turn}, {size}"))
    entry = code.name(f"add i64 {index}, {FIRST_ARRAY}")
    code.line(f"store ptr {now}, ptr {code.at(table, 'ptr', entry)}")


def _call(code: Code, launch: Launch, table: str, math: str) -> None:
    if launch.parts > 1:
        with code.loop("%member", str(launch.parts), "%members") as loop:
            code.line(f"call void @{launch.name}(ptr {table}, ptr {math}, i64 {loop.index})")
        return
    with code.when(code.name("icmp eq i64 %member, 0")):
        code.line(f"call void @{launch.name}(ptr {table}, ptr {math}, i64 0)")


def _meet(code: Code) -> None:
    code.line("call void @barrier(ptr %team, i64 %member, i64 %members)")


def _leave_on_failure(code: Code, table: str) -> None:
    note = code.name(f"load ptr, ptr {code.at(table, 'ptr', FAILURE)}")
    failed = code.name(f"load i64, ptr {note}")
    with code.when(code.name(f"icmp ne i64 {failed}, 0")):
        code.line("ret void")
        code.start(f"never{len(code.lines)}")


def _copies(code: Code, plan: Plan, table: str) -> None:
    """What becomes of the state, where it was not written in place."""
    with code.when(code.name("icmp eq i64 %member, 0")):
        for place, slot in plan.copies:
            type, source = plan.lowered.type(place), plan.storage[place]
            base = code.name(f"load ptr, ptr {code.at(table, 'ptr', source.slot)}")
            target = code.name(f"load ptr, ptr {code.at(table, 'ptr', slot)}")
            size = type.size * item_bytes(type.dtype)
            code.line(
                f"call void @llvm.memcpy.p0.p0.i64(ptr {target}, ptr {code.at(base, 'i8', source.offset)}, "
                f"i64 {size}, i1 false)"
            )


# --- declarations ------------------------------------------------------------------------------------

_CALLED = re.compile(r"call (?P<result>\S+|<[^>]*>) (?P<name>@llvm\.[\w.]+)\((?P<operands>.*)\)$", re.M)


def declarations(text: str) -> str:
    """The declarations of LLVM's own functions that ``text`` calls and does not declare.

    >>> declarations("  %x = call float @llvm.sqrt.f32(float %y)")
    'declare float @llvm.sqrt.f32(float)\\n'
    """
    found: dict[str, str] = {}
    for match in _CALLED.finditer(text):
        name = match["name"]
        if name not in found and f"declare {match['result']} {name}(" not in text:
            kinds = ", ".join(_kind(operand) for operand in _operands(match["operands"]))
            found[name] = f"declare {match['result']} {name}({kinds})\n"
    return "".join(found.values())


def _operands(text: str) -> Iterator[str]:
    """The operands of a call, between the commas that stand in no bracket."""
    depth, start = 0, 0
    for position, letter in enumerate(text):
        depth += (letter in "<(") - (letter in ">)")
        if letter == "," and not depth:
            yield text[start:position].strip()
            start = position + 1
    if text.strip():
        yield text[start:].strip()


def _kind(operand: str) -> str:
    """The type that an operand starts with."""
    return operand[: operand.index(">") + 1] if operand.startswith("<") else operand.split()[0]
