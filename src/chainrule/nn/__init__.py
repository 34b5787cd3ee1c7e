"""Networks: parameters, modules, layers and losses, with PyTorch's names."""

from __future__ import annotations

from chainrule.nn import functional
from chainrule.nn.layers import Flatten, Linear, ReLU, Sequential, Sigmoid, Tanh
from chainrule.nn.losses import CrossEntropyLoss, HingeLoss, MSELoss
from chainrule.nn.module import Module
from chainrule.nn.parameter import Parameter

__all__ = [
    "CrossEntropyLoss",
    "Flatten",
    "HingeLoss",
    "Linear",
    "MSELoss",
    "Module",
    "Parameter",
    "ReLU",
    "Sequential",
    "Sigmoid",
    "Tanh",
    "functional",
]
