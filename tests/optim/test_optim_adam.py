"""Adam and AdamW: PyTorch's updates, in place, and what they refuse."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

import chainrule
from chainrule import errors, optim

each_optimizer = pytest.mark.parametrize("name", ["Adam", "AdamW"])
OPTIONS: list[dict[str, Any]] = [
    {},
    {"lr": 0.1, "weight_decay": 0.1},
    {"lr": 0.05, "betas": (0.5, 0.9), "eps": 1e-3},
    {"betas": (0.0, 0.0)},
]


def leaf(*values: float) -> chainrule.Tensor:
    return chainrule.tensor(list(values), requires_grad=True)


@each_optimizer
@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize(
    # a step's five or so roundings, each relative to a number of the size of the parameter, twenty times
    ("dtype", "rtol"),
    [("float64", 1e-13), ("float32", 5e-6)],
)
def test_steps_are_torchs(name: str, options: dict[str, Any], dtype: str, rtol: float) -> None:
    rng = np.random.default_rng(0)
    starts = [rng.normal(size=shape).astype(dtype) for shape in ((3, 4), (4,), ())]
    gradients = [[rng.normal(size=s.shape).astype(dtype) for s in starts] for _ in range(20)]
    results = []
    for lib in (chainrule, torch):
        params = [lib.tensor(start, requires_grad=True) for start in starts]
        optimizer = getattr(lib.optim, name)(params, **options)
        for step in gradients:
            for parameter, gradient in zip(params, step, strict=True):
                parameter.grad = lib.tensor(gradient)
            optimizer.step()
        results.append([p.detach().numpy() for p in params])
    for ours, theirs in zip(*results, strict=True):
        assert ours.dtype == theirs.dtype
        np.testing.assert_allclose(ours, theirs, rtol=rtol, atol=rtol)


@each_optimizer
def test_a_parameter_that_a_step_passes_over_has_its_own_count(name: str) -> None:
    results = []
    for lib in (chainrule, torch):
        often, rarely = (lib.tensor([1.0], requires_grad=True) for _ in range(2))
        optimizer = getattr(lib.optim, name)([often, rarely], lr=0.1)
        for step in range(6):
            optimizer.zero_grad()
            (often * often + (rarely if step >= 4 else 0.0)).sum().backward()
            optimizer.step()
        results.append([often.item(), rarely.item()])
    np.testing.assert_allclose(*results, rtol=1e-6)


@each_optimizer
def test_the_update_is_in_place_and_leaves_no_graph(name: str) -> None:
    w = leaf(1.0)
    view = w.detach()
    optimizer = getattr(optim, name)([w], lr=0.5, weight_decay=0.0)
    (w * w).sum().backward()
    optimizer.step()
    assert view.tolist() == w.tolist() == [0.5]
    assert w.is_leaf
    assert w.requires_grad
    assert w.grad.tolist() == [2.0]


def test_an_update_is_seen_by_a_graph_that_needs_the_old_numbers() -> None:
    w = leaf(1.0)
    loss = (w * w).sum()
    w.grad = chainrule.ones(1)
    optim.Adam([w]).step()
    with pytest.raises(errors.GraphError, match=r"test_optim_adam\.py"):
        loss.backward()


@each_optimizer
def test_options_may_change_between_steps(name: str) -> None:
    results = []
    for lib in (chainrule, torch):
        w = lib.tensor([1.0, -2.0], requires_grad=True)
        optimizer = getattr(lib.optim, name)([w], lr=0.1, weight_decay=0.1)
        for lr, decay in ((0.1, 0.1), (0.5, 0.2), (0.01, 0.0)):
            if lib is torch:
                optimizer.param_groups[0].update(lr=lr, weight_decay=decay)
            else:
                optimizer.lr, optimizer.weight_decay = lr, decay
            optimizer.zero_grad()
            (w * w * w).sum().backward()
            optimizer.step()
        results.append(w.tolist())
    np.testing.assert_allclose(*results, rtol=1e-6)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"lr": -1.0}, errors.DomainError, "AdamW: lr must be a finite number of at least 0"),
        ({"betas": (0.9, 1.0)}, errors.DomainError, r"AdamW: betas\[1\] must be a number in \[0, 1\)"),
        ({"betas": (-0.1, 0.5)}, errors.DomainError, r"betas\[0\] must be"),
        ({"betas": 0.9}, errors.DomainError, r"betas must be a pair of numbers in \[0, 1\), and it is 0.9"),
        ({"betas": "ab"}, errors.DTypeError, "betas must be a pair"),
        ({"eps": -1e-8}, errors.DomainError, "eps must be a finite number of at least 0"),
        ({"weight_decay": float("nan")}, errors.DomainError, "weight_decay must be a finite number"),
    ],
)
def test_options_are_checked(options: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        optim.AdamW([leaf(1.0)], **options)
    optimizer = optim.AdamW([leaf(1.0)])
    before = optimizer.betas
    if "betas" in options:
        with pytest.raises(error, match=message):
            optimizer.betas = options["betas"]
    assert optimizer.betas == before == (0.9, 0.999)


def run(w: chainrule.Tensor, optimizer: optim.Optimizer, steps: int) -> None:
    for _ in range(steps):
        optimizer.zero_grad()
        (w * w * w).sum().backward()
        optimizer.step()


@each_optimizer
def test_a_saved_state_takes_up_where_it_was(name: str) -> None:
    w = leaf(1.0, 2.0)
    optimizer = getattr(optim, name)([w], lr=0.01, betas=(0.8, 0.9), eps=1e-4, weight_decay=0.1)
    run(w, optimizer, 3)
    copy = w.detach().clone().requires_grad_()
    resumed = getattr(optim, name)([copy])
    resumed.load_state_dict(optimizer.state_dict())
    assert [t.item() for t in resumed.steps] == [3.0]
    run(w, optimizer, 3)
    run(copy, resumed, 3)
    assert copy.tolist() == w.tolist()


def test_a_state_that_does_not_fit_changes_nothing() -> None:
    optimizer = optim.Adam([leaf(1.0, 2.0)])
    run(optimizer.params[0], optimizer, 1)
    good = optimizer.state_dict()
    shown = {name: value for name, value in good.items() if not isinstance(value, list)}
    numbers = [[one.tolist() for one in good[name]] for name in ("exp_avg", "exp_avg_sq", "steps")]
    sgd = optim.SGD([leaf(1.0, 2.0)], lr=0.1).state_dict()
    cases = [
        (None, errors.DTypeError, "a dictionary as state_dict"),
        (sgd, errors.NameUnknownError, "not the state of Adam .missing: beta1.*unexpected: momentum"),
        ({**good, "eps": -1.0}, errors.DomainError, "eps must be"),
        ({**good, "exp_avg": [leaf(1.0)]}, errors.ShapeError, "each average of gradients has one of"),
        ({**good, "lr": 9.0, "steps": [leaf(1.0)]}, errors.ShapeError, "each count of steps has one of"),
        ({**good, "steps": [2]}, errors.DTypeError, "count of steps 0 must be a Tensor"),
        ({**good, "exp_avg_sq": []}, errors.ShapeError, "each average of squared gradients"),
    ]
    for state, error, message in cases:
        with pytest.raises(error, match=message):
            optimizer.load_state_dict(state)
    after = optimizer.state_dict()
    assert {name: after[name] for name in shown} == shown
    assert [[one.tolist() for one in after[name]] for name in ("exp_avg", "exp_avg_sq", "steps")] == numbers


def test_a_parameter_of_another_shape_is_refused_before_anything_changes() -> None:
    a, b = leaf(1.0, 2.0), leaf(3.0)
    optimizer = optim.Adam([a, b])
    b.data = chainrule.ones(3)
    (a.sum() + b.sum()).backward()
    with pytest.raises(errors.ShapeError, match=r"average of gradients has shape \(1,\).*Nothing was"):
        optimizer.step()
    assert a.tolist() == [1.0, 2.0]
    assert [t.item() for t in optimizer.steps] == [0.0, 0.0]
