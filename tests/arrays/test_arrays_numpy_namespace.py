"""What the numpy namespace does in its own way, for speed or for PyTorch's answer."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from chainrule.arrays import numpy_namespace as xp


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("axis", [0, 1, -1])
def test_argsort_is_stable_and_nan_is_the_largest(axis: int, descending: bool) -> None:
    x = np.random.default_rng(0).integers(0, 4, (9, 8)).astype(float)
    x[2, 3] = x[4, 3] = math.nan
    x[0] = -math.inf
    _, expected = torch.sort(torch.tensor(x), dim=axis, descending=descending, stable=True)
    np.testing.assert_array_equal(xp.argsort(x, axis=axis, descending=descending), expected.numpy())


@pytest.mark.parametrize("shape", [(400,), (20, 20)])
def test_many_rows_are_added_where_they_belong(shape: tuple[int, ...]) -> None:
    """The quick way of large arrays gives what numpy's own, number by number, gives."""
    rng = np.random.default_rng(0)
    places, g = rng.integers(-50, 50, shape), rng.normal(size=(*shape, 40))
    expected = np.zeros((50, 40))
    np.add.at(expected, places, g)
    np.testing.assert_allclose(
        xp.index_add(g, key=places, shape=(50, 40)), expected, rtol=1e-13, atol=1e-13
    )
    g[..., 3] = math.inf
    np.testing.assert_array_equal(
        np.isinf(xp.index_add(g, key=places, shape=(50, 40))).any(0), np.arange(40) == 3
    )
