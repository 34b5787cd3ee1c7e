"""A function traced for one kind of arguments, and compiled: the program, its memory, and a call of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from chainrule.arrays.traced import Traced
from chainrule.compiler.ir import Program, Type
from chainrule.compiler.scalars.executable import Executable
from chainrule.compiling.arguments import Given, each
from chainrule.compiling.pace import Progress, pieces
from chainrule.compiling.residence import Number, residence
from chainrule.compiling.results import Part, mapped
from chainrule.compiling.values import Tracer
from chainrule.value import Value


class Version:
    """``outputs`` are what the function returns, in the form of ``form``; ``changes`` are what it leaves in
    values, by the names of the inputs that they were. ``values`` are those among the arguments: at each
    call others take their place."""

    #: Whether many steps can be taken in one native call.
    loops = True

    def __init__(
        self,
        tracer: Tracer,
        form: Any,
        outputs: dict[str, Traced],
        changes: dict[str, Traced],
        values: Sequence[Value],
    ) -> None:
        carried = {name: f"{name}'" for name in changes}
        becomes = {carried[name]: number for name, number in changes.items()}
        traced = tracer.trace.program(outputs | becomes, carried)
        self._executable = executable = Executable(traced, list(tracer.state))
        layout = executable.layout
        self._state = [tracer.state[name] for name in layout.state]
        self._argument_of = {id(value): place for place, value in enumerate(values)}
        self._values = list(values)
        self._tied = [(place, value) for place, value in enumerate(values) if id(value) in tracer.tied]
        self._around = tracer.tied | {id(value) for value, _ in self._state} - self._argument_of.keys()
        self._residence = residence(executable, self._state, layout.carried)
        self._form = form
        self._parts = layout.parts()
        self._alone = isinstance(form, Part) and self._parts[form.name][2] == Type("float64")
        self._simple = -1
        self._numbers = np.zeros(len(layout.arguments))
        self._cells: Any = memoryview(self._numbers)  # type: ignore[arg-type]  # numpy's arrays are buffers
        self._bound: list[Any] = [None] * len(layout.arguments)
        for place in range(len(layout.arguments)):
            self._bind(place, 0.0)
        brought = {name: array for _, array, name in tracer.arrays.values()}
        self._brought = [
            (place, brought[name]) for place, name in enumerate(layout.arguments) if name in brought
        ]
        self._refresh()

    @property
    def program(self) -> Program:
        """What was compiled."""
        return self._executable.program

    def report(self) -> str:
        """What runs as what."""
        return f"{self.program.name}: all {len(self.program)} instructions in one loop over the lanes"

    def fits(self, given: Given) -> bool:
        """Whether it is right for these arguments: those that the function also reads from around it must
        be the same values, and the others must not be read from around it."""
        same = all(given.values[place] is value for place, value in self._tied)
        return same and len(self._tied) == sum(id(value) in self._around for value in given.values)

    def takes(self, args: Sequence[Any]) -> bool:
        """Whether ``args`` are the arguments of the latest call but for their numbers: the same arrays, and
        numbers where there were numbers. They are then taken, without being looked at any further."""
        if len(args) != self._simple:
            return False
        bound, cells = self._bound, self._cells
        for place, one in enumerate(args):
            if one.__class__ is float and bound[place] is None:
                cells[place] = one
            elif one is not bound[place]:
                return False
        if self._brought:
            self._refresh()
        return True

    def _refresh(self) -> None:
        """Look again at the arrays that the function brings along, where they have to be copied."""
        for place, array in self._brought:
            if array is not self._bound[place]:
                self._bind(place, array)

    def once(self) -> Any:
        """One call: floats, and arrays that are the caller's own."""
        residence, executable = self._residence, self._executable
        if residence.copies:
            residence.before()
        executable.run_once()
        if residence.copies:
            residence.after()
        row = executable.outputs
        if self._alone:
            return row.item(0)
        return mapped(self._form, lambda leaf: self._result(leaf, row))

    def steps(self, first: int, steps: int, progress: Progress | None = None) -> Any:
        """So many calls from the step ``first`` of a loop on, the results of all along the first axis."""
        cycles = {place: one for place, one in enumerate(self._bound) if one.__class__ is each}
        rows = np.empty((steps, len(self._executable.outputs)))
        lengths = [len(one) for one in cycles.values()]
        self._residence.before()
        try:
            for start, count in pieces(first, steps, lengths, max(steps, 1), progress):
                for place, one in cycles.items():
                    self._bind_from(place, one, start)
                rows[start - first : start - first + count] = self._executable.run(count)
        finally:
            self._residence.after()
            for place, one in cycles.items():
                self._bind(place, one)
        return mapped(self._form, lambda leaf: self._result(leaf, rows))

    def step(self, place: int) -> Any:
        """One step of a loop."""
        return mapped(
            self.steps(place, 1), lambda found: found[0] if isinstance(found, np.ndarray) else found
        )

    def _bind_from(self, place: int, given: each, start: int) -> None:
        """The same argument as it is ``start`` steps later, at most to the end of its entries."""
        _, size, count = self._executable.arguments[place].tolist()
        entry = start % len(given)
        first = given.entries.ctypes.data
        self._executable.arguments[place] = (
            first + entry * size,
            size,
            len(given) - entry if size else count,
        )

    def _result(self, leaf: Any, rows: np.ndarray) -> Any:
        if leaf.__class__ is not Part:
            return leaf
        start, stop, type = self._parts[leaf.name]
        found = rows[..., start:stop].reshape(rows.shape[:-1] + type.shape)
        if type.dtype == "bool":
            return found != 0 if found.ndim else bool(found)
        return found.copy() if found.ndim else float(found)

    # --- arguments

    def take(self, given: Given) -> bool:
        """The arguments of the next call. True: there is nothing among them that it cannot take."""
        self._simple = given.simple
        self._refresh()
        cells, bound = self._cells, self._bound
        for place, number in enumerate(given.numbers):
            kind = number.__class__
            if kind is float or kind is int:
                if bound[place] is not None:
                    self._bind(place, number)
                cells[place] = number
            elif number is not bound[place]:
                self._bind(place, number)
        if given.values and not all(map(_same, given.values, self._values)):
            self._values = list(given.values)
            numbers: list[Number] = []
            for value, part in self._state:
                argument = self._argument_of.get(id(value))
                numbers.append((value if argument is None else self._values[argument], part))
            self._residence.move(numbers)
        return True

    def _bind(self, place: int, given: Any) -> None:
        """The address of an argument: of an array as it is where that is possible, so that it is not looked
        at again as long as it is the same array; else of a copy, made at each call."""
        count, keep = 1, given
        if isinstance(given, each):
            array, count = given.entries, len(given)
        elif isinstance(given, np.ndarray):
            array = np.ascontiguousarray(given, np.float64)
            if array is not given:
                keep = _Copy(array)
        else:
            self._numbers[place] = given
            array, keep = self._numbers[place : place + 1], None
        self._bound[place] = keep
        size = array.nbytes // count if count > 1 else 0
        address = array.ctypes.data if array.size else self._numbers.ctypes.data
        self._executable.arguments[place] = (address, size, count)


class _Copy:
    """Holds the copy of an array that machine code could not read in place."""

    __slots__ = ("array",)

    def __init__(self, array: np.ndarray) -> None:
        self.array = array


def _same(x: Any, y: Any) -> bool:
    return x is y
