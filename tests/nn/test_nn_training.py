"""Whole trainings beside PyTorch: same weights, same data, the same numbers after 20 steps."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import chainrule
import chainrule.nn
import chainrule.optim

RNG = np.random.default_rng(3)
X = RNG.normal(size=(32, 4))
LABELS = RNG.integers(0, 3, size=32)
TARGETS = RNG.normal(size=(32, 3))


def network(lib, weights, act):
    dtype = getattr(lib, str(weights[0].dtype))
    model = lib.nn.Sequential(
        lib.nn.Linear(4, 8, dtype=dtype),
        getattr(lib.nn, act)(),
        lib.nn.Linear(8, 3, dtype=dtype),
    )
    names = list(model.state_dict())
    model.load_state_dict({n: lib.tensor(w) for n, w in zip(names, weights, strict=True)})
    return model


def train(lib, weights, act, loss_name, options, steps=20):
    model = network(lib, weights, act)
    criterion = getattr(lib.nn, loss_name)()
    optimizer = lib.optim.SGD(model.parameters(), **options)
    x = lib.tensor(X.astype(weights[0].dtype))
    is_class = loss_name == "CrossEntropyLoss"
    y = lib.tensor(LABELS if is_class else TARGETS.astype(weights[0].dtype))
    losses, gradients = [], None
    for step in range(steps):
        loss = criterion(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        if step == 0:
            gradients = [p.grad.numpy().copy() for p in model.parameters()]
        optimizer.step()
        losses.append(loss.item())
    return losses, gradients, [p.detach().numpy() for p in model.parameters()]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("loss_name", ["MSELoss", "CrossEntropyLoss"])
@pytest.mark.parametrize("act", ["ReLU", "Tanh", "Sigmoid"])
@pytest.mark.parametrize(
    "options",
    [
        {"lr": 0.1},
        {"lr": 0.05, "momentum": 0.9, "weight_decay": 0.01},
        {"lr": 0.05, "momentum": 0.9, "weight_decay": 0.01, "nesterov": True},
    ],
    ids=["plain", "momentum", "nesterov"],
)
def test_twenty_steps_are_torchs(options, act, loss_name, dtype) -> None:
    shapes = [(8, 4), (8,), (3, 8), (3,)]
    rng = np.random.default_rng(11)
    weights = [rng.normal(size=shape).astype(dtype) / 2 for shape in shapes]
    ours = train(chainrule, weights, act, loss_name, options)
    theirs = train(torch, weights, act, loss_name, options)
    tolerance = 2e-5 if dtype == np.float32 else 1e-11
    np.testing.assert_allclose(ours[0], theirs[0], rtol=tolerance)
    assert ours[0][-1] < ours[0][0]
    for a, b in zip(ours[1] + ours[2], theirs[1] + theirs[2], strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)
