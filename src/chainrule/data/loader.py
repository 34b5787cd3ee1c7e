"""The loader: a data set cut into mini-batches, in order or shuffled."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from chainrule import errors
from chainrule.counts import count
from chainrule.data.dataset import TensorDataset
from chainrule.data.progress import reported
from chainrule.random import generator
from chainrule.tensor import Tensor


class DataLoader:
    """Mini-batches of a `TensorDataset`: tuples of Tensors whose first axis is the batch.

    ``shuffle`` draws a new order, from the generator behind `chainrule.manual_seed`, each time the
    loader is gone through. The last batch may be shorter; ``drop_last`` leaves it out.
    ``progress`` (True, or a label) shows a bar with the batches done, the batches a second and the
    time that remains; it is shown in a terminal or a notebook only, so a file or a pipe receives
    nothing of it. Raises `DTypeError` or `DomainError` for arguments that do not fit.

    >>> import chainrule
    >>> from chainrule.data import DataLoader, TensorDataset
    >>> loader = DataLoader(TensorDataset(chainrule.arange(5)), batch_size=2)
    >>> len(loader)
    3
    >>> [batch.tolist() for (batch,) in loader]
    [[0, 1], [2, 3], [4]]
    """

    def __init__(
        self,
        dataset: TensorDataset,
        batch_size: int = 1,
        shuffle: bool = False,
        drop_last: bool = False,
        progress: bool | str = False,
    ) -> None:
        if not isinstance(dataset, TensorDataset):
            raise errors.dataset_expected(dataset)
        if not isinstance(progress, bool | str):
            raise errors.progress_expected(progress)
        self.dataset = dataset
        self.batch_size = count("DataLoader", "batch_size", batch_size)
        self.shuffle = shuffle
        self.drop_last = drop_last
        self.progress = progress

    def __len__(self) -> int:
        """How many batches one pass gives."""
        full, rest = divmod(len(self.dataset), self.batch_size)
        return full + (rest > 0 and not self.drop_last)

    def __iter__(self) -> Iterator[tuple[Tensor, ...]]:
        length = len(self.dataset)
        order = generator().permutation(length) if self.shuffle else np.arange(length)
        batches = self._batches(order)
        if self.progress is False:
            return batches
        label = self.progress if isinstance(self.progress, str) else "batches"
        return reported(batches, len(self), label)

    def _batches(self, order: Any) -> Iterator[tuple[Tensor, ...]]:
        # Indexing with an array copies, so a batch that is changed in place leaves the data alone.
        for start in range(0, len(self) * self.batch_size, self.batch_size):
            yield self.dataset[order[start : start + self.batch_size]]
