"""All sides of a benchmark compute the same, and a side that is not installed is named."""

from __future__ import annotations

import sys
from functools import partial

import numpy as np
import pytest

from chainrule.benchmarks.compile_time import LEAVES, compiled, program
from chainrule.benchmarks.gpt.classes import CLASSES
from chainrule.benchmarks.gpt.fresh_graph import Training, collecting
from chainrule.benchmarks.gpt.fresh_graph import compare as compare_gpts
from chainrule.benchmarks.moons import in_c, pytorch
from chainrule.benchmarks.moons.compiled import LOOP, STEP, compare, trainers
from chainrule.benchmarks.moons.task import Trainer, demo_rates, flat, layers, task
from chainrule.benchmarks.peers import present
from chainrule.benchmarks.scalars import expression, same_gradients
from chainrule.value import Value

SLOW = ("torch.compile", "C by hand")  # the first compiles for long, the other knows one size only


@pytest.fixture
def without_compiler(monkeypatch):
    """As where there is no C compiler: the library that another test built is forgotten meanwhile."""
    in_c._library.cache_clear()
    monkeypatch.setattr("shutil.which", lambda name: None)
    yield
    in_c._library.cache_clear()


def test_the_moons_peers_agree() -> None:
    work = task(10)
    built, missing = trainers(work, leave=SLOW)
    assert {"micrograd", "torch eager", "numpy by hand"} <= built.keys()
    compare(built, work, demo_rates(3))
    assert {STEP, LOOP} <= built.keys()
    assert all(reason.startswith("not installed: ") for reason in missing.values())


def test_the_step_in_c_agrees() -> None:
    work = task()
    built, missing = present({"C by hand": partial(in_c.by_hand, work)})
    assert len(built) + len(missing) == 1
    compare(built, work, demo_rates(30))


def test_the_step_that_torch_compiles_agrees() -> None:
    work = task(10)
    compare({"torch.compile": pytorch.compiled(work, backend="eager")}, work, demo_rates(3))


def test_a_peer_that_disagrees_is_an_error() -> None:
    work = task(10)
    wrong = Trainer(lambda rates: np.zeros(len(rates)), lambda: work.weights)
    with pytest.raises(AssertionError, match="a wrong one: losses"):
        compare({"a wrong one": wrong}, work, demo_rates(3))


def test_layers_and_flat_are_inverse() -> None:
    weights = task().weights
    assert len(weights) == 337
    w1, b1, *_ = layers(weights)
    assert w1.shape == (16, 2)
    assert b1.tolist() == [0.0] * 16
    np.testing.assert_array_equal(flat(layers(weights)), weights)


def test_a_peer_that_is_not_installed_is_named(monkeypatch) -> None:
    for name in ("autograd", "autograd.numpy"):
        monkeypatch.setitem(sys.modules, name, None)
    built, missing = trainers(task(10), leave=(*SLOW, "JAX jit", "JAX fori_loop"))
    assert missing["autograd"] == "not installed: autograd"
    assert "numpy by hand" in built


def test_without_a_compiler_c_is_named(without_compiler) -> None:
    _, missing = present({"C by hand": lambda: in_c.by_hand(task())})
    assert missing == {"C by hand": "no C compiler (cc, gcc or clang)"}


def test_the_classes_of_scalars_train_the_same_gpt() -> None:
    values, missing = present(CLASSES)
    assert not missing
    trainings = {name: Training(value, "a") for name, value in values.items()}
    compare_gpts(trainings, steps=2)
    first, second = (trainings["slotted class"]() for _ in range(2))
    assert second < first


def test_the_collectors_share_is_a_part() -> None:
    def cycles() -> None:
        for _ in range(20_000):
            loop: list = []
            loop.append(loop)

    assert 0 < collecting(cycles) < 100


def test_micrograd_stays_as_it_was_installed() -> None:
    from micrograd.engine import Value as Installed

    assert CLASSES["micrograd"]() is not Installed
    assert not hasattr(Installed, "tanh")


def test_small_expressions_agree() -> None:
    from micrograd.engine import Value as Other

    (ours, *our_leaves), (other, *other_leaves) = expression(Value), expression(Other)
    assert ours.data == other.data
    same_gradients(our_leaves, other_leaves)


def test_the_random_program_is_one_program() -> None:
    """Tracing and the plain run draw the same operations, and their numbers stay finite."""
    leaves = [Value(x) for x in np.random.default_rng(0).uniform(-1, 1, LEAVES)]
    function = program(leaves, 4000, seed=1)
    first, gradients = function().data, [leaf.grad for leaf in leaves]
    assert function().data == first
    assert [leaf.grad for leaf in leaves] == gradients
    assert np.isfinite(gradients).all()
    assert program(leaves, 4000, seed=2)().data != first


def test_a_random_program_compiles_to_the_same_numbers(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("CHAINRULE_CACHE_DIR", str(tmp_path))
    assert compiled(300, seed=3) > 0  # it compares before it returns
