"""A compiled program with its memory: what is called, again and again.

>>> from chainrule.compiler.ir import Builder, Type
>>> builder = Builder("scaled")
>>> x, w = builder.input("x", Type("float64", (3,))), builder.input("w", Type("float64"))
>>> total = builder.add("sum", (x,), axis=(0,))
>>> executable = Executable(builder.program({"y": builder.add("mul", (w, total))}))
>>> executable(x=np.array([1.0, 2.0, 3.0]), w=np.array(10.0))
{'y': array(60.)}
"""

from __future__ import annotations

import ctypes
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from chainrule.compiler import run
from chainrule.compiler.fingerprint import fingerprint
from chainrule.compiler.ir import Program
from chainrule.compiler.passes import optimised
from chainrule.compiler.scalars import emit
from chainrule.compiler.scalars import schedule as scheduling
from chainrule.compiler.scalars.layout import Layout

#: One vector of the widest kind, in bytes: what memory that vectors are kept in is aligned to.
_ALIGNMENT = 64


class Executable:
    """``program``, simplified, as machine code. ``state`` names the inputs that live at addresses of their
    own, from one call to the next (:meth:`bind`); the others are arguments of each call.

    One call at a time: the memory that the code works in belongs to the executable. Raises CompileError for
    a program that there are no loops for.
    """

    def __init__(self, program: Program, state: Sequence[str] = ()) -> None:
        width = run.lanes()
        self._program = program
        vectorised = run.vectorised(width)

        def build() -> tuple[str, str]:
            found = scheduling.schedule(self.program, width, state)
            return Layout.of(found).to_json(), emit.module(found, vectorised)

        parts = [fingerprint(program), *state, str(width), str(scheduling.BLOCK), *sorted(vectorised)]
        note, self._library = run.load_noted(parts, build)
        self.layout = layout = Layout.from_json(note)
        self._run = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(self._library.address("run"))
        self._frame = np.zeros(len(emit.FRAME), np.int64)
        self._frame_address = self._frame.ctypes.data
        self._places = {name: place for place, name in enumerate(emit.FRAME)}
        self._held: dict[str, Any] = {}
        for name in ("cells", "sums", "lanes", "arena"):
            self._hold(name, _aligned(getattr(layout, name)))
        self._hold("inputs", np.zeros(len(layout.arguments), np.int64))
        self.arguments = np.zeros((len(layout.arguments), 3), np.int64)
        self._hold("arguments", self.arguments)
        self._held["math"] = run.math_table(width)
        self._set("math", ctypes.addressof(self._held["math"]))
        self.outputs = np.zeros(layout.result_size)
        self._set("outputs", self.outputs.ctypes.data)
        self._set("steps", 1)

    @cached_property
    def program(self) -> Program:
        """What the code was made of: the program after all passes."""
        return optimised(self._program)

    def bind(self, addresses: Sequence[int], words: Mapping[int, int] | None = None) -> None:
        """Where each number of ``layout.state`` lives. ``words`` are addresses of 32-bit words, each with
        a mask that it is and-ed with after each call. Who owns that memory keeps it alive."""
        words = words or {}
        self._hold("state", np.array(addresses, np.int64))
        self._hold("words", np.array(list(words), np.int64))
        self._hold("masks", np.array(list(words.values()), np.int64))
        self._set("word_count", len(words))

    def run_once(self) -> None:
        """Take one step with the ``arguments`` as they are set: for each its address, the bytes from one
        step's entry to the next, and the number of entries. The numbers of all results are then in
        ``outputs``, until the next call."""
        self._run(self._frame_address)

    def run(self, steps: int) -> np.ndarray:
        """Take ``steps`` steps; the numbers of all results, (steps, numbers)."""
        outputs = np.empty((steps, len(self.outputs)))
        self._set("steps", steps)
        self._set("outputs", outputs.ctypes.data)
        try:
            self._run(self._frame_address)
        finally:
            self._set("steps", 1)
            self._set("outputs", self.outputs.ctypes.data)
        return outputs

    def __call__(self, **inputs: np.ndarray) -> dict[str, np.ndarray]:
        """One step on these inputs, for a program without state."""
        held = []
        for position, name in enumerate(self.layout.arguments):
            array = np.ascontiguousarray(inputs[name], np.float64)
            held.append(array if array.size else np.zeros(1))
            self.arguments[position] = (held[-1].ctypes.data, 0, 1)
        self.run_once()
        row = self.outputs
        found = {}
        for name, (start, stop, type) in self.layout.parts().items():
            found[name] = row[start:stop].reshape(type.shape).astype(type.dtype)
        return found

    def _set(self, name: str, value: int) -> None:
        self._frame[self._places[name]] = value

    def _hold(self, name: str, memory: Any) -> None:
        self._held[name] = memory
        self._set(name, memory.ctypes.data)


def _aligned(count: int) -> Any:
    """Memory for ``count`` doubles, zero, that starts on a vector's boundary."""
    memory = np.zeros(count + _ALIGNMENT // 8)
    start = -memory.ctypes.data % _ALIGNMENT // 8
    return memory[start : start + count]
