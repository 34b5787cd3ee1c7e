"""A compiled training step does what it does as it was written, step after step."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
from steps import CLOSE, check

import chainrule
from chainrule import Tensor, each, errors, nn, optim
from chainrule.nn import functional as F

RNG = np.random.default_rng(0)
X = chainrule.tensor(RNG.normal(size=(6, 3)).astype("float32"))
Y = chainrule.tensor(RNG.normal(size=(6, 1)).astype("float32"))
Made = tuple[Callable[..., Any], list[Tensor]]


def network() -> nn.Sequential:
    chainrule.manual_seed(3)
    return nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))


OPTIMIZERS: dict[str, Callable[[Any], Any]] = {
    "sgd": lambda ps: optim.SGD(ps, lr=0.1),
    "momentum": lambda ps: optim.SGD(ps, lr=0.1, momentum=0.9, weight_decay=0.01),
    "nesterov": lambda ps: optim.SGD(ps, lr=0.1, momentum=0.9, nesterov=True),
    "adam": lambda ps: optim.Adam(ps, lr=0.01),
    "adam with decay": lambda ps: optim.Adam(ps, lr=0.01, weight_decay=0.1),
    "adamw": lambda ps: optim.AdamW(ps, lr=0.01),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_training_step(name: str) -> None:
    def make() -> Made:
        model = network()
        optimizer = OPTIMIZERS[name](model.parameters())

        def step(x: Tensor, y: Tensor) -> Tensor:
            optimizer.zero_grad()
            loss = F.mse_loss(model(x), y)
            loss.backward()
            optimizer.step()
            return loss

        return step, [*model.parameters()]

    check(make, *[(X, Y)] * 8)


def test_gradients_that_are_kept_are_added_to() -> None:
    """At the first call there is none, and the step is another one than at the second."""

    def make() -> Made:
        model = network()

        def step(x: Tensor, y: Tensor) -> Tensor:
            loss = ((model(x) - y) ** 2).mean()
            loss.backward()
            return loss

        return step, [*model.parameters()]

    check(make, *[(X, Y)] * 4, tracings=2)


def test_zero_grad_after_the_update_and_to_zeros() -> None:
    for to_none in (True, False):

        def make(to_none: bool = to_none) -> Made:
            model = network()
            optimizer = optim.SGD(model.parameters(), lr=0.05)

            def step(x: Tensor, y: Tensor) -> Tensor:
                loss = ((model(x) - y) ** 2).mean()
                loss.backward()
                optimizer.step()
                optimizer.zero_grad(set_to_none=to_none)
                return loss

            return step, [*model.parameters()]

        check(make, *[(X, Y)] * 4, tracings=1 if to_none else 2)


def test_an_update_by_hand_under_no_grad_and_by_data() -> None:
    def make() -> Made:
        w = chainrule.tensor([1.0, -2.0, 0.5], requires_grad=True)
        b = chainrule.tensor(0.5, requires_grad=True)

        def step(x: Tensor, y: Tensor, rate: float) -> Tensor:
            loss = ((x @ w + b - y.squeeze(1)) ** 2).mean()
            w.grad = b.grad = None
            loss.backward()
            with chainrule.no_grad():
                w.sub_(rate * w.grad)
            b.data = b.data - rate * b.grad
            return loss

        return step, [w, b]

    check(make, *[(X, Y, rate) for rate in (0.1, 0.2, 0.05, 0.05)])


def test_other_shapes_and_dtypes_are_traced_again_and_numbers_are_not() -> None:
    def make() -> Made:
        w = chainrule.tensor([1.0, -2.0, 0.5], requires_grad=True)
        return (lambda x, k: (x @ w * k).sum()), [w]

    calls = [(X, 1.0), (X, 2.5), (X[:4], 2.0), (X[:4], -1.0), (X.double(), 1.0), (X, 3)]
    check(make, *calls, (X, 1.0), tracings=4)


def test_a_learning_rate_that_changes_is_not_traced_again() -> None:
    made: list[Any] = []

    def make() -> Made:
        w = chainrule.tensor([1.0, -2.0, 0.5], requires_grad=True)
        optimizer = optim.SGD([w], lr=0.1)
        made.append(optimizer)

        def step(x: Tensor) -> Tensor:
            optimizer.zero_grad()
            loss = ((x @ w) ** 2).sum()
            loss.backward()
            optimizer.step()
            return loss

        return step, [w]

    (plain, ours), (written, theirs) = make(), make()
    count = [0]

    def counted(x: Tensor) -> Tensor:
        count[0] += 1
        return written(x)

    compiled = chainrule.compile(counted)
    for rate in (0.1, 0.05, 0.2, 1):
        made[0].lr = made[1].lr = rate
        np.testing.assert_allclose(plain(X).item(), compiled(X).item(), **CLOSE)
        np.testing.assert_allclose(ours[0].tolist(), theirs[0].tolist(), **CLOSE)
    assert count[0] == 1
    made[0].weight_decay = made[1].weight_decay = 0.1  # another step: what was 0 is not
    np.testing.assert_allclose(plain(X).item(), compiled(X).item(), **CLOSE)
    np.testing.assert_allclose(ours[0].tolist(), theirs[0].tolist(), **CLOSE)
    assert count[0] == 2


def test_training_and_evaluation_are_two_steps() -> None:
    class Noisy(nn.Module):
        def __init__(self) -> None:
            self.scale = nn.Parameter(chainrule.tensor(2.0))

        def forward(self, x: Tensor) -> Tensor:
            return self.scale * x if self.training else x

    model = Noisy()
    compiled = chainrule.compile(lambda x: model(x).sum())
    assert compiled(chainrule.ones(3)).item() == 6.0
    model.eval()
    assert compiled(chainrule.ones(3)).item() == 3.0
    model.train()
    assert compiled(chainrule.ones(3)).item() == 6.0


SCALE = 2.0


class Scaled(nn.Module):
    """Its forward pass reads a variable of the module that it is defined in."""

    def __init__(self) -> None:
        self.inner = nn.Linear(3, 1)
        self.power = 1

    def forward(self, x: Tensor) -> Tensor:
        return self.inner(x) ** self.power * SCALE


def test_a_module_itself_its_method_and_a_part_of_a_call() -> None:
    global SCALE
    model = Scaled()
    compiled = [
        chainrule.compile(model),
        chainrule.compile(model.forward),
        chainrule.compile(partial(lambda model, x: model(x), model)),
    ]
    for power, scale in ((1, 2.0), (2, 2.0), (2, 3.0), (1, 3.0)):
        model.power, SCALE = power, scale
        for one in compiled:
            np.testing.assert_allclose(one(X).tolist(), model(X).tolist(), **CLOSE)
    SCALE = 2.0


def test_random_numbers_are_the_same_bits_and_fresh_in_each_call() -> None:
    def make() -> Made:
        w = chainrule.tensor(1.0)

        def step(x: Tensor) -> Any:
            noise = chainrule.randn(6, 3)
            mask = chainrule.rand(6, 3) < 0.5
            order = chainrule.randperm(6)
            return noise, mask, order, chainrule.randint(0, 9, (4,)), (x * w)[order], chainrule.rand(2)

        return step, [w]

    compiled = check(make, *[(X,)] * 3)
    assert not np.array_equal(compiled(X)[0].numpy(), compiled(X)[0].numpy())


def test_double_backward_and_gradients_that_are_returned() -> None:
    def make() -> Made:
        w = chainrule.tensor([1.0, -2.0, 0.5], requires_grad=True)

        def step(x: Tensor) -> Any:
            loss = ((x @ w).tanh() ** 2).sum()
            (g,) = chainrule.autograd.grad(loss, w, create_graph=True)
            (h,) = chainrule.autograd.grad((g * g).sum(), w)
            return loss, g, h

        return step, [w]

    check(make, (X,), (X * 2,))


def test_loops_are_calls() -> None:
    def make() -> tuple[Any, list[Tensor]]:
        model = network()
        optimizer = optim.Adam(model.parameters(), lr=0.01)

        def step(x: Tensor, y: Tensor, scale: float) -> Any:
            loss = F.mse_loss(model(x + 0.01 * chainrule.randn(2, 3)), y) * scale
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            return {"loss": loss, "weight": model[0].weight.sum()}

        return step, [*model.parameters()]

    xs, ys = X.reshape(3, 2, 3), Y.reshape(3, 2, 1)
    scales = np.linspace(1, 2, 5)
    (plain, a), (called, b), (looped, c) = make(), make(), make()
    chainrule.manual_seed(0)
    expected = [plain(xs[i % 3], ys[i % 3], float(scales[i % 5])) for i in range(11)]
    step = chainrule.compile(called)
    chainrule.manual_seed(0)
    calls = [step(xs[i % 3], ys[i % 3], float(scales[i % 5])) for i in range(11)]
    chainrule.manual_seed(0)
    told: list[int] = []
    loop = chainrule.compile(looped).loop(each(xs), each(ys), each(scales), steps=11, progress=told.append)
    for name in ("loss", "weight"):
        np.testing.assert_allclose([one[name].item() for one in expected], loop[name].tolist(), **CLOSE)
        np.testing.assert_array_equal([one[name].item() for one in calls], loop[name].tolist())
    for one, two, three in zip(a, b, c, strict=True):
        np.testing.assert_allclose(one.tolist(), two.tolist(), **CLOSE)
        np.testing.assert_array_equal(two.detach().numpy(), three.detach().numpy())
        np.testing.assert_array_equal(two.grad.numpy(), three.grad.numpy())
    assert told[-1] == 11
    assert told == sorted(told)


def test_a_loop_whose_first_step_is_another_one() -> None:
    def make() -> tuple[Any, Tensor]:
        w = chainrule.tensor([1.0, -2.0, 0.5], requires_grad=True)

        def step(x: Tensor) -> Tensor:
            loss = ((x @ w) ** 2).mean()
            loss.backward()  # gradients add up: at the first step there is none
            return loss

        return step, w

    (plain, w), (written, v) = make(), make()
    expected = [plain(X[i % 6 : i % 6 + 1]).item() for i in range(9)]
    found = chainrule.compile(written).loop(each(X.reshape(6, 1, 3)), steps=9)
    np.testing.assert_allclose(found.tolist(), expected, **CLOSE)
    np.testing.assert_allclose(v.grad.tolist(), w.grad.tolist(), **CLOSE)


def test_a_loop_over_shuffled_rows_of_a_data_set() -> None:
    w = chainrule.tensor([1.0, -2.0, 0.5])
    order = chainrule.tensor([[5, 0], [1, 1], [2, 4]])
    step = chainrule.compile(lambda x, rows: (x[rows] @ w).sum())
    found = step.loop(X, each(order), steps=4)
    np.testing.assert_allclose(
        found.tolist(), [(X[order[i % 3]] @ w).sum().item() for i in range(4)], rtol=1e-5
    )


def test_an_index_that_is_out_of_range_changes_nothing() -> None:
    w = chainrule.tensor([1.0, 2.0, 3.0])

    @chainrule.compile
    def step(places: Tensor) -> Tensor:
        picked = w[places]
        w.add_(1.0)
        return picked

    assert step(chainrule.tensor([0, -1])).tolist() == [1.0, 3.0]
    with pytest.raises(errors.IndexOutOfRangeError):
        step(chainrule.tensor([0, 3]))
    assert w.tolist() == [2.0, 3.0, 4.0]
    assert step(chainrule.tensor([1, 1])).tolist() == [3.0, 3.0]


def test_what_is_returned_stays_as_it_was_returned() -> None:
    w = chainrule.zeros(2000)

    @chainrule.compile
    def step() -> Any:
        w.add_(1.0)
        return w * 1.0, w.sum()

    kept = [step() for _ in range(6)]
    assert [(int(one[0].item()), int(total.item())) for one, total in kept] == [
        (i, 2000 * i) for i in range(1, 7)
    ]


def test_a_gradient_that_is_kept_stays_as_it_was() -> None:
    w = chainrule.tensor(np.ones(3000, "float32"), requires_grad=True)

    @chainrule.compile
    def step(k: float) -> None:
        w.grad = None
        (w * k).sum().backward()

    grads, arrays = [], []
    for k in (1.0, 2.0, 3.0, 4.0):
        step(k)
        assert w.grad is not None
        grads.append(w.grad)
        arrays.append(w.grad.numpy()[:2])
    assert [one[0].item() for one in grads] == [1.0, 2.0, 3.0, 4.0]
    assert [one.tolist() for one in arrays] == [[k, k] for k in (1.0, 2.0, 3.0, 4.0)]
    del grads, arrays
    before = w.grad
    address = w.grad.numpy().ctypes.data
    del before
    step(5.0)
    assert w.grad.numpy().ctypes.data == address  # nobody else held it: no new memory


def test_arrays_of_numpy_as_arguments_and_around() -> None:
    data = np.arange(6.0, dtype="float32").reshape(2, 3)
    w = chainrule.tensor([1.0, 2.0, 3.0])

    @chainrule.compile
    def step(x: Any) -> Any:
        return (chainrule.tensor(x) * w).sum() + chainrule.tensor(data).sum(), x + 1

    total, more = step(data)
    assert total.item() == 49.0
    np.testing.assert_array_equal(more, data + 1)
    data += 1  # the function reads it at each call
    total, _ = step(data)
    assert total.item() == 49.0 + 12.0 + 6.0


def test_the_program_and_the_report() -> None:
    step = chainrule.compile(lambda x: (x * 2.0).sum())
    with pytest.raises(errors.GraphError):
        step.report()
    step(X)
    assert "f32[6, 3]" in str(step.program)
    assert "lambda" in step.report()
