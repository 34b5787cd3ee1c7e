"""Explaining an expression that was typed: ``"L = (x*w - y)**2"`` with ``x=1 y=2 w=1``."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from chainrule import errors
from chainrule.explain.derivation import Derivation
from chainrule.explain.derive import derive
from chainrule.explain.messages import language
from chainrule.explain.names import Names
from chainrule.explain.notation import number, write
from chainrule.explain.recording import record
from chainrule.expressions import FUNCTIONS, evaluate, parse
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
    inputs = {name: Value(float(value)) for name, value in values.items()}
    found = evaluate(program, inputs, _functions())
    result = found[program.output]
    if not isinstance(result, Value) or result._rule is None:
        raise errors.expression_without_inputs(text)
    names = Names()
    names.add_all(found)
    derivation = derive(record(result, names), lang=lang, torch=torch)
    _check_finite(derivation)
    return derivation


def _functions() -> dict[str, Callable[..., Any]]:
    """The functions of the expression language, on values: each is the row of its name."""
    return {name: _on_values(name) for name in FUNCTIONS}


def _on_values(name: str) -> Callable[..., Value]:
    return Value._operation(ROWS[name])  # type: ignore[arg-type]  # all elementwise


def _check_finite(derivation: Derivation) -> None:
    """Refuse the first step that made an infinity or NaN of finite numbers, and say which it is."""
    variables = derivation.variables
    for variable in variables:
        if not math.isfinite(variable.value):
            formula = write(variable.formula, lambda i: variables[i].name, spaced=True)
            filled = write(variable.formula, lambda i: number(variables[i].value), spaced=True)
            raise errors.expression_not_finite(formula, filled, number(variable.value))
