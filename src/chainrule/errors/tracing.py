"""Messages about steps of tensors while they are traced: what has no numbers yet, and what stays eager."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from chainrule.errors.kinds import CompileError, TraceError

_ASKED = {
    "bool": "an `if`, `while`, `and`, `or`, `not` or `assert` asks whether it is true",
    "item": ".item() asks for its number",
    "float": "float(), or a function of the math module, asks for its number",
    "int": "int() asks for its number",
    "index": "range(), a size or an index of a list asks for its number",
    "round": "round() asks for its number",
    "floor": "// and % ask for its number",
    "format": "a format like {x:.3f} asks for its number",
    "numpy": ".numpy() asks for its numbers",
    "tolist": ".tolist() asks for its numbers",
    "array": "{asked} asks for its numbers",
}

_FIXED = (
    "A number that decides how much is computed cannot change from call to call: let the function close "
    "over it, as a plain int"
)
_OUTSIDE = "Return the tensor, and ask what the compiled function returns"

_REMEDIES = {
    "bool": "Choose without a jump, chainrule.where(condition, a, b), or make the choice outside of the "
    "compiled function",
    "item": _OUTSIDE,
    "float": f"Use a tensor's own functions (x.exp(), x.sqrt(), …). {_OUTSIDE}",
    "int": _FIXED,
    "index": _FIXED,
    "round": _OUTSIDE,
    "floor": _FIXED,
    "format": _OUTSIDE,
    "numpy": f"Compute with tensors. {_OUTSIDE}",
    "tolist": f"Compute with tensors. {_OUTSIDE}",
    "array": "Use chainrule's function of that name, or give numpy what the compiled function returns",
}


def tensor_escape(how: str, kind: str, place: str, asked: str = "") -> TraceError:
    what = _ASKED[how].format(asked=asked or "numpy") if how == "array" else _ASKED[how]
    return TraceError(
        f"{place}: {what}, and there is none yet: this is a traced {kind}, a step of the program that is "
        f"being compiled. {_REMEDIES[how]}"
    )


def seeded_in_a_trace() -> CompileError:
    return CompileError(
        "manual_seed is called by the function itself, at each call. Seed the generator before the call"
    )


def shuffled_in_a_trace(method: str) -> CompileError:
    return CompileError(
        f"the generator's {method} changes an array in place, which a compiled function cannot write down: "
        "use chainrule.randperm"
    )


def dtype_without_code(dtype: Any) -> CompileError:
    return CompileError(
        f"there is no machine code for arrays of {dtype}: convert them with .float() or .long() before the "
        "call"
    )


def values_and_tensors() -> CompileError:
    return CompileError("it computes with both Value and Tensor, and one program holds one of them")


def graph_from_outside(row: str, place: str) -> CompileError:
    return CompileError(
        f"it reads a tensor that was computed outside of it, by {row} at {place}, and whose gradient would "
        "flow out of it. Compute that tensor inside, or give its .detach()"
    )


def left_with_a_graph(name: str, shape: Sequence[int]) -> CompileError:
    return CompileError(
        f"it leaves {name}, a tensor of shape {tuple(shape)} from outside of it, with a graph of its own. "
        "Change it under no_grad, or return the result"
    )


def written_and_shared(name: str, other: str) -> CompileError:
    return CompileError(
        f"it writes to {name}, and {other} looks into the same memory as another array. Give it one of the "
        "two, and take the view inside"
    )


def attribute_changed(kind: str, name: str) -> CompileError:
    return CompileError(
        f"it changes the attribute {name!r} of a {kind} as it runs, which compiled code would not do "
        "again. Hold it in a tensor, changed in place, or change it outside"
    )


def written_in_doubt(shape: Sequence[int], place: str) -> CompileError:
    return CompileError(
        f"{place}: it writes to an array of shape {tuple(shape)} that was reshaped after its axes had been "
        "permuted, and whether numpy copies it then depends on how it lies in memory. Write to a .clone()"
    )


def no_bits(operation: str, place: str) -> CompileError:
    sign = {"logical_and": "&", "logical_or": "|"}[operation]
    return CompileError(
        f"{place}: `{sign}` of whole numbers combines their bits, and there is no machine code for that; "
        "of truths, as comparisons give them, there is"
    )
