"""Random shapes that broadcast, against PyTorch: the way back sums over what was copied."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import chainrule as cr
from chainrule import errors

SIZES = {"max_dims": 4, "max_side": 4}
MANY = settings(max_examples=60, deadline=None, derandomize=True)

pairs = hnp.mutually_broadcastable_shapes(num_shapes=2, min_side=0, **SIZES)
triples = hnp.mutually_broadcastable_shapes(num_shapes=3, min_side=0, **SIZES)
products = hnp.mutually_broadcastable_shapes(signature=np.matmul.signature, min_side=0, **SIZES)


def arrays(shapes: Any) -> list[np.ndarray]:
    rng = np.random.default_rng(sum(map(sum, shapes)) + len(shapes))
    return [np.asarray(rng.uniform(0.5, 2.0, size=shape)) for shape in shapes]


def assert_gradients_equal(function: Any, inputs: list[np.ndarray]) -> None:
    ours = [cr.tensor(x, requires_grad=True) for x in inputs]
    theirs = [torch.tensor(x, requires_grad=True) for x in inputs]
    out, expected = function(cr, *ours), function(torch, *theirs)
    assert out.shape == tuple(expected.shape)
    np.testing.assert_allclose(out.detach().numpy(), expected.detach().numpy(), rtol=1e-12)
    g = np.asarray(np.random.default_rng(1).normal(size=out.shape))
    out.backward(cr.tensor(g))
    expected.backward(torch.tensor(g))
    for x, t in zip(ours, theirs, strict=True):
        assert (x.grad is None) == (t.grad is None)
        if x.grad is not None and t.grad is not None:
            np.testing.assert_allclose(x.grad.numpy(), t.grad.numpy(), rtol=1e-10, atol=1e-12)


BINARY = ["add", "sub", "mul", "div", "pow", "maximum", "minimum"]


@pytest.mark.parametrize("name", BINARY)
@MANY
@given(shapes=pairs)
def test_binary_rows(name: str, shapes: Any) -> None:
    assert_gradients_equal(lambda lib, x, y: getattr(lib, name)(x, y), arrays(shapes.input_shapes))


@MANY
@given(shapes=triples)
def test_where(shapes: Any) -> None:
    condition, *inputs = arrays(shapes.input_shapes)
    assert_gradients_equal(lambda lib, x, y: lib.where(lib.tensor(condition > 1.2), x, y), inputs)


@MANY
@given(shapes=triples)
def test_clamp(shapes: Any) -> None:
    """PyTorch cannot clamp a number by bounds of a higher rank: there, by its two halves."""

    def clamp(lib: Any, x: Any, low: Any, high: Any) -> Any:
        x, low, high = x * 3, low + 0.3, high + 2
        return lib.minimum(lib.maximum(x, low), high) if lib is torch else lib.clamp(x, low, high)

    assert_gradients_equal(clamp, arrays(shapes.input_shapes))


@MANY
@given(shapes=products)
def test_matmul(shapes: Any) -> None:
    assert_gradients_equal(lambda lib, x, y: lib.matmul(x, y), arrays(shapes.input_shapes))


@MANY
@given(shapes=pairs)
def test_broadcast_to(shapes: Any) -> None:
    (x, _), to = arrays(shapes.input_shapes), shapes.result_shape
    assert_gradients_equal(lambda lib, x: lib.broadcast_to(x, to), [x])


@MANY
@given(shapes=pairs)
def test_a_chain_of_copies_and_sums(shapes: Any) -> None:
    assert_gradients_equal(
        lambda lib, x, y: ((x + y) * x - y / x).sum() * (x * x), arrays(shapes.input_shapes)
    )


@MANY
@given(a=hnp.array_shapes(max_dims=3, max_side=4), b=hnp.array_shapes(max_dims=3, max_side=4))
def test_shapes_that_do_not_broadcast_are_refused(a: Any, b: Any) -> None:
    x, y = cr.zeros(a), cr.zeros(b)
    try:
        expected = np.broadcast_shapes(a, b)
    except ValueError:
        with pytest.raises(errors.ShapeError) as caught:
            _ = x + y
        assert str(caught.value) == (
            f"add of shapes {a} and {b}: they do not broadcast. Counted from the last axis, sizes "
            "must be equal, or one of them 1; reshape or unsqueeze one side"
        )
    else:
        assert (x + y).shape == expected


@MANY
@given(values=st.lists(st.floats(-100, 100), min_size=1, max_size=5), number=st.floats(0.5, 3))
def test_plain_numbers_broadcast(values: list[float], number: float) -> None:
    for function in (
        lambda lib, x: x + number,
        lambda lib, x: number - x,
        lambda lib, x: x * number,
        lambda lib, x: number / (x * x + 1),
        lambda lib, x: number ** (x / 100),
        lambda lib, x: (x * x + 1) ** number,
    ):
        assert_gradients_equal(function, [np.array(values)])
