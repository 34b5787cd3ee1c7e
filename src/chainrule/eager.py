"""Running a row on tensors at once, and leaving its node behind.

Everything that a tensor program does goes through the functions made here: :func:`unary`,
:func:`binary` and :func:`apply`. They are the hot path: a hundred numbers take numpy about a microsecond,
and what stands around them should cost no more.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule import errors
from chainrule.arrays import numpy_namespace
from chainrule.autodiff.graph import SMALL, Absent, Node, Plan, mode, tick
from chainrule.origin import FOREIGN, outside
from chainrule.primitives.row import Elementwise, Row, Structural
from chainrule.promotion import all_promoted, promoted

if TYPE_CHECKING:
    from chainrule.tensor import Tensor

# A trace exchanges these for its own while a function is traced: what the rows run on, and what makes an
# array of a row's result, or of a number.
xp: Any = numpy_namespace
asarray: Callable[..., Any] = np.asarray

#: What stands in a trace for an array, or for a traced number; None where it stands for itself.
brought: Callable[[Any], Any] | None = None

ndarray = np.ndarray
_new_node = Node.__new__
_frame = sys._getframe

# Tensors have methods, methods are functions, functions apply rows, and rows make tensors: the circle
# is closed here, when `chainrule.tensor` hands its class over.
_tensor_type: type[Tensor]
_new_tensor: Callable[[type[Tensor]], Tensor]


def tensor_class(cls: type[Tensor]) -> type[Tensor]:
    """Make ``cls`` what the rows return."""
    global _tensor_type, _new_tensor
    _tensor_type = cls
    _new_tensor = cls.__new__
    return cls


def wrap(array: Any) -> Tensor:
    """A tensor around ``array`` itself, not a copy, that no graph knows of."""
    out = _new_tensor(_tensor_type)
    out._data = array if array.__class__ is ndarray else asarray(array)
    out._grad = None
    out._node = None
    out._leaf = False
    return out


def operand(x: Any, row: str) -> Any:
    """What a tensor meets in an operation: a tensor, a Python number, or an array as a tensor."""
    if isinstance(x, _tensor_type) or x.__class__ in _NUMBERS:
        return x
    if isinstance(x, np.generic) and x.dtype.kind in _KINDS:
        return x.item()  # one of numpy's numbers counts as Python's: it does not widen a tensor
    if isinstance(x, np.ndarray) or (brought is not None and brought(x) is not None):
        return wrap(taken(x).copy())  # a copy: the user's buffer may be filled again
    raise errors.not_an_operand(x, row)


_NUMBERS = frozenset((float, int, bool))
_KINDS = frozenset("fiub")


def taken(array: Any) -> Any:
    """``array`` as chainrule computes with it: real numbers, in the machine's byte order."""
    if brought is not None:
        found = brought(array)
        if found is not None:
            return found
    return native(checked(array))


def native(array: Any) -> Any:
    """``array`` in the machine's byte order, with numpy's own dtype objects, which are compared by
    identity on the hot path: those of an unpickled array are others."""
    dtype = np.dtype(array.dtype.type)
    if array.dtype is dtype:
        return array
    return array.view(dtype) if array.dtype == dtype else array.astype(dtype)


def checked(array: Any) -> Any:
    """``array``, refused unless it holds real numbers."""
    if array.dtype.kind not in _KINDS:
        raise errors.dtype_not_supported(array.dtype)
    return array


_FLOAT32 = np.dtype(np.float32)
_FLOAT64 = np.dtype(np.float64)


def _has_float64(*operands: Any) -> bool:
    """Whether float64 came in: numpy makes it of integers and floats, PyTorch makes float32."""
    for x in operands:  # noqa: SIM110  (any() over a generator takes five times as long)
        if getattr(x, "dtype", None) is _FLOAT64:
            return True
    return False


def _link(
    out: Any,
    plan: Plan,
    parents: tuple[Any, ...],
    saved: tuple[Any, ...],
    attrs: dict[str, Any],
    aligned: bool,
    depth: int = 2,
) -> Node:
    """The node of an operation that just ran, with the line of the user's program that ran it: what is
    ``depth`` calls up, or more, and not chainrule's own."""
    node = _new_node(Node)
    node.plan = plan
    node.parents = parents
    node.saved = saved
    node.attrs = attrs
    node.shape = out.shape
    node.dtype = out.dtype
    node.time = tick()
    node.aligned = aligned
    node.freed = False
    node.watchers = None
    frame = _frame(depth)
    code = frame.f_code
    if code.co_filename not in FOREIGN:
        frame = outside(frame)
        code = frame.f_code
    node.code = code
    node.instruction = frame.f_lasti
    return node


_NO_ATTRS: dict[str, Any] = {}


def unary(row: Elementwise) -> Callable[[Any], Tensor]:
    """The function of one tensor that ``row`` is."""
    forward = row.forward
    flows = row.partials[0] is not None
    name = row.name
    small = Plan(row, (True,))
    large = Plan(row, (True,), large=True)

    def op(input: Any) -> Tensor:
        try:
            x = input._data
        except AttributeError:
            input = tensor_operand(input, name)
            x = input._data
        try:
            array = forward(xp, x)
        except errors.TraceError:
            raise
        except TypeError as error:
            raise errors.dtype_not_for_row(x.dtype, name) from error
        if array.__class__ is not ndarray:
            array = asarray(array)
        if (
            array.dtype is not x.dtype and array.dtype.kind == "f" != x.dtype.kind
        ):  # integers: float32, as PyTorch's
            array = asarray(forward(xp, x.astype(_FLOAT32)))
        out = _new_tensor(_tensor_type)
        out._data = array
        out._grad = None
        out._leaf = False
        parent = input._node
        if parent is None and input._leaf:
            parent = input
        if parent is None or not flows or not mode.enabled:
            out._node = None
        elif array.size <= SMALL:
            out._node = _link(array, small, (parent,), (array, x), _NO_ATTRS, True)
        else:
            keep_out, keep_x = large.needed
            saved = (array if keep_out else None, x if keep_x else None)
            out._node = _link(array, large, (parent,), saved, _NO_ATTRS, True)
        return out

    op.__name__ = op.__qualname__ = name
    return op


def binary(row: Elementwise) -> Callable[[Any, Any], Tensor]:
    """The function of two tensors, or of a tensor and a number, that ``row`` is."""
    forward = row.forward
    flows = any(partial is not None for partial in row.partials)
    name = row.name
    (both, both_large), (first, first_large), (second, second_large) = (
        (Plan(row, wanted), Plan(row, wanted, large=True))
        for wanted in ((True, True), (True, False), (False, True))
    )

    def op(input: Any, other: Any) -> Tensor:
        x: Any
        y: Any
        left = right = None
        if input.__class__ in _NUMBERS:
            x = input
        else:
            try:
                x = input._data
            except AttributeError:
                return op(operand(input, name), other)
            left = input._node
            if left is None and input._leaf:
                left = input
        if other.__class__ in _NUMBERS:
            y = other
        else:
            try:
                y = other._data
            except AttributeError:
                return op(input, operand(other, name))
            right = other._node
            if right is None and other._leaf:
                right = other
        mixed = x is not input and y is not other and x.dtype is not y.dtype
        if mixed:
            x, y = promoted(x, y)
        try:
            array = forward(xp, x, y)
        except errors.TraceError:
            raise
        except (ValueError, TypeError, OverflowError) as error:
            raise _binary_error(name, x, y, error) from error
        if array.__class__ is not ndarray:
            array = asarray(array)
        if array.dtype is _FLOAT64 and not _has_float64(x, y):
            array = array.astype(_FLOAT32)
        out = _new_tensor(_tensor_type)
        out._data = array
        out._grad = None
        out._leaf = False
        if left is None:
            if right is None or not flows or not mode.enabled:
                out._node = None
                return out
            plan, large = second, second_large
        elif not flows or not mode.enabled:
            out._node = None
            return out
        elif right is None:
            plan, large = first, first_large
        else:
            plan, large = both, both_large
        # numbers take part in any shape and dtype; two arrays may have been broadcast, or promoted
        aligned = not mixed and (x is y or x is input or y is other or x.shape == y.shape)
        if array.size <= SMALL:
            out._node = _link(array, plan, (left, right), (array, x, y), _NO_ATTRS, aligned)
        else:
            keep_out, keep_x, keep_y = large.needed
            saved = (
                array if keep_out else None,
                x if keep_x or x is input or x.size <= SMALL else None,
                y if keep_y or y is other or y.size <= SMALL else None,
            )
            out._node = _link(array, large, (left, right), saved, _NO_ATTRS, aligned)
        return out

    op.__name__ = op.__qualname__ = name
    return op


def structural(row: Structural) -> Callable[[Tensor, dict[str, Any]], Tensor]:
    """The function of one tensor, and of attributes, that ``row`` is."""
    forward = row.forward
    keeps_out, keeps_x = row.needed((True,))
    plan = Plan(row, (True,), large=keeps_out or keeps_x)
    view = row.view
    casts = row.name == "astype"

    def op(input: Tensor, attrs: dict[str, Any]) -> Tensor:
        x = input._data
        try:
            array = forward(xp, x, **attrs)
        except errors.TraceError:
            raise
        except (ValueError, TypeError, IndexError, OverflowError) as error:
            raise errors.row_failed(row.name, (x,), attrs, error) from error
        if array.__class__ is not ndarray:
            array = asarray(array)
        if array.dtype is _FLOAT64 and x.dtype is not _FLOAT64 and not casts:
            array = array.astype(_FLOAT32)
        out = _new_tensor(_tensor_type)
        out._data = array
        out._grad = None
        out._leaf = False
        parent: Any = input._node
        if parent is None and input._leaf:
            parent = input
        if parent is None or not mode.enabled:
            out._node = None
            return out
        kept: Any = array
        if not keeps_out and array.size > SMALL:
            kept = Absent(array, watch=True) if view else None
        saved = (kept, x if keeps_x or x.size <= SMALL else Absent(x))
        out._node = _link(array, plan, (parent,), saved, attrs, not casts, 3)
        return out

    op.__name__ = op.__qualname__ = row.name
    return op


def structural_pair(row: Structural) -> Callable[[Tensor, Tensor], Tensor]:
    """The function of two tensors that ``row`` is: the matrix product."""
    forward = row.forward
    both, first, second = (
        Plan(row, wanted, large=True) for wanted in ((True, True), (True, False), (False, True))
    )

    def op(input: Tensor, other: Tensor) -> Tensor:
        x, y = input._data, other._data
        array = forward(xp, x, y)
        if array.__class__ is not ndarray:
            array = asarray(array)
        out = _new_tensor(_tensor_type)
        out._data = array
        out._grad = None
        out._node = None
        out._leaf = False
        left: Any = input._node
        right: Any = other._node
        if left is None and input._leaf:
            left = input
        if right is None and other._leaf:
            right = other
        if (left is None and right is None) or not mode.enabled:
            return out
        plan = second if left is None else first if right is None else both
        keep_out, keep_x, keep_y = plan.needed
        saved = (
            array if keep_out or array.size <= SMALL else None,
            x if keep_x or x.size <= SMALL else Absent(x),
            y if keep_y or y.size <= SMALL else Absent(y),
        )
        out._node = _link(array, plan, (left, right), saved, _NO_ATTRS, x.dtype is y.dtype, 3)
        return out

    op.__name__ = op.__qualname__ = row.name
    return op


@cache
def _plan(row: Row, wanted: tuple[bool, ...]) -> Plan:
    return Plan(row, wanted, large=any(row.needed(wanted)))


def apply(row: Row, inputs: Sequence[Any], attrs: dict[str, Any] | None = None) -> Tensor:
    """Run any row on ``inputs`` (tensors, or Python numbers), with its attributes."""
    if attrs is None:
        attrs = _NO_ATTRS
    arrays = [x._data if isinstance(x, _tensor_type) else x for x in inputs]
    if row.variadic or isinstance(row, Elementwise):
        arrays = all_promoted(arrays)
    try:
        array = row.forward(xp, *arrays, **attrs)
    except errors.TraceError:
        raise
    except (ValueError, TypeError, IndexError, OverflowError) as error:
        raise errors.row_failed(row.name, arrays, attrs, error) from error
    out = wrap(array)
    if out._data.dtype is _FLOAT64 and not _has_float64(*arrays) and row.name != "astype":
        out._data = out._data.astype(_FLOAT32)
    if not mode.enabled:
        return out
    parents = tuple(
        [None if not isinstance(x, _tensor_type) else x._node or (x if x._leaf else None) for x in inputs]
    )
    wanted = tuple([parent is not None for parent in parents])
    if True not in wanted:
        return out
    plan = _plan(row, wanted)
    needs = plan.needed
    whole = (out._data, *arrays)
    sizes = [getattr(a, "size", 0) for a in whole]
    saved = tuple(
        [
            a if need or size <= SMALL else Absent(a, watch=row.view and i == 0)
            for i, (a, need, size) in enumerate(zip(whole, needs, sizes, strict=True))
        ]
    )
    out._node = _link(out._data, plan, parents, saved, attrs, False)
    return out


def tensor_operand(x: Any, row: str) -> Tensor:
    """``x`` as a tensor: arrays as they are, Python numbers as PyTorch makes them."""
    if isinstance(x, _tensor_type):
        return x
    x = operand(x, row)
    if isinstance(x, _tensor_type):
        return x
    return wrap(asarray(x, dtype=default_dtype(x)))


def default_dtype(number: float | int | bool) -> Any:
    """PyTorch's dtype for a Python number: float32, int64 or bool."""
    if isinstance(number, bool):
        return np.dtype(np.bool_)
    return np.dtype(np.int64) if isinstance(number, int) else np.dtype(np.float32)


def _binary_error(name: str, x: Any, y: Any, error: Exception) -> Exception:
    if hasattr(x, "shape") and hasattr(y, "shape"):
        try:
            np.broadcast_shapes(x.shape, y.shape)
        except ValueError:
            return errors.shapes_do_not_broadcast(name, x.shape, y.shape)
    return errors.row_failed(name, [x, y], {}, error)
