"""The training steps on tensors: all sides compute the same, each in a process of its own."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import pytest

from chainrule.benchmarks import first_calls
from chainrule.benchmarks.first_calls import EMPTY, FILLED
from chainrule.benchmarks.peers import library, present
from chainrule.benchmarks.training import cnn, gpt, in_jax, in_torch, mlp, modules, moons
from chainrule.benchmarks.training.memory import OURS, PEER, between, needed
from chainrule.benchmarks.training.products import calls, products
from chainrule.benchmarks.training.sides import Side, seconds_in_turns, sides_of
from chainrule.benchmarks.training.steps import FIRST, agree, built, compare
from chainrule.benchmarks.training.work import Trainer, Work
from chainrule.errors.benchmarks import BenchmarkError, PeerMissingError

SMALL_MLP = partial(mlp.work, (6, 5, 4, 3), 8)
WORKS = {
    "MLP": SMALL_MLP,
    "CNN": partial(cnn.work, (2, 3), 4),
    "GPT block": partial(gpt.work, 2, 5, 8, 2),
}
PEERS: dict[str, Callable[[Work], Trainer]] = {
    "torch eager": in_torch.eager,
    "torch.compile": partial(in_torch.compiled, backend="eager"),
    "JAX jit": in_jax.jit,
}


def same(trainers: dict[str, Trainer], start: list[np.ndarray]) -> None:
    found = {name: (trainer.train(FIRST), trainer.weights()) for name, trainer in trainers.items()}
    reference = found["chainrule eager"]
    for name, side in found.items():
        agree(name, side, reference, start)


@pytest.mark.parametrize("name", WORKS)
def test_chainrule_and_its_peers_take_the_same_steps(name) -> None:
    work = WORKS[name]()
    ours = {"chainrule eager": modules.ours_eager, "chainrule": modules.ours}
    builders = {side: partial(build, work) for side, build in {**ours, **PEERS}.items()}
    trainers, missing = present(builders)
    assert ours.keys() <= trainers.keys()
    assert all(reason.startswith("not installed: ") for reason in missing.values())
    same(trainers, work.weights)


def test_the_moons_on_tensors_take_the_same_steps() -> None:
    peers = {
        "torch eager": moons.torch_eager,
        "torch.compile": partial(moons.torch_compiled, backend="eager"),
        "JAX jit": moons.jax_jit,
        "JAX fori_loop": moons.jax_loop,
    }
    assert peers.keys() == moons.PEERS.keys()
    builders = {"chainrule eager": moons.ours_eager, **moons.OURS, **peers}
    trainers, _ = present({name: partial(build, 10) for name, build in builders.items()})
    assert {"chainrule eager", *moons.OURS} <= trainers.keys()
    same(trainers, moons.data(10)[2])


def test_batches_take_turns() -> None:
    """With one batch alone, other losses."""
    work = SMALL_MLP()
    several, one = (modules.ours_eager(which).train(2) for which in (work, work.with_one_batch()))
    assert several[0] == one[0]
    assert several[1] != one[1]


@pytest.mark.parametrize("wrong", ["rate", "losses"])
def test_another_update_is_found(wrong) -> None:
    start = [np.zeros(4, np.float32)]
    losses, weights = np.array([2.0, 1.5]), [np.full(4, 0.01, np.float32)]
    other = (losses, [weights[0] * 1.05]) if wrong == "rate" else (losses + 0.001, weights)
    agree("the same", (losses, weights), (losses, weights), start)
    with pytest.raises(AssertionError, match="the other: "):
        agree("the other", other, (losses, weights), start)


def test_weights_go_to_jax_and_back() -> None:
    weights = [np.random.default_rng(0).random(w.shape) for w in cnn.work((2, 3)).weights]
    there = cnn.to_jax(weights)
    assert [w.shape for w in there[:3:2]] == [(3, 3, 1, 2), (3, 3, 2, 3)]
    for w, back in zip(weights, cnn.from_jax(there), strict=True):
        np.testing.assert_array_equal(w, back)


def test_an_mlp_has_eight_products() -> None:
    """Three forward, three for the weights, two for what is between them."""
    shapes = [call().shape for call in calls(SMALL_MLP())]
    assert shapes == [(8, 5), (5, 6), (8, 4), (4, 5), (8, 5), (8, 3), (3, 4), (8, 4)]
    assert np.isnan(products(SMALL_MLP()).train(2)).all()


# --- sides in processes of their own


def without_library(work: Work) -> Trainer:
    library("a_library_that_nobody_has")
    raise AssertionError


def failing(work: Work) -> Trainer:
    def train(steps: int) -> np.ndarray:
        raise ValueError("it cannot train")

    return Trainer(train, lambda: list(work.weights))


def test_a_side_trains_in_a_process_of_its_own() -> None:
    builders = {"ours": modules.ours_eager, "BLAS": products, "nobody": without_library}
    with sides_of({name: partial(built, build, SMALL_MLP) for name, build in builders.items()}) as found:
        sides, missing = found
        assert missing == {"nobody": "not installed: a_library_that_nobody_has"}
        here = modules.ours_eager(SMALL_MLP())
        losses, seconds = sides["ours"].train(3)
        np.testing.assert_array_equal(losses, here.train(3))
        assert seconds > 0
        for there, w in zip(sides["ours"].weights(), here.weights(), strict=True):
            np.testing.assert_array_equal(there, w)
        times = seconds_in_turns([(sides["ours"], 2), (sides["BLAS"], 20)], rounds=2)
        assert [len(rounds) for rounds in times] == [2, 2]
        compare({"ours": sides["ours"]}, SMALL_MLP().weights)


def test_a_side_that_fails_says_what_it_said() -> None:
    side = Side("the failing one", partial(built, failing, SMALL_MLP))
    with pytest.raises(BenchmarkError, match=r"the failing one failed(?s:.*)ValueError: it cannot train"):
        side.train(1)
    with pytest.raises(BenchmarkError, match=r"the failing one failed(?s:.*)its process ended"):
        side.train(1)
    side.close()


def test_a_side_that_is_not_installed_is_no_side() -> None:
    with pytest.raises(PeerMissingError, match="not installed: a_library_that_nobody_has"):
        Side("nobody", partial(built, without_library, SMALL_MLP))


# --- first calls


def test_first_calls_are_asked_for_without_a_cache_and_from_it() -> None:
    times = {(name, state): ([0.2], [2.0]) for name in first_calls.CACHES for state in (EMPTY, FILLED)}
    times["JAX jit", EMPTY] = times["JAX jit", FILLED] = ([], [])  # not installed
    lines = first_calls.lines("first call", "whole process", times)
    assert [(line.what, line.form, line.peer, line.asked and line.asked.kind) for line in lines] == [
        ("first call", EMPTY, "torch.compile", "faster"),
        ("first call", FILLED, "", "below"),
        ("first call", FILLED, "torch.compile", None),
        ("whole process", EMPTY, "torch.compile", None),
        ("whole process", FILLED, "torch.compile", None),
    ]


def test_a_first_call_is_timed_in_a_new_process(tmp_path) -> None:
    code = (
        "from functools import partial\n"
        "from chainrule.benchmarks.first_calls import measure\n"
        "from chainrule.benchmarks.training import mlp, modules\n"
        "measure(lambda: partial(modules.ours(mlp.work((6, 5, 4, 3), 8)).train, 1))"
    )
    for _ in (EMPTY, FILLED):
        first, whole = first_calls.in_new_process(first_calls.OURS, code, str(tmp_path), threads=2)
        assert 0 < first < whole
    assert list(tmp_path.iterdir())  # the code that the first process left


# --- memory


def test_what_is_held_while_it_runs_is_counted() -> None:
    """An arena that stays between the steps, and what each step takes and drops."""
    size = 32 * 2**20
    arena: list[np.ndarray] = []

    def run() -> None:
        if not arena:
            arena.append(np.ones(size, np.uint8))
        np.ones(size, np.uint8).sum()

    found = between(run, arena.clear)
    assert found == pytest.approx(2 * size, rel=0.1)


@pytest.mark.parametrize("side", [OURS, PEER])
def test_a_step_needs_its_gradients_at_least(side) -> None:
    if side == PEER:
        pytest.importorskip("torch")
    work = mlp.work((2000, 2000, 10, 10), 8, 1)
    assert needed(side, work) > 4 * 2000 * 2000
