"""A compiled tensor program with its memory: what is called, again and again.

>>> from chainrule.compiler.ir import Builder, Type
>>> builder = Builder("scaled")
>>> x, w = builder.input("x", Type("float32", (2, 2))), builder.input("w", Type("float32"))
>>> wide = builder.add("broadcast_to", (w,), shape=(2, 2))
>>> executable = Executable(builder.program({"y": builder.add("mul", (wide, x))}))
>>> y = np.zeros((2, 2), np.float32)
>>> executable.bind_argument(0, np.array([[1, 2], [3, 4]], np.float32))
>>> executable.bind_argument(1, np.array(10, np.float32))
>>> executable.bind_result(0, y)
>>> executable.run()
>>> y.tolist()
[[10.0, 20.0], [30.0, 40.0]]
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np

from chainrule import errors
from chainrule.compiler import blas, cores, members, run
from chainrule.compiler.fingerprint import fingerprint
from chainrule.compiler.interpreter import evaluate
from chainrule.compiler.ir import Program, Type
from chainrule.compiler.passes import optimised
from chainrule.compiler.team import Team
from chainrule.compiler.tensors import emit
from chainrule.compiler.tensors.layout import Callback, Layout
from chainrule.compiler.tensors.lowering import Lowered
from chainrule.compiler.tensors.plan import ARENA, CALLBACK, DGEMM, FAILURE, FIRST_ARRAY, SGEMM, plan
from chainrule.compiler.tensors.report import report

_ALIGNMENT = 64
_CALLED = ctypes.CFUNCTYPE(None, ctypes.c_int64, ctypes.c_void_p)


class Executable:
    """``program``, simplified, as machine code. ``state`` names the inputs that stay from call to call;
    what the program carries on into them is written there. The others are arguments.

    All that is bound is contiguous and of the type that :attr:`layout` says, stays alive as long as it is
    bound, and what is written must not overlap anything else. One call at a time: the memory that the code
    works in belongs to the executable. Raises CompileError for a program that cannot be compiled.
    """

    def __init__(self, program: Program, state: Sequence[str] = ()) -> None:
        self._program = program
        width = 8 * run.lanes()
        parts = min(cores.usable(), members.LARGEST)
        products = blas.find()
        doubles, floats = run.lanes(), run.lanes("float")
        vectorised = {
            ("float64", doubles): run.vectorised(doubles),
            ("float32", floats): run.vectorised(floats, "float"),
        }

        def build() -> tuple[str, str]:
            found = plan(Lowered(self.program), state, parts)
            module = emit.module(found, width, vectorised, products)
            return Layout.of(found, module.launches, module.callbacks).to_json(), module.text

        integers = products.integer if products else "no products"
        functions = [f"{kind}{sorted(names)}" for kind, names in vectorised.items()]
        marks = ["tensors", *state, str(width), str(parts), integers, *functions]
        note, self._library = run.load_noted([fingerprint(program), *marks], build)
        self.layout = layout = Layout.from_json(note)
        self._step = self._library.address("step")
        self._team = Team.of(parts if layout.shared else 1)
        self._failure = (ctypes.c_int64 * 3)()
        self._raised: list[BaseException] = []
        self._arena = _aligned(layout.arena)
        self._math = run.math_table(doubles, floats)
        self._callback = _CALLED(self._called)
        self._tables = (ctypes.c_int64 * (members.LARGEST * layout.slots))()
        self._common = (ctypes.c_int64 * FIRST_ARRAY)()
        self._common[ARENA] = self._arena.ctypes.data
        self._common[FAILURE] = ctypes.addressof(self._failure)
        self._common[CALLBACK] = ctypes.cast(self._callback, ctypes.c_void_p).value or 0
        if products is not None:
            self._common[SGEMM], self._common[DGEMM] = products.sgemm, products.dgemm
        count = layout.slots - FIRST_ARRAY
        self._arrays = (ctypes.c_int64 * (3 * count))(*[0, 0, 1] * count)
        self._held: list[Any] = [None] * count
        self._first_state = len(layout.arguments)
        self._first_result = self._first_state + len(layout.state)
        self._frame = (ctypes.c_int64 * 5)()
        self._frame[emit.STEPS] = 1
        self._frame[emit.TABLES] = ctypes.addressof(self._tables)
        self._frame[emit.COMMON] = ctypes.addressof(self._common)
        self._frame[emit.MATH] = ctypes.addressof(self._math)
        self._frame[emit.ARRAYS] = ctypes.addressof(self._arrays)
        self._frame_address = ctypes.addressof(self._frame)

    @cached_property
    def program(self) -> Program:
        """What the code was made of: the program after all passes."""
        return optimised(self._program)

    def bind_argument(self, place: int, array: np.ndarray, entries: int = 1) -> None:
        """The numbers of an argument: with several ``entries``, step s takes entry s % ``entries``."""
        self._bind(place, array, array.nbytes // entries if entries > 1 else 0, entries)

    def bind_state(self, place: int, array: np.ndarray) -> None:
        """The memory of an input that stays."""
        self._bind(self._first_state + place, array, 0, 1)

    def bind_result(self, place: int, array: np.ndarray) -> None:
        """The memory for a result: of one step, or of as many as will be run, along the first axis."""
        type = self.layout.results[place][1]
        size = type.size * array.itemsize
        self._bind(self._first_result + place, array, size, max(array.size // max(type.size, 1), 1))

    def _bind(self, entry: int, array: np.ndarray, size: int, count: int) -> None:
        self._held[entry] = array
        self._arrays[3 * entry : 3 * entry + 3] = [address_of(array), size, count]

    def run(self, steps: int = 1) -> None:
        """Take ``steps`` steps.

        Raises IndexOutOfRangeError, before anything of that step is written, where an index is outside of
        the axis that it picks from.
        """
        self._frame[emit.STEPS] = steps
        self._team.run(self._step, self._frame_address)
        if self._failure[0]:
            _, index, length = self._failure
            self._failure[0] = 0
            raise errors.picked_outside(self._program.name, index, length)
        if self._raised:
            raise self._raised.pop()

    def report(self) -> str:
        """What runs as what: kernels, products, and what falls back to numpy."""
        return report(self._program.name, self.layout)

    # --- operations that numpy computes

    def _called(self, number: int, table: int) -> None:
        one = self.layout.callbacks[number]
        try:
            _computed(one, table)
        except BaseException as error:  # it cannot pass through machine code
            self._raised.append(error)


def _computed(one: Callback, table: int) -> None:
    operands = [_array(table, *where) for where in one.operands]
    result = _array(table, *one.result)
    with np.errstate(all="ignore"):
        result[...] = evaluate(one.operation, operands, one.attributes, one.result[2])


def _array(table: int, slot: int, offset: int, type: Type) -> np.ndarray:
    """The array that an entry of the table of addresses points to."""
    start = ctypes.c_int64.from_address(table + 8 * slot).value + offset
    dtype = np.dtype(type.dtype)
    memory: Any = (ctypes.c_char * (type.size * dtype.itemsize)).from_address(start)
    return np.frombuffer(memory, dtype, type.size).reshape(type.shape)


#: Where CPython's numpy keeps, in an array object, the address of the numbers: after the object's head.
_DATA = 2 * ctypes.sizeof(ctypes.c_size_t)


def address_of(array: np.ndarray) -> int:
    """Where the numbers of an array are: as ``array.ctypes.data``, which takes ten times as long."""
    if _DATA_IS_THERE:
        return ctypes.c_size_t.from_address(id(array) + _DATA).value
    return array.ctypes.data


def _data_is_there() -> bool:
    if sys.implementation.name != "cpython":
        return False
    tried: list[np.ndarray] = [np.zeros(3), np.zeros((4, 5), np.float32)[2:, 1:], np.zeros((), np.int64)]
    found = [ctypes.c_size_t.from_address(id(one) + _DATA).value for one in tried]
    return found == [one.ctypes.data for one in tried]


_DATA_IS_THERE = _data_is_there()


def _aligned(count: int) -> Any:
    """Memory for ``count`` bytes that starts on a vector's boundary."""
    memory = np.empty(count + _ALIGNMENT, np.uint8)
    start = -memory.ctypes.data % _ALIGNMENT
    return memory[start : start + count]
