"""A block of a GPT: causal attention and an MLP, each after a layer norm and with a residual."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from chainrule.benchmarks.training.work import Work, uniform

BATCH, TOKENS, WIDTH, HEADS = 16, 64, 128, 4
EPSILON = 1e-5  # of the layer norm


def work(
    batch: int = BATCH, tokens: int = TOKENS, width: int = WIDTH, heads: int = HEADS, batches: int = 4
) -> Work:
    """Normal numbers in and out: the block learns to give a target, by the mean of the squared errors."""
    rng = np.random.default_rng(0)
    shape = (batch, tokens, width)
    data = [
        (rng.standard_normal(shape, np.float32), rng.standard_normal(shape, np.float32))
        for _ in range(batches)
    ]
    ones, zeros = np.ones(width, np.float32), np.zeros(width, np.float32)
    weights = [
        *(ones, zeros, uniform(rng, 3 * width, width), uniform(rng, width, width), uniform(rng, width)),
        *(ones, zeros, uniform(rng, 4 * width, width), uniform(rng, 4 * width)),
        *(uniform(rng, width, 4 * width), uniform(rng, width)),
    ]
    return Work(data, weights, lambda lib: block(lib, width, heads), squared_error, _in_jax(heads))


def block(lib: Any, width: int, heads: int) -> Any:
    """The block as a module of chainrule or PyTorch.

    Queries and keys have no bias: that of the keys cancels out in the softmax, so that its gradient is
    nothing but rounding, and Adam would make whole steps of it.
    """
    nn, functional = lib.nn, lib.nn.functional
    base: Any = nn.Module

    class Block(base):  # type: ignore[misc]  # which library it is, only this call knows
        def __init__(self) -> None:
            super().__init__()
            self.norm1 = nn.LayerNorm(width)
            self.attend = nn.Linear(width, 3 * width, bias=False)
            self.project = nn.Linear(width, width)
            self.norm2 = nn.LayerNorm(width)
            self.widen = nn.Linear(width, 4 * width)
            self.narrow = nn.Linear(4 * width, width)

        def forward(self, x: Any) -> Any:
            batch, tokens, _ = x.shape
            mixed = self.attend(self.norm1(x)).reshape(batch, tokens, 3, heads, width // heads)
            q, k, v = (mixed[:, :, part].transpose(1, 2) for part in range(3))
            seen = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
            x = x + self.project(seen.transpose(1, 2).reshape(batch, tokens, width))
            hidden = functional.gelu(self.widen(self.norm2(x)), approximate="tanh")
            return x + self.narrow(hidden)

    return Block()


def squared_error(lib: Any) -> Callable[[Any, Any, Any], Any]:
    functional = lib.nn.functional

    def loss(model: Any, x: Any, y: Any) -> Any:
        return functional.mse_loss(model(x), y)

    return loss


def _in_jax(heads: int) -> Callable[[Any], Callable[[Any, Any, Any], Any]]:
    def loss_in_jax(jax: Any) -> Callable[[Any, Any, Any], Any]:
        jnp = jax.numpy

        def norm(x: Any, scale: Any, shift: Any) -> Any:
            mean = x.mean(-1, keepdims=True)
            variance = jnp.square(x - mean).mean(-1, keepdims=True)
            return (x - mean) * jax.lax.rsqrt(variance + EPSILON) * scale + shift

        def loss(weights: Any, x: Any, y: Any) -> Any:
            s1, t1, attend, project, bias, s2, t2, widen, b2, narrow, b3 = weights
            batch, tokens, width = x.shape
            mixed = (norm(x, s1, t1) @ attend.T).reshape(batch, tokens, 3, heads, width // heads)
            q, k, v = (mixed[:, :, part] for part in range(3))
            seen = jax.nn.dot_product_attention(q, k, v, is_causal=True)
            x = x + seen.reshape(batch, tokens, width) @ project.T + bias
            hidden = jax.nn.gelu(norm(x, s2, t2) @ widen.T + b2, approximate=True)
            return jnp.square(x + hidden @ narrow.T + b3 - y).mean()

        return loss

    return loss_in_jax
