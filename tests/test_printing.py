"""The text of a tensor, against literal texts and against PyTorch itself."""

from __future__ import annotations

import doctest
import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from chainrule import errors, printing
from chainrule.printing import format_tensor

inf, nan = math.inf, math.nan


def array(values: Any, dtype: str = "float32") -> np.ndarray:
    return np.array(values, dtype=dtype)


TEXTS = [
    # Scalars.
    (array(1.0), "tensor(1.)"),
    (array(-2.0), "tensor(-2.)"),
    (array(0.1), "tensor(0.1000)"),
    (array(0.0), "tensor(0.)"),
    (array(-0.0), "tensor(-0.)"),
    (array(nan), "tensor(nan)"),
    (array(-inf), "tensor(-inf)"),
    (array(123456.789), "tensor(123456.7891)"),
    (array(1e8), "tensor(100000000.)"),
    (array(1e9), "tensor(1.0000e+09)"),
    (array(3, "int64"), "tensor(3)"),
    (array(3, "int32"), "tensor(3, dtype=torch.int32)"),
    (array(True, "bool"), "tensor(True)"),
    # Just below and just above the smallest decimal: 1e-4 in float32 lies below 0.0001.
    (array(1e-4, "float64"), "tensor(0.0001, dtype=torch.float64)"),
    (array(1e-4), "tensor(1.0000e-04)"),
    # One style for all the numbers of a tensor.
    (array([1.0, 2.0]), "tensor([1., 2.])"),
    (array([1.0, 2.5]), "tensor([1.0000, 2.5000])"),
    (array([-1.0, 2.5]), "tensor([-1.0000,  2.5000])"),
    (array([1000.0, 1.0]), "tensor([1000.,    1.])"),
    (array([1001.0, 1.0]), "tensor([1.0010e+03, 1.0000e+00])"),
    (array([1000.0, 0.9]), "tensor([1.0000e+03, 9.0000e-01])"),
    (array([1e-5, 1.0]), "tensor([1.0000e-05, 1.0000e+00])"),
    (array([0.0, 1e-9]), "tensor([0.0000e+00, 1.0000e-09])"),
    (array([9.99996, 1.0]), "tensor([10.0000,  1.0000])"),
    (array([nan, 1.5]), "tensor([   nan, 1.5000])"),
    (array([inf, -1.0]), "tensor([inf, -1.])"),
    (array([inf, nan]), "tensor([inf, nan])"),
    (array([-0.0, 0.0]), "tensor([-0., 0.])"),
    # Integers and bools.
    (array([1, -200], "int64"), "tensor([   1, -200])"),
    (array([1, 200], "uint8"), "tensor([  1, 200], dtype=torch.uint8)"),
    (array([True, False], "bool"), "tensor([ True, False])"),
    (array([1.0, 2.0], "float64"), "tensor([1., 2.], dtype=torch.float64)"),
    # Empty tensors, which show every dtype but float32.
    (array([]), "tensor([])"),
    (np.zeros((0, 3), "float32"), "tensor([], size=(0, 3))"),
    (np.zeros((2, 1, 0, 3), "float32"), "tensor([], size=(2, 1, 0, 3))"),
    (array([], "int64"), "tensor([], dtype=torch.int64)"),
    (np.zeros((0, 3), "bool"), "tensor([], size=(0, 3), dtype=torch.bool)"),
    # Brackets and line breaks.
    (array([[1.0, 2.0], [3.0, 4.0]]), "tensor([[1., 2.],\n        [3., 4.]])"),
    (
        np.arange(8, dtype="int64").reshape(2, 2, 2),
        "tensor([[[0, 1],\n         [2, 3]],\n\n        [[4, 5],\n         [6, 7]]])",
    ),
    (
        np.full(12, 0.5, "float32"),
        "tensor([0.5000, 0.5000, 0.5000, 0.5000, 0.5000, 0.5000, 0.5000, 0.5000, 0.5000,\n"
        "        0.5000, 0.5000, 0.5000])",
    ),
    # More than 1000 elements.
    (np.arange(1001, dtype="int64"), "tensor([   0,    1,    2,  ...,  998,  999, 1000])"),
    (
        np.arange(2000, dtype="int64").reshape(2, 1000),
        "tensor([[   0,    1,    2,  ...,  997,  998,  999],\n"
        "        [1000, 1001, 1002,  ..., 1997, 1998, 1999]])",
    ),
    (
        np.ones((2000, 1), "float32"),
        "tensor([[1.],\n        [1.],\n        [1.],\n        ...,\n"
        "        [1.],\n        [1.],\n        [1.]])",
    ),
]


@pytest.mark.parametrize(("values", "text"), TEXTS, ids=[text[:40] for _, text in TEXTS])
def test_text_of_values(values: np.ndarray, text: str) -> None:
    assert format_tensor(values) == text
    assert repr(torch.tensor(values)) == text


def test_the_course_reads_the_same() -> None:
    assert format_tensor(array(1.0), requires_grad=True, grad_fn="PowBackward0") == (
        "tensor(1., grad_fn=<PowBackward0>)"
    )
    assert format_tensor(array([1.0, 2.5]), requires_grad=True) == (
        "tensor([1.0000, 2.5000], requires_grad=True)"
    )
    assert format_tensor(array([]), requires_grad=True) == "tensor([], requires_grad=True)"


def test_suffixes_that_do_not_fit_go_on_a_new_line() -> None:
    half = np.full(7, 0.5)
    assert format_tensor(half[:3], grad_fn="AddBackward0") == (
        "tensor([0.5000, 0.5000, 0.5000], dtype=torch.float64, grad_fn=<AddBackward0>)"
    )
    assert format_tensor(half[:4], grad_fn="AddBackward0") == (
        "tensor([0.5000, 0.5000, 0.5000, 0.5000], dtype=torch.float64,\n       grad_fn=<AddBackward0>)"
    )
    assert format_tensor(half, grad_fn="AddBackward0") == (
        "tensor([0.5000, 0.5000, 0.5000, 0.5000, 0.5000, 0.5000, 0.5000],\n"
        "       dtype=torch.float64, grad_fn=<AddBackward0>)"
    )


def test_what_is_left_out_has_no_part_in_the_style() -> None:
    values = np.ones(2000, "float32")
    values[1000] = 1e-20
    assert format_tensor(values) == "tensor([1., 1., 1.,  ..., 1., 1., 1.])"


def test_a_view_and_its_copy_read_alike() -> None:
    values = np.arange(24.0).reshape(4, 6).T[::2]
    assert format_tensor(values) == format_tensor(values.copy())
    assert format_tensor(values.astype(">f8")) == format_tensor(values)


@pytest.mark.parametrize("values", [[1.0], 1.0, np.float32(1)])
def test_what_is_not_an_array_is_refused(values: Any) -> None:
    with pytest.raises(errors.DTypeError, match=r"this is (list|float|float32): convert it first"):
        format_tensor(values)


def test_complex_numbers_are_refused() -> None:
    with pytest.raises(TypeError, match=r"an array of complex128: convert it first"):
        format_tensor(np.array([1j]))


SPECIALS = [nan, inf, -inf, 0.0, -0.0, 1e8, 1e-4, 1e-5, 1000.0, 1001.0, -1.0, 99999.99999, 1e30]


def floats(width: int) -> st.SearchStrategy[float]:
    """Numbers of every style: any float, the borders between styles, whole and short ones."""
    at_width = {32: np.float32, 64: np.float64}[width]
    return st.one_of(
        st.floats(width=width),
        st.sampled_from([float(at_width(value)) for value in SPECIALS]),
        st.integers(-2000, 2000).map(float),
        st.integers(-2000, 2000).map(lambda n: float(at_width(n / 100))),
    )


SHAPES = hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=13)
ARRAYS = st.one_of(
    hnp.arrays("float32", SHAPES, elements=floats(32)),
    hnp.arrays("float64", SHAPES, elements=floats(64)),
    hnp.arrays("int64", SHAPES),
    hnp.arrays("int64", SHAPES, elements=st.integers(-50, 5000)),
    hnp.arrays("bool", SHAPES),
    hnp.arrays("int32", SHAPES),
    hnp.arrays("uint8", SHAPES),
)


@settings(max_examples=500, deadline=None)
@given(ARRAYS, st.sampled_from(["plain", "leaf", "made"]))
def test_text_is_pytorchs(values: np.ndarray, history: str) -> None:
    reference = torch.tensor(values)
    grad_fn = None
    requires_grad = history != "plain" and reference.is_floating_point()
    if requires_grad:
        reference.requires_grad_()
        if history == "made":
            reference = reference.clone()
            grad_fn = reference.grad_fn.name()
    text = format_tensor(values, requires_grad=requires_grad, grad_fn=grad_fn)
    assert text == repr(reference)


@pytest.mark.parametrize("seed", range(8))
def test_text_of_large_tensors_is_pytorchs(seed: int) -> None:
    generator = np.random.default_rng(seed)
    for shape in [(1001,), (7, 200), (400, 6), (11, 11, 11), (2, 7, 80), (3, 2, 7, 30), (40, 30)]:
        values = generator.standard_normal(shape) * 10.0 ** generator.integers(-5, 6)
        for chosen in (values, np.round(values), values.astype("float32"), values.astype("int64")):
            assert format_tensor(chosen) == repr(torch.tensor(chosen))


def test_examples_of_the_docstrings() -> None:
    assert doctest.testmod(printing).failed == 0
