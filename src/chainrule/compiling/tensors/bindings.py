"""Which arrays a compiled step reads and writes at a call: those that the tensors hold now."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from chainrule.compiler.types import Type
from chainrule.compiling.tensors.tracer import Brought, Outer, owner
from chainrule.tensor import Tensor


class Binding:
    """One array that was there before: ``array`` as it was bound last, and ``copy`` where machine code
    cannot read it in place."""

    __slots__ = ("array", "bind", "copy", "dtype", "name", "owner", "shape", "written")

    def __init__(self, brought: Brought, type: Type, bind: Callable[[np.ndarray], None]) -> None:
        self.name = brought.name
        self.shape = type.shape
        self.dtype = np.dtype(type.dtype)
        self.bind = bind
        self.written = brought.written
        self.array: np.ndarray | None = None
        self.copy: np.ndarray | None = None
        self.move(brought.array)

    def takes(self, array: np.ndarray) -> bool:
        """Whether ``array`` is of the kind that the step was traced with."""
        return array.shape == self.shape and array.dtype == self.dtype

    def move(self, array: np.ndarray) -> None:
        """From now on it is ``array``."""
        self.array = array
        self.owner = owner(array)
        self.copy = (
            None if array.flags.c_contiguous and array.flags.aligned else np.empty_like(array, order="C")
        )
        self.bind(array if self.copy is None else self.copy)


class Held:
    """A tensor from outside: where it is at this call, and what must still be true of it.

    ``binding`` is that of its array, None where the step never asked for it.
    """

    __slots__ = ("binding", "had_grad", "leaf", "made", "of", "tensor")

    def __init__(self, outer: Outer, binding: Binding | None, of: Held | int | None) -> None:
        self.tensor: Tensor = outer.tensor
        self.binding = binding
        self.of = of
        self.leaf = outer.tensor._leaf
        self.made = outer.tensor._node is not None
        self.had_grad = outer.had_grad

    def found(self, leaves: Sequence[Any]) -> bool:
        """Find the tensor at this call, and whether it is as it was when the step was traced."""
        of = self.of
        if of is not None:
            tensor = of.tensor._grad if isinstance(of, Held) else leaves[of]
            if tensor is None:
                return False
            self.tensor = tensor
        tensor = self.tensor
        if tensor._leaf is not self.leaf or (tensor._node is not None) is not self.made:
            return False
        if self.had_grad is not None and (tensor._grad is not None) is not self.had_grad:
            return False
        binding = self.binding
        return binding is None or tensor._data is binding.array or binding.takes(tensor._data)


def overlapping(bindings: Sequence[Binding]) -> bool:
    """Whether one of them is written to while another looks into the same memory."""
    for one in bindings:
        if not one.written:
            continue
        for other in bindings:
            apart = one.owner != other.owner and one.owner and other.owner
            if not apart and one.array is not other.array and np.may_share_memory(one.array, other.array):
                return True
    return False
