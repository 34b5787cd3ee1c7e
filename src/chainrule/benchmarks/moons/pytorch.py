"""The demo on PyTorch: eager, and the whole step in one compiled function."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.benchmarks.moons.task import L2, Array, Rates, Task, Trainer, flat, layers
from chainrule.benchmarks.peers import torch_at_one_thread


def _loss(torch: Any, parameters: Any, x: Any, y: Any) -> Any:
    linear = torch.nn.functional.linear
    w1, b1, w2, b2, w3, b3 = parameters
    hidden = linear(x, w1, b1).relu()
    hidden = linear(hidden, w2, b2).relu()
    margin = 1 - y * linear(hidden, w3, b3).squeeze(1)
    return margin.relu().mean() + L2 * sum((p * p).sum() for p in parameters)


def _trainer(torch: Any, parameters: Any, train: Any) -> Trainer:
    def weights() -> Array:
        return flat([p.detach().numpy() for p in parameters])

    return Trainer(train, weights)


def eager(task: Task) -> Trainer:
    """``backward()``, and gradient descent by hand."""
    torch = torch_at_one_thread()
    x, y = torch.tensor(task.points), torch.tensor(task.labels)
    parameters = [torch.tensor(array, requires_grad=True) for array in layers(task.weights)]

    def step(rate: float) -> Any:
        loss = _loss(torch, parameters, x, y)
        for p in parameters:
            p.grad = None
        loss.backward()
        with torch.no_grad():
            for p in parameters:
                p.add_(p.grad, alpha=-rate)
        return loss.detach()

    def train(rates: Rates) -> Array:
        return np.asarray(torch.stack([step(rate) for rate in rates.tolist()]).numpy())

    return _trainer(torch, parameters, train)


def compiled(task: Task, backend: str = "inductor") -> Trainer:
    """Loss, gradients and update in one graph of ``torch.compile``; the rate is a tensor, so that a new
    rate is no new program."""
    torch = torch_at_one_thread()
    x, y = torch.tensor(task.points), torch.tensor(task.labels)
    parameters = tuple(torch.tensor(array) for array in layers(task.weights))
    gradient = torch.func.grad_and_value(lambda parameters, x, y: _loss(torch, parameters, x, y))

    def one_step(parameters: Any, x: Any, y: Any, rate: Any) -> Any:
        gradients, loss = gradient(parameters, x, y)
        for p, g in zip(parameters, gradients, strict=True):
            p.sub_(rate * g)
        return loss

    step = torch.compile(one_step, fullgraph=True, backend=backend)

    def train(rates: Rates) -> Array:
        with torch.no_grad():
            losses = [step(parameters, x, y, rate) for rate in torch.tensor(rates).unbind()]
            return np.asarray(torch.stack(losses).numpy())

    return _trainer(torch, parameters, train)
