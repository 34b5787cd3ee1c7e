"""SGD: PyTorch's updates, in place, and what it refuses."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import chainrule
from chainrule import errors, nn, optim


def leaf(*values: float) -> chainrule.Tensor:
    return chainrule.tensor(list(values), requires_grad=True)


@pytest.mark.parametrize("nesterov", [False, True])
@pytest.mark.parametrize("momentum", [0.0, 0.9])
@pytest.mark.parametrize("weight_decay", [0.0, 0.1])
def test_steps_are_torchs(momentum: float, weight_decay: float, nesterov: bool) -> None:
    if nesterov and not momentum:
        return
    start = np.array([1.0, -2.0, 3.0])
    results = []
    for lib in (chainrule, torch):
        w = lib.tensor(start, requires_grad=True)
        optimizer = lib.optim.SGD(
            [w], lr=0.1, momentum=momentum, weight_decay=weight_decay, nesterov=nesterov
        )
        for _ in range(5):
            optimizer.zero_grad()
            (w * w * w).sum().backward()
            optimizer.step()
        results.append(w.detach().numpy())
    np.testing.assert_allclose(*results, rtol=1e-13)


def test_the_update_is_in_place_and_leaves_no_graph() -> None:
    w = leaf(1.0)
    view = w.detach()
    optimizer = optim.SGD([w], lr=0.5)
    (w * w).sum().backward()
    optimizer.step()
    assert w.tolist() == [0.0]
    assert view.tolist() == [0.0]
    assert w.is_leaf
    assert w.requires_grad
    assert w.dtype == chainrule.float32


def test_the_first_gradient_is_not_kept_as_the_velocity() -> None:
    w = leaf(1.0)
    optimizer = optim.SGD([w], lr=0.1, momentum=0.9)
    for _ in range(2):
        (w * 2).sum().backward()  # no zero_grad in between: gradients add up to 2, then 4
        optimizer.step()
    assert w.grad.tolist() == [4.0]
    assert w.item() == pytest.approx(1 - 0.1 * 2 - 0.1 * (0.9 * 2 + 4), rel=1e-6)


def test_zero_grad_and_a_parameter_that_was_not_reached() -> None:
    used, unused = leaf(1.0), leaf(5.0)
    optimizer = optim.SGD([used, unused], lr=0.5, momentum=0.5)
    used.sum().backward()
    optimizer.step()
    assert unused.tolist() == [5.0]
    optimizer.zero_grad(set_to_none=False)
    assert used.grad.tolist() == [0.0]
    assert unused.grad is None
    optimizer.zero_grad()
    assert used.grad is None


def test_step_without_backward() -> None:
    w = leaf(1.0)
    optimizer = optim.SGD([w], lr=0.5)
    with pytest.raises(
        errors.GraphError, match=r"no parameter has a gradient.*loss.backward\(\).*before step"
    ):
        optimizer.step()
    assert w.tolist() == [1.0]


def test_parameters_are_checked() -> None:
    w = leaf(1.0)
    model = nn.Linear(2, 1)
    cases = [
        ([], errors.DomainError, "SGD: there are no parameters to train"),
        (w, errors.DTypeError, r"a list of Tensors is needed.*\[w\]"),
        (3, errors.DTypeError, r"a list of Tensors is needed.*3 \(int\)"),
        ({"w": w}, errors.DTypeError, "a list of Tensors is needed"),
        ([w, 1.0], errors.DTypeError, "item 1 of the parameters must be a Tensor, and it is 1.0"),
        (model.named_parameters(), errors.DTypeError, r"item 0.*in place of model.named_param"),
        ([w, chainrule.ones(2)], errors.GraphError, r"item 1.*\(2,\), does not require"),
        ([w * 2], errors.GraphError, r"item 0.*result of an operation, and only leaves"),
        ([w, leaf(2.0), w], errors.DomainError, "items 0 and 2 of the parameters are the same"),
    ]
    for params, error, message in cases:
        with pytest.raises(error, match=message):
            optim.SGD(params, lr=0.1)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"lr": -0.1}, errors.DomainError, r"SGD: lr must be a finite number of at least 0.*-0.1"),
        ({"lr": float("nan")}, errors.DomainError, "lr must be a finite number"),
        ({"lr": float("inf")}, errors.DomainError, "lr must be a finite number"),
        ({"lr": "0.1"}, errors.DTypeError, "lr must be a finite number of at least 0.*'0.1'"),
        ({"lr": [1]}, errors.DTypeError, r"lr must be a finite number.*\[1\]"),
        ({"lr": "fast"}, errors.DTypeError, "lr must be a finite number.*'fast'"),
        (
            {"lr": 0.1, "momentum": 1.0},
            errors.DomainError,
            r"momentum .* number in \[0, 1\)",
        ),
        (
            {"lr": 0.1, "momentum": -0.5},
            errors.DomainError,
            r"momentum .* number in \[0, 1\)",
        ),
        (
            {"lr": 0.1, "weight_decay": -1},
            errors.DomainError,
            "weight_decay must be a finite",
        ),
        ({"lr": 0.1, "nesterov": True}, errors.DomainError, "nesterov=True.*momentum is 0"),
    ],
)
def test_options_are_checked(options: dict, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        optim.SGD([leaf(1.0)], **options)


def test_the_rate_may_change_between_steps() -> None:
    w = leaf(0.0)
    optimizer = optim.SGD([w], lr=1.0)
    w.sum().backward()
    optimizer.step()
    optimizer.lr = np.float64(0.5)
    optimizer.step()
    assert w.tolist() == [-1.5]
    with pytest.raises(errors.DomainError, match="lr must be a finite number of at least 0"):
        optimizer.lr = -1
    assert optimizer.lr == 0.5


def run(w: chainrule.Tensor, optimizer: optim.SGD, steps: int) -> None:
    for _ in range(steps):
        optimizer.zero_grad()
        (w * w * w).sum().backward()
        optimizer.step()


def test_a_saved_state_takes_up_where_it_was() -> None:
    w = leaf(1.0, 2.0)
    optimizer = optim.SGD([w], lr=0.01, momentum=0.9, weight_decay=0.1, nesterov=True)
    assert [v.tolist() for v in optimizer.state_dict()["velocities"]] == [[0.0, 0.0]]
    run(w, optimizer, 3)
    copy = w.detach().clone().requires_grad_()
    resumed = optim.SGD([copy], lr=1.0)
    resumed.load_state_dict(optimizer.state_dict())
    run(w, optimizer, 3)
    run(copy, resumed, 3)
    assert copy.tolist() == w.tolist()


def test_a_state_that_does_not_fit_changes_nothing() -> None:
    optimizer = optim.SGD([leaf(1.0, 2.0)], lr=0.01)
    good = optimizer.state_dict()
    cases = [
        (3, errors.DTypeError, "a dictionary as state_dict"),
        ({"lr": 1.0}, errors.NameUnknownError, "missing: momentum, nesterov, velocities, weight"),
        ({**good, "lr": -1.0}, errors.DomainError, "lr must be"),
        ({**good, "lr": 9.0, "velocities": 3}, errors.DTypeError, "a dictionary"),
        ({**good, "lr": 9.0, "velocities": [3]}, errors.DTypeError, "momentum buffer 0 must be"),
        (
            {**good, "lr": 9.0, "velocities": [leaf(1.0)]},
            errors.ShapeError,
            r"shapes \[\(1,\)\], and the parameters need \[\(2,\)\]",
        ),
        ({**good, "lr": 9.0, "velocities": []}, errors.ShapeError, r"of the shapes \[\]"),
    ]
    for state, error, message in cases:
        with pytest.raises(error, match=message):
            optimizer.load_state_dict(state)
    assert optimizer.state_dict() == good


def test_a_step_that_one_parameter_refuses_changes_none() -> None:
    a, b = leaf(1.0, 2.0), leaf(3.0, 4.0)
    optimizer = optim.SGD([a, b], lr=0.1, momentum=0.9)
    (a.sum() + b.sum()).backward()
    optimizer.step()
    before, state = a.tolist(), [v.tolist() for v in optimizer.state_dict()["velocities"]]
    b.data = chainrule.ones(3)
    with pytest.raises(errors.ShapeError, match=r"shape \(3,\), and its gradient has shape \(2,\)"):
        optimizer.step()
    optimizer.zero_grad()
    (a.sum() + b.sum()).backward()
    with pytest.raises(errors.ShapeError, match=r"momentum buffer has shape \(2,\).*Nothing was"):
        optimizer.step()
    assert a.tolist() == before
    assert b.tolist() == [1.0, 1.0, 1.0]
    assert [v.tolist() for v in optimizer.state_dict()["velocities"]] == state


def test_momentum_may_come_later_and_a_loaded_state_stays_in_the_same_tensors() -> None:
    w = leaf(1.0, 2.0)
    optimizer = optim.SGD([w], lr=0.5)
    assert optimizer.state_dict()["velocities"] == [None]
    optimizer.momentum = 0.5
    (velocity,) = optimizer.velocities
    w.sum().backward()
    optimizer.step()
    assert velocity is optimizer.velocities[0]
    assert velocity.tolist() == [1.0, 1.0]
    optimizer.load_state_dict({**optimizer.state_dict(), "velocities": [chainrule.tensor([3.0, 4.0])]})
    assert velocity is optimizer.velocities[0]
    assert velocity.tolist() == [3.0, 4.0]
    optimizer.load_state_dict({**optimizer.state_dict(), "velocities": [None]})
    assert velocity.tolist() == [0.0, 0.0]
    with pytest.raises(errors.DomainError, match=r"momentum must be a number in \[0, 1\)"):
        optimizer.momentum = 2
    assert optimizer.momentum == 0.5
