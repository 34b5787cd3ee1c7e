"""Explaining an expression that was typed: ``"L = (x*w - y)**2"`` with ``x=1 y=2 w=1``."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from chainrule import errors
from chainrule.explain.derivation import Derivation
from chainrule.explain.derive import derive
from chainrule.explain.messages import language
from chainrule.explain.names import Names
from chainrule.explain.notation import number, write
from chainrule.explain.recording import record
from chainrule.expressions import FUNCTIONS, Program, evaluate, parse
from chainrule.primitives import ROWS
from chainrule.value import Value


def explain_expression(
    text: str, values: Mapping[str, float], *, lang: str = "en", torch: bool | None = None
) -> Derivation:
    """The derivation of the last result of ``text``, each input a ``Value``.

    ``text`` is in the expression language (:mod:`chainrule.expressions`), and is never run as Python.

    >>> explain_expression("L = (x*w - y)**2", {"x": 1, "y": 2, "w": 1}, torch=False).gradient("w")
    -2.0

    Raises what the language refuses, and DomainError where a result is not a finite number.
    """
    language(lang)
    program = parse(text)
    found = on_values(program, values)
    names = Names()
    names.add_all(found)
    derivation = derive(record(found[program.output], names), lang=lang, torch=torch)
    _check_finite(derivation)
    return derivation


def on_values(program: Program, values: Mapping[str, float]) -> dict[str, Any]:
    """Every input and result of ``program``, each input a ``Value`` of its number.

    >>> on_values(parse("e = x*w; L = e**2"), {"x": 3, "w": 2})["L"].data
    36.0

    Raises GraphError where the last result is not computed from an input, and what :func:`evaluate` raises.
    """
    inputs = {name: Value(float(value)) for name, value in values.items()}
    found = evaluate(program, inputs, _functions())
    result = found[program.output]
    if not isinstance(result, Value) or result._rule is None:
        raise errors.expression_without_inputs(program.text)
    return found


@cache
def _functions() -> dict[str, Callable[..., Any]]:
    """The functions of the expression language, on values: each is the row of its name."""
    return {name: Value._operation(ROWS[name]) for name in FUNCTIONS}  # type: ignore[arg-type]  # all elementwise


def _check_finite(derivation: Derivation) -> None:
    """Refuse the first step that made an infinity or NaN of finite numbers, and say which it is."""
    variables = derivation.variables
    for variable in variables:
        if not math.isfinite(variable.value):
            formula = write(variable.formula, lambda i: variables[i].name, spaced=True)
            filled = write(variable.formula, lambda i: number(variables[i].value), spaced=True)
            raise errors.expression_not_finite(formula, filled, number(variable.value))
