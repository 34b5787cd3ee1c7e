"""What the user calls things: names for values and modules, read off the caller's own variables.

A name is kept for the object that it holds, so a value that was never given a name has none, and the
explanation numbers it instead. No two objects get the same name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import FrameType
from typing import Any

from chainrule.scopes import Noted
from chainrule.tensor import Tensor
from chainrule.value import ValueBase


class Names:
    """The names of the values that a frame can see. Whoever comes first wins: a value keeps the first
    name that it was given, and a name the first value."""

    def __init__(self) -> None:
        self._by_key: dict[int, str] = {}
        self._owner: dict[str, int] = {}
        self._held: list[Any] = []  # keys are ids: what they stand for must not go away
        self.taken: set[str] = set()

    @classmethod
    def of_frame(cls, frame: FrameType) -> Names:
        """Local names first: they are the nearest. A comprehension sees what is around it."""
        names = cls()
        names.add_all(written(frame.f_locals))
        while frame.f_code.co_name in _INNER and frame.f_back is not None:
            frame = frame.f_back
            names.add_all(written(frame.f_locals))
        if frame.f_globals is not frame.f_locals:
            names.add_all(written(frame.f_globals))
        return names

    def add_all(self, variables: Mapping[str, Any]) -> None:
        """Take ``variables``, a name of its own before one inside a list, a public before a private."""
        items = [(name, value) for name, value in variables.items() if name.strip("_0123456789")]
        items.sort(key=lambda item: item[0].startswith("_"))
        self.taken.update(name for name, _ in items)
        for name, value in items:
            if isinstance(value, (Tensor, ValueBase)):
                self.add(name, value)
        for name, value in items:
            for path, found in self._inside(name, value):
                self.add(path, found)
        for name, value in items:
            for path, module in _modules(name, value):
                self._give(path, id(module))
                self._held.append(module)

    def merge(self, other: Names) -> None:
        """Take the names of ``other`` as well; those that are here already win."""
        for key, name in other._by_key.items():
            self._give(name, key)
        self._held += other._held
        self.taken |= other.taken

    def add(self, name: str, value: Any) -> None:
        """Call ``value`` by ``name``, unless it has a name or the name a value."""
        self._give(name, _key(value))
        self._held.append(value)
        self.taken.add(name)

    def _give(self, name: str, key: int) -> None:
        if key not in self._by_key and self._owner.setdefault(name, key) == key:
            self._by_key[key] = name

    def rename(self, thing: Any, name: str) -> None:
        """Call ``thing``, which stands for something named, by its name."""
        self._by_key[id(thing)] = name
        self._held.append(thing)

    def of(self, key: int) -> str | None:
        """The name of the node, leaf, value, array or module whose identity is ``key``."""
        return self._by_key.get(key)

    def _inside(self, name: str, value: Any) -> Iterator[tuple[str, Any]]:
        """The tensors within: members of lists, entries, parameters of a module."""
        if isinstance(value, (list, tuple)):
            yield from _members(name, value, depth=2)
        elif isinstance(value, dict) and len(value) <= _MOST:
            for entry, one in list(value.items()):
                if isinstance(one, (Tensor, ValueBase)):
                    plain = isinstance(entry, str) and entry.isidentifier() and entry not in self.taken
                    yield (entry if plain else f"{name}[{entry!r}]"), one
        elif hasattr(type(value), "named_parameters"):
            for path, parameter in value.named_parameters():
                if isinstance(parameter, (Tensor, ValueBase)):
                    yield f"{name}.{path}", parameter


_INNER = frozenset({"<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>", "<lambda>"})
_HISTORY = frozenset({"In", "Out", "_ih", "_oh", "_dh"})
_MOST = 64  # of a longer list, the members have no names worth printing


def written(variables: Mapping[str, Any]) -> dict[str, Any]:
    """Those that a program can write: an interpreter and its tools keep others, such as ``.0``, and a
    notebook the results of earlier cells, to which nobody gave a name."""
    kept = _HISTORY if "_ih" in variables else ()
    return {
        name: value for name, value in list(variables.items()) if name.isidentifier() and name not in kept
    }


def _modules(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """The modules within, a module itself among them, and those in a list of modules."""
    if isinstance(value, (list, tuple)):
        if len(value) <= _MOST:
            for place, one in enumerate(value):
                if isinstance(one, Noted):
                    yield from one.named_modules(f"{name}[{place}]")
    elif isinstance(value, Noted):
        yield from value.named_modules(name)


def _members(name: str, value: Any, depth: int) -> Iterator[tuple[str, Any]]:
    if len(value) > _MOST:
        return
    for place, one in enumerate(value):
        if isinstance(one, (Tensor, ValueBase)):
            yield f"{name}[{place}]", one
        elif depth > 1 and isinstance(one, (list, tuple)):
            yield from _members(f"{name}[{place}]", one, depth - 1)


def _key(value: Tensor | ValueBase) -> int:
    """What a node of the graph can be recognised by: itself, the leaf, or the array."""
    if isinstance(value, ValueBase):
        return id(value)
    if value._node is not None:
        return id(value._node)
    return id(value) if value._leaf else id(value._data)
