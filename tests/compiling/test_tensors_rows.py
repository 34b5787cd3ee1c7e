"""Every row of the table runs compiled as well as eager: its result, and what its pullbacks send.

Tolerance: machine code may use one rounding for a product and a sum (FMA), add up in another order, and
takes its own exp, log, sin, cos, tanh and erf, each within a few units in the last place. In float64 that
is a few 1e-16, which a sum of a dozen terms, and a function that cancels, make 1e-12 at the most.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

import chainrule
from cases import CALL_NAMES, CALLS, ELEMENTWISE, drawn, points, specials
from chainrule import Tensor, errors
from chainrule.eager import apply
from chainrule.primitives import Elementwise, Row
from chainrule.primitives.row import BOOLEAN

CLOSE = {"rtol": 1e-12, "atol": 1e-13}


def compiled_alike(step: Any, *inputs: Tensor) -> None:
    """``step`` gives the same compiled, NaN and infinity in the same places, and leaves its inputs
    alone."""
    before = [one.detach().numpy().copy() for one in inputs]
    expected = step(*inputs)
    with warnings.catch_warnings():
        warnings.simplefilter("error", errors.CompileWarning)
        compiled = chainrule.compile(step)
        for _ in range(2):
            for ours, theirs in zip(compiled(*inputs), expected, strict=True):
                assert (ours is None) == (theirs is None)
                if ours is not None:
                    assert ours.dtype == theirs.dtype
                    assert ours.shape == theirs.shape
                    np.testing.assert_allclose(ours.detach().numpy(), theirs.detach().numpy(), **CLOSE)
    for one, other in zip(inputs, before, strict=True):
        np.testing.assert_array_equal(one.detach().numpy(), other)


def step_of(row: Row, attrs: dict[str, Any]) -> Any:
    """The row, and the gradients of a sum of its results in which each has a weight of its own."""

    def step(*inputs: Tensor) -> Any:
        out = apply(row, inputs, attrs)
        wanted = [one for one in inputs if one.requires_grad]
        if out.grad_fn is None or not wanted:
            return [out]
        weights = chainrule.tensor(np.linspace(1.0, 2.0, out.numel()).reshape(out.shape))
        return [out, *chainrule.autograd.grad(out, wanted, weights, allow_unused=True)]

    return step


def leaves(arrays: list[Any]) -> list[Tensor]:
    return [chainrule.tensor(one, requires_grad=one.dtype.kind == "f") for one in map(np.asarray, arrays)]


def flows(row: Elementwise) -> bool:
    return any(partial is not None for partial in row.partials)


@pytest.mark.parametrize("row", ELEMENTWISE.values(), ids=ELEMENTWISE)
def test_an_elementwise_row(row: Elementwise) -> None:
    compiled_alike(step_of(row, {}), *leaves(points(row, 23)))
    if row.special:
        compiled_alike(step_of(row, {}), *leaves(specials(row)))
    if row.arity > 1 and BOOLEAN not in row.domain:  # one operand for all of the others' elements
        arrays = points(row, 6)
        shaped = [array.reshape(2, 3) if i == 0 else array[i : i + 1] for i, array in enumerate(arrays)]
        compiled_alike(step_of(row, {}), *leaves(shaped))


@pytest.mark.parametrize(("row", "sample"), CALLS, ids=CALL_NAMES)
def test_a_structural_row(row: Row, sample: Any) -> None:
    compiled_alike(step_of(row, sample.attrs), *leaves(drawn(sample)))


@pytest.mark.parametrize(("row", "sample"), CALLS, ids=CALL_NAMES)
def test_a_structural_row_in_single_precision(row: Row, sample: Any) -> None:
    inputs = [one.float().detach() if one.dtype.kind == "f" else one for one in leaves(drawn(sample))]
    expected = apply(row, inputs, sample.attrs)
    found = chainrule.compile(lambda *inputs: apply(row, inputs, sample.attrs))(*inputs)
    assert found.dtype == expected.dtype
    np.testing.assert_allclose(found.numpy(), expected.numpy(), rtol=2e-5, atol=2e-6)
