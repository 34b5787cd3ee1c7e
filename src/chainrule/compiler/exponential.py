"""eˣ of floats in line: a few instructions for a whole vector, where a call of the vector library takes
longer, and ten times as long for arguments that it sends to the scalar function one by one, such as the −∞
of a mask.

eˣ = 2ⁿ · eʳ with n the whole number nearest to x / ln 2, and r the rest, at most ln 2 / 2 in size. ln 2 is
taken off in two pieces, the first with few digits, so that n times it is exact (W. J. Cody and W. Waite,
1980). eʳ is its Taylor series to r⁷, whose rest is below half a unit in the last place. 2ⁿ is multiplied in
two halves, so that results beyond the normal range come out as denormal numbers, 0 or ∞.
"""

from __future__ import annotations

from math import factorial, log

from chainrule.compiler.llvm import Input, Operand, Writer, literal

#: Beyond these, the result is 0 or ∞ in float32 whatever the argument is.
_LOWEST, _HIGHEST = -105.0, 89.0

#: 1.5·2²³: added to a small number, it leaves the nearest whole number in the last bits.
_MAGIC = 12582912.0

#: ln 2 in two pieces; the first has 9 bits.
_LN2 = 0.693359375
_LN2_REST = log(2) - _LN2

_TERMS = 7


def exp32(w: Writer, x: Input) -> Operand:
    """eˣ for a writer of ``float``, within 1.5 units in the last place; NaN stays NaN."""
    kind, integers = w.number_type, "i32" if w.lanes == 1 else f"<{w.lanes} x i32>"
    x = w.where(w.lt(x, _LOWEST), _LOWEST, x)
    x = w.where(w.gt(x, _HIGHEST), _HIGHEST, x)
    scaled = w.mul(x, 1 / log(2))
    shifted = _exactly(w, "fadd", scaled, _MAGIC)
    n = _exactly(w, "fsub", shifted, _MAGIC)
    r = w.sub(w.sub(x, w.mul(n, _LN2)), w.mul(n, _LN2_REST))
    power = w.add(w.mul(r, 1 / factorial(_TERMS)), 1 / factorial(_TERMS - 1))
    for term in range(_TERMS - 2, -1, -1):
        power = w.add(w.mul(power, r), 1 / factorial(term))
    whole = w.name(f"bitcast {kind} {shifted.text} to {integers}")
    bits = w.name(f"bitcast {kind} {literal(_MAGIC, w.lanes, w.real)} to {integers}")
    whole = w.name(f"sub {integers} {whole}, {bits}")
    half = w.name(f"ashr {integers} {whole}, {_whole(1, w.lanes)}")
    rest = w.name(f"sub {integers} {whole}, {half}")
    return w.mul(w.mul(power, _power_of_two(w, half)), _power_of_two(w, rest))


def _exactly(w: Writer, operation: str, x: Operand, y: float) -> Operand:
    """A sum that is rounded by itself: not as one with the product before it."""
    return w.value(f"{operation} {w.number_type} {x.text}, {literal(y, w.lanes, w.real)}")


def _power_of_two(w: Writer, n: str) -> Operand:
    """2ⁿ, for an n within the exponents of normal numbers."""
    integers = "i32" if w.lanes == 1 else f"<{w.lanes} x i32>"
    biased = w.name(f"add {integers} {n}, {_whole(127, w.lanes)}")
    shifted = w.name(f"shl {integers} {biased}, {_whole(23, w.lanes)}")
    return w.value(f"bitcast {integers} {shifted} to {w.number_type}")


def _whole(number: int, lanes: int) -> str:
    return str(number) if lanes == 1 else f"<{', '.join([f'i32 {number}'] * lanes)}>"
