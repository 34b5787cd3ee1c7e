"""The checks beside each gradient: small errors where all is well, and ✗ where a rule is wrong."""

from __future__ import annotations

import math
import sys

import pytest
from graphs import GRAPHS, tensor

import chainrule
from chainrule import Value, explain
from chainrule.explain import Derivation
from chainrule.primitives import ROWS
from chainrule.primitives.row import Elementwise

#: Rows through which no gradient flows.
FLAT = {name for name, row in ROWS.items() if isinstance(row, Elementwise) and not any(row.partials)}


@pytest.mark.parametrize("name", GRAPHS)
def test_both_checks_agree_everywhere(name):
    derivation = explain(GRAPHS[name](), torch=True)
    assert derivation.checks
    for check in derivation.checks:
        assert check.numerical_error < 1e-6
        assert check.torch_error < 1e-7 if name == "astype" else check.torch_error < 1e-12
        assert not check.kink
    text = derivation.text()
    assert "✗" not in text
    assert text.count("✓") == 2 * len(derivation.checks)
    assert Derivation.from_json(derivation.to_json()) == derivation
    assert "✗" not in derivation.text("fr")


def test_the_graphs_go_through_every_row():
    seen = {v.operation for graph in GRAPHS.values() for v in explain(graph(), torch=False).variables}
    assert set(ROWS) - FLAT <= seen


@pytest.fixture
def wrong_sine(monkeypatch):
    """The row of sin with the sign of its partial turned around, as it would be after a slip."""
    row = ROWS["sin"]
    for cached in ("formulas", "_pulls", "_reads"):
        monkeypatch.delitem(row.__dict__, cached, raising=False)
    monkeypatch.setattr(row, "partials", (lambda xp, out, x: -xp.cos(x),))
    yield
    for cached in ("formulas", "_pulls", "_reads"):
        row.__dict__.pop(cached, None)


def test_a_wrong_row_is_found(wrong_sine):
    from chainrule.autodiff import graph

    node_of = Value._operation(ROWS["sin"])
    x = Value(0.5)
    L = node_of(x)
    assert graph.SMALL
    (check,) = explain(L, torch=True).checks
    assert check.gradient == -math.cos(0.5)
    assert check.numerical == pytest.approx(math.cos(0.5))
    assert check.numerical_error > 1
    assert check.torch_error > 1
    assert not check.kink
    text = explain(L, torch=True).text()
    assert "✗ numerical 0.877583   (error 2)" in text
    assert "✗ PyTorch 0.877583   (error 2)" in text
    assert "✗ numérique" in explain(L, torch=True, lang="fr").text()


def test_a_kink_is_called_a_kink():
    x = Value(0.0)
    L = x.relu()
    (check,) = explain(L, torch=True).checks
    assert check.gradient == 0
    assert check.torch_error == 0
    assert check.kink
    text = explain(L, torch=True).text()
    assert "~ numerical 0.5   (error 0.5)" in text
    assert "a kink: the slopes to its left and right differ" in text
    assert "✗" not in text
    assert "point anguleux" in explain(L, torch=True, lang="fr").text()


def _tied():
    x = Value(1.0)
    y = tensor(1.0, 3.0, 3.0)
    return {
        "abs": abs(Value(0.0)),
        "relu beside a slope": Value(0.0).relu() * 2 - Value(1.0),
        "abs of a difference": abs(x - 1.0),
        "maximum": chainrule.maximum(y, tensor(1.0, 1.0, 1.0)).sum(),
        "minimum": chainrule.minimum(y, tensor(1.0, 1.0, 4.0)).sum(),
        "clamp": y.clamp(1.0, 2.0).sum(),
        "max": y.max(),
        "amin along one": y.reshape(1, 3).amin(1).sum() + y.amax(0),
    }


@pytest.mark.parametrize("name", _tied())
def test_a_kink_is_called_so_even_where_central_differences_agree(name):
    derivation = explain(_tied()[name], torch=True)
    assert derivation.checks[0].kink
    text = derivation.text()
    assert "~ numerical" in text
    assert "a kink: the slopes to its left and right differ" in text
    assert "✗" not in text


@pytest.mark.parametrize(
    "make",
    [
        lambda: abs(Value(0.0)) ** 2,  # smooth, though |x| is not
        lambda: abs(Value(0.0)) * 0.0 + Value(2.0) * 1.0,
        lambda: abs(Value(1e-7)),
        lambda: (Value(1e8) * 1.0 + Value(0.0).relu() * 0.0) ** 2,
        lambda: tensor(1.0, 2.0).max() + tensor(0.5).relu().sum(),
    ],
)
def test_what_is_smooth_is_no_kink(make):
    derivation = explain(make(), torch=False)
    assert not any(check.kink for check in derivation.checks)
    assert "✗" not in derivation.text()


def test_relu_of_a_tensor_at_a_kink():
    x = tensor(-1.0, 0.0, 2.0)
    L = x.relu().sum()
    (check,) = explain(L, torch=True).checks
    assert check.kink
    assert check.numerical == pytest.approx([0.0, 0.5, 1.0])


def test_infinite_gradients_are_not_called_wrong():
    x = Value(0.0)
    text = explain(x.sqrt(), torch=True).text()
    assert "∂L/∂x = ∞\n      infinite or NaN: there is no slope to compare it with" in text
    assert "✓ PyTorch ∞   (error 0)" in text
    assert "✗" not in text


def test_a_gradient_of_nan_where_there_is_a_slope_is_wrong():
    x = tensor(0.0)
    L = (x * 0).abs().sqrt().sum()  # 0 · ∞ on the way back; the function is 0 everywhere
    (check,) = explain(L, torch=True).checks
    assert math.isnan(check.gradient[0])
    assert check.numerical == [0.0]
    assert check.numerical_error == math.inf
    assert "✗ numerical" in explain(L, torch=True).text()


@pytest.mark.parametrize(
    "make",
    [
        lambda: (Value(1e8) - 3.0) ** 2 / 1e8,
        lambda: Value(1e-9).log() * 5.0,
        lambda: (Value(1e-3) * 1e6).sin(),
        lambda: Value(1e12) * Value(1e-12) + Value(1e10),
        lambda: (Value(30.0)).exp(),
    ],
)
def test_numbers_of_every_size_are_checked(make):
    derivation = explain(make(), torch=False)
    assert max(check.numerical_error for check in derivation.checks) < 1e-5
    assert "✗" not in derivation.text()


def test_unchecked_where_a_value_was_not_kept():
    x = chainrule.ones(100)
    w = chainrule.tensor(2.0, requires_grad=True)
    L = (x + w).sum()
    derivation = explain(L, torch=True)
    (check,) = derivation.checks
    assert check.gradient == 100
    assert check.numerical_error is None
    assert "∂L/∂w = 100\n      not checked: " in derivation.text()
    assert "non vérifié" in derivation.text("fr")


def test_unchecked_where_a_large_value_was_overwritten_since():
    """Small values are copied when they are recorded; a large one is asked for again, and has changed."""
    from chainrule.explain.checking import check
    from chainrule.explain.names import Names
    from chainrule.explain.recording import record

    x = chainrule.ones(100)
    w = chainrule.tensor(2.0, requires_grad=True)
    L = (x * w).sum()
    recording = record(L, Names())
    (leaf,) = recording.leaves
    assert check(recording, {leaf.key: 0}, torch=False)[0].numerical_error < 1e-6
    x.zero_()
    assert check(recording, {leaf.key: 0}, torch=False)[0].numerical_error is None


def test_torch_is_asked_only_when_wanted():
    derivation = explain(Value(2.0) * 3, torch=False)
    assert all(check.torch is None and check.torch_error is None for check in derivation.checks)
    assert "PyTorch" not in derivation.text()


def test_where_torch_is_missing_its_answer_is_left_out(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name, *rest: None)
    derivation = explain(Value(2.0) * 3)
    assert "PyTorch" not in derivation.text()
    assert "✓ numerical" in derivation.text()


def test_what_torch_refuses_is_left_out():
    x = tensor(1.0, 2.0, 3.0)
    L = (x[::-1] * tensor(1.0, 2.0, 3.0)).sum()
    derivation = explain(L, torch=True)
    assert all(check.torch is None for check in derivation.checks)
    assert all(check.numerical_error < 1e-6 for check in derivation.checks)


def test_large_leaves_are_checked_along_one_direction():
    w = chainrule.ones(100, requires_grad=True)
    L = (w * w).sum()
    (check,) = explain(L, torch=True).checks
    assert check.along
    assert check.numerical_error < 1e-6
    assert check.torch_error < 1e-6
    assert isinstance(check.gradient, float)


def test_importing_explain_does_not_import_torch():
    assert "torch" in sys.modules  # the tests' own reference
    import subprocess

    code = "import sys, chainrule.explain.derive; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Value(math.nan) * 2,
        lambda: Value(math.inf) * Value(0.0),
        lambda: (tensor(math.nan, 1.0, math.inf) * 2).sum(),
        lambda: tensor(1e200) @ tensor(1e200),
        lambda: Value(30.0).exp() + Value(0.5),  # 1e13, whose last digit hides what the other does
        lambda: Value(3.0).exp().exp() + Value(-0.5),
    ],
)
def test_a_right_gradient_is_not_called_wrong_where_no_slope_can_be_measured(make):
    derivation = explain(make(), torch=True)
    text = derivation.text()
    assert "✗" not in text
    assert "no slope to compare it with: the result is too large for it, infinite or NaN" in text
    assert "✓ PyTorch" in text
    assert "aucune pente" in derivation.text("fr")


def test_an_infinite_gradient_is_wrong_where_pytorch_has_a_finite_one():
    import numpy

    from chainrule.explain.checking import _from_torch

    ours, theirs = numpy.array([math.inf, math.inf, 1.0]), numpy.array([5.0, 1e39, 1.0])
    assert _from_torch(ours, theirs, numpy.float64).tolist() == [math.inf, math.inf, 0.0]
    assert _from_torch(ours, theirs, numpy.float32).tolist() == [math.inf, 0.0, 0.0]


def test_a_deep_network_is_checked_in_part():
    """Every leaf moved number by number would take minutes."""
    from chainrule import nn

    layers = [module for _ in range(120) for module in (nn.Linear(8, 8), nn.Tanh())]
    L = (nn.Sequential(*layers)(chainrule.ones(4, 8)) ** 2).mean()
    derivation = explain(L, torch=True)
    measured = [check for check in derivation.checks if check.numerical_error is not None]
    assert 60 < len(measured) < len(derivation.checks) == 240
    assert all(check.along or not derivation.variables[check.variable].shape for check in measured)
    assert max(check.numerical_error for check in measured) < 1e-5
    assert max(check.torch_error for check in derivation.checks) < 1e-4
    text = derivation.text()  # of the first leaves and the last
    assert "✗" not in text
    assert "not checked" not in text
