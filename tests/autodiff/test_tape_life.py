"""The nodes of the tape are born and freed as they should be: no leak, no recursion, no collector."""

from __future__ import annotations

import gc
import subprocess
import sys
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from chainrule import Value
from chainrule.errors import ChainruleError
from chainrule.primitives import ROWS


@pytest.fixture(autouse=True)
def no_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def blocks_left(work: Callable[[], object]) -> int:
    """By how many blocks of memory Python has grown after ``work()``, once it has run before."""
    work()
    before = sys.getallocatedblocks()
    work()
    return sys.getallocatedblocks() - before


def raises(kind: type[Exception], work: Callable[[], object]) -> bool:
    """Whether it does; pytest's own way keeps memory of its own."""
    try:
        work()
    except kind:
        return True
    return False


def tower(height: int) -> Any:
    """A chain of nodes, each the last to hold the next."""
    x = Value(1.0)
    for _ in range(height):
        x = -x
    return x


def test_a_node_is_one_block_of_64_bytes() -> None:
    tower(1)
    before = sys.getallocatedblocks()
    top = tower(10_000)
    assert 10_000 < sys.getallocatedblocks() - before < 10_050
    tracemalloc.start()
    other = tower(10_000)
    traced, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert 64 * 10_000 < traced < 66 * 10_000
    assert top.data == other.data


def test_the_collector_does_not_see_nodes() -> None:
    assert not gc.is_tracked(Value(1.0))
    assert not gc.is_tracked(Value(1.0) * 2)
    before = len(gc.get_objects())
    top = tower(1000)
    assert len(gc.get_objects()) - before < 10
    assert top.data == 1.0


EVERYTHING: dict[str, Callable[[Any, Any], object]] = {
    "operators": lambda x, y: [x + y, x - y, x * y, x / y, x**y, -x, abs(x)],
    "numbers": lambda x, y: [x + 1, 1.5 + x, x - 1, 1 - x, 2 * x, x / 3, 3 / x, x**2, 2**x, x**0.5],
    "methods": lambda x, y: [x.exp(), x.log(), x.sqrt(), x.sin(), x.cos(), x.tanh(), x.sigmoid(), x.relu()],
    "attributes": lambda x, y: [
        (v.data, v.grad, v._a, v._b, v._rule, v._time, v._op, v._inputs, v._prev, repr(v))
        for v in (x, y, x * y, x**2, x + 1)
    ],
    "writing": lambda x, y: [setattr(x, "data", d) for d in (1, 2.5, True)],
    "backward": lambda x, y: (((x * y).tanh() + x**2) / (y + 1)).backward(),
    "three operands": lambda x, y: Value._operation(ROWS["where"])(x, y, 2.0).backward(),
    "construction": lambda x, y: [Value(1.0), Value(2), Value(data=3), Value.__new__(Value)],
    "powers refused": lambda x, y: x.__pow__(2, 3),
}


@pytest.mark.parametrize("work", EVERYTHING.values(), ids=EVERYTHING)
def test_nothing_leaks(work: Callable[[Any, Any], object]) -> None:
    x, y = Value(2.0), Value(3.0)
    assert blocks_left(lambda: [work(x, y) for _ in range(100)]) < 20
    counts = sys.getrefcount(x), sys.getrefcount(y), sys.getrefcount(Value)
    for _ in range(10):
        work(x, y)
    assert (sys.getrefcount(x), sys.getrefcount(y), sys.getrefcount(Value)) == counts
    assert counts[:2] == (2, 2)


REFUSED: dict[str, Callable[[Any], object]] = {
    "operand": lambda x: x + "1",
    "left operand": lambda x: "1" + x,
    "exponent": lambda x: x ** "1",
    "data": lambda x: setattr(x, "data", "1"),
    "deleted": lambda x: delattr(x, "grad"),
    "construction": lambda x: Value("1"),
    "last of three": lambda x: Value._operation(ROWS["where"])(x, x, "1"),
    "middle of three": lambda x: Value._operation(ROWS["where"])(x, "1", x),
    "again": lambda x: (x * 2).__init__(3),  # type: ignore[misc]
}


@pytest.mark.parametrize("work", REFUSED.values(), ids=REFUSED)
def test_nothing_leaks_where_an_error_is_raised(work: Callable[[Any], object]) -> None:
    x = Value(2.0)

    def refused() -> None:
        for _ in range(100):
            assert raises(ChainruleError, lambda: work(x))

    assert blocks_left(refused) < 20
    assert sys.getrefcount(x) == 2
    assert (x.data, x.grad) == (2.0, 0)


def test_an_interrupted_sweep_leaves_nothing_behind() -> None:
    class Refusing(Value):  # type: ignore[misc, valid-type]
        __slots__ = ()

        @property
        def grad(self) -> float:
            raise LookupError

    x, y = Refusing(2.0), Value(3.0)
    out = (x * y).tanh()

    assert blocks_left(lambda: [raises(LookupError, out.backward) for _ in range(100)]) < 20
    assert raises(LookupError, out.backward)
    assert sys.getrefcount(y) == 3  # the product's, this function's, and the call's


def test_instances_of_subclasses_are_freed_with_the_graph_that_held_them() -> None:
    freed = []

    class Noted(Value):  # type: ignore[misc, valid-type]
        __slots__ = ("note",)

        def __del__(self) -> None:
            freed.append(self.note)

    x = Noted(2.0)
    x.note = "here"
    y = (x * 3.0).tanh() + x
    del x
    y.backward()
    assert freed == []
    del y
    assert freed == ["here"]
    types = sys.getrefcount(Noted)
    for _ in range(10):
        Noted(1.0).note = "again"
    assert sys.getrefcount(Noted) == types


def test_a_million_nodes_are_freed_on_a_small_stack() -> None:
    """Chains, also of nodes that are used twice, and of pairs, in a thread with 64 kB of stack."""
    code = """
import threading
from chainrule import Value
from chainrule.errors import ChainruleError
from chainrule.primitives import ROWS

def chains():
    where = Value._operation(ROWS["where"])
    choice = lambda x: where(1, x, x)
    for step in (lambda x: -x, lambda x: x + x, choice, lambda x: 0.5 * x, lambda x: x**2):
        x = leaf = Value(1.0)
        for _ in range(1_000_000):
            x = step(x)
        x.backward()
        assert leaf.grad is not None
        del x
    print("freed")

threading.stack_size(65536)
thread = threading.Thread(target=chains)
thread.start()
thread.join()
"""
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert (found.stdout.strip(), found.stderr, found.returncode) == ("freed", "", 0)


def test_nodes_may_outlive_the_modules() -> None:
    """At the interpreter's end: nodes in globals, in a cycle, and in an object that frees them last."""
    code = """
import sys
from chainrule import Value
from chainrule.errors import ChainruleError
kept = [Value(1.0) * 2 for _ in range(1000)]
cycle = [kept]; cycle.append(cycle)
sys.kept = (kept[0] * 3).tanh()
class Late:
    def __init__(self): self.value = Value(2.0) ** 2
    def __del__(self): self.value.backward()
late = Late()
sys.late = Late()
class Sub(Value):
    pass
s = Sub(2.0); s.itself = s
"""
    for _ in range(3):
        found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
        assert (found.stderr, found.returncode) == ("", 0)


def test_the_order_of_the_way_back_does_not_depend_on_when_nodes_were_made() -> None:
    """Nodes whose ages lie far apart take more than one round of the sort."""
    for gap in (0, 1, 3000, 5_000_000):
        x = Value(1.1)
        old = x * 1.0
        clock = Value(0.0)
        for _ in range(gap // 1000):  # a thousand ticks each
            for _ in range(1000):
                clock.__init__(0.0)  # type: ignore[misc]
        y = old
        for _ in range(3000):
            y = y * 0.999 + old * 0.001
        y.backward()
        expected = 1.0
        for _ in range(3000):
            expected = expected * 0.999 + 0.001
        assert x.grad == pytest.approx(expected, rel=1e-9)
