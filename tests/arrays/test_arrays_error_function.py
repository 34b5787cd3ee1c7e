"""The error function on arrays, against the one of Python's own mathematics."""

from __future__ import annotations

import math

import numpy as np
import pytest

from chainrule.arrays import error_function
from chainrule.arrays.error_function import erf

SPECIAL = [0.0, -0.0, math.inf, -math.inf, 0.46875, np.nextafter(0.46875, 1), 5.9, 6.1, 1e-45, 1e30]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_values_are_right_to_the_last_bits(dtype: str) -> None:
    """Eight units in the last place: the sum of the roundings of a ratio of polynomials, seen from 1/2."""
    x = np.concatenate([np.linspace(-7, 7, 20_001), np.logspace(-300, 0, 2_000), SPECIAL]).astype(dtype)
    expected = np.array([math.erf(one) for one in x.tolist()])
    found = erf(x)
    assert found.dtype == dtype
    assert np.all(np.abs(found - expected) <= 8 * np.spacing(np.abs(expected).astype(dtype)))


def test_nan_signs_shapes_and_dtypes() -> None:
    assert np.isnan(erf(np.array(np.nan)))
    assert np.signbit(erf(np.array([-0.0, 0.0]))).tolist() == [True, False]
    assert erf(np.zeros((2, 0, 3))).shape == (2, 0, 3)
    assert erf(np.ones((2, 3))[:, ::2]).shape == (2, 2)
    assert erf(np.array([1, 2])).dtype == np.float64
    half = erf(np.array([0.5, 6.0], np.float16))
    assert half.dtype == np.float16
    np.testing.assert_allclose(half.astype(float), [math.erf(0.5), 1.0], rtol=1e-3)


def test_many_numbers_are_taken_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    x = np.random.default_rng(0).normal(size=(7, 11))
    whole = erf(x)
    monkeypatch.setattr(error_function, "_PIECE", 8)
    np.testing.assert_array_equal(erf(x), whole)
    np.testing.assert_array_equal(erf(x.T), whole.T)


def test_the_complex_step_gives_its_derivative() -> None:
    x = np.linspace(-5, 5, 101)
    slopes = erf(x + 1e-30j).imag / 1e-30
    np.testing.assert_allclose(slopes, 2 / math.sqrt(math.pi) * np.exp(-x * x), rtol=1e-13)
