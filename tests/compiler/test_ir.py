"""The array program: how it is built, typed and printed."""

from __future__ import annotations

from typing import Any

import pytest

from chainrule import errors
from chainrule.compiler.ir import OPERATIONS, Builder, Instruction, Type, infer
from chainrule.compiler.text import listing

F64, F32, I64, BOOL = (Type(name, (2, 3)) for name in ("float64", "float32", "int64", "bool"))


def test_types_are_written_short() -> None:
    assert [str(one) for one in (Type("float64"), F64, F32, I64, BOOL)] == [
        "f64", "f64[2, 3]", "f32[2, 3]", "i64[2, 3]", "bool[2, 3]",
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
    builder.origin = (user.__code__, 0)
    truth = builder.add("isnan", (part,))
    program = builder.program({"y": truth})
    assert str(program).splitlines() == [
        "f(x: f64[4, 3]) -> y: bool[2]",
        f"  # test_ir.py:{line + 1}   return x * w",
        "  v1 = x[::2, 1]                                  f64[2]",
        "  v2 = sum(v1)                                    f64",
        f"  # test_ir.py:{line}   def user(x: float, w: float) -> float:",
        "  v3 = isnan(v1)                                  bool[2]",
        "  y = v3",
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
        ("cube", (F64,), {}, "no operation 'cube'"),
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
        assert 1 <= operation.arity <= 3
    assert Instruction("neg", (0,), {}, F64).origin is None
