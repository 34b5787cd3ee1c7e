"""Layers: the linear map, the activations, and the chain that puts them one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from math import sqrt
from typing import Any, overload

import numpy as np

from chainrule import errors
from chainrule.counts import count
from chainrule.nn import functional as F
from chainrule.nn.module import Module
from chainrule.nn.parameter import Parameter
from chainrule.random import generator
from chainrule.tensor import Tensor


class Linear(Module):
    """``y = x @ weightᵀ + bias``: every output is a weighted sum of all inputs.

    Input (..., in_features), output (..., out_features); ``weight`` is (out_features,
    in_features) and ``bias`` (out_features,), or None with ``bias=False``. Both start uniform in
    ±1/√in_features (He and others, 2015, with PyTorch's constants), drawn from the generator
    behind `chainrule.manual_seed`. Raises `ShapeError` for an input with another last axis.

    >>> import chainrule
    >>> from chainrule import nn
    >>> layer = nn.Linear(3, 2)
    >>> layer
    Linear(in_features=3, out_features=2, bias=True)
    >>> tuple(layer(chainrule.ones(5, 3)).shape)
    (5, 2)
    """

    bias: Parameter | None

    def __init__(self, in_features: int, out_features: int, bias: bool = True, dtype: Any = None) -> None:
        self.in_features = count("Linear", "in_features", in_features)
        self.out_features = count("Linear", "out_features", out_features)
        bound = 1 / sqrt(self.in_features)
        self.weight = _uniform(bound, (self.out_features, self.in_features), dtype)
        self.bias = _uniform(bound, (self.out_features,), dtype) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        """``x @ weightᵀ + bias``, for ``x`` of shape (..., in_features)."""
        return F.linear(x, self.weight, self.bias)

    def extra_repr(self) -> str:
        return (
            f"in_features={self.in_features}, out_features={self.out_features}, "
            f"bias={self.bias is not None}"
        )


def _uniform(bound: float, shape: tuple[int, ...], dtype: Any) -> Parameter:
    drawn = generator().uniform(-bound, bound, shape)
    return Parameter(Tensor(drawn, np.float32 if dtype is None else dtype))


class ReLU(Module):
    """``max(x, 0)``, element by element.

    >>> import chainrule
    >>> from chainrule import nn
    >>> nn.ReLU()(chainrule.tensor([-1.0, 2.0])).tolist()
    [0.0, 2.0]
    """

    def forward(self, x: Tensor) -> Tensor:
        """``max(x, 0)``, of the shape of ``x``."""
        return F.relu(x)


class Tanh(Module):
    """The hyperbolic tangent, element by element: any number to one in (−1, 1).

    >>> import chainrule
    >>> from chainrule import nn
    >>> nn.Tanh()(chainrule.tensor([0.0])).tolist()
    [0.0]
    """

    def forward(self, x: Tensor) -> Tensor:
        """``tanh(x)``, of the shape of ``x``."""
        return F.tanh(x)


class Sigmoid(Module):
    """``1 / (1 + exp(−x))``, element by element: any number to one in (0, 1).

    >>> import chainrule
    >>> from chainrule import nn
    >>> nn.Sigmoid()(chainrule.tensor([0.0])).tolist()
    [0.5]
    """

    def forward(self, x: Tensor) -> Tensor:
        """``1 / (1 + exp(−x))``, of the shape of ``x``."""
        return F.sigmoid(x)


class Flatten(Module):
    """Merges the axes ``start_dim`` to ``end_dim`` into one; by default all but the first.

    >>> import chainrule
    >>> from chainrule import nn
    >>> tuple(nn.Flatten()(chainrule.ones(5, 8, 8)).shape)
    (5, 64)
    """

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        self.start_dim = start_dim
        self.end_dim = end_dim

    def forward(self, x: Tensor) -> Tensor:
        """``x`` with its axes merged."""
        return x.flatten(self.start_dim, self.end_dim)

    def extra_repr(self) -> str:
        return f"start_dim={self.start_dim}, end_dim={self.end_dim}"


class Sequential(Module):
    """Modules one after the other: the output of each is the input of the next.

    Raises `DTypeError` for an item that is not a Module.

    >>> from chainrule import nn
    >>> nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Linear(16, 1))
    Sequential(
      (0): Linear(in_features=2, out_features=16, bias=True)
      (1): ReLU()
      (2): Linear(in_features=16, out_features=1, bias=True)
    )
    """

    def __init__(self, *layers: Module) -> None:
        for position, layer in enumerate(layers):
            if not isinstance(layer, Module):
                raise errors.module_expected("Sequential", position, layer)
        for position, layer in enumerate(layers):
            setattr(self, str(position), layer)

    def forward(self, x: Any) -> Any:
        """``x`` passed through every layer in turn."""
        for layer in self:
            x = layer(x)
        return x

    def append(self, layer: Module) -> Sequential:
        """Adds a layer at the end; returns the module."""
        if not isinstance(layer, Module):
            raise errors.module_expected("Sequential", len(self), layer)
        setattr(self, str(len(self)), layer)
        return self

    def __len__(self) -> int:
        return len(self._layers())

    def __iter__(self) -> Iterator[Module]:
        return iter(self._layers())

    @overload
    def __getitem__(self, index: int) -> Module: ...

    @overload
    def __getitem__(self, index: slice) -> Sequential: ...

    def __getitem__(self, index: int | slice) -> Module:
        layers = self._layers()
        if isinstance(index, slice):
            return Sequential(*layers[index])
        if not -len(layers) <= index < len(layers):
            raise errors.layer_index(index, len(layers))
        return layers[index]

    def _layers(self) -> list[Module]:
        # The same layer may stand in two places, so `children`, which gives each once, is not it.
        return [value for value in vars(self).values() if isinstance(value, Module)]
