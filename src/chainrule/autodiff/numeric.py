"""Numerical derivatives of a function of one number: the check that knows no rule.

The derivative is the local slope of a function, so it can be measured: move x by a small step h and
look at how far f moves. The smaller h, the better, until rounding takes over; the ``step_table``
module shows both halves of that story.

Everywhere here, ``f`` is called with a Python float (a complex number for the complex step) and
returns a number, or something that holds one number, such as a ``Value`` or a tensor. Where f is
written for such a type (``lambda v: v.tanh()``), ``number`` names it: ``number=Value``.
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Callable
from typing import Any

import numpy as np

from chainrule import errors

Function = Callable[[Any], Any]

_RATIO = 1.4  # of one step of Richardson's table to the next: no whole number, so no period of f
_LEVELS = 12
_RESTARTS = 5


def forward_difference(f: Function, x: float, h: float, *, number: Function | None = None) -> float:
    """The slope of ``f`` between x and x + h: ``(f(x + h) − f(x)) / h``.

    Its error is about ``h·f''(x)/2``, of first order in h, plus the rounding of the difference,
    about ``ε·|f(x)|/h`` with ε = 2.2e-16 (Taylor's theorem; Press et al., Numerical Recipes, 3rd
    edition, section 5.7). A negative h gives the slope on the left of x.

    Raises ``DTypeError`` for an x or h that is not a real number, for an f that cannot be called
    with a float or gives no number; ``DomainError`` for an x or h that is not finite, an h of 0,
    and where f is not defined.

    >>> round(forward_difference(lambda x: x**2, 3.0, 1e-6), 4)
    6.0
    """
    x, h = checked(f, x, h, number)
    return _slope(real_value(f, x + h, number) - real_value(f, x, number), h, x, h)


def central_difference(f: Function, x: float, h: float, *, number: Function | None = None) -> float:
    """The slope of ``f`` between x − h and x + h: ``(f(x + h) − f(x − h)) / 2h``.

    Its error is about ``h²·f'''(x)/6``, of second order in h, since the bends on the two sides of x
    cancel, plus rounding as in ``forward_difference`` (same sources; same errors raised).

    >>> round(central_difference(math.sin, 0.0, 1e-5), 9)
    1.0
    """
    x, h = checked(f, x, h, number)
    return _slope((real_value(f, x + h, number) - real_value(f, x - h, number)) / 2, h, x, h)


def complex_step(f: Function, x: float, h: float = 1e-20, *, number: Function | None = None) -> float:
    """The derivative of ``f`` at x from one step along the imaginary axis: ``Im f(x + ih) / h``.

    Nothing is subtracted, so nothing is lost to rounding: with h = 1e-20 the result is exact to
    the last digits. It holds for analytic functions, those that numpy or cmath extend to complex
    numbers; abs and comparisons are not among them (Squire and Trapp, Using complex variables to
    estimate derivatives of real functions, SIAM Review 40(1), 1998).

    Raises ``DTypeError`` if f refuses complex numbers or returns a real one for a complex one;
    ``DomainError`` where f is not defined; for x and h as in ``forward_difference``.

    >>> complex_step(lambda x: x**3, 2.0)
    12.0
    """
    x, h = checked(f, x, h, number)
    point = complex(x, h)
    try:
        with np.errstate(all="ignore"):
            result = f(point if number is None else number(point))
            value = _number_in(result)
    except Exception as cause:  # whatever f raises, it says that f is not for complex numbers
        raise errors.complex_refused(point, cause) from cause
    if value is None:
        raise errors.function_gave_no_number(point, result)
    if not isinstance(value, complex):
        raise errors.complex_lost(point, value)
    if not (math.isfinite(value.real) and math.isfinite(value.imag)):
        raise errors.function_undefined(point, f"is {value!r}")
    return _slope(value.imag, h, x, h)


def richardson(f: Function, x: float, *, number: Function | None = None) -> float:
    """The derivative of ``f`` at x, from central differences extrapolated to h = 0.

    The error of a central difference is a series in h², so differences at several h can be combined
    to cancel its first terms one after the other (Richardson, 1911); the combination that changes
    the least from one to the next is kept (Ridders, Advances in Engineering Software 4(2), 1982).

    Raises ``DomainError`` where f is not defined on both sides of x; otherwise as
    ``forward_difference``.

    >>> round(richardson(math.exp, 1.0) - math.e, 10)
    0.0
    """
    x, _ = checked(f, x, 1.0, number)
    real_value(f, x, number)
    h = _widest_step(f, x, number)
    best, change = _extrapolated(f, x, h, number)
    for _ in range(_RESTARTS):
        h /= 10  # the first step may have spanned several bends of f
        other, other_change = _extrapolated(f, x, h, number)
        scale = max(abs(best), abs(other))
        # A good value is only refined: far below it, slopes may agree because f no longer moves.
        if other_change < change and (change > 1e-3 * scale or abs(other - best) <= 10 * change):
            best, change = other, other_change
    return best


def _extrapolated(f: Function, x: float, h: float, number: Function | None) -> tuple[float, float]:
    """The limit of the slopes at h, h/1.4, h/1.4², … and how little it last changed."""
    previous = [_exact_width_slope(f, x, h, number)]
    best, smallest_change = previous[0], math.inf
    for level in range(1, _LEVELS):
        h /= _RATIO
        row = [_exact_width_slope(f, x, h, number)]
        for order in range(level):
            correction = (row[order] - previous[order]) / (_RATIO ** (2 * order + 2) - 1)
            row.append(row[order] + correction)
            change = max(abs(correction), abs(row[-1] - previous[order]))
            if change < smallest_change:
                best, smallest_change = row[-1], change
        if abs(row[-1] - previous[-1]) > 2 * smallest_change:
            break  # rounding has taken over: what follows would agree by chance alone
        previous = row
    return best, smallest_change


def checked(f: Any, x: Any, h: Any, number: Any) -> tuple[float, float]:
    """x and h as finite floats, once every argument of a difference has been found usable."""
    if not callable(f):
        raise errors.not_a_function(f)
    if number is not None and not callable(number):
        raise errors.not_a_maker_of_numbers(number)
    x, h = finite("x", x), finite("h", h)
    if h == 0.0:
        raise errors.zero_step()
    return x, h


def finite(name: str, value: Any) -> float:
    """``value`` as a finite float, or the error that names the argument."""
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise errors.not_a_real_number(name, value)
    try:
        plain = float(value)
    except OverflowError:  # an int beyond the largest float
        plain = math.inf
    if not math.isfinite(plain):
        raise errors.not_finite_number(name, plain)
    return plain


def real_value(f: Function, point: float, number: Function | None) -> float:
    """``f(point)`` as a finite float, or the error that says why it is not one."""
    try:
        # What numpy would warn about comes back as nan or inf, and is refused below.
        with np.errstate(all="ignore"):
            result = f(point if number is None else number(point))
            value = _number_in(result)
    except (ArithmeticError, ValueError) as cause:
        reason = f"raised {type(cause).__name__}: {cause}"
        raise errors.function_undefined(point, reason) from cause
    except (TypeError, AttributeError) as cause:
        raise errors.function_refused(point, cause) from cause
    if value is None:
        raise errors.function_gave_no_number(point, result)
    if isinstance(value, complex):
        if value.imag != 0.0:
            raise errors.function_undefined(point, f"is the complex number {value!r}")
        value = value.real
    if not math.isfinite(value):
        raise errors.function_undefined(point, f"is {value!r}")
    return value


def _number_in(result: Any) -> float | complex | None:
    """The one number that ``result`` is or holds, or None."""
    if isinstance(result, (bool, np.bool_)):
        return None
    if isinstance(result, numbers.Real):
        return float(result)
    if isinstance(result, numbers.Complex):
        return complex(result)
    if callable(getattr(result, "item", None)):  # an array or a tensor
        try:
            held = result.item()
        except (ValueError, RuntimeError):  # it holds several
            return None
    else:  # a Value
        held = getattr(result, "data", None)
    return _number_in(held) if isinstance(held, numbers.Complex) else None


def _slope(rise: float, run: float, x: float, h: float) -> float:
    slope = rise / run
    if not math.isfinite(slope):
        raise errors.slope_overflows(x, h)
    return slope


def _exact_width_slope(f: Function, x: float, h: float, number: Function | None) -> float:
    """A central difference divided by the distance that the two points really have."""
    left, right = x - h, x + h
    if left == right:  # h is below the last digit of x
        return 0.0
    return _slope(real_value(f, right, number) - real_value(f, left, number), right - left, x, h)


def _widest_step(f: Function, x: float, number: Function | None) -> float:
    """The largest step to start from that stays inside of the domain of ``f``."""
    scale = max(1.0, abs(x))
    candidates = [0.1 * scale * 0.5**halvings for halvings in range(40)]
    if x != 0.0:
        candidates.append(abs(x) / 4)  # a tiny x beside the edge of the domain, as in log(1e-30)
    for h in candidates[:-1]:
        try:
            _exact_width_slope(f, x, h, number)
        except errors.DomainError:
            continue
        return h
    _exact_width_slope(f, x, candidates[-1], number)  # the last one says what is wrong
    return candidates[-1]
