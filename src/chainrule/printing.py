"""The text of a tensor: what ``print`` shows, character for character as PyTorch shows it.

A learner runs the same cell in both libraries and compares the outputs, so the spacing, the line
breaks and the quirks below are PyTorch's, at its default print options:

* all the numbers of a tensor share one style, chosen from the finite, non-zero numbers that are
  shown: whole (``1.``), decimal (``1.5000``) or scientific (``1.5000e+09``);
* beyond 1000 elements, only three at each end of each axis are shown, and only those are looked at;
* zeros, nan and inf do not count when the common width is chosen, so that a line of zeros may run
  past column 80.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from chainrule import errors

_DIGITS = 4  # after the point
_LINE_WIDTH = 80
_THRESHOLD = 1000  # above this many elements, the middle of each long axis is left out
_EDGE = 3  # elements kept at each end of such an axis
_OPENING = "tensor("

_WIDEST_RATIO = 1000.0  # largest over smallest magnitude, above which the style is scientific
_LARGEST_PLAIN = 1e8
_SMALLEST_PLAIN = 1e-4

_SILENT_DTYPES = frozenset({"float32", "int64", "bool"})  # the dtypes that literals are given


def format_tensor(array: np.ndarray, *, requires_grad: bool = False, grad_fn: str | None = None) -> str:
    """The text that PyTorch 2.13 prints, with its default options, for a tensor of these values.

    ``array`` has any shape and a real, integer or bool dtype. ``grad_fn`` is the name of the
    operation that made the tensor, such as ``"PowBackward0"``; where it is given, it is shown in
    place of ``requires_grad``. The dtype is shown unless it is float32, int64 or bool (an empty
    tensor shows every dtype but float32, since no element tells it).

    Raises ``DTypeError`` if ``array`` is not a NumPy array, or holds complex numbers or objects.

    >>> format_tensor(np.array([1.0, 2.5], dtype=np.float32), requires_grad=True)
    'tensor([1.0000, 2.5000], requires_grad=True)'
    >>> print(format_tensor(np.array(1.0), grad_fn="PowBackward0"))
    tensor(1., dtype=torch.float64, grad_fn=<PowBackward0>)
    """
    if not isinstance(array, np.ndarray):
        raise errors.not_printable(type(array).__name__)
    if array.dtype.kind not in "fiub":
        raise errors.not_printable(f"an array of {array.dtype.name}")
    suffixes = []
    if array.size == 0:
        body = "[]"
        if array.ndim != 1:
            suffixes.append(f"size={array.shape}")
        dtype_is_shown = array.dtype.name != "float32"
    else:
        body = _body(array)
        dtype_is_shown = array.dtype.name not in _SILENT_DTYPES
    if dtype_is_shown:
        suffixes.append(f"dtype=torch.{array.dtype.name}")
    if grad_fn is not None:
        suffixes.append(f"grad_fn=<{grad_fn}>")
    elif requires_grad:
        suffixes.append("requires_grad=True")
    return _with_suffixes(_OPENING + body, suffixes)


def _body(array: np.ndarray) -> str:
    """The numbers and their brackets."""
    summarised = array.size > _THRESHOLD
    shown = _edges(array) if summarised else array
    texts, width = _float_texts(shown) if array.dtype.kind == "f" else _exact_texts(shown)
    if array.ndim == 0:
        return texts[0]
    cells = np.array(texts, dtype=object).reshape(shown.shape)
    gaps = [summarised and size > 2 * _EDGE for size in array.shape]
    return _nested(cells, gaps, len(_OPENING), width)


def _edges(array: np.ndarray) -> np.ndarray:
    """The elements that are shown of a large array: both ends of each long axis."""
    ends = [*range(_EDGE), *range(-_EDGE, 0)]
    return array[np.ix_(*(ends if size > 2 * _EDGE else range(size) for size in array.shape))]


def _exact_texts(shown: np.ndarray) -> tuple[list[str], int]:
    """Integers and bools, aligned to the right, and their common width."""
    texts = [str(value) for value in shown.ravel().tolist()]
    width = max(map(len, texts))
    return [text.rjust(width) for text in texts], width


def _float_texts(shown: np.ndarray) -> tuple[list[str], int]:
    """Floats in one common style, aligned to the right, and their common width."""
    values = shown.astype(np.float64).ravel()
    counted = values[np.isfinite(values) & (values != 0)].tolist()
    style = _float_style(counted)
    width = max((len(style(value)) for value in counted), default=1)
    return [style(value).rjust(width) for value in values.tolist()], width


def _float_style(counted: list[float]) -> Callable[[float], str]:
    """How to write each float of a tensor whose finite, non-zero values are ``counted``."""
    if not counted:
        return _whole
    magnitudes = [abs(value) for value in counted]
    smallest, largest = min(magnitudes), max(magnitudes)
    whole = all(value.is_integer() for value in counted)
    if largest / smallest > _WIDEST_RATIO or largest > _LARGEST_PLAIN:
        return _scientific
    if whole:
        return _whole
    return _scientific if smallest < _SMALLEST_PLAIN else _decimal


def _whole(value: float) -> str:
    return f"{value:.0f}." if math.isfinite(value) else f"{value:.0f}"


def _decimal(value: float) -> str:
    return f"{value:.{_DIGITS}f}"


def _scientific(value: float) -> str:
    return f"{value:.{_DIGITS}e}"


def _nested(cells: np.ndarray, gaps: list[bool], indent: int, width: int) -> str:
    """``cells`` in nested brackets, of which the first opens at column ``indent``.

    ``gaps`` tells, for each axis, whether its middle was left out.
    """
    newline = "\n" + " " * (indent + 1)
    if cells.ndim > 1:
        blocks = [_nested(block, gaps[1:], indent + 1, width) for block in cells]
        if gaps[0]:
            blocks.insert(_EDGE, "...")
        # One blank line more between blocks for each axis more inside them.
        return "[" + ("," + "\n" * (cells.ndim - 2) + newline).join(blocks) + "]"
    items = cells.tolist()
    if gaps[0]:
        items.insert(_EDGE, " ...")
    per_line = max(1, (_LINE_WIDTH - indent) // (width + len(", ")))
    lines = [", ".join(items[i : i + per_line]) for i in range(0, len(items), per_line)]
    return "[" + ("," + newline).join(lines) + "]"


def _with_suffixes(text: str, suffixes: list[str]) -> str:
    """``text`` closed after its ``suffixes``, each on a new line where it would not fit."""
    # Two columns of reserve on the line that ends the numbers, none on the next: PyTorch's count.
    column = len(text) - (text.rfind("\n") + 1) + 2
    for suffix in suffixes:
        if column + len(suffix) + 2 > _LINE_WIDTH:
            text += ",\n" + " " * len(_OPENING) + suffix
            column = len(_OPENING) + len(suffix)
        else:
            text += ", " + suffix
            column += len(suffix) + 2
    return text + ")"
