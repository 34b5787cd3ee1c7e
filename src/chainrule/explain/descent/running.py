"""``descend``: gradient descent from one start at several learning rates, by the engine itself."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from numbers import Real
from typing import Any

import numpy as np

from chainrule import errors
from chainrule.explain.derivation import Derivation
from chainrule.explain.derive import derive
from chainrule.explain.descent.curvature import curvature, dot, promised
from chainrule.explain.descent.data import Descent, Run, Stop
from chainrule.explain.descent.messages import language
from chainrule.explain.descent.parameters import Parameters, checked, named
from chainrule.explain.descent.surface import surface
from chainrule.explain.descent.verdicts import verdict
from chainrule.explain.names import Names
from chainrule.explain.recording import record
from chainrule.origin import caller
from chainrule.tensor import Tensor
from chainrule.value import ValueBase

#: The most steps that a run may have.
MOST_STEPS = 100_000

#: A loss that is so many times as far from 0 as at the start, and as 1, has exploded.
_EXPLODED = 1e12

#: Paths and surfaces are kept for up to so many numbers.
_DRAWN = 2


def descend(
    loss: Callable[[], Any],
    parameters: Any,
    *,
    lr: float | Sequence[float],
    steps: int = 30,
    lang: str = "en",
) -> Descent:
    """Gradient descent, w ← w − lr·∂L/∂w, from the parameters as they are, once for each learning rate.

    ``loss`` is a function without arguments that computes the loss from the parameters' present values: a
    ``Tensor`` of one number or a ``Value``. ``parameters`` are the leaves that are moved, in a list or in
    a dictionary from names; otherwise they are called as the caller calls them. ``lr`` is one learning
    rate or several. Afterwards the parameters' values and gradients are as they were.

    >>> import chainrule
    >>> x, y = chainrule.tensor(1.0), chainrule.tensor(2.0)
    >>> w = chainrule.tensor(1.0, requires_grad=True)
    >>> print(descend(lambda: (w * x - y) ** 2, [w], lr=[0.02, 0.3, 0.95, 1.05]))
    Gradient descent on L(w), 30 steps, from w = 1, L = 1
    <BLANKLINE>
      lr   last w    last L  verdict
    0.02   1.7061   0.08635  too small: slow
     0.3        2         0  right: converging
    0.95   1.9576  0.001797  too large: oscillating
    1.05  −15.449     304.5  far too large: diverging
    <BLANKLINE>
    Curvature along the gradient at the start: λ = 2. On a parabola, rates up to 2/λ = 1 are stable.

    Raises DomainError for no parameters, one that comes twice or is empty, a start where the loss is not
    finite, a loss that differs from call to call, as dropout makes it, and for rates or steps that are
    none; GraphError for a parameter that is no leaf, for a loss that is not one number, does not depend on
    a parameter or was computed before, and for a function that calls backward() itself; DTypeError for what
    is of another kind.
    """
    language(lang)
    rates, steps = _rates(lr), _steps(steps)
    if not callable(loss):
        raise errors.descent_of_no_function(loss)
    seen = Names.of_frame(caller())
    leaves = checked(named(parameters, seen))
    objective = Objective(loss, leaves)
    with leaves.borrowed():  # so that what the loss itself changes of them is undone too
        first = objective.begin()
        derivation = _explained(first, leaves, seen, rates[0], lang)
        del first
        return _found(objective, rates, steps, derivation, lang)


def _found(
    objective: Objective, rates: list[float], steps: int, derivation: Derivation, lang: str
) -> Descent:
    """Everything, once the start is known to be good."""
    start = objective.parameters.read()
    curved, foot = curvature(objective.gradient_at, start, objective.parameters.precision)
    numbers = objective.parameters.numbers
    drawn = len(numbers) <= _DRAWN
    promise = promised(objective.gradient_at(start), curved)
    runs = tuple(_run(objective, start, rate, steps, drawn, promise) for rate in rates)
    return Descent(
        parameters=objective.parameters.names,
        numbers=tuple(numbers) if drawn else (),
        steps=steps,
        runs=runs,
        derivation=derivation,
        curvature=curved,
        surface=surface(objective.loss_at, runs, foot) if drawn else None,
        lang=lang,
    )


class Objective:
    """The loss as a function of its parameters."""

    def __init__(self, loss: Callable[[], Any], parameters: Parameters) -> None:
        self.loss = loss
        self.parameters = parameters

    def compute(self) -> Any:
        """The loss as it is now. Raises DTypeError or GraphError for what cannot be lowered."""
        found = self.loss()
        if not isinstance(found, (Tensor, ValueBase)):
            raise errors.descent_loss_kind(found)
        if isinstance(found, Tensor) and found.numel() != 1:
            raise errors.descent_loss_not_scalar(found.shape)
        return found

    def begin(self) -> Any:
        """The loss at the start. It is computed twice: what is not the same function of the parameters each
        time, computed anew, has no rate that is right or wrong.

        Raises GraphError where the function moves the parameters or goes back itself, or returns what was
        computed before; DomainError where it draws its loss by chance; and what :meth:`compute` and
        :meth:`_slopes` raise.
        """
        parameters = self.parameters
        start = parameters.read()
        first = self.compute()
        if parameters.have_gradients() or not np.array_equal(start, parameters.read(), equal_nan=True):
            raise errors.descent_loss_trains()
        slopes = self._slopes(first)
        again = self.compute()
        if not parameters.path(first).isdisjoint(parameters.path(again)):
            raise errors.descent_loss_computed_before()
        values, slopes_again = (_number(first), _number(again)), self._slopes(again)
        tolerance = math.sqrt(parameters.precision)
        largest = float(np.abs(slopes).max())
        if not math.isclose(*values, rel_tol=tolerance) or not np.allclose(
            slopes, slopes_again, rtol=0, atol=tolerance * largest
        ):
            raise errors.descent_loss_by_chance(*values)
        return first

    def _slopes(self, first: Any) -> np.ndarray:
        """The gradient of ``first``, which stays. Raises GraphError where it does not depend on a
        parameter, DomainError where it, or its gradient, is not finite."""
        names = self.parameters.names
        if isinstance(first, Tensor) != isinstance(self.parameters.leaves[0], Tensor):
            raise errors.descent_loss_independent(names)
        value = _number(first)
        gradient = self.parameters.gradient(first, keep=True)
        missed = [name for name, g in zip(names, gradient, strict=True) if g is None]
        if missed:
            raise errors.descent_loss_independent(missed)
        if not math.isfinite(value):
            raise errors.descent_start_not_finite("loss", value)
        slopes = self.parameters.flat(gradient)
        if not np.isfinite(slopes).all():
            raise errors.descent_start_not_finite("gradient", float(slopes[~np.isfinite(slopes)][0]))
        return slopes

    def gradient_at(self, at: np.ndarray) -> np.ndarray:
        self.parameters.write(at)
        return self.parameters.flat(self.parameters.gradient(self.compute()))

    def loss_at(self, at: Sequence[float]) -> float:
        """The loss at a place where the program has not been: NaN where it cannot go there."""
        self.parameters.write(np.array(at, np.float64))
        try:
            return _number(self.compute())
        except Exception:  # whatever a function makes of numbers outside of its domain
            return math.nan


def _run(
    objective: Objective, start: np.ndarray, rate: float, steps: int, drawn: bool, promise: float
) -> Run:
    parameters = objective.parameters
    parameters.write(start)
    losses: list[float] = []
    points: list[tuple[float, ...]] = []
    turns: list[bool] = []
    stopped: Stop | None = None
    slope = before = np.zeros_like(start)
    for step in range(steps + 1):
        result = objective.compute()
        losses.append(_number(result))
        if drawn:
            points.append(tuple(parameters.read().tolist()))
        stopped = _stopped(losses)
        if stopped is None:
            gradient = parameters.gradient(result)
            slope = parameters.flat(gradient)
            stopped = None if np.isfinite(slope).all() else "gradient"
        if stopped is not None:
            break
        if step > 0:
            turns.append(dot(slope, before) < 0)
        before = slope
        if step < steps:
            parameters.step(rate, gradient)
    found = verdict(losses, turns, rate * dot(slope, slope), promise, stopped)
    return Run(rate, tuple(losses), tuple(points), found, stopped)


def _stopped(losses: Sequence[float]) -> Stop | None:
    if not math.isfinite(losses[-1]):
        return "loss"
    return "explosion" if abs(losses[-1]) > _EXPLODED * max(1.0, abs(losses[0])) else None


def _explained(first: Any, leaves: Parameters, seen: Names, rate: float, lang: str) -> Derivation:
    """The first step: the parameters and the loss have their names before all others."""
    names = Names()
    for name, leaf in zip(leaves.names, leaves.leaves, strict=True):
        names.add(name, leaf)
    if "L" not in leaves.names:
        names.add("L", first)
    names.merge(seen)
    return derive(record(first, names), lang=lang, torch=False, rate=rate)


def _number(result: Any) -> float:
    return float(result.item() if isinstance(result, Tensor) else result.data)


def _rates(lr: Any) -> list[float]:
    single = isinstance(lr, (Real, str)) or not hasattr(lr, "__iter__") or getattr(lr, "shape", None) == ()
    listed = [lr] if single else list(lr)
    if not listed:
        raise errors.descent_without_rates()
    for one in listed:
        if isinstance(one, bool) or not isinstance(one, Real) or not 0 < float(one) < math.inf:
            raise errors.descent_rate(one)
    return [float(one) for one in listed]


def _steps(steps: Any) -> int:
    if isinstance(steps, bool) or not hasattr(steps, "__index__") or not 1 <= steps <= MOST_STEPS:
        raise errors.descent_steps(steps, MOST_STEPS)
    return int(steps)
