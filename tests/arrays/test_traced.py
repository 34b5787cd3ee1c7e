"""The functions of traced arrays: each gives a program that computes what the same function of numpy does,
in the same shape and dtype."""

from __future__ import annotations

from collections.abc import Callable
from math import inf, nan
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from chainrule import errors
from chainrule.arrays import numpy_namespace, traced
from chainrule.arrays.traced import Trace
from chainrule.compiler import interpreter
from chainrule.compiler.verify import verify

DTYPES = ("float64", "float32", "int64", "int32", "bool")
SPECIAL = (0.0, -0.0, 1.0, -1.0, 0.5, 2.0, -3.0, nan, inf, -inf)


def traced_results(function: Callable[..., Any], operands: list[Any]) -> list[np.ndarray]:
    """What the program of ``function`` computes; arrays among the operands are inputs."""
    trace = Trace("f")
    given = [
        trace.input(f"x{place}", one.shape, one.dtype.name) if isinstance(one, np.ndarray) else one
        for place, one in enumerate(operands)
    ]
    found = function(traced, *given)
    found = found if isinstance(found, tuple) else (found,)
    program = trace.program({f"y{place}": one for place, one in enumerate(found)})
    inputs = {f"x{place}": one for place, one in enumerate(operands) if isinstance(one, np.ndarray)}
    inputs |= {name: array for _, array, name in trace.arrays.values()}
    results = interpreter.run(verify(program, "tracing"), inputs)
    return list(results.values())


def agree(function: Callable[..., Any], *operands: Any) -> None:
    found = traced_results(function, list(operands))
    with np.errstate(all="ignore"):
        expected = function(numpy_namespace, *operands)
    expected = expected if isinstance(expected, tuple) else (expected,)
    for one, other in zip(found, expected, strict=True):
        other = np.asarray(other)
        assert (one.dtype, one.shape) == (other.dtype, other.shape)
        np.testing.assert_array_equal(one, other)


def array(dtype: str, *shape: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    if dtype.startswith("float"):
        return rng.choice(SPECIAL, shape).astype(dtype)
    return rng.integers(-5, 6, shape).astype(dtype) if dtype != "bool" else rng.random(shape) < 0.5


# --- elementwise: dtypes and shapes

_PAIRS: dict[str, Callable[..., Any]] = {
    "add": lambda xp, x, y: x + y,
    "sub": lambda xp, x, y: x - y,
    "mul": lambda xp, x, y: x * y,
    "div": lambda xp, x, y: x / y,
    "lt": lambda xp, x, y: x < y,
    "le": lambda xp, x, y: x <= y,
    "gt": lambda xp, x, y: x > y,
    "ge": lambda xp, x, y: x >= y,
    "eq": lambda xp, x, y: x == y,
    "ne": lambda xp, x, y: x != y,
    "where": lambda xp, x, y: xp.where(array("bool", 3), x, y),
}


@pytest.mark.parametrize("left", [*DTYPES, 2, 2.5, True])
@pytest.mark.parametrize("right", [*DTYPES, 3, 0.5, False])
@pytest.mark.parametrize("name", _PAIRS)
def test_operands_of_every_dtype(name: str, left: Any, right: Any) -> None:
    x = array(left, 2, 3) if isinstance(left, str) else left
    y = array(right, 3, seed=1) if isinstance(right, str) else right
    truths = all(isinstance(one, bool) or getattr(one, "dtype", None) == np.bool_ for one in (x, y))
    if not isinstance(x, np.ndarray) and not isinstance(y, np.ndarray):
        x = np.array(x)  # numbers alone are Python's
    if name == "sub" and truths:
        with pytest.raises(TypeError, match="numpy boolean subtract"):
            traced_results(_PAIRS[name], [x, y])
    else:
        agree(_PAIRS[name], x, y)


_EXACT_OF_ONE = ("abs", "isnan", "logical_not", "sign", "sqrt", "zeros_like", "ones_like")


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", _EXACT_OF_ONE)
def test_functions_of_one(name: str, dtype: str) -> None:
    if dtype == "bool" and name in ("sign", "sqrt"):
        with pytest.raises(TypeError) if name == "sign" else np.errstate():
            traced_results(lambda xp, x: getattr(xp, name)(x), [array(dtype, 3)])
    else:
        agree(lambda xp, x: getattr(xp, name)(x), array(dtype, 2, 3))


@pytest.mark.parametrize("dtype", ["float64", "float32", "int64"])
@pytest.mark.parametrize("name", ["exp", "log", "sin", "cos", "tanh", "erf"])
def test_functions_that_round(name: str, dtype: str) -> None:
    x = array(dtype, 2, 3)
    [found] = traced_results(lambda xp, x: getattr(xp, name)(x), [x])
    with np.errstate(all="ignore"):
        expected = np.asarray(getattr(numpy_namespace, name)(x))
    assert found.dtype == (expected.dtype if dtype.startswith("float") else np.float64)
    np.testing.assert_allclose(found, expected, rtol=1e-6 if dtype == "float32" else 1e-14)


@pytest.mark.parametrize("name", ["maximum", "minimum"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_the_larger_and_the_smaller(name: str, dtype: str) -> None:
    agree(lambda xp, x, y: getattr(xp, name)(x, y), array(dtype, 2, 1), array(dtype, 4, seed=1))


@pytest.mark.parametrize("dtype", ["int64", "int32"])
@pytest.mark.parametrize("exponent", [0, 1, 2, 3, 7])
def test_powers_of_integers(dtype: str, exponent: int) -> None:
    agree(lambda xp, x: xp.pow(x, exponent), array(dtype, 2, 3))
    with pytest.raises(ValueError, match="negative integer powers"):
        traced_results(lambda xp, x: xp.pow(x, -1), [array(dtype, 2)])


def test_numbers_keep_to_the_range_of_their_dtype() -> None:
    agree(lambda xp, x: x * 1e39, np.ones(2, "float32"))
    with pytest.raises(OverflowError, match="2147483648 out of bounds for int32"):
        traced_results(lambda xp, x: x + 2**31, [array("int32", 2)])


def test_weak_numbers_go_along_with_any_array() -> None:
    trace = Trace("f")
    rate = trace.input("rate")
    rate.weak = True
    count = trace.input("count", (), "int64")
    count.weak = True
    x, places = trace.input("x", (3,), "float32"), trace.input("i", (3,), "int32")
    assert (x * rate).dtype == np.float32
    assert (x * (1 - rate) * count).dtype == np.float32
    assert (places * count).dtype == np.int32
    assert (places * rate).dtype == np.float64
    assert (1 - rate * count).weak
    assert not (x * rate).weak
    assert traced.where(x > 0, x, rate).dtype == np.float32


# --- shapes


def test_shapes() -> None:
    x = array("float64", 2, 3, 4)
    agree(lambda xp, x: xp.reshape(x, (-1, 4)), x)
    agree(lambda xp, x: xp.reshape(x, (6, -1, 2)), x)
    agree(lambda xp, x: xp.permute_dims(x, (2, 0, 1)), x)
    agree(lambda xp, x: xp.matrix_transpose(x), x)
    agree(lambda xp, x: xp.expand_dims(x, axis=-1), x)
    agree(lambda xp, x: xp.expand_dims(x, axis=1), x)
    agree(lambda xp, x: xp.squeeze(xp.reshape(x, (6, 1, 4, 1)), (1, -1)), x)
    agree(lambda xp, x: xp.broadcast_to(x, (5, 2, 3, 4)), x)
    agree(lambda xp, x: xp.broadcast_to(x, (2, 3, 4)), x)
    agree(lambda xp, x: xp.astype(x, "float32"), x)


@pytest.mark.parametrize("axis", [0, 1, -1])
@pytest.mark.parametrize("dtypes", [("float32", "float32"), ("float32", "int64"), ("bool", "int32")])
def test_arrays_are_joined(axis: int, dtypes: tuple[str, str]) -> None:
    operands = [array(dtype, 2, 2, seed=seed) for seed, dtype in enumerate(dtypes)]
    agree(lambda xp, *parts: xp.concat(parts, axis=axis), *operands)
    agree(lambda xp, *parts: xp.stack(parts, axis=axis), *operands)
    agree(lambda xp, *parts: xp.stack([*parts, np.ones((2, 2))], axis=axis), *operands)


# --- reductions and orders


@pytest.mark.parametrize("axis", [None, 0, -1, (0, 2), (-1, 1)])
@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("dtype", DTYPES)
def test_reductions(dtype: str, axis: Any, keepdims: bool) -> None:
    x = array(dtype, 2, 3, 4)
    if dtype.startswith("float"):
        x = np.round(np.random.default_rng(0).normal(size=(2, 3, 4)) * 4).astype(dtype)
    for name in ("sum", "max", "min", "mean"):
        agree(lambda xp, x, name=name: getattr(xp, name)(x, axis=axis, keepdims=keepdims), x)
    if axis is None or isinstance(axis, int):
        for name in ("argmax", "argmin"):
            agree(lambda xp, x, name=name: getattr(xp, name)(x, axis=axis, keepdims=keepdims), x)


def test_reductions_of_nothing() -> None:
    agree(lambda xp, x: (xp.sum(x), xp.mean(x), xp.mean(x, axis=0)), np.ones((0, 3)))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("descending", [False, True])
def test_orders(dtype: str, descending: bool) -> None:
    agree(lambda xp, x: xp.argsort(x, axis=1, descending=descending), array(dtype, 3, 9))


# --- products


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ((3,), (3,)),
        ((3,), (3, 4)),
        ((2, 3), (3,)),
        ((2, 3), (3, 4)),
        ((5, 2, 3), (3,)),
        ((3,), (5, 3, 4)),
        ((5, 2, 3), (3, 4)),
        ((2, 3), (5, 3, 4)),
        ((5, 1, 2, 3), (6, 3, 4)),
        ((5, 2, 0), (0, 4)),
        ((0, 3), (3, 4)),
    ],
)
@pytest.mark.parametrize("dtypes", [("float32", "float32"), ("float64", "int64"), ("int32", "int64")])
def test_matrix_products(left: tuple[int, ...], right: tuple[int, ...], dtypes: tuple[str, str]) -> None:
    rng = np.random.default_rng(0)
    x, y = (rng.integers(-5, 6, shape) for shape in (left, right))
    x, y = x.astype(dtypes[0]), y.astype(dtypes[1])
    agree(lambda xp, x, y: xp.matmul(x, y), x, y)


def test_matrix_products_that_numpy_refuses() -> None:
    for left, right in (((2, 3), (2, 3)), ((), (3,)), ((3,), ())):
        with pytest.raises(ValueError, match="matmul"):
            traced_results(lambda xp, x, y: xp.matmul(x, y), [np.ones(left), np.ones(right)])


def test_convolutions() -> None:
    rng = np.random.default_rng(0)
    x, w = (rng.integers(-4, 5, shape).astype("float32") for shape in ((2, 4, 7, 6), (6, 2, 3, 2)))
    options: Any = {"stride": (2, 1), "padding": (1, 0), "dilation": (1, 2), "groups": 2}
    agree(lambda xp, x, w: xp.convolution(x, w, **options), x, w)
    g = rng.integers(-4, 5, numpy_namespace.convolution(x, w, **options).shape).astype("float32")
    agree(lambda xp, g, w: xp.convolution_input(g, w, shape=x.shape, **options), g, w)
    agree(lambda xp, g, x: xp.convolution_weight(g, x, shape=w.shape, **options), g, x)


# --- elements


@st.composite
def picks(draw: Any) -> tuple[np.ndarray, tuple[Any, ...], list[int]]:
    """An array, a key of it, and which of its index arrays are computed."""
    shape = draw(arrays.array_shapes(min_dims=1, max_dims=4, max_side=4))
    rng = np.random.default_rng(draw(st.integers(0, 1 << 16)))
    picked = draw(arrays.array_shapes(min_dims=0, max_dims=2, max_side=3))
    parts: list[Any] = []
    axis = 0
    kinds = ["stop", "all", "number", "slice", "array", "array", "mask", "none"]
    while axis < len(shape) and len(parts) < 6 and (kind := draw(st.sampled_from(kinds))) != "stop":
        n = shape[axis]
        axis += kind != "none"
        if kind == "array":
            parts.append(rng.integers(-n, n, picked, dtype=draw(st.sampled_from(("int64", "int32")))))
        elif kind == "mask":
            parts.append(rng.random(n) < 0.6)
        else:
            simple = {"none": None, "number": int(rng.integers(-n, n)), "all": slice(None)}
            parts.append(simple[kind] if kind in simple else draw(st.slices(n)))
    if draw(st.booleans()):
        after = draw(st.integers(0, len(shape) - axis))
        parts += [Ellipsis, *(int(rng.integers(-n, n)) for n in shape[len(shape) - after :] if after)]
    computed = [
        place
        for place, part in enumerate(parts)
        if isinstance(part, np.ndarray) and part.dtype != bool and draw(st.booleans())
    ]
    x = rng.integers(-9, 10, shape).astype(draw(st.sampled_from(("float64", "float32", "int64"))))
    return x, tuple(parts), computed


@settings(max_examples=400, deadline=None)
@given(picks())
def test_every_key_of_numpy(case: tuple[np.ndarray, tuple[Any, ...], list[int]]) -> None:
    x, key, computed = case
    try:
        picked = np.array(x[key])
    except IndexError:  # index arrays that do not broadcast
        with pytest.raises(IndexError):
            traced_results(lambda xp, x: xp.getitem(x, key), [x])
        return
    indices = [key[place] for place in computed]

    def whole(*given: Any) -> tuple[Any, ...]:
        parts = list(key)
        for place, one in zip(computed, given, strict=True):
            parts[place] = one
        return tuple(parts)

    value = np.arange(picked.size).reshape(picked.shape).astype(x.dtype)
    agree(lambda xp, x, *given: xp.getitem(x, whole(*given)), x, *indices)
    agree(lambda xp, g, *given: xp.index_add(g, key=whole(*given), shape=x.shape), value, *indices)
    agree(lambda xp, x, v, *given: xp.put(x, v, key=whole(*given)), x, value, *indices)
    agree(lambda xp, x, *given: xp.put(x, 7, key=whole(*given)), x, *indices)
    if value.ndim and value.size:
        agree(lambda xp, x, v, *given: xp.put(x, v, key=whole(*given)), x, value[:1], *indices)


@pytest.mark.parametrize("axis", [0, 1, -1])
@pytest.mark.parametrize("computed", [False, True])
def test_along_an_axis(axis: int, computed: bool) -> None:
    rng = np.random.default_rng(0)
    x = rng.integers(-9, 10, (3, 4)).astype("float32")
    indices = rng.integers(0, 3, (5, 4) if axis == 0 else (3, 5))
    given = [indices] if computed else []
    agree(lambda xp, x, *i: xp.take_along_axis(x, *(i or [indices]), axis=axis), x, *given)
    g = rng.integers(-9, 10, indices.shape).astype("float32")
    for shape in ((3, 4), (6, 7)):

        def scattered(xp: Any, g: Any, *i: Any, shape: tuple[int, ...] = shape) -> Any:
            return xp.scatter_add(g, *(i or [indices]), axis=axis, shape=shape)

        agree(scattered, g, *given)


def test_masks_that_are_computed() -> None:
    x, row = array("float64", 2, 3), array("float64", 3, seed=1)
    agree(lambda xp, x: xp.put(x, 0.0, key=x > 0), x)
    agree(lambda xp, x: xp.put(x, 2, key=(x[:, 0] > 0,)), x)
    agree(lambda xp, x, row: xp.put(x, row, key=x[:, 0] > 0), x, row)
    with pytest.raises(errors.TraceError, match=r"test_traced\.py:\d+: .*where\(mask, x, 0\)"):
        traced_results(lambda xp, x: xp.getitem(x, x > 0), [x])
    with pytest.raises(errors.TraceError, match="as many elements as it turns out"):
        traced_results(lambda xp, x, v: xp.put(x, v, key=x > 0), [x, np.ones(4)])


@pytest.mark.parametrize("key", [(2,), (0, 0, 0), (..., ...), (np.array([0, 2]),), (np.ones(3, bool),)])
def test_keys_that_numpy_refuses(key: Any) -> None:
    with pytest.raises(IndexError) as raised:
        np.ones((2, 3))[key]
    with pytest.raises(IndexError) as found:
        traced_results(lambda xp, x: xp.getitem(x, key), [np.ones((2, 3))])
    assert str(found.value) == str(raised.value)


@pytest.mark.parametrize("part", ["x", 1.5, True, np.array([0.5])])
def test_what_is_no_index(part: Any) -> None:
    with pytest.raises(errors.TraceError, match="between its brackets"):
        traced_results(lambda xp, x: xp.getitem(x, part), [np.ones(3)])


def test_what_is_put_in_a_copy_stays_out_of_the_original() -> None:
    agree(lambda xp, x: (x, xp.put(x, 1.0, key=0), xp.put(x, 2.0, key=np.array([1, 1]))), np.zeros(3))


# --- what the function brings along


def test_arrays_that_are_brought_along_are_inputs() -> None:
    weights = np.arange(3.0)
    agree(lambda xp, x: (x * weights, weights / x, xp.maximum(weights, x)), np.ones((2, 3)))
    trace = Trace("f")
    first, again = trace.array(weights), trace.array(weights)
    assert first.place == again.place
    assert [array for _, array, _ in trace.arrays.values()] == [weights]
    alike = trace.known(np.array([1, 2])), trace.known(np.array([1, 2])), trace.known(np.array([1.0, 2.0]))
    assert alike[0].place == alike[1].place != alike[2].place


def test_every_function_of_numpys_namespace_is_traced() -> None:
    assert set(numpy_namespace.__all__) <= set(traced.__all__)
