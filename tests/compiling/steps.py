"""What the tests of compiled steps share: a step run twice, as it was written and compiled, on equal
tensors."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

import chainrule
from chainrule import Tensor, errors

#: In float32 a sum in another order, or a product and a sum in one rounding, moves the last bits: a few
#: roundings of 6e-8 each, over a few dozen terms.
CLOSE = {"rtol": 2e-5, "atol": 1e-6}


def flat(tree: Any) -> list[Any]:
    """The tensors, arrays and numbers in ``tree``."""
    if isinstance(tree, (list, tuple)):
        return [leaf for one in tree for leaf in flat(one)]
    if isinstance(tree, dict):
        return [leaf for one in tree.values() for leaf in flat(one)]
    return [tree]


def numbers(x: Any) -> np.ndarray:
    return np.asarray(x.detach().numpy() if isinstance(x, Tensor) else x)


def assert_same(plain: Any, compiled: Any) -> None:
    """The same structure, shapes, dtypes and flags; NaN and infinity in the same places."""
    ours, theirs = flat(compiled), flat(plain)
    assert len(ours) == len(theirs)
    for one, other in zip(ours, theirs, strict=True):
        assert type(one) is type(other)
        if one is None or isinstance(one, (str, bool)):
            assert one == other
            continue
        assert numbers(one).dtype == numbers(other).dtype
        assert numbers(one).shape == numbers(other).shape
        np.testing.assert_allclose(numbers(one), numbers(other), **CLOSE)
        if isinstance(one, Tensor) and isinstance(other, Tensor):
            assert one.grad_fn is None


def seen(tensors: list[Tensor]) -> list[Any]:
    """Numbers, flags and gradients of tensors, as they are now."""
    return [
        (one.detach().clone(), one.requires_grad, None if one.grad is None else one.grad.detach().clone())
        for one in tensors
    ]


def check(
    make: Callable[[], tuple[Callable[..., Any], list[Tensor]]],
    *calls: tuple[Any, ...],
    tracings: int | None = 1,
) -> Any:
    """``make`` gives a step and the tensors that it works on. Both are made twice; one is compiled; after
    each of ``calls`` results and tensors must be the same. Returns the compiled function."""
    count = [0]
    (plain, ours), (written, theirs) = make(), make()

    def counted(*args: Any) -> Any:
        count[0] += 1
        return written(*args)

    compiled = chainrule.compile(counted)
    compiled._names = chainrule.Compiled(written)._names
    with warnings.catch_warnings():
        warnings.simplefilter("error", errors.CompileWarning)
        for place, args in enumerate(calls):
            chainrule.manual_seed(place)
            expected = plain(*args)
            chainrule.manual_seed(place)
            found = compiled(*args)
            assert_same(expected, found)
            assert_same(seen(ours), seen(theirs))
    if tracings is not None:
        assert count[0] == tracings
    return compiled
