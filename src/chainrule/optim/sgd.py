"""Stochastic gradient descent, with momentum."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import inf, nan
from typing import Any

from chainrule import errors
from chainrule.autodiff.graph import overwrites
from chainrule.eager import wrap
from chainrule.optim.optimizer import Optimizer
from chainrule.tensor import Tensor


class SGD(Optimizer):
    """``p ← p − lr · g``: a step against the gradient.

    With ``weight_decay`` the gradient is first drawn towards smaller parameters, ``g + weight_decay
    · p``. With ``momentum`` the steps roll on: ``v ← momentum · v + g`` (v starts as g) and then
    ``p ← p − lr · v``, or with ``nesterov`` ``p ← p − lr · (g + momentum · v)`` (Sutskever and
    others, 2013, in PyTorch's form).

    ``lr`` and ``weight_decay`` are at least 0 and ``momentum`` lies in [0, 1); otherwise
    `DomainError`. ``lr`` may be changed between steps: ``optimizer.lr = 0.01``.

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

    def __init__(
        self,
        params: Iterable[Tensor],
        lr: float,
        momentum: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
    ) -> None:
        options = _options(lr, momentum, weight_decay, nesterov)
        super().__init__(params)
        self._lr, self.momentum, self.weight_decay, self.nesterov = options
        self._velocities: list[Any] = [None] * len(self.params)

    @property
    def lr(self) -> float:
        """The learning rate: how far a step goes along the gradient."""
        return self._lr

    @lr.setter
    def lr(self, value: float) -> None:
        self._lr = _number("lr", value, 0, inf)

    def check(self, position: int, parameter: Tensor, gradient: Tensor) -> None:
        """Refuses a gradient or a velocity of another shape than the parameter's."""
        super().check(position, parameter, gradient)
        velocity = self._velocities[position]
        if velocity is not None and velocity.shape != parameter.shape:
            raise errors.step_shape(position, parameter.shape, "momentum buffer", velocity.shape)

    def update(self, position: int, parameter: Tensor, gradient: Tensor) -> None:
        """One step of one parameter, in place."""
        # On the arrays themselves: nothing here is to be recorded, and this runs at every step.
        array, g = parameter._data, gradient._data
        if self.weight_decay:
            g = g + self.weight_decay * array
        if self.momentum:
            velocity = self._velocities[position]
            if velocity is None:
                velocity = self._velocities[position] = g.copy()
            else:
                velocity *= self.momentum
                velocity += g
            g = g + self.momentum * velocity if self.nesterov else velocity
        array -= self._lr * g
        overwrites.add(array, recorded=False)

    def state_dict(self) -> dict[str, Any]:
        """The options and, for each parameter, its velocity (None before its first step)."""
        return {
            "lr": self._lr,
            "momentum": self.momentum,
            "weight_decay": self.weight_decay,
            "nesterov": self.nesterov,
            "velocities": [None if v is None else wrap(v) for v in self._velocities],
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Takes up where ``state`` was saved; the velocities are copied.

        Raises a chainrule error, and changes nothing, for another optimizer's state or for
        velocities of other shapes.
        """
        if not isinstance(state, Mapping):
            raise errors.state_expected("load_state_dict", state)
        own = self.state_dict()
        missing, unexpected = own.keys() - state.keys(), state.keys() - own.keys()
        if missing or unexpected:
            raise errors.optimizer_state_fields(sorted(missing), sorted(map(str, unexpected)))
        options = _options(state["lr"], state["momentum"], state["weight_decay"], state["nesterov"])
        velocities = self._checked_velocities(state["velocities"])
        self._lr, self.momentum, self.weight_decay, self.nesterov = options
        self._velocities = velocities

    def _checked_velocities(self, velocities: Any) -> list[Any]:
        if not isinstance(velocities, list | tuple):
            raise errors.state_expected("load_state_dict", velocities)
        for position, velocity in enumerate(velocities):
            if velocity is not None and not isinstance(velocity, Tensor):
                raise errors.tensor_expected("load_state_dict", f"velocity {position}", velocity)
        found = [None if v is None else tuple(v.shape) for v in velocities]
        needed = [tuple(p.shape) for p in self.params]
        if len(found) != len(needed) or any(
            a is not None and a != b for a, b in zip(found, needed, strict=True)
        ):
            raise errors.optimizer_state_shapes(found, needed)
        return [
            None if v is None else v._data.astype(p._data.dtype)
            for v, p in zip(velocities, self.params, strict=True)
        ]


def _options(lr: Any, momentum: Any, weight_decay: Any, nesterov: Any) -> tuple[float, float, float, bool]:
    checked = (
        _number("lr", lr, 0, inf),
        _number("momentum", momentum, 0, 1),
        _number("weight_decay", weight_decay, 0, inf),
        bool(nesterov),
    )
    if nesterov and not checked[1]:
        raise errors.nesterov_without_momentum()
    return checked


def _number(option: str, value: Any, low: float, high: float) -> float:
    """``value`` as a float in [low, high); NaN is in no interval."""
    needed = f"a number in [{low}, {high})" if high < inf else f"a finite number of at least {low}"
    try:
        number = nan if isinstance(value, str) else float(value)
    except (TypeError, ValueError):
        raise errors.option_range("SGD", option, value, needed) from None
    if not low <= number < high:
        raise errors.option_range("SGD", option, value, needed)
    return number
