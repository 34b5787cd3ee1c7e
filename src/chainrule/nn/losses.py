"""Losses as modules, for those who keep one beside the network: ``loss = criterion(output, y)``."""

from __future__ import annotations

from chainrule.nn import functional as F
from chainrule.nn.module import Module
from chainrule.tensor import Tensor


class Loss(Module):
    """A loss with its way of joining the examples: ``'mean'``, ``'sum'`` or ``'none'``."""

    def __init__(self, reduction: str = "mean") -> None:
        F.check_reduction(type(self).__name__, reduction)
        self.reduction = reduction


class MSELoss(Loss):
    """The mean of ``(input − target)²``; see `chainrule.nn.functional.mse_loss`.

    >>> import chainrule
    >>> from chainrule import nn
    >>> nn.MSELoss()(chainrule.tensor([1.0, 2.0]), chainrule.tensor([1.0, 4.0])).item()
    2.0
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """The loss of predictions and targets of one shape."""
        return F.mse_loss(input, target, reduction=self.reduction)


class CrossEntropyLoss(Loss):
    """The mean of ``−log softmax(input)[label]``; see `chainrule.nn.functional.cross_entropy`.

    >>> import chainrule
    >>> from chainrule import nn
    >>> print(nn.CrossEntropyLoss()(chainrule.zeros(1, 2), chainrule.tensor([1])))
    tensor(0.6931)
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """The loss of scores (examples, classes) and labels (examples,) or probabilities."""
        return F.cross_entropy(input, target, reduction=self.reduction)


class HingeLoss(Loss):
    """The mean of ``relu(1 − target · input)``; see `chainrule.nn.functional.hinge_loss`.

    >>> import chainrule
    >>> from chainrule import nn
    >>> nn.HingeLoss()(chainrule.tensor([2.0, 0.5]), chainrule.tensor([1.0, -1.0])).item()
    0.75
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """The loss of scores and labels −1 or +1, of one shape."""
        return F.hinge_loss(input, target, reduction=self.reduction)
