"""Formulas as a reader writes them: from the symbols of a rule to ``2·S`` and ``2·(−1)``.

A formula is plain data: a number, or ``[operation, *arguments]``, where ``["ref", id]`` is a variable of
the derivation. One :class:`Writer` decides where brackets stand; the :class:`Dialect` of a format says how
a fraction, a power or a name is set in it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from chainrule.arrays import symbolic
from chainrule.explain.derivation import Derivation, Formula, Numbers

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
_COMPARISONS = frozenset({"lt", "le", "gt", "ge", "eq", "ne"})
_SUPERSCRIPTS = str.maketrans("0123456789−", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


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


class Dialect(Protocol):
    """How one format sets the parts of a formula: each takes what is already set, and gives it back whole.

    ``fraction`` is None where a quotient stays on the line; otherwise fractions, exponents and roots show
    what is under them without brackets.
    """

    @property
    def fraction(self) -> Callable[[str, str], str] | None: ...

    def number(self, value: Any) -> str: ...
    def name(self, name: str) -> str: ...
    def words(self, text: str) -> str: ...
    def symbol(self, sign: str) -> str: ...
    def row(self, parts: Sequence[str]) -> str: ...
    def brackets(self, inner: str, pair: str = "()") -> str: ...
    def power(self, base: str, exponent: str, whole: str | None) -> str: ...
    def root(self, inner: str) -> str: ...
    def transposed(self, inner: str) -> str: ...
    def call(self, name: str, args: Sequence[str]) -> str: ...
    def partial(self, of: str, to: str) -> str: ...
    def sentence(self, template: str, letters: Mapping[str, str]) -> str: ...
    def array(self, value: Any) -> str: ...
    def role(self, role: str, inner: str) -> str: ...


def write(
    formula: Formula, reference: Callable[[int], str], *, spaced: bool = False, within: str = ""
) -> str:
    """``formula`` as text; ``spaced`` puts spaces around the product that it is. ``within`` a "product",
    or a "power", it gets the brackets that it needs there."""
    return Writer(Plain(), reference, spaced=spaced).formula(formula, within)


class Writer:
    """Decides where a formula needs brackets, and has a dialect set it.

    Beside operations it writes what the lines of an explanation are made of: ``["partial", of, to]`` is
    ∂of/∂to, ``["value", id]`` the number of a variable, ``["array", lists]`` an array, ``["name", text]``
    a name, ``["said", text]`` words, ``["marked", formula, words]`` a formula with words in brackets
    behind it, ``["words", template, letters]`` a rule in words, ``["chain", upstream, local]`` a product
    of the chain rule, ``["role", role, formula]`` one of its factors, and ``["spaced", formula]`` the
    formula of a line of its own.
    """

    def __init__(
        self,
        dialect: Dialect,
        reference: Callable[[int], str],
        value: Callable[[int], Numbers] = lambda i: None,
        *,
        spaced: bool = False,
    ) -> None:
        self.dialect = dialect
        self.reference = reference
        self.value = value
        self.spaced = spaced

    @classmethod
    def of(cls, derivation: Derivation, dialect: Dialect) -> Writer:
        """A writer that knows the names and the values of ``derivation``."""
        variables = derivation.variables
        return cls(dialect, lambda i: variables[i].name, lambda i: variables[i].value)

    def formula(self, formula: Formula, within: str = "") -> str:
        return self._set(formula, _WITHIN[within])

    def _set(self, formula: Formula, outer: int) -> str:
        if isinstance(formula, str):
            return self.dialect.words(formula)
        if not isinstance(formula, list):
            return self._atom(self.dialect.number(formula), number(formula), outer)
        name, *args = formula
        if name == "ref":
            called = self.reference(args[0])
            return self._atom(self.dialect.name(called), called, outer)
        if name == "value":
            value = self.value(args[0])
            return self._set(["array", value] if isinstance(value, list) else value, outer)
        if name == "role":
            return self.dialect.role(args[0], self._set(args[1], outer))
        text, level = self._said(name, args) or self._operation(name, args)
        return self.dialect.brackets(text) if level < outer else text

    def _atom(self, text: str, plain: str, outer: int) -> str:
        return self.dialect.brackets(text) if _compound(plain, outer) else text

    def _said(self, name: str, args: list[Any]) -> tuple[str, int] | None:
        """What is no operation; None where ``name`` is one."""
        if name == "partial":
            return self.dialect.partial(*map(self.reference, args)), _POWER
        if name == "array":
            return self.dialect.array(args[0]), _ATOM
        if name == "name":
            return self.dialect.name(args[0]), _ATOM
        if name == "said":
            return self.dialect.words(args[0]), _ATOM
        if name == "marked":
            remark = self.dialect.words(f" ({', '.join(args[1])})")
            return self.dialect.row([self._set(args[0], _COMPARISON), remark]), _ATOM
        if name == "words":
            letters = {letter: self._set(one, _POWER) for letter, one in args[1].items()}
            return self.dialect.sentence(args[0], letters), _ATOM
        if name == "chain":
            factors = [self._factor(args[0]), self.dialect.symbol(" · "), self._factor(args[1])]
            return self.dialect.row(factors), _PRODUCT
        if name == "spaced":
            writer = Writer(self.dialect, self.reference, self.value, spaced=True)
            return writer._set(args[0], _COMPARISON), _ATOM
        return None

    def _factor(self, formula: Formula) -> str:
        """A factor of the chain rule: what starts with a sign, in brackets."""
        text = self._set(formula, _PRODUCT)
        return self.dialect.brackets(text) if self._signed(formula) else text

    def _signed(self, formula: Formula) -> bool:
        """Whether ``formula`` starts with a minus that brackets do not already hold."""
        if not isinstance(formula, list):
            return False
        name, *args = formula
        if name == "role":
            return self._signed(args[1])
        first = name in ("mul", "matmul") or (name == "div" and self.dialect.fraction is None)
        return name == "neg" or (first and self._signed(args[0]))

    def _operation(self, name: str, args: list[Formula]) -> tuple[str, int]:
        dialect = self.dialect
        inside = _ATOM if dialect.fraction is None else _COMPARISON
        if name == "pow":
            whole = _whole(args[1])
            return dialect.power(self._set(args[0], _ATOM), self._set(args[1], inside), whole), _POWER
        if name == "neg":
            return dialect.row([dialect.symbol("−"), self._set(args[0], _SIGN)]), _SIGN
        if name in ("and", "or") or name in _COMPARISONS:
            return dialect.brackets(self._condition(name, args), "[]"), _ATOM
        if name in _INFIX:
            return self._infix(name, args)
        if name == "abs":
            return dialect.brackets(self._set(args[0], _COMPARISON), "||"), _ATOM
        if name == "sqrt":
            return dialect.root(self._set(args[0], inside)), _ATOM
        if name == "transpose":
            return dialect.transposed(self._set(args[0], _ATOM)), _ATOM
        if name == "getitem":
            place = dialect.brackets(dialect.words(args[1]), "[]")
            return dialect.row([self._set(args[0], _ATOM), place]), _ATOM
        if name == "logical_not":
            return dialect.brackets(dialect.row([dialect.symbol("¬ "), self._bare(args[0])]), "[]"), _ATOM
        return dialect.call(name, [self._set(arg, _COMPARISON) for arg in args]), _ATOM

    def _infix(self, name: str, args: list[Formula]) -> tuple[str, int]:
        sign, level = _INFIX[name]
        if self.spaced and level == _PRODUCT:
            sign = f" {sign.strip()} "
        if name == "div" and self.dialect.fraction is not None:
            return self.dialect.fraction(*(self._set(arg, _COMPARISON) for arg in args)), _POWER
        left = self._set(args[0], level)
        # (a − b) − c needs no brackets, a − (b − c) does; so does a · (b · c), to show what was computed
        right = self._set(args[1], level + 1)
        return self.dialect.row([left, self.dialect.symbol(sign), right]), level

    def _condition(self, name: str, args: list[Formula]) -> str:
        """A comparison, or two of them, without the brackets around the whole."""
        if name in _COMPARISONS:
            return self._infix(name, args)[0]
        sign = self.dialect.symbol(_INFIX[name][0])
        return self.dialect.row([self._bare(args[0]), sign, self._bare(args[1])])

    def _bare(self, condition: Formula) -> str:
        """A condition inside another: a comparison leaves its brackets to the whole."""
        if isinstance(condition, list) and condition[0] in _COMPARISONS:
            return self._condition(condition[0], condition[1:])
        return self._set(condition, _COMPARISON)


def _whole(exponent: Formula) -> str | None:
    """The digits of an exponent that is a whole number, and stands there as one."""
    if isinstance(exponent, (int, float)):
        text = number(exponent)
        return text if set(text) <= set("0123456789−") else None
    return None


class Plain:
    """The dialect of a terminal."""

    fraction = None

    def number(self, value: Any) -> str:
        return number(value)

    def name(self, name: str) -> str:
        return name

    def words(self, text: str) -> str:
        return text

    def symbol(self, sign: str) -> str:
        return sign

    def row(self, parts: Sequence[str]) -> str:
        return "".join(parts)

    def brackets(self, inner: str, pair: str = "()") -> str:
        return f"{pair[0]}{inner}{pair[1]}"

    def power(self, base: str, exponent: str, whole: str | None) -> str:
        return f"{base}^{exponent}" if whole is None else base + whole.translate(_SUPERSCRIPTS)

    def root(self, inner: str) -> str:
        return f"√{inner}"

    def transposed(self, inner: str) -> str:
        return f"{inner}ᵀ"

    def call(self, name: str, args: Sequence[str]) -> str:
        return f"{name}({', '.join(args)})"

    def partial(self, of: str, to: str) -> str:
        return f"∂{of}/∂{to}"

    def sentence(self, template: str, letters: Mapping[str, str]) -> str:
        return template.format(**letters)

    def array(self, value: Any) -> str:
        return numbers(value)

    def role(self, role: str, inner: str) -> str:
        return inner


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
