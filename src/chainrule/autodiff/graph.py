"""The graph: what each operation leaves behind, so that the way back can be found and explained.

A :class:`Node` knows its row, its parents in order, the arrays that its pullbacks read, and where in the
user's program it came from. It never knows its children, so nothing here makes a reference cycle, and
memory returns as soon as the last tensor is dropped.
"""

from __future__ import annotations

import sys
import threading
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from types import CodeType
from typing import Any, Protocol

from chainrule.origin import FOREIGN, line, outside
from chainrule.primitives.row import Row, Rule

#: One clock orders operations and in-place changes: a parent is always older than its children, and a
#: saved array was overwritten if it changed after the node that saved it was made.
tick = count(1).__next__

#: Arrays of up to so many numbers stay on their node even when no rule needs them: they cost next to
#: nothing, and an explanation can then show them, before or after ``backward()``.
SMALL = 64


class Leaf(Protocol):
    """What the sweep asks of a leaf: a tensor that the user made, and wants the gradient of."""

    @property
    def shape(self) -> tuple[int, ...]: ...
    @property
    def dtype(self) -> Any: ...


class Plan:
    """What all operations of one row have in common, given which inputs a gradient flows back to.

    ``pull(xp, g, saved, attrs)`` is the way back, ``needed`` says which of (result, *inputs) it reads,
    and ``large`` that arrays of more than :data:`SMALL` numbers are saved for it, to be let go of on the
    way back.
    """

    __slots__ = ("large", "needed", "pull", "row", "wanted")

    row: Row
    wanted: tuple[bool, ...]
    needed: tuple[bool, ...]
    pull: Rule
    large: bool

    def __init__(self, row: Row, wanted: tuple[bool, ...], *, large: bool = False) -> None:
        self.row = row
        self.wanted = wanted
        self.large = large

    def __getattr__(self, name: str) -> Any:
        # The other slots are filled when they are first asked for: there are hundreds of plans, a program
        # uses a few, and each takes a compilation.
        if name == "needed":
            self.needed = self.row.needed(self.wanted)
        elif name == "pull":
            self.pull = self.row.pull(self.wanted)
        else:
            raise AttributeError(name)
        return getattr(self, name)


class Node:
    """One operation that ran.

    ``parents[i]`` is the node of input i, or the leaf itself, or None where nothing flows back.
    ``saved`` is (result, *inputs), as raw arrays or plain numbers; None (or :class:`Absent`, where a
    pullback asks for a shape) where an array was neither needed nor small.
    """

    __slots__ = (
        "__weakref__",
        "aligned",
        "attrs",
        "code",
        "dtype",
        "freed",
        "instruction",
        "parents",
        "plan",
        "saved",
        "shape",
        "time",
        "watchers",
    )

    plan: Plan
    parents: tuple[Any, ...]
    attrs: dict[str, Any]
    saved: tuple[Any, ...]
    shape: tuple[int, ...]
    dtype: Any
    time: int
    code: CodeType
    instruction: int
    aligned: bool  # whether all cotangents sent back have its own dtype, and their parent's shape
    freed: bool
    watchers: list[weakref.ref[Any]] | None

    @property
    def row(self) -> Row:
        return self.plan.row

    def name(self) -> str:
        """PyTorch's name of this node, ``MulBackward0``."""
        return self.row.grad_fn

    @property
    def next_functions(self) -> tuple[tuple[Any, int], ...]:
        """The parents, as PyTorch lists them."""
        return tuple((parent, 0) for parent in self.parents)

    def __repr__(self) -> str:
        return f"<{self.row.grad_fn} at {place(self)}>"


class Absent:
    """Stands for an array that was not kept: its shape and dtype, and who owned its memory."""

    __slots__ = ("dtype", "owner", "shape")

    def __init__(self, array: Any, *, watch: bool = False) -> None:
        self.shape: tuple[int, ...] = array.shape
        self.dtype = array.dtype
        self.owner = weakref.ref(owning(array)) if watch else None

    def __repr__(self) -> str:
        return f"<{self.dtype} array of shape {self.shape}, not kept>"


# --- where in the user's program ---------------------------------------------------------------------


def place(node: Node | _Overwrite) -> str:
    """``file:line`` in the user's program of an operation, or of an in-place change."""
    return f"{node.code.co_filename}:{line(node.code, node.instruction)}"


# --- listening ----------------------------------------------------------------------------------------

#: Called by every ``backward()`` with its result and cotangent, before anything is changed.
recorders: list[Callable[[Any, Any], None]] = []


# --- grad mode ---------------------------------------------------------------------------------------


class _Mode(threading.local):
    enabled: bool = True


mode = _Mode()


@contextmanager
def grad_mode(enabled: bool) -> Iterator[None]:
    before = mode.enabled
    mode.enabled = enabled
    try:
        yield
    finally:
        mode.enabled = before


# --- in-place changes --------------------------------------------------------------------------------


class Overwrites:
    """Which memory was changed in place, when, and where in the user's program.

    Keyed by the array that owns the memory, so that a change through one view is seen through all.
    ``recorded`` tells a change that the graph records (``y *= 2``) from one that it must not see (an
    update under ``no_grad``): a view taken before the first kind is stale, the second is its purpose.
    """

    def __init__(self) -> None:
        self.latest = 0  # when memory was last changed in place,
        self.recorded = 0  # and when in a way that the graph records
        self._seen: dict[int, _Overwrite] = {}

    def add(self, array: Any, *, recorded: bool, depth: int = 2) -> None:
        """``array`` was changed by what stands ``depth`` calls up, or more, and is not chainrule's own."""
        owner = array if array.base is None else owning(array)
        entry = self._seen.get(id(owner))
        if entry is None:
            entry = self._enter(owner)
        self.latest = entry.time = tick()
        if recorded:
            self.recorded = entry.time
            entry.recorded.append(entry.time)
        frame = sys._getframe(depth)
        if frame.f_code.co_filename not in FOREIGN:
            frame = outside(frame)
        entry.code = frame.f_code
        entry.instruction = frame.f_lasti

    def entries(self, arrays: Sequence[Any]) -> list[_Overwrite]:
        """What is known of the memory of ``arrays``, for :meth:`again`."""
        owners = [owning(array) for array in arrays]
        return [self._seen.get(id(owner)) or self._enter(owner) for owner in owners]

    def again(self, entries: Sequence[_Overwrite], code: CodeType) -> None:
        """All of that memory was changed, by ``code``, unseen by the graph."""
        time = self.latest = tick()
        for entry in entries:
            entry.time, entry.code, entry.instruction = time, code, 0

    def _enter(self, owner: Any) -> _Overwrite:
        """A new entry, that is forgotten with the memory."""
        seen, key = self._seen, id(owner)
        entry = seen[key] = _Overwrite(weakref.ref(owner, lambda _: seen.pop(key, None)))
        return entry

    def since(self, array: Any, time: int) -> str | None:
        """Where ``array`` was overwritten after ``time``, as ``file:line``; None if it was not."""
        entry = self._entry(array)
        return None if entry is None or entry.time <= time else place(entry)

    def recorded_between(self, array: Any, time: int, until: int) -> str | None:
        """The same, for changes that the graph records, before ``until``."""
        entry = self._entry(array)
        if entry is None or not any(time < change < until for change in entry.recorded):
            return None
        return place(entry)

    def _entry(self, array: Any) -> _Overwrite | None:
        if not self._seen:
            return None
        owner = array.owner() if isinstance(array, Absent) and array.owner else owning(array)
        return self._seen.get(id(owner))


class _Overwrite:
    """The changes of one piece of memory: the last one, and when the graph recorded one."""

    __slots__ = ("code", "instruction", "owner", "recorded", "time")

    code: CodeType
    instruction: int
    time: int

    def __init__(self, owner: weakref.ref[Any]) -> None:
        self.owner = owner  # kept for its callback, which forgets this entry with the memory
        self.recorded: list[int] = []


def owning(array: Any) -> Any:
    """The array that owns the memory that ``array`` looks into."""
    while (base := getattr(array, "base", None)) is not None and hasattr(base, "dtype"):
        array = base
    return array


overwrites = Overwrites()
