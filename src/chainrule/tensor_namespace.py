"""``Tensor``'s operations as an Array API namespace: on it, the rules make graphs of gradients.

Every row is here under its own name, applied; a rule that runs on this namespace is therefore recorded
by the same rows that it was written for. That is all that gradients of gradients need.
"""

from __future__ import annotations

from typing import Any

from chainrule import eager
from chainrule import functional as F
from chainrule.autodiff.graph import Absent, Node
from chainrule.eager import apply, tensor_operand, wrap
from chainrule.primitives import ROWS

abs = F.abs
argmax = F.argmax
argmin = F.argmin
cos = F.cos
exp = F.exp
isnan = F.isnan
log = F.log
logical_not = F.logical_not
maximum = F.maximum
minimum = F.minimum
pow = F.pow
sign = F.sign
sin = F.sin
sqrt = F.sqrt
tanh = F.tanh


def where(condition: Any, x: Any, y: Any, /) -> Any:
    if isinstance(condition, bool):
        return x if condition else y
    return F.where(condition, x, y)


def sum(x: Any, /, *, axis: Any = None, keepdims: bool = False) -> Any:
    return apply(ROWS["sum"], (x,), {"axis": axis, "keepdims": keepdims})


def max(x: Any, /, *, axis: Any = None, keepdims: bool = False) -> Any:
    return apply(ROWS["max"], (x,), {"axis": axis, "keepdims": keepdims})


def reshape(x: Any, /, shape: tuple[int, ...]) -> Any:
    return apply(ROWS["reshape"], (x,), {"shape": shape})


def broadcast_to(x: Any, /, shape: tuple[int, ...]) -> Any:
    return apply(ROWS["broadcast_to"], (x,), {"shape": shape})


def permute_dims(x: Any, /, axes: tuple[int, ...]) -> Any:
    return apply(ROWS["permute_dims"], (x,), {"axes": axes})


def matrix_transpose(x: Any, /) -> Any:
    return F.transpose(x, -1, -2)


def expand_dims(x: Any, /, *, axis: int) -> Any:
    return apply(ROWS["expand_dims"], (x,), {"axis": axis})


def matmul(x: Any, y: Any, /) -> Any:
    return apply(ROWS["matmul"], (x, y))


def getitem(x: Any, key: Any, /) -> Any:
    return apply(ROWS["getitem"], (x,), {"key": key})


def stack(inputs: Any, /, *, axis: int) -> Any:
    return apply(ROWS["stack"], inputs, {"axis": axis})


def index_add(x: Any, /, *, key: Any, shape: tuple[int, ...]) -> Any:
    return apply(ROWS["index_add"], (x,), {"key": key, "shape": shape})


def put(x: Any, value: Any, /, *, key: Any) -> Any:
    return apply(ROWS["put"], (x, tensor_operand(value, "put")), {"key": key})


def take_along_axis(x: Any, indices: Any, /, *, axis: int) -> Any:
    return apply(ROWS["take_along_axis"], (x, indices), {"axis": axis})


def scatter_add(x: Any, indices: Any, /, *, axis: int, shape: tuple[int, ...]) -> Any:
    return apply(ROWS["scatter_add"], (x, indices), {"axis": axis, "shape": shape})


def convolution(x: Any, w: Any, /, **options: Any) -> Any:
    return apply(ROWS["convolution"], (x, w), options)


def convolution_input(g: Any, w: Any, /, **options: Any) -> Any:
    return apply(ROWS["convolution_input"], (g, w), options)


def convolution_weight(g: Any, x: Any, /, **options: Any) -> Any:
    return apply(ROWS["convolution_weight"], (g, x), options)


def zeros_like(x: Any, /) -> Any:
    return wrap(eager.xp.zeros_like(x._data))


def astype(x: Any, dtype: Any, /) -> Any:
    return x.to(dtype)


def lift(node: Node) -> tuple[Any, ...]:
    """What ``node`` saved, as tensors in their places in the graph: the result's history is the node
    itself, an input's is the parent's."""
    out, *inputs = node.saved
    lifted = [_placed(out, node)]
    for array, parent in zip(inputs, node.parents, strict=True):
        lifted.append(_placed(array, parent))
    return tuple(lifted)


def _placed(array: Any, parent: Any) -> Any:
    if array is None or isinstance(array, Absent | int | float):
        return array
    if parent is None:
        return wrap(array)
    if not isinstance(parent, Node):
        return parent  # the leaf itself
    tensor = wrap(array)
    tensor._node = parent
    return tensor
