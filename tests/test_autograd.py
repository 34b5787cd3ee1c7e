"""Asking for gradients: ``backward`` and ``autograd.grad`` behave as PyTorch's, and refuse with
reasons."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest
import torch

import chainrule as cr
from against_torch import assert_same_tensor
from chainrule import errors

both = pytest.mark.parametrize("lib", [cr, torch], ids=["chainrule", "torch"])


def leaf(lib: Any, data: Any = 3.0) -> Any:
    return lib.tensor(data, dtype=lib.float64, requires_grad=True)


def number(x: Any) -> Any:
    return x.detach().tolist()


# The behaviour that is PyTorch's is asked of PyTorch in the same test.


@both
def test_gradients_add_up(lib: Any) -> None:
    x = leaf(lib)
    (x * x).backward()
    first = x.grad
    (x * x).backward()
    assert number(x.grad) == 12.0
    assert x.grad is first, "added in place, as an optimizer that holds it expects"
    x.grad.zero_()
    (2 * x).backward()
    assert number(x.grad) == 2.0
    x.grad = None
    (2 * x).backward()
    assert number(x.grad) == 2.0


@both
def test_a_leaf_used_twice_receives_both(lib: Any) -> None:
    x = leaf(lib)
    y = x * x
    (y * y + y + x).backward()
    assert number(x.grad) == 4 * 27 + 6 + 1


@both
def test_retain_graph(lib: Any) -> None:
    x = leaf(lib)
    y = lib.exp(x) * x
    y.backward(retain_graph=True)
    y.backward()
    assert number(x.grad) == pytest.approx(2 * (np.exp(3.0) * 4))
    with pytest.raises(RuntimeError):
        y.backward()
    assert number(x.grad) == pytest.approx(2 * (np.exp(3.0) * 4)), "the failed call changed nothing"


@both
def test_a_graph_that_saved_nothing_can_go_twice(lib: Any) -> None:
    x = leaf(lib)
    y = x + x
    y.backward()
    y.backward()
    assert number(x.grad) == 4.0


@both
def test_a_shared_part_is_freed_by_the_first(lib: Any) -> None:
    x = leaf(lib)
    shared = lib.exp(x)
    (shared * 2).backward()
    with pytest.raises(RuntimeError):
        (shared * 3).backward()
    assert number(x.grad) == pytest.approx(2 * np.exp(3.0))


@both
def test_retain_grad(lib: Any) -> None:
    x = leaf(lib)
    y = x * 2
    z = y * y
    y.retain_grad()
    y.retain_grad()
    z.backward(retain_graph=True)
    assert number(y.grad) == 12.0
    z.backward()
    assert number(y.grad) == 24.0
    assert number(x.grad) == 48.0
    x.retain_grad()
    assert x.grad is not None


def test_other_results_keep_no_gradient() -> None:
    x = leaf(cr)
    y = x * 2
    (y * y).backward()
    assert y.grad is None


@both
def test_a_cotangent_of_any_shape(lib: Any) -> None:
    x = leaf(lib, [1.0, 2.0])
    (x * x).backward(lib.tensor([1.0, 10.0], dtype=lib.float64))
    assert number(x.grad) == [2.0, 40.0]
    x.grad = None
    (x * x).backward(gradient=lib.tensor([1.0, 0.0], dtype=lib.float64))
    assert number(x.grad) == [2.0, 0.0]


@both
def test_one_element_of_any_rank_is_a_number(lib: Any) -> None:
    x = leaf(lib, [[2.0]])
    (x * x).backward()
    assert number(x.grad) == [[4.0]]


@both
def test_backward_of_a_leaf_itself(lib: Any) -> None:
    x = leaf(lib)
    x.backward()
    assert number(x.grad) == 1.0


@both
def test_backward_to_some_inputs_only(lib: Any) -> None:
    x, w = leaf(lib), leaf(lib, 5.0)
    (x * w).backward(inputs=[w])
    assert x.grad is None
    assert number(w.grad) == 3.0
    y = x * 2
    (y * w).backward(inputs=(x, y))
    assert (number(x.grad), number(y.grad), number(w.grad)) == (10.0, 5.0, 3.0)


@both
def test_several_results_at_once(lib: Any) -> None:
    x = leaf(lib, [1.0, 2.0])
    y = x * x
    lib.autograd.backward([y.sum(), y], [None, lib.tensor([1.0, 2.0], dtype=lib.float64)])
    assert number(x.grad) == [4.0, 12.0]


@both
def test_grad_returns_and_touches_nothing(lib: Any) -> None:
    x, w = leaf(lib), leaf(lib, 5.0)
    y = x * x * w
    gx, gw = lib.autograd.grad(y, (x, w), retain_graph=True)
    assert (number(gx), number(gw)) == (30.0, 9.0)
    assert (x.grad, w.grad) == (None, None)
    assert not gx.requires_grad
    (again,) = lib.autograd.grad(y, [x])
    assert number(again) == 30.0


@both
def test_grad_of_results_and_of_unused_inputs(lib: Any) -> None:
    x, unused = leaf(lib), leaf(lib)
    y = x * 2
    z = y * y
    gy, gx, none = lib.autograd.grad(z, (y, x, unused), allow_unused=True)
    assert (number(gy), number(gx), none) == (12.0, 24.0, None)
    (same,) = lib.autograd.grad(x, x)
    assert number(same) == 1.0


@both
def test_grad_of_several_with_cotangents(lib: Any) -> None:
    x = leaf(lib, [1.0, 2.0])
    g = lib.tensor([1.0, 1.0], dtype=lib.float64)
    (found,) = lib.autograd.grad([x * x, x], [x], [g, 3 * g])
    assert number(found) == [5.0, 7.0]


@both
def test_third_order(lib: Any) -> None:
    x = leaf(lib)
    y = x**4 + lib.exp(x) * lib.sin(x)
    orders = []
    for _ in range(3):
        (y,) = lib.autograd.grad(y, x, create_graph=True)
        orders.append(number(y))
    e, s, c = np.exp(3.0), np.sin(3.0), np.cos(3.0)
    assert orders == pytest.approx([108 + e * (s + c), 108 + 2 * e * c, 72 + 2 * e * (c - s)])
    assert x.grad is None


@pytest.mark.filterwarnings("ignore:Using backward")  # PyTorch's warning of a reference cycle
@both
def test_backward_with_create_graph(lib: Any) -> None:
    x = leaf(lib)
    (x**3).backward(create_graph=True)
    first = x.grad
    assert number(first) == 27.0
    assert first.requires_grad
    x.grad = None
    (first * 2).backward()
    assert number(x.grad) == 36.0
    x.grad = None


def test_a_gradient_penalty_trains() -> None:
    """The gradient of a gradient's norm, by every path, against PyTorch."""

    def penalty(lib: Any) -> list[Any]:
        rng = np.random.default_rng(0)
        x = lib.tensor(rng.normal(size=(4, 3)), requires_grad=True)
        w1 = lib.tensor(rng.normal(size=(3, 5)), requires_grad=True)
        w2 = lib.tensor(rng.normal(size=(5,)), requires_grad=True)
        out = lib.log_softmax(lib.tanh(x @ w1) * w2, dim=1).amax(1).sum()
        (g,) = lib.autograd.grad(out, x, create_graph=True)
        loss = ((g * g).sum(1).sqrt() - 1) ** 2
        loss.mean().backward()
        return [x.grad, w1.grad, w2.grad]

    for ours, theirs in zip(penalty(cr), penalty(torch), strict=True):
        assert_same_tensor(ours, theirs, scale=10)


@both
def test_float32_and_float64_meet(lib: Any) -> None:
    x = lib.tensor([1.0, 2.0], requires_grad=True)
    w = leaf(lib, [3.0, 4.0])
    y = x * w
    assert str(y.dtype).endswith("float64")
    y.sum().backward()
    assert str(x.grad.dtype).endswith("float32")
    assert str(w.grad.dtype).endswith("float64")
    assert (number(x.grad), number(w.grad)) == ([3.0, 4.0], [1.0, 2.0])


# --- grad mode -----------------------------------------------------------------------------------


@both
def test_no_grad_and_back(lib: Any) -> None:
    x = leaf(lib)
    assert lib.is_grad_enabled()
    with lib.no_grad():
        assert not lib.is_grad_enabled()
        assert not (x * 2).requires_grad
        with lib.enable_grad():
            assert (x * 2).requires_grad
        assert not lib.is_grad_enabled()
        made = lib.tensor(1.0, requires_grad=True)
        assert made.requires_grad
    assert lib.is_grad_enabled()
    with pytest.raises(KeyError), lib.no_grad():
        raise KeyError
    assert lib.is_grad_enabled()


@both
def test_set_grad_enabled(lib: Any) -> None:
    with lib.set_grad_enabled(False):
        assert not lib.is_grad_enabled()
    assert lib.is_grad_enabled()
    lib.set_grad_enabled(False)
    assert not lib.is_grad_enabled()
    lib.set_grad_enabled(True)
    assert lib.is_grad_enabled()


@both
def test_no_grad_decorates(lib: Any) -> None:
    @lib.no_grad()
    def double(x: Any) -> Any:
        """Twice."""
        return x * 2

    assert not double(leaf(lib)).requires_grad
    assert double.__doc__ == "Twice."
    assert lib.is_grad_enabled()


def test_one_context_can_be_entered_twice() -> None:
    context = cr.no_grad()
    with context, context:
        assert not cr.is_grad_enabled()
    assert cr.is_grad_enabled()


@both
def test_detach_cuts(lib: Any) -> None:
    x = leaf(lib)
    y = x * 2
    (y.detach() * x).backward()
    assert number(x.grad) == 6.0
    assert not y.detach().requires_grad


def test_grad_mode_is_each_threads_own() -> None:
    seen = []

    def other() -> None:
        seen.append(cr.is_grad_enabled())
        x = leaf(cr)
        (x * x).backward()
        seen.append(number(x.grad))

    with cr.no_grad():
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
        assert not cr.is_grad_enabled()
    assert seen == [True, 6.0]


def test_threads_compute_side_by_side() -> None:
    found: dict[int, list[float]] = {}

    def work(seed: int) -> None:
        x = leaf(cr, np.random.default_rng(seed).normal(size=20))
        for _ in range(50):
            x.grad = None
            y = cr.tanh(x * x) * 2
            y += 1
            (y * x).sum().backward()
        found[seed] = number(x.grad)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    alone = dict(found)
    for seed in range(6):
        work(seed)
    assert found == alone


# --- memory --------------------------------------------------------------------------------------


def test_gradients_share_memory_with_nothing() -> None:
    x, w = leaf(cr, [1.0, 2.0]), leaf(cr, [1.0, 2.0])
    seed = cr.tensor([1.0, 1.0], dtype=cr.float64)
    y = x + w
    y.retain_grad()
    y.backward(seed)
    (g,) = cr.autograd.grad(x + w, x, seed)
    arrays = [t.numpy() for t in (x.grad, w.grad, y.grad, g, seed) if t is not None]
    assert len(arrays) == 5
    assert not any(np.shares_memory(a, b) for i, a in enumerate(arrays) for b in arrays[:i])
    x.grad.add_(5)
    assert number(w.grad) == number(seed) == [1.0, 1.0]


def test_the_graph_can_be_looked_at() -> None:
    x = leaf(cr)
    y = x * 2 + 1
    assert y.grad_fn.name() == "AddBackward0"
    assert "AddBackward0" in repr(y.grad_fn)
    (parent, place), *_ = y.grad_fn.next_functions
    assert parent.name() == "MulBackward0"
    assert place == 0


# --- refusals ------------------------------------------------------------------------------------

v, s = leaf(cr, [1.0, 2.0]), leaf(cr)
plain = cr.tensor([1.0, 2.0])

REFUSED: list[tuple[str, Any, type[Exception], str]] = [
    (
        "not scalar",
        lambda: (v * 2).backward(),
        errors.GraphError,
        "this tensor has shape (2,): reduce it with .sum()",
    ),
    (
        "no graph",
        lambda: plain.sum().backward(),
        errors.GraphError,
        "a tensor of shape () has no graph: nothing that",
    ),
    (
        "cotangent shape",
        lambda: (v * 2).backward(cr.ones(3)),
        errors.ShapeError,
        "has shape (3,), the tensor (2,)",
    ),
    ("cotangent text", lambda: s.backward("a"), errors.DTypeError, "a tensor cannot be made of 'a'"),
    ("inputs text", lambda: s.backward(inputs="a"), errors.DTypeError, "backward takes a list or a tuple"),
    ("inputs empty", lambda: (s * 2).backward(inputs=[]), errors.DTypeError, "at least one tensor"),
    (
        "backward text",
        lambda: cr.autograd.backward("a"),
        errors.DTypeError,
        "backward takes a list or a tuple",
    ),
    ("backward of texts", lambda: cr.autograd.backward(["a"]), errors.DTypeError, "backward was given 'a'"),
    (
        "too many cotangents",
        lambda: cr.autograd.backward([s * 2], [None, None]),
        errors.ShapeError,
        "2 gradients were given for 1 tensors",
    ),
    (
        "grad of a plain tensor",
        lambda: cr.autograd.grad(s * 2, plain),
        errors.GraphError,
        "input 0 of autograd.grad, of shape (2,), does not require grad",
    ),
    (
        "grad of an unused tensor",
        lambda: cr.autograd.grad(s * 2, (s, v)),
        errors.GraphError,
        "input 1 of autograd.grad, of shape (2,), was not used",
    ),
    (
        "grad of nothing",
        lambda: cr.autograd.grad(s * 2, []),
        errors.DTypeError,
        "autograd.grad takes a list",
    ),
    ("grad of text", lambda: cr.autograd.grad("a", s), errors.DTypeError, "autograd.grad takes a list"),
    ("grad without graph", lambda: cr.autograd.grad(plain.sum(), s), errors.GraphError, "has no graph"),
]


@pytest.mark.parametrize(
    ("call", "kind", "message"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED]
)
def test_refusals(call: Any, kind: type[Exception], message: str) -> None:
    with pytest.raises(errors.ChainruleError) as caught:
        call()
    assert isinstance(caught.value, kind)
    assert message in str(caught.value)
    assert (v.grad, s.grad, plain.grad) == (None, None, None)


def test_a_second_backward_names_the_operation() -> None:
    x = leaf(cr)
    y = cr.exp(x) * 2
    y.backward()
    with pytest.raises(errors.GraphError) as caught:
        y.backward()
    message = str(caught.value)
    assert message.startswith("the graph was freed by an earlier backward(): ")
    assert f"at {__file__}:" in message
    assert "retain_graph=True" in message
    assert number(x.grad) == pytest.approx(2 * np.exp(3.0))


@both
def test_set_grad_enabled_decorates_the_function_alone(lib: Any) -> None:
    @lib.set_grad_enabled(False)
    def mode() -> Any:
        return lib.is_grad_enabled()

    assert lib.is_grad_enabled()
    assert not mode()
    assert lib.is_grad_enabled()


@both
@pytest.mark.parametrize(("name", "inside"), [("no_grad", False), ("enable_grad", True)])
def test_decorators_without_brackets(lib: Any, name: str, inside: bool) -> None:
    @getattr(lib, name)
    def mode(a: int, b: int = 0) -> Any:
        return lib.is_grad_enabled(), a + b

    assert mode.__name__ == "mode"
    with lib.set_grad_enabled(not inside):
        assert mode(1, b=2) == (inside, 3)
        assert lib.is_grad_enabled() is not inside


@both
def test_a_generator_runs_in_the_mode_and_its_caller_does_not(lib: Any) -> None:
    seen: list[Any] = []

    @lib.no_grad()
    def steps(start: int) -> Any:
        seen.append(lib.is_grad_enabled())
        try:
            received = yield start
            seen.append((received, lib.is_grad_enabled()))
            try:
                yield start + 1
            except KeyError:
                seen.append(("thrown", lib.is_grad_enabled()))
            yield start + 2
        finally:
            seen.append(("end", lib.is_grad_enabled()))
        return "done"

    running = steps(5)
    assert seen == []
    assert next(running) == 5
    assert lib.is_grad_enabled()
    assert running.send("word") == 6
    assert lib.is_grad_enabled()
    assert running.throw(KeyError()) == 7
    assert lib.is_grad_enabled()
    with pytest.raises(StopIteration) as caught:
        next(running)
    assert caught.value.value == "done"
    assert lib.is_grad_enabled()
    assert seen == [False, ("word", False), ("thrown", False), ("end", False)]
    stopped = steps(1)
    next(stopped)
    stopped.close()
    assert seen[-2:] == [False, ("end", False)]
    failing = steps(1)
    next(failing)
    with pytest.raises(ZeroDivisionError):
        failing.throw(ZeroDivisionError())
    assert lib.is_grad_enabled()


def test_decorating_what_is_no_function_is_refused() -> None:
    with pytest.raises(errors.DTypeError, match="no_grad decorates a function, and was given False"):
        cr.no_grad(False)
    with pytest.raises(errors.DTypeError, match="set_grad_enabled decorates a function"):
        cr.set_grad_enabled(False)(3)
    assert cr.is_grad_enabled()
