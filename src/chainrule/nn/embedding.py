"""Tables that are trained: a row for each entry."""

from __future__ import annotations

from typing import Any

from chainrule.counts import count
from chainrule.nn import functional as F
from chainrule.nn.initial import normal
from chainrule.nn.module import Module
from chainrule.tensor import Tensor


class Embedding(Module):
    """A row of ``weight`` for each whole number from 0 to num_embeddings − 1.

    Input (…) of whole numbers, output (…, embedding_dim); ``weight`` is (num_embeddings,
    embedding_dim) and starts normal, of mean 0 and variance 1. Raises `IndexOutOfRangeError` for
    a number outside of the table.

    >>> import chainrule
    >>> from chainrule import nn
    >>> layer = nn.Embedding(10, 3)
    >>> layer
    Embedding(10, 3)
    >>> layer(chainrule.tensor([[1, 2], [9, 0]])).shape
    (2, 2, 3)
    """

    def __init__(self, num_embeddings: int, embedding_dim: int, dtype: Any = None) -> None:
        self.num_embeddings = count("Embedding", "num_embeddings", num_embeddings)
        self.embedding_dim = count("Embedding", "embedding_dim", embedding_dim)
        self.weight = normal((self.num_embeddings, self.embedding_dim), dtype)

    def forward(self, x: Tensor) -> Tensor:
        """The rows of the numbers in ``x``."""
        return F.embedding(x, self.weight)

    def extra_repr(self) -> str:
        return f"{self.num_embeddings}, {self.embedding_dim}"
