"""Numbers brought to mean 0 and variance 1."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from chainrule import errors
from chainrule.axes import positive_sizes
from chainrule.eager import tensor_operand
from chainrule.functional.elementwise import add, div, mul, sqrt, sub
from chainrule.functional.reduction import mean

if TYPE_CHECKING:
    from chainrule.tensor import Tensor


def layer_norm(
    input: Any,
    normalized_shape: int | Sequence[int],
    weight: Any = None,
    bias: Any = None,
    eps: float = 1e-5,
) -> Tensor:
    """``(x − mean) / √(variance + eps) · weight + bias`` over the last axes (Ba, Kiros and Hinton, 2016).

    ``normalized_shape`` is the shape of those axes, and that of ``weight`` and ``bias``, either of which
    may be None; the variance is divided by n. Raises ShapeError where they do not fit, DTypeError for
    integers.

    >>> import chainrule as cr
    >>> layer_norm(cr.tensor([[1.0, 3.0]]), 2, eps=0.0).tolist()
    [[-1.0, 1.0]]
    """
    x = tensor_operand(input, "layer_norm")
    shape = positive_sizes((normalized_shape,), "layer_norm")
    if not shape or x.shape[-len(shape) :] != shape:
        raise errors.normalized_shape("layer_norm", shape, x.shape)
    for what, given in (("weight", weight), ("bias", bias)):
        if given is not None and tuple(tensor_operand(given, "layer_norm").shape) != shape:
            raise errors.normalized_parameter("layer_norm", what, given.shape, shape)
    over = tuple(range(x.ndim - len(shape), x.ndim))
    centred = sub(x, mean(x, over, keepdim=True))
    variance = mean(mul(centred, centred), over, keepdim=True)
    out = mul(centred, div(1.0, sqrt(add(variance, eps))))
    if weight is not None:
        out = mul(out, weight)
    return out if bias is None else add(out, bias)
