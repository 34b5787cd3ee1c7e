"""What the studio computes: the loss and its slopes for an update, and the derivation of what learns."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from chainrule import errors
from chainrule.explain.derivation import Derivation
from chainrule.expressions import FUNCTIONS, Name, Number, Program, evaluate, postorder
from chainrule.primitives import ROWS
from chainrule.value import Value


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

    Raises GraphError where the result is not computed from an input, and what :func:`evaluate` raises.
    """
    inputs = {name: Value(values[name]) for name in program.inputs}
    result = evaluate(program, inputs, _functions())[program.output]
    if not isinstance(result, Value) or result._rule is None:
        raise errors.expression_without_inputs(program.text)
    result.backward()
    return Slopes(float(result.data), {name: float(one.grad) for name, one in inputs.items()})


def _functions() -> dict[str, Callable[..., Any]]:
    return {name: Value._operation(ROWS[name]) for name in FUNCTIONS}  # type: ignore[arg-type]


def operations(program: Program) -> int:
    """How many operations ``program`` has, signs and calls included.

    >>> from chainrule.expressions import parse
    >>> operations(parse("L = (x*w - y)**2"))
    3
    """
    nodes = (node for one in program.assignments for node in postorder(one.value))
    return sum(not isinstance(node, (Name, Number)) for node in nodes)


def for_learning(derivation: Derivation, learning: Collection[str], rate: float) -> Derivation:
    """``derivation`` with gradients for the inputs in ``learning`` alone, and for what lies on the way to
    them, and an update by ``rate``; the other inputs are given. Where nothing learns, every gradient stays.

    >>> from chainrule.explain.expression import explain_expression
    >>> derivation = explain_expression("L = (x*w - y)**2", {"x": 1, "y": 2, "w": 1}, torch=False)
    >>> only = for_learning(derivation, {"w"}, rate=0.1)
    >>> only.gradient("w"), only.gradient("x"), only["x"].kind
    (-2.0, None, 'input')
    """
    variables = tuple(
        replace(one, kind="input") if one.kind == "parameter" and one.name not in learning else one
        for one in derivation.variables
    )
    wanted: set[int] = set()
    for one in variables:
        if one.kind == "parameter" or not wanted.isdisjoint(one.inputs):
            wanted.add(one.id)
    derivation = replace(derivation, variables=variables, rate=rate)
    if not wanted:
        return derivation
    return replace(
        derivation,
        locals=tuple(one for one in derivation.locals if one.to in wanted),
        contributions=tuple(one for one in derivation.contributions if one.to in wanted),
        checks=tuple(one for one in derivation.checks if one.variable in wanted),
    )
