"""The interpreter: what each instruction means, by example."""

from __future__ import annotations

from math import inf, nan
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from programs import Case, assert_same, exact

from chainrule import errors
from chainrule.compiler.interpreter import FUNCTIONS, run
from chainrule.compiler.ir import OPERATIONS, Builder, Type

ROW = (1.0, -2.0, 0.0, -0.0, inf, -inf, nan)
MATRIX = ((1.0, 2.0, 3.0), (4.0, 5.0, 6.0))


def test_every_operation_has_a_meaning_and_an_example() -> None:
    assert set(FUNCTIONS) == set(OPERATIONS)
    assert {operation for operation, *_ in EXAMPLES} == set(OPERATIONS)


#: An operation, its operands and attributes, and its result.
EXAMPLES: list[tuple[str, tuple[Any, ...], dict[str, Any], Any]] = [
    ("add", (ROW, (1.0, 2.0, -0.0, -0.0, -inf, 1.0, 1.0)), {}, (2.0, 0.0, 0.0, -0.0, nan, -inf, nan)),
    ("sub", (ROW, (1.0, 2.0, 0.0, 0.0, inf, 1.0, 1.0)), {}, (0.0, -4.0, 0.0, -0.0, nan, -inf, nan)),
    ("mul", (ROW, (2.0, -1.0, -3.0, inf, 0.0, -1.0, 0.0)), {}, (2.0, 2.0, -0.0, nan, nan, inf, nan)),
    ("div", (ROW, (2.0, 0.0, 0.0, 1.0, -0.0, inf, 1.0)), {}, (0.5, -inf, nan, -0.0, -inf, nan, nan)),
    ("pow", (ROW, (nan, 3.0, 0.0, -1.0, -1.0, 3.0, 0.0)), {}, (1.0, -8.0, 1.0, -inf, 0.0, -inf, 1.0)),
    ("pow", ((-8.0, 0.0, 2.0), (1 / 3, -2.0, 0.5)), {}, (nan, inf, 2.0**0.5)),
    ("pow", (-float("inf"), 0.5), {}, inf),
    ("pow", (-0.0, 0.5), {}, 0.0),
    ("maximum", (ROW, (2.0, nan, -0.0, 0.0, 1.0, 1.0, 1.0)), {}, (2.0, nan, 0.0, -0.0, inf, 1.0, nan)),
    ("minimum", (ROW, (2.0, nan, -0.0, 0.0, 1.0, 1.0, 1.0)), {}, (1.0, nan, 0.0, -0.0, 1.0, -inf, nan)),
    ("neg", (ROW,), {}, (-1.0, 2.0, -0.0, 0.0, -inf, inf, nan)),
    ("abs", (ROW,), {}, (1.0, 2.0, 0.0, 0.0, inf, inf, nan)),
    ("sign", (ROW,), {}, (1.0, -1.0, 0.0, 0.0, 1.0, -1.0, 0.0)),
    ("sqrt", (ROW,), {}, (1.0, nan, 0.0, -0.0, inf, nan, nan)),
    ("exp", ((0.0, -0.0, inf, -inf, nan, 1000.0),), {}, (1.0, 1.0, inf, 0.0, nan, inf)),
    ("log", (ROW,), {}, (0.0, nan, -inf, -inf, inf, nan, nan)),
    ("sin", ((0.0, -0.0, inf, nan),), {}, (0.0, -0.0, nan, nan)),
    ("cos", ((0.0, inf, nan),), {}, (1.0, nan, nan)),
    ("tanh", ((0.0, inf, -inf, nan),), {}, (0.0, 1.0, -1.0, nan)),
    ("lt", (ROW, (1.0, 0.0, 0.0, 0.0, inf, 0.0, nan)), {}, (False, True, False, False, False, True, False)),
    ("le", (ROW, (1.0, 0.0, 0.0, 0.0, inf, 0.0, nan)), {}, (True, True, True, True, True, True, False)),
    ("gt", (ROW, (0.0, 0.0, 0.0, 0.0, 0.0, 0.0, nan)), {}, (True, False, False, False, True, False, False)),
    ("ge", (ROW, (1.0, 0.0, 0.0, 0.0, inf, 0.0, nan)), {}, (True, False, True, True, True, False, False)),
    ("eq", (ROW, (1.0, 0.0, 0.0, 0.0, inf, inf, nan)), {}, (True, False, True, True, True, False, False)),
    ("ne", (ROW, (1.0, 0.0, 0.0, 0.0, inf, inf, nan)), {}, (False, True, False, False, False, True, True)),
    ("isnan", (ROW,), {}, (False, False, False, False, False, False, True)),
    ("logical_not", ((True, False),), {}, (False, True)),
    ("logical_and", ((True, True, False, False), (True, False) * 2), {}, (True, False, False, False)),
    ("logical_or", ((True, True, False, False), (True, False) * 2), {}, (True, True, True, False)),
    ("where", ((True, False, True), (1.0, nan, -0.0), (nan, 2.0, 3.0)), {}, (1.0, 2.0, -0.0)),
    ("astype", ((True, False),), {"dtype": "float64"}, (1.0, 0.0)),
    ("astype", (ROW,), {"dtype": "bool"}, (True, True, False, False, True, True, True)),
    ("astype", ((0.1, 1e300),), {"dtype": "float32"}, np.array((0.1, inf), "float32")),
    ("broadcast_to", ((1.0, 2.0, 3.0),), {"shape": (2, 3)}, ((1.0, 2.0, 3.0),) * 2),
    ("reshape", (MATRIX,), {"shape": (3, 2)}, ((1.0, 2.0), (3.0, 4.0), (5.0, 6.0))),
    ("permute_dims", (MATRIX,), {"axes": (1, 0)}, ((1.0, 4.0), (2.0, 5.0), (3.0, 6.0))),
    ("getitem", (MATRIX,), {"key": (1, slice(0, 3, 2))}, (4.0, 6.0)),
    ("getitem", (MATRIX,), {"key": (slice(None, None, -1),)}, ((4.0, 5.0, 6.0), (1.0, 2.0, 3.0))),
    ("sum", (MATRIX,), {"axis": (0,)}, (5.0, 7.0, 9.0)),
    ("sum", (MATRIX,), {"axis": (0, 1)}, 21.0),
    ("sum", ((-0.0, -0.0),), {"axis": (0,)}, 0.0),
    ("sum", ((inf, -inf, 1.0),), {"axis": (0,)}, nan),
    ("sum", (-0.0,), {"axis": ()}, -0.0),
    ("max", (MATRIX,), {"axis": (1,)}, (3.0, 6.0)),
    ("max", ((1.0, nan, inf),), {"axis": (0,)}, nan),
    ("min", (MATRIX,), {"axis": (1,)}, (1.0, 4.0)),
    ("min", ((1.0, nan, -inf),), {"axis": (0,)}, nan),
]


@pytest.mark.parametrize(
    ("operation", "operands", "attributes", "expected"), EXAMPLES, ids=[one[0] for one in EXAMPLES]
)
def test_an_operation_means(
    operation: str, operands: tuple[Any, ...], attributes: dict[str, Any], expected: Any
) -> None:
    arrays = [np.asarray(one) for one in operands]
    builder = Builder("f")
    places = [builder.input(f"x{n}", Type(one.dtype.name, one.shape)) for n, one in enumerate(arrays)]
    builder.add(operation, tuple(places), **attributes)
    program = builder.program({"y": len(places)})
    found = run(program, {f"x{n}": one for n, one in enumerate(arrays)})
    assert_same(found, {"y": np.asarray(expected)})
    assert program.type(len(places)) == Type(found["y"].dtype.name, found["y"].shape)


def test_constants_have_their_dtype() -> None:
    builder = Builder("f")
    narrow, truth = builder.constant(0.1, "float32"), builder.constant(True, "bool")
    whole, one = builder.constant(3, "int64"), builder.constant(1)
    found = run(builder.program({"a": narrow, "b": truth, "c": whole, "d": one}), {})
    assert_same(
        found,
        {"a": np.array(0.1, "float32"), "b": np.array(True), "c": np.array(3), "d": np.array(1.0)},
    )


@settings(max_examples=100, deadline=None)
@given(exact())
def test_results_are_of_their_type_and_inputs_stay_as_they_are(case: Case) -> None:
    before = {name: array.copy() for name, array in case.inputs.items()}
    found = run(case.program, case.inputs)
    for name, array in found.items():
        place = case.program.outputs[name]
        assert Type(array.dtype.name, array.shape) == case.program.type(place)
        array.fill(1)  # writes into no input, and into no other output
    assert_same(case.inputs, before)


def test_outputs_are_arrays_of_their_own() -> None:
    builder = Builder("f")
    x = builder.input("x", Type("float64", (2,)))
    given = np.zeros(2)
    found = run(builder.program({"y": x, "z": x}), {"x": given})
    found["y"][0] = 1.0
    assert given[0] == 0.0
    assert found["z"][0] == 0.0


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({}, "f: 'x' is missing"),
        ({"x": np.zeros(2), "y": 1.0}, "f: there is no input 'y'"),
        ({"x": np.zeros(3)}, r"f: the input 'x' is f64\[2\], and f64\[3\] was given"),
        ({"x": np.zeros(2, "float32")}, r"f: the input 'x' is f64\[2\], and f32\[2\] was given"),
    ],
)
def test_inputs_that_are_not_the_programs(inputs: dict[str, Any], message: str) -> None:
    builder = Builder("f")
    program = builder.program({"y": builder.input("x", Type("float64", (2,)))})
    with pytest.raises(errors.ProgramError, match=message):
        run(program, inputs)
