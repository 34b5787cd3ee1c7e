"""From nodes back to text, with the fewest parentheses that keep the meaning."""

from __future__ import annotations

from .. import errors
from .nodes import Assignment, Binary, Call, Expression, Name, Number, Program, Unary
from .parser import PRECEDENCE, PREFIX_PRECEDENCE

_ATOM = 5  # a number, a name or a call binds more tightly than any operator


def unparse(node: Expression | Assignment | Program) -> str:
    """``node`` as it would be typed: ``parse`` makes an equal one of it.

    That holds as long as the text has no more than the 10,000 characters that ``parse`` takes.

    Raises:
        DTypeError: ``node`` is not something that ``parse`` made.

    >>> from chainrule.expressions import parse
    >>> unparse(parse("L = (((x·w) − y))²"))
    'L = (x*w - y)**2'
    """
    if isinstance(node, Program):
        statements = [unparse(assignment) for assignment in node.assignments]
        if not node.assignments or node.output != node.assignments[-1].name:
            statements.append(node.output)
        return "; ".join(statements)
    if isinstance(node, Assignment):
        return f"{node.name} = {unparse(node.value)}"
    if not isinstance(node, Expression):
        raise errors.expression_not_parsed(node, "unparse")
    # Texts and nodes still to be written, the next one on top.
    written: list[str] = []
    waiting: list[str | Expression] = [node]
    while waiting:
        top = waiting.pop()
        if isinstance(top, str):
            written.append(top)
        else:
            waiting.extend(reversed(_parts(top)))
    return "".join(written)


def _parts(node: Expression) -> list[str | Expression]:
    """The texts and operands that ``node`` is written with, from left to right."""
    if isinstance(node, Number):
        return [repr(node.value)]
    if isinstance(node, Name):
        return [node.name]
    if isinstance(node, Unary):
        return [node.operator, *_enclosed(node.operand, PREFIX_PRECEDENCE)]
    if isinstance(node, Call):
        parts: list[str | Expression] = [node.function, "("]
        for index, argument in enumerate(node.arguments):
            parts += [", ", argument] if index else [argument]
        return [*parts, ")"]
    if not isinstance(node, Binary):
        raise errors.expression_not_parsed(node, "unparse")
    own, power = PRECEDENCE[node.operator], node.operator == "**"
    # A sign after ** needs no parentheses: 2**-x has one meaning only.
    signed = power and isinstance(node.right, Unary)
    right = [node.right] if signed else _enclosed(node.right, own + (not power))
    between = f" {node.operator} " if own == PRECEDENCE["+"] else node.operator
    return [*_enclosed(node.left, own + power), between, *right]


def _enclosed(node: Expression, least: int) -> list[str | Expression]:
    """``node``, in parentheses where it binds less tightly than ``least``."""
    return [node] if _binding(node) >= least else ["(", node, ")"]


def _binding(node: Expression) -> int:
    if isinstance(node, Binary):
        return PRECEDENCE[node.operator]
    return PREFIX_PRECEDENCE if isinstance(node, Unary) else _ATOM
