"""Adam, and AdamW: steps that each number of a parameter scales by the size of its own gradients."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

import numpy as np

from chainrule import eager, errors
from chainrule.autodiff.graph import overwrites
from chainrule.creation import zeros, zeros_like
from chainrule.live import live
from chainrule.optim.optimizer import Optimizer
from chainrule.optim.options import AT_LEAST_ZERO, BELOW_ONE, number
from chainrule.tensor import Tensor


class Adam(Optimizer):
    """``p ← p − lr · m̂ / (√v̂ + eps)``: Adam (Kingma and Ba, 2015), with PyTorch's defaults.

    m and v are running averages of the gradient and of its square, ``m ← β₁·m + (1 − β₁)·g`` and
    ``v ← β₂·v + (1 − β₂)·g²``. They start at 0, which ``m̂ = m / (1 − β₁ᵗ)`` and ``v̂ = v / (1 − β₂ᵗ)``
    make up for at the parameter's step t. With ``weight_decay`` the gradient is first drawn towards
    smaller parameters, ``g + weight_decay · p``; :class:`AdamW` draws the parameter itself.

    ``lr``, ``eps`` and ``weight_decay`` are at least 0 and both ``betas`` lie in [0, 1); otherwise
    `DomainError`. Each may be changed between steps: ``optimizer.lr = 0.01``.

    >>> import chainrule
    >>> from chainrule import optim
    >>> w = chainrule.tensor([1.0, -2.0], requires_grad=True)
    >>> optimizer = optim.Adam([w], lr=0.5)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w.tolist()
    [0.5, -1.5]
    """

    intervals: ClassVar = {
        "lr": AT_LEAST_ZERO,
        "beta1": BELOW_ONE,
        "beta2": BELOW_ONE,
        "eps": AT_LEAST_ZERO,
        "weight_decay": AT_LEAST_ZERO,
    }
    buffers: ClassVar = {"exp_avg": "average of gradients", "exp_avg_sq": "average of squared gradients"}
    counters: ClassVar = {"steps": "count of steps"}

    #: Whether ``weight_decay`` shrinks the parameter by itself, beside the gradient's step.
    decouples: ClassVar[bool] = False

    lr: float
    beta1: float
    beta2: float
    eps: float
    weight_decay: float

    def __init__(
        self,
        params: Iterable[Tensor],
        lr: float = 1e-3,
        betas: Sequence[float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(params)
        self.lr, self.betas = lr, betas
        self.eps, self.weight_decay = eps, weight_decay
        self.exp_avg = [zeros_like(parameter) for parameter in self.params]
        self.exp_avg_sq = [zeros_like(parameter) for parameter in self.params]
        # A parameter that a step passes over has its own count. In float64: 1 − 0.999ᵗ wants the digits.
        self.steps = [zeros((), dtype=np.float64) for _ in self.params]

    @property
    def betas(self) -> tuple[float, float]:
        """How much of the averages of the gradient, and of its square, a step keeps."""
        return self.beta1, self.beta2

    @betas.setter
    def betas(self, value: Any) -> None:
        if not isinstance(value, tuple | list) or len(value) != 2:
            raise errors.option_range(type(self).__name__, "betas", value, "a pair of numbers in [0, 1)")
        title = type(self).__name__
        checked = [number(title, f"betas[{i}]", beta, BELOW_ONE) for i, beta in enumerate(value)]
        self.beta1, self.beta2 = checked

    def update(self, position: int, parameter: Tensor, gradient: Tensor) -> None:
        """One step of one parameter, in place."""
        # On the arrays themselves: nothing here is to be recorded, and this runs at every step. An array
        # stands to the left of a number, which numpy answers sooner.
        xp = eager.xp
        array, g = parameter._data, gradient._data
        lr, beta1, beta2 = live(self, "lr"), live(self, "beta1"), live(self, "beta2")
        if self.weight_decay:
            decay = live(self, "weight_decay")
            if self.decouples:
                array *= 1 - lr * decay
            else:
                g = array * decay + g
        t = self.steps[position]._data
        t += 1.0
        m = self.exp_avg[position]._data
        m *= beta1
        m += g * (1 - beta1)
        square = g * g
        square *= 1 - beta2
        v = self.exp_avg_sq[position]._data
        v *= beta2
        v += square
        scale = xp.sqrt(v)
        scale *= xp.astype((1 - beta2**t) ** -0.5, array.dtype)
        scale += live(self, "eps")
        change = m / scale
        change *= xp.astype(lr / (1 - beta1**t), array.dtype)
        array -= change
        overwrites.add(array, recorded=False)


class AdamW(Adam):
    """Adam whose ``weight_decay`` shrinks the parameter itself, ``p ← p − lr · weight_decay · p``, and
    leaves the gradient's averages alone (Loshchilov and Hutter, 2019), with PyTorch's defaults.

    >>> import chainrule
    >>> from chainrule import optim
    >>> w = chainrule.tensor([1.0, -2.0], requires_grad=True)
    >>> optimizer = optim.AdamW([w], lr=0.5, weight_decay=0.5)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w.tolist()
    [0.25, -1.0]
    """

    decouples = True

    def __init__(
        self,
        params: Iterable[Tensor],
        lr: float = 1e-3,
        betas: Sequence[float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
    ) -> None:
        super().__init__(params, lr, betas, eps, weight_decay)
