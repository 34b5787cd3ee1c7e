"""Memory that is looked into from several sides: what is written through one is seen through all, compiled
as well as eager."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from steps import assert_same, check, seen

import chainrule
from chainrule import Tensor, errors, nn

Made = tuple[Callable[..., Any], list[Tensor]]


def base() -> Tensor:
    return chainrule.tensor(np.arange(12.0, dtype="float32").reshape(3, 4))


def through_views(w: Tensor) -> Any:
    rows, column, flat = w[1:], w[:, 2], w.reshape(12)
    w.mul_(2.0)
    rows.add_(1.0)
    column.sub_(chainrule.tensor([1.0, 2.0, 3.0]))
    flat[5] = -1.0
    w.T[0, 1] = 7.0
    return rows.sum(), column * 1.0, flat + 0.0, w.t() * 1.0


def of_views(w: Tensor) -> Any:
    inner = w[1:].transpose(0, 1)[1:3].unsqueeze(0).squeeze(0)
    inner.zero_()
    inner[0].fill_(3.0)
    return inner.clone(), w * 1.0


def writes_into_a_copy(w: Tensor) -> Any:
    copy, cast = w.clone(), w.to(np.float64)
    copy.add_(1.0)
    cast.add_(1.0)
    turned = w.t().reshape(12)  # numpy has to copy
    turned.zero_()
    return copy, cast, turned, w + 0


def reads_before_and_after(w: Tensor) -> Any:
    before = w * 1.0
    w.add_(1.0)
    after = w * 1.0
    w.copy_(before)
    return before, after


def by_index(w: Tensor) -> Any:
    w[chainrule.tensor([0, 2])] = -1.0
    w[w > 8.0] = 0.5
    w[..., -1] = w[..., 0]
    w[0][1] += 5.0
    return w.sum()


def swaps(w: Tensor) -> Any:
    a, b = w[0].clone(), w[1].clone()
    w[0] = b
    w[1] = a
    return a - b


def in_overlapping_halves(w: Tensor) -> Any:
    w[1:] = w[:-1] * 1.0
    w[:2] += w[1:]
    return w * 2.0


STEPS = [
    through_views,
    of_views,
    writes_into_a_copy,
    reads_before_and_after,
    by_index,
    swaps,
    in_overlapping_halves,
]


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.__name__)
@pytest.mark.parametrize("given", [False, True], ids=["around", "argument"])
def test_memory_is_one(step: Callable[[Tensor], Any], given: bool) -> None:
    if given:  # each side has tensors of its own, which its calls change
        plain, ours = base(), base()
        compiled = chainrule.compile(step)
        for _ in range(3):
            assert_same(step(plain), compiled(ours))
            assert_same(seen([plain]), seen([ours]))
        return

    def make() -> Made:
        w = base()
        return (lambda: step(w)), [w]

    check(make, (), (), ())


def test_the_same_tensor_twice() -> None:
    def step(x: Tensor, y: Tensor) -> Tensor:
        x.add_(1.0)
        return x * y

    compiled = chainrule.compile(step)
    for _ in range(2):
        one, two = base(), base()
        assert_same(step(one, one), compiled(two, two))
        assert_same(one, two)
        left, right = base(), base()
        assert_same((base() + 1) * base(), compiled(left, right))
        assert_same(base() + 1, left)
        assert_same(base(), right)


def test_two_tensors_over_one_array() -> None:
    def step(x: Tensor, y: Tensor) -> Tensor:
        x.add_(1.0)
        return x * y

    compiled = chainrule.compile(step)
    one, two = base(), base()
    assert_same(step(one, one.detach()), compiled(two, two.detach()))
    assert_same(one, two)
    third, fourth = base(), base()
    assert_same(step(third, base()), compiled(fourth, base()))
    assert_same(third, fourth)


def test_an_argument_that_is_also_read_from_around() -> None:
    def make() -> tuple[Any, Tensor]:
        w = base()

        def step(x: Tensor) -> Tensor:
            w.add_(1.0)
            return x * w

        return step, w

    (plain, v), (written, w) = make(), make()
    compiled = chainrule.compile(written)
    for ours, theirs in [(base(), base()), (v, w), (base(), base()), (v, w)]:
        assert_same(plain(ours), compiled(theirs))
        assert_same(v, w)


def test_an_argument_that_is_a_view_of_a_parameter() -> None:
    def make() -> tuple[Any, Tensor]:
        w = base()

        def step(x: Tensor) -> Tensor:
            w.mul_(2.0)
            return x + w.sum(1, keepdim=True)[:2, 0]

        return step, w

    (plain, v), (written, w) = make(), make()
    compiled = chainrule.compile(written)
    ours, theirs = chainrule.tensor([1.0, 2.0]), chainrule.tensor([1.0, 2.0])
    assert_same(plain(ours), compiled(theirs))
    assert_same(plain(v[0, 1:3]), compiled(w[0, 1:3]))  # this call runs as it was written
    assert_same(v, w)
    assert_same(plain(ours), compiled(theirs))
    assert_same(v, w)


def test_a_view_and_its_base_around_the_step_run_as_they_were_written() -> None:
    w = base()
    row = w[0]

    @chainrule.compile
    def step() -> Tensor:
        w.add_(1.0)
        return row.sum()

    with pytest.warns(errors.CompileWarning, match="looks into the same memory"):
        assert step().item() == 10.0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert step().item() == 14.0


def test_a_view_and_its_base_that_are_only_read() -> None:
    w = base()
    row = w[0]
    step = chainrule.compile(lambda: w.sum() + row.sum())
    assert step().item() == 66.0 + 6.0


def test_an_output_that_is_an_input() -> None:
    w = base()
    step = chainrule.compile(lambda x: (x, w, x.detach(), w[0]))
    x = base()
    for _ in range(2):
        same, state, detached, row = step(x)
        assert same is x
        assert state is w
        detached.add_(1.0)
        row.zero_()
    assert x.tolist() == (base() + 2).tolist()
    assert w[0].tolist() == [0.0] * 4


def test_results_that_are_one_memory() -> None:
    def step(x: Tensor) -> Any:
        y = x * 2.0
        return y, y.reshape(4, 3), y[0], y

    compiled = chainrule.compile(step)
    for _ in range(2):
        y, turned, row, again = compiled(base())
        assert again is y
        row.zero_()
        assert y[0].tolist() == [0.0] * 4
        assert turned[0].tolist() == [0.0] * 3


def test_a_parameter_in_two_places() -> None:
    def make() -> Made:
        chainrule.manual_seed(0)
        layer = nn.Linear(4, 4)
        model = nn.Sequential(layer, nn.Tanh(), layer)

        def step(x: Tensor) -> Tensor:
            model.zero_grad()
            loss = (model(x) ** 2).sum()
            loss.backward()
            with chainrule.no_grad():
                for parameter in model.parameters():
                    parameter -= 0.01 * parameter.grad
            return loss

        return step, [*model.parameters()]

    check(make, (base(),), (base() / 2,), (base(),))


def test_tensors_that_share_memory_with_numpy() -> None:
    array = np.arange(3.0, dtype="float32")
    w = chainrule.from_numpy(array)
    step = chainrule.compile(lambda: w.mul_(2.0).sum())
    assert step().item() == 6.0
    assert array.tolist() == [0.0, 2.0, 4.0]
    array[:] = 1.0
    assert step().item() == 6.0


def test_from_numpy_inside() -> None:
    array = np.arange(3.0, dtype="float32")

    @chainrule.compile
    def step() -> Tensor:
        w = chainrule.from_numpy(array)
        w += 1.0
        return w.sum()

    assert [step().item(), step().item()] == [6.0, 9.0]
    assert array.tolist() == [2.0, 3.0, 4.0]


def test_arrays_that_do_not_lie_in_order() -> None:
    whole = np.arange(24.0, dtype="float32").reshape(4, 6)
    w, x = chainrule.from_numpy(whole.T), chainrule.from_numpy(whole[::2, 1::2].copy().T)
    compiled = chainrule.compile(lambda x: (w.add_(1.0).sum(), x.sum(0)))
    for call in (1, 2):
        total, columns = compiled(x)
        assert total.item() == 276.0 + 24 * call
        assert columns.tolist() == x.sum(0).tolist()
    assert whole[1, 1] == 9.0


def test_rebinding_data_gives_a_new_array() -> None:
    w = chainrule.tensor([1.0, 2.0], requires_grad=True)
    other = w.detach()

    @chainrule.compile
    def step() -> None:
        w.data = w.data * 2.0

    step()
    step()
    assert w.tolist() == [4.0, 8.0]
    assert other.tolist() == [1.0, 2.0]


def test_a_graph_around_learns_of_a_change() -> None:
    w = chainrule.tensor([1.0, 2.0], requires_grad=True)
    loss = (w * w).sum()

    @chainrule.compile
    def step() -> None:
        with chainrule.no_grad():
            w.add_(1.0)

    step()
    with pytest.raises(errors.GraphError, match=r"overwritten|changed in place"):
        loss.backward()


def test_arguments_are_left_alone() -> None:
    x = base()
    before = x.numpy().copy()
    compiled = chainrule.compile(
        lambda x: ((x * 2).relu_() if hasattr(x, "relu_") else (x * 2).add_(1)).sum()
    )
    compiled(x)
    compiled(x)
    np.testing.assert_array_equal(x.numpy(), before)


def test_an_overwritten_value_is_refused_as_eager_refuses_it() -> None:
    w = chainrule.tensor([1.0, 2.0], requires_grad=True)

    def step() -> None:
        y = w * 2.0
        z = (y * y).sum()
        with chainrule.no_grad():
            y.add_(1.0)
        z.backward()

    for function in (step, chainrule.compile(step)):
        with pytest.raises(errors.GraphError) as caught:
            function()
        assert "test_tensors_aliasing.py" in str(caught.value)


def test_a_reshape_that_numpy_copies_or_not_is_not_guessed_at() -> None:
    def step(x: Tensor) -> Any:
        doubled = x.t() * 2.0  # laid out as x is, so that numpy has to copy:
        flat = doubled.reshape(12)
        flat.zero_()
        return doubled, flat

    compiled = chainrule.compile(step)
    with pytest.warns(errors.CompileWarning, match="after its axes had been permuted"):
        found = compiled(base())
    assert_same(step(base()), found)
    read_only = chainrule.compile(lambda x: (x.t() * 2.0).reshape(12))
    assert_same((base().t() * 2.0).reshape(12), read_only(base()))


def test_arguments_that_are_exchanged_from_call_to_call() -> None:
    """Slices of one array, the same one again, views of what is written to, arrays of numpy: whatever takes
    the place of an argument, the step is that of the numbers that it is given."""

    def make() -> tuple[Any, Tensor, Tensor]:
        w, data = base(), chainrule.tensor(np.arange(40.0, dtype="float32").reshape(10, 4))

        def step(x: Tensor, y: Tensor, k: Any) -> Tensor:
            w.add_(x.sum())
            return (x * y + chainrule.tensor(k)).sum() + w[0, 0]

        return step, w, data

    (plain, v, ours), (written, w, theirs) = make(), make()
    compiled = chainrule.compile(written)
    k = [np.full(4, float(i), "float32") for i in range(3)]
    for i, j in [(0, 1), (1, 2), (3, 3), (4, 5), (5, 4), (4, 4), (7, 8)]:
        assert_same(plain(ours[i], ours[j], k[i % 3]), compiled(theirs[i], theirs[j], k[i % 3]))
    same, again = ours[2], theirs[2]
    assert_same(plain(same, same, k[0]), compiled(again, again, k[0]))
    assert_same(plain(same, ours[0], k[1]), compiled(again, theirs[0], k[1]))
    assert_same(plain(v[1], ours[0], k[1]), compiled(w[1], theirs[0], k[1]))
    assert_same(plain(ours[0], v[2], k[1]), compiled(theirs[0], w[2], k[1]))
    assert_same(plain(ours[0], ours[1], k[2]), compiled(theirs[0], theirs[1], k[2]))
    assert_same(v, w)
