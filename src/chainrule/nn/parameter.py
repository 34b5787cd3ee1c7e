"""A parameter: a Tensor that a module owns and an optimizer trains."""

from __future__ import annotations

from typing import Any

from chainrule import errors
from chainrule.creation import zeros_like
from chainrule.tensor import Tensor


class Parameter(Tensor):
    """A leaf Tensor that requires a gradient and that `Module.parameters` finds.

    ``data`` is a Tensor of floating-point numbers; as in PyTorch the parameter shares its memory.
    Raises `DTypeError` for anything else.

    >>> import chainrule
    >>> from chainrule import nn
    >>> nn.Parameter(chainrule.tensor([1.0, 2.0]))
    Parameter containing:
    tensor([1., 2.], requires_grad=True)
    """

    __slots__ = ()

    def __init__(self, data: Any, requires_grad: bool = True) -> None:
        if not isinstance(data, Tensor):
            raise errors.tensor_expected("Parameter", "the data", data)
        if data._data.dtype.kind != "f":
            raise errors.parameter_dtype(data.dtype)
        self._data = data._data
        self._grad = None
        self._node = None
        self._leaf = bool(requires_grad)

    def __repr__(self) -> str:
        return f"Parameter containing:\n{super().__repr__()}"


def forget_gradient(parameter: Tensor, set_to_none: bool) -> None:
    """Makes the gradient of one parameter None, or zeros where it has one."""
    kept = None if set_to_none or parameter.grad is None else zeros_like(parameter.grad)
    parameter.grad = kept
