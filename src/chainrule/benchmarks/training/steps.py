"""One training step on two cores, a call each: chainrule compiled beside its peers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np

from chainrule.benchmarks.results import Asked, Line, Outcome
from chainrule.benchmarks.training import cnn, gpt, in_jax, in_torch, mlp, modules
from chainrule.benchmarks.training.products import products
from chainrule.benchmarks.training.sides import Side, seconds_in_turns, sides_of
from chainrule.benchmarks.training.work import Array, Trainer, Work

OURS = "chainrule"
PRODUCTS = "its products in BLAS"

PEERS: dict[str, Callable[[Work], Trainer]] = {
    "JAX jit": in_jax.jit,
    "torch eager": in_torch.eager,
    "torch.compile": in_torch.compiled,
}

#: Losses after the first steps agree so far in float32, however their sums are ordered; and so does the way
#: that each array of weights has gone, as a whole, in parts of its length. Single weights agree less: where
#: a gradient is little more than rounding, Adam makes a whole step of it, to either side.
LOSSES, WAYS = 1e-4, 2e-2
FIRST = 5


def mlp_step(quick: bool) -> Outcome:
    """784-512-512-10, a batch of 128; and beside its matrix products alone."""
    asked = {
        "JAX jit": Asked("faster", 1.3),
        "torch eager": Asked("faster", 1.5),
        PRODUCTS: Asked("within", 1.4),
    }
    return measured("MLP step", mlp.work, {**PEERS, PRODUCTS: products}, asked, quick, steps=50)


def cnn_step(quick: bool) -> Outcome:
    """Two convolutions and a linear layer on images of 8 × 8, a batch of 64."""
    asked = {"JAX jit": Asked("faster", 1), "torch eager": Asked("faster", 1.2)}
    return measured("CNN step", cnn.work, PEERS, asked, quick, steps=50)


def gpt_block(quick: bool) -> Outcome:
    """A block of width 128 with 4 heads, 64 tokens, a batch of 16."""
    asked = {"JAX jit": Asked("faster", 1), "torch eager": Asked("faster", 1.2)}
    return measured("GPT block step", gpt.work, PEERS, asked, quick, steps=15)


def measured(
    what: str,
    work: Callable[[], Work],
    peers: Mapping[str, Callable[[Work], Trainer]],
    asked: Mapping[str, Asked],
    quick: bool,
    steps: int,
) -> Outcome:
    """The first steps of all sides compared, then so many a turn timed."""
    builders = {**peers, OURS: modules.ours}
    builds = {name: partial(built, build, work) for name, build in builders.items()}
    with sides_of(builds) as (sides, missing):
        compare({name: side for name, side in sides.items() if name != PRODUCTS}, work().weights)
        turns = [(side, steps) for side in sides.values()]
        times = dict(zip(sides, seconds_in_turns(turns, rounds=3 if quick else 15), strict=True))
    ours = times.pop(OURS, [])
    return Outcome(
        [Line(what, name, "s", ours, theirs, asked.get(name)) for name, theirs in times.items()], missing
    )


def built(build: Callable[[Work], Trainer], work: Callable[[], Work]) -> Trainer:
    """In the side's own process: the trainer of the work."""
    return build(work())


def compare(sides: Mapping[str, Side], start: Sequence[Array]) -> None:
    """Train each for some steps from ``start``; raises AssertionError where one differs from the first."""
    reference: tuple[Array, list[Array]] | None = None
    for name, side in sides.items():
        losses, _ = side.train(FIRST)
        found = losses, side.weights()
        reference = reference or found
        agree(name, found, reference, start)


def agree(
    name: str, found: tuple[Array, list[Array]], expected: tuple[Array, list[Array]], start: Sequence[Array]
) -> None:
    """Raises AssertionError where losses, or the ways that weights went from ``start``, differ."""
    np.testing.assert_allclose(found[0], expected[0], rtol=LOSSES, err_msg=f"{name}: losses")
    for place, (now, then, before) in enumerate(zip(found[1], expected[1], start, strict=True)):
        apart, way = np.linalg.norm(now - then), np.linalg.norm(then - before)
        assert apart <= WAYS * way, (
            f"{name}: weights {place} are {apart:.3g} apart after a way of {way:.3g}"
        )
