"""Small pictures of large arrays: block means, and nothing that is not finite gets lost in them."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from graphs import GRAPHS
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

import chainrule
from chainrule import explain, nn
from chainrule.explain.derivation import Derivation
from chainrule.explain.images import image


def plain_means(matrix):
    """Block by block, as one would say it."""
    rows, columns = (np.arange(min(32, n)) * n // min(32, n) for n in matrix.shape)
    bounds = [[*starts, n] for starts, n in zip((rows, columns), matrix.shape, strict=True)]
    return [
        [
            matrix[top:bottom, left:right].astype(float).mean()
            for left, right in zip(bounds[1], bounds[1][1:], strict=False)
        ]
        for top, bottom in zip(bounds[0], bounds[0][1:], strict=False)
    ]


@settings(max_examples=80, deadline=None)
@given(
    arrays.arrays(
        st.sampled_from([np.float32, np.float64, np.int64]),
        st.tuples(st.integers(1, 90), st.integers(1, 90)).filter(lambda shape: math.prod(shape) > 64),
        elements=st.integers(-1000, 1000),
    )
)
def test_means_of_blocks(matrix):
    found = image(matrix)
    assert found.shape == matrix.shape
    np.testing.assert_allclose(found.numbers, plain_means(matrix), rtol=6e-4, atol=1e-12)
    assert found.low == pytest.approx(matrix.min(), rel=6e-4)
    assert found.high == pytest.approx(matrix.max(), rel=6e-4)
    for row in found.numbers:
        for number in row:
            assert type(number) is float
            assert found.low <= number <= found.high
            assert len(repr(number)) <= 10


@pytest.mark.parametrize(
    ("shape", "size"),
    [
        ((100,), (1, 32)),
        ((5, 20), (5, 20)),
        ((65, 1), (32, 1)),
        ((3, 4, 6), (12, 6)),
        ((2, 3, 4, 5), (8, 15)),
        ((2, 2, 3, 4, 5), (16, 15)),
    ],
)
def test_the_matrix_that_it_is_seen_as(shape, size):
    numbers = image(np.zeros(shape)).numbers
    assert (len(numbers), len(numbers[0])) == size


def test_an_image_to_a_row_and_a_channel_to_a_column():
    batch = np.arange(2 * 3 * 4 * 4).reshape(2, 3, 4, 4)
    numbers = np.array(image(batch).numbers)
    for i in range(2):
        for channel in range(3):
            tile = numbers[i * 4 : i * 4 + 4, channel * 4 : channel * 4 + 4]
            assert (tile == batch[i, channel]).all()


def test_what_is_not_finite_stays_visible():
    numbers = np.ones((320, 320), np.float32)
    numbers[0, 0], numbers[15, 15], numbers[25, 25], numbers[319, 319] = np.nan, np.inf, -np.inf, 5.0
    found = image(numbers)
    cells = np.array(found.numbers)
    assert np.isnan(cells[0, 0])
    assert (cells[1, 1], cells[2, 2], cells[31, 31]) == (np.inf, -np.inf, 1.04)
    assert np.isfinite(cells).sum() == cells.size - 3
    assert (found.low, found.high) == (1.0, 5.0)


def test_nothing_finite_at_all():
    found = image(np.full(100, np.nan))
    assert (found.low, found.high) == (0.0, 0.0)
    assert np.isnan(found.numbers).all()


@pytest.mark.parametrize("number", [1.7e308, -1.7e308, 2.345e-304, 1e-30, 123456.0, 0.0, -0.0])
def test_numbers_at_the_ends_of_the_range(number):
    found = image(np.full((100, 100), number))
    assert np.isfinite(found.numbers).all()
    np.testing.assert_allclose(found.numbers, number, rtol=6e-4)
    assert found.low == found.high == found.numbers[0][0]
    assert math.copysign(1.0, found.low) == (-1.0 if number < 0 else 1.0)


@pytest.mark.parametrize(
    "array",
    [
        np.zeros(64),
        np.zeros((0, 100)),
        np.zeros(()),
        np.zeros(100, complex),
        np.zeros(100, object),
        np.zeros(4_000_001, bool),
        None,
        3.0,
        [1.0] * 100,
    ],
)
def test_there_is_no_image_of(array):
    assert image(array) is None


@pytest.mark.parametrize("dtype", [bool, np.int8, np.uint64, np.float16])
def test_other_numbers(dtype):
    found = image(np.ones((10, 10), dtype))
    assert found.numbers == [[1.0] * 10] * 10


def test_views_of_any_layout():
    whole = np.arange(10_000.0).reshape(100, 100)
    assert image(whole.T).numbers == np.transpose(image(whole).numbers).tolist()
    assert image(whole[::-1]).numbers == image(whole[::-1].copy()).numbers


# --- in a derivation -------------------------------------------------------------------------------------


def images(derivation):
    names = {one.id: one.name for one in derivation.variables}
    return {(names[one.variable], one.of): one for one in derivation.images}


def network():
    chainrule.manual_seed(0)
    model = nn.Sequential(nn.Linear(10, 20), nn.ReLU(), nn.Linear(20, 10))
    x = chainrule.randn(30, 10)
    h = model[0](x)
    y = model[2](model[1](h))
    loss = (y**2).mean()
    return model, x, h, y, loss


def test_of_every_large_variable_both():
    model, x, h, y, loss = network()
    h.retain_grad()
    loss.backward(retain_graph=True)
    derivation = explain(loss, torch=False)
    found = images(derivation)
    large = [one for one in derivation.variables if math.prod(one.shape) > 64]
    assert all((one.name, "value") in found for one in large)
    assert all((one.name, "gradient") in found for one in large if one.kind != "input")
    assert {name for name, _ in found} == {one.name for one in large}
    for name, array in (
        ("x", x),
        ("h", h),
        ("y", y),
        ("model.0.weight", model[0].weight),
    ):
        assert found[name, "value"].numbers == image(array.detach().numpy()).numbers
    for name, tensor in (("h", h), ("model.2.weight", model[2].weight)):
        assert found[name, "gradient"].numbers == image(tensor.grad.numpy()).numbers
    assert found["model.2.weight", "value"].shape == (10, 20)
    assert ("loss", "value") not in found


def test_results_that_nobody_kept_are_computed_again():
    chainrule.manual_seed(1)
    x = chainrule.randn(10, 10)
    w, b = (chainrule.randn(10, 10).requires_grad_() for _ in range(2))
    sums = (x @ w) + b  # adding needs neither of them, and the sum is not needed either
    more = sums + 1.0
    loss = more.sum()
    found = images(explain(loss, torch=False))
    assert found["sums", "value"].numbers == image(sums.detach().numpy()).numbers
    assert found["more", "value"].numbers == image(more.detach().numpy()).numbers


def test_before_and_after_backward_alike():
    *_, loss = network()
    before = explain(loss, torch=False)
    loss.backward(retain_graph=True)
    assert explain(loss, torch=False).images == before.images


def test_a_freed_graph_has_what_is_left():
    w = chainrule.randn(10, 10).requires_grad_()
    loss = (w + 1.0).sum()
    loss.backward()
    found = images(explain(loss, torch=False))
    assert ("w", "value") in found
    assert ("w", "gradient") in found


def test_a_result_that_was_written_over_is_not_shown():
    x = chainrule.randn(10, 10).requires_grad_()
    y = x * 2.0
    doubled = image(y.detach().numpy().copy()).numbers
    loss = (y + 1.0).sum()
    with chainrule.no_grad():
        y.detach().zero_()
    derivation = explain(loss, torch=False)
    shown = images(derivation).get(("y", "value"))
    assert shown is None or shown.numbers == doubled


def test_a_gradient_that_comes_by_several_ways_is_shown_whole():
    x = chainrule.randn(10, 10).requires_grad_()
    h = x * 1.0
    loss = (h * 2.0).sum() + (h * h).sum() + h.sum()
    h.retain_grad()
    loss.backward(retain_graph=True)
    found = images(explain(loss, torch=False))
    assert found["h", "gradient"].numbers == image(h.grad.numpy()).numbers
    assert found["x", "gradient"].numbers == image(x.grad.numpy()).numbers


def test_convolutions_integers_and_booleans():
    chainrule.manual_seed(2)
    batch = chainrule.randn(4, 1, 8, 8)
    conv, table = nn.Conv2d(1, 3, 3), nn.Embedding(40, 4)
    index = chainrule.tensor([[i % 40 for i in range(k, k + 10)] for k in range(10)])
    mask = chainrule.ones(10, 10, 4) > 0
    rows = chainrule.where(mask, table(index), chainrule.zeros(10, 10, 4))
    loss = (conv(batch) ** 2).mean() + (rows**2).mean()
    found = images(explain(loss, torch=False))
    assert (len(found["batch", "value"].numbers), len(found["batch", "value"].numbers[0])) == (32, 8)
    assert ("table.weight", "gradient") in found
    assert ("rows", "value") in found


def test_infinities_go_through_json():
    x = chainrule.zeros(10, 10).requires_grad_()
    derivation = explain((x.log() * x).sum(), torch=False)
    text = derivation.to_json()
    json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    assert Derivation.from_json(text).to_json() == text
    assert derivation.images


@pytest.mark.parametrize("name", GRAPHS)
def test_small_graphs_have_none(name):
    assert explain(GRAPHS[name](), torch=False).images == ()


def test_the_rate_of_the_update():
    from chainrule.explain.derive import derive
    from chainrule.explain.names import Names
    from chainrule.explain.recording import record

    w = chainrule.tensor(1.0, requires_grad=True)
    assert explain(w * 2.0, torch=False).rate == 0.1
    assert derive(record(w * 2.0, Names()), torch=False, rate=0.5).rate == 0.5
