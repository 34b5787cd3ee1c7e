"""The one source of random numbers, behind :func:`manual_seed`: same seed, same bits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from chainrule import errors

#: While a function is traced: what notes the draws of the thread that traces; None for other threads.
noted: Callable[[], Any] | None = None

_generator: np.random.Generator | None = None


def generator() -> np.random.Generator:
    """The generator that everything random in chainrule draws from."""
    global _generator
    if noted is not None and (found := noted()) is not None:
        return found
    if _generator is None:  # made when first asked for: numpy.random takes a while to import
        _generator = np.random.default_rng()
    return _generator


def manual_seed(seed: int) -> np.random.Generator:
    """Start the generator again from ``seed``, and return it.

    >>> import chainrule as cr
    >>> _ = cr.manual_seed(7); a = cr.rand(3)
    >>> _ = cr.manual_seed(7); b = cr.rand(3)
    >>> bool((a == b).all())
    True
    """
    global _generator
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or seed < 0:
        raise errors.seed_invalid(seed)
    if noted is not None and noted() is not None:
        raise errors.seeded_in_a_trace()
    _generator = np.random.default_rng(int(seed))
    return _generator
