"""Shared memory never gives a wrong gradient: what cannot be followed is refused, the rest is right."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

import chainrule as cr
from chainrule.errors import DTypeError, GraphError


def leaf(*numbers: float) -> cr.Tensor:
    return cr.tensor(list(numbers), requires_grad=True)


def test_a_gradient_is_not_recorded_into_memory_that_others_look_into() -> None:
    x, z = leaf(3.0), cr.zeros(3)
    view = z[:1]
    with pytest.raises(GraphError, match=r"add_ would record a gradient into memory of shape \(1,\)"):
        view += x
    with pytest.raises(GraphError, match=r"write it out of place"):
        z += x
    assert z.tolist() == [0.0, 0.0, 0.0]
    assert view.tolist() == [0.0]


def test_an_accumulator_that_is_nobody_elses_is_recorded() -> None:
    w, total = leaf(1.0, 2.0, 3.0), cr.zeros(3)
    for i in range(3):
        total += w * i
    total.sum().backward()
    assert w.grad is not None
    assert w.grad.tolist() == [3.0, 3.0, 3.0]


@pytest.mark.parametrize("index", [cr.tensor([0, 1]), np.array([0, 1])])
def test_an_index_may_change_after_it_was_used(index: Any) -> None:
    x = leaf(1.0, 2.0, 3.0)
    y = x[index]
    index += 1
    y.sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [1.0, 1.0, 0.0]


def test_a_numpy_buffer_may_be_filled_again() -> None:
    w, buffer = leaf(1.0, 1.0), np.array([2.0, 3.0], np.float32)
    L = (w * buffer).sum()
    buffer[:] = 100
    L.backward()
    assert w.grad is not None
    assert w.grad.tolist() == [2.0, 3.0]


def test_gradients_with_graphs_are_tensors_of_their_own() -> None:
    a, b, seed = leaf(1.0, 1.0), leaf(1.0, 1.0), cr.ones(2)
    (a + b).backward(seed, create_graph=True)
    assert a.grad is not None
    assert b.grad is not None
    with cr.no_grad():
        a.grad.mul_(0.5)
    assert b.grad.tolist() == [1.0, 1.0]
    assert seed.tolist() == [1.0, 1.0]


def row_after_row(lib: Any, w: Any) -> Any:
    y = w * 3
    for i in range(1, 3):
        y[i] = y[i - 1] * 2
    return y.sum()


def one_row_and_back(lib: Any, w: Any) -> Any:
    y = w * 3
    y[0] = y[0] + 1
    return (y * y).sum()


def view_used_before_the_change(lib: Any, w: Any) -> Any:
    y = w * 3
    first = y[0].sum()
    y.mul_(2.0)
    return y.sum() + first


def one_element_after_another(lib: Any, w: Any) -> Any:
    y = (w * 3).reshape(6) * 1
    for i in range(1, 6):
        y[i] = y[i - 1] * 2
    return y.sum()


@pytest.mark.parametrize(
    "program",
    [row_after_row, one_row_and_back, view_used_before_the_change, one_element_after_another],
)
def test_views_used_before_the_change_are_right(program: Callable[[Any, Any], Any]) -> None:
    grads = []
    for lib in (cr, torch):
        w = lib.ones(3, 2).requires_grad_()
        program(lib, w).backward()
        grads.append(w.grad.tolist())
    assert grads[0] == grads[1]


def test_a_view_used_after_the_change_is_refused() -> None:
    w = cr.ones(3, 2, requires_grad=True)
    y = w * 3
    view = y[0]
    y.mul_(2.0)
    with pytest.raises(GraphError, match=r"a view of shape \(2,\) was taken by getitem at .*test_aliasing"):
        view.sum().backward()


def test_one_element_is_a_view_too() -> None:
    v = cr.zeros(3)
    for i, element in enumerate(v):
        element.fill_(float(i))
    assert v.tolist() == [0.0, 1.0, 2.0]


def test_an_unpickled_array_keeps_its_precision() -> None:
    array = pickle.loads(pickle.dumps(np.array([1e9 + 1, 1.0])))
    assert cr.tensor(array).sum().item() == 1000000002.0
    swapped = np.array([0.1, 0.2], ">f8")
    assert cr.tensor(swapped).exp().tolist() == np.exp([0.1, 0.2]).tolist()
    with pytest.raises(DTypeError, match=r"dtype >f8 cannot be shared"):
        cr.from_numpy(swapped)


def test_the_way_back_stops_where_it_was_asked_to() -> None:
    a = leaf(1.0, 1.0)
    h = a * a
    L = (h * h).sum()
    (gradient,) = cr.autograd.grad(L, h)
    assert gradient is not None
    h.backward(gradient)  # the rest of the graph was left alone
    assert a.grad is not None
    assert a.grad.tolist() == [4.0, 4.0]


def test_a_retained_gradient_follows_the_tensor_in_place() -> None:
    x = cr.tensor(1.0, requires_grad=True)
    y = x * 2
    y.retain_grad()
    y.mul_(3)
    (y * 5).sum().backward()
    assert y.grad is not None
    assert y.grad.item() == 5.0


def test_logic_of_numbers_is_of_what_is_not_zero() -> None:
    two, one, none = cr.tensor([2]), cr.tensor([1]), cr.tensor([0.0])
    assert cr.logical_and(two, one).tolist() == [True]
    assert cr.logical_or(two, none).tolist() == [True]
    assert (two & one).tolist() == [0]
    with pytest.raises(DTypeError, match="logical not"):
        _ = ~one


def test_operands_of_where_and_clamp_are_promoted_as_pytorch_does() -> None:
    x, low = cr.tensor([1.0, -2.0]), cr.tensor(0.0, dtype=cr.float64)
    assert x.clamp(min=low).dtype == cr.float32
    assert cr.where(x > 0, x, low).dtype == cr.float32
    assert cr.cat([cr.tensor([1]), cr.tensor([1.0]).to(cr.float16)]).dtype == cr.float16
