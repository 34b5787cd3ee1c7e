"""Where the numbers of values live between the calls of compiled code.

Machine code reads and writes the numbers of native values in place. Those of plain Python values are copied
into an array before each call, and back after it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from chainrule.autodiff import tape
from chainrule.compiler.scalars.executable import Executable
from chainrule.value import Value, native

#: A value, and which of its two numbers: "" for `data`, ".grad" for `grad`.
Number = tuple[Value, str]


class InPlace:
    """The state of an executable in native values: ``numbers`` in the order of its schedule, of which the
    first ``changed`` are written to."""

    copies = False

    def __init__(self, executable: Executable, numbers: Sequence[Number], changed: int) -> None:
        self._executable = executable
        self._changed = changed
        self.move(numbers)

    def move(self, numbers: Sequence[Number]) -> None:
        """From now on the state is ``numbers``."""
        self._numbers = numbers  # held, since the code only knows where they are
        places = [tape.DATA if not part else tape.GRAD for _, part in numbers]
        addresses = [id(value) + place for (value, _), place in zip(numbers, places, strict=True)]
        marks: dict[int, int] = {}  # a number that was an integer no longer is, once it was written to
        for value, part in numbers[: self._changed]:
            word = id(value) + tape.MARKS
            marks[word] = marks.get(word, -1) & ~(tape.GRAD_IS_INTEGER if part else tape.DATA_IS_INTEGER)
        self._executable.bind(addresses, marks)

    def before(self) -> None:
        """Nothing has to be brought in."""

    def after(self) -> None:
        """Nothing has to be taken back."""


class Copied:
    """The same in plain Python values."""

    copies = True

    def __init__(self, executable: Executable, numbers: Sequence[Number], changed: int) -> None:
        self._changed = changed
        self._array = np.zeros(len(numbers))
        start = self._array.ctypes.data
        executable.bind([start + 8 * place for place in range(len(numbers))])
        self.move(numbers)

    def move(self, numbers: Sequence[Number]) -> None:
        """From now on the state is ``numbers``."""
        self._numbers = numbers

    def before(self) -> None:
        """Bring the numbers in."""
        self._array[:] = [value.data if not part else value.grad for value, part in self._numbers]

    def after(self) -> None:
        """Take those that changed back."""
        found = self._array[: self._changed].tolist()
        for (value, part), number in zip(self._numbers[: self._changed], found, strict=True):
            if part:
                value.grad = number
            else:
                value.data = number


Residence = InPlace | Copied


def residence(executable: Executable, numbers: Sequence[Number], changed: int) -> Residence:
    """The one that these values call for."""
    return (InPlace if native() else Copied)(executable, numbers, changed)
