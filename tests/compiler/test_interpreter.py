"""The interpreter: what each instruction means, by example."""

from __future__ import annotations

from math import inf, nan
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from programs import Case, assert_same, exact
from tests.compiler.tensor_drawing import TensorCase
from tests.compiler.tensor_programs import tensor_programs

from chainrule import errors
from chainrule.compiler.interpreter import FUNCTIONS, run
from chainrule.compiler.ir import Builder
from chainrule.compiler.operations import OPERATIONS
from chainrule.compiler.types import Type

ROW = (1.0, -2.0, 0.0, -0.0, inf, -inf, nan)
MATRIX = ((1.0, 2.0, 3.0), (4.0, 5.0, 6.0))
MATRIX_OF_TWO = ((10.0, 20.0), (30.0, 40.0))


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
    ("erf", ((0.0, -0.0, inf, -inf, nan, 0.5),), {}, (0.0, -0.0, 1.0, -1.0, nan, 0.5204998778130465)),
    ("erf", (np.array((0.5, -7.0), "float32"),), {}, np.array((0.5204998778130465, -1.0), "float32")),
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
    ("concat", (MATRIX, ((7.0, 8.0, 9.0),)), {"axis": 0}, (*MATRIX, (7.0, 8.0, 9.0))),
    ("concat", (((1.0,), (2.0,)), MATRIX), {"axis": 1}, ((1.0, 1.0, 2.0, 3.0), (2.0, 4.0, 5.0, 6.0))),
    ("iota", (), {"shape": (2, 3), "axis": 1}, ((0, 1, 2), (0, 1, 2))),
    ("iota", (), {"shape": (2, 1), "axis": 0, "dtype": "float64"}, ((0.0,), (1.0,))),
    ("update", (MATRIX, (7.0, 8.0)), {"key": (1, slice(0, 3, 2))}, ((1.0, 2.0, 3.0), (7.0, 5.0, 8.0))),
    ("take", (MATRIX, (1, 1, 0)), {"axis": 0}, (MATRIX[1], MATRIX[1], MATRIX[0])),
    ("take", (MATRIX, ((2,), (0,))), {"axis": 1}, (((3.0,), (1.0,)), ((6.0,), (4.0,)))),
    ("take", (MATRIX, 2), {"axis": 1}, (3.0, 6.0)),
    ("add_at", ((1.0, 1.0), (1, 1, 0), (2.0, 3.0, 4.0)), {"axis": 0}, (5.0, 6.0)),
    ("add_at", (MATRIX, (2, 2), MATRIX_OF_TWO), {"axis": 1}, ((1.0, 2.0, 33.0), (4.0, 5.0, 76.0))),
    ("take_along_axis", (MATRIX, ((2, 0), (1, 1))), {"axis": 1}, ((3.0, 1.0), (5.0, 5.0))),
    (
        "scatter_add",
        (MATRIX, ((2, 0), (1, 1)), MATRIX_OF_TWO),
        {"axis": 1},
        ((21.0, 2.0, 13.0), (4.0, 75.0, 6.0)),
    ),
    ("sum", (MATRIX,), {"axis": (0,)}, (5.0, 7.0, 9.0)),
    ("sum", (MATRIX,), {"axis": (0, 1)}, 21.0),
    ("sum", ((-0.0, -0.0),), {"axis": (0,)}, 0.0),
    ("sum", ((inf, -inf, 1.0),), {"axis": (0,)}, nan),
    ("sum", (-0.0,), {"axis": ()}, -0.0),
    ("max", (MATRIX,), {"axis": (1,)}, (3.0, 6.0)),
    ("max", ((1.0, nan, inf),), {"axis": (0,)}, nan),
    ("min", (MATRIX,), {"axis": (1,)}, (1.0, 4.0)),
    ("min", ((1.0, nan, -inf),), {"axis": (0,)}, nan),
    ("argmax", (MATRIX,), {"axis": 1}, (2, 2)),
    ("argmax", ((1.0, nan, inf, nan),), {"axis": 0}, 1),
    ("argmin", ((2.0, 1.0, 3.0, 1.0),), {"axis": 0}, 1),
    ("argmin", ((-inf, nan),), {"axis": 0}, 1),
    ("argsort", ((2.0, nan, 1.0, -0.0, 0.0, 2.0),), {"axis": 0, "descending": False}, (3, 4, 2, 0, 5, 1)),
    ("argsort", ((2.0, nan, 1.0, -0.0, 0.0, 2.0),), {"axis": 0, "descending": True}, (1, 0, 5, 2, 3, 4)),
    ("argsort", (((1, 0), (0, 1)),), {"axis": 0, "descending": False}, ((1, 0), (0, 1))),
    ("matmul", (MATRIX, ((1.0,), (0.0,), (-1.0,))), {}, ((-2.0,), (-2.0,))),
    ("matmul", ((MATRIX,), (((1.0,), (inf,), (-inf,)),)), {}, (((nan,), (nan,)),)),
    (
        "convolution",
        ((((1.0, 2.0, 3.0, 4.0),),), (((10.0, 1.0),),)),
        {"stride": (2,), "padding": (1,), "dilation": (1,), "groups": 1},
        (((1.0, 23.0, 40.0),),),
    ),
    (
        "convolution_input",
        ((((1.0, 2.0, 3.0),),), (((10.0, 1.0),),)),
        {"shape": (1, 1, 4), "stride": (2,), "padding": (1,), "dilation": (1,), "groups": 1},
        (((1.0, 20.0, 2.0, 30.0),),),
    ),
    (
        "convolution_weight",
        ((((1.0, 2.0, 3.0),),), (((1.0, 2.0, 3.0, 4.0),),)),
        {"shape": (1, 1, 2), "stride": (2,), "padding": (1,), "dilation": (1,), "groups": 1},
        (((16.0, 7.0),),),
    ),
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


@pytest.mark.parametrize("operation", ["take", "add_at", "take_along_axis", "scatter_add"])
@pytest.mark.parametrize("index", [-1, 3])
def test_indices_are_within_their_axis(operation: str, index: int) -> None:
    x, indices = np.zeros(3), np.array([0, index])
    operands = [x, indices, np.zeros(2)][: 2 if operation.startswith("take") else 3]
    with pytest.raises(errors.IndexOutOfRangeError, match=f"index {index} is out of range on axis 0"):
        FUNCTIONS[operation](*operands, axis=0)


@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize(("padding", "dilation"), [(0, 1), (2, 1), (1, 2)])
@pytest.mark.parametrize("axes", [1, 2])
def test_convolutions_are_pytorchs(
    groups: int, stride: int, padding: int, dilation: int, axes: int
) -> None:
    rng = np.random.default_rng(0)
    x = rng.integers(-4, 5, (3, 4, 9, 8)[: axes + 2]).astype(float)
    w = rng.integers(-4, 5, (6, 4 // groups, 3, 2)[: axes + 2]).astype(float)
    options = {
        "stride": (stride, 1)[:axes],
        "padding": (padding, 0)[:axes],
        "dilation": (dilation, 1)[:axes],
    }
    given, weight = (torch.tensor(one, requires_grad=True) for one in (x, w))
    convolved: Any = (torch.conv1d if axes == 1 else torch.conv2d)(
        given, weight, None, **options, groups=groups
    )
    g = rng.integers(-4, 5, convolved.shape).astype(float)
    convolved.backward(torch.tensor(g))
    options["groups"] = groups  # type: ignore[assignment]
    np.testing.assert_array_equal(FUNCTIONS["convolution"](x, w, **options), convolved.detach())
    np.testing.assert_array_equal(
        FUNCTIONS["convolution_input"](g, w, shape=x.shape, **options), given.grad
    )
    np.testing.assert_array_equal(
        FUNCTIONS["convolution_weight"](g, x, shape=w.shape, **options), weight.grad
    )


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
@given(st.one_of(exact(), tensor_programs()))
def test_results_are_of_their_type_and_inputs_stay_as_they_are(case: Case | TensorCase) -> None:
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
