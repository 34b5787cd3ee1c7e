"""Random programs of values: as they are written, and compiled, forward and back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.autodiff.test_tape import BINARY, UNARY, Program, floats, programs

import chainrule
from chainrule import Value


def run(program: Program, leaves: Sequence[Any]) -> Any:
    """The sum of all results, each squashed, so that rounding stays rounding."""
    known = list(leaves)
    for name, i, j in program:
        x, y = known[i % len(known)], known[j % len(known)]
        known.append((BINARY[name](x, y) if name in BINARY else UNARY[name](x)).tanh())
    return sum(known[len(leaves) :], known[0])


@settings(max_examples=100, deadline=None)
@given(programs, st.lists(floats, min_size=1, max_size=5))
def test_compiled_values_and_gradients_are_the_plain_ones(program: Program, numbers: list[float]) -> None:
    def both(leaves: Sequence[Any]) -> Any:
        result = run(program, leaves)
        result.backward()
        return result

    plain, compiled = ([Value(number) for number in numbers] for _ in range(2))
    expected = both(plain).data
    assert chainrule.compile(both)(compiled) == pytest.approx(expected, rel=1e-11, abs=1e-11)
    found = [value.grad for value in compiled]
    np.testing.assert_allclose(found, [value.grad for value in plain], rtol=1e-10, atol=1e-10)


@settings(max_examples=50, deadline=None)
@given(programs, st.lists(floats, min_size=1, max_size=3), st.lists(floats, min_size=1, max_size=20))
def test_mapped_over_examples(program: Program, numbers: list[float], column: list[float]) -> None:
    plain, compiled = ([Value(number) for number in numbers] for _ in range(2))

    def step(leaves: Sequence[Any], xs: Any) -> Any:
        mean = chainrule.vmap(lambda x: run(program, [*leaves, Value(x)]))(xs).mean()
        mean.backward()
        return mean

    expected = step(plain, np.array(column)).data
    found = chainrule.compile(step)(compiled, np.array(column))
    assert found == pytest.approx(expected, rel=1e-11, abs=1e-11)
    np.testing.assert_allclose(
        [value.grad for value in compiled], [value.grad for value in plain], rtol=1e-10, atol=1e-10
    )
