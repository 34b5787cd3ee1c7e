"""Machine code of tensor programs, held against the interpreter."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import pytest

from chainrule import errors
from chainrule.compiler import cores, interpreter, members, run
from chainrule.compiler.ir import Builder, Program, Type
from chainrule.compiler.tensors import executable as executables
from chainrule.compiler.tensors.executable import Executable

F32, F64, I64 = "float32", "float64", "int64"

#: Sums in another order, and products and sums rounded at once: some units in the last place for each of
#: the terms, of which there are tens here.
TOLERANCE = {F32: 2e-5, F64: 1e-12}

Arrays = dict[str, np.ndarray]


def executed(
    program: Program, inputs: Mapping[str, np.ndarray], state: Iterable[str] = (), steps: int = 1
) -> Arrays:
    """The results of machine code, and what it left in the state. The arguments must be as they were."""
    executable = Executable(program, list(state))
    given = {name: np.array(array) for name, array in inputs.items()}
    for place, (name, _) in enumerate(executable.layout.arguments):
        executable.bind_argument(place, given[name])
    for place, (name, _) in enumerate(executable.layout.state):
        executable.bind_state(place, given[name])
    results = {}
    for place, (name, type) in enumerate(executable.layout.results):
        results[name] = np.zeros(type.shape if steps == 1 else (steps, *type.shape), type.dtype)
        executable.bind_result(place, results[name])
    executable.run(steps)
    for name, _ in executable.layout.arguments:
        np.testing.assert_array_equal(given[name], inputs[name])
    return results | {program.carried[name]: given[name] for name in state if name in program.carried}


def agree(program: Program, inputs: Mapping[str, np.ndarray], state: Iterable[str] = ()) -> None:
    wanted = interpreter.run(program, inputs)
    for name, found in executed(program, inputs, state).items():
        tolerance = TOLERANCE.get(wanted[name].dtype.name, 0)
        scale = np.max(np.abs(wanted[name][np.isfinite(wanted[name])]), initial=1.0)
        np.testing.assert_allclose(
            found, wanted[name], rtol=tolerance, atol=tolerance * float(scale), err_msg=name
        )


def normal(*shape: int, dtype: str = F32) -> np.ndarray:
    return np.asarray(np.random.default_rng(sum(shape)).standard_normal(shape), dtype)


# --- products ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [F32, F64])
@pytest.mark.parametrize(
    ("m", "k", "n"), [(3, 5, 7), (33, 16, 16), (1, 9, 4), (9, 4, 1), (5, 1, 6), (128, 70, 65), (2, 40, 90)]
)
@pytest.mark.parametrize("turned", ["", "x", "y", "xy"])
def test_products_of_every_layout(dtype: str, m: int, k: int, n: int, turned: str) -> None:
    b = Builder("product")
    x = b.input("x", Type(dtype, (k, m) if "x" in turned else (m, k)))
    y = b.input("y", Type(dtype, (n, k) if "y" in turned else (k, n)))
    left = b.add("permute_dims", (x,), axes=(1, 0)) if "x" in turned else x
    right = b.add("permute_dims", (y,), axes=(1, 0)) if "y" in turned else y
    program = b.program({"z": b.add("matmul", (left, right))})
    agree(
        program, {name: normal(*program.type(p).shape, dtype=dtype) for name, p in program.inputs.items()}
    )


@pytest.mark.parametrize("size", [4, 40])
def test_products_of_many_matrices(size: int) -> None:
    """As in attention: heads are an axis in the middle, and nothing is copied."""
    b = Builder("attention")
    shape = (2, size, 3, 16)
    q, k = b.input("q", Type(F32, shape)), b.input("k", Type(F32, shape))
    left = b.add("permute_dims", (q,), axes=(0, 2, 1, 3))
    right = b.add("permute_dims", (k,), axes=(0, 2, 3, 1))
    program = b.program({"scores": b.add("matmul", (left, right))})
    agree(program, {"q": normal(*shape), "k": normal(*shape)})


def test_a_product_without_blas(monkeypatch: pytest.MonkeyPatch) -> None:
    b = Builder("inline")
    x, y = b.input("x", Type(F32, (70, 60))), b.input("y", Type(F32, (60, 80)))
    program = b.program({"z": b.add("matmul", (x, y))})
    inputs = {"x": normal(70, 60), "y": normal(60, 80)}
    agree(program, inputs)
    monkeypatch.setattr(executables.blas, "find", lambda: None)
    agree(program, inputs)
    assert "product in line" in Executable(program).report()


def test_a_product_of_empty_matrices() -> None:
    b = Builder("empty")
    x, y = b.input("x", Type(F32, (3, 0))), b.input("y", Type(F32, (0, 2)))
    agree(b.program({"z": b.add("matmul", (x, y))}), {"x": normal(3, 0), "y": normal(0, 2)})


# --- work in parts -------------------------------------------------------------------------------------


def large() -> Program:
    """Enough work for several cores: along rows, down columns, over all of it, and in one piece."""
    b = Builder("large")
    x = b.input("x", Type(F32, (300, 257)))
    square = b.add("mul", (x, x))
    top = b.add("reshape", (b.add("max", (square,), axis=(1,)),), shape=(300, 1))
    scaled = b.add("div", (square, b.add("broadcast_to", (top,), shape=(300, 257))))
    flat = b.input("flat", Type(F32, (90_001,)))
    outputs = {
        "scaled": scaled,
        "columns": b.add("sum", (scaled,), axis=(0,)),
        "all": b.add("sum", (scaled,), axis=(0, 1)),
        "least": b.add("min", (scaled,), axis=(0, 1)),
        "flat": b.add("tanh", (flat,)),
        "total": b.add("sum", (flat,), axis=(0,)),
        "most": b.add("max", (flat,), axis=(0,)),
        "product": b.add("matmul", (b.add("permute_dims", (x,), axes=(1, 0)), scaled)),
    }
    return b.program(outputs)


def test_work_in_parts() -> None:
    agree(large(), {"x": normal(300, 257), "flat": normal(90_001)})


def test_the_numbers_do_not_depend_on_how_many_cores_have_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cores, "usable", lambda: 3)
    inputs = {"x": normal(300, 257), "flat": normal(90_001)}
    program = large()
    together = executed(program, inputs)
    monkeypatch.setattr(executables.Team, "of", classmethod(lambda cls, size: executables.Team(1)))
    alone = executed(program, inputs)
    for name, array in together.items():
        if name != "product":  # BLAS decides for itself how it adds up
            np.testing.assert_array_equal(array, alone[name], err_msg=name)
    assert members.LARGEST >= 3


# --- numbers that are none -----------------------------------------------------------------------------


@pytest.mark.parametrize("operation", ["sum", "max", "min"])
@pytest.mark.parametrize("axis", [(0,), (1,), (0, 1)])
def test_reductions_keep_nan_and_infinity(operation: str, axis: tuple[int, ...]) -> None:
    x = normal(40, 37)
    x[3, 5], x[7, 36], x[8, 0], x[8, 1], x[9, :] = np.nan, np.inf, np.inf, -np.inf, -np.inf
    b = Builder("reduction")
    program = b.program({"y": b.add(operation, (b.input("x", Type(F32, x.shape)),), axis=axis)})
    agree(program, {"x": x})


def test_functions_at_the_edges() -> None:
    edges = np.array([0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, np.nan, 88.0, -104.0, 1e-42, 3e38, -3e38], F32)
    x = np.resize(edges, 45)
    b = Builder("edges")
    place = b.input("x", Type(F32, x.shape))
    names = ("exp", "log", "tanh", "sqrt", "sin", "cos", "erf", "abs", "sign", "neg")
    with np.errstate(all="ignore"):
        agree(b.program({name: b.add(name, (place,)) for name in names}), {"x": x})


# --- indices -------------------------------------------------------------------------------------------


def picking() -> Program:
    b = Builder("picking")
    x, i = b.input("x", Type(F32, (5, 6))), b.input("i", Type(I64, (5, 1)))
    picked = b.add("take_along_axis", (x, i), axis=1)
    return b.program({"y": picked, "x'": b.add("neg", (x,))}, {"x": "x'"})


def test_an_index_out_of_range_is_refused_before_anything_is_written() -> None:
    x = normal(5, 6)
    executable = Executable(picking(), ["x"])
    state = x.copy()
    executable.bind_state(0, state)
    executable.bind_result(0, np.zeros((5, 1), F32))
    for wrong in (6, -1):
        executable.bind_argument(0, np.array([[0], [1], [wrong], [3], [4]]))
        with pytest.raises(errors.IndexOutOfRangeError, match=f"index {wrong} is out of range"):
            executable.run()
        np.testing.assert_array_equal(state, x)
    executable.bind_argument(0, np.array([[0], [1], [2], [3], [5]]))
    executable.run()  # the failure is forgotten
    np.testing.assert_array_equal(state, -x)


def test_a_loop_ends_at_the_step_with_the_wrong_index() -> None:
    x = normal(5, 6)
    executable = Executable(picking(), ["x"])
    state = x.copy()
    executable.bind_state(0, state)
    executable.bind_result(0, np.zeros((3, 5, 1), F32))
    indices = np.zeros((3, 5, 1), np.int64)
    indices[1, 2] = 7
    executable.bind_argument(0, indices, entries=3)
    with pytest.raises(errors.IndexOutOfRangeError, match="index 7"):
        executable.run(3)
    np.testing.assert_array_equal(state, -x)  # one step was taken


# --- steps, and what falls back to numpy -----------------------------------------------------------------


def test_steps_in_one_call() -> None:
    b = Builder("steps")
    w, x = b.input("w", Type(F32, (4,))), b.input("x", Type(F32, (4,)))
    new = b.add("add", (w, x))
    program = b.program({"w'": new, "y": b.add("sum", (new,), axis=(0,))}, {"w": "w'"})
    executable = Executable(program, ["w"])
    state, found = np.zeros(4, F32), np.zeros(5, F32)
    executable.bind_state(0, state)
    executable.bind_argument(0, np.array([[1, 1, 1, 1], [2, 0, 0, 0]], F32), entries=2)
    executable.bind_result(0, found)
    executable.run(5)
    assert found.tolist() == [4, 6, 10, 12, 16]
    assert state.tolist() == [7, 3, 3, 3]


def test_what_has_no_loops_is_computed_by_numpy_and_named() -> None:
    b = Builder("sorted")
    x = b.input("x", Type(F32, (6, 9)))
    places = b.add("argsort", (b.add("neg", (x,)),), axis=1, descending=False)
    program = b.program({"y": b.add("take_along_axis", (x, places), axis=1)})
    agree(program, {"x": normal(6, 9)})
    assert "computed by numpy: argsort" in Executable(program).report()


def test_an_error_in_numpy_comes_through(monkeypatch: pytest.MonkeyPatch) -> None:
    b = Builder("broken")
    program = b.program({"y": b.add("argmax", (b.input("x", Type(F32, (4,))),), axis=0)})
    executable = Executable(program)
    executable.bind_argument(0, normal(4))
    executable.bind_result(0, np.zeros((), np.int64))

    def broken(*_: object) -> np.ndarray:
        raise KeyError("broken")

    monkeypatch.setattr(executables, "evaluate", broken)
    with pytest.raises(KeyError, match="broken"):
        executable.run()


def test_code_from_the_disk_needs_no_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    program = large()
    inputs = {"x": normal(300, 257), "flat": normal(90_001)}
    first = executed(program, inputs)

    def never(*_: object) -> None:
        raise AssertionError("it was planned again")

    monkeypatch.setattr(executables, "plan", never)
    monkeypatch.setattr(run, "compiled", never)
    second = executed(program, inputs)
    for name, array in first.items():
        np.testing.assert_array_equal(array, second[name], err_msg=name)


def test_what_is_written_in_place_is_written_last() -> None:
    """Another value of the same turn still reads what the state was."""
    b = Builder("late")
    w, x = b.input("w", Type(F32, (40,))), b.input("x", Type(F32, (40,)))
    new = b.add("add", (x, x))
    program = b.program({"w'": new, "y": b.add("mul", (w, new))}, {"w": "w'"})
    agree(program, {"w": normal(40), "x": normal(40)}, ["w"])
