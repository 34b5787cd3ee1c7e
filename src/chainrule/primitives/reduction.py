"""The rows that put many numbers into one: sums, means, extremes, and the exponential family."""

from __future__ import annotations

from typing import Any

from chainrule.arrays.shapes import Axis, axes, count, kept
from chainrule.primitives.row import sample, structural


def _spread(xp: Any, g: Any, x: Any, axis: Axis) -> Any:
    """``g`` with the reduced axes back, at length 1, so that it lines up with ``x``."""
    if axis is None or len(g.shape) == len(x.shape):
        return g
    return xp.reshape(g, kept(x.shape, axis))


_AXES = (
    sample((3, 4), axis=None, keepdims=False),
    sample((3, 4), axis=0, keepdims=False),
    sample((2, 3, 4), axis=(0, -1), keepdims=True),
    sample((), axis=None, keepdims=False),
    sample((5,), axis=-1, keepdims=True),
)

sum = structural(
    "sum",
    lambda xp, x, *, axis, keepdims: xp.sum(x, axis=axis, keepdims=keepdims),
    pullbacks=(
        lambda xp, g, out, x, *, axis, keepdims: xp.broadcast_to(
            g if axis is None else _spread(xp, g, x, axis), x.shape
        ),
    ),
    words=("copy {g} to each term of the sum",),
    notation="sum({x})",
    samples=_AXES,
)
mean = structural(
    "mean",
    lambda xp, x, *, axis, keepdims: xp.mean(x, axis=axis, keepdims=keepdims),
    pullbacks=(
        lambda xp, g, out, x, *, axis, keepdims: xp.broadcast_to(
            _spread(xp, g, x, axis) / count(x.shape, axis), x.shape
        ),
    ),
    words=("copy {g} / n to each of the n terms of the mean",),
    notation="mean({x})",
    samples=_AXES,
)


def _to_ties(xp: Any, g: Any, out: Any, x: Any, axis: Axis) -> Any:
    """``g`` shared evenly among the elements that reached the extreme."""
    chosen = x == _spread(xp, out, x, axis)
    ties = xp.sum(xp.astype(chosen, x.dtype), axis=axis, keepdims=True)
    return chosen * (_spread(xp, g, x, axis) / ties)


max = structural(
    "max",
    lambda xp, x, *, axis, keepdims: xp.max(x, axis=axis, keepdims=keepdims),
    pullbacks=(lambda xp, g, out, x, *, axis, keepdims: _to_ties(xp, g, out, x, axis),),
    reads=(("out", 0),),
    words=("{g} goes to the largest element; ties share it evenly",),
    notation="max({x})",
    torch="Amax",
    samples=_AXES,
)
min = structural(
    "min",
    lambda xp, x, *, axis, keepdims: xp.min(x, axis=axis, keepdims=keepdims),
    pullbacks=(lambda xp, g, out, x, *, axis, keepdims: _to_ties(xp, g, out, x, axis),),
    reads=(("out", 0),),
    words=("{g} goes to the smallest element; ties share it evenly",),
    notation="min({x})",
    torch="Amin",
    samples=_AXES,
)


def _peak(xp: Any, x: Any, axis: Axis) -> Any:
    """The largest element, or 0 where it is infinite or there is none: what can be taken off without
    changing the result, so that nothing overflows."""
    if not count(x.shape, axis):
        return 0
    top = xp.max(x, axis=axis, keepdims=True)
    return xp.where(xp.abs(top) < float("inf"), top, xp.astype(xp.isnan(top), x.dtype))


def _logsumexp(xp: Any, x: Any, *, axis: Axis, keepdims: bool) -> Any:
    top = _peak(xp, x, axis)
    total = xp.sum(xp.exp(x - top), axis=axis, keepdims=True)
    out = xp.log(total) + top
    return out if keepdims else xp.squeeze(out, axes(axis, len(x.shape)))


logsumexp = structural(
    "logsumexp",
    _logsumexp,
    pullbacks=(
        lambda xp, g, out, x, *, axis, keepdims: (
            _spread(xp, g, x, axis) * xp.exp(x - _spread(xp, out, x, axis))
        ),
    ),
    reads=(("out", 0),),
    words=("{g} · softmax({x})",),
    notation="logsumexp({x})",
    samples=_AXES[:3] + _AXES[4:],
)


def _below_zero(xp: Any, x: Any, axis: int) -> Any:
    """``x`` with its largest element taken off."""
    return x - xp.max(x, axis=axis, keepdims=True) if x.shape[axis] else x


def _softmax(xp: Any, x: Any, *, axis: int) -> Any:
    powers = xp.exp(_below_zero(xp, x, axis))
    return powers / xp.sum(powers, axis=axis, keepdims=True)


softmax = structural(
    "softmax",
    _softmax,
    pullbacks=(lambda xp, g, out, x, *, axis: out * (g - xp.sum(g * out, axis=axis, keepdims=True)),),
    reads=(("out",),),
    words=("{out} · ({g} − Σ {g}·{out})",),
    notation="softmax({x})",
    samples=(sample((3, 4), axis=-1), sample((2, 3, 4), axis=1), sample((5,), axis=0)),
)


def _log_softmax(xp: Any, x: Any, *, axis: int) -> Any:
    shifted = _below_zero(xp, x, axis)
    return shifted - xp.log(xp.sum(xp.exp(shifted), axis=axis, keepdims=True))


log_softmax = structural(
    "log_softmax",
    _log_softmax,
    pullbacks=(lambda xp, g, out, x, *, axis: g - xp.exp(out) * xp.sum(g, axis=axis, keepdims=True),),
    reads=(("out",),),
    words=("{g} − exp({out}) · Σ {g}",),
    notation="log_softmax({x})",
    torch="LogSoftmax",
    samples=(sample((3, 4), axis=-1), sample((2, 3, 4), axis=1), sample((5,), axis=0)),
)
