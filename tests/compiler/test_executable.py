"""Machine code gives what the reference interpreter gives."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.cases import CURVED, ELEMENTWISE, points, specials
from tests.compiler.programs import SIMPLE, Case, random_program, smooth_program

from chainrule import errors
from chainrule.arrays import numpy_namespace, traced
from chainrule.arrays.traced import Trace
from chainrule.compiler import interpreter
from chainrule.compiler.ir import Builder, Program, Type
from chainrule.compiler.passes import optimised
from chainrule.compiler.scalars import schedule
from chainrule.compiler.scalars.executable import Executable

LENGTHS = (1, 3, 8, 13, 16)

#: A vector library's functions may be off by a few of the last bits (glibc states 4), where numpy's are off
#: by about one; and a product may be added without being rounded first.
ROUNDING = 2e-15


def assert_close(found: Any, expected: Any, tolerance: float, name: str = "") -> None:
    """NaN and infinity in the same places, and finite numbers within ``tolerance``."""
    found, expected = np.asarray(found), np.asarray(expected)
    assert (found.dtype, found.shape) == (expected.dtype, expected.shape), name
    if found.dtype == np.bool_:
        np.testing.assert_array_equal(found, expected, err_msg=name)
        return
    finite = np.isfinite(expected)
    np.testing.assert_array_equal(found[~finite], expected[~finite], err_msg=name)
    np.testing.assert_allclose(
        found[finite], expected[finite], rtol=tolerance, atol=tolerance, err_msg=name
    )


def agree(case: Case, tolerance: float) -> None:
    program = optimised(case.program)
    found = Executable(program)(**case.inputs)
    expected = interpreter.run(case.program, case.inputs)
    assert found.keys() == expected.keys()
    for name, one in expected.items():
        assert_close(found[name], one, tolerance, f"{name} of\n{case.program}")


# --- every row of the table ------------------------------------------------------------------------------


def operands_of(row: Any) -> list[np.ndarray]:
    return (
        [np.concatenate(pair) for pair in zip(points(row, 13), specials(row), strict=True)]
        if row.special
        else points(row, 13)
    )


def compiled(function: Any, operands: list[np.ndarray]) -> np.ndarray:
    """``function`` of traced arrays, as machine code on ``operands``."""
    trace = Trace("row")
    given = [trace.input(f"x{place}", one.shape, one.dtype.name) for place, one in enumerate(operands)]
    program = optimised(trace.program({"y": function(*given)}))
    return Executable(program)(**{f"x{place}": one for place, one in enumerate(operands)})["y"]


@pytest.mark.parametrize("row", ELEMENTWISE.values(), ids=ELEMENTWISE)
def test_every_row_runs_as_machine_code(row: Any) -> None:
    operands = operands_of(row)
    with np.errstate(all="ignore"):
        expected = row.forward(numpy_namespace, *operands)
    lanes = compiled(lambda *given: row.forward(traced, *given), operands)
    assert_close(lanes, np.asarray(expected), 4 * ROUNDING)
    for place in range(len(operands[0])):  # and of single numbers
        alone = [one[place] for one in operands]
        one = compiled(lambda *given: row.forward(traced, *given), [np.asarray(x) for x in alone])
        assert_close(one, np.asarray(expected[place]), ROUNDING)
        if place >= 2 and not row.special:
            break


@pytest.mark.parametrize("row", CURVED.values(), ids=CURVED)
def test_every_way_back_runs_as_machine_code(row: Any) -> None:
    operands = operands_of(row)
    wanted = tuple(partial is not None for partial in row.partials)
    g = np.linspace(-2.0, 2.0, len(operands[0]))
    with np.errstate(all="ignore"):
        out = row.forward(numpy_namespace, *operands)
        expected = row.pull(wanted)(numpy_namespace, g, (out, *operands), {})
    for place, want in enumerate(wanted):
        if want:

            def pulled(g: Any, *given: Any, place: int = place) -> Any:
                out = row.forward(traced, *given)
                return row.pull(wanted)(traced, g, (out, *given), {})[place]

            assert_close(compiled(pulled, [g, *operands]), np.asarray(expected[place], float), 8 * ROUNDING)


# --- random programs -------------------------------------------------------------------------------------


#: Without these no number is rounded, in so few steps from such numbers, and every bit can be asked for.
ROUNDED = {"div", "pow", "sqrt", "exp", "log", "sin", "cos", "tanh", "erf"}
SUPPORTED = [name for name in SIMPLE if name not in ("reshape", "permute_dims")]


@settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.randoms(use_true_random=False), st.sampled_from(LENGTHS))
def test_programs_of_jumps_and_special_numbers(rng: Random, length: int) -> None:
    case = random_program(
        rng,
        operations=[name for name in SUPPORTED if name not in ROUNDED],
        dtypes=("float64", "float64", "bool"),
        shapes=((), (length,)),
    )
    agree(
        case._replace(
            inputs={name: np.round(x * 2) / 2 if x.dtype != bool else x for name, x in case.inputs.items()}
        ),
        1e-9,
    )


@settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.randoms(use_true_random=False), st.sampled_from(LENGTHS))
def test_programs_of_smooth_functions(rng: Random, length: int) -> None:
    agree(smooth_program(rng, shapes=((), (length,))), 1e-10)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.randoms(use_true_random=False), st.integers(1, 7))
def test_programs_cut_into_small_functions(rng: Random, block: int) -> None:
    whole = schedule.BLOCK
    schedule.BLOCK = block
    try:
        agree(smooth_program(rng, shapes=((), (11,))), 1e-10)
    finally:
        schedule.BLOCK = whole


# --- memory ----------------------------------------------------------------------------------------------


def total_of(length: int) -> Program:
    builder = Builder("total")
    x = builder.input("x", Type("float64", (length,)))
    return builder.program(
        {
            name: builder.add(name, (x,), axis=(0,))
            for name in ("sum", "max", "min")
            if length or name == "sum"
        }
    )


@pytest.mark.parametrize("length", [0, 1, 5, 8, 9, 64, 1001])
def test_reductions_of_any_length(length: int) -> None:
    x = np.random.default_rng(length).normal(size=length)
    found = Executable(total_of(length))(x=x)
    assert found["sum"] == pytest.approx(x.sum(), abs=1e-12)
    if length:
        assert (found["max"], found["min"]) == (x.max(), x.min())


@pytest.mark.parametrize("special", [np.nan, np.inf, -np.inf])
def test_reductions_of_special_numbers(special: float) -> None:
    for place in range(11):
        x = np.arange(11.0)
        x[place] = special
        found = Executable(total_of(11))(x=x)
        for name, expected in (("sum", x.sum()), ("max", x.max()), ("min", x.min())):
            np.testing.assert_array_equal(found[name], expected)


def test_columns_and_elements_of_an_array_of_three_dimensions() -> None:
    x = np.arange(60.0).reshape(5, 4, 3)
    trace = Trace("picks")
    given = trace.input("x", x.shape)
    program = trace.program(
        {
            "column": given[:, 2, 1] * 2,
            "backwards": given[1][::-1][:, 0] + 0.0,
            "every other": given[3, 1:, 2][::2] - 1,
            "element": given[4][3][2] * given[0, 0, 1],
            "input": given[2, :, 0],
        }
    )
    found = Executable(optimised(program))(x=x)
    np.testing.assert_array_equal(found["column"], x[:, 2, 1] * 2)
    np.testing.assert_array_equal(found["backwards"], x[1, ::-1, 0])
    np.testing.assert_array_equal(found["every other"], x[3, 1::2, 2] - 1)
    assert found["element"] == 59.0
    np.testing.assert_array_equal(found["input"], x[2, :, 0])


def test_the_state_exchanges_its_numbers() -> None:
    """Each number becomes the other: all are read before any is written."""
    builder = Builder("exchange")
    a, b = builder.input("a", Type("float64")), builder.input("b", Type("float64"))
    program = builder.program({"a'": b, "b'": a, "sum": builder.add("add", (a, b))}, {"a": "a'", "b": "b'"})
    executable = Executable(program, state=["a", "b"])
    memory = np.array([1.0, 5.0])
    executable.bind([memory.ctypes.data, memory.ctypes.data + 8])
    executable.run_once()
    assert executable.outputs.tolist() == [6.0]
    assert memory.tolist() == [5.0, 1.0]
    assert executable.run(4).tolist() == [[6.0]] * 4
    assert memory.tolist() == [5.0, 1.0]


def test_what_has_no_loop_is_refused_with_its_line() -> None:
    trace = Trace("matrix")
    x = trace.input("x", (2, 3))
    program = trace.program({"y": x * 2})
    with pytest.raises(errors.CompileError, match=r"test_executable\.py:\d+ .* there is no machine code"):
        Executable(program)
