"""From tokens to a program, by operator precedence with a stack of our own.

The method is Dijkstra's shunting yard (*Algol 60 translation*, 1961): operands wait on one stack,
operators and open parentheses on another, and an operator is applied as soon as one that binds
less tightly arrives. Nothing is recursive, so no text can exhaust Python's own stack.
"""

from __future__ import annotations

import difflib
import keyword
from dataclasses import dataclass

from .. import errors
from .lexer import Token, canonical_name, normalised, tokens
from .nodes import (
    ALIASES,
    FUNCTIONS,
    Assignment,
    Binary,
    Call,
    Expression,
    Name,
    Number,
    Program,
    Unary,
)
from .place import pointed

MAX_DEPTH = 200  # parentheses open at once

PRECEDENCE = {"+": 1, "-": 1, "*": 2, "/": 2, "**": 4}
PREFIX_PRECEDENCE = 3  # so −x**2 is −(x**2), and −x*y is (−x)*y


def parse(text: str) -> Program:
    """The program that ``text`` writes: assignments separated by ``;`` or new lines.

    The last statement may be an expression alone: its result is named ``L``, or ``L1``, ``L2`` …
    where that is taken. If it is just a name assigned before, that one is the output.

    Raises:
        DTypeError: ``text`` is not a text.
        SyntaxInvalidError: it is not written in the language; the message has a caret under the
            place.
        NameUnknownError: it calls an unknown function, or uses a name before its assignment.

    >>> program = parse("e = a*b; d = e + c; L = d*f")
    >>> program.inputs, program.output
    (('a', 'b', 'c', 'f'), 'L')
    >>> program.assignments[1]
    Assignment(name='d', value=Binary(e + c), start=9)
    """
    if not isinstance(text, str):
        raise errors.expression_not_text(text)
    source = normalised(text)
    return _Parser(source).program()


def function_name(name: str) -> str | None:
    """The function that ``name`` calls, or None when it is an ordinary name."""
    name = ALIASES.get(name, name)
    return name if name in FUNCTIONS else None


@dataclass(slots=True)
class _Pending:
    """Something on the operator stack: an operator, a sign, or the ``(`` of a group or a call."""

    token: Token
    precedence: int = 0  # 0: a parenthesis, which holds back everything before it
    prefix: bool = False
    called: Token | None = None  # the name before the parenthesis
    function: str = ""
    arguments: int = 1


class _Parser:
    """One pass over the tokens of ``text``."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = tokens(text)
        self.at = 0
        self.operands: list[Expression] = []
        self.pending: list[_Pending] = []
        self.depth = 0
        self.assigned: dict[str, Assignment] = {}
        self.inputs: dict[str, Token] = {}

    def program(self) -> Program:
        output = ""
        while not output and self._next_statement():
            first = self.tokens[self.at]
            target = self._target()
            value = self._expression()
            if target is not None:
                self._assign(target, value)
                continue
            if self._next_statement():
                raise errors.expression_unnamed(self._where(first))
            output = self._name_last(value, first.start)
        if not self.assigned:
            raise errors.expression_empty()
        assignments = tuple(self.assigned.values())
        output = output or assignments[-1].name
        return Program(assignments, tuple(self.inputs), output, self.text)

    # Statements.

    def _next_statement(self) -> bool:
        while self.tokens[self.at].kind == ";":
            self.at += 1
        return self.tokens[self.at].kind != "end"

    def _target(self) -> Token | None:
        """The name before ``=``, both taken; None where the statement is an expression alone."""
        token = self.tokens[self.at]
        if token.kind != "name" or self.tokens[self.at + 1].kind != "=":
            return None
        name = canonical_name(token.text)
        if function_name(name):
            raise errors.expression_assign_function(name, self._where(token))
        if name in self.assigned:
            raise errors.expression_assign_twice(name, self._where(token))
        self.at += 2
        return token

    def _assign(self, token: Token, value: Expression) -> None:
        name = canonical_name(token.text)
        if name in self.inputs:
            raise errors.expression_used_before(name, self._where(self.inputs[name]))
        self.assigned[name] = Assignment(name, value, token.start)

    def _name_last(self, value: Expression, start: int) -> str:
        """The output, where the last statement is ``value`` alone."""
        if isinstance(value, Name) and value.name in self.assigned:
            return value.name
        name, number = "L", 0
        while name in self.assigned or name in self.inputs:
            number += 1
            name = f"L{number}"
        self.assigned[name] = Assignment(name, value, start)
        return name

    # Expressions: an operand and an operator are expected in turn.

    def _expression(self) -> Expression:
        """The expression at ``self.at``, up to the end of its statement."""
        self._operand()
        while (token := self.tokens[self.at]).kind not in (";", "end"):
            if token.kind in PRECEDENCE:
                self._reduce(PRECEDENCE[token.kind], right_associative=token.kind == "**")
                self._push(_Pending(token, PRECEDENCE[token.kind]))
                self._operand()
            elif token.kind == ")":
                self._close(token)
            elif token.kind == ",":
                self._comma(token)
            elif token.kind == "superscript":
                self._superscript(token)
            elif token.kind == "=":
                raise errors.expression_equals(self._where(token))
            else:
                raise self._no_operator(self.tokens[self.at - 1], token)
        self._reduce()
        if self.pending:
            raise errors.expression_unclosed(self._where(self.pending[-1].token))
        return self.operands.pop()

    def _operand(self) -> None:
        """Signs and open parentheses, as many as there are, and the number or name after them."""
        while True:
            token = self.tokens[self.at]
            if token.kind == "number":
                self.at += 1
                self.operands.append(Number(token.value, token.start))
                return
            if token.kind == "name" and self._name(token):
                return
            if token.kind == "(":
                self._open(_Pending(token))
            elif token.kind in ("+", "-"):
                self._push(_Pending(token, PREFIX_PRECEDENCE, prefix=True))
            elif token.kind != "name":
                raise self._no_operand(token)

    def _name(self, token: Token) -> bool:
        """Takes a name, or the opening of a call; says whether an operand is complete."""
        name = canonical_name(token.text)
        function = function_name(name)
        called = self.tokens[self.at + 1].kind == "("
        if called and function is None:
            known = tuple(FUNCTIONS)
            near = difflib.get_close_matches(name.lower(), (*known, *ALIASES), n=1)
            nearest = near[0] if near else None
            raise errors.expression_function_unknown(name, nearest, known, self._where(token))
        if function is not None and not called:
            raise errors.expression_function_bare(name, self._where(token))
        if function is not None:
            self.at += 1
            self._open(_Pending(self.tokens[self.at], called=token, function=function))
            return False
        self.at += 1
        if name not in self.assigned:
            self.inputs.setdefault(name, token)
        self.operands.append(Name(name, token.start))
        return True

    def _open(self, pending: _Pending) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise errors.expression_too_deep(MAX_DEPTH, self._where(self.tokens[self.at]))
        self._push(pending)

    def _push(self, pending: _Pending) -> None:
        self.pending.append(pending)
        self.at += 1

    def _close(self, token: Token) -> None:
        self._reduce()
        if not self.pending:
            raise errors.expression_unopened(self._where(token))
        opened = self.pending.pop()
        self.depth -= 1
        self.at += 1
        if opened.called is None:
            return
        if opened.arguments != FUNCTIONS[opened.function]:
            raise self._arguments(opened, opened.arguments)
        first = len(self.operands) - opened.arguments
        arguments = tuple(self.operands[first:])
        self.operands[first:] = [Call(opened.function, arguments, opened.called.start)]

    def _comma(self, token: Token) -> None:
        self._reduce()
        if not self.pending or self.pending[-1].called is None:
            raise errors.expression_comma(self._where(token))
        self.pending[-1].arguments += 1
        self.at += 1
        self._operand()

    def _superscript(self, token: Token) -> None:
        """``x²``: binds to the operand that it touches, before any operator."""
        following = self.tokens[self.at + 1]
        if following.kind in ("superscript", "**"):
            raise errors.expression_superscript(self._where(following))
        exponent: Expression = Number(abs(token.value), token.start)
        if token.text.startswith("⁻"):
            exponent = Unary("-", exponent, token.start)
        self.operands[-1] = Binary("**", self.operands[-1], exponent, token.start)
        self.at += 1

    def _reduce(self, precedence: int = 1, right_associative: bool = False) -> None:
        """Applies what waits and binds at least as tightly as ``precedence``."""
        least = precedence + right_associative
        while self.pending and self.pending[-1].precedence >= least:
            waiting = self.pending.pop()
            right = self.operands.pop()
            if waiting.prefix:
                self.operands.append(Unary(waiting.token.kind, right, waiting.token.start))
            else:
                left = self.operands.pop()
                self.operands.append(Binary(waiting.token.kind, left, right, waiting.token.start))

    # Messages.

    def _where(self, token: Token) -> str:
        return pointed(self.text, token.start)

    def _arguments(self, opened: _Pending, found: int) -> errors.ChainruleError:
        called = opened.called or opened.token
        expected = FUNCTIONS[opened.function]
        return errors.expression_arguments(called.text, found, expected, self._where(called))

    def _no_operator(self, left: Token, right: Token) -> errors.ChainruleError:
        for word in (right, left):
            if keyword.iskeyword(word.text):
                return errors.expression_python_word(word.text, self._where(word))
        return errors.expression_missing_operator(left.described(), right.described(), self._where(right))

    def _no_operand(self, token: Token) -> errors.ChainruleError:
        before = self.tokens[self.at - 1] if self.at else None
        if token.kind == ")" and not self.depth:
            return errors.expression_unopened(self._where(token))
        if before and before.kind == "(" and token.kind == ")" and self.pending[-1].called:
            return self._arguments(self.pending[-1], 0)
        after = before.described() if before and before.kind != ";" else ""
        return errors.expression_missing_operand(after, token.described(), self._where(token))
