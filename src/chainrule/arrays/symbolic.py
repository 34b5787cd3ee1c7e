"""Symbols as an Array API namespace: a rule that runs on them returns its own formula.

From that formula come the list of operands that a rule needs (:func:`variables`), the Python source of
its scalar form (:func:`python_source`), and every formula that an explanation prints
(:mod:`chainrule.explain.notation`).

>>> x, y = Symbol("x"), Symbol("y")
>>> sorted(variables(x * exp(y) - 1))
['x', 'y']
>>> python_source(x * exp(y) - 1)
'x * exp(y) - 1'
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

Expr: TypeAlias = "Symbol | Operation | float | int | bool"


class _Operators:
    """What Python's operators do to a symbol: they write themselves down."""

    __slots__ = ()

    def __add__(self, other: Expr) -> Operation:
        return Operation("add", self, other)

    def __radd__(self, other: Expr) -> Operation:
        return Operation("add", other, self)

    def __sub__(self, other: Expr) -> Operation:
        return Operation("sub", self, other)

    def __rsub__(self, other: Expr) -> Operation:
        return Operation("sub", other, self)

    def __mul__(self, other: Expr) -> Operation:
        return Operation("mul", self, other)

    def __rmul__(self, other: Expr) -> Operation:
        return Operation("mul", other, self)

    def __truediv__(self, other: Expr) -> Operation:
        return Operation("div", self, other)

    def __rtruediv__(self, other: Expr) -> Operation:
        return Operation("div", other, self)

    def __pow__(self, other: Expr) -> Operation:
        return Operation("pow", self, other)

    def __rpow__(self, other: Expr) -> Operation:
        return Operation("pow", other, self)

    def __neg__(self) -> Operation:
        return Operation("neg", self)

    def __pos__(self) -> Expr:
        return self  # type: ignore[return-value]  # a symbol or an operation: the two that operate

    def __lt__(self, other: Expr) -> Operation:
        return Operation("lt", self, other)

    def __le__(self, other: Expr) -> Operation:
        return Operation("le", self, other)

    def __gt__(self, other: Expr) -> Operation:
        return Operation("gt", self, other)

    def __ge__(self, other: Expr) -> Operation:
        return Operation("ge", self, other)

    def __eq__(self, other: object) -> Operation:  # type: ignore[override]  # a formula, not a truth
        return Operation("eq", self, other)

    def __ne__(self, other: object) -> Operation:  # type: ignore[override]  # a formula, not a truth
        return Operation("ne", self, other)

    def __and__(self, other: Expr) -> Operation:
        return Operation("and", self, other)

    def __or__(self, other: Expr) -> Operation:
        return Operation("or", self, other)

    def __invert__(self) -> Operation:
        return Operation("logical_not", self)

    def __hash__(self) -> int:
        return id(self)

    def __bool__(self) -> bool:
        raise TypeError("a symbol is neither true nor false: a rule chooses with xp.where")


class Symbol(_Operators):
    """An operand of a rule, by its name."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return self.name


class Operation(_Operators):
    """A function of expressions, by its Array API name."""

    __slots__ = ("args", "name")

    def __init__(self, name: str, *args: Any) -> None:
        self.name = name
        self.args = args

    def __repr__(self) -> str:
        return python_source(self)


def _function(name: str) -> Callable[..., Operation]:
    def apply(*args: Any) -> Operation:
        return Operation(name, *args)

    apply.__name__ = name
    return apply


abs = _function("abs")
cos = _function("cos")
erf = _function("erf")
exp = _function("exp")
isnan = _function("isnan")
log = _function("log")
logical_not = _function("logical_not")
maximum = _function("maximum")
minimum = _function("minimum")
pow = _function("pow")
sign = _function("sign")
sin = _function("sin")
sqrt = _function("sqrt")
tanh = _function("tanh")
where = _function("where")


def variables(expr: Expr) -> frozenset[str]:
    """The names of the symbols that ``expr`` is made of."""
    return frozenset(part.name for part in _walk(expr) if isinstance(part, Symbol))


def substitute(expr: Expr, values: Mapping[str, Any]) -> Expr:
    """``expr`` with each symbol that ``values`` names replaced."""
    if isinstance(expr, Symbol):
        return values.get(expr.name, expr)
    if isinstance(expr, Operation):
        return Operation(expr.name, *(substitute(arg, values) for arg in expr.args))
    return expr


def evaluate(expr: Expr, xp: Any, values: Mapping[str, Any]) -> Any:
    """``expr`` computed on the namespace ``xp``, with a value for each of its symbols."""
    if isinstance(expr, Symbol):
        return values[expr.name]
    if not isinstance(expr, Operation):
        return expr
    args = [evaluate(arg, xp, values) for arg in expr.args]
    if expr.name in _OPERATORS:
        return _OPERATORS[expr.name](*args)
    return getattr(xp, expr.name)(*args)


_OPERATORS: dict[str, Callable[..., Any]] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "div": operator.truediv,
    "neg": operator.neg,
    "lt": operator.lt,
    "le": operator.le,
    "gt": operator.gt,
    "ge": operator.ge,
    "eq": operator.eq,
    "ne": operator.ne,
    "and": operator.and_,
    "or": operator.or_,
}


def _walk(expr: Expr) -> Iterator[Expr]:
    yield expr
    if isinstance(expr, Operation):
        for arg in expr.args:
            yield from _walk(arg)


#: Python's infix operators, with how tightly they bind.
_INFIX = {
    "lt": ("<", 4),
    "le": ("<=", 4),
    "gt": (">", 4),
    "ge": (">=", 4),
    "eq": ("==", 4),
    "ne": ("!=", 4),
    "or": ("|", 5),
    "and": ("&", 7),
    "add": ("+", 10),
    "sub": ("-", 10),
    "mul": ("*", 11),
    "div": ("/", 11),
}


def python_source(expr: Expr, namespace: str = "", outer: int = 0) -> str:
    """``expr`` as Python source, its functions called on ``namespace`` ("xp."), or by their bare names.

    By bare names it is for plain numbers, and ``where`` becomes Python's own choice, which looks at one
    side only.
    """
    if isinstance(expr, Symbol):
        return expr.name
    if not isinstance(expr, Operation):
        return repr(expr)
    if expr.name == "where" and not namespace:
        condition, x, y = (python_source(arg, "", 3) for arg in expr.args)
        return f"({x} if {condition} else {y})"
    if expr.name == "neg":
        text, level = "-" + python_source(expr.args[0], namespace, 12), 12
    elif expr.name in _INFIX:
        sign, level = _INFIX[expr.name]
        left, right = expr.args
        text = (
            f"{python_source(left, namespace, level)} {sign} {python_source(right, namespace, level + 1)}"
        )
    else:
        args = ", ".join(python_source(arg, namespace) for arg in expr.args)
        return f"{namespace}{expr.name}({args})"
    return f"({text})" if level < outer else text


def product(g: Any, partial: Any) -> Any:
    """``g · partial``, where a partial that is the number 1 or −1 costs no product."""
    if isinstance(partial, (int, float)) and partial in (1, -1):
        return g if partial == 1 else -g
    return g * partial
