"""What a traced function cannot ask for is refused, with the line and the remedy."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
import pytest

import chainrule
from chainrule import Value, errors


def branches(x: Any) -> Any:
    if x.data > 0:
        return x
    return -x


def loops(x: Any) -> Any:
    while x.data < 10:
        x = x * 2
    return x


def counts(x: Any) -> Any:
    return sum(range(x.data))


def asks_for_a_float(x: Any) -> Any:
    return float(x)


def uses_the_math_module(x: Any) -> Any:
    return x * math.exp(x.data)


def rounds(x: Any) -> Any:
    return round(x.data, 2)


def prints(x: Any) -> Any:
    print(f"{x.data:.3f}")
    return x


def makes_an_array(x: Any) -> Any:
    return np.array([x.data]) * 2


def indexes(x: Any) -> Any:
    return [1, 2, 3][x.data]


def truncates(x: Any) -> Any:
    return int(x.data)


@pytest.mark.parametrize(
    ("function", "line", "what", "remedy"),
    [
        (branches, 1, "asks whether it is true", "Choose without a jump"),
        (loops, 1, "asks whether it is true", "outside of the compiled function"),
        (counts, 1, "range(), an index or a count", "close over it, as a plain int"),
        (asks_for_a_float, 1, "float(), or a function of the math module", "x.exp()"),
        (uses_the_math_module, 1, "float(), or a function of the math module", "x.exp()"),
        (rounds, 1, "round() asks", "Round what the compiled function returns"),
        (prints, 1, "a format like {x:.3f}", "Print what the compiled function returns"),
        (makes_an_array, 1, "numpy asks for its numbers", "give numpy what the compiled function returns"),
        (indexes, 1, "an index", "close over it, as a plain int"),
        (truncates, 1, "int() asks", "as a plain int"),
    ],
)
def test_an_escape_names_the_line_and_the_remedy(function: Any, line: int, what: str, remedy: str) -> None:
    compiled = chainrule.compile(function)
    with pytest.raises(errors.TraceError) as caught:
        compiled(Value(1.0))
    message = str(caught.value)
    assert f"test_escapes.py:{function.__code__.co_firstlineno + line}:" in message
    assert what in message
    assert remedy in message
    assert (Value(2.0) * 3).data == 6.0  # values compute again


def test_a_number_that_outlives_its_trace() -> None:
    kept: list[Any] = []
    chainrule.compile(lambda x: kept.append(x) or x)(1.0)
    with pytest.raises(errors.TraceError, match="was kept after the function that it belongs to"):
        _ = kept[0] * 2


def test_a_value_that_outlives_its_trace() -> None:
    kept: list[Any] = []
    chainrule.compile(lambda x: kept.append(x * Value(2.0)) or x)(1.0)
    with pytest.raises(errors.TraceError, match="was kept after the function that it belongs to"):
        _ = kept[0] * 2


def test_an_element_picked_by_a_traced_number() -> None:
    with pytest.raises(errors.TraceError, match="takes whole numbers and slices between its brackets"):
        chainrule.compile(lambda X, i: X[i])(np.ones(3), 1)


def test_assigning_to_an_element() -> None:
    def f(X: Any) -> Any:
        X[0] = 1.0
        return X[0]

    with pytest.raises(errors.TraceError, match="Build a list of the elements instead"):
        chainrule.compile(f)(np.ones(3))


def test_what_is_not_a_number_beside_a_value() -> None:
    with pytest.raises(errors.DTypeError):
        chainrule.compile(lambda x: x * "3")(Value(1.0))


def test_a_function_that_cannot_be_compiled_runs_as_it_was_written() -> None:
    w = Value(2.0)

    @chainrule.compile
    def f(X: Any, k: Any) -> Any:  # arrays of two dimensions are not computed with yet
        w.data += k
        return w * ((X + X)[0][1])

    with pytest.warns(
        errors.CompileWarning, match=re.escape("f could not be compiled, and runs as it was")
    ):
        assert f(np.eye(2) + 1, 1.0) == 6.0
    assert f(np.eye(2) + 1, 1.0) == 8.0  # the warning comes once
    losses = f.loop(np.eye(2) + 1, chainrule.each([1.0, 2.0]), steps=3)
    assert losses.tolist() == [10.0, 14.0, 16.0]


def test_an_array_of_two_dimensions_as_a_result() -> None:
    X = np.arange(9.0).reshape(3, 3)
    for pick in (lambda X: X, lambda X: X[1:], lambda X: (X[0], X)):
        f = chainrule.compile(pick)
        with pytest.warns(errors.CompileWarning, match=r"f64\[\d, 3\], and machine code gives numbers and"):
            found = f(X)
        np.testing.assert_array_equal(found[-1], pick(X)[-1])
