"""The expression language on random texts: its own errors come out, and Python's own values."""

from __future__ import annotations

import ast
import math
import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from chainrule import errors
from chainrule.expressions import FUNCTIONS, Program, evaluate, parse, parse_bindings, unparse

MATH = {
    "exp": math.exp,
    "log": math.log,
    "sqrt": math.sqrt,
    "abs": abs,
    "tanh": math.tanh,
    "sigmoid": lambda x: 0.5 + 0.5 * math.tanh(x / 2),
    "relu": lambda x: max(x, 0.0),
    "sin": math.sin,
    "cos": math.cos,
    "maximum": max,
    "minimum": min,
}
VALUES = {"x": 0.75, "y": -1.5, "w": 2.0, "ŷ": 3.25, "b_1": -0.125}
SECONDS = 2.0  # for one text: hundreds of times what it takes

PIECES = st.sampled_from(
    ["x", "y", "w", "ŷ", "y\u0302", "y'", "L", "a", "1", "2.5", ".5", "1e3", "1e−3", "9" * 400,
     "+", "-", "−", "*", "·", "×", "**", "/", "//", "^", "=", "==", ";", "\n", " ", "(", ")", ",",
     "²", "³", "⁻", ".", "[", "]", "'", '"', "#", ":", "@", "\\", "{", "}", "\u200b", "\u0302",
     "exp", "exp(", "ln(", "max(", "maximum", "lambda", "if", "import os", "__class__",
     "__import__('os')", ".__class__", "[0]", "\x00", "\ud800", "値", "٣", "½", "∞"]
)  # fmt: skip


def operations(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """One operation on random expressions, as it would be typed."""
    binary = st.tuples(inner, st.sampled_from([" + ", " - ", "*", "/", "**", " * -"]), inner)
    one = st.sampled_from([name for name, arity in FUNCTIONS.items() if arity == 1])
    two = st.sampled_from([name for name, arity in FUNCTIONS.items() if arity == 2])
    return st.one_of(
        binary.map("".join),
        inner.map("({})".format),
        st.tuples(st.sampled_from("+-"), inner).map("".join),
        st.tuples(one, inner).map(lambda parts: "{}({})".format(*parts)),
        st.tuples(two, inner, inner).map(lambda parts: "{}({}, {})".format(*parts)),
    )


NUMBERS = st.one_of(
    st.integers(0, 10**6).map(str),
    st.floats(0, 1e6).map(repr),
    st.sampled_from([".5", "3.", "1E2", "2e-3", "12345678901234567890"]),
)
EXPRESSIONS = st.recursive(st.one_of(NUMBERS, st.sampled_from(sorted(VALUES))), operations, max_leaves=12)


def attempt(text: str) -> Program | None:
    """The program that ``text`` writes, run once; None where it is refused. In bounded time."""
    start = time.perf_counter()
    try:
        program = parse(text)
        evaluate(program, dict.fromkeys(program.inputs, 0.5), MATH)
    except errors.ChainruleError:
        program = None
    assert time.perf_counter() - start < SECONDS
    return program


@given(st.text(max_size=200))
@example("x.__class__.__bases__[0].__subclasses__()")
@example("9**9**9**9**9")
@example("((((9**9)**9)**9)**9)**9")
@settings(max_examples=500, deadline=None)
def test_random_text(text: str) -> None:
    attempt(text)


@given(st.lists(PIECES, max_size=40).map("".join))
@settings(max_examples=1000, deadline=None)
def test_random_pieces_of_the_language(text: str) -> None:
    program = attempt(text)
    if program is not None:
        assert parse(unparse(program)) == program


@given(EXPRESSIONS, st.data())
@settings(max_examples=300, deadline=None)
def test_mutated_expressions(text: str, data: st.DataObject) -> None:
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(text)))
        kept = place + data.draw(st.integers(0, 2))
        text = text[:place] + data.draw(st.one_of(PIECES, st.just(""))) + text[kept:]
    attempt(text)


@given(st.lists(st.text(max_size=30), max_size=5))
@settings(max_examples=300, deadline=None)
def test_random_bindings(texts: list[str]) -> None:
    try:
        found = parse_bindings(texts)
    except errors.ChainruleError:
        return
    assert all(math.isfinite(number) for number in found.values())


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_finite_number_is_a_binding(number: float) -> None:
    assert parse_bindings([f"x={number!r}"]) == {"x": number}


@given(EXPRESSIONS)
@settings(max_examples=1000, deadline=None)
def test_pythons_own_value(text: str) -> None:
    program = parse(text)
    used = {name: VALUES[name] for name in program.inputs}
    try:
        expected = pythons_value(text)
    except (ArithmeticError, ValueError):
        with pytest.raises(errors.DomainError):
            evaluate(program, used, MATH)
        return
    found = evaluate(program, used, MATH)["L"]
    assert found == expected or (math.isnan(found) and math.isnan(expected))
    again = parse(unparse(program))
    assert again == program
    assert unparse(again) == unparse(program)


class InFloats(ast.NodeTransformer):
    """Python's expression with every integer a float, and powers that refuse complex numbers."""

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        return ast.copy_location(ast.Constant(float(str(node.value))), node)

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        if not isinstance(node.op, ast.Pow):
            return node
        power = ast.Name("real_power", ast.Load())
        return ast.fix_missing_locations(ast.Call(power, [node.left, node.right], []))


def real_power(base: float, exponent: float) -> float:
    result = base**exponent
    if isinstance(result, complex):
        raise ValueError("not a real number")
    return result


def pythons_value(text: str) -> float:
    parsed = ast.fix_missing_locations(InFloats().visit(ast.parse(text, mode="eval")))
    names = {"__builtins__": {}, "real_power": real_power, **MATH, **VALUES}
    return eval(compile(parsed, "<expression>", "eval"), names)
