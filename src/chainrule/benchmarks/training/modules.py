"""The step as it is written with modules and an optimizer, in chainrule and in PyTorch alike."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import chainrule
from chainrule.benchmarks.peers import library
from chainrule.benchmarks.training.work import DECAYS, EPSILON, RATE, Array, Trainer, Work

Step = Callable[[Any, Any], Any]


def step_of(lib: Any, work: Work, **options: Any) -> tuple[Step, Any, Any]:
    """The step, its model with the weights of the work, and its optimizer. ``options`` are Adam's."""
    model, loss_of = with_weights(lib, work), work.loss(lib)
    optimizer = lib.optim.Adam(model.parameters(), lr=RATE, betas=DECAYS, eps=EPSILON, **options)

    def step(x: Any, y: Any) -> Any:
        loss = loss_of(model, x, y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    return step, model, optimizer


def with_weights(lib: Any, work: Work) -> Any:
    """The model, its parameters set to the weights of the work."""
    model = work.model(lib)
    with lib.no_grad():
        for parameter, array in zip(model.parameters(), work.weights, strict=True):
            parameter.copy_(lib.tensor(array))
    return model


def trainer(lib: Any, step: Step, model: Any, work: Work) -> Trainer:
    """Train by ``step``; nobody asks for a loss until all steps are taken."""
    batches = [(lib.tensor(x), lib.tensor(y)) for x, y in work.batches]

    def train(steps: int) -> Array:
        losses = [step(*batches[index % len(batches)]) for index in range(steps)]
        return np.array([loss.item() for loss in losses])

    return Trainer(train, lambda: [parameter.detach().numpy().copy() for parameter in model.parameters()])


def ours(work: Work) -> Trainer:
    """chainrule, the step compiled."""
    library("llvmlite")
    step, model, _ = step_of(chainrule, work)
    return trainer(chainrule, chainrule.compile(step), model, work)


def ours_eager(work: Work) -> Trainer:
    """chainrule, the step as it is written."""
    step, model, _ = step_of(chainrule, work)
    return trainer(chainrule, step, model, work)
