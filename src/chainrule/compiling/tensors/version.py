"""A step of tensors traced for one kind of arguments, and compiled: its memory, and a call of it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from types import CodeType
from typing import Any

import numpy as np

from chainrule.autodiff.graph import overwrites
from chainrule.compiler.ir import Program
from chainrule.compiling.arguments import Given, each
from chainrule.compiling.pace import Progress, pieces
from chainrule.compiling.tensors.arguments import Leaf
from chainrule.compiling.tensors.bindings import Binding, Held, overlapping
from chainrule.compiling.tensors.outcome import Outcome
from chainrule.compiling.tensors.outputs import Bind, Outputs, Place
from chainrule.compiling.tensors.quick import Quick
from chainrule.compiling.tensors.tracer import Outer, TensorTracer, owner

#: The most bytes of random numbers that are drawn ahead of the steps of a loop.
_DRAWN_AHEAD = 1 << 24


class TensorVersion:
    """``found`` is what the step came to when ``tracer`` traced it, ``leaves`` are its arguments, and
    ``code`` is its own, which a change of memory is said to have been made by."""

    def __init__(
        self, tracer: TensorTracer, found: Outcome, leaves: Sequence[Leaf], given: Given, code: CodeType
    ) -> None:
        from chainrule.compiler.tensors.executable import Executable

        self._executable = executable = Executable(found.program, found.state)
        bind = {"arguments": executable.bind_argument, "state": executable.bind_state}
        bind["results"] = executable.bind_result
        self._places: dict[str, Place] = {
            name: (type, partial(bind[kind], place))
            for kind in bind
            for place, (name, type) in enumerate(getattr(executable.layout, kind))
        }
        #: Whether many steps can be taken in one native call: each leaves things as the next expects them.
        self.loops = found.stable and found.stackable
        self._code = code
        self._leaves = leaves
        self._values: list[Any] = list(given.numbers)
        self._simple = given.simple
        arrays = list(tracer.arrays.values())
        self._bindings = {id(one): Binding(one, *self._places[one.name]) for one in arrays}
        self._helds: dict[int, Held] = {}
        for outer in tracer.outers.values():
            self._hold(outer)
        self._fixed = {id(one.tensor) for one in self._helds.values() if one.of is None}
        self._arrays = [
            (one.place, self._bindings[id(one)])
            for one in arrays
            if one.place is not None and leaves[one.place].kind == "array"
        ]
        self._written = [self._bindings[id(one)] for one in found.written]
        self._entries_written = overwrites.entries([one.array for one in self._written])
        self._find_copied()
        for _, array, name in tracer.trace.arrays.values():
            self._places[name][1](np.ascontiguousarray(array))
        self._cells = [
            (place, self._cell(leaf.input)) for place, leaf in enumerate(leaves) if leaf.kind == "number"
        ]
        self._lives = [
            (one.owner, one.name, self._cell(one.input), bool(getattr(one.owner, one.name)))
            for one in tracer.lives.values()
        ]
        self._draws = [(draw, self._memory(draw.input)) for draw in tracer.noted.draws]
        helds = list(self._helds.values())
        self._given = {one.of: (one, place) for place, one in enumerate(helds) if one.of.__class__ is int}
        self._quick = Quick(leaves, dict(self._cells), self._lives, helds, self._swap)
        self._outputs = Outputs(found, self._places.__getitem__, self._bindings, self._helds)

    def _hold(self, outer: Outer) -> Held:
        found = self._helds.get(id(outer))
        if found is None:
            of = self._hold(outer.of) if isinstance(outer.of, Outer) else outer.of
            binding = None if outer.brought is None else self._bindings[id(outer.brought)]
            found = self._helds[id(outer)] = Held(outer, binding, of)
        return found

    def _memory(self, name: str) -> np.ndarray:
        """Memory of its own for an input."""
        type, bind = self._places[name]
        memory = np.zeros(type.shape, type.dtype)
        bind(memory)
        return memory

    def _cell(self, name: str) -> Any:
        """Memory for an input that is a number: a cell that takes it quickly."""
        return memoryview(self._memory(name).reshape(1))  # type: ignore[arg-type]  # arrays are buffers

    @property
    def program(self) -> Program:
        """What was compiled."""
        return self._executable.program

    def report(self) -> str:
        """What runs as what."""
        return self._executable.report()

    # --- whether it is right for a call

    def fits(self, given: Given) -> bool:
        """Whether it is right for these arguments, and for what the tensors around are now."""
        return all(map(self._fits, self._leaves, given.numbers)) and self._holds(given.numbers)

    def _fits(self, leaf: Leaf, given: Any) -> bool:
        if leaf.kind == "number":
            return leaf.dtype == ("int64" if isinstance(given, (int, np.integer)) else "float64")
        if leaf.kind == "tensor":
            return id(given) not in self._fixed
        if leaf.kind == "tied":
            return given is leaf.tensor
        array = given.array if isinstance(given, each) else given
        numbers = leaf.kind == "each" and array.ndim == 1 and not given.of_tensor
        return bool(array.dtype.name == leaf.dtype or (numbers and leaf.dtype == "float64"))

    def _holds(self, leaves: Sequence[Any]) -> bool:
        for holder, name, _, truth in self._lives:
            if bool(getattr(holder, name)) is not truth:
                return False
        for held in self._helds.values():
            if not held.found(leaves):
                return False
        return all(binding.takes(leaves[place]) for place, binding in self._arrays)

    def take(self, given: Given) -> bool:
        """The arguments of the next call, for which it fits. False where an array is written to that
        another looks into: no program can do what the step then does."""
        self._values = list(given.numbers)
        self._simple = -1  # nothing is as it was at the call before
        if not self._move():
            return False
        self._simple = given.simple
        self._find_alone()
        self._quick.remember(self._values)
        return True

    def takes(self, args: Sequence[Any]) -> bool:
        """Whether ``args`` are like the arguments of the latest call, and all else is as it was; they are
        taken."""
        return len(args) == self._simple and self._quick.check(args)

    def _swap(self, place: int, tensor: Any) -> bool:
        """Take another tensor as the argument at ``place``, where it is of the same kind, and alone."""
        if self._leaves[place].kind == "array":
            return self._swap_given(place, tensor)
        if place not in self._given:  # it is an earlier argument as well
            return False
        held, at = self._given[place]
        before, binding, array = held.tensor, held.binding, tensor._data
        if tensor.__class__ is not before.__class__ or id(tensor) in self._fixed or not self._alone[place]:
            return False
        if tensor._leaf is not held.leaf or (tensor._node is not None) is not held.made:
            return False
        for one in self._values:
            if one is tensor:
                return False
        if binding is not None and array is not binding.array and not self._swap_array(binding, array):
            return False
        held.tensor = self._values[place] = tensor
        self._quick.swapped(place, tensor, at, array)
        return True

    def _swap_given(self, place: int, array: Any) -> bool:
        """The same of an argument that is an array of numpy."""
        binding = next(binding for at, binding in self._arrays if at == place)
        if any(one is array for one in self._values) or not self._swap_array(binding, array):
            return False
        self._values[place] = array
        self._quick.given(place, array)
        return True

    def _swap_array(self, binding: Binding, array: Any) -> bool:
        """Bind another array of the same kind, where nothing that is written to shares its memory."""
        if array.__class__ is not np.ndarray or array.shape != binding.shape or binding.copy is not None:
            return False
        if array.dtype is not binding.dtype or not array.flags.carray:
            return False
        own = owner(array)
        for one in self._bindings.values() if binding.written else self._written:
            if (one.owner == own or not one.owner or not own) and one is not binding:
                return False
        binding.array, binding.owner = array, own
        binding.bind(array)
        if binding.written:
            self._entries_written = overwrites.entries([one.array for one in self._written])
        return True

    def _find_alone(self) -> None:
        """Which arguments are tensors that nothing else here is, nor holds the array of."""
        bindings = [id(held.binding) for held in self._helds.values()]
        values = [id(one) for one in self._values]
        self._alone = {
            place: values.count(id(held.tensor)) == 1
            and (held.binding is None or bindings.count(id(held.binding)) == 1)
            for place, (held, _) in self._given.items()
        }

    def _move(self) -> bool:
        """Bind the arrays of this call, as its tensors have them now."""
        moved = False
        for held in self._helds.values():
            binding = held.binding
            if binding is not None and binding.array is not held.tensor._data:
                binding.move(held.tensor._data)
                moved = True
        for place, binding in self._arrays:
            if binding.array is not self._values[place]:
                binding.move(self._values[place])
                moved = True
        for place, cell in self._cells:
            cell[0] = self._values[place]
        self._read_lives()
        if not moved:
            return True
        self._find_copied()
        self._entries_written = overwrites.entries([one.array for one in self._written])
        together = all(
            one.binding is None or one.binding.array is one.tensor._data for one in self._helds.values()
        )
        return together and not overlapping(list(self._bindings.values()))

    def _find_copied(self) -> None:
        self._copied = [one for one in self._bindings.values() if one.copy is not None]

    # --- calls

    def once(self) -> Any:
        """One call."""
        self._outputs.ready()
        for draw, memory in self._draws:
            draw.fill(memory)
        if self._copied:
            self._bring()
        self._executable.run(1)
        self._leave()
        return self._outputs.returned()

    def _bring(self) -> None:
        """What machine code does not read in place."""
        for one in self._copied:
            one.copy[...] = one.array  # type: ignore[index]  # _copied have both

    def _read_lives(self) -> None:
        """The numbers that objects hold now."""
        for holder, name, cell, _ in self._lives:
            cell[0] = getattr(holder, name)

    def _leave(self) -> None:
        for one in self._copied:
            if one.written:
                one.array[...] = one.copy  # type: ignore[index]  # _copied have both
        if self._entries_written:
            overwrites.again(self._entries_written, self._code)
        self._outputs.leave()

    def steps(self, first: int, steps: int, progress: Progress | None = None) -> Any:
        """So many calls from the step ``first`` of a loop on, the results of all along the first axis."""
        entries = self._entries()
        drawn = sum(draw.bytes for draw, _ in self._draws)
        most = max(1, _DRAWN_AHEAD // drawn) if drawn else max(1, steps)
        stacks = self._outputs.stack(steps)
        self._outputs.ready()
        try:
            for start, count in pieces(first, steps, [len(one) for one, _ in entries], most, progress):
                self._bind_entries(entries, start, count)
                stacks.bind(start - first, count)
                self._draw(count)
                self._read_lives()
                self._bring()
                self._executable.run(count)
                self._leave()
        finally:
            self._outputs.unstack()
            for draw, memory in self._draws:
                self._places[draw.input][1](memory)
        return self._outputs.of_steps(stacks)

    def step(self, place: int) -> Any:
        """One step of a loop."""
        self._bind_entries(self._entries(), place, 1)
        return self.once()

    def _entries(self) -> list[tuple[np.ndarray, Bind]]:
        """What each step takes its own entry of, and what binds it."""
        return [
            (one.array.astype(leaf.dtype, copy=False), self._places[leaf.input][1])
            for leaf, one in zip(self._leaves, self._values, strict=True)
            if leaf.kind == "each"
        ]

    def _bind_entries(self, entries: list[tuple[np.ndarray, Bind]], start: int, count: int) -> None:
        for array, bind in entries:
            first = start % len(array)
            piece = array[first : first + count]
            bind(piece, len(piece))

    def _draw(self, count: int) -> None:
        """Draw the random numbers of so many steps, in the order in which they would ask for them."""
        drawn = [(draw, np.empty((count, *draw.shape), draw.dtype)) for draw, _ in self._draws]
        for step in range(count):
            for draw, array in drawn:
                draw.fill(array[step, ...])
        for draw, array in drawn:
            self._places[draw.input][1](array, count)
