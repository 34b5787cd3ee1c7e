"""Whether a learning rate was too small, right or too large, read off what a run did."""

from __future__ import annotations

from collections.abc import Sequence

from chainrule.explain.descent.data import Stop, Verdict

#: A run has arrived when as many steps again would gain less than this part of what it has gained.
_LEFT = 1e-3

#: A loss that changed by less, beside its size, has only been rounded.
_ROUNDING = 1e-6


def verdict(
    losses: Sequence[float], turns: Sequence[bool], pace: float, promise: float, stopped: Stop | None
) -> Verdict:
    """What ``losses``, before each step and after the last, say of the learning rate.

    ``turns`` says for every step but the first whether the gradient had turned round, so that the step
    went back; ``pace``, lr·|∇L|² at the end, is what the next step would gain, and ``promise`` what there
    was to gain at the start.

    - diverging: the run ends higher than it began, or it had to be stopped;
    - right: it has arrived, since as many steps again at this pace would gain next to nothing;
    - oscillating: it has not, and in its second half more than half of the steps went back;
    - slow: it has not, for any other reason.

    >>> verdict([1.0, 0.81, 0.66], [True], 0.1, 1.0, None)
    'oscillating'
    >>> verdict([1.0, 0.96, 0.92], [False], 0.04, 1.0, None)
    'slow'
    """
    gained, rounding = losses[0] - losses[-1], _ROUNDING * abs(losses[0])
    if stopped in ("loss", "explosion") or gained < -rounding:
        return "diverging"
    # Nothing gained is all that there was only where the run began at the minimum.
    reached = max(gained, rounding) if promise <= rounding else gained
    if stopped is None and (len(losses) - 1) * pace <= _LEFT * reached:
        return "right"
    late = turns[len(turns) // 2 :]
    return "oscillating" if sum(late) > len(late) / 2 else "slow"
