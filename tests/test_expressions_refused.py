"""The expression language: what it refuses, and in which words."""

from __future__ import annotations

import ast
import builtins
import math
from pathlib import Path

import pytest

from chainrule import errors, expressions
from chainrule.expressions import evaluate, parse, parse_bindings, unparse

MATH = {"exp": math.exp, "log": math.log, "tanh": math.tanh, "relu": lambda x: max(x, 0.0)}

# Each refused text, the column of its caret, and the words of its message.

REFUSED = [
    ("2x", 1, "an operator is missing between 2 and x\n", "2*x"),
    ("x y", 2, "an operator is missing between x and y\n", "separated by ;"),
    ("2(x + 1)", 1, "an operator is missing between 2 and '('\n", "2*x"),
    ("(x)(y)", 3, "an operator is missing between ')' and '('\n", "2*x"),
    ("1.real", 2, "an operator is missing between 1. and real\n", "2*x"),
    ("x if y else z", 2, "if is a word of Python", "only arithmetic"),
    ("import os", 0, "import is a word of Python", "only arithmetic"),
    (
        "x +",
        3,
        "expected a number, a name, a function or '(' after '+', found the end\n",
        "missing",
    ),
    (
        "L =",
        3,
        "expected a number, a name, a function or '(' after '=', found the end\n",
        "missing",
    ),
    ("x * / y", 4, "after '*', found '/'\n", "take '*' out"),
    ("* x", 0, "at the start, found '*'\n", "take '*' out"),
    ("= 3", 0, "at the start, found '='\n", "take '=' out"),
    ("()", 1, "after '(', found ')'\n", "take '(' out"),
    ("x**²", 3, "after '**', found '²'\n", "take '**' out"),
    ("maximum(1, )", 11, "after ',', found ')'\n", "take ',' out"),
    ("x ++", 4, "after '+', found the end\n", "missing"),
    ("x + ; y", 4, "after '+', found ';'\n", "missing"),
    ("(x", 0, "this '(' is never closed\n", "add the ')'"),
    ("a*(b + exp(c)", 2, "this '(' is never closed\n", "add the ')'"),
    ("(x; y)", 0, "this '(' is never closed\n", "add the ')'"),
    ("x)", 1, "this ')' closes nothing\n", "take it out"),
    (")", 0, "this ')' closes nothing\n", "take it out"),
    ("exp()", 0, "exp takes 1 argument, found 0\n", "write exp(x)"),
    ("exp(x, y)", 0, "exp takes 1 argument, found 2\n", "write exp(x)"),
    ("1 + max(x)", 4, "max takes 2 arguments, found 1\n", "write max(a, b)"),
    ("minimum(1, 2, 3)", 0, "minimum takes 2 arguments, found 3\n", "write minimum(a, b)"),
    ("1,5*x", 1, "a ',' only separates the two arguments", "with a point, as in 1.5"),
    ("max((1, 2), 3)", 6, "a ',' only separates the two arguments", "with a point, as in 1.5"),
    ("1_000*x", 1, "there is an underscore in a number\n", "as in 1000"),
    ("x + 9e999", 4, "the number 9e999 is too large\n", "1.8e308"),
    ("x" + "⁹" * 400, 1, "is too large\n", "1.8e308"),
    ("exp*2", 0, "exp is a function, and is not called here\n", "write exp(…)"),
    ("x²**2", 2, "a power of a power needs parentheses\n", "(x²)**3"),
    ("x² ³", 3, "a power of a power needs parentheses\n", "(x²)**3"),
    ("exp = 3", 0, "exp is a function and cannot be assigned\n", "another name"),
    ("max = 3", 0, "max is a function and cannot be assigned\n", "another name"),
    ("a = 1; a = 2", 7, "a is assigned twice\n", "a name of its own"),
    ("a = b = 2", 6, "the left of '=' is one name alone\n", "name = expression"),
    ("x + 1 = 3", 6, "the left of '=' is one name alone\n", "name = expression"),
    ("x; y", 0, "only the last statement may have no name\n", "write name = in front"),
    ("x^2", 1, "'^' is not part of", "written **"),
    ("x.__class__", 1, "'.' is not part of", "no attributes"),
    ("().__class__", 2, "'.' is not part of", "no attributes"),
    ("__import__('os')", 11, '"\'" is not part of', "no text in quotes"),
    ('"text"', 0, "'\"' is not part of", "no text in quotes"),
    ("`x`", 0, "'`' is not part of", "no text in quotes"),
    ("x[0]", 1, "'[' is not part of", "no indexing"),
    ("lambda: 0", 6, "':' is not part of", "separated by ;"),
    ("x := 3", 2, "':=' is not part of", "name = expression"),
    ("x # a note", 2, "'#' is not part of", "no comments"),
    ("x += 1", 2, "'+=' is not part of", "once"),
    ("x == y", 2, "'==' is not part of", "no comparisons"),
    ("x ≤ y", 2, "'≤' (U+2264) is not part of", "no comparisons"),
    ("x // y", 2, "'//' is not part of", "one /"),
    ("x % y", 2, "'%' is not part of", "no remainder"),
    ("x @ y", 2, "'@' is not part of", "a product is written *"),
    ("{x}", 0, "'{' is not part of", "parentheses"),
    ("|x|", 0, "'|' is not part of", "abs(x)"),
    ("√x", 0, "'√' (U+221A) is not part of", "sqrt(x)"),
    ("x\u200b", 1, "'\\u200b' is not part of", "numbers, names"),
    ("x\ud800", 1, "'\\ud800' is not part of", "numbers, names"),
]
REFUSED_NAMES = [
    ("ln(x)", 0, "ln is not a known function\n", "write log"),
    ("pow(x, 2)", 0, "pow is not a known function\n", "a**b"),
    ("1 + sigmod(x)", 4, "sigmod is not a known function\n", "did you mean sigmoid?"),
    ("ReLU(x)", 0, "ReLU is not a known function\n", "did you mean relu?"),
    ("f(x + 1)", 0, "f is not a known function\n", "a product is written f*(…)"),
    ("__import__(os)", 0, "__import__ is not a known function\n", "the functions are exp, log"),
    ("d = e + c; e = a*b", 4, "e is used before its assignment\n", "put the assignment of e"),
    ("x = x + 1", 4, "x is used before its assignment\n", "another name"),
]


@pytest.mark.parametrize(("text", "column", "found", "remedy"), REFUSED)
def test_refused_texts(text: str, column: int, found: str, remedy: str) -> None:
    with pytest.raises(errors.SyntaxInvalidError) as caught:
        parse(text)
    check_message(str(caught.value), column, found, remedy)


@pytest.mark.parametrize(("text", "column", "found", "remedy"), REFUSED_NAMES)
def test_refused_names(text: str, column: int, found: str, remedy: str) -> None:
    with pytest.raises(errors.NameUnknownError) as caught:
        parse(text)
    check_message(str(caught.value), column, found, remedy)


def check_message(message: str, column: int, found: str, remedy: str) -> None:
    first, _, rest = message.partition("\n")
    assert found in first + "\n"
    _shown, caret, last = rest.split("\n")
    assert remedy in last
    if len(_shown) < 70:
        assert caret == " " * (4 + column) + "^"


@pytest.mark.parametrize("text", ["", "  ", ";", "\n;\t;\n"])
def test_an_empty_text(text: str) -> None:
    with pytest.raises(errors.SyntaxInvalidError, match=r"^the expression is empty: write one"):
        parse(text)


def test_the_caret_stands_under_the_column_that_is_seen() -> None:
    with pytest.raises(SyntaxError) as caught:
        parse("e\u0301\u0303 + 値 + $")
    *_, line, caret, _remedy = str(caught.value).split("\n")
    # The marks take no column, and the wide character takes two.
    assert line == "    é\u0303 + 値 + $"
    assert caret == "    " + " " * len("e + vv + ") + "^"


def test_the_caret_in_a_text_of_several_lines() -> None:
    with pytest.raises(SyntaxError) as caught:
        parse("a = 1\r\nb = a*\nc = 2")
    assert str(caught.value).split("\n")[1:4] == ["  line 2:", "    b = a*", "          ^"]
    assert "found the end of the line" in str(caught.value)


def test_a_long_line_is_cut_around_the_caret() -> None:
    with pytest.raises(SyntaxError) as caught:
        parse("x + " * 500 + "$ + " + "y + " * 500 + "z")
    _, line, caret, _remedy = str(caught.value).split("\n")
    assert len(line) < 85
    assert line[len(caret) - 1] == "$"
    assert line.strip().startswith("…")
    assert line.endswith("…")


def test_arguments_of_other_types() -> None:
    with pytest.raises(TypeError, match="an expression is a text, got int 3: write it in quotes"):
        parse(3)  # type: ignore[arg-type]  # the refusal is what is tested
    with pytest.raises(TypeError, match=r"unparse works on what parse returned, got str 'x'"):
        unparse("x")  # type: ignore[arg-type]  # the refusal is what is tested
    with pytest.raises(TypeError, match=r"evaluate works on what parse returned, got str 'x'"):
        evaluate("x", {}, {})  # type: ignore[arg-type]  # the refusal is what is tested


# Values that do not fit the program.


@pytest.mark.parametrize(
    ("text", "values", "kind", "message"),
    [
        ("x*w", {"x": 1}, NameError, "w has no value: add w=… after the expression"),
        ("x*w", {}, NameError, "x, w have no value: add x=… w=… after the expression"),
        ("x", {"x": 1, "y": 2}, NameError,
         "y is not used by the expression (its inputs are x): leave y=… out"),
        ("2", {"y": 2}, NameError,
         "y is not used by the expression (it has no inputs): leave y=… out"),
        ("weight*x", {"wieght": 1, "x": 2}, NameError,
         "wieght is not used by the expression (its inputs are weight, x): did you mean weight=…?"),
        ("L = x", {"x": 1, "L": 2}, ValueError,
         "L is computed by the expression and cannot be given a value too: leave L=… out"),
        ("ŷ", {"ŷ": 1, "y\u0302": 2}, ValueError,
         "ŷ is given two values, in two spellings of one name: keep one"),
        ("x", {"x": "12"}, TypeError, "the value of 'x' is str '12': give a number"),
        ("x", {"x": None}, TypeError, "the value of 'x' is NoneType None: give a number"),
        ("x", {1: 1}, TypeError, "the value of 1 is int 1: give a number"),
        ("x", [1], TypeError, "values is a mapping from names, got list [1]: write values={…}"),
    ],
)  # fmt: skip
def test_values_that_do_not_fit(text: str, values: object, kind: type, message: str) -> None:
    with pytest.raises(errors.ChainruleError) as caught:
        evaluate(parse(text), values, MATH)  # type: ignore[arg-type]  # wrong on purpose
    assert isinstance(caught.value, kind)
    assert str(caught.value).startswith(message)


def test_missing_functions() -> None:
    with pytest.raises(NameError, match="calls exp, relu, which functions does not hold"):
        evaluate(parse("exp(x) + relu(x) + exp(1)"), {"x": 1}, {})
    with pytest.raises(TypeError, match="functions is a mapping from names, got None"):
        evaluate(parse("x"), {"x": 1}, None)  # type: ignore[arg-type]  # wrong on purpose


@pytest.mark.parametrize(
    ("text", "x", "column", "message"),
    [
        ("2 + 1/x", 0, 5, "1 / 0 cannot be computed (it divides by zero)"),
        ("x**-1", 0.0, 1, "0.0 ** (-1) cannot be computed (it divides by zero)"),
        ("(x - 8)**.5", 4, 7, "(-4) ** 0.5 cannot be computed (a root of a negative number"),
        ("9**9**x", 9, 1, "9 ** 387420489 cannot be computed (its result is too large"),
        ("1 + exp(x)", 1e3, 4, "exp(1000.0) cannot be computed (its result is too large"),
        ("1 + log(-x)", 1.0, 4, "log(-1.0) cannot be computed"),
    ],
)
def test_operations_without_a_result(text: str, x: float, column: int, message: str) -> None:
    with pytest.raises(errors.DomainError) as caught:
        evaluate(parse(text), {"x": x}, MATH)
    first, line, caret, remedy = str(caught.value).split("\n")
    assert first.startswith(message)
    assert (line, caret) == (f"    {text}", " " * (4 + column) + "^")
    assert remedy == "change the values"


def test_values_without_an_operation() -> None:
    with pytest.raises(errors.DTypeError, match="is not possible for these values") as caught:
        evaluate(parse("2 - x"), {"x": object()}, {})
    assert str(caught.value).split("\n")[2] == "      ^"


def test_an_error_of_the_engine_passes_unchanged() -> None:
    def refuse(x: float) -> float:
        raise errors.DomainError("log needs a positive number, got -1: give one")

    with pytest.raises(errors.DomainError, match=r"^log needs a positive number, got -1: give one$"):
        evaluate(parse("log(x)"), {"x": -1.0}, {"log": refuse})


@pytest.mark.parametrize(
    ("texts", "kind", "message"),
    [
        (["x"], ValueError, "'x' has no '=': write it as name=number, for example x=1.5"),
        (["x=1", "x=2"], ValueError, "x is given twice, as 1 and as '2': keep one of them"),
        (["x="], ValueError, "x= has no number after it: write x=1.5"),
        (["x=−1,5"], ValueError, "'−1,5' has a comma: decimals are written with a point"),
        (["x=1/3"], ValueError, "in 'x=1/3', '1/3' is not a number: write digits, as in x=-2.5e-3"),
        (["x=1_0"], ValueError, "in 'x=1_0', '1_0' is not a number"),
        (["x==1"], ValueError, "in 'x==1', '=1' is not a number"),
        (["x=nan"], ValueError, "x=nan is not a finite number"),
        (["x=-inf"], ValueError, "x=-inf is not a finite number"),
        (["x=1e999"], ValueError, "x=1e999 is not a finite number"),
        (["=1"], ValueError, "in '=1', '' is not a name"),
        (["2x=1"], ValueError, "in '2x=1', '2x' is not a name"),
        (["x.y=1"], ValueError, "in 'x.y=1', 'x.y' is not a name"),
        (["x" * 61 + "=1"], ValueError, "in 'xxx"),
        (["exp=1"], ValueError, "in 'exp=1', 'exp' is a function and takes no value"),
        ("x=1", TypeError, "values are a list of texts such as [\"x=1\", \"y=2\"], got str 'x=1'"),
        ([1], TypeError, "values are a list of texts such as [\"x=1\", \"y=2\"], got int 1"),
        (None, TypeError, "values are a list of texts such as [\"x=1\", \"y=2\"], got NoneType"),
    ],
)  # fmt: skip
def test_refused_bindings(texts: object, kind: type, message: str) -> None:
    with pytest.raises(errors.ChainruleError) as caught:
        parse_bindings(texts)  # type: ignore[arg-type]  # some are wrong on purpose
    assert isinstance(caught.value, kind)
    assert str(caught.value).startswith(message)


# Nothing but arithmetic.


def test_no_text_reaches_python_or_files(monkeypatch: pytest.MonkeyPatch) -> None:
    reached = []

    def refuse(*arguments: object, **_options: object) -> None:
        reached.append(arguments)

    texts = [text for text, *_ in REFUSED + REFUSED_NAMES]
    with monkeypatch.context() as patched:
        for name in ("eval", "exec", "compile", "open", "input", "__import__"):
            patched.setattr(builtins, name, refuse)
        accepted = [text for text in texts if is_accepted(text)]
        unparse(parse("L = (x·w − y)² + tanh(x)"))
        evaluate(parse("L = (x·w − y)² + tanh(x)"), {"x": 1, "y": 2, "w": 1}, MATH)
        parse_bindings(["x=1"])
    assert reached == []
    assert accepted == []


def is_accepted(text: str) -> bool:
    try:
        parse(text)
    except errors.ChainruleError:
        return False
    return True


def test_the_source_names_no_way_out() -> None:
    forbidden = {"eval", "exec", "compile", "open", "getattr", "__import__", "globals", "vars"}
    modules = {"ast", "os", "sys", "io", "pathlib", "importlib", "builtins", "subprocess"}
    for path in sorted(Path(expressions.__file__).parent.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Name):
                assert node.id not in forbidden, path
            if isinstance(node, ast.Import):
                assert not modules & {alias.name.split(".")[0] for alias in node.names}, path
            if isinstance(node, ast.ImportFrom):
                assert node.level or (node.module or "").split(".")[0] not in modules, path
