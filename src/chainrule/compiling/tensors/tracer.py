"""What one tracing of a step knows of the tensors that it meets.

A tensor that the step makes holds a traced array in its own slots. One that was there before stays as it
is: what the step reads of it becomes an input of the program, and what the step leaves in it is kept in a
table here, until a call of the compiled step has succeeded.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from chainrule import errors
from chainrule.arrays.memory import Memory, Number
from chainrule.arrays.tracing.trace import Trace
from chainrule.autodiff.graph import mode, place
from chainrule.compiler.types import DTYPES
from chainrule.compiling.kinds import AnyTracer
from chainrule.compiling.tensors.draws import Noted
from chainrule.explain.names import Names
from chainrule.tensor import Tensor

#: How a tensor gives and takes what it really holds, also while `Tensor` is exchanged.
DATA, GRAD, NODE, LEAF = (Tensor.__dict__[name] for name in ("_data", "_grad", "_node", "_leaf"))

#: What a table holds of a tensor that was not asked for it.
UNASKED: Any = object()


class Brought:
    """An array of numpy that the step reads or writes, and the memory that stands for it. ``place`` is
    that of the argument that it came with; None for what the step reads from around it."""

    __slots__ = ("array", "memory", "name", "place")

    def __init__(self, array: np.ndarray, memory: Memory, name: str) -> None:
        self.array = array
        self.memory = memory
        self.name = name
        self.place: int | None = None

    @property
    def written(self) -> bool:
        return self.memory.version > 0


class Outer:
    """A tensor that was there before: what the step asked of it, and what it leaves in it.

    ``of`` says how to find it at another call: the place of an argument, the tensor of which it is the
    gradient, or None where it is always the same one.
    """

    __slots__ = ("brought", "data", "grad", "had_grad", "leaf", "node", "of", "tensor")

    def __init__(self, tensor: Tensor, of: int | Outer | None) -> None:
        self.tensor = tensor
        self.of = of
        self.brought: Brought | None = None
        self.data: Memory = UNASKED
        self.grad: Tensor | None = UNASKED
        self.had_grad: bool | None = (
            None  # whether it had one when the step asked first; None: it did not ask
        )
        self.node: Any = UNASKED
        self.leaf: bool = UNASKED

    @property
    def rebound(self) -> bool:
        """Whether the step gave it another array."""
        if self.data is UNASKED:
            return False
        return self.brought is None or self.data is not self.brought.memory


class Live:
    """A number that an object holds, and that may change from call to call."""

    __slots__ = ("input", "name", "number", "owner")

    def __init__(self, owner: object, name: str, input: str, number: Number) -> None:
        self.owner = owner
        self.name = name
        self.input = input
        self.number = number


class TensorTracer(AnyTracer):
    """``known`` are the identities of the tensors that the step can come to without its arguments."""

    of_tensors = True

    def __init__(self, name: str, names: Names, known: Iterable[int] = ()) -> None:
        self.trace = Trace(name, Memory)
        self.noted = Noted(self.trace)
        self.outers: dict[int, Outer] = {}
        self.arrays: dict[int, Brought] = {}
        self.lives: dict[tuple[int, str], Live] = {}
        self.known = frozenset(known)
        self._names = names
        self._taken: set[str] = set()

    # --- inputs

    def _name(self, wanted: str) -> str:
        name = wanted
        while name in self._taken:
            name += "_"
        self._taken.add(name)
        return name

    def number_given(self, name: str, number: float) -> Any:
        """An argument that is a Python number."""
        dtype = "int64" if isinstance(number, (int, np.integer)) else "float64"
        found: Any = self.trace.input(self._name(name), (), dtype)
        found.weak = True
        return found

    def array_given(self, name: str, array: np.ndarray, place: int) -> Memory:
        """An argument that is an array of numpy."""
        brought = self.bring(array, name)
        brought.place = place
        return brought.memory

    def entry_given(self, name: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Any:
        """One entry of an argument that is another one at each step of a loop."""
        return self.trace.input(self._name(name), shape, checked(dtype))

    def input_name(self, input: Memory) -> str:
        """What an input is called in the program."""
        name: str = self.trace.builder.instructions[input.place].attributes["name"]
        return name

    def tensor_given(self, name: str, tensor: Tensor, place: int) -> None:
        """An argument that is a tensor."""
        if id(tensor) not in self.outers:
            self.outers[id(tensor)] = Outer(tensor, place)
            self.bring(DATA.__get__(tensor), name).place = place

    def bring(self, array: np.ndarray, name: str = "") -> Brought:
        """An array that was there before."""
        found = self.arrays.get(id(array))
        if found is None:
            name = self._name(name or f"array{len(self.arrays)}")
            memory: Any = self.trace.input(name, array.shape, checked(array.dtype))
            memory.outside = array
            found = self.arrays[id(array)] = Brought(array, memory, name)
        return found

    def brought(self, x: Any) -> Any:
        """What stands for an array, or for a traced number among tensors; None for anything else."""
        if isinstance(x, np.ndarray):
            return self.bring(x).memory
        if isinstance(x, Number):
            strong: Memory = self.trace.result(x.place)  # type: ignore[assignment]  # what it makes
            return strong.astype(np.float32) if strong.dtype.kind == "f" else strong
        return x if isinstance(x, Memory) else None

    def constant(self, array: np.ndarray) -> Memory:
        """An array that the step made of nothing but Python's numbers."""
        dtype = checked(array.dtype)
        flat = np.ascontiguousarray(array).reshape(-1)
        bits = flat.view(f"u{flat.itemsize}") if flat.size else flat
        if flat.size and (bits == bits[0]).all():
            number = self.trace.constant(flat[0].item(), dtype)
            found: Any = self.trace.copied(number, array.shape) if array.shape else number
        else:
            found = self.trace.array(flat.reshape(array.shape))
        return found

    def live(self, owner: object, name: str) -> Any:
        """A number of ``owner`` that is read again before each call; None for what is no number."""
        number = getattr(owner, name)
        if number.__class__ is not float and number.__class__ is not int:
            return None
        found = self.lives.get((id(owner), name))
        if found is None:
            traced = self.number_given(name, 0.0)
            found = self.lives[id(owner), name] = Live(owner, name, self.input_name(traced), traced)
        return found.number

    # --- what a tensor answers

    def outer(self, tensor: Tensor, of: Outer | None = None) -> Outer:
        """The table of a tensor that was there before."""
        found = self.outers.get(id(tensor))
        if found is None:
            found = self.outers[id(tensor)] = Outer(tensor, None if id(tensor) in self.known else of)
        return found

    def data(self, tensor: Tensor) -> Any:
        real = DATA.__get__(tensor)
        if isinstance(real, Memory):  # made by the step itself
            return real
        outer = self.outer(tensor)
        if outer.data is UNASKED:
            outer.brought = self.bring(real, self.called(outer))
            outer.data = outer.brought.memory
        return outer.data

    def called(self, outer: Outer) -> str:
        """What the user calls a tensor, as far as that is known."""
        tensor = outer.tensor
        name = self._names.of(id(tensor)) or self._names.of(id(DATA.__get__(tensor)))
        if name is None and isinstance(outer.of, Outer):
            name = f"{self.called(outer.of)}.grad"
        return name or f"tensor{len(self.arrays)}"

    def set_data(self, tensor: Tensor, array: Any) -> None:
        if not isinstance(array, Memory):
            array = self.constant(array)
        try:
            made = isinstance(DATA.__get__(tensor), Memory)
        except AttributeError:  # it is being made
            made = True
        if made:
            DATA.__set__(tensor, array)
        else:
            self.data(tensor)
            self.outer(tensor).data = array

    def is_made(self, tensor: Tensor) -> bool:
        """Whether the step itself made ``tensor``."""
        return isinstance(DATA.__get__(tensor), Memory)

    def grad(self, tensor: Tensor) -> Any:
        if self.is_made(tensor):
            return GRAD.__get__(tensor)
        outer = self.outer(tensor)
        if outer.grad is UNASKED:
            outer.grad = GRAD.__get__(tensor)
            outer.had_grad = outer.grad is not None
            if outer.grad is not None:
                self.outer(outer.grad, outer)
        return outer.grad

    def set_grad(self, tensor: Tensor, grad: Tensor | None) -> None:
        if self.is_made(tensor):
            GRAD.__set__(tensor, grad)
        else:
            self.outer(tensor).grad = grad

    def node(self, tensor: Tensor) -> Any:
        node = NODE.__get__(tensor)
        if self.is_made(tensor):
            return node
        outer = self.outer(tensor)
        if outer.node is not UNASKED:
            return outer.node
        if node is not None and mode.enabled:
            raise errors.graph_from_outside(node.row.name, place(node))
        return node

    def set_node(self, tensor: Tensor, node: Any) -> None:
        if self.is_made(tensor):
            NODE.__set__(tensor, node)
        else:
            self.outer(tensor).node = node

    def leaf(self, tensor: Tensor) -> Any:
        if self.is_made(tensor):
            return LEAF.__get__(tensor)
        outer = self.outer(tensor)
        return LEAF.__get__(tensor) if outer.leaf is UNASKED else outer.leaf

    def set_leaf(self, tensor: Tensor, leaf: bool) -> None:
        if self.is_made(tensor):
            LEAF.__set__(tensor, leaf)
        else:
            self.outer(tensor).leaf = leaf


def checked(dtype: np.dtype[Any]) -> str:
    """The compiler's name of ``dtype``. Raises CompileError for one that it does not compute with."""
    if dtype.name not in DTYPES or not dtype.isnative:
        raise errors.dtype_without_code(dtype)
    return dtype.name


def owner(array: np.ndarray) -> int:
    """The identity of what owns the memory of ``array``: two arrays that share none have two."""
    base: Any = array
    while base.base is not None:
        base = base.base
        if base.__class__ is not np.ndarray:
            return 0  # memory that numpy did not make: nothing is known of it
    return id(base)
