"""The recorded program once more, forward, on other numbers or in another library."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from chainrule.explain.recording import Key, Step


def replay(steps: Sequence[Step], leaves: dict[Key, Any], run: Callable[[Step, list[Any]], Any]) -> Any:
    """The forward pass again, from the values of the leaves: the last step's result."""
    values = dict(leaves)
    for step in steps:
        args = [
            _given(saved) if parent is None else values[parent]
            for parent, saved in zip(step.parents, step.saved[1:], strict=True)
        ]
        values[step.key] = run(step, args)
    return values[steps[-1].key]


def _given(saved: Any) -> Any:
    if isinstance(saved, np.ndarray) and saved.dtype.kind == "f":
        return saved.astype(np.float64)
    return saved
