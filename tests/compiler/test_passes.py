"""The passes: what each rule does, what none may do, and that a program still gives the same numbers."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from programs import SIMPLE, Case, assert_same, exact, random_program, smooth
from rules import FIRES, HOLDS, body, trace_of
from tests.compiler.tensor_drawing import TensorCase
from tests.compiler.tensor_programs import random_tensor_program, tensor_programs

from chainrule import errors
from chainrule.compiler import interpreter, passes
from chainrule.compiler.ir import Builder, Instruction, Program
from chainrule.compiler.operations import OPERATIONS
from chainrule.compiler.passes import dead_code, optimised
from chainrule.compiler.types import Type
from chainrule.compiler.verify import verify


@pytest.mark.parametrize(("text", "simple"), FIRES)
def test_a_rule_applies(text: str, simple: str) -> None:
    before, expected = trace_of(text), trace_of(simple)
    found = body(optimised(before))
    assert found == body(expected)
    assert found != body(before)
    assert found == body(optimised(expected))  # the simple form is not simplified again


@pytest.mark.parametrize("text", HOLDS)
def test_no_rule_applies_where_it_would_be_wrong(text: str) -> None:
    before = trace_of(text)
    assert body(optimised(before)) == body(before)


def test_each_rule_of_the_book_is_tried() -> None:
    """Of each operation that has rules, an expression above uses one."""
    simplified = set()
    for text, _ in FIRES:
        before = trace_of(text)
        kept = [one.operation for one in optimised(before).instructions]
        operations = [one.operation for one in before.instructions]
        simplified |= {name for name in set(operations) if operations.count(name) > kept.count(name)}
    ruled = {name for book in passes.rewriting.BOOKS for name in book.RULES}
    assert ruled <= simplified


# --- every program


@settings(max_examples=400, deadline=None)
@given(exact())
def test_a_program_gives_the_same_bits(case: Case) -> None:
    made = optimised(verify(case.program, "drawing"))
    assert_same(interpreter.run(made, case.inputs), interpreter.run(case.program, case.inputs))


@settings(max_examples=200, deadline=None)
@given(smooth())
def test_sums_and_powers_that_are_rounded_otherwise_stay_close(case: Case) -> None:
    """1e-12 is a few thousand roundings, in programs of at most 40 steps that sum at most 6 numbers."""
    found = interpreter.run(optimised(verify(case.program, "drawing")), case.inputs)
    for name, one in interpreter.run(case.program, case.inputs).items():
        np.testing.assert_allclose(found[name], one, rtol=1e-12, atol=1e-12, err_msg=name)


@settings(max_examples=300, deadline=None)
@given(tensor_programs())
def test_a_program_of_tensors_gives_the_same_numbers(case: TensorCase) -> None:
    made = optimised(verify(case.program, "drawing"))
    case.assert_agrees(interpreter.run(made, case.inputs), interpreter.run(case.program, case.inputs))


@settings(max_examples=200, deadline=None)
@given(st.one_of(exact(), tensor_programs()))
def test_what_a_pass_keeps(case: Case | TensorCase) -> None:
    before = case.program
    for _, run in passes.PASSES:
        made = run(before)
        assert made.inputs == before.inputs
        assert list(made.outputs) == list(before.outputs)
        for name in made.outputs:
            assert made.type(made.outputs[name]) == before.type(before.outputs[name])
        assert (made.name, made.carried) == (before.name, before.carried)
        before = made


def test_random_programs_use_every_operation() -> None:
    """The programs are what they are said to be, and most of them get shorter."""
    used, shorter = set(), 0
    for seed in range(300):
        program = random_program(Random(seed)).program
        used |= {one.operation for one in program.instructions}
        shorter += len(optimised(program)) < len(program)
    assert used == {*SIMPLE, "input", "constant"}
    assert shorter > 200


def test_random_programs_of_tensors_use_every_operation() -> None:
    used, shorter = set(), 0
    for seed in range(300):
        program = random_tensor_program(Random(seed)).program
        used |= {one.operation for one in program.instructions}
        shorter += len(optimised(program)) < len(program)
    assert used == {*OPERATIONS, "input", "constant"}
    assert shorter > 200


def test_a_second_time_there_is_next_to_nothing_left_to_do() -> None:
    lengths = []
    for seed in range(300):
        once = optimised(random_program(Random(seed)).program)
        lengths.append((len(once), len(optimised(once))))
    assert all(twice <= once for once, twice in lengths)
    assert sum(twice < once for once, twice in lengths) <= 3


def test_the_special_numbers_of_the_counterexamples() -> None:
    """Each expression of HOLDS and FIRES, on all pairs of numbers that are special."""
    special = np.array([0.0, -0.0, 1.0, -1.0, 2.5, np.inf, -np.inf, np.nan])
    rng = np.random.default_rng(0)
    for text in [*HOLDS, *(text for text, _ in FIRES if "**" not in text)]:
        before = trace_of(text)
        after = optimised(before)
        for _ in range(60):
            inputs = {
                name: rng.choice(special, before.type(place).shape).astype(before.type(place).dtype)
                if before.type(place).dtype.startswith("float")
                else rng.integers(0, 2, before.type(place).shape).astype(before.type(place).dtype)
                for name, place in before.inputs.items()
            }
            assert_same(interpreter.run(after, inputs), interpreter.run(before, inputs))


# --- sharing and dead code


def test_zeros_of_both_signs_and_dtypes_are_different_constants() -> None:
    builder = Builder("f")
    x = builder.input("x", Type("float64"))
    places = [x]
    for value in (0.0, -0.0, 0.0, float("nan"), float("nan"), 0):
        places.append(builder.add("maximum", (places[-1], builder.constant(value))))
    narrow = builder.add("astype", (x,), dtype="float32")
    wide = builder.add("maximum", (narrow, builder.constant(0.0, "float32")))
    made = optimised(builder.program({"y": places[-1], "z": wide}))
    constants = [one for one in made.instructions if one.operation == "constant"]
    assert [repr(one.attributes["value"]) for one in constants] == ["0.0", "-0.0", "nan", "0.0"]


def test_slices_are_told_apart() -> None:
    assert body(optimised(trace_of("m[0:1] * m[1:2]"))) == body(trace_of("m[0:1] * m[1:2]"))


def test_dead_code_goes_and_unread_inputs_stay() -> None:
    builder = Builder("f")
    x, _ = builder.input("x", Type("float64")), builder.input("unread", Type("float64"))
    builder.add("exp", (builder.add("neg", (x,)),))
    alive = builder.add("tanh", (x,))
    program = builder.program({"y": alive}, {"x": "y"})
    made = dead_code.without_dead_code(program)
    assert list(made.inputs) == ["x", "unread"]
    assert [one.operation for one in made.instructions] == ["input", "input", "tanh"]
    assert made.carried == {"x": "y"}
    assert dead_code.without_dead_code(made) is made


def test_what_is_simple_is_not_made_anew() -> None:
    program = trace_of("x * y + s")
    assert passes.rewritten(program) is program
    assert optimised(program) is program


def test_what_a_rule_makes_comes_from_the_line_that_it_was_made_for() -> None:
    origins = [(compile("", name, "exec"), 0) for name in ("first.py", "second.py")]
    builder = Builder("f")
    x, y = builder.input("x", Type("float64")), builder.input("y", Type("float64"))
    builder.origin = origins[0]
    turned = builder.add("neg", (x,))
    builder.origin = origins[1]
    made = optimised(builder.program({"z": builder.add("add", (y, turned))}))
    assert [(one.operation, one.origin) for one in made.instructions[2:]] == [("sub", origins[1])]


def test_a_pass_that_breaks_the_program_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(program: Program) -> Program:
        return Program(program.name, program.instructions, {"result": len(program)}, program.carried)

    monkeypatch.setattr(passes, "PASSES", (("a broken pass", broken),))
    with pytest.raises(errors.ProgramError, match="after a broken pass, the output 'result'"):
        optimised(trace_of("x + y"))
    assert optimised(trace_of("x + y"), check=False).outputs == {"result": 13}


def test_each_instruction_is_visited_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The work grows with the program: so does the number of instructions that are simplified, and no
    chain is too long."""
    visits: list[str] = []
    simplest = passes.rewriting.Rewriter.simplest

    def counted(self: Any, one: Instruction) -> int:
        visits.append(one.operation)
        return simplest(self, one)

    monkeypatch.setattr(passes.rewriting.Rewriter, "simplest", counted)
    counts = []
    for steps in (1000, 10_000):
        builder = Builder("chain")
        place = builder.input("x", Type("float64", (4,)))
        minus_one = builder.add("broadcast_to", (builder.constant(-1.0),), shape=(4,))
        for step in range(steps):
            other = (minus_one, place)[step % 2]
            place = builder.add(("mul", "add")[step % 2], (builder.add("neg", (place,)), other))
        visits.clear()
        optimised(builder.program({"y": place}))
        counts.append(len(visits))
    assert counts[1] < 10.1 * counts[0]
