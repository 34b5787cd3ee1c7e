"""The native tape computes what the class in Python computes, bit for bit, and what PyTorch computes."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

import hypothesis.strategies as st
import pytest
import torch
from hypothesis import given, settings

import cases
from chainrule import Value
from chainrule.primitives import Elementwise
from chainrule.primitives.row import BOOLEAN
from chainrule.value import PythonValue

#: Numbers at which something happens: zeros, the smallest, the largest, no number, and integers.
EXTREME = (0.0, -0.0, 1.0, -1.0, 2.5, 5e-324, 1e308, -1e308, math.inf, -math.inf, math.nan)
INTEGERS = (0, 1, -1, 2, -3, 7)


def same(ours: Any, theirs: Any) -> bool:
    """The same number, the sign of a zero included; NaN is NaN."""
    if math.isnan(theirs):
        return math.isnan(ours)
    return bool(ours == theirs and math.copysign(1, ours) == math.copysign(1, theirs))


def kind(number: Any) -> type:
    return int if isinstance(number, bool) else type(number)


def agree(run: Callable[[Any, Sequence[Any]], Any], numbers: Sequence[Any]) -> None:
    """``run(cls, leaves)`` on both classes: the same result, and the same gradients.

    Integers are integers on both. Where Python raises, and numpy is asked instead, its floats may stand
    beside a zero that is an integer on the tape.
    """
    found = []
    for cls in (Value, PythonValue):
        leaves = [cls(number) for number in numbers]
        out = run(cls, leaves)
        out.backward()
        found.append([out.data, *(leaf.grad for leaf in leaves)])
    assert all(map(same, *found)), (numbers, found)
    if all(map(math.isfinite, found[0])):
        assert [kind(x) for x in found[0]] == [kind(x) for x in found[1]], (numbers, found)


def points(row: Elementwise) -> list[tuple[Any, ...]]:
    """Random points and the special ones; where it takes any number, the extreme ones and integers."""
    found = [tuple(x.item() for x in point) for point in zip(*cases.points(row, 50), strict=True)]
    found += row.special
    if BOOLEAN in row.domain:
        return found
    if row.arity < 3:
        return found + list(product(EXTREME + INTEGERS, repeat=row.arity))
    return found + list(product(EXTREME, repeat=3)) + list(product(INTEGERS, repeat=3))


def test_values_are_on_the_tape() -> None:
    assert Value is not PythonValue
    assert Value.__flags__ & (1 << 14) == 0, "the garbage collector would look at every node"
    assert Value(1.0).__sizeof__() == 64


@pytest.mark.parametrize("row", cases.ELEMENTWISE.values(), ids=cases.ELEMENTWISE)
def test_rows_agree_with_the_class_in_python(row: Elementwise) -> None:
    for point in points(row):
        agree(lambda cls, leaves: cls._operation(row)(*leaves), point)


@pytest.mark.parametrize("row", cases.CURVED.values(), ids=cases.CURVED)
def test_an_operand_may_stand_on_every_side(row: Elementwise) -> None:
    for x in (0.5, 2, -1.5):
        agree(lambda cls, leaves: cls._operation(row)(*leaves * row.arity), [x])


@pytest.mark.parametrize("exponent", [*EXTREME, *INTEGERS, 0.5, -0.5, 3.0])
def test_powers_by_plain_numbers(exponent: float) -> None:
    for x in EXTREME + INTEGERS:
        agree(lambda cls, leaves: leaves[0] ** exponent, [x])


@pytest.mark.parametrize("number", [3, 2.5, 0, -1])
def test_plain_numbers_on_either_side(number: Any) -> None:
    def run(cls: Any, leaves: Any) -> Any:
        (x,) = leaves
        return (
            (number + x) * (number - x) + (x - number) * (x + number) + number * x + x * number + number**x
        )

    for x in (1.5, 2, -2):
        agree(run, [x])
    agree(lambda cls, leaves: number / leaves[0] + leaves[0] / (number or 1), [1.5])


# --- random programs ---------------------------------------------------------------------------------

BINARY: dict[str, Callable[[Any, Any], Any]] = {
    "add": lambda x, y: x + y,
    "sub": lambda x, y: x - y,
    "mul": lambda x, y: x * y,
    "div": lambda x, y: x / (y * y + 1.5),
}
UNARY: dict[str, Callable[[Any], Any]] = {
    "neg": lambda x: -x,
    "affine": lambda x: 2 - 3 * x,
    "square": lambda x: x**2,
    "inverse": lambda x: (x**2 + 1.0) ** -1,
    "root": lambda x: (x * x + 0.5).sqrt(),
    "exp": lambda x: (-(x * x)).exp(),
    "log": lambda x: (x * x + 1.0).log(),
    "sin": lambda x: x.sin(),
    "cos": lambda x: x.cos(),
    "tanh": lambda x: x.tanh(),
    "sigmoid": lambda x: x.sigmoid(),
    "relu": lambda x: x.relu(),
    "abs": abs,
}

Program = list[tuple[str, int, int]]
places = st.integers(0, 40)
steps = st.tuples(st.sampled_from([*BINARY, *UNARY]), places, places)
programs = st.lists(steps, min_size=1, max_size=40)
integers = st.integers(-5, 5)
floats = st.floats(-3, 3)


def run(program: Program, leaves: Sequence[Any]) -> Any:
    """The sum of all results; those that grow are squashed, so that rounding stays rounding."""
    known = list(leaves)
    for name, i, j in program:
        x, y = known[i % len(known)], known[j % len(known)]
        out = BINARY[name](x, y) if name in BINARY else UNARY[name](x)
        known.append(out.tanh() if abs(float(getattr(out, "data", out))) > 10 else out)
    return sum(known[len(leaves) :], known[0])


@settings(max_examples=500, deadline=None)
@given(programs, st.lists(integers | floats, min_size=1, max_size=5))
def test_random_programs_agree_with_the_class_in_python(program: Program, numbers: list[Any]) -> None:
    agree(lambda cls, leaves: run(program, leaves), numbers)


@settings(max_examples=500, deadline=None)
@given(programs, st.lists(floats, min_size=1, max_size=5))
def test_random_programs_agree_with_pytorch(program: Program, numbers: list[float]) -> None:
    """Within 1e-12 of the largest gradient: a few thousand roundings, for some hundred operations."""
    values = [Value(number) for number in numbers]
    tensors = [torch.tensor(number, dtype=torch.float64, requires_grad=True) for number in numbers]
    ours, theirs = run(program, values), run(program, tensors)
    ours.backward()
    theirs.backward()
    expected = [0.0 if t.grad is None else t.grad.item() for t in tensors]
    scale = max(1.0, *(abs(g) for g in expected))
    assert ours.data == pytest.approx(theirs.item(), rel=1e-12, abs=1e-12)
    for value, gradient in zip(values, expected, strict=True):
        assert value.grad == pytest.approx(gradient, abs=1e-12 * scale)
