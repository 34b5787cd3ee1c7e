"""Every elementwise row, proved and measured: adding a row to the table adds all of these tests."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import sympy
import torch

import cases
import chainrule as cr
import witness
from chainrule import Tensor
from chainrule import functional as F
from chainrule.arrays import numpy_namespace, scalar
from chainrule.autodiff.numeric import complex_step, richardson
from chainrule.eager import apply
from chainrule.primitives import Elementwise
from chainrule.primitives.row import BOOLEAN

WITNESSES = 25
SYMBOLS = sympy.symbols("x y z", real=True)

each_row = pytest.mark.parametrize("row", cases.ELEMENTWISE.values(), ids=cases.ELEMENTWISE)
each_curved_row = pytest.mark.parametrize("row", cases.CURVED.values(), ids=cases.CURVED)
each_flat_row = pytest.mark.parametrize("row", cases.FLAT.values(), ids=cases.FLAT)
each_precision = pytest.mark.parametrize(
    ("dtype", "rtol", "atol"),
    [("float64", 1e-13, 1e-15), ("float32", 3e-6, 5e-7)],
    ids=["float64", "float32"],
)


@each_row
def test_the_row_says_where_to_try_it(row: Elementwise) -> None:
    assert len(row.domain) == row.arity
    assert all(len(point) == row.arity for point in row.special)
    assert callable(cases.torch_function(row))


# --- proofs --------------------------------------------------------------------------------------


def witnessed(row: Elementwise, point: tuple[Any, ...]) -> list[Any]:
    """Symbols for the operands of ``row``, that choose as ``point`` does."""
    return [
        at if interval is BOOLEAN else witness.Witnessed(_symbol(place, interval), sympy.Rational(at))
        for place, (at, interval) in enumerate(zip(point, row.domain, strict=True))
    ]


def _symbol(place: int, interval: Any) -> Any:
    return sympy.Symbol("xyz"[place], real=True, positive=interval[0] >= 0 or None)


@each_row
def test_partials_are_proved_equal_to_sympys_derivatives(row: Elementwise) -> None:
    """The difference simplifies to 0 on every region of the domain that the witnesses reach;
    where SymPy cannot see it, 50 digits of it are 0."""
    proved = set()
    for point in cases.rationals(row, WITNESSES):
        operands = witnessed(row, point)
        out = row.forward(witness, *operands)
        for operand, partial in zip(operands, row.partials, strict=True):
            if not isinstance(operand, witness.Witnessed):
                assert partial is None, "nothing flows into a boolean"
                continue
            ours = 0 if partial is None else witness.expression(partial(witness, out, *operands))
            sympys = sympy.diff(witness.expression(out), operand.expr)
            if (ours, sympys) not in proved:
                assert_zero(ours - sympys, operands)
                proved.add((ours, sympys))
    assert proved or all(interval is BOOLEAN for interval in row.domain)


def assert_zero(difference: Any, operands: list[Any]) -> None:
    if sympy.simplify(difference) == 0:
        return
    at = {one.expr: one.at for one in operands if isinstance(one, witness.Witnessed)}
    assert abs(sympy.N(difference.subs(at), 50, maxn=200)) < sympy.Float("1e-48")


def test_a_wrong_partial_is_not_proved() -> None:
    x = sympy.Symbol("x", real=True)
    operand = witness.Witnessed(x, sympy.Rational(1, 3))
    with pytest.raises(AssertionError):
        assert_zero(1 - sympy.tanh(x) - sympy.diff(sympy.tanh(x), x), [operand])


# --- numerical derivatives -----------------------------------------------------------------------


def is_analytic(row: Elementwise) -> bool:
    """Whether the rule makes no choice, so that it can be computed with complex numbers."""
    before = witness.choices
    (point,) = cases.rationals(row, 1)
    row.forward(witness, *witnessed(row, point))
    return witness.choices == before and witness.Witnessed in map(type, witnessed(row, point))


def along(rule: Callable[..., Any], operands: list[Any], place: int) -> Callable[[Any], Any]:
    """``rule`` as a function of one operand alone."""

    def of_one(moved: Any) -> Any:
        inputs = [*operands[:place], np.asarray(moved)[()], *operands[place + 1 :]]
        found = rule(numpy_namespace, *inputs)
        return found * 1 if isinstance(found, (bool, np.bool_)) else found

    return of_one


def slope(f: Callable[[Any], Any], x: float, analytic: bool) -> float:
    if not analytic:
        return richardson(f, x)
    return complex_step(lambda z: np.asarray(f(np.complex128(z)), np.complex128), x)


@each_curved_row
def test_partials_against_the_complex_step_or_richardson(row: Elementwise) -> None:
    analytic = is_analytic(row)
    for operands in zip(*cases.points(row, 12), strict=True):
        out = row.forward(numpy_namespace, *operands)
        for place, partial in enumerate(row.partials):
            if partial is not None:
                ours = partial(numpy_namespace, out, *operands) * 1.0
                measured = slope(along(row.forward, [*operands], place), operands[place], analytic)
                tight = 1e-13 if analytic else 1e-8
                assert ours == pytest.approx(measured, rel=tight, abs=tight)


@each_curved_row
def test_second_order_against_the_complex_step_or_richardson(row: Elementwise) -> None:
    """∂²out/∂a∂b: the sweep run on tensors, against the measured slope of the (proved) partial."""
    analytic = is_analytic(row)
    arrays = cases.points(row, 8)
    hessian = second_gradients(row, arrays)
    for one, operands in enumerate(zip(*arrays, strict=True)):
        for first, partial in enumerate(row.partials):
            for second, interval in enumerate(row.domain):
                if partial is None or interval is BOOLEAN:
                    continue
                ours = hessian[first][second][one]

                def whole(xp: Any, *inputs: Any, partial: Any = partial) -> Any:
                    return partial(xp, row.forward(xp, *inputs), *inputs)

                measured = slope(along(whole, [*operands], second), operands[second], analytic)
                tight = 1e-12 if analytic else 1e-7
                assert ours == pytest.approx(measured, rel=tight, abs=tight)


def second_gradients(row: Elementwise, arrays: list[np.ndarray]) -> list[list[Any]]:
    """``[a][b]``: the gradient of ∂out/∂a with respect to b, elementwise, 0 where nothing flows."""
    inputs = [leaf(array) for array in arrays]
    return _second(inputs, run(row, inputs), cr.autograd.grad, np.zeros)


def _second(inputs: list[Any], out: Any, grad: Any, zeros: Any) -> list[list[Any]]:
    sources = [x for x in inputs if x.requires_grad]
    firsts = iter(grad(out.sum(), sources, create_graph=True))
    rows = []
    for x in inputs:
        first = next(firsts) if x.requires_grad else None
        if first is None or not first.requires_grad:
            rows.append([zeros(tuple(x.shape)) for x in inputs])
            continue
        found = iter(grad(first.sum(), sources, retain_graph=True, allow_unused=True))
        seconds = [next(found) if x.requires_grad else None for x in inputs]
        rows.append(
            [
                zeros(tuple(x.shape)) if g is None else (g.detach() + 0).numpy()
                for x, g in zip(inputs, seconds, strict=True)
            ]
        )
    return rows


# --- PyTorch -------------------------------------------------------------------------------------


def leaf(array: np.ndarray) -> Tensor:
    return cr.tensor(array, requires_grad=array.dtype.kind == "f")


def torch_leaf(array: np.ndarray) -> torch.Tensor:
    return torch.tensor(array, requires_grad=array.dtype.kind == "f")


def run(row: Elementwise, inputs: list[Tensor]) -> Tensor:
    """The function that users call, where there is one."""
    return getattr(F, row.name, lambda *inputs: apply(row, inputs))(*inputs)


def all_points(row: Elementwise, dtype: str) -> list[np.ndarray]:
    columns = cases.points(row, 40)
    if row.special:
        columns = [np.concatenate(pair) for pair in zip(columns, cases.specials(row), strict=True)]
    return [column if column.dtype == np.bool_ else column.astype(dtype) for column in columns]


@each_row
@each_precision
def test_values_equal_pytorchs(row: Elementwise, dtype: str, rtol: float, atol: float) -> None:
    arrays = all_points(row, dtype)
    ours = run(row, [leaf(array) for array in arrays])
    theirs = cases.torch_function(row)(*map(torch_leaf, arrays))
    assert str(ours.dtype) == str(theirs.dtype).removeprefix("torch.")
    cases.assert_same(ours.detach().numpy(), theirs.detach().numpy(), rtol, atol)


@each_curved_row
@each_precision
def test_gradients_equal_pytorchs(row: Elementwise, dtype: str, rtol: float, atol: float) -> None:
    arrays = all_points(row, dtype)
    cotangent = np.linspace(0.5, 2.0, len(arrays[0])).astype(dtype)
    ours, theirs = [*map(leaf, arrays)], [*map(torch_leaf, arrays)]
    run(row, ours).backward(cr.tensor(cotangent))
    cases.torch_function(row)(*theirs).backward(torch.tensor(cotangent))
    for place, (x, t) in enumerate(zip(ours, theirs, strict=True)):
        if row.partials[place] is None or not x.requires_grad:
            assert x.grad is None
            continue
        assert t.grad is not None
        assert x.grad is not None
        assert x.grad.dtype == np.dtype(dtype)
        cases.assert_same(x.grad.numpy(), t.grad.numpy(), rtol, atol)


@each_curved_row
def test_second_gradients_equal_pytorchs(row: Elementwise) -> None:
    arrays = all_points(row, "float64")
    ours = second_gradients(row, arrays)
    inputs = [*map(torch_leaf, arrays)]
    out = cases.torch_function(row)(*inputs)
    theirs = _second(inputs, out, torch.autograd.grad, np.zeros)
    for a, row_of in enumerate(theirs):
        for b, expected in enumerate(row_of):
            cases.assert_same(ours[a][b], expected, 1e-12, 1e-14)


@each_curved_row
def test_the_general_path_gives_the_same_bits(row: Elementwise) -> None:
    """Functions of one and of two tensors have a path of their own, for speed."""
    arrays = all_points(row, "float64")
    one, other = [*map(leaf, arrays)], [*map(leaf, arrays)]
    out, general = run(row, one), apply(row, other)
    out.sum().backward()
    general.sum().backward()
    np.testing.assert_array_equal(out.detach().numpy(), general.detach().numpy())
    for x, y in zip(one, other, strict=True):
        if x.grad is not None and y.grad is not None:
            np.testing.assert_array_equal(x.grad.numpy(), y.grad.numpy())


# --- floats --------------------------------------------------------------------------------------

#: Rows whose floats are a rounding away from numpy's: the mathematical functions of two libraries.
_ROUNDED = frozenset({"pow", "exp", "log", "sin", "cos", "tanh", "sigmoid", "erf"})


def scalar_points(row: Elementwise) -> list[tuple[Any, ...]]:
    return [tuple(x.item() for x in point) for point in zip(*all_points(row, "float64"), strict=True)]


def assert_same_float(ours: Any, theirs: Any, rounded: bool) -> None:
    ours, theirs = float(ours), float(theirs)
    if math.isfinite(theirs) and rounded:
        assert ours == pytest.approx(theirs, rel=1e-14, abs=1e-15)
    else:
        assert ours == theirs or (math.isnan(ours) and math.isnan(theirs))


@each_row
def test_floats_give_what_arrays_give(row: Elementwise) -> None:
    """The rule on Python floats, and on numpy arrays."""
    rounded = row.name in _ROUNDED
    for point in scalar_points(row):
        arrays = [np.asarray(x) for x in point]
        with np.errstate(all="ignore"):
            theirs = row.forward(numpy_namespace, *arrays)
        ours = on_floats(row.forward, *point)
        assert_same_float(ours, theirs, rounded)
        for partial in row.partials:
            if partial is not None:
                with np.errstate(all="ignore"):
                    expected = partial(numpy_namespace, np.asarray(theirs), *arrays)
                assert_same_float(on_floats(partial, float(theirs), *point), expected, rounded)


def on_floats(rule: Callable[..., Any], *numbers: Any) -> Any:
    try:
        return rule(scalar, *numbers)
    except scalar.RAISED:
        return scalar.ieee(rule, *numbers)


VALUE_METHODS = {
    rule.row.name: method
    for method in vars(cr.Value).values()
    if (rule := getattr(method, "rule", None)) is not None
}
VALUE_METHODS["pow"] = lambda x, y: x**y


@pytest.mark.parametrize("name", VALUE_METHODS)
def test_values_agree_with_tensors(name: str) -> None:
    row = cases.ELEMENTWISE[name]
    rounded = name in _ROUNDED
    for point in scalar_points(row):
        values = [cr.Value(x) for x in point]
        tensors = [leaf(np.array(x)) for x in point]
        value, tensor = VALUE_METHODS[name](*values), run(row, tensors)
        value.backward()
        tensor.backward()
        assert_same_float(value.data, tensor.item(), rounded)
        for v, t in zip(values, tensors, strict=True):
            assert t.grad is not None
            assert_same_float(v.grad, t.grad.item(), rounded)


@pytest.mark.parametrize("exponent", [2, 3.0, 0, -1, 0.5, -0.5])
@pytest.mark.parametrize("base", [2.0, 0.0, -2.0, 0.3, math.inf, math.nan])
def test_value_to_a_plain_power_agrees_with_tensors(base: float, exponent: float) -> None:
    value, tensor = cr.Value(base), leaf(np.array(base))
    (value**exponent).backward()
    (tensor**exponent).backward()
    assert tensor.grad is not None
    assert_same_float((value**exponent).data, (tensor**exponent).item(), rounded=True)
    assert_same_float(value.grad, tensor.grad.item(), rounded=True)


# --- what is kept for the way back ---------------------------------------------------------------


def subsets(row: Elementwise) -> list[tuple[bool, ...]]:
    flows = [partial is not None for partial in row.partials]
    choices = np.array(np.meshgrid(*[[False, True] if flow else [False] for flow in flows]))
    found = [tuple(map(bool, one)) for one in choices.reshape(len(flows), -1).T]
    return [wanted for wanted in found if any(wanted)]


CURVED_SUBSETS = [(row, wanted) for row in cases.CURVED.values() for wanted in subsets(row)]


@pytest.mark.parametrize(
    ("row", "wanted"), CURVED_SUBSETS, ids=[f"{r.name}-{w}" for r, w in CURVED_SUBSETS]
)
def test_needed_is_what_the_pullbacks_read(row: Elementwise, wanted: tuple[bool, ...]) -> None:
    """What is not needed may be gone; what is needed changes the result."""
    arrays = all_points(row, "float64")
    saved = (row.forward(numpy_namespace, *arrays), *arrays)
    g = np.linspace(0.5, 2.0, len(arrays[0]))
    expected = cases.pulled(row, g, wanted, saved)
    needed = row.needed(wanted)
    without = tuple(array if need else None for array, need in zip(saved, needed, strict=True))
    for ours, whole in zip(cases.pulled(row, g, wanted, without), expected, strict=True):
        np.testing.assert_array_equal(ours, whole)
    for place, need in enumerate(needed):
        if need:
            spoiled = [*saved]
            spoiled[place] = ~spoiled[place] if spoiled[place].dtype == bool else spoiled[place] * np.nan
            found = cases.pulled(row, g, wanted, tuple(spoiled))
            assert any(
                not np.array_equal(one, whole, equal_nan=True)
                for one, whole in zip(found, expected, strict=True)
            )


@each_flat_row
def test_nothing_flows_through_a_flat_row(row: Elementwise) -> None:
    inputs = [leaf(array) for array in cases.points(row, 5)]
    out = run(row, inputs)
    assert not out.requires_grad
    assert out.grad_fn is None
    assert row.needed((False,) * row.arity) == (False,) * (row.arity + 1)
    if row.name != "sign":
        assert out.dtype == np.bool_
