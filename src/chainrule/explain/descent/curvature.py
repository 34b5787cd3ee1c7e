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
    length = math.sqrt(dot(gradient, gradient))
    if not 0 < length < math.inf:
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


def promised(gradient: np.ndarray, found: Curvature | None) -> float:
    """How much the parabola along the ``gradient`` at the start lies above its foot: what there is to gain,
    as far as it can be told; infinite where it has no foot."""
    if not gradient.any():
        return 0.0
    if found is None or found.along <= 0:
        return math.inf
    return dot(gradient, gradient) / (2 * found.along)


def dot(one: np.ndarray, other: np.ndarray) -> float:
    """The dot product, infinite or NaN without a warning where it is too large."""
    with np.errstate(all="ignore"):
        return float(one @ other)


def _step(start: np.ndarray, precision: float) -> float:
    """A power of 2, so that it adds no rounding: the cube root of the precision, beside the numbers."""
    scale = max(1.0, float(np.abs(start).max()))
    return float(2.0 ** (round(math.log2(precision) / 3) + math.floor(math.log2(scale))))
