"""A loss whose prediction and target broadcast: it works, and is said once for each line of code.

A prediction of shape (N, 1) against a target of shape (N,) is the classic case: the difference is
an N × N table, the loss is a number like any other, and the network learns the average.
"""

from __future__ import annotations

import warnings
from types import CodeType
from typing import Any

import numpy as np

from chainrule import errors
from chainrule.origin import caller
from chainrule.tensor import Tensor

# The lines that were told already. The code object is part of the key because every statement
# typed into a prompt is line 1 of the same file.
_told: set[tuple[CodeType, str, int]] = set()


def check_pairs(where: str, prediction: Any, target: Any) -> None:
    """Refuses shapes that cannot be compared, and warns of shapes that only broadcasting joins."""
    for argument, value in (("the input", prediction), ("the target", target)):
        if not isinstance(value, Tensor):
            raise errors.tensor_expected(where, argument, value)
    left, right = tuple(prediction.shape), tuple(target.shape)
    if left == right:
        return
    try:
        result = np.broadcast_shapes(left, right)
    except ValueError:
        raise errors.loss_shapes_differ(where, left, right) from None
    # Against one number there is nothing to pair wrongly.
    if prediction.numel() != 1 and target.numel() != 1:
        _warn_once(errors.loss_broadcast(where, left, right, result))


def _warn_once(warning: errors.BroadcastWarning) -> None:
    frame = caller()
    line = (frame.f_code, frame.f_code.co_filename, frame.f_lineno)
    if line in _told:
        return
    warnings.warn_explicit(
        warning,
        None,
        frame.f_code.co_filename,
        frame.f_lineno,
        module=frame.f_globals.get("__name__", "<unknown>"),
        source=None,
    )
    # After the warning, so that a filter that turns it into an error does so every time.
    _told.add(line)
