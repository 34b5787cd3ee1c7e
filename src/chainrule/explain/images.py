"""Arrays of too many numbers to show, as small pictures of them: the means of blocks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from chainrule.arrays import numpy_namespace
from chainrule.autodiff.graph import SMALL

if TYPE_CHECKING:
    from chainrule.explain.recording import Key, Recording, Step

#: At most so many cells, each way.
_CELLS = 32

#: Of a larger array no picture is made.
_MOST = 4_000_000

_DIGITS = 4


class Cells(NamedTuple):
    """A picture of an array: its shape, the rows of cells, and its least and greatest finite number."""

    shape: tuple[int, ...]
    numbers: list[list[float]]
    low: float
    high: float


def image(array: Any) -> Cells | None:
    """A picture of ``array``; None where it is small enough to be shown, larger than four million numbers,
    or no array of real numbers.

    It is seen as a matrix: a vector is one row, and the leading axes of three are merged into rows. Of four
    axes or more the last two are tiles, which the axis before them sets side by side and the others one
    below the other: a batch of images has an image to a row of tiles, and a channel to a column.

    >>> import numpy
    >>> image(numpy.arange(100.0)).numbers[0][:4]
    [1.0, 4.0, 7.0, 10.0]
    """
    if not isinstance(array, np.ndarray) or array.dtype.kind not in "fiub":
        return None
    if not SMALL < array.size <= _MOST or array.ndim == 0:
        return None
    with np.errstate(all="ignore"):
        low, high = _extremes(array)
        means = _means(_matrix(array), max(abs(low), abs(high)))
        rows = _rounded(means).tolist()
        least, greatest = _rounded(np.array([low, high])).tolist()
    return Cells(tuple(array.shape), rows, least, greatest)


def _matrix(array: np.ndarray) -> np.ndarray:
    if array.ndim < 4:
        return array.reshape(-1, array.shape[-1])
    across, height, width = array.shape[-3:]
    tiles = array.reshape(-1, across, height, width).swapaxes(1, 2)
    return tiles.reshape(-1, across * width)


def _extremes(array: np.ndarray) -> tuple[float, float]:
    """The least and the greatest finite number; 0 and 0 where there is none."""
    low, high = float(array.min()), float(array.max())
    if np.isfinite(low) and np.isfinite(high):
        return low, high
    finite = array[np.isfinite(array)]
    return (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)


def _means(matrix: np.ndarray, largest: float) -> np.ndarray:
    """The means of its blocks; those of a block with a NaN or an infinity are what sums make of them."""
    small = 2.0**-30 if largest > 1e290 else 1.0  # else a sum could overflow
    sums: Any = matrix * small if small != 1.0 else matrix
    for axis in (1, 0):
        size = matrix.shape[axis]
        if size > _CELLS:
            starts = np.arange(_CELLS) * size // _CELLS
            sums = np.add.reduceat(sums, starts, axis=axis, dtype=np.float64)
            lengths = np.diff(starts, append=size)
            sums = sums / (lengths if axis == 1 else lengths[:, None])
    return np.asarray(sums, np.float64) / small


def _rounded(numbers: np.ndarray) -> np.ndarray:
    """To few digits, so that they are short when they are written."""
    size = np.abs(numbers)
    exponent = np.floor(np.log10(np.where(np.isfinite(size) & (size > 0), size, 1.0)))
    # a power of ten is exact as a whole number, and one of a fraction is not: multiply by or divide
    places = np.clip(_DIGITS - 1 - exponent, -308, 308)
    up, down = 10.0 ** np.maximum(places, 0), 10.0 ** np.maximum(-places, 0)
    rounded = np.where(places >= 0, np.round(numbers * up) / up, np.round(numbers / down) * down)
    return np.where(np.isfinite(rounded), rounded, numbers) + 0.0  # −0 is 0


def values(recording: Recording) -> Iterator[tuple[Key, Cells]]:
    """A picture of each large array that the recorded operations computed or were given, where it is still
    there as it was, or where it can be computed again from what is."""
    seen = set()
    for key, array in _arrays(recording):
        if key not in seen and (found := image(array)) is not None:
            seen.add(key)
            yield key, found


def _arrays(recording: Recording) -> Iterator[tuple[Key, Any]]:
    """The arrays of all variables, in the order of the forward pass. A result that no operation has kept is
    computed again, and let go of after it is read for the last time."""
    known: dict[Key, Any] = {leaf.key: leaf.value for leaf in recording.leaves}
    yield from known.items()
    last: dict[Key, Step] = {}
    for step in recording.steps:
        for key, saved in zip(step.parents, step.saved[1:], strict=True):
            if key is not None:
                last[key] = step
                if recording.intact(saved):
                    known.setdefault(key, saved)
    for step in recording.steps:
        operands = [
            saved if parent is None else known.get(parent)
            for parent, saved in zip(step.parents, step.saved[1:], strict=True)
        ]
        for key, parent, operand in zip(step.keys, step.parents, operands, strict=True):
            if parent is None and recording.intact(operand):
                yield key, operand
        out = step.saved[0] if recording.intact(step.saved[0]) else known.get(step.key)
        if out is None and all(recording.intact(operand) for operand in operands):
            out = _again(step, operands)
        if out is not None:
            known[step.key] = out
            yield step.key, out
        for parent in step.parents:
            if parent is not None and last[parent] is step:
                known.pop(parent, None)


def _again(step: Step, operands: list[Any]) -> Any:
    with np.errstate(all="ignore"):
        return step.row.forward(numpy_namespace, *operands, **step.attrs)
