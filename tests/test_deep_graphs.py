"""A million operations deep: no recursion, no cycles, little memory, and all of it comes back."""

from __future__ import annotations

import gc
import tracemalloc
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import chainrule as cr
from chainrule import Tensor, Value

MILLION = 1_000_000


@pytest.fixture(autouse=True)
def no_collector() -> Iterator[None]:
    """Memory has to return without it."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def leaf_tensor() -> Tensor:
    return cr.tensor(1.0, dtype=cr.float64, requires_grad=True)


MAKERS = {"Tensor": leaf_tensor, "Value": lambda: Value(1.0)}
each_kind = pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)


def chain(x: Any, operations: int) -> Any:
    """``x`` times 1.000001 plus 1e-6, again and again: two operations each time."""
    for _ in range(operations // 2):
        x = x * 1.000001 + 1e-6
    return x


@each_kind
def test_a_million_operations_forward_and_back_and_freed(make: Callable[[], Any]) -> None:
    x = make()
    y = chain(x, MILLION)
    y.backward()
    assert float(x.grad) == pytest.approx(1.000001 ** (MILLION // 2), rel=1e-9)
    del y  # a chain of a million objects, each the last to hold the next


@each_kind
def test_memory_returns_without_the_collector(make: Callable[[], Any]) -> None:
    x = make()
    chain(x, 100).backward()  # what is made once and kept is not counted
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        y = chain(x, 20_000)
        during, _ = tracemalloc.get_traced_memory()
        y.backward()
        del y
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert during - before > 1_000_000
    # A few thousand empty tuples are Python's own stock, whatever the length of the chain.
    assert after - before < 0.05 * (during - before)


def test_a_value_takes_at_most_500_bytes_a_node() -> None:
    x = Value(1.0)
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        y = chain(x, 50_000)
        forward, _ = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        y.backward()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # Every operation makes its own node and one for the plain number beside it.
    assert (forward - before) / 50_000 <= 500
    assert (peak - before) / 50_000 <= 1000


def test_a_graph_dies_with_its_last_tensor() -> None:
    x = leaf_tensor()
    y = cr.exp(x * 2)
    node = weakref.ref(y.grad_fn)
    z = y.sum()
    del y
    assert node() is not None
    z.backward(create_graph=True)
    assert x.grad is not None
    second = weakref.ref(x.grad.grad_fn)
    x.grad = None
    del z
    assert node() is None
    assert second() is None


def test_large_arrays_are_let_go_as_the_sweep_passes() -> None:
    """What a rule saved is dropped with its cotangent, while the result itself is still held."""
    x = cr.zeros(100_000, dtype=cr.float64, requires_grad=True)
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        y = x
        for _ in range(20):
            y = cr.tanh(y)
        loss = y.sum()
        del y
        during, _ = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        loss.backward()
        after, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    one = 100_000 * 8
    assert during - before == pytest.approx(20 * one, rel=0.1)
    assert after - before < 1.5 * one, "the gradient of x alone is left"
    assert peak - during < 5 * one


def test_retained_gradients_make_no_cycle() -> None:
    x = leaf_tensor()
    y = x * 3
    y.retain_grad()
    reference = weakref.ref(y)
    (y * y).backward()
    assert y.grad is not None
    del y
    assert reference() is None
