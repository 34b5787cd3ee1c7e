"""Optimizers: what turns gradients into better parameters, with PyTorch's names."""

from __future__ import annotations

from chainrule.optim.adam import Adam, AdamW
from chainrule.optim.optimizer import Optimizer
from chainrule.optim.sgd import SGD

__all__ = ["SGD", "Adam", "AdamW", "Optimizer"]
