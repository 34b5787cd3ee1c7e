"""The verifier: each kind of damage is found where it is, and shown among its neighbours."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from programs import Case, exact
from tests.compiler.tensor_drawing import TensorCase
from tests.compiler.tensor_programs import tensor_programs

from chainrule import errors
from chainrule.compiler.ir import Builder, Instruction, Program, Type
from chainrule.compiler.verify import fits, verify

NUMBER = Type("float64")
ROW = Type("float64", (3,))


def sound() -> list[Instruction]:
    """x, w, 2, w copied, their product, its sum, and a part of it."""
    return [
        Instruction("input", (), {"name": "x"}, ROW),
        Instruction("input", (), {"name": "w"}, NUMBER),
        Instruction("constant", (), {"value": 2.0}, NUMBER),
        Instruction("broadcast_to", (1,), {"shape": (3,)}, ROW),
        Instruction("mul", (3, 0), {}, ROW),
        Instruction("sum", (4,), {"axis": (0,)}, NUMBER),
        Instruction("getitem", (4,), {"key": (slice(0, 3, 1),)}, ROW),
    ]


def program_of(instructions: list[Instruction], **ends: Any) -> Program:
    return Program("f", instructions, **{"outputs": {"y": 5, "z": 6}, "carried": {"x": "z"}, **ends})


def test_a_sound_program_is_returned() -> None:
    program = program_of(sound())
    assert verify(program, "tracing") is program


#: A place, what is put there, and what is found wrong with it.
DAMAGE = {
    "an input after another instruction": (
        4,
        Instruction("input", (), {"name": "late"}, ROW),
        "an input stands before every other instruction",
    ),
    "two inputs of one name": (1, Instruction("input", (), {"name": "x"}, NUMBER), "called 'x'"),
    "an input without a name": (1, Instruction("input", (), {}, NUMBER), "called None"),
    "an input that reads": (1, Instruction("input", (0,), {"name": "w"}, ROW), "takes no operands"),
    "a constant that reads": (2, Instruction("constant", (0,), {"value": 1.0}, NUMBER), "no operands"),
    "an operand that comes later": (4, Instruction("mul", (3, 5), {}, ROW), "its operand v5 does not"),
    "an operand that is itself": (4, Instruction("mul", (4, 0), {}, ROW), "its operand v4 does not"),
    "an operand before the first": (4, Instruction("mul", (3, -4), {}, ROW), "its operand v-4 does not"),
    "an operand beyond the end": (4, Instruction("mul", (3, 99), {}, ROW), "its operand v99 does not"),
    "an operand that is no place": (4, Instruction("mul", (3, "x"), {}, ROW), "its operand 'x' does not"),
    "an unknown operation": (4, Instruction("cube", (3,), {}, ROW), "no operation 'cube'"),
    "too few operands": (4, Instruction("mul", (3,), {}, ROW), "takes 2 operands, not 1"),
    "operands that do not fit": (4, Instruction("mul", (1, 0), {}, ROW), "one shape and one dtype"),
    "another type than inferred": (
        4,
        Instruction("mul", (3, 0), {}, NUMBER),
        r"its type is f64\[3\], and f64",
    ),
    "another dtype than inferred": (
        4,
        Instruction("mul", (3, 0), {}, Type("float32", (3,))),
        r"and f32\[3\] is written",
    ),
    "a type that is none": (4, Instruction("mul", (3, 0), {}, ("float64", [3])), "its type is"),
    "an input of an unknown dtype": (
        1,
        Instruction("input", (), {"name": "w"}, Type("float16")),
        "is no type",
    ),
    "a shape that is none": (
        1,
        Instruction("input", (), {"name": "w"}, Type("float64", (-1,))),
        "is no type",
    ),
    "an unknown dtype": (
        4,
        Instruction("astype", (3,), {"dtype": "half"}, Type("half", (3,))),
        "is no type",
    ),
    "an attribute that is missing": (5, Instruction("sum", (4,), {}, NUMBER), ".*axis"),
    "an attribute too many": (4, Instruction("mul", (3, 0), {"axis": 1}, ROW), ".*axis"),
    "an axis that is not there": (5, Instruction("sum", (4,), {"axis": (1,)}, NUMBER), "are not axes"),
    "an index that is not there": (
        6,
        Instruction("getitem", (4,), {"key": (3,)}, NUMBER),
        "index 3 is not within",
    ),
    "a constant with a shape": (2, Instruction("constant", (), {"value": 1.0}, ROW), "1.0 is no constant"),
    "a constant without a value": (2, Instruction("constant", (), {}, NUMBER), "None is no constant"),
    "a constant of another dtype": (
        2,
        Instruction("constant", (), {"value": 0.5}, Type("int64")),
        "0.5 is",
    ),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_damage_is_found(kind: str) -> None:
    place, damaged, wrong = DAMAGE[kind]
    instructions = sound()
    instructions[place] = damaged
    message = f"after testing, instruction v{place} is wrong: .*{wrong}"
    with pytest.raises(errors.ProgramError, match=message) as raised:
        verify(program_of(instructions), "testing")
    marked = [line for line in str(raised.value).splitlines() if line.startswith("> ")]
    assert len(marked) == 1


@pytest.mark.parametrize(
    ("ends", "message"),
    [
        ({"outputs": {"y": 7}, "carried": {}}, "the output 'y' is v7, and there are 7 instructions"),
        ({"outputs": {"y": -1}, "carried": {}}, "the output 'y' is v-1, and there are 7 instructions"),
        ({"carried": {"y": "z"}}, "'y' is carried on as 'z': it must be an input"),
        ({"carried": {"x": "x"}}, "'x' is carried on as 'x': it must be an input"),
        ({"carried": {"x": "y"}}, r"the input 'x' of type f64\[3\] is carried on as 'y' of type f64"),
    ],
)
def test_ends_that_are_not_there(ends: dict[str, Any], message: str) -> None:
    with pytest.raises(errors.ProgramError, match=f"after testing, {message}"):
        verify(program_of(sound(), **ends), "testing")


def test_a_right_instruction_does_not_excuse_a_wrong_one_like_it() -> None:
    """What is like an earlier instruction is not inferred again; attributes and types still count."""
    instructions = [*sound(), Instruction("sum", (4,), {"axis": (0,)}, NUMBER)]
    verify(program_of(instructions), "testing")
    for wrong in (
        Instruction("sum", (4,), {"axis": ()}, NUMBER),
        Instruction("sum", (4,), {"axes": (0,)}, NUMBER),
        Instruction("sum", (4,), {"axis": (0,)}, ROW),
        Instruction("sum", (5,), {"axis": (0,)}, NUMBER),
    ):
        with pytest.raises(errors.ProgramError, match="v7 is wrong"):
            verify(program_of([*instructions[:7], wrong]), "testing")


@pytest.mark.parametrize(
    ("value", "dtype", "fit"),
    [
        (1.5, "float64", True),
        (2, "float64", True),
        (True, "float32", True),
        (float("inf"), "float32", True),
        (1e39, "float32", False),
        pytest.param(10**400, "float64", False, id="10**400"),
        (2**63 - 1, "int64", True),
        (2**63, "int64", False),
        (1.0, "int64", False),
        (-(2**31), "int32", True),
        (2**31, "int32", False),
        (True, "bool", True),
        (1, "bool", False),
        ("1", "float64", False),
        (None, "float64", False),
    ],
)
def test_which_constants_fit(value: Any, dtype: str, fit: bool) -> None:
    assert fits(value, dtype) is fit


def test_the_message_shows_ten_instructions_on_either_side_and_the_users_lines() -> None:
    def user(x: float) -> float:
        return x * x

    builder = Builder("chain")
    place = builder.input("x", ROW)
    builder.origin = (user.__code__, 0)
    for _ in range(30):
        place = builder.add("tanh", (place,))
    instructions = list(builder.instructions)
    instructions[15] = Instruction("mul", (14, 14), {}, NUMBER, (user.__code__, 2))
    with pytest.raises(errors.ProgramError) as raised:
        verify(Program("chain", instructions, {"y": place}), "folding")
    line = user.__code__.co_firstlineno
    expected = [
        "after folding, instruction v15 is wrong: its type is f64[3], and f64 is written",
        f"  # test_verify.py:{line}   def user(x: float) -> float:",
        *(f"  v{n} = tanh(v{n - 1})".ljust(50) + "f64[3]" for n in range(5, 15)),
        *([f"  # test_verify.py:{line + 1}   return x * x"] if _second_line(user) else []),
        "> v15 = v14 * v14".ljust(50) + "f64",
        *([f"  # test_verify.py:{line}   def user(x: float) -> float:"] if _second_line(user) else []),
        *(f"  v{n} = tanh(v{n - 1})".ljust(50) + "f64[3]" for n in range(16, 26)),
    ]
    assert str(raised.value).splitlines() == expected


def _second_line(function: Callable[..., Any]) -> bool:
    """Whether the bytecode at 2 belongs to the function's second line."""
    code = function.__code__
    return any(
        start <= 2 < stop and line == code.co_firstlineno + 1 for start, stop, line in code.co_lines()
    )


@settings(max_examples=100, deadline=None)
@given(st.one_of(exact(), tensor_programs()))
def test_random_programs_are_sound(case: Case | TensorCase) -> None:
    assert verify(case.program, "drawing") is case.program
