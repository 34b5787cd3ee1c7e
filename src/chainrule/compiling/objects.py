"""What objects hold that a traced function reads: a trace is good as long as they hold the same.

A model in training mode, an optimizer with momentum, a list of layers: the trace went by what they were. So
the attributes of modules and optimizers are watched, and the members of lists; of other objects those
attributes whose names the function writes. Tensors are watched by identity: their numbers are inputs.
"""

from __future__ import annotations

import sysconfig
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import cache, partial
from sys import modules
from types import FunctionType, SimpleNamespace
from typing import Any

from chainrule.origin import is_foreign
from chainrule.tensor import Tensor

#: Beyond so many objects nothing is looked at, nor into a list of so many members.
_MOST = 20_000
_LONG = 1_000

_PLAIN = (int, float, str, bool, type(None))

#: The libraries' own code: their objects change for reasons of their own.
_LIBRARIES = tuple(sysconfig.get_paths()[name] for name in ("stdlib", "platstdlib", "purelib", "platlib"))


class Objects:
    """The objects that can be reached from ``roots``, by attributes whose names are among ``names``.

    >>> options = SimpleNamespace(depth=2)
    >>> objects = Objects([options], {"depth"})
    >>> objects.changed()
    >>> options.depth = 3
    >>> objects.changed()
    "SimpleNamespace's depth"
    """

    def __init__(self, roots: Iterable[Any], names: Collection[str]) -> None:
        self._names = set(names)
        self._ignored: set[tuple[int, str]] = set()
        self._found: list[Any] = []  # objects, lists and dictionaries
        self.tensors: list[Tensor] = []
        self.methods: list[FunctionType] = []  # of the user's own classes
        seen: set[int] = set()
        pending = list(roots)
        while pending and len(seen) < _MOST:
            one = pending.pop()
            if id(one) in seen or isinstance(one, (*_PLAIN, FunctionType, type)):
                continue
            seen.add(id(one))
            if isinstance(one, Tensor):
                self.tensors.append(one)
            elif isinstance(one, (list, tuple, dict)):
                if len(one) <= _LONG:
                    self._found.append(one)
                    pending += _content(one)
            elif _is_read(one.__class__):
                self._names |= _names_in(one.__class__)
                self.methods += _methods_of(one.__class__)
                self._found.append(one)
                pending += _content(one)
            elif isinstance(one, partial):
                pending += [one.func, *one.args, *one.keywords.values()]
            elif (owner := getattr(one, "__self__", None)) is not None:  # a method
                pending.append(owner)
        self.remember()

    def remember(self) -> None:
        """From now on, what they hold now is what they held."""
        self._held = [(one, list(self._entries(one))) for one in self._found]
        space: dict[str, Any] = {}
        lines = []
        for place, (one, entries) in enumerate(self._held):
            holder, names = f"x{place}", [f"x{place}_{i}" for i in range(len(entries))]
            space[holder] = one if isinstance(one, (list, tuple, dict)) else vars(one)
            space |= {f"v{name}": value for name, (_, value) in zip(names, entries, strict=True)}
            lines.append(f"if len({holder}) != {len(space[holder])}: return False")
            if names:
                lines.append(f"{', '.join(names)}, = {_members(holder, space[holder], entries)}")
                lines.append(
                    f"if not ({' and '.join(f'{name} is v{name}' for name in names)}): return False"
                )
        exec("\n    ".join(["def same():", *lines, "return True"]), space)
        self._same: Callable[[], bool] = space["same"]

    def changed(self) -> str | None:
        """What holds something else by now; None where all is as it was."""
        try:
            if self._same():
                return None
        except KeyError:  # an attribute is gone
            pass
        found = next((_title(one, name) for one, name, _ in self.differences()), None)
        if found is None:  # equal numbers that are other objects
            self.remember()
        return found

    def differences(self) -> Iterator[tuple[Any, Any, Any]]:
        """What holds something else by now: an object, what it calls it, and what it was."""
        for one, entries in self._held:
            now = dict(self._entries(one))
            for name, value in entries:
                other = now.pop(name, _GONE)
                if other is not value and not _same_plain(other, value) and not self._is_ignored(one, name):
                    yield one, name, value
            for name in now:
                yield one, name, _GONE

    def counted(self) -> list[tuple[Any, Any, Any]]:
        """Of the differences the attributes that are plain numbers and texts, which a function changes
        itself as it runs. Those of lists and dictionaries are taken for notes, written when it is
        traced."""
        return [
            (one, name, was)
            for one, name, was in self.differences()
            if isinstance(was, _PLAIN) and not isinstance(one, (list, tuple, dict))
        ]

    def ignore(self, owner: object, name: str) -> None:
        """``owner.name`` may change: it is read again at each call."""
        self._ignored |= {(id(owner), name), (id(owner), f"_{name}")}

    def _is_ignored(self, one: Any, name: Any) -> bool:
        return (id(one), name) in self._ignored

    def _entries(self, one: Any) -> Iterator[tuple[Any, Any]]:
        if isinstance(one, (list, tuple)):
            yield from enumerate(one)
        elif isinstance(one, dict):
            yield from one.items()
        else:
            whole = _is_ours(one.__class__)
            for name, value in vars(one).items():
                if (whole or name in self._names) and not self._is_ignored(one, name):
                    yield name, value


def _members(holder: str, content: Any, entries: Sequence[tuple[Any, Any]]) -> str:
    """The members of what is called ``holder``, or those that are watched."""
    if isinstance(content, (list, tuple)):
        return holder
    if len(entries) == len(content):
        return f"{holder}.values()"
    return "".join(f"{holder}[{name!r}]," for name, _ in entries)


_GONE = object()


def put_back(differences: Iterable[tuple[Any, Any, Any]]) -> None:
    """Make everything what it was."""
    for one, name, was in differences:
        vars(one)[name] = was


def _title(one: Any, name: Any) -> str:
    if isinstance(one, (list, tuple, dict)):
        return f"a {type(one).__name__}'s [{name!r}]"
    return f"{type(one).__name__}'s {name}"


def _content(one: Any) -> list[Any]:
    if isinstance(one, (list, tuple)):
        return list(one)
    return list(one.values() if isinstance(one, dict) else vars(one).values())


def _same_plain(x: Any, y: Any) -> bool:
    return x.__class__ is y.__class__ and isinstance(x, _PLAIN) and repr(x) == repr(y)


@cache
def _is_ours(kind: type) -> bool:
    """Whether it is a module or an optimizer, all of whose attributes count."""
    return any(base.__module__.partition(".")[0] == "chainrule" for base in kind.__mro__)


@cache
def _is_read(kind: type) -> bool:
    """Whether its objects are the user's, or chainrule's, and have attributes."""
    if kind is SimpleNamespace or _is_ours(kind):
        return bool(kind.__dictoffset__) and not kind.__module__.startswith("chainrule.compiling")
    file = getattr(modules.get(kind.__module__), "__file__", None) or ""
    return bool(kind.__dictoffset__) and kind.__module__ != "builtins" and not file.startswith(_LIBRARIES)


@cache
def _methods_of(kind: type) -> list[FunctionType]:
    """The methods of a class that are not chainrule's own."""
    methods = [one for base in kind.__mro__ for one in vars(base).values() if isinstance(one, FunctionType)]
    return [one for one in methods if is_foreign(one.__code__.co_filename)]


@cache
def _names_in(kind: type) -> frozenset[str]:
    """The names that the methods of a class write."""
    return frozenset(
        name
        for base in kind.__mro__
        for method in vars(base).values()
        if isinstance(method, FunctionType)
        for name in method.__code__.co_names
    )
