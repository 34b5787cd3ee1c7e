"""The passes: what each rule does, what none may do, and that a program still gives the same numbers."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from programs import Case, assert_same, exact, random_program, smooth

from chainrule import errors
from chainrule.arrays import traced
from chainrule.arrays.traced import Trace
from chainrule.compiler import interpreter, passes
from chainrule.compiler.ir import Builder, Instruction, Program, Type
from chainrule.compiler.passes import dead_code, optimised
from chainrule.compiler.verify import verify

NAMES = {name: getattr(traced, name) for name in ("abs", "maximum", "minimum", "pow", "where", "isnan")}
NAMES |= {name: getattr(traced, name) for name in ("exp", "tanh", "logical_not", "sum", "max", "min")}
NAMES |= {name: getattr(traced, name) for name in ("astype", "broadcast_to", "reshape", "permute_dims")}
NAMES |= {"inf": float("inf"), "nan": float("nan")}


def trace_of(text: str) -> Program:
    """The program of an expression of vectors x, y; numbers s, t; a matrix m; and truths c."""
    trace = Trace("f")
    given: dict[str, Any] = {"x": trace.input("x", (3,)), "y": trace.input("y", (3,))}
    given |= {"s": trace.input("s"), "t": trace.input("t"), "m": trace.input("m", (2, 3))}
    given |= {"c": trace.input("c", (3,), "bool"), "d": trace.input("d", (3,), "bool")}
    given |= {"f": trace.input("f", (3,), "float32"), "i": trace.input("i", (3,), "int64")}

    def filled(value: float, shape: tuple[int, ...] = (3,)) -> Any:
        return traced.broadcast_to(trace.constant(value, "float64"), shape)

    def truths(value: bool) -> Any:
        return traced.broadcast_to(trace.constant(value, "bool"), (3,))

    trace.origin = (compile("", "<rule>", "exec"), 0)
    result = eval(text, NAMES | given | {"filled": filled, "truths": truths})
    return trace.program({"result": result})


def body(program: Program) -> str:
    """Its text, without the head and the comments."""
    made = [
        Instruction("constant", (), {"value": float(one.attributes["value"])}, one.type, one.origin)
        if one.operation == "constant" and one.type.dtype.startswith("float")
        else one
        for one in program.instructions
    ]  # 5 and 5.0 are one number
    program = Program(program.name, made, program.outputs)
    return "\n".join(line for line in str(program).splitlines() if not line.startswith(("f(", "  #")))


#: An expression, and what is computed in its place.
FIRES = [
    # folding
    ("s * (filled(2.0, ()) + 3.0)", "s * 5.0"),
    ("x * (filled(2.0) + 3.0)", "x * filled(5.0)"),
    ("s + exp(filled(0.0, ()))", "s + 1.0"),
    ("where(filled(nan, ()) > 1.0, s, t)", "t"),
    ("x + sum(filled(2.0))", "x + 6.0"),
    ("x + max(filled(2.0))", "x + 2.0"),
    ("x + filled(-inf, ()) ** 0.5", "x + inf"),
    ("filled(1e300) * 1e300", "filled(inf)"),
    # algebra
    ("x * 1", "x"),
    ("1 * x", "x"),
    ("x / 1", "x"),
    ("x - 0.0", "x"),
    ("x + -0.0", "x"),
    ("-0.0 + x", "x"),
    ("-0.0 - x", "-x"),
    ("x * -1", "-x"),
    ("-1 * x", "-x"),
    ("-(-x)", "x"),
    ("x + -y", "x - y"),
    ("-x + y", "y - x"),
    ("x - -y", "x + y"),
    ("-x * -y", "x * y"),
    ("-x * y", "-(x * y)"),
    ("x * -y", "-(x * y)"),
    ("y + -x * y", "y - x * y"),
    ("-x * 3", "x * -3"),
    ("3 * -x", "x * -3"),
    ("-(x * 3)", "x * -3"),
    ("-x / -y", "x / y"),
    ("-x / y", "-(x / y)"),
    ("x / -y", "-(x / y)"),
    ("x / 4", "x * 0.25"),
    ("x / -0.5", "x * -2.0"),
    ("f / 2", "f * 0.5"),
    ("i + 0", "i"),
    ("i - 0", "i"),
    ("x ** 0", "filled(1.0)"),
    ("1 ** x", "filled(1.0)"),
    ("x ** 1", "x"),
    ("x ** 2", "x * x"),
    ("x ** -1", "filled(1.0) / x"),
    ("abs(-x)", "abs(x)"),
    ("abs(abs(x))", "abs(x)"),
    ("maximum(x, x)", "x"),
    ("minimum(x, x)", "x"),
    ("x < x", "truths(False)"),
    ("x > x", "truths(False)"),
    ("~~c", "c"),
    ("~(x == y)", "x != y"),
    ("~(x != y)", "x == y"),
    ("c & c", "c"),
    ("c & truths(True)", "c"),
    ("truths(True) & c", "c"),
    ("c & truths(False)", "truths(False)"),
    ("c | c", "c"),
    ("c | truths(False)", "c"),
    ("truths(False) | c", "c"),
    ("truths(True) | c", "truths(True)"),
    ("where(c, x, x)", "x"),
    ("where(truths(True), x, y)", "x"),
    ("where(truths(False), x, y)", "y"),
    ("where(~c, x, y)", "where(c, y, x)"),
    ("where(c, truths(True), truths(False))", "c"),
    ("where(c, truths(False), truths(True))", "~c"),
    ("where(c, filled(1.0), filled(0.0))", "astype(c, 'float64')"),
    ("astype(astype(f, 'float64'), 'float32')", "f"),
    ("astype(astype(c, 'int64'), 'float64')", "astype(c, 'float64')"),
    # shapes
    ("broadcast_to(broadcast_to(s, (3,)), (2, 3))", "broadcast_to(s, (2, 3))"),
    ("broadcast_to(reshape(s, (1,)), (3,))", "broadcast_to(s, (3,))"),
    ("reshape(reshape(m, (6,)), (3, 2))", "reshape(m, (3, 2))"),
    ("reshape(reshape(m, (6,)), (2, 3))", "m"),
    ("reshape(s, (1, 1))", "broadcast_to(s, (1, 1))"),
    ("permute_dims(m, (0, 1))", "m"),
    ("permute_dims(permute_dims(m, (1, 0)), (1, 0))", "m"),
    (
        "permute_dims(permute_dims(reshape(m, (1, 2, 3)), (1, 2, 0)), (0, 2, 1))",
        "permute_dims(reshape(m, (1, 2, 3)), (1, 0, 2))",
    ),
    ("permute_dims(broadcast_to(s, (2, 3)), (1, 0))", "broadcast_to(s, (3, 2))"),
    ("m[:]", "m"),
    ("m[0:2, 0:3]", "m"),
    ("(x * 0 + broadcast_to(s, (3,))[1])", "x * 0 + s"),
    ("tanh(broadcast_to(s, (3,)))", "broadcast_to(tanh(s), (3,))"),
    ("x * (broadcast_to(s, (3,)) + broadcast_to(t, (3,)))", "x * (s + t)"),
    ("broadcast_to(x, (2, 3)) * broadcast_to(y, (2, 3))", "broadcast_to(x * y, (2, 3))"),
    ("where(broadcast_to(s, (3,)) > 0, x, y)", "where(s > 0, x, y)"),
    ("sum(broadcast_to(s, (2, 3)))", "s * 6.0 + 0.0"),
    ("sum(broadcast_to(s, (2, 3)), axis=1)", "broadcast_to(s * 3.0 + 0.0, (2,))"),
    ("sum(broadcast_to(x, (2, 3)), axis=0)", "x * filled(2.0) + filled(0.0)"),
    ("sum(x, axis=())", "x"),
    ("sum(broadcast_to(s, (0,)))", "filled(0.0, ())"),
    ("max(broadcast_to(s, (2, 3)))", "s"),
    ("min(broadcast_to(x, (2, 3)), axis=0)", "x"),
    ("max(reshape(x, (3, 1)), axis=1)", "x"),
    # sharing
    ("(x + y) * (y + x)", "(lambda a: a * a)(x + y)"),
    ("where(x > y, x, y) + where(y < x, x, y)", "(lambda a: a + a)(where(x > y, x, y))"),
    ("(x >= y) & (y <= x)", "x >= y"),
    ("m[0:1] + m[0:1]", "(lambda a: a + a)(m[0:1])"),
]


@pytest.mark.parametrize(("text", "simple"), FIRES)
def test_a_rule_applies(text: str, simple: str) -> None:
    before, expected = trace_of(text), trace_of(simple)
    found = body(optimised(before))
    assert found == body(expected)
    assert found != body(before)
    assert found == body(optimised(expected))  # the simple form is not simplified again


#: What looks like a rule, and the numbers for which it would be wrong.
HOLDS = [
    "x * 0",  # ∞ · 0 is NaN
    "x - x",  # ∞ − ∞ is NaN
    "x / x",  # 0 / 0 is NaN
    "x + 0.0",  # −0 + 0 is 0
    "0.0 + x",
    "x - -0.0",  # −0 − (−0) is 0
    "0.0 - x",  # 0 − 0 is 0, and not −0
    "-(x - y)",  # −(1 − 1) is −0, and 1 − 1 is 0
    "-x - y",  # −(−1) − 1 is 0, and −(−1 + 1) is −0
    "x / 3",  # 1/3 is rounded
    "x / 5e-324",  # 2⁻¹⁰⁷⁴, whose reciprocal is out of range
    "f / 7.174648137343064e-43",  # 2⁻¹⁴⁰, of which the same is true in float32
    "x ** 0.5",  # (−∞) ** 0.5 is ∞, √−∞ is NaN
    "x ** 3",  # rounded once, not twice
    "(x - y) * (y - x)",  # no sum, no product: the order counts
    "m[:, ::2]",  # from the first to the last, but not all
    "x == x",  # NaN is not
    "x <= x",
    "~(x < y)",  # not so x >= y, where one is NaN
    "maximum(x, y) - maximum(y, x)",  # of two zeros the first
    "c * x",  # not where(c, x, 0): ∞ · 0 is NaN
    "where(c, filled(1.0), filled(-0.0))",
    "x * y * 2 * y",  # products are not regrouped
    "sum(x * s)",  # Σ (∞, −∞) is NaN, and (1 − 2) · ∞ is not
    "sum(-x)",  # Σ (−1, 1) is 0, and −Σ (1, −1) is −0
    "sum(reshape(x, (3, 1)), axis=1)",  # a sum of −0 is +0
    "astype(astype(x, 'float32'), 'float64')",
    "astype(astype(i, 'float64'), 'int64')",
    "(lambda n: n * y + tanh(n))(-x)",  # −x is read twice: the product would have to be turned as well
    "sum(broadcast_to(reshape(x, (3, 1)), (3, 3)), axis=0)",
    "broadcast_to(reshape(x, (3, 1)), (3, 3)) * broadcast_to(y, (3, 3))",
]


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
    ruled = {*passes.algebra.RULES, *passes.shapes.RULES}
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


@settings(max_examples=200, deadline=None)
@given(exact())
def test_what_a_pass_keeps(case: Case) -> None:
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
    assert used == {*interpreter.FUNCTIONS, "input", "constant"}
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
    assert optimised(trace_of("x + y"), check=False).outputs == {"result": 10}


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
