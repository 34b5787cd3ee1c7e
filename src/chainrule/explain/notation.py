"""Formulas as a reader writes them: from the symbols of a rule to ``2·S`` and ``2·(−1)``.

A formula is plain data: a number, or ``[operation, *arguments]``, where ``["ref", id]`` is a variable of
the derivation. A writer gives the text of a reference: its name for a formula, its value for the same
formula with the numbers put in.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from chainrule.arrays import symbolic
from chainrule.explain.derivation import Formula

# How tightly the operations bind.
_SUM, _PRODUCT, _SIGN, _POWER, _ATOM = 1, 2, 3, 4, 5
_COMPARISON = 0
_WITHIN = {"": _COMPARISON, "product": _PRODUCT, "power": _ATOM}

_INFIX: dict[str, tuple[str, int]] = {
    "add": (" + ", _SUM),
    "sub": (" − ", _SUM),
    "mul": ("·", _PRODUCT),
    "div": ("/", _PRODUCT),
    "lt": (" < ", _COMPARISON),
    "le": (" ≤ ", _COMPARISON),
    "gt": (" > ", _COMPARISON),
    "ge": (" ≥ ", _COMPARISON),
    "eq": (" = ", _COMPARISON),
    "ne": (" ≠ ", _COMPARISON),
    "and": (" ∧ ", _COMPARISON),
    "or": (" ∨ ", _COMPARISON),
    "matmul": (" @ ", _PRODUCT),
}
_CONDITIONS = frozenset(name for name, (_, level) in _INFIX.items() if level == _COMPARISON)
_SUPERSCRIPTS = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


def from_symbolic(expr: symbolic.Expr, operands: Mapping[str, Formula]) -> Formula:
    """The formula of ``expr``, with ``operands`` for its symbols, simplified."""
    if isinstance(expr, symbolic.Symbol):
        return operands[expr.name]
    if isinstance(expr, symbolic.Operation):
        args = [from_symbolic(arg, operands) for arg in expr.args]
        return simplify([expr.name, *args])
    return expr


def simplify(formula: Formula) -> Formula:
    """One step of what a reader does without thinking: 2 − 1 is 1, x¹ is x, 1·x is x, 0·x is 0.

    A guard, ``where(y = 0, 0, f)``, is read as f. For reading only: what is computed is computed as the
    rule says.
    """
    if not isinstance(formula, list) or formula[0] == "ref":
        return formula
    name, *args = formula
    if name == "where" and isinstance(args[0], (bool, int, float)):
        return args[1] if args[0] else args[2]
    if name == "where" and _is_number(args[1]) and args[1] == 0 and _at_a_point(args[0]):
        return args[2]
    if name in ("and", "or") and any(isinstance(arg, (bool, int, float)) for arg in args):
        return _decided(name == "or", *args)
    if all(_is_number(arg) for arg in args) and name in _FOLD:
        return _FOLD[name](*args)
    if name == "pow" and args[1] == 1:
        return args[0]
    if name == "pow" and args[1] == 0:
        return 1
    if name == "mul":
        if 0 in (args[0], args[1]) and any(_is_number(a) and a == 0 for a in args):
            return 0
        if _is_number(args[0]) and args[0] == 1:
            return args[1]
        if _is_number(args[1]) and args[1] == 1:
            return args[0]
    if name == "div" and _is_number(args[1]) and args[1] == 1:
        return args[0]
    return formula


def _at_a_point(condition: Formula) -> bool:
    """Whether ``condition`` asks for one value of an operand, as y = 0 does."""
    if not isinstance(condition, list):
        return False
    name, *args = condition
    return name == "eq" or (name == "and" and any(map(_at_a_point, args)))


def _decided(settles: bool, left: Formula, right: Formula) -> Formula:
    """A conjunction, or a disjunction, one side of which is known; ``settles`` is the truth that
    decides it alone."""
    known, other = (right, left) if isinstance(left, list) else (left, right)
    return settles if bool(known) is settles else other


def away_from_ties(formula: Formula) -> Formula:
    """[x > y] for 1 − ([x < y] + [x ≤ y])/2: the same except at a tie, which the latter shares."""
    match formula:
        case ["sub", 1, ["div", ["add", ["lt" | "gt" as side, left, right], _], 2]]:
            return ["gt" if side == "lt" else "lt", left, right]
    return formula


def _is_number(arg: Any) -> bool:
    return isinstance(arg, (int, float)) and not isinstance(arg, bool)


_FOLD: dict[str, Callable[..., Any]] = {
    "add": lambda x, y: x + y,
    "sub": lambda x, y: x - y,
    "mul": lambda x, y: x * y,
    "neg": lambda x: -x,
    "eq": lambda x, y: x == y,
    "ne": lambda x, y: x != y,
    "lt": lambda x, y: x < y,
    "le": lambda x, y: x <= y,
    "gt": lambda x, y: x > y,
    "ge": lambda x, y: x >= y,
}


def write(
    formula: Formula, reference: Callable[[int], str], *, spaced: bool = False, within: str = ""
) -> str:
    """``formula`` as text; ``spaced`` puts spaces around the product that it is. ``within`` a "product",
    or a "power", it gets the brackets that it needs there."""
    return _Writer(reference, spaced).text(formula, _WITHIN[within])


class _Writer:
    def __init__(self, reference: Callable[[int], str], spaced: bool) -> None:
        self.reference = reference
        self.spaced = spaced

    def text(self, formula: Formula, outer: int) -> str:
        if not isinstance(formula, list):
            text = formula if isinstance(formula, str) else number(formula)
            return f"({text})" if _compound(text, outer) else text
        name, *args = formula
        if name == "ref":
            text = self.reference(args[0])
            return f"({text})" if _compound(text, outer) else text
        text, level = self._operation(name, args)
        return f"({text})" if level < outer else text

    def _operation(self, name: str, args: list[Formula]) -> tuple[str, int]:
        if name == "pow" and isinstance(args[1], (int, float)):
            return self._power(args[0], args[1]), _POWER
        if name == "pow":
            return f"{self.text(args[0], _ATOM)}^{self.text(args[1], _ATOM)}", _POWER
        if name == "neg":
            return f"−{self.text(args[0], _SIGN)}", _SIGN
        if name in _INFIX:
            return self._infix(name, args)
        if name == "abs":
            return f"|{self.text(args[0], _COMPARISON)}|", _ATOM
        if name == "sqrt":
            return f"√{self.text(args[0], _ATOM)}", _ATOM
        if name == "transpose":
            return f"{self.text(args[0], _ATOM)}ᵀ", _ATOM
        if name == "getitem":
            return f"{self.text(args[0], _ATOM)}[{args[1]}]", _ATOM
        if name == "logical_not":
            return f"[¬ {self._bare(args[0])}]", _ATOM
        return f"{name}({', '.join(self.text(arg, _COMPARISON) for arg in args)})", _ATOM

    def _infix(self, name: str, args: list[Formula]) -> tuple[str, int]:
        sign, level = _INFIX[name]
        if self.spaced and level == _PRODUCT:
            sign = f" {sign.strip()} "
        if name in ("and", "or"):
            return f"[{self._bare(args[0])}{sign}{self._bare(args[1])}]", _ATOM
        left = self.text(args[0], level)
        # (a − b) − c needs no brackets, a − (b − c) does; so does a · (b · c), to show what was computed
        right = self.text(args[1], level + 1)
        text = f"{left}{sign}{right}"
        return (f"[{text}]", _ATOM) if name in _CONDITIONS else (text, level)

    def _bare(self, condition: Formula) -> str:
        """A condition inside another: a comparison leaves its brackets to the whole."""
        text = self.text(condition, _COMPARISON)
        simple = isinstance(condition, list) and condition[0] in _CONDITIONS - {"and", "or"}
        return text[1:-1] if simple else text

    def _power(self, base: Formula, exponent: float) -> str:
        text = number(exponent).replace("−", "-")
        if set(text) <= set("0123456789-"):
            return self.text(base, _ATOM) + text.translate(_SUPERSCRIPTS)
        return f"{self.text(base, _ATOM)}^{self.text(exponent, _ATOM)}"


def _compound(text: str, outer: int) -> bool:
    """Whether a number needs brackets beside another sign: −1 does, and 1e−5 under an exponent."""
    if text.startswith("−"):
        return outer > _SUM
    return outer > _SIGN and text[:1].isdigit() and "e" in text


def number(value: Any) -> str:
    """A number to six digits, with a true minus sign.

    >>> number(-2.0), number(0.1), number(1e-12), number(float("inf"))
    ('−2', '0.1', '1e−12', '∞')
    """
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, float) and math.isnan(value):
        return "NaN"
    if isinstance(value, float) and math.isinf(value):
        return "∞" if value > 0 else "−∞"
    text = f"{value:.6g}"
    if "e" in text:
        mantissa, exponent = text.split("e")
        text = f"{mantissa}e{int(exponent)}"
    return "0" if text == "-0" else text.replace("-", "−")


def numbers(value: Any) -> str:
    """A number, or nested lists of them on one line."""
    if isinstance(value, list):
        return f"[{', '.join(numbers(one) for one in value)}]"
    return number(value)
