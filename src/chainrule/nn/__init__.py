"""Networks: parameters, modules, layers and losses, with PyTorch's names."""

from __future__ import annotations

from chainrule.nn import functional
from chainrule.nn.activation import GELU, LeakyReLU, ReLU, Sigmoid, SiLU, Softmax, Tanh
from chainrule.nn.attention import MultiheadAttention
from chainrule.nn.containers import Sequential
from chainrule.nn.convolution import Conv1d, Conv2d
from chainrule.nn.dropout import Dropout
from chainrule.nn.embedding import Embedding
from chainrule.nn.linear import Flatten, Linear
from chainrule.nn.losses import CrossEntropyLoss, HingeLoss, MSELoss
from chainrule.nn.module import Module
from chainrule.nn.normalisation import LayerNorm
from chainrule.nn.parameter import Parameter
from chainrule.nn.pooling import AvgPool2d, MaxPool2d

__all__ = [
    "GELU",
    "AvgPool2d",
    "Conv1d",
    "Conv2d",
    "CrossEntropyLoss",
    "Dropout",
    "Embedding",
    "Flatten",
    "HingeLoss",
    "LayerNorm",
    "LeakyReLU",
    "Linear",
    "MSELoss",
    "MaxPool2d",
    "Module",
    "MultiheadAttention",
    "Parameter",
    "ReLU",
    "Sequential",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Tanh",
    "functional",
]
