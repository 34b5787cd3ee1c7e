"""The steps of a lesson through a derivation: forward, loss, local derivatives, backward, update."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from string import Formatter

from chainrule.explain.derivation import Derivation, Formula, LocalDerivative
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
        yield Step("locals", place, one.to, values=_mentioned(derivation, one), links=(link,))
    yield Step("backward", -1, result)
    known = {(one.of, one.place): one for one in derivation.locals}
    for place, each in enumerate(derivation.contributions):
        link = (each.of, each.to, each.place)
        local = known.get((each.of, each.place))
        values = () if local is None else _mentioned(derivation, local)
        yield Step("backward", place, each.to, values, (each.of,), (link,))
    for variable in derivation.variables:
        moves = variable.kind == "parameter" and (update is None or variable.name in update)
        if moves and derivation.reached(variable.id):
            yield Step("update", variable.id, variable.id, (variable.id,), (variable.id,))


def _mentioned(derivation: Derivation, local: LocalDerivative) -> tuple[int, ...]:
    """The variables whose values go into a local derivative: those in its formula, or in its rule."""
    if local.rule is None:
        return references(local.formula)
    operands: dict[str, Formula] = {"out": ["ref", local.of]}
    operands |= zip("xyz", derivation.variables[local.of].formula[1:], strict=False)
    letters = (letter for _, letter, _, _ in Formatter().parse(local.rule))
    return references(["words", *(operands.get(letter or "") for letter in letters)])


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
