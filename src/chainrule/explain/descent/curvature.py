"""How a loss curves where a descent starts, measured by differences of its gradient."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from chainrule.explain.descent.data import Curvature

#: So many directions are looked along at most; each takes two gradients.
_DIRECTIONS = 12


def curvature(
    gradient_at: Callable[[np.ndarray], np.ndarray], start: np.ndarray, precision: float
) -> tuple[Curvature | None, np.ndarray | None]:
    """The curvature at ``start``, and the foot of the parabola that fits there; None where there is none.

    Steps of gradient descent go along the gradient g, then H·g, then H²·g, where H holds the second
    derivatives. Lanczos' method turns these into orthogonal directions, among which H is a small
    tridiagonal matrix; its largest eigenvalue is the largest curvature that the descent meets. On a
    parabola of up to ``_DIRECTIONS`` numbers nothing of this is an approximation.
    """
    gradient = gradient_at(start)
    length = float(np.linalg.norm(gradient))
    if length == 0:
        return None, None
    step = _step(start, precision)
    directions = [gradient / length]
    diagonal: list[float] = []
    beside: list[float] = []
    while True:
        u = directions[-1]
        with np.errstate(all="ignore"):
            turned = (gradient_at(start + step * u) - gradient_at(start - step * u)) / (2 * step)
        if not np.isfinite(turned).all():
            return None, None
        diagonal.append(float(turned @ u))
        for _ in range(2):  # twice is enough for orthogonality to the last digit
            for one in directions:
                turned = turned - (turned @ one) * one
        rest = float(np.linalg.norm(turned))
        largest_yet = max(map(abs, (*diagonal, *beside)))
        if (
            len(directions) == min(start.size, _DIRECTIONS)
            or rest <= 100 * precision ** (2 / 3) * largest_yet
        ):
            break
        beside.append(rest)
        directions.append(turned / rest)
    small = np.diag(diagonal) + np.diag(beside, 1) + np.diag(beside, -1)
    curves = np.linalg.eigvalsh(small)
    found = Curvature(along=diagonal[0], largest=float(curves[-1]))
    if curves[0] <= 0:
        return found, None
    down = np.linalg.solve(small, np.eye(len(diagonal))[0] * -length)
    return found, start + down @ np.array(directions)


def _step(start: np.ndarray, precision: float) -> float:
    """A power of 2, so that it adds no rounding: the cube root of the precision, beside the numbers."""
    scale = max(1.0, float(np.abs(start).max()))
    return float(2.0 ** (round(math.log2(precision) / 3) + math.floor(math.log2(scale))))
