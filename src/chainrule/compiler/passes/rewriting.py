"""Rewriting: one walk that makes the program anew, each instruction in its simplest form.

The walk goes in order, so that an instruction meets operands that are simple already. To each it does the
first of these that applies:

- *folding*: on known numbers it becomes a number, computed by the interpreter's own functions;
- *lifting*: an elementwise operation on copies (``broadcast_to``) of small values is done on the small
  values, and its result copied: the work leaves the loop;
- the *rules* of its operation (:mod:`~chainrule.compiler.passes.algebra`,
  :mod:`~chainrule.compiler.passes.elements`, :mod:`~chainrule.compiler.passes.shapes`);
- *sharing*: what was computed before is read from there (:mod:`~chainrule.compiler.passes.subexpressions`).

What a rule makes is simplified in turn. Each rule leaves less to do, so this ends.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Hashable
from math import copysign
from typing import Any

import numpy as np

from chainrule.compiler.interpreter import evaluate
from chainrule.compiler.ir import Instruction, Program, Type
from chainrule.compiler.operations import OPERATIONS, infer
from chainrule.compiler.passes import algebra, elements, shapes
from chainrule.compiler.passes.dead_code import moved
from chainrule.compiler.passes.subexpressions import key_of
from chainrule.origin import Origin

#: Where the rules are written.
BOOKS = (algebra, elements, shapes)

#: A rule is given the instruction and the places of its operands. It returns the place of the same value,
#: or None where it has nothing better.
Rule = Callable[..., int | None]

_RULES: dict[str, tuple[Rule, ...]] = {
    name: tuple(book.RULES[name] for book in BOOKS if name in book.RULES)
    for name in {name for book in BOOKS for name in book.RULES}
}

_ELEMENTWISE = frozenset(name for name, operation in OPERATIONS.items() if operation.elementwise)


def rewritten(program: Program) -> Program:
    """``program`` with each instruction in its simplest form; itself where each has that already."""
    rewriter = Rewriter()
    old = program.instructions
    readers = _readers(program)
    places = [-1] * len(old)
    for place, one in enumerate(old):
        if readers[place]:
            rewriter.origin = one.origin
            places[place] = found = rewriter.simplest(moved(one, places))
            rewriter.readers[found] += readers[place] - 1
    made = rewriter.made
    if len(made) == len(old) and all(map(operator.is_, made, old)):
        return program
    outputs = {name: places[place] for name, place in program.outputs.items()}
    return Program(program.name, made, outputs, program.carried)


def _readers(program: Program) -> list[int]:
    """How often each instruction is read, as an operand or as an output; 0 where nothing depends on it.

    The inputs count as read: they are the signature.
    """
    old = program.instructions
    found = [0] * len(old)
    for place in (*program.inputs.values(), *program.outputs.values()):
        found[place] += 1
    for place in range(len(old) - 1, -1, -1):
        if found[place]:
            for operand in old[place].operands:
                found[operand] += 1
    return found


class Rewriter:
    """The new program in the making, and what the rules ask about it.

    ``numbers`` holds for each place the number that all its elements are, where that is known; ``readers``
    holds how often it is read.
    """

    def __init__(self) -> None:
        self.made: list[Instruction] = []
        self.numbers: list[float | bool | None] = []
        self.readers: list[int] = []
        self.origin: Origin | None = None
        self._places: dict[Hashable, int] = {}

    def simplest(self, one: Instruction) -> int:
        """The place of the value of ``one``, which is added in its simplest form."""
        operands = one.operands
        if operands:
            first = self.made[operands[0]].operation
            if first == "broadcast_to" and one.operation in _ELEMENTWISE:
                found = self._lifted(one)
                if found is not None:
                    return found
            elif first == "constant" and one.operation in _ELEMENTWISE:
                found = self._folded(one)
                if found is not None:
                    return found
            for rule in _RULES.get(one.operation, ()):
                found = rule(self, one, *operands)
                if found is not None:
                    return found
        return self._shared(one)

    def add(self, operation: str, *operands: int, **attributes: Any) -> int:
        """The place of this value, in its simplest form."""
        type = infer(operation, tuple([self.made[place].type for place in operands]), attributes)
        return self.simplest(Instruction(operation, operands, attributes, type, self.origin))

    def constant(self, value: float | bool, like: Type) -> int:
        """The place of an array of ``like``'s dtype and shape that holds ``value`` throughout."""
        place = self._shared(Instruction("constant", (), {"value": value}, Type(like.dtype), self.origin))
        return self.copied(place, like.shape)

    def copied(self, place: int, shape: tuple[int, ...]) -> int:
        """The place of that value, copied to ``shape``."""
        return self.add("broadcast_to", place, shape=shape)

    def is_zero(self, place: int, sign: float) -> bool:
        """Whether that value is the zero of that sign throughout. The one zero of integers has both."""
        number = self.numbers[place]
        if number is None or number != 0:
            return False
        return not self.made[place].type.dtype.startswith("float") or copysign(1.0, number) == sign

    def only(self, place: int, operation: str) -> bool:
        """Whether that value is the result of ``operation``, for one reader."""
        return self.made[place].operation == operation and self.readers[place] <= 1

    def _shared(self, one: Instruction) -> int:
        """The place of the value of ``one``, which is computed there already, or is from now on."""
        made = len(self.made)
        place = self._places.setdefault(key_of(one), made)
        if place < made:
            self.readers[place] += 1
            return place
        number = None
        if one.operation == "constant":
            number = one.attributes["value"]
        elif one.operation == "broadcast_to":
            number = self.numbers[one.operands[0]]
        self.made.append(one)
        self.numbers.append(number)
        self.readers.append(1)
        return made

    def _folded(self, one: Instruction) -> int | None:
        """``one`` as a number, if its operands are numbers."""
        numbers = self.numbers
        for place in one.operands:
            if numbers[place] is None:
                return None
        types = [self.made[place].type for place in one.operands]
        values = [np.asarray(numbers[p], t.dtype) for p, t in zip(one.operands, types, strict=True)]
        with np.errstate(all="ignore"):
            value = evaluate(one.operation, values, one.attributes, one.type)
        return self.constant(value.item(), one.type)

    def _lifted(self, one: Instruction) -> int | None:
        """``one`` as a copy, if its operands are copies of values of one shape.

        Exact: each element is computed from the same numbers as before.
        """
        made = self.made
        sources = []
        for place in one.operands:
            operand = made[place]
            if operand.operation != "broadcast_to":
                return None
            sources.append(operand.operands[0])
        shape = made[sources[0]].type.shape
        if any(made[source].type.shape != shape for source in sources):
            return None
        return self.copied(self.add(one.operation, *sources, **one.attributes), one.type.shape)
