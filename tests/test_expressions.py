"""The expression language: what it means, on values of every kind and in every size."""

from __future__ import annotations

import doctest
import importlib
import math
import unicodedata
from pathlib import Path

import micrograd.engine
import numpy as np
import pytest
import sympy
import torch

from chainrule import errors, expressions
from chainrule.expressions import (
    Binary,
    Call,
    Name,
    Number,
    Unary,
    evaluate,
    parse,
    parse_bindings,
    postorder,
    unparse,
)

MATH = {
    "exp": math.exp,
    "log": math.log,
    "sqrt": math.sqrt,
    "abs": abs,
    "tanh": math.tanh,
    "sigmoid": lambda x: 1 / (1 + math.exp(-x)),
    "relu": lambda x: max(x, 0.0),
    "sin": math.sin,
    "cos": math.cos,
    "maximum": max,
    "minimum": min,
}
SOURCES = sorted(Path(expressions.__file__).parent.glob("*.py"))


def value(text: str, **values: float) -> float:
    program = parse(text)
    return evaluate(program, values, MATH)[program.output]


def tree(text: str) -> expressions.Expression:
    return parse(text).assignments[-1].value


# What it means.


def test_the_courses_two_programs() -> None:
    program = parse("L = (x*w - y)**2")
    assert evaluate(program, {"x": 1, "y": 2, "w": 1}, {}) == {"x": 1, "w": 1, "y": 2, "L": 1}
    program = parse("e = a*b; d = e + c; L = d*f")
    assert program.inputs == ("a", "b", "c", "f")
    found = evaluate(program, {"a": 2.0, "b": -3.0, "c": 10.0, "f": -2.0}, {})
    assert list(found.items()) == [
        ("a", 2.0), ("b", -3.0), ("c", 10.0), ("f", -2.0), ("e", -6.0), ("d", 4.0), ("L", -8.0)
    ]  # fmt: skip


def test_nodes_know_their_places() -> None:
    program = parse("a = 1.5; L = -tanh(a·b)")
    first, last = program.assignments
    assert (first.start, last.start) == (0, 9)
    outer = last.value
    assert isinstance(outer, Unary)
    call = outer.operand
    assert isinstance(call, Call)
    product = call.arguments[0]
    assert isinstance(product, Binary)
    places = [outer.start, call.start, product.start, product.left.start, product.right.start]
    assert [program.text[place] for place in places] == ["-", "t", "·", "a", "b"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("-x**2", Unary("-", Binary("**", Name("x"), Number(2)))),
        ("2**-1", Binary("**", Number(2), Unary("-", Number(1)))),
        ("2**-x**2", Binary("**", Number(2), Unary("-", Binary("**", Name("x"), Number(2))))),
        ("x**y**z", Binary("**", Name("x"), Binary("**", Name("y"), Name("z")))),
        ("x - y - z", Binary("-", Binary("-", Name("x"), Name("y")), Name("z"))),
        ("x/y*z", Binary("*", Binary("/", Name("x"), Name("y")), Name("z"))),
        ("-x*y", Binary("*", Unary("-", Name("x")), Name("y"))),
        ("x + -y", Binary("+", Name("x"), Unary("-", Name("y")))),
        ("x - +-y", Binary("-", Name("x"), Unary("+", Unary("-", Name("y"))))),
        ("2**x²", Binary("**", Number(2), Binary("**", Name("x"), Number(2)))),
        ("-x²", Unary("-", Binary("**", Name("x"), Number(2)))),
        ("(x + 1)³", Binary("**", Binary("+", Name("x"), Number(1)), Number(3))),
        ("x⁻¹²", Binary("**", Name("x"), Unary("-", Number(12)))),
        ("max(x, exp(y))", Call("maximum", (Name("x"), Call("exp", (Name("y"),))))),
    ],
)  # fmt: skip
def test_precedence(text: str, expected: expressions.Expression) -> None:
    assert tree(text) == expected
    assert hash(tree(text)) == hash(expected)


@pytest.mark.parametrize(
    ("pasted", "typed"),
    [
        ("x·w − y", "x*w - y"),
        ("x × w ÷ y", "x*w/y"),
        ("x∗w ⋅ y – 1", "x*w*y - 1"),
        ("(x·w − y)²", "(x*w - y)**2"),
        ("1e−3·x", "0.001*x"),
        ("y\u0302 − y'", "ŷ - y'"),
        ("y\u2032 + y\u2019\u2019", "y' + y''"),
        ("x₁·w₁ + x₂·w₂", "x₁*w₁ + x₂*w₂"),
        ("θ\u00a0*\u2009x", "θ*x"),
        ("a =\tb\r\nL = a\u0387c", "a = b; L = a*c"),
        ("L = (x +\n y)", "L = x + y"),
    ],
)
def test_signs_of_printed_notes(pasted: str, typed: str) -> None:
    assert parse(pasted) == parse(typed)
    assert unparse(parse(pasted)) == (typed if "L =" in typed else f"L = {typed}")


@pytest.mark.parametrize(
    ("text", "number"),
    [("1", 1), ("1.", 1.0), (".5", 0.5), ("1e3", 1e3),
     ("2.5E-3", 2.5e-3), ("007", 7), ("1e+2", 100.0)],
)  # fmt: skip
def test_numbers(text: str, number: float) -> None:
    node = tree(text)
    assert isinstance(node, Number)
    assert node.value == number
    assert type(node.value) is type(number)
    assert node != Number(float(number) + 1)


def test_an_integer_that_a_float_cannot_hold_exactly_is_a_float() -> None:
    assert tree("9007199254740992") == Number(2**53)
    assert tree("90071992547409930") == Number(9.007199254740993e16)


def test_names_are_composed_whatever_their_spelling() -> None:
    decomposed = unicodedata.normalize("NFD", "ŷ = é*x; L = ŷ²")
    program = parse(decomposed)
    assert program == parse("ŷ = é*x; L = ŷ²")
    assert evaluate(program, {"e\u0301": 2.0, "x": 3.0}, {}) == {
        "é": 2.0, "x": 3.0, "ŷ": 6.0, "L": 36.0
    }  # fmt: skip
    # A mark that has no composed form stays in the name.
    assert parse("x\u0303\u0302*2").inputs == ("x\u0303\u0302",)


@pytest.mark.parametrize(
    ("text", "output", "names"),
    [
        ("x*w", "L", ["L"]),
        ("L = x; 2*L", "L1", ["L", "L1"]),
        ("a = 2*L; a*3", "L1", ["a", "L1"]),
        ("L = x; L1 = L; L + L1", "L2", ["L", "L1", "L2"]),
        ("a = x; b = a*2; a", "a", ["a", "b"]),
        (";\n a = x;; ;\n", "a", ["a"]),
    ],
)
def test_the_output(text: str, output: str, names: list[str]) -> None:
    program = parse(text)
    assert program.output == output
    assert [assignment.name for assignment in program.assignments] == names
    assert parse(unparse(program)) == program


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("L = ((a)*(b))", "L = a*b"),
        ("a - (b - c) - d", "L = a - (b - c) - d"),
        ("a*(b*c)/(d/e)", "L = a*(b*c)/(d/e)"),
        ("(a**b)**c**(d)", "L = (a**b)**c**d"),
        ("(-a)**2 - (-b)*c", "L = (-a)**2 - -b*c"),
        ("-(a + b)*-(c*d)", "L = -(a + b)*-(c*d)"),
        ("2**(-x)", "L = 2**-x"),
        ("(2**-x)**3", "L = (2**-x)**3"),
        ("max(a + b, (c))", "L = maximum(a + b, c)"),
        ("x*1e-7 + 1e22", "L = x*1e-07 + 1e+22"),
        ("a = 1; b = 2; a", "a = 1; b = 2; a"),
    ],
)
def test_unparse_writes_the_fewest_parentheses(text: str, expected: str) -> None:
    program = parse(text)
    assert unparse(program) == expected
    assert parse(expected) == program


def test_postorder_gives_operands_first() -> None:
    assert [repr(node) for node in postorder(tree("-max(a, 2)*b"))] == [
        "Name(a)",
        "Number(2)",
        "Call(maximum(a, 2))",
        "Unary(-maximum(a, 2))",
        "Name(b)",
        "Binary(-maximum(a, 2)*b)",
    ]


def test_nodes_differ_where_they_say_different_things() -> None:
    texts = ["x", "y", "-x", "+x", "x + y", "x*y", "y + x", "2", "2.0", "exp(x)", "log(x)"]
    nodes = {tree(text) for text in texts}
    assert len(nodes) == len(texts)
    assert tree("x") != "x"


# On values of every kind.


def test_on_arrays() -> None:
    x = np.array([1.0, 2.0])
    found = evaluate(parse("e = x*w - 1; L = tanh(e)/2"), {"x": x, "w": 3}, {"tanh": np.tanh})
    np.testing.assert_array_equal(found["L"], np.tanh(x * 3 - 1) / 2)
    assert found["x"] is x


def test_on_torchs_tensors() -> None:
    w = torch.tensor(1.0, requires_grad=True)
    found = evaluate(parse("L = (+x*w - y)**2"), {"x": 1.0, "y": 2.0, "w": w}, {})
    found["L"].backward()
    assert w.grad is not None
    assert w.grad.item() == -2.0


def test_on_micrograds_values_which_have_no_unary_plus() -> None:
    w = micrograd.engine.Value(1.0)
    found = evaluate(parse("L = (+w*1 - 2)**2"), {"w": w}, {})
    found["L"].backward()
    assert w.grad == -2.0


def test_on_symbols() -> None:
    x, y = sympy.symbols("x y")
    found = evaluate(parse("L = exp(x*y)**2/3"), {"x": x, "y": y}, {"exp": sympy.exp})
    assert sympy.simplify(found["L"] - sympy.exp(2 * x * y) / 3) == 0


def test_each_function_is_called() -> None:
    for name, arity in expressions.FUNCTIONS.items():
        arguments = ", ".join(["x", "y"][:arity])
        expected = MATH[name](*[0.5, 0.25][:arity])
        assert value(f"{name}({arguments}) + 0*(x + y)", x=0.5, y=0.25) == expected


def test_plain_numbers_stay_plain() -> None:
    assert value("2**10 - 24") == 1000
    assert type(value("2**10 - 24")) is int
    assert value("2**-1") == 0.5
    assert value("7/2") == 3.5
    # Python itself would make integers of many thousands of digits here.
    assert type(value("(9**9)**30")) is float


# Size.


def test_a_sum_of_two_thousand_terms() -> None:
    text = " + ".join(["x"] * 2000)
    program = parse(text)
    assert evaluate(program, {"x": 0.5}, {})["L"] == 1000.0
    assert parse(unparse(program)) == program
    assert hash(program.assignments[0].value) == hash(tree(text))
    assert repr(program.assignments[0].value).count("x") == 2000


@pytest.mark.parametrize(
    "text",
    ["-" * 9_999 + "x", "x" + "**x" * 3_000, "x" + "·x" * 4_999, "2**-" * 2_000 + "x",
     "(" * 200 + "x" + ")" * 200, "exp(" * 200 + "x" + ")" * 200, "x²" + "+x²" * 3_000,
     ";" * 10_000, "x=1\n" * 2_500, "(" * 10_000, "x" + ")" * 9_999, "1" * 10_000, "²" * 10_000,
     "1e" * 5_000, "." * 10_000, "\u0302" * 10_000, "\U0001d160" * 10_000, "L=" + "x'" * 30,
     "f(" * 5_000, "max(" * 150 + "1" + ",1)" * 150],
)  # fmt: skip
def test_the_largest_texts_take_no_recursion(text: str) -> None:
    try:
        program = parse(text)
    except errors.ChainruleError:
        return
    again = unparse(program)
    assert len(again) > 10_000 or parse(again) == program
    assert repr(program.assignments[-1].value)


def test_limits() -> None:
    with pytest.raises(SyntaxError, match="10,001 characters and 10,000 are the most"):
        parse("x" + " " * 10_000)
    with pytest.raises(SyntaxError, match="more than 200 parentheses are open at once"):
        parse("(" * 201 + "x" + ")" * 201)
    parse("x" * 60)
    with pytest.raises(SyntaxError, match="a name of 61 characters, and 60 are the most"):
        parse("x" * 61)


# The values of the command line.


def test_bindings() -> None:
    found = parse_bindings(["x=1", "y = −2.5e-3", "y\u0302=+.5", "y'=3.", "x₁=007"])
    assert found == {"x": 1.0, "y": -0.0025, "ŷ": 0.5, "y'": 3.0, "x₁": 7.0}
    assert all(type(number) is float for number in found.values())
    assert parse_bindings(iter(())) == {}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_the_examples_in_the_documentation(path: Path) -> None:
    name = "chainrule.expressions" + ("" if path.stem == "__init__" else f".{path.stem}")
    assert doctest.testmod(importlib.import_module(name)).failed == 0
