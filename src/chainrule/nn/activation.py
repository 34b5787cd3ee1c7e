"""Activations as modules: functions of each number by itself, and softmax."""

from __future__ import annotations

from chainrule import errors
from chainrule.functional.activation import APPROXIMATIONS
from chainrule.nn import functional as F
from chainrule.nn.module import Module
from chainrule.tensor import Tensor


class ReLU(Module):
    """``max(x, 0)``, element by element.

    >>> import chainrule
    >>> from chainrule import nn
    >>> nn.ReLU()(chainrule.tensor([-1.0, 2.0])).tolist()
    [0.0, 2.0]
    """

    def forward(self, x: Tensor) -> Tensor:
        """``max(x, 0)``, of the shape of ``x``."""
        return F.relu(x)


class Tanh(Module):
    """The hyperbolic tangent, element by element: any number to one in (−1, 1).

    >>> import chainrule
    >>> from chainrule import nn
    >>> nn.Tanh()(chainrule.tensor([0.0])).tolist()
    [0.0]
    """

    def forward(self, x: Tensor) -> Tensor:
        """``tanh(x)``, of the shape of ``x``."""
        return F.tanh(x)


class Sigmoid(Module):
    """``1 / (1 + exp(−x))``, element by element: any number to one in (0, 1).

    >>> import chainrule
    >>> from chainrule import nn
    >>> nn.Sigmoid()(chainrule.tensor([0.0])).tolist()
    [0.5]
    """

    def forward(self, x: Tensor) -> Tensor:
        """``1 / (1 + exp(−x))``, of the shape of ``x``."""
        return F.sigmoid(x)


class LeakyReLU(Module):
    """``x`` where it is above 0, ``negative_slope · x`` elsewhere.

    >>> import chainrule
    >>> from chainrule import nn
    >>> nn.LeakyReLU(0.5)(chainrule.tensor([-2.0, 3.0])).tolist()
    [-1.0, 3.0]
    """

    def __init__(self, negative_slope: float = 0.01) -> None:
        self.negative_slope = negative_slope

    def forward(self, x: Tensor) -> Tensor:
        """Of the shape of ``x``."""
        return F.leaky_relu(x, self.negative_slope)

    def extra_repr(self) -> str:
        return f"negative_slope={self.negative_slope}"


class SiLU(Module):
    """``x · sigmoid(x)``, element by element.

    >>> import chainrule
    >>> from chainrule import nn
    >>> nn.SiLU()(chainrule.tensor([0.0, 2.0]))
    tensor([0.0000, 1.7616])
    """

    def forward(self, x: Tensor) -> Tensor:
        """``x · sigmoid(x)``, of the shape of ``x``."""
        return F.silu(x)


class GELU(Module):
    """``x · Φ(x)``, element by element; see `chainrule.nn.functional.gelu`.

    ``approximate`` is 'none' or 'tanh'; otherwise `DomainError`.

    >>> import chainrule
    >>> from chainrule import nn
    >>> nn.GELU()(chainrule.tensor([-1.0, 1.0]))
    tensor([-0.1587,  0.8413])
    """

    def __init__(self, approximate: str = "none") -> None:
        if approximate not in APPROXIMATIONS:
            raise errors.approximation_unknown(approximate)
        self.approximate = approximate

    def forward(self, x: Tensor) -> Tensor:
        """``x · Φ(x)``, of the shape of ``x``."""
        return F.gelu(x, self.approximate)

    def extra_repr(self) -> str:
        return f"approximate={self.approximate!r}"


class Softmax(Module):
    """``exp(x) / Σ exp(x)`` along ``dim``: any numbers to positive ones of sum 1.

    >>> import chainrule
    >>> from chainrule import nn
    >>> nn.Softmax(dim=-1)(chainrule.tensor([0.0, 0.0])).tolist()
    [0.5, 0.5]
    """

    def __init__(self, dim: int) -> None:
        self.dim = dim

    def forward(self, x: Tensor) -> Tensor:
        """The softmax of ``x``, of its shape."""
        return F.softmax(x, self.dim)

    def extra_repr(self) -> str:
        return f"dim={self.dim}"
