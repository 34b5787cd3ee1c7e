"""Dropout as a module, which knows whether it is being trained."""

from __future__ import annotations

from chainrule.functional.dropout import check_probability
from chainrule.nn import functional as F
from chainrule.nn.module import Module
from chainrule.tensor import Tensor


class Dropout(Module):
    """In training, each number becomes 0 with probability ``p`` and the others are divided by 1 − p; after
    ``eval()`` everything passes. See `chainrule.nn.functional.dropout`.

    >>> import chainrule
    >>> from chainrule import nn
    >>> layer = nn.Dropout(0.5)
    >>> sorted(set(layer(chainrule.ones(1000)).tolist()))
    [0.0, 2.0]
    >>> layer.eval()(chainrule.ones(2)).tolist()
    [1.0, 1.0]
    """

    def __init__(self, p: float = 0.5) -> None:
        check_probability("Dropout", p)
        self.p = p

    def forward(self, x: Tensor) -> Tensor:
        """``x``, with numbers left out in training."""
        return F.dropout(x, self.p, self.training)

    def extra_repr(self) -> str:
        return f"p={self.p}"
