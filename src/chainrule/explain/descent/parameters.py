"""The parameters of a descent: moved about while it lasts, and given back as they were."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from chainrule import errors
from chainrule.autodiff import backward, scalar_rules
from chainrule.autograd import enable_grad, grad, no_grad
from chainrule.explain.names import Names
from chainrule.tensor import Tensor
from chainrule.value import ValueBase


class Parameters:
    """Leaves of one kind with their names, seen as one vector of float64. See the subclasses."""

    def __init__(self, leaves: Mapping[str, Any]) -> None:
        self.names = tuple(leaves)
        self.leaves = list(leaves.values())

    @property
    def numbers(self) -> list[str]:
        """The name of every number: ``b``, ``w[0]``, ``w[1]``."""
        raise NotImplementedError

    @property
    def precision(self) -> float:
        """The distance from 1 to the next number of the coarsest dtype among them."""
        raise NotImplementedError

    @contextmanager
    def borrowed(self) -> Iterator[None]:
        """While inside, the leaves have numbers of their own and no gradient, and afterwards those that
        they had."""
        raise NotImplementedError

    def have_gradients(self) -> bool:
        """Whether a gradient has reached a leaf since it was borrowed."""
        raise NotImplementedError

    def path(self, loss: Any) -> set[Any]:
        """What was computed on the way from the leaves to ``loss``."""
        raise NotImplementedError

    def read(self) -> np.ndarray:
        raise NotImplementedError

    def write(self, at: np.ndarray) -> None:
        raise NotImplementedError

    def gradient(self, loss: Any, *, keep: bool = False) -> list[Any]:
        """∂loss/∂leaf for each, None where it was not reached. No ``grad`` is touched."""
        raise NotImplementedError

    def step(self, rate: float, gradient: Sequence[Any]) -> None:
        """leaf ← leaf − rate·∂loss/∂leaf, in place and in the leaf's own dtype."""
        raise NotImplementedError

    def flat(self, gradient: Sequence[Any]) -> np.ndarray:
        """A gradient as one vector, with zeros for what it did not reach."""
        raise NotImplementedError


class TensorParameters(Parameters):
    leaves: list[Tensor]

    @property
    def numbers(self) -> list[str]:
        return [
            name + ("" if leaf.numel() == 1 else str(list(place)))
            for name, leaf in zip(self.names, self.leaves, strict=True)
            for place in np.ndindex(leaf.shape)
        ]

    @property
    def precision(self) -> float:
        return max(float(np.finfo(leaf.dtype).eps) for leaf in self.leaves)

    @contextmanager
    def borrowed(self) -> Iterator[None]:
        # Other arrays are put in: a graph that has saved the leaves' own stays good, and so does all that
        # shares memory with them.
        kept = [(leaf, leaf._data, leaf.grad) for leaf in self.leaves]
        try:
            for leaf in self.leaves:
                leaf._data, leaf.grad = leaf._data.copy(), None
            with enable_grad():
                yield
        finally:
            for leaf, array, gradient in kept:
                leaf._data, leaf.grad = array, gradient

    def have_gradients(self) -> bool:
        return any(leaf.grad is not None for leaf in self.leaves)

    def path(self, loss: Any) -> set[Any]:
        moving: set[Any] = set(self.leaves)
        for node in reversed(backward.reachable([loss._node])):
            if not moving.isdisjoint(node.parents):
                moving.add(node)
        return moving.difference(self.leaves)

    def read(self) -> np.ndarray:
        return np.concatenate([leaf._data.ravel() for leaf in self.leaves]).astype(np.float64)

    def write(self, at: np.ndarray) -> None:
        ends = np.cumsum([leaf.numel() for leaf in self.leaves])[:-1]
        for leaf, part in zip(self.leaves, np.split(at, ends), strict=True):
            leaf._data[...] = part.reshape(leaf.shape)

    def gradient(self, loss: Any, *, keep: bool = False) -> list[Any]:
        if not loss.requires_grad:
            return [None] * len(self.leaves)
        return list(grad(loss, self.leaves, retain_graph=keep, allow_unused=True))

    def step(self, rate: float, gradient: Sequence[Any]) -> None:
        with no_grad():
            for leaf, g in zip(self.leaves, gradient, strict=True):
                if g is not None:
                    leaf -= rate * g  # in place: the leaf itself moves

    def flat(self, gradient: Sequence[Any]) -> np.ndarray:
        parts = [
            np.zeros(leaf.numel()) if g is None else g._data.ravel()
            for leaf, g in zip(self.leaves, gradient, strict=True)
        ]
        return np.concatenate(parts).astype(np.float64)


class ValueParameters(Parameters):
    leaves: list[Any]

    @property
    def numbers(self) -> list[str]:
        return list(self.names)

    @property
    def precision(self) -> float:
        return float(np.finfo(np.float64).eps)

    @contextmanager
    def borrowed(self) -> Iterator[None]:
        kept = [(leaf, leaf.data, leaf.grad) for leaf in self.leaves]
        try:
            for leaf in self.leaves:
                leaf.grad = 0
            yield
        finally:
            for leaf, data, gradient in kept:
                leaf.data, leaf.grad = data, gradient

    def have_gradients(self) -> bool:
        return any(leaf.grad != 0 for leaf in self.leaves)

    def path(self, loss: Any) -> set[Any]:
        moving = set(self.leaves)
        for value in reversed(scalar_rules.reachable(loss)):
            if not moving.isdisjoint(value._inputs):
                moving.add(value)
        return moving.difference(self.leaves)

    def read(self) -> np.ndarray:
        return np.array([leaf.data for leaf in self.leaves], np.float64)

    def write(self, at: np.ndarray) -> None:
        for leaf, number in zip(self.leaves, at.tolist(), strict=True):
            leaf.data = number

    def gradient(self, loss: Any, *, keep: bool = False) -> list[Any]:
        everything = {loss}
        for computed in scalar_rules.reachable(loss):
            everything.update((computed, *computed._inputs))
        # Values may outlast one step, and leaves that are no parameters have gradients of their own.
        kept = [(value, value.grad) for value in everything]
        try:
            for value in everything:
                value.grad = 0
            loss.grad = 1
            loss._sweep()
            return [leaf.grad if leaf in everything else None for leaf in self.leaves]
        finally:
            for value, before in kept:
                value.grad = before

    def step(self, rate: float, gradient: Sequence[Any]) -> None:
        for leaf, g in zip(self.leaves, gradient, strict=True):
            if g is not None:
                leaf.data -= rate * g

    def flat(self, gradient: Sequence[Any]) -> np.ndarray:
        return np.array([0 if g is None else g for g in gradient], np.float64)


def named(parameters: Any, names: Names) -> dict[str, Any]:
    """The leaves by their names: those of a dictionary, or what the caller's variables call them."""
    if isinstance(parameters, Mapping):
        leaves = {str(name): leaf for name, leaf in parameters.items()}
    elif isinstance(parameters, (Tensor, ValueBase, str)) or not isinstance(parameters, Iterable):
        raise errors.descent_parameters_not_listed(parameters)
    else:
        leaves = {}
        for place, leaf in enumerate(parameters):
            name = names.of(id(leaf)) or f"parameters[{place}]"
            if name in leaves:
                raise errors.descent_parameter_twice(name)
            leaves[name] = leaf
    return leaves


def checked(leaves: Mapping[str, Any]) -> Parameters:
    """``leaves`` as parameters. Raises DomainError where there is none, or one comes twice or is empty,
    DTypeError for what is neither a Tensor nor a Value, and GraphError for what is no leaf."""
    if not leaves:
        raise errors.descent_without_parameters()
    seen: set[int] = set()
    for name, leaf in leaves.items():
        if isinstance(leaf, Tensor):
            if leaf._node is not None:
                raise errors.descent_parameter_not_leaf(name, leaf._node.row.name)
            if not leaf.requires_grad:
                raise errors.descent_parameter_frozen(name, leaf.shape)
            if leaf.numel() == 0:
                raise errors.descent_parameter_empty(name, leaf.shape)
        elif not isinstance(leaf, ValueBase):
            raise errors.descent_parameter_kind(name, leaf)
        elif leaf._rule is not None:
            raise errors.descent_parameter_not_leaf(name, leaf._op)
        if id(leaf) in seen:
            raise errors.descent_parameter_twice(name)
        seen.add(id(leaf))
    tensors = [name for name, leaf in leaves.items() if isinstance(leaf, Tensor)]
    if tensors and len(tensors) < len(leaves):
        raise errors.descent_parameters_mixed(tensors[0], next(n for n in leaves if n not in tensors))
    return TensorParameters(leaves) if tensors else ValueParameters(leaves)
