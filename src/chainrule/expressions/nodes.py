"""What a parsed expression is made of: frozen nodes, each with the place that it came from.

Two nodes are equal when they are written the same way, wherever they stand in their texts. Nothing
here is recursive: the sum of thousands of terms is a tree thousands of nodes deep.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field

#: The functions of the language and how many arguments each takes.
FUNCTIONS: dict[str, int] = {
    "exp": 1,
    "log": 1,
    "sqrt": 1,
    "abs": 1,
    "tanh": 1,
    "sigmoid": 1,
    "relu": 1,
    "sin": 1,
    "cos": 1,
    "maximum": 2,
    "minimum": 2,
}

#: Other spellings that are understood, and the function that each stands for.
ALIASES: dict[str, str] = {"max": "maximum", "min": "minimum"}


class Expression:
    """A number, a name, an operation or a call. Compared, hashed and shown as what it says."""

    __slots__ = ()
    start: int

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Expression):
            return NotImplemented
        return _signature(self) == _signature(other)

    def __hash__(self) -> int:
        return hash(_signature(self))

    def __repr__(self) -> str:
        from .writing import unparse

        return f"{type(self).__name__}({unparse(self)})"


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Number(Expression):
    """A literal. ``start`` is its first character's index in ``Program.text``, as everywhere."""

    value: int | float
    start: int = 0


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Name(Expression):
    """An input, or the result of an assignment before it."""

    name: str
    start: int = 0


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Unary(Expression):
    """``-x`` or ``+x``; ``start`` is the place of the sign."""

    operator: str
    operand: Expression
    start: int = 0


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Binary(Expression):
    """``x + y`` and its like, for ``+ - * / **``; ``start`` is the place of the operator."""

    operator: str
    left: Expression
    right: Expression
    start: int = 0


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Call(Expression):
    """``tanh(x)``; ``start`` is the place of the function's name."""

    function: str
    arguments: tuple[Expression, ...]
    start: int = 0


@dataclass(frozen=True, slots=True)
class Assignment:
    """``name = value``; ``start`` is the place of the name."""

    name: str
    value: Expression
    start: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Program:
    """Assignments in the order in which they run.

    ``inputs`` are the names that need a value, in order of appearance; ``output`` is the name of
    the result; ``text`` is the source that every ``start`` points into.
    """

    assignments: tuple[Assignment, ...]
    inputs: tuple[str, ...]
    output: str
    text: str = field(default="", compare=False)


def children(node: Expression) -> tuple[Expression, ...]:
    """The operands of ``node``, from left to right; a number or a name has none."""
    if isinstance(node, Binary):
        return (node.left, node.right)
    if isinstance(node, Unary):
        return (node.operand,)
    return node.arguments if isinstance(node, Call) else ()


def postorder(root: Expression) -> Iterator[Expression]:
    """Every node of the tree under ``root``, each after its operands.

    >>> from chainrule.expressions import parse
    >>> list(postorder(parse("a*b + 2").assignments[0].value))
    [Name(a), Name(b), Binary(a*b), Number(2), Binary(a*b + 2)]
    """
    # Walked from the root to the right and then turned round: operands come out before their node.
    order, waiting = [], [root]
    while waiting:
        node = waiting.pop()
        order.append(node)
        waiting.extend(children(node))
    yield from reversed(order)


def _signature(root: Expression) -> tuple[Hashable, ...]:
    """The tree as one flat tuple: a node's kind and number of operands make it unambiguous."""
    return tuple(_label(node) for node in postorder(root))


def _label(node: Expression) -> Hashable:
    if isinstance(node, Number):
        return (type(node.value).__name__, node.value)
    if isinstance(node, Name):
        return ("name", node.name)
    if isinstance(node, Call):
        return ("call", node.function, len(node.arguments))
    if isinstance(node, Unary):
        return ("unary", node.operator)
    return ("binary", node.operator) if isinstance(node, Binary) else id(node)
