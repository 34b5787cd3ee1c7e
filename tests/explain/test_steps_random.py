"""Random programs: what is lit at each step is what its line speaks of, with backward()'s numbers."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

import chainrule
from chainrule import Derivation, Value, explain
from chainrule.explain.page import fragment
from chainrule.explain.picture.making import picture_of
from chainrule.explain.picture.model import Picture, Step
from chainrule.explain.picture.steps import steps_of
from chainrule.explain.picture.wording import Wording
from chainrule.explain.statements import Statement, Statements

UNARY: list[Callable[[Any], Any]] = [
    lambda x: x.tanh(),
    lambda x: x.relu(),
    lambda x: x.sin(),
    lambda x: -x,
    lambda x: x**2,
    lambda x: abs(x),
    lambda x: 3 * x,
    lambda x: 1 - x,
]
BINARY: list[Callable[[Any, Any], Any]] = [
    lambda x, y: x + y,
    lambda x, y: x - y,
    lambda x, y: x * y,
    lambda x, y: x / (y * y + 1),
]
OF_TENSORS: list[Callable[[Any], Any]] = [
    lambda x: x.T,
    lambda x: x.sum(0, keepdim=True) * x,
    lambda x: x @ x,
    lambda x: x.reshape(4).reshape(2, 2),
    lambda x: chainrule.maximum(x, x.T),
    lambda x: chainrule.cat([x, x[:1]])[1:],
    lambda x: chainrule.where(x > 0, x, x * 0.1),
    lambda x: x.softmax(1),
]

PROGRAMS = st.lists(st.tuples(st.integers(0, 99), st.integers(0, 99), st.integers(0, 99)), max_size=14)
NUMBERS = st.sampled_from([-2.0, -1.0, -0.5, 0.0, 0.25, 1.0, 1.5, 3.0])


def ran(program: list[tuple[int, int, int]], leaves: list[Any], unary: list[Callable[[Any], Any]]) -> Any:
    """The last of what ``program`` computes of ``leaves``: an operation, and two of the values so far."""
    values = list(leaves)
    for operation, one, other in [*program, (len(unary) + 2, -1, 0)]:
        choice = operation % (len(unary) + len(BINARY))
        x, y = values[one % len(values)], values[other % len(values)]
        values.append(unary[choice](x) if choice < len(unary) else BINARY[choice - len(unary)](x, y))
    return values[-1]


@settings(max_examples=60)
@given(PROGRAMS, st.lists(NUMBERS, min_size=1, max_size=3))
def test_steps_of_values(program: list[tuple[int, int, int]], numbers: list[float]) -> None:
    leaves = [Value(number) for number in numbers]
    result = ran(program, leaves, UNARY)
    derivation = explain(result, torch=False)
    check(derivation)
    result.backward()
    for place, leaf in enumerate(leaves):
        check_gradient(derivation, f"leaves[{place}]", leaf.grad)


@settings(max_examples=60)
@given(PROGRAMS, st.lists(st.tuples(NUMBERS, NUMBERS, NUMBERS, NUMBERS), min_size=1, max_size=3))
def test_steps_of_tensors(program: list[tuple[int, int, int]], numbers: list[tuple[float, ...]]) -> None:
    data = [chainrule.tensor(four, dtype=chainrule.float64).reshape(2, 2) for four in numbers]
    leaves = [one.detach().requires_grad_() for one in data]
    result = ran(program, leaves, UNARY + OF_TENSORS).sum()
    derivation = explain(result, torch=False)
    check(derivation)
    result.backward()
    for place, leaf in enumerate(leaves):
        check_gradient(derivation, f"leaves[{place}]", None if leaf.grad is None else leaf.grad.tolist())


def check_gradient(derivation: Derivation, name: str, expected: Any) -> None:
    """What the derivation, the page and the update tell of the gradient of ``name``."""
    if name not in [variable.name for variable in derivation.variables]:
        return
    variable, data = derivation[name].id, fragment(derivation).data
    assert np.array_equal(derivation.total(variable), expected, equal_nan=True)
    assert data["gradients"][variable][-1][1] == Wording.bracketed_gradient(expected)
    after = Statements(derivation, "en").updated(variable)
    expected = moved(derivation.variables[variable].value, expected)
    assert np.array_equal(after, expected, equal_nan=True)
    assert len(data["updates"][variable]) == 1


def moved(value: Any, slope: Any) -> Any:
    if isinstance(value, list):
        return [moved(*pair) for pair in zip(value, slope, strict=True)]
    return value - 0.1 * slope


def check(derivation: Derivation) -> None:
    picture, statements = picture_of(derivation), Statements(derivation, "en")
    for step in picture.steps:
        if step.place < 0:
            continue
        values, gradients, links = mentioned(derivation, step, said(statements, step))
        assert set(step.values) == values, step
        assert set(step.gradients) == gradients, step
        assert {link[:2] for link in step.links} >= links, step
    check_places(derivation, picture)


def said(statements: Statements, step: Step) -> Statement:
    derivation = statements.derivation
    if step.phase in ("forward", "loss"):
        return statements.computed(derivation.variables[step.place])
    if step.phase == "locals":
        return statements.local(derivation.locals[step.place])
    if step.phase == "backward":
        return statements.contribution(step.place)
    return statements.update(step.variable)


def mentioned(
    derivation: Derivation, step: Step, statement: Statement
) -> tuple[set[int], set[int], set[tuple[int, ...]]]:
    """The values, gradients and local derivatives that the right side of a line speaks of."""
    values: set[int] = set()
    gradients: set[int] = set()
    links: set[tuple[int, ...]] = set()

    def look(formula: Any) -> None:
        if not isinstance(formula, list):
            return
        name, *args = formula
        if name == "ref":
            values.add(args[0])
        elif name == "partial":
            of, to = args
            if step.links and (of, to) == step.links[0][:2] and step.phase == "backward":
                links.add((of, to))
                values.update(formula_of(derivation, step))
            elif of == derivation.result:
                gradients.add(to)
        elif name == "words":
            for letter in re.findall(r"\{(\w+)\}", args[0]):
                look(args[1].get(letter))
        elif name not in ("array", "value"):
            for one in args:
                look(one)

    for side in statement.sides[:1]:
        look(side)
    if step.phase == "locals":
        gradients.clear()  # ∂L/∂v stands in a rule for whatever comes; it is not there yet
    if step.phase == "backward":
        gradients.add(step.links[0][0])  # the seed's own: ∂L/∂L may be read as a local derivative
    return values, gradients, links


def formula_of(derivation: Derivation, step: Step) -> set[int]:
    found = next(one for one in derivation.locals if (one.of, one.to, one.place) == step.links[0])
    values: set[int] = set()
    pending = [found.formula]
    while pending:
        one = pending.pop()
        if isinstance(one, list) and one[0] == "ref":
            values.add(one[1])
        elif isinstance(one, list):
            pending += one[1:]
    return values


def check_places(derivation: Derivation, picture: Picture) -> None:
    """Every variable has one box that shows it, and the top view has all: itself, or in a group."""
    shown = [
        variable
        for view in picture.views
        for box in view.boxes
        if box.kind not in ("group", "elsewhere")
        for variable in box.variables
    ]
    computed = [variable for variable in shown if derivation.variables[variable].operation]
    assert sorted(computed) == [one.id for one in derivation.variables if one.operation]
    assert set(shown) == {one.id for one in derivation.variables}
    top = {variable for box in picture.views[0].boxes for variable in box.variables}
    assert top == {one.id for one in derivation.variables}


def test_a_rule_in_words_lights_what_it_names() -> None:
    x = chainrule.ones(2, 3)
    w = chainrule.ones(3, 1, requires_grad=True)
    derivation = explain((x @ w).sum(), torch=False)
    of_w = [step for step in steps_of(derivation) if step.variable == derivation["w"].id and step.links]
    assert [(step.phase, step.values) for step in of_w] == [
        ("locals", (derivation["x"].id,)),
        ("backward", (derivation["x"].id,)),
    ]
