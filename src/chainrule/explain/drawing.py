"""The graph in plain text, as the course draws it: inputs on the left, the result on the right.

::

    a --|
   [−2] | (*) --> e --|
    b --|        [−2] |
    [4]               | (+) --> d --|

Under each name stands its running gradient in brackets, once one has come.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from chainrule.explain.derivation import Derivation, Formula, Variable

#: What a picture may need before it is left out: boxes, and columns of a terminal.
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


@dataclass(frozen=True)
class _Block:
    """Lines of one width; ``anchor`` is the line on which the name stands, at the right end."""

    lines: list[str]
    anchor: int

    @property
    def width(self) -> int:
        return len(self.lines[0])


def draw(derivation: Derivation, gradient: Callable[[Variable], str | None]) -> str | None:
    """The graph, with ``gradient`` under each name; None where it does not fit on a screen."""
    if len(derivation.variables) > MOST_NODES:
        return None
    seen: set[int] = set()
    lines = _block(derivation, derivation.variables[derivation.result], gradient, seen).lines
    if max(len(line.rstrip()) for line in lines) > MOST_COLUMNS:
        return None
    return "\n".join(line.rstrip() for line in lines).rstrip()


def repeats(derivation: Derivation) -> bool:
    """Whether some computed variable is drawn more than once, and shortened the second time."""
    used = [i for variable in derivation.variables for i in dict.fromkeys(_operands(variable))]
    return any(used.count(v.id) > 1 for v in derivation.variables if v.operation)


def _operands(variable: Variable) -> tuple[int, ...]:
    return variable.inputs


def _block(
    derivation: Derivation,
    variable: Variable,
    gradient: Callable[[Variable], str | None],
    seen: set[int],
) -> _Block:
    if variable.operation and variable.id in seen:
        return _leaf(f"{variable.name}…", gradient(variable))
    seen.add(variable.id)
    if not variable.operation:
        return _leaf(variable.name, gradient(variable))
    children = [
        _block(derivation, derivation.variables[one], gradient, seen)
        for one in dict.fromkeys(variable.inputs)
    ]
    return _joined(children, sign(variable), _leaf(variable.name, gradient(variable)))


def _leaf(name: str, gradient: str | None) -> _Block:
    under = f"[{gradient}]" if gradient is not None else ""
    width = max(len(name), len(under))
    return _Block([name.rjust(width), under.rjust(width)], 0)


def _joined(children: list[_Block], operation: str, result: _Block) -> _Block:
    """The children one above the other, a bar to their right, and the result beyond it."""
    width = max(child.width for child in children)
    lines: list[str] = []
    anchors: list[int] = []
    for child in children:
        anchors.append(len(lines) + child.anchor)
        lines += [line.rjust(width) for line in child.lines]
    first, last = anchors[0], anchors[-1]
    row = first if first == last else (first + last) // 2
    barred = [
        line + (" --|" if i in anchors else "   |" if first < i < last else "    ")
        for i, line in enumerate(lines)
    ]
    arrow = f" ({operation}) --> "
    tail = [" " * (len(arrow) + result.width)] * len(barred)
    tail[row] = arrow + result.lines[0]
    if row + 1 == len(tail):
        barred.append(" " * (width + 4))
        tail.append("")
    tail[row + 1] = " " * len(arrow) + result.lines[1]
    return _Block([line + end for line, end in zip(barred, tail, strict=True)], row)


def sign(variable: Variable) -> str:
    """What stands in the round brackets: the operation, with the numbers that go into it."""
    name, *operands = variable.formula
    shown = _SIGNS.get(variable.operation, name)
    numbers: list[Formula] = [one for one in operands if not isinstance(one, list)]
    if variable.operation == "pow" and len(numbers) == 1 and isinstance(operands[0], list):
        return f"^{_short(numbers[0])}"
    if len(numbers) == 1 and shown in ("+", "*", "−", "/") and len(operands) == 2:
        left = not isinstance(operands[0], list)
        return f"{_short(numbers[0])} {shown}" if left else f"{shown} {_short(numbers[0])}"
    return shown


def _short(number: Formula) -> str:
    from chainrule.explain.notation import number as written

    return number if isinstance(number, str) else written(number)
