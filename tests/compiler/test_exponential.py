"""eˣ in line: every float32 in reach, and the edges."""

from __future__ import annotations

import numpy as np
import pytest

from chainrule.compiler.ir import Builder, Type
from chainrule.compiler.tensors.executable import Executable


def exponentials(x: np.ndarray) -> np.ndarray:
    b = Builder("exp")
    executable = Executable(b.program({"y": b.add("exp", (b.input("x", Type("float32", x.shape)),))}))
    found = np.empty_like(x)
    executable.bind_argument(0, x)
    executable.bind_result(0, found)
    executable.run()
    return found


def test_within_one_and_a_half_units_in_the_last_place() -> None:
    x = np.linspace(-87, 88.7, 400_003, dtype=np.float32)
    wanted = np.exp(x.astype(np.float64))
    error = np.abs(exponentials(x) - wanted) / np.spacing(wanted.astype(np.float32))
    assert error.max() < 1.5


def test_small_arguments_keep_all_digits() -> None:
    x = np.geomspace(1e-30, 1e-2, 1001, dtype=np.float32)
    for sign in (1, -1):
        found = exponentials(np.float32(sign) * x)
        wanted = np.exp(sign * x.astype(np.float64)).astype(np.float32)
        np.testing.assert_allclose(found, wanted, rtol=1.3e-7)


@pytest.mark.parametrize("count", [1, 16, 33])
def test_the_edges(count: int) -> None:
    edges = [0.0, -0.0, np.inf, -np.inf, np.nan, 88.72, 88.73, 200.0, -103.9, -104.1, -1e30, 1e-45]
    x = np.resize(np.array(edges, np.float32), (count, len(edges)))
    with np.errstate(all="ignore"):
        wanted = np.exp(x.astype(np.float64)).astype(np.float32)
    found = exponentials(x)
    special = ~np.isfinite(wanted) | (wanted == 0) | (x == 0)
    np.testing.assert_array_equal(found[special], wanted[special])
    np.testing.assert_allclose(found[~special], wanted[~special], rtol=2e-7, atol=2e-45)


def test_results_below_the_normal_numbers() -> None:
    x = np.linspace(-103, -88, 10_001, dtype=np.float32)
    wanted = np.exp(x.astype(np.float64))
    assert np.abs(exponentials(x) - wanted).max() <= 1.5 * np.spacing(np.float32(0)) + 1.3e-7 * wanted.max()
