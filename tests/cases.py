"""What every row of the table is tried on: points of its domain, calls of its samples, PyTorch's
equal.

A row brings its own domain, special points and samples. A row that PyTorch calls by another
name, or with other arguments, is told of in ``TORCH``; nothing else has to be added here for a
new row.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import torch

from chainrule.arrays import numpy_namespace
from chainrule.primitives import ROWS, Elementwise, Row, Sample, Structural
from chainrule.primitives.row import BOOLEAN

ELEMENTWISE = {name: row for name, row in ROWS.items() if isinstance(row, Elementwise)}
STRUCTURAL = {name: row for name, row in ROWS.items() if isinstance(row, Structural)}

#: Where nothing flows back: comparisons and their like.
FLAT = {name: row for name, row in ELEMENTWISE.items() if not any(row.partials)}
CURVED = {name: row for name, row in ELEMENTWISE.items() if any(row.partials)}

CALLS = [(row, sample) for row in STRUCTURAL.values() for sample in row.samples]
CALL_NAMES = [f"{row.name}{place}" for row in STRUCTURAL.values() for place in range(len(row.samples))]


# --- points --------------------------------------------------------------------------------------


def rationals(row: Elementwise, count: int, seed: int = 0) -> list[tuple[Any, ...]]:
    """Random points of the domain of ``row``, exact: fractions, and booleans where it takes them."""
    rng = random.Random(f"{row.name} {seed}")
    return [tuple(_rational(rng, interval) for interval in row.domain) for _ in range(count)]


def _rational(rng: random.Random, interval: Any) -> Any:
    if interval is BOOLEAN:
        return rng.random() < 0.5
    low, high = (Fraction(bound) for bound in interval)
    return low + (high - low) * Fraction(rng.randint(1, 9_999), 10_000)


def points(row: Elementwise, count: int, seed: int = 0) -> list[np.ndarray]:
    """The same as float64 (or boolean) arrays of length ``count``, one for each operand."""
    drawn = zip(*rationals(row, count, seed), strict=True)
    return [
        np.array(column) if interval is BOOLEAN else np.array([float(x) for x in column])
        for column, interval in zip(drawn, row.domain, strict=True)
    ]


def specials(row: Elementwise) -> list[np.ndarray]:
    """The special points of ``row``, in the same form."""
    return [
        np.array(column, dtype=np.bool_ if interval is BOOLEAN else np.float64)
        for column, interval in zip(zip(*row.special, strict=True), row.domain, strict=True)
    ]


def drawn(sample: Sample, seed: int = 0) -> list[np.ndarray]:
    """The inputs of a call: random float64 arrays, and the integer arrays that it was given."""
    rng = np.random.default_rng(seed)
    return [
        shape if isinstance(shape, np.ndarray) else np.asarray(rng.normal(size=shape))
        for shape in sample.inputs
    ]


def pulled(
    row: Row,
    g: Any,
    wanted: tuple[bool, ...],
    saved: tuple[Any, ...],
    attrs: dict[str, Any] | None = None,
) -> list[Any]:
    """The cotangents that ``row`` sends to its ``wanted`` inputs, ``saved`` being (result,
    *inputs)."""
    sent = row.pull(wanted)(numpy_namespace, g, saved, attrs or {})
    return [gp for gp, want in zip(sent, wanted, strict=True) if want]


# --- PyTorch -------------------------------------------------------------------------------------


def _axes(x: torch.Tensor, axis: Any) -> Any:
    return tuple(range(x.ndim)) if axis is None else axis


def _as_torch(key: Any) -> Any:
    if isinstance(key, tuple):
        return tuple(_as_torch(part) for part in key)
    return torch.from_numpy(key) if isinstance(key, np.ndarray) else key


def _index_add(x: torch.Tensor, key: Any, shape: Any) -> torch.Tensor:
    count = int(np.prod(shape))
    places = np.arange(count).reshape(shape)[key].reshape(-1)
    zeros = torch.zeros(count, dtype=x.dtype)
    return zeros.index_add(0, torch.from_numpy(places), x.reshape(-1)).reshape(shape)


def _put(x: torch.Tensor, value: torch.Tensor, key: Any) -> torch.Tensor:
    out = x.clone()
    out[_as_torch(key)] = value
    return out


def _convolution(x: torch.Tensor, w: torch.Tensor, **options: Any) -> torch.Tensor:
    run = torch.conv1d if x.ndim == 3 else torch.conv2d
    return run(x, w, **options)


def _transposed(place: int) -> Callable[..., torch.Tensor]:
    """The gradient of a convolution for its input, or its weight, by the other one: linear in both."""

    def run(g: torch.Tensor, other: torch.Tensor, shape: Any, **options: Any) -> torch.Tensor:
        one = torch.zeros(shape, dtype=g.dtype, requires_grad=True)
        out = _convolution(*((one, other) if place == 0 else (other, one)), **options)
        (found,) = torch.autograd.grad(out, one, g, create_graph=True)
        return found

    return run


def _pooled(name: str) -> Callable[..., torch.Tensor]:
    def run(x: torch.Tensor, window: Any, stride: Any) -> torch.Tensor:
        found: torch.Tensor = getattr(torch.nn.functional, f"{name}_pool{len(window)}d")(x, window, stride)
        return found

    return run


#: What PyTorch calls a row by, where it is not the row's name, or takes other arguments.
TORCH: dict[str, Callable[..., torch.Tensor]] = {
    "sum": lambda x, axis, keepdims: x.sum(_axes(x, axis), keepdims),
    "mean": lambda x, axis, keepdims: x.mean(_axes(x, axis), keepdims),
    "max": lambda x, axis, keepdims: x.amax(_axes(x, axis), keepdims),
    "min": lambda x, axis, keepdims: x.amin(_axes(x, axis), keepdims),
    "logsumexp": lambda x, axis, keepdims: x.logsumexp(_axes(x, axis), keepdims),
    "softmax": lambda x, axis: x.softmax(axis),
    "log_softmax": lambda x, axis: x.log_softmax(axis),
    "reshape": lambda x, shape: x.reshape(shape),
    "permute_dims": lambda x, axes: x.permute(axes),
    "broadcast_to": lambda x, shape: x.broadcast_to(shape),
    "squeeze": lambda x, axis: x.squeeze(axis),
    "expand_dims": lambda x, axis: x.unsqueeze(axis),
    "concat": lambda *inputs, axis: torch.cat(inputs, axis),
    "stack": lambda *inputs, axis: torch.stack(inputs, axis),
    "astype": lambda x, dtype: x.to(getattr(torch, dtype)),
    "convolution": _convolution,
    "convolution_input": _transposed(0),
    "convolution_weight": _transposed(1),
    "max_pool": _pooled("max"),
    "avg_pool": _pooled("avg"),
    "getitem": lambda x, key: x[_as_torch(key)],
    "index_add": _index_add,
    "put": _put,
    "take_along_axis": lambda x, indices, axis: x.gather(axis, indices),
    "scatter_add": lambda x, indices, axis, shape: torch.zeros(shape, dtype=x.dtype).scatter_add(
        axis, indices, x
    ),
}


def torch_function(row: Any) -> Callable[..., torch.Tensor]:
    """PyTorch's function for ``row``; an error names the row that has none."""
    return TORCH.get(row.name) or getattr(torch, row.name)


def assert_same(ours: Any, theirs: Any, rtol: float, atol: float = 0.0) -> None:
    """Equal shapes; NaN and infinity in the same places; the finite numbers close."""
    ours, theirs = np.asarray(ours), np.asarray(theirs)
    assert ours.shape == theirs.shape
    np.testing.assert_allclose(ours, theirs, rtol=rtol, atol=atol, equal_nan=True)
