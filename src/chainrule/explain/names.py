"""What the user calls things: names for values, read off the caller's own variables.

A name is kept for the object that it holds, so a value that was never given a name has none, and the
explanation numbers it instead.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import FrameType
from typing import Any

from chainrule.tensor import Tensor
from chainrule.value import Value


class Names:
    """The names of the values that a frame can see."""

    def __init__(self) -> None:
        self._by_key: dict[Any, str] = {}
        self._held: list[Any] = []  # keys are ids: what they stand for must not go away
        self.taken: set[str] = set()

    @classmethod
    def of_frame(cls, frame: FrameType) -> Names:
        """Local names first: they are the nearest."""
        names = cls()
        names.add_all(frame.f_locals)
        if frame.f_globals is not frame.f_locals:
            names.add_all(frame.f_globals)
        return names

    def add_all(self, variables: Mapping[str, Any]) -> None:
        for name, value in list(variables.items()):
            if not name.startswith("_"):
                self.taken.add(name)
                for path, found in _inside(name, value):
                    self.add(path, found)

    def merge(self, other: Names) -> None:
        """Take the names of ``other`` as well; those that are here already win."""
        self._by_key = {**other._by_key, **self._by_key}
        self._held += other._held
        self.taken |= other.taken

    def add(self, name: str, value: Any) -> None:
        key = _key(value)
        if key is not None:
            self._by_key.setdefault(key, name)
            self._held.append(value)
            self.taken.add(name)

    def rename(self, thing: Any, name: str) -> None:
        """Call ``thing``, which stands for something named, by its name."""
        self._by_key[id(thing)] = name
        self._held.append(thing)

    def of(self, key: int) -> str | None:
        """The name of the node, leaf, value or array whose identity is ``key``."""
        return self._by_key.get(key)


def _key(value: Any) -> int | None:
    """What a node of the graph can be recognised by: itself, the leaf, or the array."""
    if isinstance(value, Tensor):
        if value._node is not None:
            return id(value._node)
        return id(value) if value._leaf else id(value._data)
    return id(value) if isinstance(value, Value) else None


_CONTAINERS = (list, tuple)
_MOST = 64  # of a longer list, the members have no names worth printing


def _inside(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """``value`` itself, or the tensors within: members of lists, entries, parameters of a module."""
    if isinstance(value, (Tensor, Value)):
        yield name, value
    elif isinstance(value, _CONTAINERS) and 0 < len(value) <= _MOST:
        for place, one in enumerate(value):
            if isinstance(one, (Tensor, Value)):
                yield f"{name}[{place}]", one
            elif isinstance(one, _CONTAINERS) and len(one) <= _MOST:
                for j, inner in enumerate(one):
                    if isinstance(inner, (Tensor, Value)):
                        yield f"{name}[{place}][{j}]", inner
    elif isinstance(value, dict) and 0 < len(value) <= _MOST:
        for entry, one in value.items():
            if isinstance(one, (Tensor, Value)):
                yield (entry if isinstance(entry, str) else f"{name}[{entry!r}]"), one
    elif hasattr(type(value), "named_parameters"):
        for path, parameter in value.named_parameters():
            yield f"{name}.{path}", parameter
