"""The step on PyTorch: eager with its fused Adam, and compiled."""

from __future__ import annotations

from typing import Any

from chainrule.benchmarks.catalogue import CORES
from chainrule.benchmarks.peers import torch_at_threads
from chainrule.benchmarks.training.modules import step_of, trainer, with_weights
from chainrule.benchmarks.training.work import DECAYS, EPSILON, RATE, Trainer, Work


def eager(work: Work) -> Trainer:
    """The step as it is written, with the Adam that updates all parameters in one go."""
    torch = torch_at_threads(CORES)
    step, model, _ = step_of(torch, work, fused=True)
    return trainer(torch, step, model, work)


def compiled(work: Work, backend: str = "inductor") -> Trainer:
    """Loss, gradients and Adam's update in one graph of ``torch.compile``: faster than to compile the loss
    alone and leave the update to the fused Adam."""
    torch = torch_at_threads(CORES)
    model, loss_of = with_weights(torch, work), work.loss(torch)
    parameters = {name: parameter.detach() for name, parameter in model.named_parameters()}
    first, second = ([torch.zeros_like(p) for p in parameters.values()] for _ in range(2))
    count = torch.zeros(())
    first_decay, second_decay = DECAYS

    def loss(parameters: Any, x: Any, y: Any) -> Any:
        return loss_of(lambda x: torch.func.functional_call(model, parameters, x), x, y)

    gradient = torch.func.grad_and_value(loss)

    def one_step(parameters: Any, x: Any, y: Any) -> Any:
        gradients, value = gradient(parameters, x, y)
        count.add_(1)
        rate = RATE / (1 - first_decay**count)
        root = (1 - second_decay**count).sqrt()
        for name, m, v in zip(parameters, first, second, strict=True):
            g = gradients[name]
            m.lerp_(g, 1 - first_decay)
            v.mul_(second_decay).addcmul_(g, g, value=1 - second_decay)
            parameters[name].sub_(rate * m / (v.sqrt() / root + EPSILON))
        return value

    fast = torch.compile(one_step, fullgraph=True, backend=backend)

    def step(x: Any, y: Any) -> Any:
        with torch.no_grad():
            return fast(parameters, x, y)

    return trainer(torch, step, model, work)
