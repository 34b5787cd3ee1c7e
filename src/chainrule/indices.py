"""What may stand between the brackets of ``x[…]``, checked, as numpy's index."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule import errors

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
    try:
        array = np.array(array)  # a copy: the way back uses it too, whatever becomes of the original
    except ValueError:
        raise errors.index_type(part) from None
    if array.size == 0 and isinstance(part, list):
        array = array.astype(np.int64)
    if array.dtype.kind not in "iub":
        raise errors.index_type(part)
    return int(array) if array.ndim == 0 and array.dtype.kind != "b" else array


def _bound(bound: Any) -> Any:
    if bound is None:
        return None
    try:
        return int(getattr(bound, "_data", bound).__index__())
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
    _check_together([part for part in raw if isinstance(part, np.ndarray)])


def _check_together(arrays: list[Any]) -> None:
    """Several index arrays pick together, and have to broadcast: a mask as the places that it holds."""
    shapes = [(int(np.count_nonzero(a)),) if _is_mask(a) else a.shape for a in arrays]
    try:
        np.broadcast_shapes(*shapes)
    except ValueError:
        raise errors.indices_do_not_broadcast(shapes) from None


def _is_mask(part: Any) -> bool:
    return isinstance(part, np.ndarray) and part.dtype.kind == "b"


def _check_range(part: Any, length: int, axis: int) -> None:
    places = np.asarray(part)
    if places.size:
        low, high = int(places.min()), int(places.max())
        if low < -length or high >= length:
            raise errors.index_out_of_range(low if low < -length else high, length, "x[…]", axis)
