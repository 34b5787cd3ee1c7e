"""Every structural row, on each of its samples: adding a row to the table adds all of these tests."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch

import cases
import chainrule as cr
from chainrule import Tensor
from chainrule.arrays import numpy_namespace
from chainrule.autodiff.graph import Absent
from chainrule.eager import apply
from chainrule.gradcheck import gradcheck, gradgradcheck
from chainrule.primitives import ROWS, Sample, Structural

inf, nan = math.inf, math.nan

each_row = pytest.mark.parametrize("row", cases.STRUCTURAL.values(), ids=cases.STRUCTURAL)
each_call = pytest.mark.parametrize(("row", "sample"), cases.CALLS, ids=cases.CALL_NAMES)


def leaf(array: np.ndarray) -> Tensor:
    return cr.tensor(array, requires_grad=array.dtype.kind == "f")


def torch_leaf(array: np.ndarray) -> torch.Tensor:
    return torch.tensor(array, requires_grad=array.dtype.kind == "f")


def cotangent(shape: Any, seed: int = 7) -> np.ndarray:
    return np.asarray(np.random.default_rng(seed).normal(size=shape))


@each_row
def test_the_row_says_how_to_try_it(row: Structural) -> None:
    assert row.samples
    assert callable(cases.torch_function(row))
    assert len(row.words) == len(row.pullbacks)
    assert len(row.reads) == len(row.pullbacks)
    assert row.notation


@each_call
def test_first_and_second_order_against_central_differences(row: Structural, sample: Sample) -> None:
    inputs = [leaf(array) for array in cases.drawn(sample)]

    def call(*inputs: Tensor) -> Tensor:
        return apply(row, inputs, sample.attrs)

    assert gradcheck(call, inputs, atol=1e-8, rtol=1e-7)
    assert gradgradcheck(call, inputs, atol=1e-7, rtol=1e-6)


@each_call
@pytest.mark.parametrize(
    ("dtype", "rtol", "atol"),
    [("float64", 1e-13, 1e-14), ("float32", 3e-6, 1e-6)],
    ids=["float64", "float32"],
)
def test_values_and_gradients_equal_pytorchs(
    row: Structural, sample: Sample, dtype: str, rtol: float, atol: float
) -> None:
    arrays = [a.astype(dtype) if a.dtype.kind == "f" else a for a in cases.drawn(sample)]
    ours, theirs = [*map(leaf, arrays)], [*map(torch_leaf, arrays)]
    out = apply(row, ours, sample.attrs)
    expected = cases.torch_function(row)(*theirs, **sample.attrs)
    assert str(out.dtype) == str(expected.dtype).removeprefix("torch.")
    cases.assert_same(out.detach().numpy(), expected.detach().numpy(), rtol, atol)
    g = cotangent(out.shape).astype(out.dtype)
    out.backward(cr.tensor(g))
    expected.backward(torch.tensor(g))
    for x, t in zip(ours, theirs, strict=True):
        assert (x.grad is None) == (t.grad is None)
        if x.grad is not None and t.grad is not None:
            assert x.grad.dtype == x.dtype
            cases.assert_same(x.grad.numpy(), t.grad.numpy(), rtol, atol)


@each_call
def test_second_gradients_equal_pytorchs(row: Structural, sample: Sample) -> None:
    """The gradient of Σ (∂(c·out³)/∂x)², which bends even where the row does not."""

    def second(lib: Any, inputs: list[Any], run: Any) -> list[Any]:
        out = run(inputs)
        sources = [x for x in inputs if x.requires_grad]
        scale = lib.tensor(cotangent(tuple(out.shape)))
        firsts = lib.autograd.grad((out * out * out * scale).sum(), sources, create_graph=True)
        total = sum((first * first).sum() for first in firsts)
        return list(lib.autograd.grad(total, sources))

    arrays = cases.drawn(sample)
    ours = second(cr, [*map(leaf, arrays)], lambda inputs: apply(row, inputs, sample.attrs))
    theirs = second(
        torch,
        [*map(torch_leaf, arrays)],
        lambda inputs: cases.torch_function(row)(*inputs, **sample.attrs),
    )
    for x, t in zip(ours, theirs, strict=True):
        cases.assert_same(x.numpy(), t.numpy(), 1e-11, 1e-12)


def wanted_subsets(row: Structural, arrays: list[np.ndarray]) -> list[tuple[bool, ...]]:
    """Each input alone, and all together, of those that something flows to."""
    flows = [array.dtype.kind == "f" for array in arrays]
    alone = [tuple(flow and place == one for place in range(len(flows))) for one, flow in enumerate(flows)]
    if row.variadic:
        return [tuple(flows)]
    return [wanted for wanted in {*alone, tuple(flows)} if any(wanted)]


@each_call
def test_needed_is_what_the_pullbacks_read(row: Structural, sample: Sample) -> None:
    """What is not needed may be gone but for its shape and dtype; what is needed changes the
    result."""
    arrays = cases.drawn(sample)
    out = np.asarray(row.forward(numpy_namespace, *arrays, **sample.attrs))
    saved, g = (out, *arrays), cotangent(out.shape)
    for wanted in wanted_subsets(row, arrays):
        expected = cases.pulled(row, g, wanted, saved, sample.attrs)
        needed = row.needed(wanted)
        without = tuple(a if need else Absent(a) for a, need in zip(saved, needed, strict=True))
        for ours, whole in zip(cases.pulled(row, g, wanted, without, sample.attrs), expected, strict=True):
            np.testing.assert_array_equal(ours, whole)
        for place, need in enumerate(needed):
            if need:
                spoiled = (*saved[:place], _spoiled(saved[place]), *saved[place + 1 :])
                found = cases.pulled(row, g, wanted, spoiled, sample.attrs)
                assert any(
                    not np.array_equal(one, whole, equal_nan=True)
                    for one, whole in zip(found, expected, strict=True)
                )


def _spoiled(array: np.ndarray) -> np.ndarray:
    return array * np.nan if array.dtype.kind == "f" else array * 0


@each_call
def test_gradients_are_nobody_elses_memory_and_inputs_are_untouched(
    row: Structural, sample: Sample
) -> None:
    arrays = cases.drawn(sample)
    before = [array.copy() for array in arrays]
    inputs = [cr.from_numpy(array) for array in arrays]
    for x in inputs:
        x.requires_grad_(x.dtype == np.float64)
    out = apply(row, inputs, sample.attrs)
    values = out.detach().numpy().copy()
    seed = cr.tensor(cotangent(out.shape))
    out.backward(seed, retain_graph=True)
    gradients = [x.grad.numpy() for x in inputs if x.grad is not None]
    others = [*arrays, out.detach().numpy(), seed.numpy()]
    for place, g in enumerate(gradients):
        for other in (*others, *gradients[:place]):
            assert not np.shares_memory(g, other)
    for array, copy in zip(arrays, before, strict=True):
        np.testing.assert_array_equal(array, copy)
    np.testing.assert_array_equal(out.detach().numpy(), values)
    np.testing.assert_array_equal(seed.numpy(), cotangent(out.shape))


def test_a_structural_row_without_samples_fails() -> None:
    bare = Structural(name="bare", forward=lambda xp, x: x, pullbacks=(lambda xp, g, out, x: g,))
    try:
        with pytest.raises(AssertionError):
            test_the_row_says_how_to_try_it(bare)
    finally:
        del ROWS["bare"]


# --- ties, infinities, nothing at all ------------------------------------------------------------

TIES = [
    [[1.0, 3.0, 3.0], [2.0, 2.0, 2.0]],
    [[nan, 3.0, 3.0], [2.0, nan, nan]],
    [[inf, inf, 0.0], [-inf, -inf, -inf]],
    [[-inf, 0.0, 1.0], [1000.0, 1000.0, -1000.0]],
]
ALONG = [
    (name, {"axis": axis, "keepdims": keepdims})
    for name in ("sum", "mean", "max", "min", "logsumexp")
    for axis in (None, 0, 1)
    for keepdims in (False, True)
] + [(name, {"axis": axis}) for name in ("softmax", "log_softmax") for axis in (0, 1)]


@pytest.mark.parametrize(("name", "attrs"), ALONG, ids=[f"{n}-{a}" for n, a in ALONG])
@pytest.mark.parametrize("rows", TIES, ids=["ties", "nan", "infinite", "large"])
def test_reductions_of_special_values_equal_pytorchs(
    name: str, attrs: dict[str, Any], rows: list[list[float]]
) -> None:
    x, t = leaf(np.array(rows)), torch_leaf(np.array(rows))
    out = apply(ROWS[name], [x], attrs)
    expected = cases.torch_function(ROWS[name])(t, **attrs)
    cases.assert_same(out.detach().numpy(), expected.detach().numpy(), 1e-14)
    g = cotangent(out.shape)
    out.backward(cr.tensor(g))
    expected.backward(torch.tensor(g))
    assert x.grad is not None
    assert t.grad is not None
    cases.assert_same(x.grad.numpy(), t.grad.numpy(), 1e-13, 1e-15)


@pytest.mark.parametrize("name", ["sum", "mean", "logsumexp"])
@pytest.mark.parametrize(
    ("shape", "axis"), [((0,), 0), ((0, 3), 0), ((0, 3), 1), ((2, 0), 1), ((2, 0), None)]
)
def test_reductions_of_nothing_equal_pytorchs(name: str, shape: Any, axis: Any) -> None:
    x, t = leaf(np.zeros(shape)), torch_leaf(np.zeros(shape))
    attrs = {"axis": axis, "keepdims": False}
    out, expected = apply(ROWS[name], [x], attrs), cases.torch_function(ROWS[name])(t, **attrs)
    cases.assert_same(out.detach().numpy(), expected.detach().numpy(), 0.0)
    out.sum().backward()
    assert x.grad is not None
    assert x.grad.shape == shape


@pytest.mark.parametrize(
    ("a", "b"), [((0, 3), (3, 2)), ((2, 0), (0, 3)), ((2, 3), (3, 0)), ((0,), (0,)), ((4, 0, 2), (2, 3))]
)
def test_products_of_nothing_equal_pytorchs(a: Any, b: Any) -> None:
    ours, theirs = [leaf(np.ones(a)), leaf(np.ones(b))], [torch_leaf(np.ones(a)), torch_leaf(np.ones(b))]
    out, expected = ours[0] @ ours[1], theirs[0] @ theirs[1]
    cases.assert_same(out.detach().numpy(), expected.detach().numpy(), 0.0)
    out.sum().backward()
    expected.sum().backward()
    for x, t in zip(ours, theirs, strict=True):
        assert x.grad is not None
        assert t.grad is not None
        cases.assert_same(x.grad.numpy(), t.grad.numpy(), 0.0)


def test_no_gradient_comes_back_as_a_view_of_another() -> None:
    """What a sum, a reshape and a copy send back is the cotangent itself: each leaf gets its own."""
    a, b, c = (leaf(np.ones(3)) for _ in range(3))
    total = (a + b) + c.reshape(3, 1).reshape(3)
    seed = cr.tensor(np.ones(3))
    total.backward(seed)
    found = [x.grad.numpy() for x in (a, b, c) if x.grad is not None] + [seed.numpy()]
    assert not any(np.shares_memory(x, y) for i, x in enumerate(found) for y in found[:i])
