"""A function of one example, mapped over many: plainly, and as the lanes of a loop."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import chainrule
from chainrule import Value, errors, vmap


def both(function: Any, *arguments: Any) -> Any:
    """The result as it was written, which the compiled one must equal."""
    plain = chainrule.compiling.results.plain(function(*arguments))
    compiled = chainrule.compile(function)(*arguments)
    np.testing.assert_allclose(compiled, plain, rtol=1e-13)
    return plain


X = np.arange(12.0).reshape(6, 2)
Y = np.array([1.0, -1.0, 2.0, 0.0, 3.0, -2.0])


def test_one_result_for_each_example() -> None:
    w = Value(0.5)
    assert both(lambda y: vmap(lambda one: (w * one).relu())(y), Y).tolist() == [0.5, 0, 1, 0, 1.5, 0]


def test_rows_are_lists() -> None:
    assert both(lambda x, y: vmap(lambda a, b: a[0] * a[1] + b)(x, y), X, Y).tolist() == [
        1,
        5,
        22,
        42,
        75,
        108,
    ]
    Z = np.arange(12.0).reshape(3, 2, 2)
    assert both(lambda z: vmap(lambda one: one[0][1] - one[1][0])(z), Z).tolist() == [-1, -1, -1]


def test_sums_and_means() -> None:
    w = Value(2.0)
    assert both(lambda y: vmap(lambda one: w * one)(y).sum(), Y) == 6.0
    assert both(lambda y: vmap(lambda one: w * one)(y).mean(), Y) == 1.0
    assert both(lambda y: vmap(lambda one: one * 2)(y).sum(), Y) == 6.0
    assert both(lambda y: vmap(lambda one: one * 2)(y).mean(), Y) == 1.0


def test_several_results() -> None:
    def f(y: Any) -> Any:
        low, high = vmap(lambda one: (one - 1, one + 1))(y)
        named = vmap(lambda one: {"twice": 2 * one})(y)
        return [low.sum(), high.mean(), named["twice"]][:2]

    both(f, Y)


def test_numbers_and_values_are_shared() -> None:
    w = Value(3.0)
    both(lambda y, k: vmap(lambda one, value, scale: one * value * scale)(y, w, k).sum(), Y, 2.0)


def test_a_result_that_is_the_same_for_all() -> None:
    w = Value(3.0)
    assert both(lambda y: vmap(lambda one: w * 2)(y), Y).tolist() == [6.0] * 6
    assert both(lambda y: vmap(lambda one: 1.5)(y), Y).tolist() == [1.5] * 6


def test_arrays_from_around_are_read_at_each_call() -> None:
    w = Value(2.0)
    for kind in (float, int):  # integers have to be copied, at each call
        data = Y.astype(kind)
        f = chainrule.compile(lambda data=data: vmap(lambda one: w * one)(data).sum())
        g = chainrule.compile(lambda x, data=data: vmap(lambda one: w * one)(data).sum() + x)
        assert (f(), g(1.0)) == (6.0, 7.0)
        data[0] = 11
        assert (f(), g(1.0)) == (26.0, 27.0)


def test_gradients_are_summed_over_the_examples() -> None:
    def f(y: Any) -> Any:
        w.grad = 0
        total = vmap(lambda one: (w * one).tanh() * w)(y).sum()
        total.backward()
        return w.grad

    w = Value(0.3)
    both(f, Y)


def test_backward_within_the_function() -> None:
    def f(y: Any) -> Any:
        w.grad = 0

        def one_example(one: Any) -> Any:
            loss = (w * one - 1) ** 2
            loss.backward()
            return loss

        return vmap(one_example)(y), w.grad

    w = Value(0.3)
    losses, gradient = f(Y)
    compiled = chainrule.compile(f)(Y)
    np.testing.assert_allclose(compiled[0], [one.data for one in losses], rtol=1e-13)
    assert compiled[1] == pytest.approx(gradient, rel=1e-13)


def test_a_loop_that_needs_the_sum_of_another() -> None:
    def f(y: Any) -> Any:
        centre = vmap(lambda one: w * one)(y).mean()
        spread = vmap(lambda one: (w * one - centre) ** 2)(y).mean()
        again = vmap(lambda one: (one - centre) / (spread + 1))(y)
        w.grad = 0
        (again.sum() * spread).backward()
        return again.sum(), spread, w.grad

    w = Value(0.7)
    both(f, Y)


def test_a_batch_is_a_sequence_as_long_as_it_is_not_traced() -> None:
    batch = vmap(lambda one: one * 2)(Y)
    assert len(batch) == 6
    assert batch[2] == 4.0
    assert list(batch)[-1] == -4.0
    assert repr(vmap(lambda one: one)([1.0])) == "Batch([1.0])"


def test_taking_lanes_one_by_one_is_refused() -> None:
    for take in (lambda batch: sum(batch), lambda batch: batch[0]):
        f = chainrule.compile(lambda y, take=take: take(vmap(lambda one: one * 2)(y)))
        with pytest.raises(errors.TraceError, match=r"cannot be taken one by one.*\.sum\(\) or \.mean\(\)"):
            f(Y)


def test_columns_must_hold_the_same_number_of_examples() -> None:
    with pytest.raises(errors.ShapeError, match=r"the shapes \(6,\), \(5,\)"):
        vmap(lambda a, b: a)(Y, Y[:5])
    with pytest.raises(errors.ShapeError, match="one entry for each example"):
        vmap(lambda a: a)(3.0)


def test_a_list_of_traced_numbers_is_refused() -> None:
    f = chainrule.compile(lambda a, b: vmap(lambda one: one)([a, b]).sum())
    with pytest.raises(errors.TraceError, match="Give the compiled function the whole array"):
        f(1.0, 2.0)
