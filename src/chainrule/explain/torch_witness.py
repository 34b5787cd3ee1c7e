"""PyTorch as a witness: the recorded program run by PyTorch's own operations, and its own derivatives."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from chainrule.explain.recording import Recording, Step
from chainrule.explain.replay import replay


def gradients(recording: Recording, values: dict[int, Any]) -> dict[int, Any] | None:
    """The gradient of each leaf, by PyTorch; None where an operation has no counterpart here."""
    leaves = {key: torch.tensor(value, requires_grad=True) for key, value in values.items()}
    if any(step.row.name not in OPERATIONS for step in recording.steps):
        return None
    try:
        with torch.enable_grad():
            result = replay(recording.steps, leaves, _run)
            result.backward(torch.tensor(recording.seed, dtype=result.dtype))
    except (RuntimeError, ValueError, TypeError):
        return None  # what PyTorch refuses, a slice with a negative step for one, it cannot witness
    return {key: None if leaf.grad is None else leaf.grad.numpy() for key, leaf in leaves.items()}


def _run(step: Step, args: list[Any]) -> Any:
    given = [torch.from_numpy(np.array(a)) if isinstance(a, np.ndarray) else a for a in args]
    return OPERATIONS[step.row.name](*given, **step.attrs)


def _reduced(function: Any) -> Callable[..., Any]:
    def run(x: Any, *, axis: Any, keepdims: bool) -> Any:
        return function(x, dim=tuple(range(x.ndim)) if axis is None else axis, keepdim=keepdims)

    return run


def _squeeze(x: Any, *, axis: Any) -> Any:
    return x.squeeze(axis) if axis != () else x


def _put(x: Any, value: Any, *, key: Any) -> Any:
    out = x.clone()
    out[_key(key)] = value
    return out


def _index_add(x: Any, *, key: Any, shape: Any) -> Any:
    """Each number of ``x`` added where ``key`` picks, which may be in one place more than once."""
    places = torch.arange(math.prod(shape)).reshape(shape)[_key(key)]
    flat = torch.zeros(math.prod(shape), dtype=x.dtype)
    return flat.index_add(0, places.reshape(-1), x.reshape(-1)).reshape(shape)


def _scatter_add(x: Any, indices: Any, *, axis: Any, shape: Any) -> Any:
    return torch.zeros(shape, dtype=x.dtype).scatter_add(axis, indices, x)


def _convolution(x: Any, w: Any, **options: Any) -> Any:
    return (torch.conv1d if x.ndim == 3 else torch.conv2d)(x, w, **options)


def _transposed(place: int) -> Callable[..., Any]:
    """What PyTorch's own way back through a convolution gives its input (0), or its weight (1)."""

    def run(g: Any, other: Any, *, shape: Any, groups: int, **options: Any) -> Any:
        missing = torch.zeros(shape, dtype=g.dtype)
        operands = (missing, other) if place == 0 else (other, missing)
        return torch.ops.aten.convolution_backward(
            g,
            *operands,
            None,
            *(options[name] for name in ("stride", "padding", "dilation")),
            False,
            [0] * (len(shape) - 2),
            groups,
            [place == 0, place == 1, False],
        )[place]

    return run


def _pooled(name: str) -> Callable[..., Any]:
    def run(x: Any, *, window: Any, stride: Any) -> Any:
        function = getattr(torch.nn.functional, f"{name}_pool{len(window)}d")
        return function(x, window, stride)

    return run


def _key(key: Any) -> Any:
    if isinstance(key, tuple):
        return tuple(_key(part) for part in key)
    return torch.from_numpy(key) if isinstance(key, np.ndarray) else key


def _astype(x: Any, *, dtype: Any) -> Any:
    return x if np.dtype(dtype).kind == "f" else x.to(getattr(torch, str(np.dtype(dtype))))


def _tensors(function: Any) -> Callable[..., Any]:
    """For operations that take tensors only: a plain number becomes one."""

    def run(*args: Any) -> Any:
        like = next(a for a in args if torch.is_tensor(a))
        return function(*(a if torch.is_tensor(a) else torch.full_like(like, a) for a in args))

    return run


OPERATIONS: dict[str, Callable[..., Any]] = {
    "add": torch.add,
    "sub": lambda x, y: x - y,
    "mul": torch.mul,
    "div": lambda x, y: x / y,
    "neg": torch.neg,
    "pow": torch.pow,
    "clone": torch.clone,
    "exp": torch.exp,
    "log": torch.log,
    "sqrt": torch.sqrt,
    "sin": torch.sin,
    "cos": torch.cos,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "erf": torch.erf,
    "relu": torch.relu,
    "abs": torch.abs,
    "maximum": _tensors(torch.maximum),
    "minimum": _tensors(torch.minimum),
    "clamp": lambda x, low, high: torch.clamp(x, low, high),
    "where": torch.where,
    "sum": _reduced(torch.sum),
    "mean": _reduced(torch.mean),
    "max": _reduced(torch.amax),
    "min": _reduced(torch.amin),
    "logsumexp": _reduced(torch.logsumexp),
    "softmax": lambda x, *, axis: torch.softmax(x, dim=axis),
    "log_softmax": lambda x, *, axis: torch.log_softmax(x, dim=axis),
    "reshape": lambda x, *, shape: x.reshape(shape),
    "permute_dims": lambda x, *, axes: x.permute(axes),
    "broadcast_to": lambda x, *, shape: x.expand(shape),
    "squeeze": _squeeze,
    "expand_dims": lambda x, *, axis: x.unsqueeze(axis),
    "concat": lambda *xs, axis: torch.cat(xs, dim=axis),
    "stack": lambda *xs, axis: torch.stack(xs, dim=axis),
    "getitem": lambda x, *, key: x[_key(key)],
    "index_add": _index_add,
    "put": _put,
    "take_along_axis": lambda x, indices, *, axis: torch.gather(x, axis, indices),
    "scatter_add": _scatter_add,
    "matmul": torch.matmul,
    "convolution": _convolution,
    "convolution_input": _transposed(0),
    "convolution_weight": _transposed(1),
    "max_pool": _pooled("max"),
    "avg_pool": _pooled("avg"),
    "astype": _astype,
}
