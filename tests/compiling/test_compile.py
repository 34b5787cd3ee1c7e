"""Compiled functions do what they do as they were written."""

from __future__ import annotations

import math
import random
import threading
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import chainrule
from chainrule import Value, errors
from chainrule.micrograd import nn

#: Machine code may use one rounding for a product and a sum (FMA), and add up in another order.
CLOSE = {"rtol": 1e-12, "atol": 1e-14}


def moons(seed: int = 0, count: int = 37) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(count, 2))
    return X, np.sign(X[:, 0] * X[:, 1] + 0.1)


def network(seed: int = 0) -> nn.MLP:
    random.seed(seed)
    return nn.MLP(2, [5, 4, 1])


def training(model: nn.MLP) -> Callable[..., Any]:
    """One step of micrograd's demo."""

    def hinge(x: Any, y: Any) -> Any:
        return (1 + -y * model(x)).relu()

    def step(X: Any, Y: Any, rate: Any) -> Any:
        losses = chainrule.vmap(hinge)(X, Y)
        loss = losses.mean() + 1e-4 * sum(p * p for p in model.parameters())
        model.zero_grad()
        loss.backward()
        for p in model.parameters():
            p.data -= rate * p.grad
        return loss

    return step


def state(model: nn.MLP) -> np.ndarray:
    return np.array([[p.data, p.grad] for p in model.parameters()])


def test_a_training_step_is_the_same_compiled() -> None:
    X, Y = moons()
    plain, compiled = network(), network()
    step, quick = training(plain), chainrule.compile(training(compiled))
    for _ in range(25):
        assert quick(X, Y, 0.5) == pytest.approx(step(X, Y, 0.5).data, rel=1e-10)
    np.testing.assert_allclose(state(compiled), state(plain), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("count", [1, 2, 7, 8, 9, 16, 33])
def test_any_number_of_examples(count: int) -> None:
    X, Y = moons(count=count)
    plain, compiled = network(), network()
    assert chainrule.compile(training(compiled))(X, Y, 0.5) == pytest.approx(
        training(plain)(X, Y, 0.5).data
    )
    np.testing.assert_allclose(state(compiled), state(plain), **CLOSE)


def test_a_loop_is_its_steps() -> None:
    X, Y = moons(count=40)
    one, all_at_once = network(), network()
    rates = np.linspace(0.5, 0.1, 30)
    batches = (X.reshape(5, 8, 2), Y.reshape(5, 8))
    quick = chainrule.compile(training(one))
    single = [quick(batches[0][i % 5], batches[1][i % 5], rates[i]) for i in range(30)]
    looped = chainrule.compile(training(all_at_once)).loop(
        chainrule.each(batches[0]), chainrule.each(batches[1]), chainrule.each(rates), steps=30
    )
    assert looped.tolist() == single
    assert state(one).tolist() == state(all_at_once).tolist()


def test_a_loop_without_steps() -> None:
    model = network()
    before = state(model)
    assert chainrule.compile(training(model)).loop(*moons(), 0.5, steps=0).shape == (0,)
    assert state(model).tolist() == before.tolist()


def test_values_are_read_at_each_call_and_written_after_it() -> None:
    w = Value(2)

    @chainrule.compile
    def double(x: Any) -> Any:
        w.data = w.data * 2
        return w * x

    assert double(1.0) == 4.0
    assert w.data == 4.0
    w.data = 10
    assert double(0.5) == 10.0
    assert w.data == 20.0


def test_gradients_add_up_until_they_are_set_to_zero() -> None:
    w = Value(3.0)

    @chainrule.compile
    def square() -> Any:
        loss = w * w
        loss.backward()
        return loss

    square()
    square()
    assert w.grad == 12.0
    w.grad = 0
    square()
    assert w.grad == 6.0


def test_gradients_of_intermediate_values_and_a_second_backward() -> None:
    def twice(x: Any) -> Any:
        w = Value(3.0)
        inner = w * x
        outer = inner * inner
        outer.backward()
        outer.backward()  # as in micrograd, the inner gradients were not set back
        return outer, inner.grad, w.grad

    out, inner, w = twice(Value(2.0))
    assert chainrule.compile(twice)(Value(2.0)) == (out.data, inner, w)


def test_arguments_of_every_kind() -> None:
    @chainrule.compile
    def f(a: Any, b: Any, *more: Any, names: Any, sign: str = "+") -> Any:
        total = a["x"] * b[0] + a["y"] * b[1] + sum(more)
        total = total * names["scale"]
        return -total if sign == "-" else total

    a = {"x": 2.0, "y": Value(3.0)}
    assert f(a, (4.0, np.float32(0.5)), 1, 2, names={"scale": 2}) == 25.0
    assert f(a, (4.0, np.float32(0.5)), 1, 2, names={"scale": 3}) == 37.5
    assert f(a, (4.0, np.float32(0.5)), 1, 2, names={"scale": 3}, sign="-") == -37.5


def test_results_of_every_kind() -> None:
    @chainrule.compile
    def f(x: Any) -> Any:
        v = Value(x) * 2
        return {"value": v, "number": x, "list": [v + 1, "text", None], "pair": (x > 0, 7)}

    result = f(1.5)
    assert result == {"value": 3.0, "number": 1.5, "list": [4.0, "text", None], "pair": (True, 7)}
    assert type(result["value"]) is float
    assert type(result["pair"][0]) is bool


def test_other_values_as_arguments_take_their_place() -> None:
    @chainrule.compile
    def product(a: Any, b: Any) -> Any:
        out = a * b
        out.backward()
        return out

    a, b, c = Value(2.0), Value(3.0), Value(5.0)
    assert product(a, b) == 6.0
    assert product(a, c) == 10.0
    assert [v.grad for v in (a, b, c)] == [8.0, 2.0, 2.0]
    assert product(c, c) == 25.0  # one value twice is another program
    assert c.grad == 12.0


def test_an_argument_that_is_also_read_from_around() -> None:
    w = Value(2.0)

    @chainrule.compile
    def product(a: Any) -> Any:
        out = a * w
        out.backward()
        return out

    other = Value(5.0)
    assert product(w) == 4.0
    assert w.grad == 4.0
    assert product(other) == 10.0
    assert (w.grad, other.grad) == (9.0, 2.0)
    assert product(w) == 4.0
    assert w.grad == 13.0


def test_arrays_are_read_in_place_and_their_entries_one_by_one() -> None:
    @chainrule.compile
    def f(X: Any) -> Any:
        return sum(row[0] * row[-1] for row in X) + X[1][2] + len(X)

    X = np.arange(6.0).reshape(2, 3)
    assert f(X) == 0 * 2 + 3 * 5 + 5 + 2
    X[1, 2] = 10.0
    assert f(X) == 0 * 2 + 3 * 10 + 10 + 2
    assert f(np.arange(6).reshape(2, 3)) == 22.0  # integers, and a transposed array, are copied
    assert f(np.asfortranarray(np.arange(6.0).reshape(2, 3))) == 22.0


def test_traced_again_for_other_shapes_and_when_a_variable_changes() -> None:
    scale = 2.0
    seen = []

    @chainrule.compile
    def f(X: Any) -> Any:
        seen.append(X.shape)
        return chainrule.vmap(lambda x: Value(x) * scale)(X).sum()

    assert f(np.ones(3)) == 6.0
    assert f(np.ones(3) * 2) == 12.0
    assert f(np.ones(4)) == 8.0
    scale = 3.0
    assert f(np.ones(3)) == 9.0
    assert seen == [(3,), (4,), (3,)]


def test_a_variable_that_changes_at_every_call_is_warned_of_once() -> None:
    k = 0

    @chainrule.compile
    def f(x: Any) -> Any:
        return x * k

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for k in range(1, 20):
            assert f(2.0) == 2.0 * k
    assert [str(one.message) for one in caught if "'k'" in str(one.message)] == [
        "f has been traced 8 times because 'k', which it reads from around it, is something else at each "
        "call. Give it to f as an argument: it can then change without a new tracing"
    ]


def test_a_method() -> None:
    class Line:
        def __init__(self, slope: float) -> None:
            self.slope = Value(slope)

        @chainrule.compile
        def at(self, x: Any) -> Any:
            return self.slope * x

    one, other = Line(2.0), Line(3.0)
    assert [one.at(2.0), other.at(2.0), one.at(3.0)] == [4.0, 6.0, 6.0]


def test_one_compiled_function_in_another_is_part_of_it() -> None:
    w = Value(3.0)

    @chainrule.compile
    def inner(x: Any) -> Any:
        return w * x

    @chainrule.compile
    def outer(x: Any) -> Any:
        loss = inner(x) * inner(x)
        loss.backward()
        return loss

    assert outer(2.0) == 36.0
    assert w.grad == 24.0


def test_functions_without_values() -> None:
    assert chainrule.compile(lambda x, y: (x + y) * 2 - x / y)(3.0, 2.0) == 8.5
    assert chainrule.compile(lambda: 3)() == 3
    assert chainrule.compile(lambda: Value(2.0) * 3)() == 6.0


def test_infinities_and_nan_are_exact() -> None:
    @chainrule.compile
    def f(x: Any) -> Any:
        v = Value(x)
        return [1 / v, v.log(), v.sqrt(), v.exp(), v.tanh(), v.relu(), v * 0, v - v, abs(v), v**-1]

    for x in (0.0, -0.0, -1.0, math.inf, -math.inf, math.nan, 800.0, -800.0):
        v = Value(x)
        plain = [1 / v, v.log(), v.sqrt(), v.exp(), v.tanh(), v.relu(), v * 0, v - v, abs(v), v**-1]
        np.testing.assert_allclose(f(x), [one.data for one in plain], rtol=1e-14)


def test_nothing_is_changed_where_the_function_fails() -> None:
    w = Value(3.0)

    @chainrule.compile
    def f(x: Any) -> Any:
        w.data = x
        w.grad = 5.0
        raise KeyError("mine")

    operations = [Value.__mul__, Value.__add__, Value.backward]
    with pytest.raises(KeyError, match="mine"):
        f(1.0)
    assert (w.data, w.grad) == (3.0, 0)
    assert [Value.__mul__, Value.__add__, Value.backward] == operations
    assert (w * 2).data == 6.0


def test_other_threads_compute_while_one_traces() -> None:
    traced, done = threading.Event(), threading.Event()
    found: list[Any] = []

    def other() -> None:
        traced.wait(10)
        a = Value(2.0)
        b = a * 3 + 1
        b.backward()
        a.data += 1
        found.extend([b.data, a.grad, a.data, type(b) is Value])
        done.set()

    def f(x: Any) -> Any:
        traced.set()
        assert done.wait(10)
        return Value(x) * 2

    thread = threading.Thread(target=other)
    thread.start()
    assert chainrule.compile(f)(4.0) == 8.0
    thread.join()
    assert found == [7.0, 3.0, 3.0, True]


def test_threads_share_a_compiled_function() -> None:
    w = Value(2.0)
    f = chainrule.compile(lambda x: w * x)
    results: list[list[float]] = [[] for _ in range(4)]

    def run(place: int) -> None:
        results[place] = [f(float(place)) for _ in range(200)]

    threads = [threading.Thread(target=run, args=(place,)) for place in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [[2.0 * place] * 200 for place in range(4)]


def test_it_looks_like_the_function() -> None:
    def loss(x: float) -> float:
        """The loss."""
        return x

    compiled = chainrule.compile(loss)
    assert (compiled.__name__, compiled.__doc__, compiled.__wrapped__) == ("loss", "The loss.", loss)
    assert repr(compiled) == "<compiled loss>"


def test_the_program_is_there_after_the_first_call() -> None:
    compiled = chainrule.compile(lambda x: x * 2)
    with pytest.raises(errors.GraphError, match="is traced at its first call"):
        _ = compiled.program
    compiled(1.0)
    assert len(compiled.program) == 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"steps": -1}, r"steps says how many calls the loop makes, 0 or more, and it is -1"),
        ({"steps": 2.5}, r"and it is 2\.5"),
    ],
)
def test_steps_are_a_count(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(errors.DomainError, match=message):
        chainrule.compile(lambda x: x).loop(1.0, **arguments)


def test_each_needs_entries() -> None:
    with pytest.raises(errors.ShapeError, match="one entry for each step"):
        chainrule.each(3.0)
    with pytest.raises(errors.ShapeError, match="one entry for each step"):
        chainrule.each([])


def test_each_is_for_loops() -> None:
    @chainrule.compile
    def f(x: Any) -> Any:
        return x

    with pytest.raises(errors.DomainError, match=r"call f\.loop\(…, steps=n\), or give one entry"):
        f(chainrule.each([1.0]))


def test_arrays_of_what_is_not_a_number_are_refused() -> None:
    with pytest.raises(errors.DTypeError, match="dtype is complex128"):
        chainrule.compile(lambda x: x)(np.ones(2, complex))
