"""The type of each operation's result, from those of its operands.

Each function raises ValueError, with what is wrong, for operands that its operation does not take.
"""

from __future__ import annotations

from math import prod

from chainrule.compiler.types import DTYPES, Shape, Type

# --- elementwise: operands of one shape and one dtype -------------------------------------------------


def same(types: tuple[Type, ...]) -> Type:
    first = types[0]
    for other in types[1:]:
        if other is not first and other != first:
            raise ValueError("its operands must have one shape and one dtype")
    return first


def of_numbers(*types: Type) -> Type:
    found = same(types)
    if found.dtype == "bool":
        raise ValueError("it takes numbers, not truths")
    return found


def of_floats(*types: Type) -> Type:
    found = same(types)
    if not found.dtype.startswith("float"):
        raise ValueError("it takes floats")
    return found


def of_numbers_to_truth(*types: Type) -> Type:
    return Type("bool", of_numbers(*types).shape)


def of_truths(*types: Type) -> Type:
    found = same(types)
    if found.dtype != "bool":
        raise ValueError("it takes truths, not numbers")
    return found


def of_choice(condition: Type, x: Type, y: Type) -> Type:
    found = same((x, y))
    if condition.dtype != "bool" or condition.shape != found.shape:
        raise ValueError("its condition must be truths of the same shape")
    return found


def astype(x: Type, *, dtype: str) -> Type:
    return Type(dtype, x.shape)


# --- shapes -------------------------------------------------------------------------------------------


def broadcast_to(x: Type, *, shape: Shape) -> Type:
    extra = len(shape) - len(x.shape)
    fits = extra >= 0 and all(n in (1, m) for n, m in zip(x.shape, shape[max(extra, 0) :], strict=True))
    if not fits:
        raise ValueError(f"{list(x.shape)} cannot be copied to {list(shape)}")
    return Type(x.dtype, shape)


def reshape(x: Type, *, shape: Shape) -> Type:
    if prod(shape) != x.size:
        raise ValueError(f"{x.size} numbers cannot have the shape {list(shape)}")
    return Type(x.dtype, shape)


def permute_dims(x: Type, *, axes: tuple[int, ...]) -> Type:
    if sorted(axes) != list(range(len(x.shape))):
        raise ValueError(f"{axes} are not the axes of {list(x.shape)}")
    return Type(x.dtype, tuple(x.shape[axis] for axis in axes))


def concat(*types: Type, axis: int) -> Type:
    first = types[0]
    _within(axis, first)
    for other in types[1:]:
        if other.dtype != first.dtype or _without(other.shape, axis) != _without(first.shape, axis):
            raise ValueError("its operands must have one dtype, and one shape but for the axis that grows")
    length = sum(one.shape[axis] for one in types)
    return Type(first.dtype, (*first.shape[:axis], length, *first.shape[axis + 1 :]))


def iota(*, shape: Shape, axis: int, dtype: str = "int64") -> Type:
    found = Type(dtype, shape)
    if dtype == "bool" or dtype not in DTYPES:
        raise ValueError(f"it counts in numbers, and {dtype} are none")
    _within(axis, found)
    return found


def _without(shape: Shape, axis: int) -> Shape:
    return (*shape[:axis], *shape[axis + 1 :])


def _within(axis: int, x: Type) -> None:
    if not 0 <= axis < len(x.shape):
        raise ValueError(f"{axis} is no axis of {list(x.shape)}")


# --- elements -----------------------------------------------------------------------------------------


def getitem(x: Type, *, key: tuple[int | slice, ...]) -> Type:
    """``key`` holds an index, counted from the front, or a slice for each of the first axes."""
    if len(key) > len(x.shape):
        raise ValueError(f"{len(key)} indices are too many for {list(x.shape)}")
    shape: list[int] = []
    for part, n in zip(key, x.shape, strict=False):
        if isinstance(part, slice):
            shape.append(len(range(*part.indices(n))))
        elif not 0 <= part < n:
            raise ValueError(f"index {part} is not within an axis of length {n}")
    return Type(x.dtype, (*shape, *x.shape[len(key) :]))


def update(x: Type, value: Type, *, key: tuple[int | slice, ...]) -> Type:
    part = getitem(x, key=key)
    if value != part:
        raise ValueError(f"what is put there must be {part}, as what was there")
    return x


def take(x: Type, indices: Type, *, axis: int) -> Type:
    _within(axis, x)
    _of_places(indices)
    return Type(x.dtype, (*x.shape[:axis], *indices.shape, *x.shape[axis + 1 :]))


def add_at(x: Type, indices: Type, updates: Type, *, axis: int) -> Type:
    part = take(of_numbers(x), indices, axis=axis)
    if updates != part:
        raise ValueError(f"what is added must be {part}, as what take finds there")
    return x


def take_along_axis(x: Type, indices: Type, *, axis: int) -> Type:
    _within(axis, x)
    _of_places(indices)
    alike = len(indices.shape) == len(x.shape)
    if not alike or _without(indices.shape, axis) != _without(x.shape, axis):
        raise ValueError(f"its indices must be as long as {list(x.shape)} along every axis but {axis}")
    return Type(x.dtype, indices.shape)


def scatter_add(x: Type, indices: Type, updates: Type, *, axis: int) -> Type:
    part = take_along_axis(of_numbers(x), indices, axis=axis)
    if updates != part:
        raise ValueError(f"what is added must be {part}, one number for each index")
    return x


def _of_places(indices: Type) -> None:
    if indices.dtype != "int64":
        raise ValueError("its indices must be int64")


# --- reductions and orders ----------------------------------------------------------------------------


def sum_(x: Type, *, axis: tuple[int, ...]) -> Type:
    if x.dtype == "bool":
        raise ValueError("it takes numbers, not truths")
    if any(not 0 <= one < len(x.shape) for one in axis):
        raise ValueError(f"{axis} are not axes of {list(x.shape)}")
    if len(set(axis)) < len(axis):
        raise ValueError(f"an axis stands twice in {axis}")
    return Type(x.dtype, tuple(n for place, n in enumerate(x.shape) if place not in axis))


def extreme(x: Type, *, axis: tuple[int, ...]) -> Type:
    found = sum_(x, axis=axis)
    if any(x.shape[one] == 0 for one in axis):
        raise ValueError("among no numbers none is the largest or the smallest")
    return found


def place_of_extreme(x: Type, *, axis: int) -> Type:
    return Type("int64", extreme(x, axis=(axis,)).shape)


def argsort(x: Type, *, axis: int, descending: bool) -> Type:
    _within(axis, of_numbers(x))
    return Type("int64", x.shape)


# --- products -----------------------------------------------------------------------------------------


def matmul(x: Type, y: Type) -> Type:
    _floats_of_one_dtype(x, y)
    if len(x.shape) < 2 or len(x.shape) != len(y.shape) or x.shape[:-2] != y.shape[:-2]:
        raise ValueError("it takes two matrices, or as many on the left as on the right")
    if x.shape[-1] != y.shape[-2]:
        raise ValueError(f"rows of {x.shape[-1]} numbers cannot be multiplied by columns of {y.shape[-2]}")
    return Type(x.dtype, (*x.shape[:-1], y.shape[-1]))


def convolution(x: Type, w: Type, *, stride: Shape, padding: Shape, dilation: Shape, groups: int) -> Type:
    """As PyTorch's: x of shape (batch, channels, …), w of shape (channels out, channels / groups, …)."""
    _floats_of_one_dtype(x, w)
    axes = len(x.shape) - 2
    if axes not in (1, 2) or len(w.shape) != axes + 2:
        raise ValueError("it takes a batch of images, or of rows, and windows of as many axes")
    if not len(stride) == len(padding) == len(dilation) == axes:
        raise ValueError(f"stride, padding and dilation hold a number for each of the {axes} axes")
    if min(*stride, *dilation, groups) < 1 or min(padding) < 0:
        raise ValueError("stride, dilation and groups are 1 or more, padding 0 or more")
    if x.shape[1] != w.shape[1] * groups or w.shape[0] % groups:
        raise ValueError(f"{x.shape[1]} channels do not fit {groups} groups of windows {list(w.shape)}")
    space = []
    for n, window, step, pad, apart in zip(
        x.shape[2:], w.shape[2:], stride, padding, dilation, strict=True
    ):
        width = apart * (window - 1) + 1
        if window < 1 or n + 2 * pad < width:
            raise ValueError(f"a window that is {width} wide does not fit into {n + 2 * pad}")
        space.append((n + 2 * pad - width) // step + 1)
    return Type(x.dtype, (x.shape[0], w.shape[0], *space))


def convolution_input(
    g: Type, w: Type, *, shape: Shape, stride: Shape, padding: Shape, dilation: Shape, groups: int
) -> Type:
    x = Type(w.dtype, shape)
    _is_result(g, convolution(x, w, stride=stride, padding=padding, dilation=dilation, groups=groups))
    return x


def convolution_weight(
    g: Type, x: Type, *, shape: Shape, stride: Shape, padding: Shape, dilation: Shape, groups: int
) -> Type:
    w = Type(x.dtype, shape)
    _is_result(g, convolution(x, w, stride=stride, padding=padding, dilation=dilation, groups=groups))
    return w


def _is_result(g: Type, expected: Type) -> None:
    if g != expected:
        raise ValueError(f"the convolution's result is {expected}, and its cotangent {g}")


def _floats_of_one_dtype(x: Type, y: Type) -> None:
    if x.dtype != y.dtype or not x.dtype.startswith("float"):
        raise ValueError("it takes floats of one dtype")
