"""The gradients again, by two other ways: central differences, and PyTorch.

Both compute the recorded graph once more from its leaves, through the forward side of its rows; neither
sees a derivative of ours.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from chainrule.arrays import numpy_namespace
from chainrule.autodiff.graph import Absent
from chainrule.explain.building import shown
from chainrule.explain.derivation import Check
from chainrule.explain.recording import Key, Leaf, Recording, Step

#: Up to so many numbers of a leaf, each is moved by itself; above, all move along one direction.
_EACH = 64
_STEP = 1e-6

Run = Callable[[dict[Key, Any]], Any]


def check(recording: Recording, ids: dict[Key, int], torch: bool | None = None) -> list[Check]:
    """A :class:`Check` for each leaf. ``torch`` is whether PyTorch is asked: None, where installed."""
    if not _replayable(recording.steps):
        return [_unchecked(leaf, ids) for leaf in recording.leaves if leaf.gradient is not None]
    values = {leaf.key: np.asarray(leaf.value, np.float64) for leaf in recording.leaves}
    answers = _torch_gradients(recording, values) if torch is not False else None
    checks = []
    for leaf in recording.leaves:
        if leaf.gradient is not None:
            answer = None if answers is None else answers.get(leaf.key)
            checks.append(_check(recording, values, leaf, ids[leaf.key], answer))
    return checks


def _unchecked(leaf: Leaf, ids: dict[Key, int]) -> Check:
    return Check(ids[leaf.key], shown(leaf.gradient))


def _check(
    recording: Recording, values: dict[Key, Any], leaf: Leaf, variable: int, answer: Any
) -> Check:
    gradient = np.asarray(leaf.gradient, np.float64)
    along = gradient.size > _EACH
    with np.errstate(all="ignore"):
        directions = _directions(gradient.shape, along)
        slopes = np.array([_slope(recording, values, leaf, v) for v in directions])
        ours = np.array([(gradient * v).sum() for v in directions])
        error = _error(ours, slopes)
        kink = bool(error > 1e-3) and _is_kink(recording, values, leaf, directions)
    theirs = None if answer is None else np.array([(answer * v).sum() for v in directions])
    shape = () if along else gradient.shape
    return Check(
        variable=variable,
        gradient=shown(ours.reshape(shape)),
        numerical=shown(slopes.reshape(shape)),
        numerical_error=error,
        torch=None if theirs is None else shown(theirs.reshape(shape)),
        torch_error=None if theirs is None else _error(ours, theirs),
        along=along,
        kink=kink,
    )


def _directions(shape: tuple[int, ...], along: bool) -> list[np.ndarray]:
    if along:
        direction = np.random.default_rng(0).standard_normal(shape)
        return [direction / np.linalg.norm(direction)]
    return list(np.eye(int(np.prod(shape))).reshape((-1, *shape)))


def _error(a: np.ndarray, b: np.ndarray) -> float:
    """The largest difference, relative to the numbers where they are above 1; 0 where both are NaN."""
    same = (a == b) | (np.isnan(a) & np.isnan(b))
    gaps = np.where(same, 0.0, np.abs(a - b) / np.maximum(1.0, np.abs(b)))
    gaps = np.where(np.isnan(gaps), np.inf, gaps)
    return float(gaps.max(initial=0.0))


def _slope(recording: Recording, values: dict[Key, Any], leaf: Leaf, v: np.ndarray) -> float:
    ahead, behind = (_moved(recording, values, leaf, v * h) for h in (_STEP, -_STEP))
    return float((ahead - behind) / (2 * _STEP))


def _is_kink(
    recording: Recording, values: dict[Key, Any], leaf: Leaf, directions: Sequence[np.ndarray]
) -> bool:
    """Whether the slopes to the left and to the right differ somewhere."""
    here = _moved(recording, values, leaf, 0.0)
    for v in directions:
        right = (_moved(recording, values, leaf, v * _STEP) - here) / _STEP
        left = (here - _moved(recording, values, leaf, -v * _STEP)) / _STEP
        if abs(right - left) > 1e-3 * max(1.0, abs(left)):
            return True
    return False


def _moved(recording: Recording, values: dict[Key, Any], leaf: Leaf, by: Any) -> Any:
    """The result with one leaf moved, times the cotangent that the way back started from."""
    moved = {**values, leaf.key: values[leaf.key] + by}
    result = replay(recording.steps, moved, _run)
    return (np.asarray(result) * recording.seed).sum()


def _run(step: Step, args: list[Any]) -> Any:
    if step.row.name == "astype" and np.dtype(step.attrs["dtype"]).kind == "f":
        return args[0]  # the check stays in float64 all the way
    return step.row.forward(numpy_namespace, *args, **step.attrs)


def replay(
    steps: Sequence[Step], leaves: dict[Key, Any], run: Callable[[Step, list[Any]], Any]
) -> Any:
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


def _replayable(steps: Sequence[Step]) -> bool:
    """Whether every operand that is no variable of the graph is still there."""
    return not any(
        parent is None and (saved is None or isinstance(saved, Absent))
        for step in steps
        for parent, saved in zip(step.parents, step.saved[1:], strict=True)
    )


def _torch_gradients(recording: Recording, values: dict[Key, Any]) -> dict[Key, Any] | None:
    """PyTorch's gradients of the same program, in float64; None where there is no PyTorch."""
    if importlib.util.find_spec("torch") is None:
        return None
    from chainrule.explain.torch_witness import gradients

    return gradients(recording, values)
