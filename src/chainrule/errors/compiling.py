"""Messages about compiled functions: what cannot be traced, and programs that are not well formed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from chainrule.errors.kinds import (
    CompileError,
    CompileWarning,
    DomainError,
    DTypeError,
    GraphError,
    IndexOutOfRangeError,
    ProgramError,
    ShapeError,
    TraceError,
    shown,
)


def no_such_operation(operation: str) -> ProgramError:
    return ProgramError(f"the array program has no operation {operation!r}")


def bad_operands(
    operation: str, types: Sequence[str], attributes: Mapping[str, Any], wrong: str
) -> ProgramError:
    given = ", ".join([*types, *(f"{name}={value!r}" for name, value in attributes.items())])
    return ProgramError(f"{operation}({given}): {wrong}")


def not_well_formed(place: int, wrong: str, context: str, stage: str) -> ProgramError:
    return ProgramError(f"after {stage}, instruction v{place} is wrong: {wrong}\n{context}")


_ESCAPES = {
    "bool": "an `if`, `while`, `and`, `or` or `not` asks whether it is true",
    "float": "float(), or a function of the math module, asks for its number",
    "int": "int() asks for its number",
    "index": "range(), an index or a count asks for its number",
    "round": "round() asks for its number",
    "format": "a format like {x:.3f} asks for its number",
    "array": "numpy asks for its numbers",
    "setitem": "an element of it is assigned to",
}

_FIXED = (
    "A number that decides how much is computed cannot change from call to call: let the function close "
    "over it, as a plain int"
)

_REMEDIES = {
    "bool": "Choose without a jump (x.relu(), abs(x), (x > 0) * a + (x <= 0) * b), or make the choice "
    "outside of the compiled function",
    "float": "Use its own methods (x.exp(), x.log(), x.tanh(), …) on a Value, or take the number from what "
    "the compiled function returns",
    "int": _FIXED,
    "index": _FIXED,
    "round": "Round what the compiled function returns",
    "format": "Print what the compiled function returns",
    "array": "Compute with +, −, *, / and a Value's methods, or give numpy what the compiled function "
    "returns",
    "setitem": "Build a list of the elements instead",
}


def traced_escape(how: str, kind: str, place: str) -> TraceError:
    return TraceError(
        f"{place}: {_ESCAPES[how]}, and it has none yet: this is a traced {kind}, a step of the program "
        f"that is being compiled. {_REMEDIES[how]}"
    )


def traced_index(part: Any, place: str) -> TraceError:
    return TraceError(
        f"{place}: a traced array takes whole numbers and slices between its brackets, and this is "
        f"{shown(part)}"
    )


def traced_mask(kind: str, place: str) -> TraceError:
    return TraceError(
        f"{place}: a computed mask ({kind}) between the brackets picks as many elements as it turns out to "
        "hold, and the shapes of a compiled function are known before its numbers. Keep the shape: "
        "where(mask, x, 0), or x * mask, and divide sums by mask.sum() rather than by a length"
    )


def traced_elsewhere(place: str) -> TraceError:
    return TraceError(
        f"{place}: a traced number was kept after the function that it belongs to had been traced, and it "
        "has no value. Return from the compiled function what is needed outside of it"
    )


def no_room_for(name: str, kind: str, where: str) -> CompileError:
    return CompileError(
        f"{where or 'a traced function'}: {name} is an array {kind}, and machine code gives numbers and "
        "arrays of one dimension only, yet. Return its columns, x[:, 0], or nothing of it, where it is an "
        "argument"
    )


def no_loop_for(operation: str, kind: str, where: str) -> CompileError:
    return CompileError(
        f"{where or 'a traced function'}: there is no machine code yet for {operation} giving {kind}. "
        "Compiled functions compute with numbers and with one array axis, that of chainrule.vmap; an array "
        "of more dimensions can be read, x[:, 0] or x[i][j]"
    )


# --- programs that are not well formed: each is the place, what is wrong there, the lines around it, and
# the pass that had just run


def input_not_first(place: int, context: str, stage: str) -> ProgramError:
    return not_well_formed(place, "an input stands before every other instruction", context, stage)


def input_named_badly(place: int, name: Any, context: str, stage: str) -> ProgramError:
    return not_well_formed(
        place, f"an input has a name of its own, and this one is called {name!r}", context, stage
    )


def operand_not_before(place: int, operand: Any, context: str, stage: str) -> ProgramError:
    found = f"v{operand}" if isinstance(operand, int) else repr(operand)
    return not_well_formed(place, f"its operand {found} does not stand before it", context, stage)


def takes_no_operands(place: int, operation: str, context: str, stage: str) -> ProgramError:
    return not_well_formed(place, f"an instruction {operation!r} takes no operands", context, stage)


def no_such_type(place: int, found: Any, context: str, stage: str) -> ProgramError:
    return not_well_formed(
        place,
        f"{found!r} is no type: it takes a dtype that the compiler knows, and a shape of whole numbers",
        context,
        stage,
    )


def wrongly_typed(place: int, found: Any, inferred: Any, context: str, stage: str) -> ProgramError:
    return not_well_formed(place, f"its type is {inferred}, and {found} is written", context, stage)


def constant_does_not_fit(place: int, value: Any, type: Any, context: str, stage: str) -> ProgramError:
    return not_well_formed(place, f"{value!r} is no constant of type {type}", context, stage)


def output_not_there(name: str, place: Any, count: int, stage: str) -> ProgramError:
    return ProgramError(
        f"after {stage}, the output {name!r} is v{place}, and there are {count} instructions"
    )


def carried_nowhere(name: str, output: str, stage: str) -> ProgramError:
    return ProgramError(
        f"after {stage}, {name!r} is carried on as {output!r}: it must be an input, carried on as an output"
    )


def carried_as_another_type(name: str, before: Any, output: str, after: Any, stage: str) -> ProgramError:
    return ProgramError(
        f"after {stage}, the input {name!r} of type {before} is carried on as {output!r} of type {after}"
    )


# --- programs that are run on numpy


def inputs_do_not_match(program: str, missing: Sequence[str], unknown: Sequence[str]) -> ProgramError:
    found = [f"{name!r} is missing" for name in missing]
    found += [f"there is no input {name!r}" for name in unknown]
    return ProgramError(f"{program}: {', '.join(found)}")


def input_of_another_type(program: str, name: str, expected: Any, found: Any) -> ProgramError:
    return ProgramError(f"{program}: the input {name!r} is {expected}, and {found} was given")


def batch_one_by_one(place: str) -> TraceError:
    return TraceError(
        f"{place}: the results of chainrule.vmap are the lanes of one loop in a compiled function, and "
        "cannot be taken one by one. Put them together with .sum() or .mean(), or return them"
    )


def column_of_traced(place: str) -> TraceError:
    return TraceError(
        f"{place}: chainrule.vmap takes arrays of numbers, or lists of plain numbers, in a compiled "
        "function, and this list holds values or traced numbers. Give the compiled function the whole "
        "array, and hand that on"
    )


def examples_differ(shapes: Sequence[Any]) -> ShapeError:
    return ShapeError(
        "chainrule.vmap maps over the first axis of its arguments, which must have one length, and these "
        f"have the shapes {', '.join(str(tuple(shape)) for shape in shapes)}: give one entry for each "
        "example in each"
    )


def no_entries(shape: Any) -> ShapeError:
    return ShapeError(
        f"chainrule.each takes an array with one entry for each step, and this has the shape {tuple(shape)}"
    )


def array_of_no_numbers(dtype: Any) -> DTypeError:
    return DTypeError(
        f"a compiled function takes arrays of real numbers, and this one's dtype is {dtype}: convert it "
        "with .astype(float)"
    )


def steps_not_a_count(steps: Any) -> DomainError:
    return DomainError(f"steps says how many calls the loop makes, 0 or more, and it is {shown(steps)}")


def not_traced_yet(name: str) -> GraphError:
    return GraphError(f"{name} has no program yet: it is traced at its first call. Call it once")


def not_compiled(name: str, why: Exception) -> CompileWarning:
    return CompileWarning(
        f"{name} could not be compiled, and runs as it was written, which is slower: "
        f"{type(why).__name__}: {why}"
    )


def traced_often(name: str, variable: str, times: int) -> CompileWarning:
    return CompileWarning(
        f"{name} has been traced {times} times because {variable!r}, which it reads from around it, is "
        f"something else at each call. Give it to {name} as an argument: it can then change without a new "
        "tracing"
    )


def each_outside_a_loop(name: str) -> DomainError:
    return DomainError(
        f"chainrule.each gives every step of a loop its own entry, and this is one call of {name}: call "
        f"{name}.loop(…, steps=n), or give one entry"
    )


def picked_outside(name: str, index: int, length: int) -> IndexOutOfRangeError:
    return IndexOutOfRangeError(
        f"{name}: index {index} is out of range: it picks along an axis of length {length}, from 0 to "
        f"{length - 1}. The step ended there, and nothing of it was written. Look at the labels and "
        "indices that it was given"
    )
