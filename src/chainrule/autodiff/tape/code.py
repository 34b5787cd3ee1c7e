"""The whole text of the tape, and what its code calls: Python's C interface, by a table of addresses.

The code has no symbols of other libraries: what it calls stands in the table ``tape_addresses``, which is
filled after loading. So the same bytes serve every process.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path

import llvmlite.binding as binding

from chainrule.autodiff.tape import rows
from chainrule.compiler.llvm import MATH
from chainrule.primitives.row import Elementwise

#: The functions that the code calls, as C declares them.
FUNCTIONS = (
    "double PyLong_AsDouble(ptr)",
    "i64 PyLong_AsLongLong(ptr)",
    "ptr PyErr_NoMemory()",
    "ptr PyErr_Occurred()",
    "ptr PyFloat_FromDouble(double)",
    "ptr PyLong_FromDouble(double)",
    "ptr PyLong_FromLongLong(i64)",
    "ptr PyMem_RawMalloc(i64)",
    "ptr PyMem_RawRealloc(ptr, i64)",
    "ptr PyObject_CallOneArg(ptr, ptr)",
    "ptr PyObject_GetAttr(ptr, ptr)",
    "ptr PyObject_Init(ptr, ptr)",
    "ptr PyObject_Malloc(i64)",
    "ptr PyObject_Vectorcall(ptr, ptr, i64, ptr)",
    "ptr PyTuple_GetItem(ptr, i64)",
    "ptr PyType_GenericAlloc(ptr, i64)",
    "ptr PyType_GetSlot(ptr, i32)",
    "i64 PyTuple_Size(ptr)",
    "i32 PyType_IsSubtype(ptr, ptr)",
    "void PyMem_RawFree(ptr)",
    "void PyObject_Free(ptr)",
    "void Py_DecRef(ptr)",
    "void Py_IncRef(ptr)",
)

#: The Python objects that it knows: types, constants, the name of an attribute, and functions in Python for
#: what is rare.
OBJECTS = (
    "None",
    "NotImplemented",
    "float",
    "int",
    "Value",
    "data_name",
    "number_of",
    "given",
    "pull_by_attributes",
)

#: The bytes of one node, as nodes.ll lays it out.
NODE_SIZE = 64

#: The slot of a type that frees its instances, by Python's number for it.
TP_FREE = 74


def function_names() -> list[str]:
    return [_DECLARATION.match(function)["name"] for function in FUNCTIONS]  # type: ignore[index]  # each is one


def text(table: Sequence[Elementwise], power: Elementwise) -> str:
    """The tape in LLVM's language, as it is written."""
    runtime = "\n".join(Path(__file__).with_name(f"{part}.ll").read_text("utf-8") for part in _PARTS)
    for name, value in _layout().items():
        runtime = runtime.replace(f"${name}", value)
    return "\n".join([runtime, _calls(), rows.module(table, power)])


#: LLVM's passes that put small functions in place where they are called. None of them changes what is
#: computed with floating-point numbers.
PASSES = (
    "always_inliner",
    "global_dead_code_eliminate",
    "sroa",
    "instruction_combine",
    "new_gvn",
    "simplify_cfg",
)


def optimised(text: str) -> str:
    """The same, after the passes."""
    module = binding.parse_assembly(text)
    module.verify()
    binding.initialize_native_target()
    target = binding.Target.from_default_triple().create_target_machine()
    builder = binding.create_pass_builder(target, binding.create_pipeline_tuning_options())
    passes = binding.create_new_module_pass_manager()
    for name in PASSES:
        getattr(passes, f"add_{name}_pass")()
    passes.run(module, builder)
    return str(module)


_PARTS = ("nodes", "sweep", "attributes")
_DECLARATION = re.compile(r"(?P<result>\w+) (?P<name>\w+)\((?P<arguments>[^)]*)\)")


def _layout() -> dict[str, str]:
    """How the head of an object is laid out. Since 3.12 the count of references is its lower half, and
    what stands in the upper is not ours."""
    if sys.version_info < (3, 12):
        return {"count": "i64", "head": "i64", "tp_free": str(TP_FREE)}
    return {"count": "i32", "head": "i64", "tp_free": str(TP_FREE)}


def _calls() -> str:
    """A function for each address in the table, so that the code above reads as C would."""
    count = len(FUNCTIONS) + len(OBJECTS)
    lines = [
        f"@tape_addresses = global [{count} x ptr] zeroinitializer",
        f"@tape_math = global [{2 * len(MATH)} x ptr] zeroinitializer",
    ]
    for place, declaration in enumerate(FUNCTIONS):
        result, name, arguments = _DECLARATION.match(declaration).groups()  # type: ignore[union-attr]  # it is one
        kinds = arguments.split(", ") if arguments else []
        given = ", ".join(f"{kind} %{i}" for i, kind in enumerate(kinds))
        call = f"call {result} %function({given})"
        lines += [
            f"define internal {result} @{name}({given}) alwaysinline {{",
            f"%function = load ptr, ptr getelementptr (ptr, ptr @tape_addresses, i64 {place})",
            *([call, "ret void"] if result == "void" else [f"%answer = {call}", f"ret {result} %answer"]),
            "}",
        ]
    for place, name in enumerate(OBJECTS, len(FUNCTIONS)):
        lines += [
            f"define internal ptr @{name}() alwaysinline {{",
            f"%object = load ptr, ptr getelementptr (ptr, ptr @tape_addresses, i64 {place})",
            "ret ptr %object",
            "}",
        ]
    return "\n".join([*lines, ""])
