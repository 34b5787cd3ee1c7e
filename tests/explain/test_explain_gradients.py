"""What an explanation says is what ran: products, totals, gradients; and it leaves no trace."""

from __future__ import annotations

import math
import random
import time

import numpy as np
import pytest
from graphs import GRAPHS, a_b_c_f, regression, tensor

import chainrule
from chainrule import Value, explain
from chainrule.errors import DomainError, DTypeError, GraphError, NameUnknownError
from chainrule.explain import Derivation


def random_values(seed, operations=40):
    """A random graph of values with shared nodes, and its leaves."""
    rng = random.Random(seed)
    leaves = [Value(rng.uniform(0.5, 2.0)) for _ in range(5)]
    nodes = list(leaves)
    unary = ["tanh", "sin", "cos", "relu", "sigmoid", "__neg__", "__abs__"]
    for _ in range(operations):
        a, b = rng.choice(nodes), rng.choice(nodes)
        made = rng.randrange(7)
        if made < 3:
            nodes.append([a + b, a - b, a * b][made].tanh())
        elif made == 3:
            nodes.append(a / (b * b + 1.0))
        elif made == 4:
            nodes.append((a * 0.5) ** rng.choice([2, 3]))
        elif made == 5:
            nodes.append((a * 0.1).exp() + (b * b + 1.0).log() + (b * b + 0.5).sqrt())
        else:
            nodes.append(getattr(a, rng.choice(unary))())
    return sum(nodes[5:], Value(0.0)), leaves


@pytest.mark.parametrize("seed", range(20))
def test_values_have_the_same_gradients_bit_for_bit(seed):
    root, leaves = random_values(seed)
    derivation = explain(root, torch=False)
    root.backward()
    for place, leaf in enumerate(leaves):
        name = f"leaves[{place}]"
        if any(variable.name == name for variable in derivation.variables):
            assert derivation.gradient(name) == leaf.grad
        else:
            assert leaf.grad == 0


@pytest.mark.parametrize("name", GRAPHS)
def test_tensors_have_the_same_gradients_exactly(name):
    result = GRAPHS[name]()
    derivation = explain(result, torch=False)
    leaves = _leaves(result._node)
    result.backward()
    parameters = [v for v in derivation.variables if v.kind == "parameter"]
    assert len(parameters) == len(leaves)
    totals = {str(derivation.total(v.id)) for v in parameters}
    assert totals == {str(leaf.grad.numpy().tolist()) for leaf in leaves}


def _leaves(node):
    found, waiting = {}, [node]
    while waiting:
        for parent in waiting.pop().parents:
            if isinstance(parent, chainrule.Tensor):
                found[id(parent)] = parent
            elif parent is not None:
                waiting.append(parent)
    return list(found.values())


@pytest.mark.parametrize("seed", range(10))
def test_every_contribution_is_local_times_upstream(seed):
    derivation = explain(random_values(seed)[0], torch=False)
    _assert_products(derivation)


@pytest.mark.parametrize("name", GRAPHS)
def test_every_elementwise_contribution_of_tensors_is_local_times_upstream(name):
    _assert_products(explain(GRAPHS[name](), torch=False))


def _assert_products(derivation):
    local = {(one.of, one.place): one for one in derivation.locals}
    running = {}
    for one in derivation.contributions:
        found = local[one.of, one.place]
        assert (found.of, found.to) == (one.of, one.to)
        if found.rule is None:
            product = np.asarray(one.upstream) * np.asarray(found.value, np.float64)
            product = np.sum(product, axis=one.summed).reshape(np.shape(one.amount))
            np.testing.assert_allclose(product, one.amount, rtol=1e-15, atol=0)
        before = running.get(one.to, 0.0)
        np.testing.assert_array_equal(np.asarray(before) + np.asarray(one.amount), one.total)
        running[one.to] = one.total
        assert derivation.reached(one.to)
    for variable, total in running.items():
        assert derivation.total(variable) == total


def test_running_gradients():
    derivation = a_b_c_f(torch=False)
    d, a = derivation["d"].id, derivation["a"].id
    assert derivation.total(d, 0) is None
    assert not derivation.reached(d, 0)
    assert derivation.total(d, 1) == -2
    assert derivation.total(a, 4) is None
    assert derivation.total(a) == 6
    assert derivation.total(derivation.result, 0) == 1


def test_the_course_s_numbers():
    derivation = regression(torch=False)
    assert derivation.gradient("w") == -2
    assert derivation["L"].value == 1
    assert {name: a_b_c_f(torch=False).gradient(name) for name in "abcf"} == {
        "a": 6,
        "b": -4,
        "c": -2,
        "f": 4,
    }


# --- when, and what it leaves ------------------------------------------------------------------------


def small_loss():
    x = chainrule.tensor([1.0, 2.0, 3.0])
    w = chainrule.tensor([0.5, -1.0, 2.0], requires_grad=True)
    return w, ((w * x).tanh() ** 2).sum()


def test_before_and_after_backward_it_says_the_same():
    w, L = small_loss()
    before = explain(L, torch=False)
    L.backward()
    after = explain(L, torch=False)
    assert before == after
    assert before.gradient("w") == w.grad.tolist()


def test_it_touches_no_grad_and_leaves_the_graph():
    w, L = small_loss()
    explain(L, torch=False)
    assert w.grad is None
    explain(L, torch=False)
    L.backward()
    kept = w.grad.clone()
    explain(L, torch=False)
    assert w.grad.tolist() == kept.tolist()
    assert L.grad is None or L.is_leaf is False


def test_it_touches_no_grad_of_values():
    a, b = Value(2.0), Value(3.0)
    L = a * b
    explain(L, torch=False)
    assert (a.grad, b.grad, L.grad) == (0, 0, 0)
    L.backward()
    explain(L, torch=False)
    assert (a.grad, b.grad, L.grad) == (3, 2, 1)


def test_the_derivation_does_not_change_with_the_program():
    w, L = small_loss()
    derivation = explain(L, torch=False)
    text = derivation.text()
    with chainrule.no_grad():
        w -= 1.0
    assert derivation.text() == text


def test_after_backward_large_values_are_gone():
    w = chainrule.ones(100, requires_grad=True)
    L = (w.exp() * w).sum()
    L.backward()
    with pytest.raises(GraphError) as caught:
        explain(L)
    assert str(caught.value).startswith("backward() has freed the large values of this graph, and ")
    assert "test_explain_gradients.py:" in str(caught.value)
    assert str(caught.value).endswith("call explain before backward(), or backward(retain_graph=True)")


def test_after_backward_that_kept_the_graph():
    w = chainrule.ones(100, requires_grad=True)
    L = (w.exp() * w).sum()
    L.backward(retain_graph=True)
    assert explain(L, torch=False).checks[0].numerical_error < 1e-6


def test_after_an_update_in_place_the_error_says_where():
    x = chainrule.tensor(2.0, requires_grad=True)
    w = chainrule.tensor(3.0, requires_grad=True)
    L = w * x
    L.backward()
    with chainrule.no_grad():
        w -= 0.1 * w.grad
    with pytest.raises(GraphError) as caught:
        explain(L)
    message = str(caught.value)
    assert message.startswith("w was changed at ")
    assert message.count("test_explain_gradients.py:") == 2
    assert "Explain before the update" in message


# --- what it refuses ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (
            lambda: 3.0,
            DTypeError,
            "explain takes the result of a computation, a tensor or a Value; "
            "it was given 3.0 of type float",
        ),
        (lambda: None, DTypeError, "it was given None of type NoneType"),
        (lambda: np.ones(2), DTypeError, "of type ndarray"),
        (
            lambda: Value(1.0),
            GraphError,
            "this is an input, not a result: explain what is computed from it",
        ),
        (lambda: tensor(1.0), GraphError, "this is an input, not a result"),
        (
            lambda: chainrule.ones(2).sum(),
            GraphError,
            "a tensor of shape () has no graph to explain: nothing that it was computed from requires "
            "grad. Make the inputs with requires_grad=True, and compute it outside of no_grad",
        ),
        (
            lambda: tensor(1.0, 2.0) * 2,
            GraphError,
            "explain starts from one number, and this tensor has shape (2,): explain its .sum() or "
            ".mean(), or one of its elements",
        ),
    ],
)
def test_refused(make, error, message):
    with pytest.raises(error) as caught:
        explain(make())
    assert message in str(caught.value)


def test_an_unknown_language_is_refused_by_name():
    message = "lang is 'de', and the texts are written in: 'en', 'fr'. Choose one of these."
    with pytest.raises(DomainError) as caught:
        regression(lang="de")
    assert str(caught.value) == message
    with pytest.raises(DomainError) as caught:
        regression(torch=False).text("de")
    assert str(caught.value) == message


def test_an_unknown_variable_is_refused_with_the_known():
    with pytest.raises(NameUnknownError) as caught:
        regression(torch=False).gradient("z")
    assert str(caught.value) == "no variable is called 'z' here; there are x, w, ŷ, y, S, L"


# --- large graphs ------------------------------------------------------------------------------------


def test_a_deep_graph_is_explained_in_reasonable_time():
    """2,000 operations one after the other: no recursion, and nothing that grows with their square."""
    x = Value(0.5)
    y = x
    for i in range(2000):
        y = (y * 1.001) if i % 2 else (y + 0.001)
    start = time.perf_counter()
    derivation = explain(y, torch=False)
    text = derivation.text()
    again = Derivation.from_json(derivation.to_json())
    assert time.perf_counter() - start < 10
    assert again == derivation
    assert len(derivation.contributions) == 2000
    assert "too large to draw here" in text
    assert "-->" not in text
    y.backward()
    assert derivation.gradient("x") == x.grad


def test_many_parameters_are_checked_together():
    weights = [Value(math.sin(i)) for i in range(500)]
    L = sum(((w * w).tanh() for w in weights), Value(0.0))
    derivation = explain(L, torch=False)
    assert len(derivation.checks) == 501
    assert max(check.numerical_error for check in derivation.checks) < 1e-6


def test_after_an_update_nothing_false_is_shown() -> None:
    x, y = chainrule.tensor(1.0), chainrule.tensor(2.0)
    w = chainrule.tensor(1.0, requires_grad=True)
    optimizer = chainrule.optim.SGD([w], lr=0.25)
    L = (w * x - y) ** 2
    L.backward()
    assert explain(L, torch=False).gradient("w") == -2.0
    optimizer.step()
    with pytest.raises(GraphError, match=r"^w was changed at .*, after mul at .*Explain before the update"):
        explain(L)


def test_a_leaf_given_other_numbers_is_noticed() -> None:
    w = chainrule.tensor([1.0, 2.0], requires_grad=True)
    L = (w + 1).sum()
    w.data = chainrule.tensor([5.0, 6.0])
    with pytest.raises(GraphError, match="w was given other values, after add at"):
        explain(L)


def test_a_value_given_another_number_is_noticed() -> None:
    a, b = Value(2.0), Value(3.0)
    L = a * b + a
    assert explain(L, torch=False).gradient("a") == 4.0
    a.data -= 0.5
    with pytest.raises(GraphError, match=r"inputs of a and b to mul .* was 6 and would be 4\.5 now"):
        explain(L)


def test_a_result_that_was_written_over_is_shown_as_it_was() -> None:
    x = chainrule.tensor([1.0, 2.0], requires_grad=True)
    y = x * 2
    y += 1
    L = (y * x.relu()).sum()
    derivation = explain(L, torch=False)
    assert derivation["v1"].value == [2.0, 4.0]
    assert derivation["y"].value == [3.0, 5.0]


def test_a_constant_zero_below_the_fraction_bar_is_an_infinity() -> None:
    assert explain(Value(2.0) / 0, torch=False).gradient("p1") == float("inf")
