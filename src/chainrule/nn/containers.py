"""Modules that hold other modules and call them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, overload

from chainrule import errors
from chainrule.nn.module import Module


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
