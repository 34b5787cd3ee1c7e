"""SymPy as an Array API namespace: a rule that runs on it becomes an expression that SymPy can
derive.

Every operand carries a *witness*, an exact number. Where a rule chooses (a comparison,
``where``, ``maximum``, ``abs``), the witness decides, so that what comes out has no branches,
and is the rule on the whole open region around the witness on which the choices stay the same.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import sympy

#: How many choices were decided so far: a rule that makes none is analytic.
choices = 0


class Witnessed:
    """A SymPy expression, with its value at the witness point."""

    def __init__(self, expr: Any, at: Any) -> None:
        self.expr, self.at = expr, at

    def __add__(self, other: Any) -> Witnessed:
        return _apply(lambda x, y: x + y, self, other)

    def __sub__(self, other: Any) -> Witnessed:
        return _apply(lambda x, y: x - y, self, other)

    def __rsub__(self, other: Any) -> Witnessed:
        return _apply(lambda x, y: y - x, self, other)

    def __mul__(self, other: Any) -> Witnessed:
        return _apply(lambda x, y: x * y, self, other)

    def __truediv__(self, other: Any) -> Witnessed:
        return _apply(lambda x, y: x / y, self, other)

    def __rtruediv__(self, other: Any) -> Witnessed:
        return _apply(lambda x, y: y / x, self, other)

    __radd__, __rmul__ = __add__, __mul__

    def __neg__(self) -> Witnessed:
        return _apply(lambda x: -x, self)

    def __pos__(self) -> Witnessed:
        return self

    def __gt__(self, other: Any) -> bool:
        return _choose(lambda x, y: x > y, self, other)

    def __ge__(self, other: Any) -> bool:
        return _choose(lambda x, y: x >= y, self, other)

    def __lt__(self, other: Any) -> bool:
        return _choose(lambda x, y: x < y, self, other)

    def __le__(self, other: Any) -> bool:
        return _choose(lambda x, y: x <= y, self, other)

    def __eq__(self, other: object) -> bool:
        return _choose(lambda x, y: sympy.Eq(x, y), self, other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = None  # type: ignore[assignment]  # equality is a choice here


#: The floats in rules that stand for numbers which no float is.
IRRATIONAL = {2 / math.sqrt(math.pi): 2 / sympy.sqrt(sympy.pi)}


def _parts(x: Any) -> tuple[Any, Any]:
    if isinstance(x, Witnessed):
        return x.expr, x.at
    if x in IRRATIONAL:
        return IRRATIONAL[x], IRRATIONAL[x]
    number = sympy.nsimplify(int(x) if isinstance(x, bool) else x)
    return number, number


def _apply(function: Callable[..., Any], *operands: Any) -> Witnessed:
    expressions, witnesses = zip(*map(_parts, operands), strict=True)
    return Witnessed(function(*expressions), function(*witnesses))


def _choose(comparison: Callable[..., Any], x: Any, y: Any) -> bool:
    global choices
    choices += 1
    (_, at_x), (_, at_y) = _parts(x), _parts(y)
    return bool(comparison(at_x, at_y))


def _function(function: Callable[..., Any]) -> Callable[..., Witnessed]:
    return lambda *operands: _apply(function, *operands)


cos = _function(sympy.cos)
erf = _function(sympy.erf)
exp = _function(sympy.exp)
log = _function(sympy.log)
pow = _function(sympy.Pow)
sin = _function(sympy.sin)
sqrt = _function(sympy.sqrt)
tanh = _function(sympy.tanh)


def where(condition: bool, x: Any, y: Any) -> Any:
    return x if condition else y


def logical_not(x: bool) -> bool:
    return not x


def isnan(x: Any) -> bool:
    return False


def abs(x: Any) -> Any:
    return x if x >= 0 else -x


def sign(x: Any) -> Any:
    return Witnessed(sympy.Integer(1), sympy.Integer(1)) * (1 if x > 0 else -1)


def maximum(x: Any, y: Any) -> Any:
    return x if x >= y else y


def minimum(x: Any, y: Any) -> Any:
    return x if x <= y else y


def expression(x: Any) -> Any:
    """The expression in ``x``, which may be a plain number or a truth value."""
    return _parts(x)[0]
