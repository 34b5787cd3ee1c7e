"""What every optimizer has: a checked list of parameters, ``zero_grad`` and ``step``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from chainrule import errors
from chainrule.nn.parameter import forget_gradient
from chainrule.tensor import Tensor


class Optimizer:
    """The base of the optimizers: a subclass defines ``update(position, parameter, gradient)``.

    ``params`` is an iterable of distinct leaf Tensors that require a gradient. Raises
    `DomainError` when there is none or one comes twice, `DTypeError` for something else than a
    Tensor and `GraphError` for a Tensor that can have no gradient.
    """

    def __init__(self, params: Iterable[Tensor]) -> None:
        self.params = _checked(type(self).__name__, params)

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forgets every gradient, so that the next ``backward`` does not add to it.

        With ``set_to_none=False`` the gradients that there are become zeros in place of None.
        """
        for parameter in self.params:
            forget_gradient(parameter, set_to_none)

    def step(self) -> None:
        """Updates in place every parameter that has a gradient, and leaves the others alone.

        Raises `GraphError` when none has one, as ``backward`` was not called, and `ShapeError` when
        one no longer has its gradient's shape. Nothing is updated then.
        """
        pending = [
            (position, parameter, parameter.grad)
            for position, parameter in enumerate(self.params)
            if parameter.grad is not None
        ]
        if not pending:
            raise errors.step_without_gradient()
        for position, parameter, gradient in pending:
            self.check(position, parameter, gradient)
        for position, parameter, gradient in pending:
            self.update(position, parameter, gradient)

    def check(self, position: int, parameter: Tensor, gradient: Tensor) -> None:
        """Refuses an update that cannot be done, before any parameter is changed."""
        if gradient.shape != parameter.shape:
            raise errors.step_shape(position, parameter.shape, "gradient", gradient.shape)

    def update(self, position: int, parameter: Tensor, gradient: Tensor) -> None:
        """Changes one parameter in place, unseen by the graph; ``position`` is its place."""
        raise NotImplementedError


def _checked(where: str, params: Any) -> list[Tensor]:
    if isinstance(params, Tensor | str | bytes | dict) or not isinstance(params, Iterable):
        raise errors.parameters_not_listed(where, params)
    checked = list(params)
    if not checked:
        raise errors.parameters_empty(where)
    positions: dict[int, int] = {}
    for position, parameter in enumerate(checked):
        if not isinstance(parameter, Tensor):
            raise errors.parameter_not_tensor(where, position, parameter)
        if not parameter.requires_grad:
            raise errors.parameter_frozen(where, position, parameter.shape)
        if not parameter.is_leaf:
            raise errors.parameter_not_leaf(where, position, parameter.shape)
        first = positions.setdefault(id(parameter), position)
        if first != position:
            raise errors.parameter_twice(where, first, position)
    return checked
