"""The steps of a lesson through a derivation: forward, loss, local derivatives, backward, update."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from chainrule.explain.derivation import Derivation, Formula
from chainrule.explain.picture.model import Phase, Step


def steps_of(derivation: Derivation, update: Collection[str] | None = None) -> Iterator[Step]:
    """The steps in order; ``update`` names the parameters of the last phase, None stands for all.

    >>> from chainrule import Value, explain
    >>> a, b = Value(2.0), Value(-3.0)
    >>> [step.phase for step in steps_of(explain(a * b))]
    ['forward', 'loss', 'locals', 'locals', 'backward', 'backward', 'backward', 'update', 'update']
    """
    result = derivation.result
    yield Step("forward", -1, result)
    for variable in derivation.variables:
        if variable.operation:
            phase: Phase = "loss" if variable.id == result else "forward"
            yield Step(phase, variable.id, variable.id, values=_unique(variable.inputs))
    order = sorted(range(len(derivation.locals)), key=lambda i: -derivation.locals[i].of)
    for place in order:
        one = derivation.locals[place]
        link = (one.of, one.to, one.place)
        yield Step("locals", place, one.to, values=references(one.formula), links=(link,))
    yield Step("backward", -1, result)
    formulas = {(one.of, one.place): one.formula for one in derivation.locals}
    for place, each in enumerate(derivation.contributions):
        link = (each.of, each.to, each.place)
        values = references(formulas.get((each.of, each.place)))
        yield Step("backward", place, each.to, values, (each.of,), (link,))
    for variable in derivation.variables:
        moves = variable.kind == "parameter" and (update is None or variable.name in update)
        if moves and derivation.reached(variable.id):
            yield Step("update", variable.id, variable.id, (variable.id,), (variable.id,))


def references(formula: Formula) -> tuple[int, ...]:
    """The variables that a formula mentions, in the order in which they stand."""
    found: list[int] = []
    waiting = [formula]
    while waiting:
        one = waiting.pop()
        if isinstance(one, list):
            if one[0] == "ref":
                found.append(one[1])
            else:
                waiting += reversed(one[1:])
    return _unique(found)


def _unique(places: Collection[int]) -> tuple[int, ...]:
    return tuple(dict.fromkeys(places))
