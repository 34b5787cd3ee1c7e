"""Gradient descent: the right numbers, an honest verdict, and parameters given back as they were."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import chainrule
from chainrule import Value, errors
from chainrule.explain.descent import Descent, descend
from chainrule.explain.descent.verdicts import verdict
from chainrule.value import PythonValue


def leaf(number: Any, kind: str) -> Any:
    if kind == "Value":
        return Value(number)
    if kind == "PythonValue":
        return PythonValue(number)
    return chainrule.tensor(number, dtype=getattr(chainrule, kind), requires_grad=True)


KINDS = ["Value", "PythonValue", "float64", "float32"]


# ------------------------------------------------------------------ the numbers


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("rate", "expected"),
    [(0.02, "slow"), (0.3, "right"), (0.95, "oscillating"), (1.05, "diverging"), (1.0, "oscillating")],
)
def test_the_regression_of_the_course(kind: str, rate: float, expected: str) -> None:
    w = leaf(1.0, kind)
    (run,) = descend(lambda: (w * 1.0 - 2.0) ** 2, [w], lr=rate).runs
    weights = [2 - (1 - 2 * rate) ** k for k in range(31)]
    close = {"rel": 1e-4, "abs": 1e-6} if kind == "float32" else {"rel": 1e-9, "abs": 1e-12}
    assert [point for (point,) in run.points] == pytest.approx(weights, **close)
    assert run.losses == pytest.approx([(one - 2) ** 2 for one in weights], **close)
    assert (run.verdict, run.stopped) == (expected, None)


def test_values_and_tensors_go_the_same_way() -> None:
    xs, ys = [0.0, 1.0, 2.0, 3.0], [1.0, 2.9, 5.2, 7.1]
    w, b = Value(-1.0), Value(4.0)
    pairs = list(zip(xs, ys, strict=True))
    scalar = descend(lambda: sum((w * x + b - y) ** 2 for x, y in pairs) / 4, [w, b], lr=[0.01, 0.1, 0.3])
    u, v = leaf(-1.0, "float64"), leaf(4.0, "float64")
    x, y = chainrule.tensor(xs, dtype=chainrule.float64), chainrule.tensor(ys, dtype=chainrule.float64)
    tensor = descend(lambda: ((u * x + v - y) ** 2).mean(), {"w": u, "b": v}, lr=[0.01, 0.1, 0.3])
    assert scalar.numbers == tensor.numbers == ("w", "b")
    for one, other in zip(scalar.runs, tensor.runs, strict=True):
        assert one.losses == pytest.approx(other.losses, rel=1e-9)
        assert np.array(one.points) == pytest.approx(np.array(other.points), rel=1e-9)
        assert one.verdict == other.verdict
    assert scalar.curvature.largest == pytest.approx(tensor.curvature.largest, rel=1e-6)
    # Σx²/4 = 3.5, Σx/4 = 1.5: the matrix of second derivatives is [[7, 3], [3, 2]]
    assert tensor.curvature.largest == pytest.approx(np.linalg.eigvalsh([[7.0, 3.0], [3.0, 2.0]])[1])
    assert scalar.surface.lowest == pytest.approx(np.polyfit(xs, ys, 1).tolist(), abs=1e-6)


@settings(deadline=None)
@given(bend=st.floats(0.1, 10), start=st.floats(-5, 5), part=st.floats(0.05, 0.95), centre=st.floats(-3, 3))
def test_below_the_stable_rate_the_loss_falls_and_beyond_it_rises(
    bend: float, start: float, part: float, centre: float
) -> None:
    if abs(start - centre) < 0.1:
        start = centre + 1
    w = Value(start)
    stable = descend(lambda: (w - centre) ** 2 * bend, [w], lr=0.01 / bend, steps=1).curvature.stable_rate
    assert stable == pytest.approx(1 / bend, rel=1e-6)
    rates = [part * stable, (2 - part) * stable]
    below, beyond = descend(lambda: (w - centre) ** 2 * bend, [w], lr=rates).runs
    assert below.losses[-1] < below.losses[0]
    assert beyond.verdict == "diverging"


@settings(deadline=None)
@given(st.lists(st.floats(0.1, 50), min_size=1, max_size=6))
def test_the_largest_curvature_is_the_one_that_the_descent_meets(curves: list[float]) -> None:
    scale = chainrule.tensor(curves, dtype=chainrule.float64)
    w = chainrule.ones(len(curves), dtype=chainrule.float64).requires_grad_()
    found = descend(lambda: (scale * w * w).sum() / 2, [w], lr=0.001, steps=1).curvature
    assert found.largest == pytest.approx(max(curves), rel=1e-4)
    squares = np.array(curves) ** 2
    assert found.along == pytest.approx((squares * curves).sum() / squares.sum(), rel=1e-6)


def test_a_saddle_has_a_curvature_and_a_hill_no_stable_rate() -> None:
    a, b = Value(1.0), Value(1.0)
    assert descend(lambda: a * a * 3 - b * b, [a, b], lr=0.01).curvature.largest == pytest.approx(6)
    w = Value(1.0)
    hill = descend(lambda: -w * w, [w], lr=[0.01, 0.5])
    assert hill.curvature.largest == pytest.approx(-2)
    assert hill.curvature.stable_rate is None
    assert hill.surface.lowest is None
    assert [run.verdict for run in hill.runs] == ["slow", "diverging"]


def test_at_the_minimum_there_is_nothing_to_do() -> None:
    w = Value(2.0)
    found = descend(lambda: (w - 2.0) ** 2, [w], lr=0.1, steps=1)
    assert found.runs[0].verdict == "right"
    assert found.curvature is None
    assert found.surface.lowest == (2.0,)
    assert str(found).endswith("The gradient is 0 at the start: nothing moves, whatever the learning rate.")
    assert found.text("fr").endswith("rien ne bouge, quel que soit le taux d'apprentissage.")
    v = chainrule.zeros(3, requires_grad=True)
    assert "nothing moves" in str(descend(lambda: (v * v).sum(), [v], lr=3.0))


@pytest.mark.parametrize(
    ("rate", "expected"), [(0.02, "slow"), (0.078, "oscillating"), (0.081, "diverging")]
)
def test_a_narrow_valley(rate: float, expected: str) -> None:
    scale, w = chainrule.tensor([1.0, 25.0]), chainrule.tensor([9.0, 1.0], requires_grad=True)
    found = descend(lambda: (scale * w * w).sum() / 2, [w], lr=rate, steps=40)
    assert found.runs[0].verdict == expected
    assert found.numbers == ("w[0]", "w[1]")
    assert found.curvature.stable_rate == pytest.approx(2 / 25, rel=1e-3)


def test_down_the_valley_of_rosenbrock_is_still_a_long_way() -> None:
    a, b = Value(-1.2), Value(1.0)
    found = descend(lambda: (1 - a) ** 2 + 100 * (b - a * a) ** 2, [a, b], lr=[1e-3, 0.05], steps=200)
    assert [run.verdict for run in found.runs] == ["slow", "diverging"]
    assert found.runs[1].stopped in ("loss", "explosion")
    assert len(found.runs[1].losses) < 20


def test_more_numbers_have_no_points() -> None:
    chainrule.manual_seed(0)
    model = chainrule.nn.Linear(3, 1)
    inputs, target = chainrule.randn(8, 3), chainrule.randn(8, 1)
    found = descend(lambda: ((model(inputs) - target) ** 2).mean(), model.parameters(), lr=0.1)
    assert found.parameters == ("model.weight", "model.bias")
    assert found.numbers == ()
    assert found.surface is None
    assert found.runs[0].points == ()
    assert found.runs[0].losses[-1] < found.runs[0].losses[0]


def test_verdicts_of_the_smallest_histories() -> None:
    assert verdict([1.0, 0.0], [True], 0.0, 1.0, None) == "right"
    assert verdict([1.0, 0.9], [False], 0.1, 1.0, None) == "slow"
    assert verdict([1.0, 2.0], [True], 4.0, 1.0, None) == "diverging"
    assert verdict([1.0, math.nan], [], 0.0, 1.0, "loss") == "diverging"
    assert verdict([3.0, 3.0 + 1e-9], [False], 0.0, 1e-9, None) == "right"


@pytest.mark.parametrize("rate", [1e-300, 1e-15, 1e-9])
def test_a_rate_that_moves_next_to_nothing_is_too_small(rate: float) -> None:
    w = Value(1.0)
    assert descend(lambda: (w - 2.0) ** 2, [w], lr=rate).runs[0].verdict == "slow"


def test_the_rounding_of_float32_at_the_minimum_is_no_way_to_go() -> None:
    w = leaf([1 / 3, 0.1], "float32")
    target = chainrule.tensor([1.0, 0.3])
    found = descend(lambda: ((w * 3 - target) ** 2).sum() + 1000, [w], lr=[0.01, 0.05], steps=200)
    assert [run.verdict for run in found.runs] == ["right", "right"]


def test_numbers_that_are_nearly_too_large() -> None:
    w = Value(1.0)
    found = descend(lambda: (w - 2.0) ** 2 * 1e300, [w], lr=[1e-302, 1e-299])
    assert [run.verdict for run in found.runs] == ["slow", "diverging"]


# ------------------------------------------------------------------ what stays as it was


@pytest.mark.parametrize("kind", KINDS)
def test_numbers_and_gradients_are_given_back(kind: str) -> None:
    w, other = leaf(1.0, kind), leaf(3.0, kind)
    kept = other * 2.0  # outlasts the steps, and has a gradient of its own
    earlier = (w * other) ** 2
    (w * other * kept).backward()
    if kind.startswith("float"):
        before = [w.item(), w.grad.item(), other.grad.item()]
    else:
        before = [w.data, w.grad, other.grad, kept.grad]
    for fails in (False, True):
        calls = iter(range(10**6))

        def loss() -> Any:
            if fails and next(calls) == 9:  # noqa: B023  # called at once
                raise KeyError("in the loss")
            return (w * kept - other) ** 2

        if fails:
            with pytest.raises(KeyError, match="in the loss"):
                descend(loss, [w], lr=0.01)
        else:
            descend(loss, [w], lr=[0.01, 0.5])
        if kind.startswith("float"):
            assert [w.item(), w.grad.item(), other.grad.item()] == before
        else:
            assert [w.data, w.grad, other.grad, kept.grad] == before
    earlier.backward()  # a graph from before has lost nothing


def test_an_integer_stays_one_and_shared_memory_is_not_touched() -> None:
    w = Value(1)
    descend(lambda: (w - 2) ** 2, [w], lr=0.1)
    assert type(w.data) is int
    array = np.array([1.0, 2.0])
    v = chainrule.from_numpy(array).requires_grad_()
    with chainrule.no_grad():
        found = descend(lambda: (v * v).sum(), [v], lr=0.1)
    assert found.runs[0].losses[-1] < 1
    assert array.tolist() == [1.0, 2.0]
    assert v.detach().numpy() is array or np.shares_memory(v.detach().numpy(), array)
    assert v.grad is None


def test_a_loss_that_stops_depending_stands_still() -> None:
    w = chainrule.tensor(1.0, requires_grad=True)
    zero = chainrule.tensor(0.0)
    found = descend(lambda: w * w if w.item() > 0.5 else zero, [w], lr=0.5, steps=4)
    assert found.runs[0].losses == (1.0, 0.0, 0.0, 0.0, 0.0)


# ------------------------------------------------------------------ runs that leave the numbers


def test_a_run_stops_where_the_loss_is_no_number() -> None:
    w = Value(1.0)
    (run,) = descend(lambda: -w.log() + w * 4, [w], lr=1.0).runs
    assert run.stopped == "loss"
    assert run.verdict == "diverging"
    assert math.isnan(run.losses[-1])
    assert len(run.losses) == len(run.points) == 2


def test_a_run_stops_where_the_gradient_is_no_number() -> None:
    w = chainrule.tensor(1.0, requires_grad=True)
    (run,) = descend(lambda: w.sqrt(), [w], lr=2.0).runs
    assert (run.losses, run.stopped, run.verdict) == ((1.0, 0.0), "gradient", "slow")


def test_a_run_stops_when_it_explodes() -> None:
    w = Value(1.0)
    found = descend(lambda: w**4, [w], lr=2.0)
    (run,) = found.runs
    assert run.stopped in ("explosion", "loss")
    assert len(run.losses) < 10
    assert "stopped at step" in str(found)


def test_the_surface_skips_where_the_loss_cannot_be_computed() -> None:
    w = Value(0.1)

    def loss() -> Any:
        if w.data <= 0:
            raise ZeroDivisionError
        return (w.log() - 1) ** 2

    found = descend(loss, [w], lr=0.01)
    assert any(math.isnan(one) for one in found.surface.losses)


# ------------------------------------------------------------------ the data


def test_the_surface_holds_the_runs_that_stay() -> None:
    a, b = Value(-1.0), Value(2.0)
    found = descend(lambda: a * a + b * b * 3, [a, b], lr=[0.01, 0.1, 0.3, 0.4])
    across, up = found.surface.axes
    assert (len(across), len(up), len(found.surface.losses)) == (41, 41, 41)
    assert [list(axis) for axis in (across, up)] == [sorted(across), sorted(up)]
    for run in found.runs:
        inside = [across[0] < x < across[-1] and up[0] < y < up[-1] for x, y in run.points]
        assert all(inside) == (run.verdict != "diverging")
    assert found.surface.losses[3][5] == pytest.approx(across[5] ** 2 + up[3] ** 2 * 3)
    assert found.surface.lowest == pytest.approx((0.0, 0.0), abs=1e-9)


def test_through_json_and_back() -> None:
    w = Value(1.0)
    for loss in (lambda: (w - 2.0) ** 2, lambda: -w.log() + w * 4):
        found = descend(loss, [w], lr=[0.1, 1.0], lang="fr")
        again = Descent.from_json(found.to_json())
        assert again.to_json() == found.to_json()
        assert str(again) == str(found)


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"curvature": null, "surface": null}'])
def test_json_of_something_else(text: str) -> None:
    with pytest.raises(errors.DTypeError, match=r"not what Descent\.to_json wrote"):
        Descent.from_json(text)


def test_names_are_the_callers() -> None:
    slope, L = Value(1.0), 5
    found = descend(lambda: slope * slope * L, [slope], lr=0.01)
    assert found.parameters == ("slope",)
    assert found.loss == "L"
    assert found.derivation.gradient("slope") == 10.0
    assert found.derivation.rate == 0.01
    assert descend(lambda: slope * slope, {"any <name>": slope}, lr=0.01).numbers == ("any <name>",)


def test_parameters_without_a_name() -> None:
    def made() -> Any:
        return [Value(1.0)]

    class Holder:
        inside = made()

    holder = Holder()
    found = descend(lambda: holder.inside[0] ** 2, holder.inside, lr=0.1)
    assert found.parameters == ("parameters[0]",)
    assert found.derivation.gradient("parameters[0]") == 2.0


def test_the_table_in_both_languages() -> None:
    w = Value(1.0)
    found = descend(lambda: (w - 2.0) ** 2, [w], lr=[0.25, 1.05], steps=10)
    lines = str(found).splitlines()
    assert lines[0] == "Gradient descent on L(w), 10 steps, from w = 1, L = 1"
    assert lines[3].split(maxsplit=3) == ["0.25", "1.999", "9.537e−7", "right: converging"]
    assert "2/λ = 1 " in lines[-1]
    french = found.text("fr")
    assert "Descente de gradient sur L(w), 10 étapes" in french
    assert "beaucoup trop grand : on diverge" in french
    with pytest.raises(errors.DomainError, match="lang is 'de'"):
        found.text("de")


# ------------------------------------------------------------------ what is refused


def test_what_is_refused_before_anything_is_changed() -> None:
    w, frozen = chainrule.tensor(1.0, requires_grad=True), chainrule.tensor(1.0)
    b, v = chainrule.tensor(1.0, requires_grad=True), Value(1.0)
    vector = chainrule.tensor([1.0, 2.0], requires_grad=True)
    empty = chainrule.zeros(0, requires_grad=True)
    bad: list[tuple[Any, Any, dict[str, Any], type[Exception], str]] = [
        (w * w, [w], {}, errors.DTypeError, "takes a function"),
        (lambda: w * w, w, {}, errors.DTypeError, r"into a list: \[w\]"),
        (lambda: w * w, None, {}, errors.DTypeError, "into a list"),
        (lambda: w * w, [], {}, errors.DomainError, "no parameters"),
        (lambda: w * w, [1.0], {}, errors.DTypeError, r"parameters\[0\] is 1\.0 \(float\)"),
        (lambda: w * w, [w, w], {}, errors.DomainError, "w is given twice"),
        (lambda: w * w, {"a": w, "b": w}, {}, errors.DomainError, "b is given twice"),
        (lambda: w * w, {"y": w * 2}, {}, errors.GraphError, "y is the result of mul"),
        (lambda: v * v, {"y": v * 2}, {}, errors.GraphError, r"y is the result of \*"),
        (
            lambda: w * frozen,
            [w, frozen],
            {},
            errors.GraphError,
            r"parameters\[1\].*does not require a gradient",
        ),
        (lambda: w * w, [w, v], {}, errors.DTypeError, "w is a Tensor and v is a Value"),
        (lambda: w * w, [w, b], {}, errors.GraphError, "does not depend on b"),
        (lambda: frozen * 2, [w], {}, errors.GraphError, "does not depend on w"),
        (lambda: v * v, [w], {}, errors.GraphError, "does not depend on w"),
        (lambda: (w * w).item(), [w], {}, errors.DTypeError, r"returned 1\.0 \(float\)"),
        (lambda: vector * 2, [vector], {}, errors.GraphError, r"shape \(2,\)"),
        (lambda: (w - 1).log() * 0, [w], {}, errors.DomainError, "the loss is nan"),
        (lambda: (w - 1).sqrt(), [w], {}, errors.DomainError, "the gradient is inf"),
        (lambda: w * w, [w], {"lr": []}, errors.DomainError, "empty list"),
        (lambda: w * w, [w], {"lr": 0}, errors.DomainError, "lr has 0"),
        (lambda: w * w, [w], {"lr": [0.1, -0.1]}, errors.DomainError, r"lr has -0\.1"),
        (lambda: w * w, [w], {"lr": math.inf}, errors.DomainError, "lr has inf"),
        (lambda: w * w, [w], {"lr": math.nan}, errors.DomainError, "lr has nan"),
        (lambda: w * w, [w], {"lr": "0.1"}, errors.DTypeError, "lr has '0.1'"),
        (lambda: w * w, [w], {"lr": True}, errors.DomainError, "lr has True"),
        (lambda: w * w, [w], {"steps": 0}, errors.DomainError, "it is 0"),
        (lambda: w * w, [w], {"steps": 100_001}, errors.DomainError, "from 1 to 100000"),
        (lambda: w * w, [w], {"steps": 2.5}, errors.DTypeError, r"it is 2\.5"),
        (lambda: w * w, [w], {"steps": True}, errors.DTypeError, "it is True"),
        (lambda: w * w, [w], {"lr": np.array(0.1)}, errors.DTypeError, r"lr has array\(0\.1\)"),
        (lambda: w * w, [w], {"lang": "de"}, errors.DomainError, "lang is 'de'"),
        (lambda: w * w, chainrule.nn.Linear(1, 1), {}, errors.DTypeError, r"model\.parameters\(\)"),
        (
            lambda: w * w,
            chainrule.nn.Linear(1, 1).named_parameters(),
            {},
            errors.DTypeError,
            r"dict\(model\.named_parameters\(\)\)",
        ),
        (lambda: w * w, [empty], {}, errors.DomainError, r"empty, of shape \(0,\), holds no number"),
    ]
    for loss, parameters, options, kind, message in bad:
        with pytest.raises(kind, match=message):
            descend(loss, parameters, **{"lr": 0.1, **options})
        assert (w.item(), w.grad, v.data, v.grad) == (1.0, None, 1.0, 0)


@pytest.mark.parametrize("kind", KINDS)
def test_a_loss_that_was_computed_before_sees_no_step(kind: str) -> None:
    w = leaf(1.0, kind)
    whole, part = (w - 2.0) ** 2, (w - 2.0) * 3.0
    for loss in (lambda: whole, lambda: part**2):
        with pytest.raises(errors.GraphError, match="was computed before"):
            descend(loss, [w], lr=0.1)
    fixed = leaf(2.0, kind) * 3.0  # what no parameter moves may be computed once
    assert descend(lambda: (w - fixed) ** 2, [w], lr=0.1).runs[0].losses[-1] < 1


@pytest.mark.parametrize("kind", KINDS)
def test_a_function_that_trains_by_itself_is_told(kind: str) -> None:
    w = leaf(1.0, kind)
    w.grad = None if kind.startswith("float") else 5.0
    before = (float(w.data), w.grad)

    def goes_back() -> Any:
        loss = (w - 2.0) ** 2
        loss.backward()
        return loss

    def moves() -> Any:
        loss = (w - 2.0) ** 2
        if kind.startswith("float"):
            with chainrule.no_grad():
                w.sub_(0.1)
        else:
            w.data -= 0.1
        return loss

    for loss in (goes_back, moves):
        with pytest.raises(errors.GraphError, match=r"calls backward\(\) or moves the parameters"):
            descend(loss, [w], lr=0.1)
        assert (float(w.data), w.grad) == before


def test_a_loss_by_chance_has_no_right_rate() -> None:
    chainrule.manual_seed(0)
    model = chainrule.nn.Sequential(chainrule.nn.Linear(8, 8), chainrule.nn.Dropout(0.5))
    inputs = chainrule.randn(16, 8)

    def loss() -> Any:
        return (model(inputs) ** 2).mean()

    with pytest.raises(errors.DomainError, match=r"the loss was .* and then .*model\.eval\(\)"):
        descend(loss, model.parameters(), lr=0.1)
    model.eval()
    assert descend(loss, model.parameters(), lr=0.1).runs[0].losses[-1] < loss().item()


def test_a_compiled_function_has_no_graph_to_go_back_through() -> None:
    w = chainrule.tensor(1.0, requires_grad=True)
    compiled = chainrule.compile(lambda at: (at - 2.0) ** 2)
    with pytest.raises(errors.GraphError, match=r"without chainrule\.compile"):
        descend(lambda: compiled(w), [w], lr=0.1)


def test_an_interruption_gives_everything_back() -> None:
    w = Value(1.0)
    for last in (1, 2, 3, 5, 20, 60, 110):
        calls = iter(range(last))

        def loss() -> Any:
            if next(calls, None) is None:  # noqa: B023  # called at once
                raise KeyboardInterrupt
            return (w - 2.0) ** 2

        w.grad = 7.0
        with pytest.raises(KeyboardInterrupt):
            descend(loss, [w], lr=0.1)
        assert (w.data, w.grad) == (1.0, 7.0)
