"""The array program: how it is built, typed and printed."""

from __future__ import annotations

from typing import Any

import pytest

from chainrule import errors
from chainrule.compiler.ir import Builder, Instruction
from chainrule.compiler.operations import OPERATIONS, infer
from chainrule.compiler.text import listing
from chainrule.compiler.types import Type

F64, F32, I64, I32, BOOL = (Type(name, (2, 3)) for name in ("float64", "float32", "int64", "int32", "bool"))

IMAGES, FILTERS, RESULTS = (Type("float32", shape) for shape in ((8, 4, 9, 8), (6, 2, 3, 3), (8, 6, 4, 8)))
CONVOLVED = {"stride": (2, 1), "padding": (0, 1), "dilation": (1, 1), "groups": 2}


def test_types_are_written_short() -> None:
    assert [str(one) for one in (Type("float64"), F64, F32, I64, I32, BOOL)] == [
        "f64", "f64[2, 3]", "f32[2, 3]", "i64[2, 3]", "i32[2, 3]", "bool[2, 3]",
    ]  # fmt: skip
    assert (F64.size, Type("float64").size, Type("float64", (0, 3)).size) == (6, 1, 0)


def test_a_program_begins_with_its_inputs() -> None:
    builder = Builder("f")
    two = builder.constant(2.0)
    x = builder.input("x", Type("float64"))
    product = builder.add("mul", (two, x))
    y = builder.input("y", Type("float64"))
    total = builder.add("add", (product, y))
    program = builder.program({"sum": total, "y": y}, {"y": "sum"})
    assert program.inputs == {"x": 0, "y": 1}
    assert str(program).splitlines() == [
        "f(x: f64, y: f64) -> y: f64",
        "  v3 = 2.0 * x                                    f64",
        "  v4 = v3 + y                                     f64",
        "  sum = v4",
        "  y = y",
    ]
    assert program.carried == {"y": "sum"}


def test_instructions_stand_below_the_users_line() -> None:
    def user(x: float, w: float) -> float:
        return x * w

    line = user.__code__.co_firstlineno
    offset = next(start for start, _, n in user.__code__.co_lines() if n == line + 1)
    builder = Builder("f")
    x = builder.input("x", Type("float64", (4, 3)))
    builder.origin = (user.__code__, offset)
    part = builder.add("getitem", (x,), key=(slice(0, 4, 2), 1))
    builder.add("sum", (part,), axis=(0,))
    put = builder.add("update", (x, part), key=(slice(2, 4, 1), 0))
    builder.origin = (user.__code__, 0)
    truth = builder.add("isnan", (part,))
    program = builder.program({"y": truth, "z": put})
    assert str(program).splitlines() == [
        "f(x: f64[4, 3]) -> y: bool[2], z: f64[4, 3]",
        f"  # test_ir.py:{line + 1}   return x * w",
        "  v1 = x[::2, 1]                                  f64[2]",
        "  v2 = sum(v1)                                    f64",
        "  v3 = update(x[2:, 0], v1)                       f64[4, 3]",
        f"  # test_ir.py:{line}   def user(x: float, w: float) -> float:",
        "  v4 = isnan(v1)                                  bool[2]",
        "  y = v4",
        "  z = v3",
    ]
    assert list(listing(program, 0, 2)) == [
        "  v0 = input(name=x)                              f64[4, 3]",
        f"  # test_ir.py:{line + 1}   return x * w",
        "  v1 = getitem(x, key=[0:4:2, 1])                 f64[2]",
    ]


@pytest.mark.parametrize(
    ("operation", "types", "attributes", "result"),
    [
        ("add", (F64, F64), {}, F64),
        ("mul", (I64, I64), {}, I64),
        ("lt", (F32, F32), {}, BOOL),
        ("where", (BOOL, F32, F32), {}, F32),
        ("where", (BOOL, BOOL, BOOL), {}, BOOL),
        ("astype", (BOOL,), {"dtype": "float32"}, F32),
        ("broadcast_to", (Type("float64", (1, 3)),), {"shape": (4, 2, 3)}, Type("float64", (4, 2, 3))),
        ("broadcast_to", (Type("float64", (1,)),), {"shape": (0,)}, Type("float64", (0,))),
        ("reshape", (F64,), {"shape": (6,)}, Type("float64", (6,))),
        ("permute_dims", (F64,), {"axes": (1, 0)}, Type("float64", (3, 2))),
        ("getitem", (F64,), {"key": (slice(None, None, -1), 2)}, Type("float64", (2,))),
        ("sum", (F64,), {"axis": (0,)}, Type("float64", (3,))),
        ("sum", (Type("float64", (0, 2)),), {"axis": (0,)}, Type("float64", (2,))),
        ("max", (Type("float64", (0, 2)),), {"axis": (1,)}, Type("float64", (0,))),
        ("erf", (F32,), {}, F32),
        ("concat", (F64, Type("float64", (2, 1)), F64), {"axis": 1}, Type("float64", (2, 7))),
        ("iota", (), {"shape": (2, 3), "axis": 0}, I64),
        ("iota", (), {"shape": (2, 3), "axis": 1, "dtype": "float32"}, F32),
        ("update", (F64, Type("float64", (3,))), {"key": (1,)}, F64),
        ("take", (BOOL, Type("int64", (4, 5))), {"axis": 1}, Type("bool", (2, 4, 5))),
        ("take", (F64, Type("int64")), {"axis": 0}, Type("float64", (3,))),
        ("add_at", (F64, Type("int64", (4,)), Type("float64", (4, 3))), {"axis": 0}, F64),
        ("take_along_axis", (F64, Type("int64", (2, 5))), {"axis": 1}, Type("float64", (2, 5))),
        ("scatter_add", (I32, Type("int64", (1, 3)), Type("int32", (1, 3))), {"axis": 0}, I32),
        ("argmax", (F64,), {"axis": 1}, Type("int64", (2,))),
        ("argmin", (I32,), {"axis": 0}, Type("int64", (3,))),
        ("argsort", (F32,), {"axis": 0, "descending": True}, I64),
        ("matmul", (F64, Type("float64", (3, 5))), {}, Type("float64", (2, 5))),
        (
            "matmul",
            (Type("float32", (4, 2, 3)), Type("float32", (4, 3, 0))),
            {},
            Type("float32", (4, 2, 0)),
        ),
        ("convolution", (IMAGES, FILTERS), CONVOLVED, RESULTS),
        ("convolution_input", (RESULTS, FILTERS), {"shape": IMAGES.shape, **CONVOLVED}, IMAGES),
        ("convolution_weight", (RESULTS, IMAGES), {"shape": FILTERS.shape, **CONVOLVED}, FILTERS),
    ],
)
def test_results_have_types(
    operation: str, types: tuple[Type, ...], attributes: dict[str, Any], result: Type
) -> None:
    assert infer(operation, types, attributes) == result


@pytest.mark.parametrize(
    ("operation", "types", "attributes", "message"),
    [
        ("add", (F64,), {}, "takes 2 operands, not 1"),
        ("add", (F64, F32), {}, "one shape and one dtype"),
        ("add", (F64, Type("float64", (3,))), {}, "one shape and one dtype"),
        ("add", (BOOL, BOOL), {}, "numbers, not truths"),
        ("div", (I64, I64), {}, "takes floats"),
        ("exp", (I64,), {}, "takes floats"),
        ("logical_not", (F64,), {}, "truths, not numbers"),
        ("where", (F64, F64, F64), {}, "its condition must be truths"),
        ("where", (Type("bool"), F64, F64), {}, "its condition must be truths"),
        ("broadcast_to", (F64,), {"shape": (3,)}, r"\[2, 3\] cannot be copied to \[3\]"),
        ("broadcast_to", (F64,), {"shape": (3, 3)}, r"\[2, 3\] cannot be copied to \[3, 3\]"),
        ("reshape", (F64,), {"shape": (4,)}, "6 numbers cannot have the shape"),
        ("permute_dims", (F64,), {"axes": (0, 0)}, "are not the axes of"),
        ("getitem", (F64,), {"key": (2,)}, "index 2 is not within an axis of length 2"),
        ("getitem", (F64,), {"key": (0, 0, 0)}, "3 indices are too many"),
        ("sum", (F64,), {"axis": (2,)}, "are not axes of"),
        ("sum", (BOOL,), {"axis": (0,)}, "numbers, not truths"),
        ("max", (Type("float64", (0, 2)),), {"axis": (0,)}, "none is the largest"),
        ("sum", (F64,), {}, "axis"),
        ("sum", (F64,), {"axis": (0, 0)}, "an axis stands twice"),
        ("cube", (F64,), {}, "no operation 'cube'"),
        ("erf", (I64,), {}, "takes floats"),
        ("concat", (), {"axis": 0}, "takes some operands, not 0"),
        ("concat", (F64, F32), {"axis": 0}, "one shape but for the axis that grows"),
        ("concat", (F64, Type("float64", (2, 4))), {"axis": 0}, "one shape but for the axis that grows"),
        ("concat", (F64, F64), {"axis": 2}, r"2 is no axis of \[2, 3\]"),
        ("iota", (), {"shape": (), "axis": 0}, r"0 is no axis of \[\]"),
        ("iota", (), {"shape": (2,), "axis": 0, "dtype": "bool"}, "bool are none"),
        ("update", (F64, F64), {"key": (1,)}, r"must be f64\[3\]"),
        ("update", (F64, Type("float32", (3,))), {"key": (1,)}, r"must be f64\[3\]"),
        ("take", (F64, Type("int32", (4,))), {"axis": 1}, "must be int64"),
        ("take", (F64, Type("int64", (4,))), {"axis": -1}, "-1 is no axis"),
        ("add_at", (F64, Type("int64", (4,)), F64), {"axis": 0}, r"what is added must be f64\[4, 3\]"),
        ("add_at", (BOOL, Type("int64", (2,)), BOOL), {"axis": 0}, "numbers, not truths"),
        ("take_along_axis", (F64, Type("int64", (3, 3))), {"axis": 1}, "along every axis but 1"),
        ("take_along_axis", (F64, Type("int64", (3,))), {"axis": 1}, "along every axis but 1"),
        ("scatter_add", (F64, I64, F32), {"axis": 1}, r"one number for each index"),
        ("argmax", (F64,), {"axis": 2}, "are not axes"),
        ("argmax", (Type("float64", (2, 0)),), {"axis": 1}, "none is the largest"),
        ("argsort", (BOOL,), {"axis": 0, "descending": False}, "numbers, not truths"),
        ("matmul", (F64, F64), {}, "rows of 3 numbers"),
        ("matmul", (I64, I64), {}, "floats of one dtype"),
        ("matmul", (F64, Type("float64", (3,))), {}, "two matrices"),
        ("matmul", (Type("float64", (4, 2, 3)), Type("float64", (1, 3, 2))), {}, "as many on the left"),
        ("convolution", (IMAGES, FILTERS), {**CONVOLVED, "stride": (1,)}, "each of the 2 axes"),
        ("convolution", (IMAGES, FILTERS), {**CONVOLVED, "stride": (0, 1)}, "are 1 or more"),
        ("convolution", (IMAGES, FILTERS), {**CONVOLVED, "groups": 1}, "do not fit 1 groups"),
        ("convolution", (IMAGES, FILTERS), {**CONVOLVED, "dilation": (1, 9)}, "a window that is 19 wide"),
        ("convolution", (F64, F64), CONVOLVED, "batch of images"),
        (
            "convolution_input",
            (IMAGES, FILTERS),
            {"shape": IMAGES.shape, **CONVOLVED},
            r"result is f32\[8, 6, 4, 8\], and its cotangent",
        ),
    ],
)
def test_operands_that_an_operation_does_not_take(
    operation: str, types: tuple[Type, ...], attributes: dict[str, Any], message: str
) -> None:
    with pytest.raises(errors.ProgramError, match=message):
        infer(operation, types, attributes)


def test_operations_know_their_operands() -> None:
    for name, operation in OPERATIONS.items():
        assert operation.name == name
        assert operation.arity in ({"concat": None, "iota": 0}.get(name, operation.arity), 1, 2, 3)
    assert Instruction("neg", (0,), {}, F64).origin is None
