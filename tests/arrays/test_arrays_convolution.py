"""Convolutions of arrays, and their transposes, against sums written out."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule.arrays import convolution as module
from chainrule.arrays.convolution import convolution, convolution_input, convolution_weight

Case = tuple[np.ndarray, np.ndarray, dict[str, Any]]


def plain(x: np.ndarray, w: np.ndarray, options: dict[str, Any]) -> np.ndarray:
    """The definition, one product after the other."""
    stride, padding, dilation, groups = options.values()
    rim = [(0, 0), (0, 0), *((p, p) for p in padding)]
    x = np.pad(x, rim)
    places = [
        (n - d * (k - 1) - 1) // s + 1
        for n, k, s, d in zip(x.shape[2:], w.shape[2:], stride, dilation, strict=True)
    ]
    out = np.zeros((len(x), len(w), *places))
    for b, o in product(range(len(x)), range(len(w))):
        first = o // (len(w) // groups) * w.shape[1]
        for place in product(*map(range, places)):
            for c, *offset in product(*map(range, w.shape[1:])):
                at = [p * s + k * d for p, s, k, d in zip(place, stride, offset, dilation, strict=True)]
                out[(b, o, *place)] += w[(o, c, *offset)] * x[(b, first + c, *at)]
    return out


@st.composite
def cases(draw: st.DrawFn) -> Case:
    axes = draw(st.integers(1, 2))

    def each(low: int, high: int) -> tuple[int, ...]:
        return tuple(draw(st.lists(st.integers(low, high), min_size=axes, max_size=axes)))

    window, stride, padding, dilation = each(1, 3), each(1, 3), each(0, 2), each(1, 2)
    groups = draw(st.integers(1, 2))
    batch, inputs, outputs = (draw(st.integers(low, 2)) for low in (0, 1, 1))
    space = tuple(d * (k - 1) + 1 + n for k, d, n in zip(window, dilation, each(0, 3), strict=True))
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    x = rng.normal(size=(batch, groups * inputs, *space))
    w = rng.normal(size=(groups * outputs, inputs, *window))
    return x, w, {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}


@settings(max_examples=60, deadline=None)
@given(cases())
def test_it_is_the_sum_of_its_definition(case: Case) -> None:
    x, w, options = case
    np.testing.assert_allclose(convolution(x, w, **options), plain(x, w, options), atol=1e-12)


@settings(max_examples=60, deadline=None)
@given(cases())
def test_the_others_are_its_transposes(case: Case) -> None:
    """⟨g, conv(x, w)⟩ = ⟨conv_input(g, w), x⟩ = ⟨conv_weight(g, x), w⟩."""
    x, w, options = case
    out = convolution(x, w, **options)
    g = np.random.default_rng(1).normal(size=out.shape)
    for_input = convolution_input(g, w, shape=x.shape, **options)
    for_weight = convolution_weight(g, x, shape=w.shape, **options)
    assert for_input.shape == x.shape
    assert for_weight.shape == w.shape
    assert np.vdot(for_input, x) == pytest.approx(np.vdot(g, out), abs=1e-10)
    assert np.vdot(for_weight, w) == pytest.approx(np.vdot(g, out), abs=1e-10)


@pytest.mark.parametrize("piece", [1, 100, 1000])
def test_a_batch_is_taken_in_parts(piece: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    x, w = rng.normal(size=(7, 2, 6, 5)), rng.normal(size=(3, 2, 3, 2))
    options: dict[str, Any] = {"stride": (1, 2), "padding": (1, 0), "dilation": (1, 1), "groups": 1}

    def all_three() -> list[np.ndarray]:
        out = convolution(x, w, **options)
        return [
            out,
            convolution_input(out, w, shape=x.shape, **options),
            convolution_weight(out, x, shape=w.shape, **options),
        ]

    whole = all_three()
    monkeypatch.setattr(module, "_PIECE", piece)
    for one, expected in zip(all_three(), whole, strict=True):
        np.testing.assert_allclose(one, expected, rtol=1e-12, atol=1e-12)


def test_dtypes_stay_and_inputs_of_any_layout_are_left_alone() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(5, 6, 2, 3)).astype(np.float32).transpose(3, 2, 0, 1)
    w = rng.normal(size=(4, 2, 3, 3)).astype(np.float32)[:, :, ::-1]
    before = x.copy(), w.copy()
    options: dict[str, Any] = {"stride": (1, 1), "padding": (1, 1), "dilation": (1, 1), "groups": 1}
    out = convolution(x, w, **options)
    assert out.dtype == np.float32
    np.testing.assert_allclose(out, plain(x, w, options), rtol=1e-4, atol=1e-5)
    assert convolution_input(out, w, shape=x.shape, **options).dtype == np.float32
    assert convolution_weight(out, x, shape=w.shape, **options).dtype == np.float32
    np.testing.assert_array_equal(x, before[0])
    np.testing.assert_array_equal(w, before[1])
