"""What may stand between the brackets of ``x[…]``, checked, as numpy's index."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule import eager, errors

_BASIC = (int, np.integer, slice, type(None), type(Ellipsis))


def raw_key(key: Any, shape: tuple[int, ...]) -> Any:
    """``key`` with tensors and lists as arrays.

    Raises IndexOutOfRangeError for an index outside of its axis, for too many indices, and for a mask
    of another shape; DTypeError for what is no index at all.
    """
    parts = key if isinstance(key, tuple) else (key,)
    raw = tuple(_part(part) for part in parts)
    _check(raw, shape)
    return raw if isinstance(key, tuple) else raw[0]


def _part(part: Any) -> Any:
    if isinstance(part, bool):
        raise errors.index_type(part)
    if isinstance(part, slice):
        return slice(_bound(part.start), _bound(part.stop), _step(part.step))
    if isinstance(part, _BASIC):
        return int(part) if isinstance(part, np.integer) else part
    array = getattr(part, "_data", part)
    if eager.brought is not None and (traced := _traced(array)) is not None:
        return traced
    try:
        array = np.array(array)  # a copy: the way back uses it too, whatever becomes of the original
    except ValueError:
        raise errors.index_type(part) from None
    if array.size == 0 and isinstance(part, list):
        array = array.astype(np.int64)
    if array.dtype.kind not in "iub":
        raise errors.index_type(part)
    return int(array) if array.ndim == 0 and array.dtype.kind != "b" else array


def _traced(array: Any) -> Any:
    """An index array as a trace knows it. A mask that is known now stays as it is: how many numbers it
    picks decides a shape."""
    if isinstance(array, np.ndarray) and array.dtype.kind == "b":
        return None
    found = eager.brought(array) if eager.brought is not None else None
    if found is not None and found.dtype.kind not in "iub":
        raise errors.index_type(array)
    return None if found is None else found.copy()


def picked_shape(raw: Any, array: Any) -> tuple[int, ...]:
    """The shape of ``array[raw]``."""
    if not isinstance(raw, tuple) and _is_mask(raw) and not isinstance(raw, np.ndarray):
        return ()  # how many a traced mask picks is not known: one number fits all of them
    found: tuple[int, ...] = array[raw].shape
    return found


def _bound(bound: Any) -> Any:
    if bound is None:
        return None
    try:
        return int(getattr(bound, "_data", bound).__index__())
    except errors.TraceError:
        raise
    except (AttributeError, TypeError):
        raise errors.index_type(bound) from None


def _step(step: Any) -> Any:
    step = _bound(step)
    if step == 0:
        raise errors.slice_step_zero()
    return step


def _check(raw: tuple[Any, ...], shape: tuple[int, ...]) -> None:
    taken = sum(
        0 if part is None or part is Ellipsis else part.ndim if _is_mask(part) else 1 for part in raw
    )
    if taken > len(shape):
        raise errors.too_many_indices(taken, shape)
    if sum(part is Ellipsis for part in raw) > 1:
        raise errors.two_ellipses()
    axis = 0
    for part in raw:
        if part is Ellipsis:
            axis += len(shape) - taken
        elif _is_mask(part):
            if part.shape != shape[axis : axis + part.ndim]:
                raise errors.mask_shape(part.shape, shape)
            axis += part.ndim
        elif part is not None:
            if not isinstance(part, slice):
                _check_range(part, shape[axis], axis)
            axis += 1
    _check_together([part for part in raw if hasattr(part, "ndim")])


def _check_together(arrays: list[Any]) -> None:
    """Several index arrays pick together, and have to broadcast: a mask as the places that it holds."""
    if any(_is_mask(a) and not isinstance(a, np.ndarray) for a in arrays):
        return  # a traced mask is refused, or used, by the trace
    shapes = [(int(np.count_nonzero(a)),) if _is_mask(a) else a.shape for a in arrays]
    try:
        np.broadcast_shapes(*shapes)
    except ValueError:
        raise errors.indices_do_not_broadcast(shapes) from None


def _is_mask(part: Any) -> bool:
    return hasattr(part, "ndim") and part.dtype.kind == "b"


def _check_range(part: Any, length: int, axis: int) -> None:
    if not isinstance(part, (int, np.ndarray)):
        return  # traced: compiled code looks when it has the numbers
    places = np.asarray(part)
    if places.size:
        low, high = int(places.min()), int(places.max())
        if low < -length or high >= length:
            raise errors.index_out_of_range(low if low < -length else high, length, "x[…]", axis)
