"""``Tensor``: an array that remembers how it was made, with PyTorch's face."""

from __future__ import annotations

import operator
import sys
import weakref
from collections.abc import Iterator
from typing import Any

import numpy as np

from chainrule import eager, errors
from chainrule import functional as F
from chainrule.autodiff.graph import Node, mode, overwrites
from chainrule.axes import one_axis
from chainrule.conversion import as_array, as_dtype
from chainrule.eager import apply, operand, tensor_class, wrap
from chainrule.indices import picked_shape, raw_key
from chainrule.methods import Methods
from chainrule.primitives import indexing, shape


@tensor_class
class Tensor(Methods):
    """An array of numbers, and the operation that made it.

    Make one with :func:`chainrule.tensor`. With ``requires_grad=True`` it is a *leaf*: what is computed
    from it is recorded, and ``backward()`` leaves its gradient in ``.grad``.

    >>> import chainrule as cr
    >>> x, y, w = cr.tensor(1.0), cr.tensor(2.0), cr.tensor(1.0, requires_grad=True)
    >>> L = (w * x - y) ** 2
    >>> L
    tensor(1., grad_fn=<PowBackward0>)
    >>> L.backward()
    >>> w.grad
    tensor(-2.)
    """

    __slots__ = ("__weakref__", "_data", "_grad", "_leaf", "_node")
    __array_priority__ = 1000
    __array_ufunc__ = None  # `array * tensor` is the tensor's to answer

    _data: np.ndarray
    _grad: Tensor | None
    _node: Node | None
    _leaf: bool  # made by the user, and its gradient is wanted

    def __init__(self, data: Any = (), dtype: Any = None, requires_grad: bool = False) -> None:
        self._data = as_array(data, dtype)
        self._grad = None
        self._node = None
        self._leaf = False
        if requires_grad:
            self.requires_grad_()

    # --- what it is ----------------------------------------------------------------------------------

    @property
    def shape(self) -> tuple[int, ...]:
        return self._data.shape

    @property
    def dtype(self) -> Any:
        return self._data.dtype

    @property
    def ndim(self) -> int:
        return self._data.ndim

    def dim(self) -> int:
        return self._data.ndim

    def size(self, dim: int | None = None) -> Any:
        """The shape, or the length of one axis."""
        return self.shape if dim is None else self.shape[one_axis(dim, self.ndim, "size")]

    def numel(self) -> int:
        """How many numbers it holds."""
        return int(self._data.size)

    def __len__(self) -> int:
        if not self.shape:
            raise errors.length_of_number()
        return self.shape[0]

    def __iter__(self) -> Iterator[Tensor]:
        if not self.shape:
            raise errors.iteration_over_number()
        return (self[i] for i in range(self.shape[0]))

    def __repr__(self) -> str:
        from chainrule.printing import format_tensor

        if self._data.__class__ is not np.ndarray:  # in a trace there are no numbers to show
            return f"tensor({self._data!r})"
        name = self._node.row.grad_fn if self._node is not None else None
        return format_tensor(self._data, requires_grad=self._leaf, grad_fn=name)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """What a notebook shows: of one number with a graph, the graph as well."""
        from chainrule.explain.notebook import mimebundle

        return mimebundle(self, include, exclude)

    def __format__(self, spec: str) -> str:
        return format(self.item(), spec) if self.ndim == 0 and spec else repr(self)

    __hash__ = object.__hash__  # by identity: `==` is elementwise

    # --- its place in the graph ----------------------------------------------------------------------

    @property
    def requires_grad(self) -> bool:
        return self._leaf or self._node is not None

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        self.requires_grad_(value)

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """Make it a leaf whose gradient is wanted, or no longer one.

        Raises DTypeError for integers, GraphError for the result of an operation.
        """
        if self._node is not None:
            if not requires_grad:
                raise errors.not_a_leaf(self._node.row.name)
            return self
        if requires_grad and self._data.dtype.kind != "f":
            raise errors.requires_grad_of_dtype(self._data.dtype)
        self._leaf = bool(requires_grad)
        return self

    @property
    def is_leaf(self) -> bool:
        return self._node is None

    @property
    def grad_fn(self) -> Node | None:
        """The node of the operation that made it; None for a leaf."""
        return self._node

    @property
    def grad(self) -> Tensor | None:
        """The gradient that ``backward()`` left here, None before that."""
        return self._grad

    @grad.setter
    def grad(self, value: Tensor | None) -> None:
        if value is not None:
            if not isinstance(value, Tensor):
                raise errors.grad_not_a_tensor(value)
            if value.shape != self.shape or value.dtype != self.dtype:
                raise errors.grad_does_not_fit(self.shape, self.dtype, value.shape, value.dtype)
        self._grad = value

    def retain_grad(self) -> None:
        """Keep the gradient of this result of an operation in ``.grad``, as leaves do."""
        if self._node is not None:
            others = [one for one in self._node.watchers or [] if one() is not None and one() is not self]
            self._node.watchers = [*others, weakref.ref(self)]
        elif not self._leaf:
            raise errors.does_not_require_grad(self.shape)

    def backward(
        self,
        gradient: Any = None,
        retain_graph: bool | None = None,
        create_graph: bool = False,
        inputs: Any = None,
    ) -> None:
        """Add ∂self/∂leaf into the ``.grad`` of each leaf that it was computed from.

        ``gradient`` is the cotangent to start from: 1 for a number, and to be given for any other shape.
        The graph is freed unless ``retain_graph``; with ``create_graph`` the gradients have graphs of
        their own.

        Raises GraphError where there is no graph, where it was freed, or where a value that a rule needs
        was overwritten. Nothing is changed then.
        """
        from chainrule import autograd

        autograd.backward(self, gradient, retain_graph, create_graph, inputs)

    def detach(self) -> Tensor:
        """The same memory, outside of any graph."""
        return wrap(self._data)

    # --- its numbers ---------------------------------------------------------------------------------

    @property
    def data(self) -> Tensor:
        """The same memory, outside of any graph; assigning replaces the numbers, unseen by the graph."""
        return wrap(self._data)

    @data.setter
    def data(self, value: Any) -> None:
        array = value._data if isinstance(value, Tensor) else as_array(value, None)
        if self.requires_grad and array.dtype.kind != "f":
            raise errors.requires_grad_of_dtype(array.dtype)
        self._data = array

    def item(self) -> Any:
        """The Python number that a tensor of one element holds."""
        if self._data.size != 1:
            raise errors.item_of_many(self.shape)
        return self._data.item()

    def tolist(self) -> Any:
        return self._data.tolist()

    def numpy(self) -> np.ndarray:
        """The numpy array itself, not a copy.

        Raises GraphError where gradients flow through it: ``.detach()`` it first.
        """
        if self.requires_grad:
            raise errors.numpy_of_tracked(self.shape)
        array: Any = self._data
        return array if array.__class__ is np.ndarray else array.numpy()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        array = self.numpy()
        if dtype is not None and array.dtype != dtype:
            array = array.astype(dtype)
        return array.copy() if copy else array

    def clone(self) -> Tensor:
        """A copy, through which gradients flow."""
        return F.clone(self)

    def contiguous(self) -> Tensor:
        return self

    def to(self, dtype: Any) -> Tensor:
        """The same numbers in another dtype, through which gradients flow."""
        dtype = as_dtype(dtype)
        if dtype == self.dtype:
            return self
        if dtype.kind != "f" or self.dtype.kind != "f":
            return wrap(self._data.astype(dtype))
        return apply(shape.astype, (self,), {"dtype": dtype})

    type = to

    def float(self) -> Tensor:
        return self.to(np.float32)

    def double(self) -> Tensor:
        return self.to(np.float64)

    def long(self) -> Tensor:
        return self.to(np.int64)

    def int(self) -> Tensor:
        return self.to(np.int32)

    def bool(self) -> Tensor:
        return self.to(np.bool_)

    def __float__(self) -> Any:
        return float(self._only())

    def __int__(self) -> Any:
        return int(self._only())

    def __index__(self) -> Any:
        if self._data.dtype.kind not in "iu" or self._data.size != 1:
            raise errors.index_type(self)
        return operator.index(self._only())

    def __bool__(self) -> Any:
        if self._data.size != 1:
            raise errors.truth_of_many(self.shape)
        return bool(self._only())

    def _only(self) -> Any:
        """Its one number; in a trace, what refuses to be one."""
        array = self._data
        return self.item() if array.__class__ is np.ndarray or array.size != 1 else array

    # --- operators -----------------------------------------------------------------------------------

    __add__ = __radd__ = F.add
    __sub__ = F.sub
    __mul__ = __rmul__ = F.mul
    __truediv__ = F.div
    __pow__ = F.pow
    __matmul__ = F.matmul
    __neg__ = F.neg
    __abs__ = F.abs
    __lt__ = F.lt
    __le__ = F.le
    __gt__ = F.gt
    __ge__ = F.ge
    __eq__ = F.eq  # type: ignore[assignment]  # elementwise, as in PyTorch
    __ne__ = F.ne  # type: ignore[assignment]  # the same
    __and__ = __rand__ = F.bitwise_and
    __or__ = __ror__ = F.bitwise_or
    __invert__ = F.invert
    __getitem__ = F.getitem

    def __rsub__(self, other: Any) -> Tensor:
        return F.sub(other, self)

    def __rtruediv__(self, other: Any) -> Tensor:
        return F.div(other, self)

    def __rpow__(self, other: Any) -> Tensor:
        return F.pow(other, self)

    def __rmatmul__(self, other: Any) -> Tensor:
        return F.matmul(other, self)

    def __pos__(self) -> Tensor:
        return self

    # --- in place ------------------------------------------------------------------------------------

    def _become(self, result: Tensor, name: str) -> Tensor:
        """Take the numbers and the history of ``result``: what every in-place operation ends with."""
        array = result._data
        if array.shape != self.shape:
            raise errors.in_place_shape(name, self.shape, array.shape)
        if array.dtype != self.dtype and self.dtype.kind != "f" and array.dtype.kind == "f":
            raise errors.in_place_dtype(name, self.dtype, array.dtype)
        recorded = mode.enabled and result._node is not None
        if mode.enabled and self._leaf:
            raise errors.in_place_on_leaf(name, self.shape)
        if recorded and self._node is not None and self._node.row.view:
            raise errors.in_place_on_view(name, self._node.row.name, self.shape)
        node = result._node
        if recorded and node is not None:
            # The operation saved the numbers that are about to go: the way back needs them as they were.
            own = self._data
            held = sum(a is own for a in node.saved)
            shared = own.base is not None or sys.getrefcount(own) > held + 3
            if shared and self._node is None and getattr(own, "outside", None) is None:
                # what else looks into this memory would see the numbers, and no gradient
                raise errors.in_place_on_shared(name, self.shape)
            node.saved = tuple([a.copy() if a is own else a for a in node.saved])
            self._take_watchers(node)
            self._node = node
        self._data[...] = array
        overwrites.add(self._data, recorded=recorded)
        return self

    def _take_watchers(self, node: Node) -> None:
        """What ``retain_grad()`` asked for is the gradient of this tensor, whatever its node is."""
        if self._node is not None and self._node.watchers:
            mine = [watcher for watcher in self._node.watchers if watcher() is self]
            self._node.watchers = [w for w in self._node.watchers if w() is not self] or None
            node.watchers = mine or None

    def _records(self, other: Any) -> Any:
        return mode.enabled and (self.requires_grad or getattr(other, "requires_grad", False))

    def _update(self, name: str, function: Any, in_place: Any, other: Any) -> Tensor:
        other = operand(other, name)
        if self._records(other):
            return self._become(function(self, other), name)
        number = other._data if isinstance(other, Tensor) else other
        try:
            in_place(self._data, number)
        except errors.TraceError:
            raise
        except TypeError:
            raise errors.in_place_dtype(name, self.dtype, eager.asarray(number).dtype) from None
        except OverflowError:
            raise errors.in_place_value(name, number, self.dtype) from None
        except ValueError:
            raise errors.in_place_shape(name, self.shape, np.shape(number)) from None
        overwrites.add(self._data, recorded=False, depth=3)
        return self

    def add_(self, other: Any, alpha: Any = 1) -> Tensor:
        other = other if alpha == 1 else F.mul(other, alpha)
        return self._update("add_", F.add, operator.iadd, other)

    def sub_(self, other: Any, alpha: Any = 1) -> Tensor:
        other = other if alpha == 1 else F.mul(other, alpha)
        return self._update("sub_", F.sub, operator.isub, other)

    def mul_(self, other: Any) -> Tensor:
        return self._update("mul_", F.mul, operator.imul, other)

    def div_(self, other: Any) -> Tensor:
        return self._update("div_", F.div, operator.itruediv, other)

    def clamp_(self, min: Any = None, max: Any = None) -> Tensor:
        return self._become(F.clamp(self, min, max), "clamp_")

    def fill_(self, value: Any) -> Tensor:
        return self._put(..., value, "fill_")

    def zero_(self) -> Tensor:
        return self._put(..., 0, "zero_")

    def copy_(self, source: Any) -> Tensor:
        return self._put(..., source, "copy_")

    def __iadd__(self, other: Any) -> Tensor:
        return self._update("add_", F.add, operator.iadd, other)

    def __isub__(self, other: Any) -> Tensor:
        return self._update("sub_", F.sub, operator.isub, other)

    def __imul__(self, other: Any) -> Tensor:
        return self._update("mul_", F.mul, operator.imul, other)

    def __itruediv__(self, other: Any) -> Tensor:
        return self._update("div_", F.div, operator.itruediv, other)

    def __setitem__(self, key: Any, value: Any) -> None:
        self._put(key, value, "x[…] = …")

    def _put(self, key: Any, value: Any, name: str) -> Tensor:
        raw = raw_key(key, self.shape)
        value = operand(value, name)
        target = picked_shape(raw, self._data)
        given = value.shape if isinstance(value, Tensor) else ()
        try:
            fits = np.broadcast_shapes(target, given) == target
        except ValueError:
            fits = False
        if not fits:
            raise errors.in_place_shape(name, target, given)
        if not isinstance(value, Tensor):
            try:
                value = wrap(eager.asarray(value, self.dtype))
            except (OverflowError, ValueError):  # out of range, or NaN among integers
                raise errors.in_place_value(name, value, self.dtype) from None
        if not self._records(value):
            self._data[raw] = value._data
            overwrites.add(self._data, recorded=False)
            return self
        if self.dtype.kind != "f":
            raise errors.in_place_dtype(name, self.dtype, value.dtype)
        return self._become(apply(indexing.put, (self, value), {"key": raw}), name)
