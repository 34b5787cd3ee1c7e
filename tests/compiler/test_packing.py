"""Numbers that are computed side by side: that they are, and that they are what they were alone."""

from __future__ import annotations

from random import Random
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chainrule.compiler import interpreter, run
from chainrule.compiler.ir import Builder, Program, Type
from chainrule.compiler.passes import optimised
from chainrule.compiler.scalars import emit, schedule
from chainrule.compiler.scalars.executable import Executable

NUMBER = Type("float64")
WIDTH = 8
WIDEST = run.lanes()  # what this processor has


def alone(program: Program, state: list[str], width: int = WIDTH) -> tuple[int, int]:
    """How many instructions on numbers stand alone, and how many in packs."""
    units = [
        unit
        for stage in schedule.schedule(program, width, state).stages
        for block in stage.numbers
        for unit in block
    ]
    return sum(len(unit) == 1 for unit in units), sum(len(unit) > 1 for unit in units)


def descent(count: int, *, penalty: bool = True, momentum: bool = False) -> tuple[Program, list[str]]:
    """A step of a linear model with ``count`` weights: losses over 5 examples, and the weights' update."""
    builder = Builder("descent")
    add = builder.add
    rate = builder.input("rate", NUMBER)
    x = builder.input("x", Type("float64", (5, count)))
    w = [builder.input(f"w{n}", NUMBER) for n in range(count)]
    speed = [builder.input(f"speed{n}", NUMBER) for n in range(count if momentum else 0)]
    columns = [add("getitem", (x,), key=(slice(None), n)) for n in range(count)]
    score = add("mul", (add("broadcast_to", (w[0],), shape=(5,)), columns[0]))
    for one, column in zip(w[1:], columns[1:], strict=True):
        score = add("add", (score, add("mul", (add("broadcast_to", (one,), shape=(5,)), column))))
    loss = add("sum", (add("mul", (score, score)),), axis=(0,))
    total = builder.constant(0.0)
    for one in w:
        total = add("add", (total, add("mul", (one, one))))
    tiny, nearly = builder.constant(0.01), builder.constant(0.9)
    outputs, carried = {"loss": add("add", (loss, add("mul", (tiny, total))))}, {}
    for n in reversed(range(count)):  # as a backward pass would
        gradient = add("sum", (add("mul", (score, columns[n])),), axis=(0,))
        if penalty:
            gradient = add("add", (gradient, add("mul", (tiny, w[n]))))
        if momentum:
            gradient = add("add", (add("mul", (nearly, speed[n])), gradient))
            outputs[f"speed{n}'"], carried[f"speed{n}"] = gradient, f"speed{n}'"
        outputs[f"w{n}'"] = add("sub", (w[n], add("mul", (rate, gradient))))
        carried[f"w{n}"] = f"w{n}'"
    return builder.program(outputs, carried), list(carried)


# --- what is packed --------------------------------------------------------------------------------------


@pytest.mark.parametrize("penalty", [True, False])
@pytest.mark.parametrize("momentum", [True, False])
def test_a_step_of_many_parameters_is_packed(penalty: bool, momentum: bool) -> None:
    program, state = descent(40, penalty=penalty, momentum=momentum)
    singles, packs = alone(program, state)
    assert singles == 3  # the sum of the squares, and with it the loss
    assert packs == 5 * (1 + 2 + 2 * penalty + 2 * momentum)


def test_a_rest_that_fills_no_pack_stays_alone() -> None:
    program, state = descent(17)
    singles, packs = alone(program, state)
    assert (singles, packs) == (3 + 5, 2 * 5)
    assert alone(*descent(7)) == (2 * 7 + 2 + 4 * 7, 0)


def test_packs_are_read_and_written_whole() -> None:
    program, state = descent(40, momentum=True)
    found = schedule.schedule(program, WIDTH, state)
    text = emit.module(found, ())
    numbers = "".join(part for part in text.split("define ") if "@numbers_" in part.split("{")[0])
    before_the_loop, after_it = 2, 4  # w and the speed; w, what was made of both, and the loop's sums
    assert numbers.count("load <8 x double>") == 5 * (before_the_loop + after_it)
    assert numbers.count("store <8 x double>") == 5 * 4
    assert "extractelement" not in numbers
    assert found.copies == []


@pytest.mark.parametrize("penalty", [True, False])
def test_the_loop_makes_its_sums_in_the_order_in_which_they_lie(penalty: bool) -> None:
    program, state = descent(40, penalty=penalty)
    (group,) = schedule.schedule(program, WIDTH, state).stages[0].loops[0].groups
    loss = group.places.pop()
    assert loss < min(group.places)
    assert group.places == sorted(group.places)


def test_what_would_need_a_shuffle_stays_alone() -> None:
    """Twice the numbers, then each sum of one and its neighbour's double."""
    builder = Builder("neighbours")
    w = [builder.input(f"w{n}", NUMBER) for n in range(8)]
    two = builder.constant(3.0)
    doubles = [builder.add("mul", (two, one)) for one in w]
    sums = [builder.add("add", (w[n], doubles[n - 1])) for n in range(8)]
    program = builder.program({f"y{n}": one for n, one in enumerate(sums)})
    assert alone(program, [f"w{n}" for n in range(8)]) == (16, 0)


def test_a_chain_of_sums_that_is_read_on_the_way_stays_exact() -> None:
    builder = Builder("running")
    w = [builder.input(f"w{n}", NUMBER) for n in range(40)]
    total, outputs = w[0], {}
    for n, one in enumerate(w[1:], 1):
        total = outputs[f"y{n}"] = builder.add("add", (total, one))
    singles, packs = alone(builder.program(outputs), [f"w{n}" for n in range(40)])
    assert (singles, packs) == (39, 0)


def test_a_sum_of_which_a_copy_is_put_out_is_computed() -> None:
    builder = Builder("copied")
    w = [builder.input(f"w{n}", NUMBER) for n in range(40)]
    total = w[0]
    for one in w[1:20]:
        total = builder.add("add", (total, one))
    outputs = {"part": builder.add("broadcast_to", (total,), shape=(3,))}
    for one in w[20:]:
        total = builder.add("add", (total, one))
    program = builder.program(outputs | {"whole": total})
    inputs = {f"w{n}": np.array(float(n)) for n in range(40)}
    found = Executable(program)(**inputs)
    assert found["part"].tolist() == [190.0] * 3
    assert found["whole"] == 780.0


# --- that they are the same ------------------------------------------------------------------------------


class Case(NamedTuple):
    program: Program
    state: list[str]
    inputs: dict[str, np.ndarray]


def families(rng: Random) -> Case:
    """A program of families of numbers: what happens to one member happens to most, in some order. Each
    state becomes some member of some family, perhaps another state."""
    builder = Builder("families")
    count, length = rng.randint(1, 60), rng.randint(1, 9)
    x = builder.input("x", Type("float64", (length, count)))
    states = [builder.input(f"w{n}", NUMBER) for n in range(count)]
    fixed = [builder.input(f"f{n}", NUMBER) for n in range(count)]
    column = [builder.add("getitem", (x,), key=(slice(None), n)) for n in range(count)]
    sums = [builder.add(rng.choice(("sum", "max")), (one,), axis=(0,)) for one in column]
    known: list[list[int]] = [states, fixed, sums]
    shared = [builder.constant(0.5), builder.input("rate", NUMBER), states[0]]

    def family() -> list[int]:
        found = list(known[-1] if rng.random() < 0.5 else rng.choice(known))
        kind = rng.randrange(20)
        if kind == 0:
            rng.shuffle(found)
        elif kind == 1:
            found.reverse()
        elif kind == 2:
            found = [*found[1:], found[0]]
        elif kind == 3:
            found = [rng.choice(shared)] * count
        return found

    for _ in range(rng.randint(1, 8)):
        operation = rng.choice(("add", "sub", "mul", "maximum", "tanh", "where", "total"))
        left, right = family(), family()
        if operation == "total":
            terms = left[: rng.randint(1, count)] + right[: rng.randint(0, 3)]
            total = terms[0]
            for one in terms[1:]:
                total = builder.add("add", (total, one) if rng.random() < 0.9 else (one, total))
            shared.append(builder.add("tanh", (total,)))
            continue
        if operation == "tanh":
            made = [builder.add("tanh", (one,)) for one in left]
        elif operation == "where":
            other = family()
            made = [
                builder.add("where", (builder.add("gt", (a, b)), b, c))
                for a, b, c in zip(left, right, other, strict=True)
            ]
        else:
            made = [builder.add(operation, pair) for pair in zip(left, right, strict=True)]
            made = [builder.add("tanh", (one,)) for one in made]
        if rng.random() < 0.3:  # a loop over them, and what follows from it
            wide = [builder.add("broadcast_to", (one,), shape=(length,)) for one in made]
            made = [
                builder.add("sum", (builder.add("mul", pair),), axis=(0,))
                for pair in zip(wide, column, strict=True)
            ]
        known.append(made)
    names = [f"w{n}" for n in range(count)]
    outputs = {f"{name}'": one for name, one in zip(names, family(), strict=True)}
    outputs["y"] = shared[-1]
    outputs |= {f"z{n}": one for n, one in enumerate(family()[: rng.randint(0, count)])}
    program = builder.program(outputs, {name: f"{name}'" for name in names})
    state = [name for name in program.inputs if name not in ("x", "rate")]
    inputs = {
        name: np.array([rng.uniform(-2, 2) for _ in range(type.size)]).reshape(type.shape)
        for name, type in ((name, program.type(place)) for name, place in program.inputs.items())
    }
    return Case(program, state, inputs)


def agree_step_by_step(case: Case, steps: int = 3) -> None:
    """Machine code and interpreter, both with the state that the step before has left."""
    program, inputs = optimised(case.program), dict(case.inputs)
    executable = Executable(program, state=case.state)
    order = executable.layout.state
    memory = np.array([inputs[name] for name in order], np.float64)
    executable.bind([memory.ctypes.data + 8 * place for place in range(len(order))])
    for position, name in enumerate(executable.layout.arguments):
        executable.arguments[position] = (inputs[name].ctypes.data, 0, 1)
    for _ in range(steps):
        expected = interpreter.run(case.program, inputs)
        executable.run_once()
        row = executable.outputs
        for name, (start, _, _) in executable.layout.parts().items():
            np.testing.assert_allclose(row[start], expected[name], rtol=1e-11, atol=1e-11, err_msg=name)
        for place, name in enumerate(order):
            inputs[name] = expected[program.carried[name]] if name in program.carried else inputs[name]
            np.testing.assert_allclose(memory[place], inputs[name], rtol=1e-11, atol=1e-11, err_msg=name)
            inputs[name] = memory[place].copy()


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.randoms(use_true_random=False))
def test_families_of_numbers(rng: Random) -> None:
    agree_step_by_step(families(rng))


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.randoms(use_true_random=False), st.integers(1, 7))
def test_families_cut_into_small_functions(rng: Random, block: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(schedule, "BLOCK", block)
        patch.setattr(run, "fetch", lambda key: None)  # what was compiled before was cut otherwise
        patch.setattr(run, "store", lambda key, code: None)
        agree_step_by_step(families(rng), steps=2)


@pytest.mark.parametrize("count", [16, 40, 41])
@pytest.mark.parametrize("momentum", [True, False])
def test_steps_of_descent(count: int, momentum: bool) -> None:
    program, state = descent(count, momentum=momentum)
    rng = np.random.default_rng(count)
    inputs = {
        name: rng.normal(size=program.type(place).shape) * (0.01 if name == "rate" else 1.0)
        for name, place in program.inputs.items()
    }
    agree_step_by_step(Case(program, state, {name: np.asarray(one) for name, one in inputs.items()}))


@pytest.mark.parametrize("width", [2, 4])
def test_vectors_of_other_processors(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "lanes", lambda: min(width, WIDEST))
    for seed in range(4):
        agree_step_by_step(families(Random(seed)))
    test_steps_of_descent(41, momentum=True)


def test_packs_change_places() -> None:
    """Each half of the state becomes the other, as whole vectors: all is read before it is written."""
    builder = Builder("exchange")
    w = [builder.input(f"w{n}", NUMBER) for n in range(32)]
    half = builder.constant(0.5)
    made = [builder.add("mul", (half, one)) for one in w]
    outputs = {f"w{n}'": made[(n + 16) % 32] for n in range(32)}
    program = builder.program(outputs, {f"w{n}": f"w{n}'" for n in range(32)})
    inputs = {f"w{n}": np.array(float(n)) for n in range(32)}
    agree_step_by_step(Case(program, list(inputs), inputs))
