"""The derivation of what learns: an input that no update moves is given, and asks for no gradient."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from chainrule import errors
from chainrule.explain.derivation import Derivation


def learning_alone(derivation: Derivation, names: Collection[str]) -> Derivation:
    """:func:`only_learning`, where each of ``names`` must be that of a parameter.

    Raises NameUnknownError for a name that is not there, and DomainError for one that is no parameter.
    """
    for name in names:
        if derivation[name].kind != "parameter":
            known = [one.name for one in derivation.variables if one.kind == "parameter"]
            raise errors.not_a_parameter(name, known)
    return only_learning(derivation, names)


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
        inner_checks=tuple(one for one in derivation.inner_checks if one.variable in wanted),
    )
