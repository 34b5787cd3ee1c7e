"""A data set: Tensors whose first axes count the same examples."""

from __future__ import annotations

from typing import Any

from chainrule import errors
from chainrule.tensor import Tensor


class TensorDataset:
    """Examples held in Tensors, side by side: row i of each belongs to example i.

    Raises `DTypeError` for something else than a Tensor, `ShapeError` for first axes of different
    lengths and `DomainError` without any Tensor.

    >>> import chainrule
    >>> from chainrule.data import TensorDataset
    >>> pairs = TensorDataset(chainrule.tensor([1.0, 2.0, 3.0]), chainrule.tensor([0, 1, 0]))
    >>> len(pairs)
    3
    >>> pairs[1]
    (tensor(2.), tensor(1))
    """

    def __init__(self, *tensors: Tensor) -> None:
        if not tensors:
            raise errors.dataset_empty()
        for position, value in enumerate(tensors):
            if not isinstance(value, Tensor):
                raise errors.tensor_expected("TensorDataset", f"item {position}", value)
            if value.ndim == 0:
                raise errors.dataset_scalar(position)
        if len({value.shape[0] for value in tensors}) > 1:
            raise errors.dataset_lengths([value.shape for value in tensors])
        self.tensors = tensors

    def __len__(self) -> int:
        return int(self.tensors[0].shape[0])

    def __getitem__(self, index: Any) -> tuple[Tensor, ...]:
        """Example ``index``, or several for a slice or an array of indices; one Tensor each."""
        if isinstance(index, int) and not -len(self) <= index < len(self):
            raise errors.dataset_index(index, len(self))
        return tuple(value[index] for value in self.tensors)
