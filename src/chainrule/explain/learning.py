"""The derivation of what learns: an input that no update moves is given, and asks for no gradient."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from chainrule.explain.derivation import Derivation


def only_learning(derivation: Derivation, names: Collection[str]) -> Derivation:
    """``derivation`` with gradients for the inputs called ``names``, and for what lies on the way to them,
    alone; the other inputs are given. Where nothing learns, every gradient stays.

    >>> from chainrule.explain.expression import explain_expression
    >>> derivation = explain_expression("L = (x*w - y)**2", {"x": 1, "y": 2, "w": 1}, torch=False)
    >>> only = only_learning(derivation, {"w"})
    >>> only.gradient("w"), only.gradient("x"), only["x"].kind
    (-2.0, None, 'input')
    """
    variables = tuple(
        replace(one, kind="input") if one.kind == "parameter" and one.name not in names else one
        for one in derivation.variables
    )
    wanted: set[int] = set()
    for one in variables:
        if one.kind == "parameter" or not wanted.isdisjoint(one.inputs):
            wanted.add(one.id)
    if not wanted:
        return replace(derivation, variables=variables)
    return replace(
        derivation,
        variables=variables,
        locals=tuple(one for one in derivation.locals if one.to in wanted),
        contributions=tuple(one for one in derivation.contributions if one.to in wanted),
        checks=tuple(one for one in derivation.checks if one.variable in wanted),
    )
