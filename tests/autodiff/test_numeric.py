"""Numerical derivatives: their orders of error, their rounding, and what they refuse."""

from __future__ import annotations

import cmath
import doctest
import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import micrograd.engine
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from chainrule import errors
from chainrule.autodiff import numeric
from chainrule.autodiff.numeric import (
    central_difference,
    complex_step,
    forward_difference,
    richardson,
)

DIFFERENCES = [forward_difference, central_difference, complex_step]


def course(x: float) -> float:
    """The regression of the course with x = 1 and y = 2, as a function of its weight."""
    return (1 * x - 2) ** 2


@pytest.mark.parametrize("difference", DIFFERENCES)
def test_the_course_finds_minus_two(difference: Callable[..., float]) -> None:
    assert difference(course, 1.0, 1e-6) == pytest.approx(-2, abs=2e-6)


def order(difference: Callable[..., float], f: Any, x: float, slope: float) -> float:
    """The power of h with which the error falls, between h = 1e-2 and 1e-3."""
    wide, narrow = (abs(difference(f, x, h) - slope) for h in (1e-2, 1e-3))
    return math.log10(wide / narrow)


@pytest.mark.parametrize(
    ("f", "x", "slope"),
    [
        (math.exp, 1.0, math.e),
        (math.sin, 1.0, math.cos(1)),
        (lambda x: x**5, 1.5, 5 * 1.5**4),
        (lambda x: np.tanh(x) / x, 0.7, (1 - np.tanh(0.7) ** 2) / 0.7 - np.tanh(0.7) / 0.49),
    ],
)
def test_orders_of_error(f: Any, x: float, slope: float) -> None:
    assert order(forward_difference, f, x, slope) == pytest.approx(1, abs=0.02)
    assert order(central_difference, f, x, slope) == pytest.approx(2, abs=0.02)


@pytest.mark.parametrize("difference", [forward_difference, central_difference])
def test_rounding_grows_as_h_shrinks(difference: Callable[..., float]) -> None:
    def mean_error(h: float) -> float:
        points = np.linspace(0.5, 1.5, 200).tolist()
        return sum(abs(difference(math.exp, x, h) - math.exp(x)) for x in points) / len(points)

    for h in (1e-10, 1e-12):
        assert 20 < mean_error(h / 100) / mean_error(h) < 500
    # A step below the last digit of x does not move f at all.
    assert difference(math.exp, 1.0, 1e-17) == 0.0


@pytest.mark.parametrize(
    ("f", "x", "slope"),
    [
        (np.exp, 1.0, math.e),
        (cmath.log, 3.0, 1 / 3),
        (lambda x: x**3 - 2 / x, 2.0, 12.5),
        (lambda x: np.tanh(x) * np.sqrt(x), 0.3, None),
        (lambda x: np.array([x]) ** 2, 3.0, 6.0),
    ],
)
def test_complex_step_loses_nothing(f: Any, x: float, slope: float | None) -> None:
    if slope is None:
        slope = (1 - math.tanh(x) ** 2) * math.sqrt(x) + math.tanh(x) / (2 * math.sqrt(x))
    assert complex_step(f, x) == pytest.approx(slope, rel=4e-16)
    assert complex_step(f, x, 1e-100) == pytest.approx(slope, rel=4e-16)


@pytest.mark.parametrize(
    ("f", "x", "slope"),
    [
        (math.sin, 1.0, math.cos(1)),
        (math.sqrt, 0.05, 0.5 / math.sqrt(0.05)),  # the edge of the domain is near
        (math.log, 1e-8, 1e8),
        (math.log, 1e-300, 1e300),
        (lambda x: math.sin(50 * x), 0.0, 50.0),  # the first steps span several periods
        (lambda x: 7.0, 1.0, 0.0),
        (lambda x: 3 * x, 1e6, 3.0),
        (lambda x: x, 1e20, 1.0),
    ],
)
def test_richardson(f: Any, x: float, slope: float) -> None:
    assert richardson(f, x) == pytest.approx(slope, rel=1e-10)


def test_richardson_on_a_function_of_few_digits() -> None:
    slope = richardson(lambda x: float(np.float32(math.sin(x))), 1.0)
    assert slope == pytest.approx(math.cos(1), rel=1e-5)


def test_a_negative_step_looks_to_the_left() -> None:
    assert forward_difference(abs, 0.0, 1e-6) == 1.0
    assert forward_difference(abs, 0.0, -1e-6) == -1.0
    assert central_difference(abs, 0.0, 1e-6) == 0.0


@given(st.floats(-1e3, 1e3), st.floats(-1e3, 1e3), st.floats(-10, 10))
def test_a_straight_line_has_one_slope(a: float, b: float, x: float) -> None:
    for difference in (forward_difference, central_difference):
        assert difference(lambda t: a * t + b, x, 0.5) == pytest.approx(a, abs=1e-10)
    assert complex_step(lambda t: a * t + b, x) == pytest.approx(a)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.float32(2) * np.float64(x),
        lambda x: np.array(2 * x),
        lambda x: np.array([[2 * x]]),
        lambda x: torch.tensor(2 * x, dtype=torch.float64),
        lambda x: micrograd.engine.Value(x) * 2,
        lambda x: Fraction(x) * 2,
        lambda x: complex(2 * x, 0.0),
        lambda x: round(2 * x * 1000) / 1000,
    ],
)
def test_results_that_hold_one_number(f: Any) -> None:
    assert forward_difference(f, 3.0, 0.5) == pytest.approx(2.0)
    assert central_difference(f, 3.0, 0.5) == pytest.approx(2.0)


def test_functions_written_for_another_type() -> None:
    def with_methods(v: Any) -> Any:
        return (v * 2).relu()

    value = micrograd.engine.Value
    assert central_difference(with_methods, 3.0, 1e-3, number=value) == pytest.approx(2.0)
    double = lambda x: torch.tensor(x, dtype=torch.float64)  # noqa: E731
    assert central_difference(torch.tanh, 0.0, 1e-4, number=double) == pytest.approx(1.0)
    assert richardson(torch.tanh, 0.0, number=double) == pytest.approx(1.0)


@pytest.mark.parametrize("x", [2, np.float64(2), np.float32(2), np.int64(2), Fraction(2)])
def test_any_real_number_will_do_for_x_and_h(x: Any) -> None:
    assert forward_difference(lambda t: t**2, x, Fraction(1, 2)) == 4.5


REFUSED: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (
        lambda: forward_difference(3.0, 1.0, 1e-3),
        TypeError,
        r"f must be a function of one number, and 3\.0 \(float\) cannot be called",
    ),
    (
        lambda: forward_difference(math.exp, 1.0, 1e-3, number=3),
        TypeError,
        r"number must be the type .* and 3 cannot be called: pass number=chainrule\.Value",
    ),
    (
        lambda: central_difference(math.exp, "1", 1e-3),
        TypeError,
        r"x must be a real number and is '1' \(str\): pass a Python float",
    ),
    (
        lambda: central_difference(math.exp, True, 1e-3),
        TypeError,
        r"x must be a real number and is True \(bool\)",
    ),
    (
        lambda: central_difference(math.exp, 1j, 1e-3),
        TypeError,
        r"x must be a real number and is 1j \(complex\)",
    ),
    (
        lambda: central_difference(math.exp, math.nan, 1e-3),
        ValueError,
        r"x is nan: pass a finite number",
    ),
    (lambda: richardson(math.exp, 10**400), ValueError, r"x is inf: pass a finite number"),
    (
        lambda: forward_difference(math.exp, 1.0, math.inf),
        ValueError,
        r"h is inf: pass a finite number",
    ),
    (
        lambda: forward_difference(math.exp, 1.0, 0.0),
        ValueError,
        r"h is 0, and the slope divides by h: pass a small step",
    ),
    (
        lambda: complex_step(np.exp, 1.0, None),
        TypeError,
        r"h must be a real number and is None \(NoneType\)",
    ),
    (
        lambda: forward_difference(lambda x: "two", 1.0, 1e-3),
        TypeError,
        r"f\(1\.001\) returned 'two' \(str\), where one number is needed",
    ),
    (
        lambda: forward_difference(lambda x: None, 1.0, 1e-3),
        TypeError,
        r"returned None \(NoneType\), where one number is needed",
    ),
    (
        lambda: forward_difference(lambda x: x > 0, 1.0, 1e-3),
        TypeError,
        r"returned True \(bool\), where one number is needed",
    ),
    (
        lambda: forward_difference(lambda x: np.array([x, x]), 1.0, 0.5),
        TypeError,
        r"f\(1\.5\) returned array\(\[1\.5, 1\.5\]\) \(ndarray\), where one number is needed",
    ),
    (
        lambda: forward_difference(lambda x: torch.zeros(2), 1.0, 0.5),
        TypeError,
        r"returned tensor\(\[0\., 0\.\]\) \(Tensor\), where one number is needed",
    ),
    (
        lambda: forward_difference(lambda x: x.tanh(), 1.0, 0.5),
        TypeError,
        r"f\(1\.5\) raised AttributeError: .*'tanh'.*number=chainrule\.Value",
    ),
    (
        lambda: central_difference(math.log, 0.25, 0.5),
        ValueError,
        r"f\(-0\.25\) raised ValueError: .*: choose an x inside of the domain of f",
    ),
    (
        lambda: central_difference(lambda x: 1 / x, 0.5, 0.5),
        ValueError,
        r"f\(0\.0\) raised ZeroDivisionError: .*: choose an x inside",
    ),
    (
        lambda: forward_difference(math.exp, 1000.0, 0.5),
        ValueError,
        r"f\(1000\.5\) raised OverflowError",
    ),
    (
        lambda: forward_difference(np.log, -1.0, 0.5),
        ValueError,
        r"f\(-0\.5\) is nan: choose an x inside of the domain",
    ),
    (
        lambda: forward_difference(lambda x: x**0.5, -1.0, 0.5),
        ValueError,
        r"f\(-0\.5\) is the complex number \(.*\): choose an x inside",
    ),
    (
        lambda: forward_difference(lambda x: math.copysign(1e300, x), -1e-12, 1e-10),
        ValueError,
        r"the slope of f at x = -1e-12 with h = 1e-10 is too large for a float: take a larger h",
    ),
    (
        lambda: complex_step(math.exp, 1.0),
        TypeError,
        r"f does not accept the complex number \(1\+1e-20j\): it raised TypeError: .*numpy\.exp",
    ),
    (
        lambda: complex_step(abs, 1.0),
        TypeError,
        r"f\(\(1\+1e-20j\)\) returned the real number 1\.0, so its imaginary part",
    ),
    (
        lambda: complex_step(lambda x: "two", 1.0),
        TypeError,
        r"f\(\(1\+1e-20j\)\) returned 'two' \(str\), where one number is needed",
    ),
    (
        lambda: complex_step(lambda x: x * math.nan, 1.0),
        ValueError,
        r"f\(\(1\+1e-20j\)\) is \(nan\+nanj\): choose an x",
    ),
    (
        lambda: richardson(lambda x: math.sqrt(1 - x), 1.0),
        ValueError,
        r"f\(1\.25\) raised ValueError: .*: choose an x inside",
    ),
]


@pytest.mark.parametrize(("call", "builtin", "message"), REFUSED, ids=[row[2] for row in REFUSED])
def test_what_is_refused(call: Callable[[], Any], builtin: type[Exception], message: str) -> None:
    with pytest.raises(errors.ChainruleError, match=message) as caught:
        call()
    assert isinstance(caught.value, builtin)


def test_the_cause_is_kept() -> None:
    with pytest.raises(errors.DomainError) as caught:
        forward_difference(math.log, -1.0, 0.5)
    assert isinstance(caught.value.__cause__, ValueError)


def test_other_errors_of_f_pass_through() -> None:
    def broken(x: float) -> float:
        raise KeyError("weights")

    with pytest.raises(KeyError, match="weights"):
        central_difference(broken, 1.0, 1e-3)


def test_examples_of_the_docstrings() -> None:
    assert doctest.testmod(numeric).failed == 0
