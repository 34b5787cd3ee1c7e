"""The graph in plain text, as the course draws it: inputs on the left, the result on the right.

::

    a --|
   [−2] | (*) --> e --|
    b --|        [−2] |
    [4]               | (+) --> d --|

Under each name stands its running gradient in brackets, once one has come.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache

from chainrule.explain.derivation import Derivation, Formula, Variable
from chainrule.explain.notation import number, numbers

#: What a picture may need before it is left out, or cut in pieces: nodes, and columns of a terminal.
MOST_NODES = 24
MOST_COLUMNS = 110

_SIGNS = {
    "add": "+",
    "sub": "−",
    "mul": "*",
    "div": "/",
    "neg": "−",
    "matmul": "@",
    "pow": "^",
}

#: The text under a node, without its brackets; None for none.
Under = Callable[[Variable], str | None]


@dataclass(frozen=True)
class _Block:
    """Lines of one width; ``anchor`` is the line on which the name stands, at the right end."""

    lines: list[str]
    anchor: int

    @property
    def width(self) -> int:
        return columns(self.lines[0])


@dataclass
class Drawing:
    """How to draw the graph of ``derivation``: ``cuts`` are the nodes that are drawn first, by themselves,
    because the whole would be wider than ``limit`` columns."""

    derivation: Derivation
    limit: int = MOST_COLUMNS
    cuts: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._find_cuts()

    @property
    def repeats(self) -> bool:
        """Whether some computed variable stands in more than one place, and is drawn in one only."""
        variables = self.derivation.variables
        used = Counter(i for variable in variables for i in dict.fromkeys(variable.inputs))
        return bool(self.cuts) or any(used[v.id] > 1 for v in variables if v.operation)

    def text(self, under: Under) -> str:
        """The drawing, with ``under`` in brackets under each name."""
        seen: set[int] = set()
        pieces: list[str] = []
        for root in (*sorted(self.cuts), self.derivation.result):
            block = self._block(self.derivation.variables[root], under, seen, root)
            pieces.append("\n".join(line.rstrip() for line in block.lines).rstrip())
        return "\n\n".join(pieces)

    def _find_cuts(self) -> None:
        """Cut where the drawing gets too wide, from the inputs to the result; each gradient is given the
        room that it takes in the end."""

        def under(variable: Variable) -> str:
            return shortened(self.derivation, variable.id, None) or ""

        width: dict[int, int] = {}
        for variable in self.derivation.variables:
            name = columns(_leaf(variable.name, under(variable)).lines[0])
            if not variable.operation:
                width[variable.id] = name
                continue
            arrow = columns(_arrow(sign(variable))) + 4
            inputs = sorted(dict.fromkeys(variable.inputs), key=lambda i: -width[i])
            for one in inputs:
                computed = self.derivation.variables[one].operation
                if computed and width[one] + arrow + name > self.limit:
                    self.cuts.add(one)
                    width[one] = columns(_leaf(self._elsewhere(one), under(self._variable(one))).lines[0])
            width[variable.id] = max((width[i] for i in inputs), default=0) + arrow + name

    def _variable(self, place: int) -> Variable:
        return self.derivation.variables[place]

    def _elsewhere(self, place: int) -> str:
        return f"{self._variable(place).name}…"

    def _block(self, variable: Variable, under: Under, seen: set[int], root: int) -> _Block:
        if not variable.operation:
            return _leaf(variable.name, under(variable))
        if variable.id in seen or (variable.id in self.cuts and variable.id != root):
            return _leaf(self._elsewhere(variable.id), under(variable))
        seen.add(variable.id)
        children = [
            self._block(self._variable(one), under, seen, root) for one in dict.fromkeys(variable.inputs)
        ]
        return _joined(children, sign(variable), _leaf(variable.name, under(variable)))


def draw(derivation: Derivation, width: int = MOST_COLUMNS) -> Drawing | None:
    """How to draw the graph in ``width`` columns; None where it has too many nodes for a screen."""
    return Drawing(derivation, width) if len(derivation.variables) <= MOST_NODES else None


def shortened(derivation: Derivation, variable: int, before: int | None) -> str | None:
    """The running gradient of a variable, as it fits under its name."""
    if not derivation.reached(variable, before):
        return None
    total = derivation.total(variable, before)
    text = "…" if total is None else numbers(total)
    return text if len(text) <= 16 else "…"


def columns(text: str) -> int:
    """How wide a terminal shows ``text``: Chinese takes two columns, a combining accent none."""
    if text.isascii():
        return len(text)
    return sum(map(_columns_of, text))


@cache
def _columns_of(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _right(text: str, width: int) -> str:
    return " " * (width - columns(text)) + text


def _leaf(name: str, gradient: str | None) -> _Block:
    under = gradient or ""
    if under and not under.startswith("["):  # a vector has its brackets already
        under = f"[{under}]"
    width = max(columns(name), columns(under))
    return _Block([_right(name, width), _right(under, width)], 0)


def _arrow(operation: str) -> str:
    return f" ({operation}) --> "


def _joined(children: list[_Block], operation: str, result: _Block) -> _Block:
    """The children one above the other, a bar to their right, and the result beyond it."""
    width = max((child.width for child in children), default=0)
    lines: list[str] = []
    anchors: list[int] = []
    for child in children:
        anchors.append(len(lines) + child.anchor)
        lines += [_right(line, width) for line in child.lines]
    first, last = anchors[0], anchors[-1]
    row = first if first == last else (first + last) // 2
    barred = [
        line + (" --|" if i in anchors else "   |" if first < i < last else "    ")
        for i, line in enumerate(lines)
    ]
    arrow = _arrow(operation)
    tail = [" " * (columns(arrow) + result.width)] * len(barred)
    tail[row] = arrow + result.lines[0]
    if row + 1 == len(tail):
        barred.append(" " * (width + 4))
        tail.append("")
    tail[row + 1] = " " * columns(arrow) + result.lines[1]
    return _Block([line + end for line, end in zip(barred, tail, strict=True)], row)


def sign(variable: Variable) -> str:
    """What stands in the round brackets: the operation, with the number that goes into it."""
    name, *operands = variable.formula
    shown: str = _SIGNS.get(variable.operation, name)
    given: list[Formula] = [one for one in operands if not isinstance(one, list)]
    if variable.operation == "pow" and len(given) == 1 and isinstance(operands[0], list):
        return f"^{_short(given[0])}"
    if len(given) == 1 and shown in ("+", "*", "−", "/") and len(operands) == 2:
        left = not isinstance(operands[0], list)
        return f"{_short(given[0])} {shown}" if left else f"{shown} {_short(given[0])}"
    return shown


def _short(value: Formula) -> str:
    return value if isinstance(value, str) else number(value)
