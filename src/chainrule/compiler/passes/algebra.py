"""Algebra: what an elementwise operation is equal to, for every number.

A rule stands here if both sides are equal for infinities, NaN and both zeros as well, to the bit. That
rules out much of what holds for real numbers: ``x * 0`` is NaN for an infinite x, ``x - x`` as well, and
``x + 0`` turns −0 into +0. The exceptions are named: a power that becomes a square or a reciprocal is
rounded once, where ``pow`` may be off by one in the last bit.

No rule makes more work. Where the right side shares less with its surroundings than the left, the rule asks
whether anybody else reads the part in question (``w.only``).
"""

from __future__ import annotations

from collections.abc import Callable
from math import frexp, inf
from typing import TYPE_CHECKING

import numpy as np

from chainrule.compiler.ir import Instruction
from chainrule.compiler.verify import fits

if TYPE_CHECKING:
    from chainrule.compiler.passes.rewriting import Rewriter


def _add(w: Rewriter, one: Instruction, x: int, y: int) -> int | None:
    a, b = w.made[x], w.made[y]
    if w.is_zero(y, -1.0):
        return x  # x + (−0) = x
    if w.is_zero(x, -1.0):
        return y  # (−0) + y = y
    if b.operation == "neg":
        return w.add("sub", x, b.operands[0])  # x + (−y) = x − y
    if a.operation == "neg":
        return w.add("sub", y, a.operands[0])  # (−x) + y = y − x
    for zero, other in ((x, y), (y, x)):
        if w.is_zero(zero, 1.0) and _adds_zero(w, other):
            return other  # (x + 0) + 0 = x + 0
    return None


def _adds_zero(w: Rewriter, place: int) -> bool:
    one = w.made[place]
    return one.operation == "add" and any(w.is_zero(operand, 1.0) for operand in one.operands)


def _sub(w: Rewriter, one: Instruction, x: int, y: int) -> int | None:
    b = w.made[y]
    if w.is_zero(y, 1.0):
        return x  # x − 0 = x
    if b.operation == "neg":
        return w.add("add", x, b.operands[0])  # x − (−y) = x + y
    if w.is_zero(x, -1.0):
        return w.add("neg", y)  # (−0) − y = −y
    return None


def _mul(w: Rewriter, one: Instruction, x: int, y: int) -> int | None:
    if w.numbers[y] is None and w.numbers[x] is not None:
        x, y = y, x  # the number is the second from here on: x · y = y · x
    number = w.numbers[y]
    a, b = w.made[x], w.made[y]
    if number == 1:
        return x  # x · 1 = x
    if number == -1:
        return w.add("neg", x)  # x · (−1) = −x
    if number is not None:
        if a.operation == "neg" and fits(-number, one.type.dtype):  # (−x) · c = x · (−c)
            return w.add("mul", a.operands[0], w.constant(-number, one.type))
        return None
    if a.operation == "neg" and b.operation == "neg":
        return w.add("mul", a.operands[0], b.operands[0])  # (−x) · (−y) = x · y
    if w.only(x, "neg"):
        return w.add("neg", w.add("mul", a.operands[0], y))  # (−x) · y = −(x · y)
    if w.only(y, "neg"):
        return w.add("neg", w.add("mul", x, b.operands[0]))  # x · (−y) = −(x · y)
    return None


def _div(w: Rewriter, one: Instruction, x: int, y: int) -> int | None:
    number = w.numbers[y]
    a, b = w.made[x], w.made[y]
    if number is not None:
        if number == 1:
            return x  # x / 1 = x
        inverse = _exact_inverse(number, one.type.dtype)
        if inverse is not None:
            return w.add("mul", x, w.constant(inverse, one.type))  # x / c = x · (1/c), where 1/c is exact
        return None
    if a.operation == "neg" and b.operation == "neg":
        return w.add("div", a.operands[0], b.operands[0])  # (−x) / (−y) = x / y
    if w.only(x, "neg"):
        return w.add("neg", w.add("div", a.operands[0], y))  # (−x) / y = −(x / y)
    if w.only(y, "neg"):
        return w.add("neg", w.add("div", x, b.operands[0]))  # x / (−y) = −(x / y)
    return None


def _exact_inverse(number: float, dtype: str) -> float | None:
    """1 / ``number``, if that is a number of ``dtype``: for powers of two within its range."""
    if abs(frexp(number)[0]) != 0.5:
        return None
    with np.errstate(all="ignore"):
        inverse = (np.asarray(1, dtype) / np.asarray(number, dtype)).item()
    return inverse if 0 < abs(inverse) < inf else None


def _pow(w: Rewriter, one: Instruction, x: int, y: int) -> int | None:
    number = w.numbers[y]
    if number == 0 or w.numbers[x] == 1:
        return w.constant(1.0, one.type)  # x⁰ = 1 and 1ʸ = 1, for NaN as well
    if number == 1:
        return x  # x¹ = x
    if number == 2:
        return w.add("mul", x, x)  # x² = x · x, rounded once
    if number == -1:
        return w.add("div", w.constant(1.0, one.type), x)  # x⁻¹ = 1 / x, rounded once
    return None


def _neg(w: Rewriter, one: Instruction, x: int) -> int | None:
    a = w.made[x]
    if a.operation == "neg":
        return a.operands[0]  # −(−x) = x
    if w.only(x, "mul"):
        for place, other in (a.operands, a.operands[::-1]):
            number = w.numbers[place]
            if number is not None and fits(-number, one.type.dtype):  # −(x · c) = x · (−c)
                return w.add("mul", other, w.constant(-number, one.type))
    return None


def _abs(w: Rewriter, one: Instruction, x: int) -> int | None:
    a = w.made[x]
    if a.operation == "abs":
        return x  # ||x|| = |x|
    if a.operation == "neg":
        return w.add("abs", a.operands[0])  # |−x| = |x|
    return None


def _itself(w: Rewriter, one: Instruction, x: int, y: int) -> int | None:
    return x if x == y else None  # max(x, x) = x, min(x, x) = x


def _never(w: Rewriter, one: Instruction, x: int, y: int) -> int | None:
    return w.constant(False, one.type) if x == y else None  # x < x and x > x are false, for NaN as well


def _not(w: Rewriter, one: Instruction, x: int) -> int | None:
    a = w.made[x]
    if a.operation == "logical_not":
        return a.operands[0]  # not not x = x
    if w.only(x, "eq"):
        return w.add("ne", *a.operands)  # not x == y is x != y, for NaN as well; not so x < y and x >= y
    if w.only(x, "ne"):
        return w.add("eq", *a.operands)  # not x != y is x == y
    return None


def _and(w: Rewriter, one: Instruction, x: int, y: int) -> int | None:
    if x == y or w.numbers[y] is True or w.numbers[x] is False:
        return x  # x & x = x, x & true = x, false & y = false
    if w.numbers[x] is True or w.numbers[y] is False:
        return y  # true & y = y, x & false = false
    return None


def _or(w: Rewriter, one: Instruction, x: int, y: int) -> int | None:
    if x == y or w.numbers[y] is False or w.numbers[x] is True:
        return x  # x | x = x, x | false = x, true | y = true
    if w.numbers[x] is False or w.numbers[y] is True:
        return y  # false | y = y, x | true = true
    return None


def _where(w: Rewriter, one: Instruction, condition: int, x: int, y: int) -> int | None:
    chosen = w.numbers[condition]
    if x == y or chosen is True:
        return x  # where(c, x, x) = x, where(true, x, y) = x
    if chosen is False:
        return y  # where(false, x, y) = y
    for side, kept in ((x, 1), (y, 2)):
        inner = w.made[side]
        if inner.operation == "where" and inner.operands[0] == condition:
            chosen_there = inner.operands[kept]  # where(c, where(c, x, z), y) = where(c, x, y)
            return w.add("where", condition, *((chosen_there, y) if kept == 1 else (x, chosen_there)))
    if w.made[condition].operation == "logical_not":  # where(not c, x, y) = where(c, y, x)
        return w.add("where", w.made[condition].operands[0], y, x)
    a, b = w.numbers[x], w.numbers[y]
    if one.type.dtype == "bool":
        if a is True and b is False:
            return condition  # where(c, true, false) = c
        if a is False and b is True:
            return w.add("logical_not", condition)  # where(c, false, true) = not c
    elif a == 1 and w.is_zero(y, 1.0):
        return w.add("astype", condition, dtype=one.type.dtype)  # where(c, 1, 0) is c as a number
    return None


def _astype(w: Rewriter, one: Instruction, x: int) -> int | None:
    a = w.made[x]
    if a.type.dtype == one.type.dtype:
        return x  # x as what it is
    if a.operation == "astype":
        source = a.operands[0]
        if (w.made[source].type.dtype, a.type.dtype) in _LOSSLESS:
            return w.add("astype", source, dtype=one.type.dtype)  # as a wider type first, and then as one
    if a.operation in ("add", "sub") and one.type.dtype.startswith("float") and w.only(x, a.operation):
        most = _most(w, x)
        if most is not None and most <= _EXACT:  # small integers add up as floats do
            return w.add(a.operation, *(w.add("astype", y, dtype=one.type.dtype) for y in a.operands))
    return None


#: Up to here float32 holds every integer.
_EXACT = 1 << 24


def _most(w: Rewriter, place: int, depth: int = 4) -> int | None:
    """How far from 0 an integer can be, if it is made of few truths and numbers."""
    one = w.made[place]
    if one.type.dtype.startswith("float"):
        return None
    if one.type.dtype == "bool":
        return 1
    number = w.numbers[place]
    if number is not None:
        return abs(int(number))
    if one.operation == "astype":
        return _most(w, one.operands[0], depth)
    if one.operation in ("add", "sub") and depth:
        terms = [_most(w, operand, depth - 1) for operand in one.operands]
        return None if None in terms else sum(term for term in terms if term is not None)
    return None


#: From which dtype to which every number is kept.
_LOSSLESS = {
    ("bool", "int64"),
    ("bool", "int32"),
    ("bool", "float32"),
    ("bool", "float64"),
    ("int32", "int64"),
    ("int32", "float64"),
    ("float32", "float64"),
}

RULES: dict[str, Callable[..., int | None]] = {
    "add": _add,
    "sub": _sub,
    "mul": _mul,
    "div": _div,
    "pow": _pow,
    "neg": _neg,
    "abs": _abs,
    "maximum": _itself,
    "minimum": _itself,
    "lt": _never,
    "gt": _never,
    "logical_not": _not,
    "logical_and": _and,
    "logical_or": _or,
    "where": _where,
    "astype": _astype,
}
