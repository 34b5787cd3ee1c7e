"""The elementwise rows as plain Python functions of scalars, made from their formulas.

A rule that runs on symbols returns its formula (:mod:`chainrule.arrays.symbolic`); the formula's Python
source, compiled once, computes with floats at the interpreter's full speed. No derivative is written
here: this is one more reader of the table.

A scalar node, whatever its class, has the attributes ``data``, ``grad``, ``_a`` and ``_b`` (the nodes that
it was computed from, or None), ``_rule`` (None for a leaf) and ``_time``. Two slots, and not a tuple: half
as many objects for the garbage collector to walk, which is where large scalar graphs spend their time.
Where there are three operands, ``_b`` is a *pair*, a node of its own that holds the last two.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from math import inf, nan
from operator import attrgetter
from typing import Any

from chainrule.arrays import scalar, symbolic
from chainrule.autodiff.graph import tick
from chainrule.primitives.row import OPERANDS, Elementwise, Rule

_time = attrgetter("_time")

#: Where a node's operands are, by how many there are.
_PLACES = {
    1: ("node._a",),
    2: ("node._a", "node._b"),
    3: ("node._a", "node._b._a", "node._b._b"),
}


class ScalarRule:
    """A row for scalars; ``exponent`` is the number that a power was taken to, where it is not a node."""

    def __init__(self, row: Elementwise, exponent: float | None = None) -> None:
        self.row = row
        self.exponent = exponent

    @property
    def formulas(self) -> tuple[symbolic.Expr | None, ...]:
        """The local derivatives, by the inputs that are nodes."""
        if self.exponent is None:
            return self.row.formulas
        partial = self.row.formulas[0]
        assert partial is not None
        return (symbolic.substitute(partial, {"y": self.exponent}),)

    @cached_property
    def pull(self) -> Callable[[Any, float], None]:
        """``pull(node, g)`` adds g times each local derivative into the inputs' grad."""
        return _pull_function(self.row.name, self.formulas)


class _Pair(ScalarRule):
    """The rule of a pair of operands: nothing flows, for their node reaches through it."""

    def __init__(self) -> None:
        self.exponent = None

    @cached_property
    def pull(self) -> Callable[[Any, float], None]:
        return lambda node, g: None


PAIR = _Pair()


def inputs(node: Any) -> tuple[Any, ...]:
    """The nodes that ``node`` was computed from, in order, and twice where one stands on both sides."""
    first, second = node._a, node._b
    if second is None:
        return () if first is None else (first,)
    if second._rule is PAIR:
        return first, second._a, second._b
    return first, second


def operation(
    row: Elementwise, cls: type, constant: Callable[[Any], Any], rule: ScalarRule | None = None
) -> Callable[..., Any]:
    """The function of nodes of class ``cls`` that ``row`` is; ``constant`` makes a node of a number, and
    ``rule`` is what the nodes will name as theirs."""
    rule = rule or ScalarRule(row)
    names = OPERANDS[: row.arity]
    formula = row.forward(symbolic, *(symbolic.Symbol(name) for name in names))
    return _forward_function(rule, formula, names, row.forward, cls, constant)


def power(cls: type, row: Elementwise) -> Callable[[Any, float], Any]:
    """``power(node, 3)``: the row ``pow`` for an exponent that is a plain number.

    The number goes into the source, so that no logarithm is taken for an exponent that nobody derives by.
    """
    base = symbolic.Symbol("x")
    made: dict[type, dict[float, Callable[[Any], Any]]] = {int: {}, float: {}}

    def make(exponent: float) -> Callable[[Any], Any]:
        return _forward_function(
            ScalarRule(row, exponent),
            row.forward(symbolic, base, exponent),
            ("x",),
            lambda xp, x: row.forward(xp, x, exponent),
            cls,
            None,
        )

    def by(node: Any, exponent: float) -> Any:
        functions = made[exponent.__class__]
        function = functions.get(exponent)
        if function is None:
            if len(functions) >= 256:  # exponents that change at every step are not worth keeping
                functions.clear()
            function = functions[exponent] = make(exponent)
        return function(node)

    return by


def sweep(rules: Sequence[ScalarRule]) -> Callable[[Any], None]:
    """``sweep(root)``: add ∂root/∂node into the ``grad`` of every node below ``root``, whose own is there.

    The pullbacks of ``rules`` stand in the loop itself, most frequent first, and any other rule's is
    called: a call costs as much as the pullback of a sum.
    """
    lines = ["for node in reachable(root):", "    g = node.grad"]
    lines += ["    rule = node._rule"]
    for place, rule in enumerate(rules):
        pull = _Pull(rule.formulas)
        body = [*pull.nodes, *(f"d{i} = {text}" for i, text in pull.products.items()), *pull.sums]
        lines.append(f"    {'elif' if place else 'if'} rule is rule{place}:")
        lines += [f"        {line}" for line in body]
    lines += ["    else: rule.pull(node, g)"]
    names = {f"rule{place}": rule for place, rule in enumerate(rules)}
    return _function("sweep", "root", lines, {**names, "reachable": reachable})


def reachable(root: Any) -> list[Any]:
    """The computed nodes that ``root`` depends on, youngest first: each comes after its children."""
    if root._rule is None:
        return []
    seen = {root}
    found = [root]
    for node in found:
        parent = node._a
        if parent._rule is not None and parent not in seen:
            seen.add(parent)
            found.append(parent)
        parent = node._b
        if parent is not None and parent._rule is not None and parent not in seen:
            seen.add(parent)
            found.append(parent)
    found.sort(key=_time, reverse=True)
    return [node for node in found if node._rule is not PAIR]


class _Pull:
    """The source of a pullback, in parts: load the input nodes, compute each product, add them.

    Every product is computed before any is added, so that one that fails leaves nothing half done; where
    a product is the cotangent itself there is nothing to compute.
    """

    def __init__(self, formulas: Sequence[symbolic.Expr | None]) -> None:
        self.numbers = {"out": "node.data"} | {OPERANDS[i]: f"n{i}.data" for i in range(len(formulas))}
        g = symbolic.Symbol("g")
        symbols = {name: symbolic.Symbol(source) for name, source in self.numbers.items()}
        self.nodes = [f"n{i} = {place}" for i, place in enumerate(_PLACES[len(formulas)])]
        self.products: dict[int, str] = {}
        self.sums: list[str] = []
        for i, formula in enumerate(formulas):
            if formula is not None:
                whole = symbolic.substitute(symbolic.product(g, formula), symbols)
                if whole is not g:
                    self.products[i] = symbolic.python_source(whole)
                self.sums.append(f"n{i}.grad += {'g' if whole is g else f'd{i}'}")


def _pull_function(name: str, formulas: Sequence[symbolic.Expr | None]) -> Callable[[Any, float], None]:
    """``pull(node, g)``, with IEEE 754's answers where Python raises."""
    pull = _Pull(formulas)
    scope: dict[str, Any] = {}
    lines = list(pull.nodes)
    if pull.products:
        lines += ["try:", *(f"    d{i} = {text}" for i, text in pull.products.items())]
        lines += ["except RAISED:"]
        operands = ", ".join(["g", *pull.numbers.values()])
        for i in pull.products:
            scope[f"product{i}"] = _product_rule(formulas[i], list(pull.numbers))
            lines.append(f"    d{i} = ieee(product{i}, {operands})")
    return _function(f"{name}_pull", "node, g", [*lines, *pull.sums] or ["pass"], scope)


def _product_rule(formula: Any, names: Sequence[str]) -> Callable[..., Any]:
    """``rule(xp, g, *operands)``, for :func:`chainrule.arrays.scalar.ieee`."""

    def rule(xp: Any, g: Any, *operands: Any) -> Any:
        return symbolic.product(g, symbolic.evaluate(formula, xp, dict(zip(names, operands, strict=True))))

    return rule


def _forward_function(
    rule: ScalarRule,
    formula: symbolic.Expr,
    operands: Sequence[str],
    forward: Rule,
    cls: type,
    constant: Any,
) -> Callable[..., Any]:
    """The function that computes a node: its number, and the slots that lead back."""
    numbers = [f"n{i}.data" for i in range(len(operands))]
    symbols = {name: symbolic.Symbol(text) for name, text in zip(operands, numbers, strict=True)}
    data = symbolic.python_source(symbolic.substitute(formula, symbols))
    others = [f"n{i}" for i in range(1, len(operands))]
    lines = [
        *(f"if {other}.__class__ is not cls: {other} = constant({other})" for other in others),
        *(_PAIRED if len(others) == 2 else ()),
        "out = new(cls)",
        "try:",
        f"    out.data = {data}",
        "except RAISED:",
        f"    out.data = ieee(forward, {', '.join(numbers)})",
        "out.grad = 0",
        "out._a = n0",
        f"out._b = {(None, 'n1', 'pair')[len(others)]}",
        "out._rule = rule",
        "out._time = tick()",
        "return out",
    ]
    scope = {
        "new": cls.__new__,
        "cls": cls,
        "constant": constant,
        "forward": forward,
        "rule": rule,
        "pair_rule": PAIR,
        "tick": tick,
    }
    arguments = ", ".join(f"n{i}" for i in range(len(operands)))
    return _function(f"scalar_{rule.row.name}", arguments, lines, scope)


_PAIRED = (
    "pair = new(cls)",
    "pair.data = 0.0",
    "pair.grad = 0",
    "pair._a, pair._b, pair._rule, pair._time = n1, n2, pair_rule, tick()",
)


def _function(name: str, arguments: str, lines: Sequence[str], scope: dict[str, Any]) -> Any:
    """Compile a function that finds scalar mathematics, and ``scope``, by their bare names."""
    source = "\n    ".join([f"def {name}({arguments}):", *lines])
    scope = {**{one: getattr(scalar, one) for one in scalar.__all__}, "inf": inf, "nan": nan, **scope}
    exec(compile(source, f"<chainrule scalar rule {name}>", "exec"), scope)
    return scope[name]
