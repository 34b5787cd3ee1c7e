"""In-place changes: the same results as PyTorch's, or an error that names both lines."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from against_torch import assert_same
from chainrule import errors

A = np.random.default_rng(8).normal(size=(3, 4))
ROW = np.random.default_rng(9).normal(size=(4,))


def line() -> int:
    """The line of the caller."""
    frame = inspect.currentframe()
    assert frame is not None
    assert frame.f_back is not None
    return frame.f_back.f_lineno


def changed(operation: Any) -> Any:
    """A program that changes the result of an operation in place, and goes on with it."""

    def program(lib: Any, *inputs: Any) -> Any:
        y = inputs[0] * 1.5
        operation(lib, y, *inputs[1:])
        return y * inputs[0] + y.sum()

    return program


def plus(lib: Any, y: Any, x: Any) -> None:
    y += x


def minus(lib: Any, y: Any, x: Any) -> None:
    y -= x


def times(lib: Any, y: Any, x: Any) -> None:
    y *= x


def over(lib: Any, y: Any, x: Any) -> None:
    y /= x


CHANGES: list[tuple[str, Any]] = [
    ("+=", plus),
    ("-=", minus),
    ("*=", times),
    ("/=", over),
    ("add_", lambda lib, y, x: y.add_(x, alpha=2)),
    ("sub_", lambda lib, y, x: y.sub_(x, alpha=0.5)),
    ("mul_", lambda lib, y, x: y.mul_(x)),
    ("div_", lambda lib, y, x: y.div_(x)),
    ("numbers", lambda lib, y, x: y.add_(1).mul_(2.0).sub_(0.5).div_(4)),
    ("clamp_", lambda lib, y, x: y.clamp_(-0.5, 0.5)),
    ("fill_", lambda lib, y, x: y.fill_(3.0)),
    ("zero_", lambda lib, y, x: y.zero_()),
    ("copy_", lambda lib, y, x: y.copy_(x)),
    ("x[0] = row", lambda lib, y, x: y.__setitem__(0, x)),
    ("x[:, 1] = number", lambda lib, y, x: y.__setitem__((slice(None), 1), 2.0)),
]


@pytest.mark.parametrize("change", [c[1] for c in CHANGES], ids=[c[0] for c in CHANGES])
def test_changes_of_results_equal_pytorchs(change: Any) -> None:
    assert_same(changed(change), A, ROW)


def test_changes_under_no_grad_are_unseen() -> None:
    def program(lib: Any, w: Any) -> Any:
        with lib.no_grad():
            w -= 0.1 * w
            w.mul_(2).add_(1)
            w[0] = 5.0
            w.clamp_(-1, 4)
        return w * w

    assert_same(program, A)


def test_leaves_without_gradients_change_freely() -> None:
    def program(lib: Any, x: Any) -> Any:
        y = x.detach().clone()
        y += 1
        y[1] *= 2
        y.zero_()
        y += x
        return y * 3

    assert_same(program, A)


def test_an_in_place_change_returns_the_tensor_itself() -> None:
    x = cr.zeros(3)
    before = x.numpy()
    for result in (x.add_(1), x.mul_(2), x.fill_(3.0), x.copy_(cr.ones(3)), x.zero_(), x.clamp_(0)):
        assert result is x
    assert x.numpy() is before


# --- what was overwritten, and by whom -----------------------------------------------------------


def test_an_overwritten_value_names_who_saved_it_and_who_overwrote_it() -> None:
    x = cr.tensor([1.0, 2.0], requires_grad=True)
    y = cr.exp(x)
    saved = line() - 1
    y += 1
    overwritten = line() - 1
    with pytest.raises(errors.GraphError) as caught:
        y.sum().backward()
    assert str(caught.value) == (
        f"a tensor of shape (2,) was overwritten at {__file__}:{overwritten}, after exp at "
        f"{__file__}:{saved} had saved it for the way back. Write the change out of place "
        "(y = y + 1 for y += 1), or give exp a .clone()"
    )
    assert x.grad is None


def test_an_overwritten_input_is_found_under_no_grad_too() -> None:
    x = cr.tensor([1.0, 2.0], requires_grad=True)
    loss = (x * x).sum()
    saved = line() - 1
    with cr.no_grad():
        x -= 1
        overwritten = line() - 1
    with pytest.raises(errors.GraphError) as caught:
        loss.backward()
    assert f"{__file__}:{saved}" in str(caught.value)
    assert f"{__file__}:{overwritten}" in str(caught.value)
    assert x.grad is None


def test_an_overwrite_through_a_view_is_found() -> None:
    x = cr.tensor([1.0, 2.0], requires_grad=True)
    y = cr.tanh(x)
    y.detach()[0] = 5.0
    with pytest.raises(errors.GraphError, match="after tanh at"):
        y.sum().backward()


def test_an_overwrite_of_what_nobody_saved_is_fine() -> None:
    def program(lib: Any, x: Any) -> Any:
        y = x + 1  # a sum saves nothing
        z = y * 2  # a product with a number does not save y
        y += 5
        return z + y

    assert_same(program, A)


def test_an_overwrite_before_it_was_saved_is_fine() -> None:
    def program(lib: Any, x: Any) -> Any:
        y = x * 2
        y += 1
        return lib.exp(y)

    assert_same(program, A)


def test_other_graphs_do_not_mind() -> None:
    x = cr.tensor([1.0], requires_grad=True)
    kept = cr.exp(x)
    other = cr.exp(x)
    other += 1
    kept.sum().backward()
    assert x.grad is not None


def test_a_second_step_of_training_is_not_an_overwrite() -> None:
    w = cr.tensor([1.0], requires_grad=True)
    for _ in range(3):
        loss = (w * w).sum()
        loss.backward()
        with cr.no_grad():
            w -= 0.1 * w.grad
        w.grad.zero_()
    assert w.item() == pytest.approx(0.8**3, rel=1e-6)


def test_a_stale_view_is_refused() -> None:
    x = cr.tensor([1.0, 2.0, 3.0], requires_grad=True)
    y = x * 2
    part = y[:2]
    taken = line() - 1
    y *= 3
    overwritten = line() - 1
    with pytest.raises(errors.GraphError) as caught:
        part.sum().backward()
    assert f"a view of shape (2,) was taken by getitem at {__file__}:{taken}" in str(caught.value)
    assert f"overwritten at {__file__}:{overwritten} since" in str(caught.value)


# --- refusals ------------------------------------------------------------------------------------


def refused(call: Any, kind: type[Exception], message: str) -> None:
    with pytest.raises(errors.ChainruleError) as caught:
        call()
    assert isinstance(caught.value, kind)
    assert message in str(caught.value)


def test_leaves_that_require_grad_are_refused() -> None:
    w = cr.tensor([1.0, 2.0], requires_grad=True)
    for name, call in {
        "add_": lambda: w.add_(1),
        "sub_": lambda: w.sub_(1),
        "mul_": lambda: w.mul_(2),
        "div_": lambda: w.div_(2),
        "zero_": lambda: w.zero_(),
        "fill_": lambda: w.fill_(1.0),
        "copy_": lambda: w.copy_(cr.zeros(2)),
        "clamp_": lambda: w.clamp_(0, 1),
        "x[…] = …": lambda: w.__setitem__(0, 1.0),
    }.items():
        refused(call, errors.GraphError, f"{name} on a leaf of shape (2,) that requires grad")
    assert w.tolist() == [1.0, 2.0]
    assert w.is_leaf


def test_views_of_recorded_tensors_are_refused() -> None:
    y = cr.tensor([[1.0, 2.0]], requires_grad=True) * 2
    part = y[0]
    refused(lambda: part.add_(1), errors.GraphError, "add_ on a view of shape (2,) (made by getitem)")
    assert y.tolist() == [[2.0, 4.0]]


def test_shapes_and_dtypes_are_refused() -> None:
    x, whole = cr.zeros(3), cr.tensor([1, 2, 3])
    y = cr.zeros(3, requires_grad=True) * 1
    refused(
        lambda: x.add_(cr.zeros(2, 3)), errors.ShapeError, "add_: shape (2, 3) does not fit into the (3,)"
    )
    refused(
        lambda: y.add_(cr.zeros(2, 3)), errors.ShapeError, "add_: shape (2, 3) does not fit into the (3,)"
    )
    refused(lambda: x.mul_(cr.zeros(2)), errors.ShapeError, "mul_: shape (2,) does not fit into the (3,)")
    refused(lambda: whole.div_(2), errors.DTypeError, "div_: a result of dtype")
    refused(lambda: whole.add_(0.5), errors.DTypeError, "add_: a result of dtype")
    refused(
        lambda: whole.add_(cr.tensor(0.5)), errors.DTypeError, "add_: a result of dtype float32 cannot be"
    )
    refused(lambda: x.add_("a"), errors.DTypeError, "add_ cannot take 'a'")
    refused(lambda: x.copy_(cr.zeros(2)), errors.ShapeError, "copy_: shape (2,) does not fit into the (3,)")
    refused(lambda: x.fill_(cr.zeros(2)), errors.ShapeError, "fill_: shape (2,) does not fit")
    refused(lambda: x.clamp_(), errors.DomainError, "clamp was given neither min nor max")
    assert x.tolist() == y.tolist() == [0.0, 0.0, 0.0]
    assert whole.tolist() == [1, 2, 3]
    y.sum().backward()


@pytest.mark.parametrize(
    ("dtype", "change", "message"),
    [
        (cr.uint8, lambda x: x.sub_(1000), "sub_: 1000 is no number of dtype uint8; nothing was changed"),
        (cr.uint8, lambda x: x.fill_(1000), "fill_: 1000 is no number of dtype uint8"),
        (cr.int64, lambda x: x.fill_(float("nan")), "fill_: nan is no number of dtype int64"),
        (cr.int64, lambda x: x.fill_(2**70), "is no number of dtype int64"),
        (cr.int64, lambda x: x.mul_(2**70), "is no number of dtype int64"),
        (cr.int64, lambda x: x.__setitem__(0, float("inf")), "x[…] = …: inf is no number of dtype int64"),
        (cr.float32, lambda x: x.add_(10**400), "is no number of dtype float32"),
        (cr.float32, lambda x: x.requires_grad_().clone().fill_(10**400), "is no number of dtype float32"),
    ],
)
def test_numbers_that_the_dtype_does_not_hold_change_nothing(dtype: Any, change: Any, message: str) -> None:
    x = cr.ones(2, dtype=dtype)
    with pytest.raises(errors.DomainError) as caught:
        change(x)
    assert message in str(caught.value)
    assert x.tolist() == [1, 1]


def test_booleans_are_not_clamped() -> None:
    flags = cr.tensor([True, False])
    for change in (cr.clamp, cr.Tensor.clamp_):
        with pytest.raises(errors.DTypeError, match="clamp is not defined for a tensor of dtype bool"):
            change(flags, min=0)
    assert flags.tolist() == [True, False]
