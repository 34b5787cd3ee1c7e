"""Data: examples held in Tensors, and the loader that hands them out in mini-batches."""

from __future__ import annotations

from chainrule.data.dataset import TensorDataset
from chainrule.data.loader import DataLoader

__all__ = ["DataLoader", "TensorDataset"]
