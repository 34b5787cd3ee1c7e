"""What the studio computes at each step: the loss and its slopes."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from chainrule.explain.expression import on_values
from chainrule.expressions import Name, Number, Program, postorder


@dataclass(frozen=True)
class Slopes:
    """The loss at a point, and its derivative by each input."""

    loss: float
    gradients: Mapping[str, float]

    def finite(self, names: Collection[str]) -> bool:
        """Whether the loss and the gradients of ``names`` are finite numbers."""
        return all(map(math.isfinite, (self.loss, *(self.gradients[name] for name in names))))


def slopes(program: Program, values: Mapping[str, float]) -> Slopes:
    """One forward and one backward pass of ``program`` by the ordinary engine.

    >>> from chainrule.expressions import parse
    >>> slopes(parse("L = (x*w - y)**2"), {"x": 1.0, "w": 1.0, "y": 2.0})
    Slopes(loss=1.0, gradients={'x': -2.0, 'w': -2.0, 'y': 2.0})

    Raises what :func:`on_values` raises.
    """
    found = on_values(program, values)
    result = found[program.output]
    result.backward()
    return Slopes(float(result.data), {name: float(found[name].grad) for name in program.inputs})


def operations(program: Program) -> int:
    """How many operations ``program`` has, signs and calls included.

    >>> from chainrule.expressions import parse
    >>> operations(parse("L = (x*w - y)**2"))
    3
    """
    nodes = (node for one in program.assignments for node in postorder(one.value))
    return sum(not isinstance(node, (Name, Number)) for node in nodes)
