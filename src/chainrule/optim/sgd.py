"""Stochastic gradient descent, with momentum."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from chainrule import errors
from chainrule.autodiff.graph import overwrites
from chainrule.creation import zeros_like
from chainrule.live import live
from chainrule.optim.optimizer import Optimizer
from chainrule.optim.options import AT_LEAST_ZERO, BELOW_ONE
from chainrule.tensor import Tensor


class SGD(Optimizer):
    """``p ← p − lr · g``: a step against the gradient.

    With ``weight_decay`` the gradient is first drawn towards smaller parameters, ``g + weight_decay
    · p``. With ``momentum`` the steps roll on: ``v ← momentum · v + g`` (v starts at 0) and then
    ``p ← p − lr · v``, or with ``nesterov`` ``p ← p − lr · (g + momentum · v)`` (Sutskever and
    others, 2013, in PyTorch's form).

    ``lr`` and ``weight_decay`` are at least 0 and ``momentum`` lies in [0, 1); otherwise
    `DomainError`. Each may be changed between steps: ``optimizer.lr = 0.01``.

    >>> import chainrule
    >>> from chainrule import optim
    >>> w = chainrule.tensor(1.0, requires_grad=True)
    >>> optimizer = optim.SGD([w], lr=0.25)
    >>> loss = (w * 1.0 - 2.0) ** 2
    >>> loss.backward()
    >>> optimizer.step()
    >>> w.item()
    1.5
    """

    intervals: ClassVar = {"lr": AT_LEAST_ZERO, "momentum": BELOW_ONE, "weight_decay": AT_LEAST_ZERO}
    switches = ("nesterov",)
    buffers: ClassVar = {"velocities": "momentum buffer"}

    lr: float
    momentum: float
    weight_decay: float

    def __init__(
        self,
        params: Iterable[Tensor],
        lr: float,
        momentum: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
    ) -> None:
        super().__init__(params)
        self.velocities: list[Tensor | None] = [None] * len(self.params)
        self.lr, self.momentum, self.weight_decay = lr, momentum, weight_decay
        self.nesterov = bool(nesterov)
        self.check_options({"momentum": self.momentum, "nesterov": self.nesterov})

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        if name == "momentum" and self.momentum:  # made now, not by the step that first needs them
            velocities = zip(self.velocities, self.params, strict=True)
            self.velocities[:] = [zeros_like(p) if v is None else v for v, p in velocities]

    def check_options(self, options: Mapping[str, Any]) -> None:
        """Raises `DomainError` for a look ahead along no momentum."""
        if options["nesterov"] and not options["momentum"]:
            raise errors.nesterov_without_momentum()

    def update(self, position: int, parameter: Tensor, gradient: Tensor) -> None:
        """One step of one parameter, in place."""
        # On the arrays themselves: nothing here is to be recorded, and this runs at every step. An array
        # stands to the left of a number, which numpy answers sooner.
        array, g = parameter._data, gradient._data
        if self.weight_decay:
            g = array * live(self, "weight_decay") + g
        if self.momentum and (velocity := self.velocities[position]) is not None:
            momentum, v = live(self, "momentum"), velocity._data
            v *= momentum
            v += g
            g = v * momentum + g if self.nesterov else v
        array -= g * live(self, "lr")
        overwrites.add(array, recorded=False)
