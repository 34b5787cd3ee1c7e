"""Dropout: numbers left out at random while a network is trained."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chainrule import eager, errors, random
from chainrule.eager import tensor_operand, wrap
from chainrule.functional.elementwise import mul

if TYPE_CHECKING:
    from chainrule.tensor import Tensor


def dropout(input: Any, p: float = 0.5, training: bool = True) -> Tensor:
    """Each number becomes 0 with probability ``p``, the others are divided by 1 − p, so that the mean stays
    (Srivastava and others, 2014). Without ``training`` it is ``input`` itself.

    The draws come from the generator behind `chainrule.manual_seed`, one for each number. Raises
    DomainError for a ``p`` outside of [0, 1], DTypeError for integers.

    >>> import chainrule as cr
    >>> sorted(set(dropout(cr.ones(1000), 0.75).tolist()))
    [0.0, 4.0]
    """
    x = tensor_operand(input, "dropout")
    check_probability("dropout", p)
    if x.dtype.kind != "f":
        raise errors.dtype_not_for_row(x.dtype, "dropout")
    if not training or p == 0:
        return x
    kept = random.generator().random(x.shape) >= p
    scale = 1 / (1 - p) if p < 1 else 0.0
    return mul(x, wrap(eager.xp.astype(kept, x.dtype) * scale))


def check_probability(where: str, p: Any) -> None:
    if isinstance(p, bool) or not isinstance(p, int | float) or not 0 <= p <= 1:
        raise errors.probability(where, p)
