"""Activations made of other functions."""

from __future__ import annotations

from math import pi, sqrt
from typing import TYPE_CHECKING, Any

from chainrule import errors
from chainrule.eager import tensor_operand
from chainrule.functional.elementwise import add, erf, mul, sigmoid, tanh, where

if TYPE_CHECKING:
    from chainrule.tensor import Tensor


APPROXIMATIONS = ("none", "tanh")


def gelu(input: Any, approximate: str = "none") -> Tensor:
    """``x · Φ(x)``, where Φ is the normal distribution function (Hendrycks and Gimpel, 2016).

    Exactly, ``x/2 · (1 + erf(x/√2))``; with ``approximate="tanh"`` their approximation
    ``x/2 · (1 + tanh(√(2/π) · (x + 0.044715·x³)))``. Raises DomainError for another word.

    >>> import chainrule as cr
    >>> gelu(cr.tensor([-1.0, 0.0, 1.0]))
    tensor([-0.1587,  0.0000,  0.8413])
    """
    x = tensor_operand(input, "gelu")
    if approximate not in APPROXIMATIONS:
        raise errors.approximation_unknown(approximate)
    if approximate == "none":
        curve = erf(mul(x, sqrt(0.5)))
    else:
        cube = mul(mul(x, x), x)
        curve = tanh(mul(add(x, mul(cube, 0.044715)), sqrt(2 / pi)))
    return mul(mul(x, 0.5), add(curve, 1.0))


def silu(input: Any) -> Tensor:
    """``x · sigmoid(x)``, elementwise.

    >>> import chainrule as cr
    >>> silu(cr.tensor([0.0, 2.0]))
    tensor([0.0000, 1.7616])
    """
    x = tensor_operand(input, "silu")
    return mul(x, sigmoid(x))


def leaky_relu(input: Any, negative_slope: float = 0.01) -> Tensor:
    """``x`` where it is above 0, ``negative_slope · x`` elsewhere.

    >>> import chainrule as cr
    >>> leaky_relu(cr.tensor([-2.0, 3.0]), 0.5).tolist()
    [-1.0, 3.0]
    """
    x = tensor_operand(input, "leaky_relu")
    return where(x > 0, x, mul(x, negative_slope))
