"""The gradients again, by two other ways: central differences, and PyTorch.

Both compute the recorded graph once more from its leaves, through the forward side of its rows; neither
sees a derivative of ours.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from chainrule.arrays import numpy_namespace
from chainrule.explain.building import shown
from chainrule.explain.derivation import Check
from chainrule.explain.recording import Key, Leaf, Recording, Step
from chainrule.explain.replay import replay
from chainrule.primitives.row import Elementwise

#: Up to so many numbers of a leaf, each is moved by itself; above, all move along one direction.
_EACH = 64

#: The steps of the differences, relative to the size of the number moved. The first serves nearly always;
#: the others are for results so large, or functions so steep, that it loses too many digits.
_STEP, *_OTHER_STEPS = 1e-6, 1e-5, 1e-4, 1e-3, 1e-8
_GOOD, _GOOD_ENOUGH = 1e-6, 1e-5  # an error up to here asks for no other step; in a large graph
_BAD = 1e-4  # an error from here on asks for an explanation

_ROUNDINGS = 8  # so many of its last digits a result may be wrong by

#: The operations whose slope jumps: at 0, or where two of their numbers are equal.
_KINKED = frozenset({"abs", "relu", "maximum", "minimum", "clamp", "max", "min"})

#: The slopes to the left and to the right, one for each direction.
Sides = tuple[np.ndarray, np.ndarray]

#: Computed variables are moved where that makes no more operations than this.
_MOST_WORK = 20_000

#: Leaves are, as long as it makes no more than this.
_MOST_WORK_LEAVES = 200_000

#: So many moves of a scalar graph are computed at once, in arrays.
_AT_ONCE = 64


def check(recording: Recording, ids: dict[Key, int], torch: bool | None = None) -> list[Check]:
    """A :class:`Check` for each leaf. ``torch`` is whether PyTorch is asked: None, where installed."""
    leaves = [leaf for leaf in recording.leaves if leaf.gradient is not None]
    if not _replayable(recording):
        return [Check(ids[leaf.key], shown(leaf.gradient)) for leaf in leaves]
    again = _Replay(recording)
    answers = (_torch_gradients(recording, again.values) if torch is not False else None) or {}
    moved = again.affordable(leaves)
    slopes = {leaf.key: found for leaf, found in zip(moved, again.refined(moved), strict=True)}
    if again.tied:
        again.look_aside(moved)
    return [
        _check(again, leaf, ids[leaf.key], slopes[leaf.key], answers.get(leaf.key))
        if leaf.key in slopes
        else _unmoved(leaf, ids[leaf.key], answers.get(leaf.key))
        for leaf in leaves
    ]


def check_inner(recording: Recording, ids: dict[Key, int]) -> list[Check]:
    """A :class:`Check` for each computed variable but the result: the slope when it alone is moved.

    Only for graphs of so few numbers that this takes no time; of others, none.
    """
    totals = {event.step.key: event.g for event in recording.events}
    inner = [
        Leaf(step.key, np.asarray(step.saved[0]), totals.get(step.key))
        for step in recording.steps
        if step.key != recording.root and isinstance(step.saved[0], (np.ndarray, np.generic))
    ]
    moved = [one for one in inner if one.gradient is not None and one.value.size <= _EACH]
    again = _Replay(recording, [(one.key, one.value) for one in moved])
    work = sum(one.value.size for one in moved) * len(recording.steps) / (_AT_ONCE if again.scalar else 1)
    if not moved or work > _MOST_WORK or not _replayable(recording):
        return []
    slopes = again.refined(moved)
    if again.tied:
        again.look_aside(moved)
    return [_check(again, one, ids[one.key], slope, None) for one, slope in zip(moved, slopes, strict=True)]


def _unmoved(leaf: Leaf, variable: int, answer: Any) -> Check:
    """A gradient beside PyTorch's alone."""
    if answer is None:
        return Check(variable, shown(leaf.gradient))
    ours = np.asarray(leaf.gradient, np.float64)
    error = float(_from_torch(ours, answer, leaf.value.dtype).max(initial=0.0))
    return Check(variable, shown(leaf.gradient), torch=shown(answer), torch_error=error)


def _check(again: _Replay, leaf: Leaf, variable: int, slopes: Any, answer: Any) -> Check:
    shape, along = leaf.value.shape, leaf.value.size > again.each
    ours, theirs = _along(leaf.gradient, along), _along(answer, along)
    error = float(_from_slopes(ours, slopes).max(initial=0.0))
    shape = () if along else shape
    return Check(
        variable=variable,
        gradient=shown(ours.reshape(shape)),
        numerical=shown(slopes.reshape(shape)),
        numerical_error=error,
        torch=None if theirs is None else shown(theirs.reshape(shape)),
        torch_error=None
        if theirs is None
        else float(_from_torch(ours, theirs, leaf.value.dtype).max(initial=0.0)),
        along=along,
        kink=(error > _BAD or again.tied) and again.at_kink(leaf, ours),
    )


def _along(gradient: Any, along: bool) -> Any:
    """The slopes that ``gradient`` claims for the directions in which its leaf is moved."""
    if gradient is None:
        return None
    flat = np.asarray(gradient, np.float64).ravel()
    return np.array([(flat * _directions(flat.size, True)[0]).sum()]) if along else flat


def _directions(size: int, along: bool) -> Sequence[np.ndarray]:
    if along:
        direction = np.random.default_rng(0).standard_normal(size)
        return [direction / np.linalg.norm(direction)]
    return list(np.eye(size))


def _gaps(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The differences, relative to the numbers where they are above 1. A gradient that is infinite, or NaN
    where the slope is too, cannot be compared: 0."""
    with np.errstate(all="ignore"):
        gaps = np.abs(a - b) / np.maximum(1.0, np.abs(b))
    same = (a == b) | np.isinf(a) | (np.isnan(a) & ~np.isfinite(b))
    return np.where(same, 0.0, np.where(np.isnan(gaps), np.inf, gaps))


def _from_slopes(ours: np.ndarray, slopes: np.ndarray) -> np.ndarray:
    """The gaps from central differences. Where these overflow, or are NaN, there is none to compare: 0."""
    return np.where(np.isfinite(slopes), _gaps(ours, slopes), 0.0)


def _from_torch(ours: np.ndarray, theirs: np.ndarray, dtype: Any) -> np.ndarray:
    """The gaps from PyTorch's gradients, which are infinite where ours are: in ``dtype``, at least."""
    with np.errstate(all="ignore"):
        same = theirs.astype(dtype) == ours
    return np.where(np.isinf(ours) & ~same, np.inf, _gaps(ours, theirs))


class _Replay:
    """The recorded forward pass again, in float64, with leaves moved, or computed variables: ``inner``
    gives those, and their values."""

    def __init__(self, recording: Recording, inner: Sequence[tuple[Key, np.ndarray]] = ()) -> None:
        self.recording = recording
        self.known_sides: dict[Key, tuple[Sides, Sides]] = {}
        self.values = {leaf.key: np.asarray(leaf.value, np.float64) for leaf in recording.leaves}
        self.scalar = all(
            step.shape == () and isinstance(step.row, Elementwise) for step in recording.steps
        ) and not any(value.shape for value in self.values.values())
        self.sizes = {**self.values, **dict(inner)}
        self.each = _EACH  # the most numbers of a variable of which each is moved by itself
        self.good = _GOOD

    def affordable(self, leaves: Sequence[Leaf]) -> Sequence[Leaf]:
        """The leaves that can be moved in good time: all; in a large graph each along one direction;
        in a very large one the first and the last."""
        one_move = 2 * len(self.recording.steps) / (_AT_ONCE if self.scalar else 1)
        most = int(_MOST_WORK_LEAVES / one_move)
        if sum(leaf.value.size if leaf.value.size <= self.each else 1 for leaf in leaves) > most:
            self.each, self.good = 1, _GOOD_ENOUGH
        if len(leaves) <= most:
            return leaves
        last = most // 2
        return [*leaves[: most - last], *leaves[len(leaves) - last :]]

    def slopes(self, leaves: Iterable[Leaf], step: float = _STEP) -> list[np.ndarray]:
        """The central differences of each leaf, one for each direction."""
        with np.errstate(all="ignore"):
            return [(ahead - behind) / (2 * h) for ahead, behind, h in self._around(leaves, step)]

    def sides(self, leaves: Iterable[Leaf], step: float) -> list[Sides]:
        """The slopes to the left and to the right of each leaf, one for each direction."""
        with np.errstate(all="ignore"):
            return [
                ((self._here - behind) / h, (ahead - self._here) / h)
                for ahead, behind, h in self._around(leaves, step)
            ]

    @cached_property
    def _here(self) -> np.ndarray:
        return np.asarray(self._result({})).sum()

    def _around(
        self, leaves: Iterable[Leaf], step: float
    ) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """For each leaf: the results ahead and behind, one for each direction, and how far away."""
        moves: list[tuple[Key, np.ndarray]] = []
        steps: list[np.ndarray] = []
        for leaf in leaves:
            sizes, directions = self._moves(leaf, step)
            steps.append(sizes)
            for h, v in zip(sizes, directions, strict=True):
                moves += [(leaf.key, v * h), (leaf.key, v * -h)]
        results = self.results(moves)
        found, at = [], 0
        for sizes in steps:
            ahead, behind = results[at : at + 2 * len(sizes)].reshape(-1, 2).T
            found.append((ahead, behind, sizes))
            at += 2 * len(sizes)
        return found

    def _moves(self, leaf: Leaf, step: float) -> tuple[np.ndarray, list[np.ndarray]]:
        """How far along each direction, and the directions, in the shape of the leaf."""
        value = np.asarray(self.sizes[leaf.key], np.float64)
        along = value.size > self.each
        sizes = np.maximum(1.0, np.abs(value.ravel()))
        sizes = np.where(np.isfinite(sizes), sizes, 1.0) * step
        directions = [v.reshape(value.shape) for v in _directions(value.size, along)]
        return (sizes.max(keepdims=True) if along else sizes), directions

    def refined(self, leaves: Sequence[Leaf]) -> list[np.ndarray]:
        """The central differences of each leaf, with other steps where they disagree with its gradient: a
        true gradient agrees with the best of them, a wrong one with none, and is held against the first."""
        first = self.slopes(leaves)
        ours = [_along(leaf.gradient, leaf.value.size > self.each) for leaf in leaves]
        best = list(first)
        for step in (*_OTHER_STEPS, None):
            doubtful = [
                place
                for place, (mine, slopes) in enumerate(zip(ours, best, strict=True))
                if _gaps(mine, slopes).max(initial=0.0) > self.good
            ]
            for place, other in self._with_step([(place, leaves[place]) for place in doubtful], step):
                closer = _gaps(ours[place], other) < _gaps(ours[place], best[place])
                best[place] = np.where(closer, other, best[place])
        kept = [
            slopes if _from_slopes(mine, slopes).max(initial=0.0) <= _BAD else before
            for mine, slopes, before in zip(ours, best, first, strict=True)
        ]
        return [self._measured(*one) for one in zip(leaves, ours, kept, strict=True)]

    def _measured(self, leaf: Leaf, ours: np.ndarray, slopes: np.ndarray) -> np.ndarray:
        """``slopes``, with NaN for those that disagree with ``ours`` by no more than the rounding of the
        result may do, even with the longest of the steps."""
        lengths, _ = self._moves(leaf, max(_OTHER_STEPS))
        rounding = _ROUNDINGS * np.finfo(np.float64).eps * np.abs(self._here) / lengths
        with np.errstate(all="ignore"):
            is_lost = np.abs(ours - slopes) <= rounding
        return np.where(is_lost & (_gaps(ours, slopes) > _GOOD_ENOUGH), np.nan, slopes)

    def _with_step(
        self, leaves: Sequence[tuple[int, Leaf]], step: float | None
    ) -> Iterator[tuple[int, np.ndarray]]:
        """The central differences of numbered leaves; where ``step`` is None, each with one that is small
        beside the least of its numbers."""
        if step is not None:
            found = self.slopes([leaf for _, leaf in leaves], step) if leaves else []
            yield from zip((place for place, _ in leaves), found, strict=True)
            return
        for place, leaf in leaves:
            small = np.abs(self.sizes[leaf.key])
            least = float(np.min(small, initial=1.0, where=small > 0))
            if least < 1:
                yield place, self.slopes([leaf], least * _STEP)[0]

    @cached_property
    def tied(self) -> bool:
        """Whether some operation stands exactly on its kink. Where none does, central differences that
        agree have found no kink, and the two sides need not be looked at."""
        found = False

        def run(step: Step, args: list[Any]) -> Any:
            nonlocal found
            out = _run(step, args)
            found = found or _on_kink(step, out, args)
            return out

        if any(step.row.name in _KINKED for step in self.recording.steps):
            with np.errstate(all="ignore"):
                replay(self.recording.steps, dict(self.values), run)
        return found

    def at_kink(self, leaf: Leaf, ours: np.ndarray) -> bool:
        """Whether the slopes to the left and to the right differ, and the gradient is between them."""
        near, far = self.known_sides.get(leaf.key) or self._both([leaf])[0]
        (left, right), (further_left, further_right) = near, far
        with np.errstate(all="ignore"):
            room = 1e-3 * np.maximum(1.0, np.abs(left))
            between = (np.minimum(left, right) - room <= ours) & (ours <= np.maximum(left, right) + room)
            jump, further = np.abs(right - left), np.abs(further_right - further_left)
            # at ten times the step, what curvature does grows tenfold, and what rounding does shrinks so
            stays = (further > jump / 3) & (further < 3 * jump)
        return bool(((jump > room) & stays).any() and between.all())

    def _both(self, leaves: Sequence[Leaf]) -> list[tuple[Sides, Sides]]:
        """The slopes to both sides of each leaf, nearby and ten times as far away."""
        return list(zip(self.sides(leaves, _STEP), self.sides(leaves, 10 * _STEP), strict=True))

    def look_aside(self, leaves: Sequence[Leaf]) -> None:
        """Take the slopes to both sides of all the leaves at once, which is quicker than one by one."""
        found = self._both(leaves)
        self.known_sides = {leaf.key: both for leaf, both in zip(leaves, found, strict=True)}

    def results(self, moves: Sequence[tuple[Key, np.ndarray]]) -> np.ndarray:
        """For each move of one variable: the result, times the cotangent that the way back started from."""
        if self.scalar:
            parts = [moves[at : at + _AT_ONCE] for at in range(0, len(moves), _AT_ONCE)]
            return np.concatenate([self._together(part) for part in parts])
        return np.array([self._result({key: by}).sum() for key, by in moves])

    def _together(self, moves: Sequence[tuple[Key, np.ndarray]]) -> np.ndarray:
        moved: dict[Key, np.ndarray] = {}
        for place, (key, by) in enumerate(moves):
            moved.setdefault(key, np.zeros(len(moves)))[place] += by
        return np.broadcast_to(self._result(moved), len(moves))

    def _result(self, moved: dict[Key, np.ndarray]) -> Any:
        """The result where each variable of ``moved``, a leaf or computed, is so much larger."""

        def run(step: Step, args: list[Any]) -> Any:
            out = _run(step, args)
            return out + moved[step.key] if step.key in moved else out

        with np.errstate(all="ignore"):
            leaves = {key: value + moved.get(key, 0.0) for key, value in self.values.items()}
            return np.asarray(replay(self.recording.steps, leaves, run)) * self.recording.seed


def _on_kink(step: Step, out: Any, args: list[Any]) -> bool:
    """Whether ``step`` chooses between operands, or elements, that are equal."""
    if step.row.name not in _KINKED:
        return False
    x, *others = (np.asarray(arg) for arg in args)
    if step.row.name in ("max", "min"):
        axis, keepdims = step.attrs.get("axis"), step.attrs.get("keepdims", False)
        whole = out if keepdims or axis == () else np.expand_dims(out, _axes(axis, x.ndim))
        return int(np.count_nonzero(x == whole)) > np.size(out)
    return any(bool(np.any(x == other)) for other in others or [np.zeros(())])


def _axes(axis: Any, ndim: int) -> Any:
    return tuple(range(ndim)) if axis is None else axis


def _run(step: Step, args: list[Any]) -> Any:
    if step.row.name == "astype" and np.dtype(step.attrs["dtype"]).kind == "f":
        return args[0]  # the check stays in float64 all the way
    return step.row.forward(numpy_namespace, *args, **step.attrs)


def _replayable(recording: Recording) -> bool:
    """Whether every operand that is no variable of the graph is still there, as it was."""
    return all(
        parent is not None or recording.intact(saved)
        for step in recording.steps
        for parent, saved in zip(step.parents, step.saved[1:], strict=True)
    )


def _torch_gradients(recording: Recording, values: dict[Key, Any]) -> dict[Key, Any] | None:
    """PyTorch's gradients of the same program, in float64; None where there is no PyTorch."""
    if importlib.util.find_spec("torch") is None:
        return None
    from chainrule.explain.torch_witness import gradients

    return gradients(recording, values)
