"""Traced arrays that can be written to: what the array of a ``Tensor`` is while a step is traced.

The values of a program never change, and the arrays of a training step do. A :class:`Memory` is an array
whose content is one value of the program now and another one later; a view looks into the memory of its
base, as numpy's do, and writes through to it.

>>> from chainrule.compiler.interpreter import run
>>> trace = Trace("doubled", Memory)
>>> x = trace.input("x", (3,), "float32")
>>> first = x[:1]
>>> x *= 2.0
>>> first += 1.0
>>> run(trace.program({"x": x}), {"x": np.array([1, 2, 3], np.float32)})["x"].tolist()
[3.0, 4.0, 6.0]
"""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from typing import Any, NoReturn

import numpy as np

from chainrule import errors
from chainrule.arrays.tracing.array import Traced, elementwise, lifted
from chainrule.arrays.tracing.trace import Trace, place_now
from chainrule.compiler.operations import OPERATIONS
from chainrule.compiler.types import Shape, Type


class Memory(Traced):
    """An array of a trace that can be written to.

    ``base`` is the memory that it looks into, None where it has its own; ``outside`` is the array of numpy
    that a memory stands for where it was there before.
    """

    __slots__ = (
        "__weakref__",
        "_attributes",
        "_doubts",
        "_made",
        "_operation",
        "_place",
        "_root",
        "_written",
        "base",
        "outside",
    )

    base: Memory | None
    outside: np.ndarray | None
    _doubts: list[weakref.ref[Memory]]  # of a root: views that may be copies, as numpy lays arrays out
    _made: int  # its first place
    _operation: str  # of a view: how it looks into its base
    _attributes: Mapping[str, Any]

    def __init__(self, trace: Trace, place: int, type: Type) -> None:
        self.trace = trace
        self.type = type
        self.base = None
        self.outside = None
        self._place = self._made = place
        self._doubts = []
        self._root: Memory | None = None  # of a view; a reference to itself would be a cycle
        self._written = 0  # how often; of a view, how often its root had been when it last looked

    @property
    def place(self) -> int:  # type: ignore[override]  # of what it holds now
        if self.base is not None and self._written != self.root._written:
            self._place = self.trace.add(self._operation, (self.base,), **self._attributes).place
            self._written = self.root._written
        return self._place

    @property
    def version(self) -> int:
        """How often the memory that it looks into has been written to."""
        return self.root._written

    @property
    def root(self) -> Memory:
        """The memory that it looks into in the end."""
        return self if self._root is None else self._root

    @property
    def weak(self) -> bool:
        return False

    @weak.setter
    def weak(self, weak: bool) -> None:
        if weak:
            self.__class__ = Number

    # --- looking into it

    def viewed(self, operation: str, **attributes: Any) -> Memory:
        found: Memory = self.trace.add(operation, (self,), **attributes)  # type: ignore[assignment]
        if operation == "reshape" and not self._reshapes_in_place(attributes["shape"]):
            return found
        found.base, found._root, found._written = self, self.root, self.version
        found._operation, found._attributes = operation, attributes
        if operation == "reshape" and _without_ones(self.shape) != _without_ones(found.shape):
            root = self.root
            if root.outside is None and self._turned():
                root._doubts = [*root._doubts, weakref.ref(found)]
        return found

    def _turned(self) -> bool:
        """Whether numpy may have laid the array out in another order than that of its axes: its results
        take the order of their operands, and a permutation changes it."""
        instructions = self.trace.builder.instructions
        pending, seen = [self.root._made], set()
        while pending:
            place = pending.pop()
            one = instructions[place]
            if place in seen or one.operation == "reshape":
                continue
            seen.add(place)
            if one.operation == "permute_dims":
                return True
            pending += one.operands
        return False

    def _reshapes_in_place(self, shape: Shape) -> bool:
        """Whether numpy's reshape looks into the same memory, and does not have to copy."""
        if self.base is None and self.outside is None:
            return True
        outside = self.root.outside
        whole = np.empty(self.root.shape, np.bool_) if outside is None else outside
        return np.may_share_memory(whole, self.replayed(whole).reshape(shape))

    def replayed(self, whole: np.ndarray) -> np.ndarray:
        """The same view of ``whole``, an array of the shape that the root has."""
        if self.base is None:
            return whole
        looked = self.base.replayed(whole)
        if self._operation == "reshape":
            return looked.reshape(self._attributes["shape"])
        if self._operation == "permute_dims":
            return looked.transpose(self._attributes["axes"])
        key = self._attributes["key"]
        return looked[(*key, ...)]  # a view of one element too

    def copy(self) -> Any:
        """A memory of its own with the same numbers."""
        return self.trace.result(self.place)

    __pos__ = __copy__ = copy

    # --- writing

    def __setitem__(self, key: Any, value: Any) -> None:
        from chainrule.arrays import traced

        if key is Ellipsis or key == slice(None):
            self._write(value)
        elif all(isinstance(part, _BASIC) for part in (key if isinstance(key, tuple) else (key,))):
            traced.getitem(self, key)._write(value)
        else:
            self._become(traced.put(self, value, key=key))

    def _write(self, value: Any) -> None:
        """Make ``value``, of any dtype, the whole content."""
        from chainrule.arrays import traced

        value = traced.astype(lifted(self.trace, value), self.type.dtype)
        if value.shape != self.shape:
            extra = len(value.shape) - len(self.shape)
            if extra > 0 and value.shape[:extra] == (1,) * extra:
                value = traced.reshape(value, value.shape[extra:])
            value = traced.broadcast_to(value, self.shape)
        self._become(value)

    def _become(self, value: Traced) -> None:
        """``value``, of its own type, is what it holds from now on."""
        trace, place = self.trace, value.place
        if trace.closed:
            raise errors.traced_elsewhere(place_now())
        if self._doubts and any(one() is not None for one in self._doubts):
            raise errors.written_in_doubt(self.shape, place_now())
        if self.base is None:
            self._place = place
            self._written += 1
            return
        if self._operation == "reshape":
            whole = trace.add("reshape", (value,), shape=self.base.shape)
        elif self._operation == "permute_dims":
            axes = self._attributes["axes"]
            whole = trace.add("permute_dims", (value,), axes=tuple(sorted(axes, key=axes.index)))
        else:
            whole = trace.add("update", (self.base, value), key=self._attributes["key"])
        self.base._become(whole)
        self._place, self._written = place, self.version

    def _update(self, found: Any) -> Any:
        if found is NotImplemented:
            return found
        if found.shape != self.shape:
            raise ValueError(f"an array of shape {self.shape} cannot hold a result of shape {found.shape}")
        if not np.can_cast(found.type.dtype, self.type.dtype, "same_kind"):
            raise TypeError(f"an array of {self.type.dtype} cannot hold a result of {found.type.dtype}")
        self._write(found)
        return self

    def __iadd__(self, other: Any) -> Any:
        return self._update(self.__add__(other))

    def __isub__(self, other: Any) -> Any:
        return self._update(self.__sub__(other))

    def __imul__(self, other: Any) -> Any:
        return self._update(self.__mul__(other))

    def __itruediv__(self, other: Any) -> Any:
        return self._update(self.__truediv__(other))

    def __ipow__(self, other: Any) -> Any:
        return self._update(self.__pow__(other))

    def fill(self, value: Any) -> None:
        """Make ``value`` every number."""
        self._write(value)

    # --- numpy's methods, as far as steps use them

    def astype(self, dtype: Any, copy: bool = True) -> Any:
        from chainrule.arrays import traced

        if self.type.dtype == np.dtype(dtype).name:
            return self.copy() if copy else self
        return traced.astype(self, dtype)

    def reshape(self, *shape: Any) -> Any:
        whole = shape[0] if len(shape) == 1 and isinstance(shape[0], (tuple, list)) else shape
        if -1 in whole:  # as numpy works it out
            whole = np.empty(self.shape, np.bool_).reshape(whole).shape
        return self.viewed("reshape", shape=tuple(whole))

    def transpose(self, *axes: Any) -> Any:
        order = axes[0] if len(axes) == 1 and isinstance(axes[0], (tuple, list)) else axes
        return self.viewed("permute_dims", axes=tuple(order) or tuple(reversed(range(self.ndim))))

    @property
    def T(self) -> Any:
        return self.transpose()

    @property
    def mT(self) -> Any:
        order = list(range(self.ndim))
        order[-2:] = order[-1], order[-2]
        return self.transpose(order)

    def __matmul__(self, other: Any) -> Any:
        from chainrule.arrays import traced

        return traced.matmul(self, other)

    def __rmatmul__(self, other: Any) -> Any:
        from chainrule.arrays import traced

        return traced.matmul(other, self)

    def sum(self, axis: Any = None, keepdims: bool = False) -> Any:
        from chainrule.arrays import traced

        return traced.sum(self, axis=axis, keepdims=keepdims)

    def mean(self, axis: Any = None, keepdims: bool = False) -> Any:
        from chainrule.arrays import traced

        return traced.mean(self, axis=axis, keepdims=keepdims)

    # --- numpy's functions: those that have a name in the namespace, and no others

    def __array_ufunc__(  # type: ignore[override]  # None at its base: numpy is not to ask
        self, ufunc: Any, method: str, *inputs: Any, **options: Any
    ) -> Any:
        from chainrule.arrays import traced

        name = _UFUNCS.get(ufunc.__name__, ufunc.__name__)
        known = name in _ELEMENTWISE or hasattr(traced, name)
        if method != "__call__" or options or not known:
            self.escape("array", f"np.{ufunc.__name__}")
        if name in _ELEMENTWISE:
            return elementwise(name, *inputs)
        return getattr(traced, name)(*(lifted(self.trace, one) for one in inputs))

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Mapping[str, Any]) -> Any:
        if function not in (np.shape, np.ndim, np.size) or kwargs or len(args) != 1:
            self.escape("array", f"np.{function.__name__}")
        return getattr(self, function.__name__)

    # --- what would need the numbers now

    def item(self) -> NoReturn:
        self.escape("item")

    def tolist(self) -> NoReturn:
        self.escape("tolist")

    def numpy(self) -> NoReturn:
        self.escape("numpy")

    def __floordiv__(self, other: Any) -> Any:
        self.escape("floor")

    __rfloordiv__ = __mod__ = __rmod__ = __divmod__ = __rdivmod__ = __floordiv__

    def escape(self, how: str, asked: str = "") -> NoReturn:
        if self.trace.closed:
            raise errors.traced_elsewhere(place_now())
        raise errors.tensor_escape(how, str(self.type), place_now(), asked)


class Number(Memory):
    """A Python number that is an input of the program, and what is computed from such alone: beside an
    array it takes on the array's dtype, as Python's numbers do."""

    __slots__ = ()

    @property
    def weak(self) -> bool:
        return True

    @weak.setter
    def weak(self, weak: bool) -> None:
        """What it is it stays."""

    @property
    def dtype(self) -> Any:
        raise AttributeError("a Python number has no dtype")

    def copy(self) -> Any:
        return self

    __pos__ = __copy__ = copy

    # A number is not written to: `rate *= 2` is another number.

    def __iadd__(self, other: Any) -> Any:
        return self.__add__(other)

    def __isub__(self, other: Any) -> Any:
        return self.__sub__(other)

    def __imul__(self, other: Any) -> Any:
        return self.__mul__(other)

    def __itruediv__(self, other: Any) -> Any:
        return self.__truediv__(other)

    def __ipow__(self, other: Any) -> Any:
        return self.__pow__(other)


_ELEMENTWISE = frozenset(name for name, one in OPERATIONS.items() if one.elementwise)


def _without_ones(shape: Shape) -> list[int]:
    return [n for n in shape if n != 1]


_BASIC = (int, np.integer, slice, type(None), type(Ellipsis))

#: What numpy calls an operation, and the namespace calls otherwise.
_UFUNCS = {
    "subtract": "sub",
    "multiply": "mul",
    "divide": "div",
    "true_divide": "div",
    "power": "pow",
    "negative": "neg",
    "absolute": "abs",
    "less": "lt",
    "less_equal": "le",
    "greater": "gt",
    "greater_equal": "ge",
    "equal": "eq",
    "not_equal": "ne",
}
