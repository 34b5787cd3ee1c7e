"""Messages about tensors: their numbers, dtypes, shapes and indices."""

from __future__ import annotations

from typing import Any

from chainrule.errors.kinds import (
    ChainruleError,
    DomainError,
    DTypeError,
    IndexOutOfRangeError,
    ShapeError,
    shown,
)


def not_printable(found: str) -> ChainruleError:
    return DTypeError(
        f"a tensor's text is made from a NumPy array of real numbers, integers or bools, and this "
        f"is {found}: convert it first, for instance with numpy.asarray(x, dtype=numpy.float64), "
        f"or print the real and the imaginary part of complex numbers apart."
    )


def not_array_like(data: Any) -> DTypeError:
    return DTypeError(
        f"a tensor cannot be made of {shown(data)}: it takes a number, nested lists of numbers of equal "
        "lengths, a numpy array of real numbers, or a tensor"
    )


def dtype_not_supported(dtype: Any) -> DTypeError:
    hint = "; complex numbers are not supported yet" if str(dtype).startswith("complex") else ""
    return DTypeError(
        f"dtype {dtype} cannot be computed with: use floats, integers or booleans, for instance "
        f"chainrule.float32{hint}"
    )


def not_a_dtype(dtype: Any) -> DTypeError:
    return DTypeError(f"{shown(dtype)} is not a dtype: use chainrule.float32, float64, int64 or bool")


def not_an_operand(value: Any, row: str) -> DTypeError:
    return DTypeError(
        f"{row} cannot take {shown(value)} of type {type(value).__name__}: give it a tensor, a number "
        "or a numpy array"
    )


def not_a_tensor(value: Any, name: str) -> DTypeError:
    return DTypeError(
        f"{name} was given {shown(value)} of type {type(value).__name__}, where it takes a tensor"
    )


def not_a_sequence_of_tensors(value: Any, name: str) -> DTypeError:
    return DTypeError(f"{name} takes a list or a tuple of at least one tensor; it was given {shown(value)}")


def not_a_numpy_array(value: Any) -> DTypeError:
    return DTypeError(
        f"from_numpy takes a numpy array; it was given {shown(value)} of type {type(value).__name__}: "
        "chainrule.tensor(…) takes lists and numbers"
    )


def array_not_native(dtype: Any) -> DTypeError:
    return DTypeError(
        f"the memory of an array of dtype {dtype.str} cannot be shared: its bytes are in another order "
        "than this machine's. chainrule.tensor(…) makes a converted copy"
    )


def array_read_only(shape: Any) -> DomainError:
    return DomainError(
        f"from_numpy shares the memory of its array, and this one, of shape {tuple(shape)}, is read-only: "
        "chainrule.tensor(…) makes a copy"
    )


def dtype_not_for_row(dtype: Any, row: str) -> DTypeError:
    return DTypeError(
        f"{row} is not defined for a tensor of dtype {dtype}: convert it first, for instance with .float()"
    )


def shapes_do_not_broadcast(row: str, a: Any, b: Any) -> ShapeError:
    return ShapeError(
        f"{row} of shapes {tuple(a)} and {tuple(b)}: they do not broadcast. Counted from the last axis, "
        "sizes must be equal, or one of them 1; reshape or unsqueeze one side"
    )


def row_failed(row: str, operands: Any, attrs: Any, cause: Exception) -> ChainruleError:
    shapes = ", ".join(str(x.shape) if hasattr(x, "shape") else shown(x) for x in operands)
    kind = (
        IndexOutOfRangeError
        if isinstance(cause, IndexError)
        else DTypeError
        if isinstance(cause, TypeError) or "Integers to negative" in str(cause)
        else DomainError
        if isinstance(cause, OverflowError)
        else ShapeError
    )
    dtypes = ", ".join(str(x.dtype) for x in operands if hasattr(x, "dtype"))
    given = "".join(f", {name}={shown(value)}" for name, value in attrs.items())
    return kind(
        f"{row} cannot be computed for {shapes} ({dtypes}){given}: "
        f"{str(cause).rstrip(' .')}. Check the shapes and the dtypes of what it is given"
    )


def condition_not_boolean(dtype: Any) -> DTypeError:
    return DTypeError(
        f"the condition of where is of dtype {dtype}, and must be boolean: write a comparison, such as "
        "x > 0"
    )


def clamp_without_bounds() -> DomainError:
    return DomainError("clamp was given neither min nor max: give at least one of them")


def mean_of_integers(dtype: Any) -> DTypeError:
    return DTypeError(f"the mean of {dtype} is not an integer: write x.float().mean()")


def extreme_of_nothing(shape: Any, name: str) -> ShapeError:
    return ShapeError(f"{name} over no element: the shape is {tuple(shape)}, and an empty set has none")


def dim_not_an_integer(dim: Any, name: str) -> DTypeError:
    return DTypeError(f"{name} takes an integer as dim; it was given {shown(dim)}")


def dim_out_of_range(dim: int, ndim: int, name: str) -> IndexOutOfRangeError:
    rank = max(ndim, 1)
    return IndexOutOfRangeError(
        f"{name} was given dim={dim} for a tensor of rank {ndim}: dim goes from {-rank} to {rank - 1}"
    )


def dim_repeated(dim: Any, name: str) -> ShapeError:
    return ShapeError(f"{name} was given the same axis twice: dim={dim}. Name each axis once")


def size_not_integers(sizes: Any, name: str) -> DTypeError:
    return DTypeError(f"{name} takes integers as sizes; it was given {shown(sizes)}")


def size_negative(sizes: Any, name: str) -> ShapeError:
    return ShapeError(f"{name} was given a negative size: {tuple(sizes)}. Sizes are 0 or more")


def reshape_invalid(old: Any, new: Any) -> ShapeError:
    count = 1
    for n in old:
        count *= n
    return ShapeError(
        f"a tensor of shape {tuple(old)} holds {count} numbers, and cannot be reshaped to {tuple(new)}: "
        "the sizes must multiply to the same count, and at most one may be -1"
    )


def flatten_backwards(start: int, end: int) -> ShapeError:
    return ShapeError(
        f"flatten from axis {start} to axis {end} goes backwards: start_dim must not be after end_dim"
    )


def permute_invalid(order: Any, shape: Any) -> ShapeError:
    return ShapeError(
        f"permute{tuple(order)} of a tensor of shape {tuple(shape)}: name each of its {len(shape)} axes "
        "exactly once"
    )


def transpose_of_rank(shape: Any) -> ShapeError:
    return ShapeError(
        f".T and t() are for matrices; the shape is {tuple(shape)}. Use .mT for the last two axes, or "
        "permute"
    )


def cannot_broadcast_to(old: Any, new: Any) -> ShapeError:
    return ShapeError(
        f"shape {tuple(old)} cannot be broadcast to {tuple(new)}: counted from the last axis, each size "
        "must stay as it is, or be 1"
    )


def cat_of_numbers() -> ShapeError:
    return ShapeError("cat joins along an axis, and numbers have none: use stack")


def shapes_do_not_join(name: str, shapes: Any, axis: int | None) -> ShapeError:
    but = "" if axis is None else f" but along axis {axis}"
    return ShapeError(
        f"{name} of shapes {', '.join(str(tuple(s)) for s in shapes)}: they must be the same{but}"
    )


def index_not_integer(dtype: Any, name: str) -> DTypeError:
    return DTypeError(f"{name} takes an integer tensor as index; its dtype is {dtype}: use .long()")


def gather_shapes(shape: Any, index: Any, axis: int) -> ShapeError:
    return ShapeError(
        f"gather from shape {tuple(shape)} along axis {axis} with an index of shape {tuple(index)}: the "
        "ranks must be equal, and the index no longer on the other axes"
    )


def index_out_of_range(place: int, length: int, name: str, axis: int | None = None) -> IndexOutOfRangeError:
    where = "" if axis is None else f" on axis {axis}"
    return IndexOutOfRangeError(
        f"{name}: index {place} is out of range{where}, whose length is {length}: it goes from "
        f"{-length} to {length - 1}"
        if name != "gather"
        else f"gather: index {place} is out of range{where}: it goes from 0 to {length - 1}"
    )


def index_type(part: Any) -> DTypeError:
    return DTypeError(
        f"{shown(part)} is no index: use integers, slices, None, …, or lists and tensors of integers or "
        "booleans"
    )


def too_many_indices(count: int, shape: Any) -> IndexOutOfRangeError:
    return IndexOutOfRangeError(
        f"{count} indices for a tensor of rank {len(shape)}, of shape {tuple(shape)}: give at most "
        f"{len(shape)}"
    )


def two_ellipses() -> IndexOutOfRangeError:
    return IndexOutOfRangeError("an index may hold one `...`: which axes the second stands for is unknown")


def mask_shape(mask: Any, shape: Any) -> IndexOutOfRangeError:
    return IndexOutOfRangeError(
        f"a boolean mask of shape {tuple(mask)} for a tensor of shape {tuple(shape)}: they must have the "
        "same sizes on the axes that the mask covers"
    )


def indices_do_not_broadcast(shapes: Any) -> IndexOutOfRangeError:
    return IndexOutOfRangeError(
        f"index arrays of shapes {', '.join(map(str, shapes))} pick together, and do not broadcast: give "
        "them the same length, or index one axis after the other"
    )


def slice_step_zero() -> DomainError:
    return DomainError("a slice cannot go on in steps of 0: give a step of 1 or more, or leave it out")


def matmul_shapes(a: Any, b: Any) -> ShapeError:
    if not a or not b:
        return ShapeError(
            f"a matrix product of shapes {tuple(a)} and {tuple(b)}: a number has no rows; use *"
        )
    return ShapeError(
        f"a matrix product of shapes {tuple(a)} and {tuple(b)}: the last size of the left ({a[-1]}) must "
        f"be the first size of the right ({b[0] if len(b) == 1 else b[-2]}), and the axes before them must "
        "broadcast; .T transposes a matrix"
    )


def dot_of_ranks(a: Any, b: Any) -> ShapeError:
    return ShapeError(f"dot of shapes {tuple(a)} and {tuple(b)}: both must be vectors; use @ for matrices")


def length_of_number() -> DTypeError:
    return DTypeError("a tensor of rank 0 is a number, and has no length")


def iteration_over_number() -> DTypeError:
    return DTypeError("a tensor of rank 0 is a number, and cannot be iterated over: .item() gives it")


def item_of_many(shape: Any) -> DomainError:
    return DomainError(
        f".item() is for a tensor of one element; the shape is {tuple(shape)}: use .tolist(), or pick one"
    )


def truth_of_many(shape: Any) -> DomainError:
    return DomainError(
        f"a tensor of shape {tuple(shape)} is neither true nor false as a whole: use .all() or .any()"
    )


def seed_invalid(seed: Any) -> DTypeError:
    return DTypeError(f"manual_seed takes an integer of 0 or more; it was given {shown(seed)}")


def fill_not_a_number(shape: Any) -> ShapeError:
    return ShapeError(f"full is filled with one number; it was given a tensor of shape {tuple(shape)}")


def range_invalid(bounds: Any) -> DomainError:
    return DomainError(
        f"the range {shown(bounds)} cannot be walked: give numbers, with a step that is not 0 and leads "
        "from the start to the end"
    )


def not_a_number(data: Any) -> DTypeError:
    return DTypeError(
        f"a Value holds one real number; it was given {shown(data)} of type {type(data).__name__}: use "
        "chainrule.tensor for arrays"
    )
