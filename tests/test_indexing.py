"""Reading and writing by index, of every kind that PyTorch takes, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import chainrule as cr
from against_torch import assert_same, leaves
from chainrule import errors

T = np.random.default_rng(2).normal(size=(3, 4, 5))

KEYS: list[tuple[str, Any]] = [
    ("integer", lambda lib: 1),
    ("negative", lambda lib: -1),
    ("several", lambda lib: (1, 2, -5)),
    ("slice", lambda lib: slice(1, None)),
    ("stepped", lambda lib: (slice(None), slice(0, None, 2))),
    ("beyond the end", lambda lib: slice(1, 100)),
    ("nothing", lambda lib: slice(2, 2)),
    ("new axis", lambda lib: (None, 1, None)),
    ("ellipsis", lambda lib: (..., 1)),
    ("ellipsis between", lambda lib: (0, ..., slice(1, 3))),
    ("ellipsis alone", lambda lib: ...),
    ("empty tuple", lambda lib: ()),
    ("list", lambda lib: [0, 2, 0]),
    ("tensor", lambda lib: lib.tensor([2, 0, 0, 2])),
    ("matrix of indices", lambda lib: lib.tensor([[0, 1], [2, 0]])),
    ("two tensors", lambda lib: (lib.tensor([0, 2]), lib.tensor([1, 1]))),
    ("tensor and slice", lambda lib: (slice(None), lib.tensor([0, 3, 3]))),
    ("tensors apart", lambda lib: (lib.tensor([0, 1]), slice(None), lib.tensor([4, 4]))),
    ("integer and tensor", lambda lib: (1, lib.tensor([0, 3, 3]))),
    ("number tensor", lambda lib: lib.tensor(2)),
    ("broadcast tensors", lambda lib: (lib.tensor([[0], [2]]), lib.tensor([1, 3]))),
    ("mask", lambda lib: lib.tensor(T > 0)),
    ("mask of rows", lambda lib: lib.tensor([True, False, True])),
    ("mask of an axis", lambda lib: (slice(None), lib.tensor([True, False, True, True]))),
    ("mask of nothing", lambda lib: lib.tensor([False, False, False])),
    ("negative list", lambda lib: [-1, -3]),
    ("empty list", lambda lib: lib.tensor([], dtype=lib.int64)),
]
each_key = pytest.mark.parametrize("key", [k[1] for k in KEYS], ids=[k[0] for k in KEYS])


@each_key
def test_reading(key: Any) -> None:
    assert_same(lambda lib, x: x[key(lib)], T)


@each_key
def test_reading_to_second_order(key: Any) -> None:
    def second(lib: Any, x: Any) -> Any:
        (g,) = lib.autograd.grad((x[key(lib)] ** 3).sum(), x, create_graph=True)
        return (g * g).sum()

    assert_same(second, T)


@each_key
def test_writing_a_number(key: Any) -> None:
    def write(lib: Any, x: Any) -> Any:
        y = x * 1.0
        y[key(lib)] = 2.5
        return y * x

    assert_same(write, T)


@each_key
def test_writing_a_tensor(key: Any) -> None:
    """Where a place is written twice, which value wins is left open: those keys hold each place
    once."""
    places = np.arange(T.size).reshape(T.shape)[
        tuple(np.asarray(k) if isinstance(k, torch.Tensor) else k for k in key(torch))
        if isinstance(key(torch), tuple)
        else np.asarray(key(torch))
        if isinstance(key(torch), torch.Tensor)
        else key(torch)
    ]
    values = np.random.default_rng(4).normal(size=places.shape)
    if len(np.unique(places)) != places.size:
        values = np.full(places.shape, 1.5)
        values = values.reshape(-1)[:1].reshape(())

    def write(lib: Any, x: Any, value: Any) -> Any:
        y = x * 2.0
        y[key(lib)] = value * 3.0
        return y * x

    if len(np.unique(places)) == places.size:
        assert_same(write, T, values)
    else:
        assert_same(lambda lib, x: write(lib, x, lib.tensor(values)), T)


def test_writing_broadcasts_and_converts() -> None:
    def write(lib: Any, x: Any, row: Any) -> Any:
        y = x.clone()
        y[1] = row
        y[:, 0] = 7
        return y

    assert_same(write, T, np.arange(5.0))
    x = cr.zeros(3)
    x[1] = True
    x[2] = cr.tensor(2.5, dtype=cr.float64)
    assert x.tolist() == [0.0, 1.0, 2.5]
    whole = cr.tensor([1, 2, 3])
    whole[0] = 9
    assert whole.tolist() == [9, 2, 3]


def test_basic_indexing_is_a_view_and_advanced_is_a_copy() -> None:
    x = cr.zeros(3, 3)
    row, picked = x[1], x[[1]]
    x[1, 1] = 5.0
    assert row.tolist() == [0.0, 5.0, 0.0]
    assert picked.tolist() == [[0.0, 0.0, 0.0]]
    row += 1
    assert x[1].tolist() == [1.0, 6.0, 1.0]


def test_a_place_that_is_picked_twice_receives_twice() -> None:
    x = cr.tensor([1.0, 2.0, 3.0], requires_grad=True)
    x[[0, 0, 2]].sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [2.0, 0.0, 1.0]


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    key=hnp.basic_indices((3, 4, 5), allow_newaxis=True)
    | hnp.integer_array_indices((3, 4, 5))
    | hnp.arrays(bool, (3, 4)),
    data=st.data(),
)
def test_random_keys_read_and_send_back_what_numpy_does(key: Any, data: Any) -> None:
    x = cr.tensor(T, requires_grad=True)
    out = x[key]
    np.testing.assert_array_equal(out.detach().numpy(), T[key])
    g = np.asarray(np.random.default_rng(0).normal(size=out.shape))
    out.backward(cr.tensor(g))
    expected = np.zeros_like(T)
    np.add.at(expected, key, g)
    assert x.grad is not None
    np.testing.assert_allclose(x.grad.numpy(), expected, rtol=1e-14)


REFUSED: list[tuple[str, Any, type[Exception], str]] = [
    (
        "beyond",
        3,
        errors.IndexOutOfRangeError,
        "index 3 is out of range on axis 0, whose length is 3: it goes from -3",
    ),
    (
        "below",
        (0, -5),
        errors.IndexOutOfRangeError,
        "index -5 is out of range on axis 1, whose length is 4",
    ),
    ("list beyond", [0, 7], errors.IndexOutOfRangeError, "index 7 is out of range on axis 0"),
    ("tensor beyond", cr.tensor([-4]), errors.IndexOutOfRangeError, "index -4 is out of range on axis 0"),
    ("after ellipsis", (..., 5), errors.IndexOutOfRangeError, "index 5 is out of range on axis 2"),
    (
        "too many",
        (0, 0, 0, 0),
        errors.IndexOutOfRangeError,
        "4 indices for a tensor of rank 3, of shape (3, 4, 5)",
    ),
    ("two ellipses", (..., 0, ...), errors.IndexOutOfRangeError, "an index may hold one `...`"),
    (
        "mask shape",
        cr.tensor([True, False]),
        errors.IndexOutOfRangeError,
        "a boolean mask of shape (2,) for a tensor",
    ),
    ("float", 1.0, errors.DTypeError, "1.0 is no index"),
    ("float tensor", cr.tensor([0.0]), errors.DTypeError, "is no index: use integers, slices, None, …"),
    ("text", "a", errors.DTypeError, "'a' is no index"),
    ("bool", True, errors.DTypeError, "True is no index"),
    ("slice of floats", slice(0.5, 2), errors.DTypeError, "0.5 is no index"),
    ("step 0", slice(None, None, 0), errors.DomainError, "a slice cannot go on in steps of 0"),
    ("ragged", [[0, 1], [2]], errors.DTypeError, "is no index"),
    (
        "no broadcast",
        ([0, 1], [0, 1, 2]),
        errors.IndexOutOfRangeError,
        "of shapes (2,), (3,) pick together",
    ),
]
each_refused = pytest.mark.parametrize(
    ("key", "kind", "message"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED]
)


@each_refused
def test_refused_keys(key: Any, kind: type[Exception], message: str) -> None:
    x = cr.tensor(T)
    with pytest.raises(errors.ChainruleError) as reading:
        _ = x[key]
    with pytest.raises(errors.ChainruleError) as writing:
        x[key] = 1.0
    for caught in (reading, writing):
        assert isinstance(caught.value, kind)
        assert message in str(caught.value)
    np.testing.assert_array_equal(x.numpy(), T)


def test_refused_values() -> None:
    x, w = cr.tensor(T), cr.tensor(T, requires_grad=True)
    with pytest.raises(errors.ShapeError) as caught:
        x[0] = cr.zeros(3)
    assert str(caught.value) == (
        "x[…] = …: shape (3,) does not fit into the (4, 5) that is there; nothing was changed"
    )
    with pytest.raises(errors.DTypeError, match="cannot take 'a'"):
        x[0] = "a"
    with pytest.raises(errors.GraphError, match="on a leaf of shape"):
        w[0] = 1.0
    whole = cr.tensor([1, 2])
    with pytest.raises(errors.DTypeError, match="cannot be put into a tensor of dtype int64"):
        whole[0] = cr.tensor(1.5, requires_grad=True)
    np.testing.assert_array_equal(x.numpy(), T)
    assert whole.tolist() == [1, 2]
    assert leaves(cr, [T])[0].requires_grad
