"""Random steps of views, in-place changes and gradients: compiled, they do what they do as they were
written.

The numbers are small integers, which float64 holds exactly: sums and products are the same in any order, so
that the results must be equal to the bit.
"""

from __future__ import annotations

import random
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import chainrule
from chainrule import Tensor, errors


def around() -> list[Tensor]:
    rng = np.random.default_rng(5)
    tensors = [
        chainrule.tensor(rng.integers(-3, 4, shape).astype("float64")) for shape in ((4, 3), (3, 4), (2, 6))
    ]
    tensors[1].requires_grad_()
    return tensors


def view(rng: random.Random, x: Tensor) -> Tensor:
    choice = rng.randrange(6)
    if choice == 0 and x.ndim:
        return x[rng.randrange(x.shape[0])]
    if choice == 1 and x.ndim > 1:
        return x.transpose(0, -1)
    if choice == 2:
        return x.reshape(-1)
    if choice == 3 and x.numel() == 12:
        return x.reshape(rng.choice([(2, 6), (3, 4), (12,), (2, 2, 3), (4, 3)]))
    if choice == 4 and x.ndim and x.shape[0] > 1:
        return x[:: rng.choice([1, 2])]
    return x.unsqueeze(0) if x.ndim < 3 else x.detach()


def change(rng: random.Random, x: Tensor) -> None:
    choice = rng.randrange(6)
    with chainrule.no_grad():
        if choice == 0:
            x.add_(rng.randrange(-2, 3))
        elif choice == 1:
            x.mul_(rng.choice([-1, 2]))
        elif choice == 2 and x.ndim:
            x[rng.randrange(x.shape[0])] = float(rng.randrange(5))
        elif choice == 3:
            x.copy_(x.detach().clone() - 1.0)
        elif choice == 4 and x.ndim and x.shape[0] > 1:
            x[1:] = x[:-1].clone()
        else:
            x[x > 2.0] = -1.0


def value(rng: random.Random, x: Tensor, others: list[Tensor]) -> Tensor:
    choice = rng.randrange(5)
    same = [one for one in others if one.shape == x.shape]
    if choice == 0:
        return x + rng.choice(same)
    if choice == 1:
        return x * 1.0
    if choice == 2 and x.ndim:
        return x.sum(rng.randrange(x.ndim), keepdim=rng.random() < 0.5)
    return x.clone() if choice == 3 else -x


def step_of(seed: int, tensors: list[Tensor]) -> Callable[[], Any]:
    """A step: the same for the same seed, whatever the numbers are."""

    def step() -> Any:
        rng = random.Random(seed)
        seen = list(tensors)
        for _ in range(10):
            x = rng.choice(seen)
            what = rng.random()
            if what < 0.4:
                seen.append(view(rng, x))
            elif what < 0.7:
                change(rng, x)
            else:
                seen.append(value(rng, x, seen))
        tensors[1].grad = None
        loss = sum((one * one.detach()).sum() for one in seen)
        try:
            loss.backward()  # type: ignore[union-attr]
        except errors.GraphError:
            return "refused"
        return [one.detach().clone() for one in seen]

    return step


@pytest.mark.parametrize("first", range(0, 120, 10))
def test_random_steps(first: int) -> None:
    as_written = 0
    for seed in range(first, first + 10):
        ours, theirs = around(), around()
        plain, compiled = step_of(seed, ours), chainrule.compile(step_of(seed, theirs))
        for _ in range(2):
            with warnings.catch_warnings(record=True) as told:
                warnings.simplefilter("always")
                found, expected = compiled(), plain()
            as_written += len(told)
            assert isinstance(found, str) == isinstance(expected, str)
            if not isinstance(found, str):
                for one, other in zip(found, expected, strict=True):
                    np.testing.assert_array_equal(one.numpy(), other.numpy(), err_msg=f"seed {seed}")
            for one, other in zip(theirs, ours, strict=True):
                np.testing.assert_array_equal(
                    one.detach().numpy(), other.detach().numpy(), err_msg=f"seed {seed}"
                )
                assert (one.grad is None) == (other.grad is None)
                if one.grad is not None and other.grad is not None:
                    np.testing.assert_array_equal(
                        one.grad.numpy(), other.grad.numpy(), err_msg=f"seed {seed}"
                    )
    assert as_written <= 5  # most are compiled
