"""What a function sees beyond its arguments: a trace is good as long as these names mean the same."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from types import CellType, CodeType, FunctionType
from typing import Any

from chainrule.origin import is_foreign


class Watched:
    """The variables that ``function`` reads from around it, and those that functions which it names read.

    >>> rate = 0.1
    >>> watched = Watched(lambda x: rate * x)
    >>> watched.changed()
    >>> rate = 0.2
    >>> watched.changed()
    'rate'
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self._cells: list[tuple[str, CellType, Any]] = []
        self._globals: list[tuple[str, dict[str, Any], Any]] = []
        self._seen: set[int] = set()
        self._read: list[CodeType] = []
        root = getattr(function, "__func__", function)
        while isinstance(root, partial):
            root = root.func
        self._space = getattr(root, "__globals__", None)
        self._look(root)
        self._remember()

    def also(self, functions: Iterable[Callable[..., Any]]) -> bool:
        """Watch what ``functions`` read as well; whether there was anything new."""
        before = len(self._seen)
        for one in functions:
            self._look(one)
        self._remember()
        return len(self._seen) > before

    @property
    def variables(self) -> dict[str, Any]:
        """What they are called, and what they are."""
        return {name: value for name, _, value in [*self._globals, *self._cells]}

    @property
    def names(self) -> set[str]:
        """All names that these functions write, those of attributes among them."""
        return {name for code in self._read for inner in _codes(code) for name in inner.co_names}

    def changed(self) -> str | None:
        """The name of a variable that is something else by now; None where all are what they were."""
        try:
            if self._same():
                return None
        except (KeyError, ValueError):  # a variable is gone
            pass
        for name, cell, value in self._cells:
            now = _content(cell)
            if now is not value and not _same_number(now, value):
                return name
        for name, space, value in self._globals:
            now = space.get(name, _NOTHING)
            if now is not value and not _same_number(now, value):
                return name
        return None

    def _remember(self) -> None:
        """Write the question whether all variables are the same as code of its own, which asks it
        quickly."""
        asked = [f"c{place}.cell_contents is v{place}" for place in range(len(self._cells))]
        space: dict[str, Any] = {f"c{place}": cell for place, (_, cell, _) in enumerate(self._cells)}
        for place, (name, variables, _) in enumerate(self._globals, len(asked)):
            asked.append(f"g{place}[{name!r}] is v{place}")
            space[f"g{place}"] = variables
        space |= {f"v{place}": one[2] for place, one in enumerate([*self._cells, *self._globals])}
        self._same: Callable[[], bool] = eval(f"lambda: {' and '.join(asked) or 'True'}", space)

    def _look(self, function: Any) -> None:
        if not isinstance(function, FunctionType) or id(function) in self._seen:
            return
        if function.__globals__ is not self._space and not is_foreign(function.__code__.co_filename):
            return  # the library's own: what it reads does not change
        self._seen.add(id(function))
        code, found = function.__code__, []
        self._read.append(code)
        for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=True):
            self._cells.append((name, cell, _content(cell)))
            found.append(_content(cell))
        space = function.__globals__
        for name in sorted({name for inner in _codes(code) for name in inner.co_names}):
            if name in space:
                self._globals.append((name, space, space[name]))
                if getattr(space[name], "__globals__", None) is space:
                    found.append(space[name])
        for one in found:
            self._look(getattr(one, "__wrapped__", one))


_NOTHING = object()


def _content(cell: CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # a variable that has no value yet
        return _NOTHING


def _same_number(x: Any, y: Any) -> bool:
    return x.__class__ is y.__class__ and x.__class__ in (int, float, str) and bool(x == y)


def _codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for one in code.co_consts:
        if isinstance(one, CodeType):
            yield from _codes(one)
