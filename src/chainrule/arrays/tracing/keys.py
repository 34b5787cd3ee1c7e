"""What stands between the brackets of ``x[…]``, taken apart: all that numpy takes.

A mask that is known now becomes the places that it holds. One that is itself computed would pick as many
numbers as it turns out to hold: a shape that depends on data has no program.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from chainrule import errors
from chainrule.arrays.tracing.array import Traced
from chainrule.arrays.tracing.trace import place_now
from chainrule.compiler.keys import slice_of

Shape = tuple[int, ...]


class Picks(NamedTuple):
    """How a key picks from an array, stage by stage."""

    basic: tuple[
        int | slice, ...
    ]  # an index or a slice for each of the first axes; () for all that there is
    part: Shape  # the shape after these
    viewed: Shape  # the same, with the new axes
    arrays: list[tuple[int, Any]]  # the axes of that which arrays pick from, and these
    front: bool  # whether what they pick comes first, because they do not stand together


#: For an axis that the key does not name.
_REST = slice(None)


def picks_of(key: Any, shape: Shape) -> Picks:
    """``key`` taken apart. Raises IndexError, as numpy does, where it does not fit ``shape``."""
    parts, gap = _parts(key, shape)
    picking = [n for n, part in enumerate(parts) if part is not None and not isinstance(part, slice)]
    together = not picking or (
        picking[-1] - picking[0] + 1 == len(picking) and not picking[0] < gap <= picking[-1]
    )
    basic: list[int | slice] = []
    part_shape: list[int] = []
    viewed: list[int] = []
    arrays: list[tuple[int, Any]] = []
    said = 0  # how many of the basic parts say something
    for part in parts:
        if part is None:
            viewed.append(1)
            continue
        n = shape[len(basic)]
        if isinstance(part, int):
            basic.append(part % n if -n <= part < n else refuse(key, shape))
            said = len(basic)
            continue
        taken = range(*part.indices(n)) if isinstance(part, slice) else range(n)
        basic.append(slice_of(taken))
        if isinstance(part, slice):
            said = said if part is _REST else len(basic)
        else:
            arrays.append((len(viewed), part))
        part_shape.append(len(taken))
        viewed.append(part_shape[-1])
    return Picks(tuple(basic[:said]), tuple(part_shape), tuple(viewed), arrays, not together)


def _parts(key: Any, shape: Shape) -> tuple[list[Any], int]:
    """A part for each axis, and None for each new one; masks as the places that they hold. And where "..."
    stands: it keeps the parts on its sides apart even where it names no axis."""
    parts: list[Any] = []
    for part in key if isinstance(key, tuple) else (key,):
        if isinstance(part, (list, np.ndarray)) and (mask := np.asarray(part)).dtype == bool:
            if not mask.ndim:
                raise errors.traced_index(part, place_now())
            _among(key, shape)
            parts += mask.nonzero()
        else:
            parts.append(_checked(part))
    taken = sum(part is not None and part is not Ellipsis for part in parts)
    left = len(shape) - taken
    if left < 0 or sum(part is Ellipsis for part in parts) > 1:
        refuse(key, shape)
    at = next((n for n, part in enumerate(parts) if part is Ellipsis), len(parts))
    return [*parts[:at], *[_REST] * left, *parts[at + 1 :]], at


def _checked(part: Any) -> Any:
    if part is None or part is Ellipsis or isinstance(part, slice):
        return part
    if isinstance(part, Traced):
        if part.dtype.kind == "b":
            raise errors.traced_mask(str(part.type), place_now())
        if part.dtype.kind == "i":
            return part
    elif isinstance(part, (int, np.integer)) and not isinstance(part, bool):
        return int(part)
    elif isinstance(part, (list, np.ndarray)):
        array = np.asarray(part)
        if array.dtype.kind in "iu" or not array.size:
            return int(array) if not array.ndim else array
    raise errors.traced_index(part, place_now())


def refuse(key: Any, shape: Shape) -> Any:
    """Have numpy say what is wrong with ``key``."""
    _among(key, shape)
    raise IndexError(key)


def _among(key: Any, shape: Shape) -> None:
    """Raises what numpy raises for ``key``, computed indices taken for 0."""
    parts = key if isinstance(key, tuple) else (key,)
    known = tuple(np.zeros(part.shape, int) if isinstance(part, Traced) else part for part in parts)
    np.broadcast_to(False, shape)[known]
