"""``gradcheck``: what passes, and what a failure says: the element, the row, its line, a hint."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import FrozenInstanceError
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule import Tensor, errors
from chainrule.autograd import gradcheck, gradgradcheck
from chainrule.eager import apply, unary
from chainrule.gradcheck import GradcheckReport
from chainrule.primitives import ROWS
from chainrule.primitives.row import elementwise, sample, structural


def doubles(*shape: int, seed: int = 0) -> Tensor:
    return cr.tensor(np.random.default_rng(seed).normal(size=shape), requires_grad=True)


def network(x: Tensor, w: Tensor) -> Tensor:
    return cr.log_softmax(cr.tanh(x @ w), dim=-1).mean()


def test_what_is_right_passes() -> None:
    report = gradcheck(network, (doubles(3, 4), doubles(4, 2, seed=1)))
    assert isinstance(report, GradcheckReport)
    assert report
    assert report.passed
    assert report.ratio < 0.01
    assert report.hint == ""
    assert report.row is None
    assert gradgradcheck(network, (doubles(3, 4), doubles(4, 2, seed=1)))
    assert str(report).startswith("gradients agree with differences: the worst, ∂output/∂")


def test_it_is_where_pytorch_has_it() -> None:
    assert cr.autograd.gradcheck is gradcheck
    assert cr.gradcheck is gradcheck
    assert cr.gradgradcheck is gradgradcheck


def test_several_outputs_and_inputs_that_are_not_derived() -> None:
    def both(x: Tensor, scale: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        return x * scale, x.sum(), x > 0

    assert gradcheck(both, [doubles(3), cr.tensor(2.0)])
    assert gradgradcheck(both, [doubles(3), cr.tensor(2.0)])


def test_results_of_operations_and_closures_are_derived_too() -> None:
    w = doubles(3)
    inner = w * 2
    assert gradcheck(lambda x: (x * x).sum(), inner)
    assert gradcheck(lambda _: (w * w * w).sum(), w)


def test_nothing_of_the_inputs_changes() -> None:
    x = doubles(3)
    (x * 2).sum().backward()
    numbers, grad = x.detach().numpy(), x.grad
    before, before_grad = numbers.copy(), grad.numpy().copy()
    gradcheck(lambda x: cr.exp(x), x)
    gradgradcheck(lambda x: cr.exp(x), x)
    with pytest.raises(errors.GradcheckError):
        gradcheck(lambda x: x.detach() * x, x)
    with pytest.raises(ZeroDivisionError):
        gradcheck(lambda x: 1 / 0, x)
    assert x.grad is grad
    assert x.detach().numpy() is numbers
    np.testing.assert_array_equal(numbers, before)
    np.testing.assert_array_equal(grad.numpy(), before_grad)


def test_it_works_while_nothing_is_recorded_and_leaves_the_generator_alone() -> None:
    cr.manual_seed(3)
    expected = cr.rand(2).tolist()
    cr.manual_seed(3)
    with cr.no_grad():
        assert gradcheck(cr.tanh, doubles(3))
        assert gradgradcheck(cr.tanh, doubles(3))
        assert not cr.is_grad_enabled()
    assert cr.rand(2).tolist() == expected


# --- failures ------------------------------------------------------------------------------------


@pytest.fixture
def wrong_cube() -> Iterator[Any]:
    """A row whose rule forgets the 3 of 3x²."""
    row = elementwise("wrong_cube", lambda xp, x: x * x * x, partials=(lambda xp, out, x: x * x,))
    yield unary(row)
    del ROWS["wrong_cube"]


@pytest.fixture
def wrong_total() -> Iterator[Any]:
    """A row that sends back half of what it should."""
    row = structural(
        "wrong_total",
        lambda xp, x: xp.sum(x),
        pullbacks=(lambda xp, g, out, x: xp.broadcast_to(g / 2, x.shape),),
        words=("half of {g}",),
        samples=(sample((3,)),),
    )
    yield lambda x: apply(row, (x,))
    del ROWS["wrong_total"]


def here() -> int:
    frame = inspect.currentframe()
    assert frame is not None
    assert frame.f_back is not None
    return frame.f_back.f_lineno


def test_a_wrong_rule_is_named_with_its_line(wrong_cube: Any) -> None:
    x = cr.tensor([[0.1, 0.2], [2.0, 0.3]], dtype=cr.float64, requires_grad=True)
    lines = []

    def f(x: Tensor) -> Tensor:
        y = cr.exp(x)
        lines.append(here() + 1)
        z = wrong_cube(y)
        return z.sum()

    report = gradcheck(f, x, raise_exception=False)
    assert not report
    assert (report.row, report.hint) == ("wrong_cube", "rule")
    assert report.place == f"{__file__}:{lines[0]}"
    assert (report.input, report.name, report.index) == (0, "x", (1, 0))
    assert (report.output, report.output_index) == (0, ())
    assert report.analytical == pytest.approx(np.exp(6.0), rel=1e-9)
    assert report.numerical == pytest.approx(3 * np.exp(6.0), rel=1e-6)
    assert report.ratio == pytest.approx(2 / 3 / 1e-3, rel=1e-2)
    with pytest.raises(errors.GradcheckError) as caught:
        gradcheck(f, x)
    message = str(caught.value)
    assert message == str(report)
    assert message == (
        f"gradcheck: ∂output/∂x[1, 0] (input 0) is {report.analytical:.10g} by the rules and "
        f"{report.numerical:.10g} by differences: the error is 667 times the tolerance. The row to "
        f"blame is wrong_cube, at {__file__}:{lines[0]}. This row's pullback disagrees with "
        "differences of its own forward: its rule is wrong."
    )


def test_the_largest_error_of_a_long_way_is_blamed(wrong_cube: Any, wrong_total: Any) -> None:
    def f(x: Tensor) -> Tensor:
        return wrong_total(cr.tanh(wrong_cube(x) * 0.001)) * 100

    report = gradcheck(f, doubles(100), raise_exception=False)
    assert report.row in ("wrong_cube", "wrong_total")
    report = gradcheck(lambda x: wrong_total(cr.sin(x) + 1), doubles(100), raise_exception=False)
    assert (report.row, report.hint) == ("wrong_total", "rule")


def test_a_wrong_second_derivative_is_found() -> None:
    def half(x: Tensor) -> Tensor:
        return x * x.detach()  # its first derivative is x where x² has 2x; the second is cut

    assert not gradcheck(half, doubles(2), raise_exception=False)
    report = gradgradcheck(half, doubles(2), raise_exception=False)
    assert not report
    assert report.hint == "cut"


def test_a_kink_is_hinted() -> None:
    x = cr.tensor([1.0, 0.0, -1.0], dtype=cr.float64, requires_grad=True)
    report = gradcheck(lambda x: cr.relu(x).sum(), x, raise_exception=False)
    assert not report
    assert (report.row, report.hint, report.index) == ("relu", "kink", (1,))
    assert "The slopes on the left and on the right of this point differ" in str(report)
    report = gradcheck(lambda x: x.amax(), x * 0, raise_exception=False)
    assert (report.row, report.hint) == ("max", "kink")
    x = cr.tensor(0.0, dtype=cr.float64, requires_grad=True)
    assert gradcheck(cr.abs, x), "the slopes of abs at 0 cancel, as PyTorch's check finds"


def test_float32_is_hinted() -> None:
    x = cr.tensor([0.3, 1.7], requires_grad=True)
    report = gradcheck(lambda x: cr.exp(x) * 3, x, raise_exception=False)
    assert not report
    assert (report.row, report.hint) == (None, "float32")
    assert "Give float64 inputs, x.double()" in str(report)
    inside = doubles(2)
    report = gradcheck(lambda x: cr.exp(x.float()), inside, raise_exception=False)
    assert report.hint == "float32"


def test_a_wrong_rule_is_found_in_float32_too(wrong_cube: Any) -> None:
    x = cr.tensor([0.3, 1.7], requires_grad=True)
    report = gradcheck(wrong_cube, x, raise_exception=False)
    assert (report.row, report.hint) == ("wrong_cube", "rule")


def test_a_cut_graph_is_hinted() -> None:
    report = gradcheck(lambda x: cr.exp(x).detach() + x, doubles(2), raise_exception=False)
    assert (report.row, report.hint) == (None, "cut")
    assert "a path is missing: look for .detach()" in str(report)
    report = gradcheck(lambda x: (x * x).detach(), doubles(2), raise_exception=False)
    assert (report.analytical, report.hint) == (0.0, "cut")


def test_the_edge_of_a_domain_is_hinted() -> None:
    x = cr.tensor([1.0, 0.0], dtype=cr.float64, requires_grad=True)
    report = gradcheck(cr.sqrt, x, raise_exception=False)
    assert (report.index, report.hint, report.ratio) == ((1,), "undefined", np.inf)
    assert "not finite around this point" in str(report)


def test_the_second_input_and_output_are_named() -> None:
    def f(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
        return a * b, a + b.detach() * 2

    report = gradcheck(f, (doubles(2), doubles(2, seed=1)), raise_exception=False)
    assert (report.input, report.name) == (1, "b")
    assert report.output == 1
    assert report.output_index == report.index
    assert f"∂output 1[{report.index[0]}]/∂b[{report.index[0]}] (input 1)" in str(report)
    report = gradcheck(lambda *xs: xs[0].detach() * xs[1], (doubles(2), doubles(2)), raise_exception=False)
    assert report.name == "xs[0]"


def test_a_report_is_frozen() -> None:
    report = gradcheck(cr.exp, doubles(1))
    with pytest.raises(FrozenInstanceError):
        report.passed = False  # type: ignore[misc]


# --- refusals ------------------------------------------------------------------------------------

REFUSED = [
    ((3, doubles(1)), {}, errors.DTypeError, "gradcheck checks a function, and 3 (int) cannot"),
    ((cr.exp, 3.0), {}, errors.DTypeError, "gradcheck takes a list or a tuple of at least one"),
    ((cr.exp, [1.0]), {}, errors.DTypeError, "gradcheck was given 1.0 of type float"),
    ((cr.exp, cr.tensor(1.0)), {}, errors.GraphError, "none of the 1 inputs requires grad"),
    (
        (cr.exp, cr.tensor([1.0, np.nan], requires_grad=True)),
        {},
        errors.DomainError,
        "input 0, of shape (2,), holds an infinity or a NaN",
    ),
    ((cr.exp, doubles(1)), {"eps": 0.0}, errors.DomainError, "eps is 0.0, and must be above 0"),
    ((cr.exp, doubles(1)), {"atol": -1}, errors.DomainError, "atol is -1.0, and must be 0 or more"),
    ((cr.exp, doubles(1)), {"rtol": "x"}, errors.DTypeError, "rtol must be a real number"),
    ((lambda x: 3.0, doubles(1)), {}, errors.DTypeError, "the function returned 3.0 of type float"),
    ((lambda x: x > 0, doubles(1)), {}, errors.DTypeError, "the function returned only bool"),
]


@pytest.mark.parametrize(("args", "options", "kind", "message"), REFUSED)
@pytest.mark.parametrize("check", [gradcheck, gradgradcheck])
def test_refusals(check: Any, args: Any, options: Any, kind: Any, message: str) -> None:
    with pytest.raises(kind) as caught:
        check(*args, **options)
    assert message in str(caught.value)


def test_refused_cotangents() -> None:
    x = doubles(2)
    with pytest.raises(errors.ShapeError, match="2 gradients were given for 1 tensors"):
        gradgradcheck(cr.exp, x, (doubles(2), doubles(2)))
    with pytest.raises(errors.ShapeError, match=r"has shape \(3,\), the tensor \(2,\)"):
        gradgradcheck(cr.exp, x, doubles(3))
    with pytest.raises(errors.DTypeError, match=r"gradgradcheck was given 1\.0"):
        gradgradcheck(cr.exp, x, [1.0])
    assert gradgradcheck(cr.exp, x, doubles(2, seed=5))


def at(*numbers: float) -> Tensor:
    return cr.tensor(list(numbers), dtype=cr.float64, requires_grad=True)


def test_differences_are_divided_by_the_step_as_it_was_rounded() -> None:
    assert gradcheck(cr.sin, at(1e10))
    assert gradcheck(lambda x: x * 2, at(1e9, -1e10))


@pytest.mark.parametrize(
    ("f", "x"),
    [
        (lambda x: 1 / x, 1e-7),
        (cr.log, 1e-7),
        (cr.log, 2e-6),
        (cr.relu, 5e-7),
        (cr.sin, 1e17),
        (lambda x: (x * 1e10).sin(), 1.0),
    ],
)
def test_a_step_that_does_not_fit_is_hinted_and_no_rule_blamed(f: Any, x: float) -> None:
    report = gradcheck(f, at(x), raise_exception=False)
    assert not report
    assert (report.row, report.place, report.hint) == (None, None, "step")
    assert "The step eps does not fit an input here" in str(report)
    assert "blame is" not in str(report)


def test_a_fitting_step_finds_right_and_wrong(wrong_cube: Any) -> None:
    assert gradcheck(lambda x: 1 / x, at(1e-7), eps=1e-11)
    report = gradcheck(wrong_cube, at(1e3, 0.0, 1e-7), raise_exception=False)
    assert (report.row, report.hint) == ("wrong_cube", "rule")
    report = gradcheck(lambda x: wrong_cube(x * 1e7), at(1e-7), raise_exception=False)
    assert (report.row, report.hint) == ("wrong_cube", "rule")


@pytest.mark.parametrize("check", [gradcheck, gradgradcheck])
def test_nothing_to_derive_passes(check: Any) -> None:
    empty = cr.zeros(0, dtype=cr.float64, requires_grad=True)
    for f in (lambda x: x * x, lambda x: (x * x).sum()):
        report = check(f, empty)
        assert report
        assert report.ratio == 0.0
    assert check(lambda x: x[:0] * x[:0], doubles(3))
