"""The convolutions that networks use, over one and two axes of space."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chainrule import errors
from chainrule.counts import count
from chainrule.eager import apply, tensor_operand
from chainrule.functional.elementwise import add
from chainrule.functional.shape import reshape
from chainrule.functional.windows import check_fit, per_axis
from chainrule.primitives import convolution

if TYPE_CHECKING:
    from chainrule.tensor import Tensor


def conv1d(
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Tensor:
    """Each filter's agreement with each window of the input, along one axis: PyTorch's ``conv1d``, the
    cross-correlation ``out[b, o, i] = bias[o] + Σ weight[o, c, k] · input[b, c, stride·i + dilation·k]``.

    ``input`` is (batch, in_channels, length), with ``padding`` zeros laid on both ends; ``weight`` is
    (out_channels, in_channels / groups, window), and ``bias`` (out_channels,) or None. With ``groups``
    the channels are cut into as many parts, each with filters of its own. Raises ShapeError, DomainError
    or DTypeError where they do not fit.

    >>> import chainrule as cr
    >>> x, w = cr.tensor([[[1.0, 2.0, 4.0, 8.0]]]), cr.tensor([[[-1.0, 1.0]]])
    >>> conv1d(x, w).tolist()
    [[[1.0, 2.0, 4.0]]]
    """
    return _convolve("conv1d", 1, input, weight, bias, stride, padding, dilation, groups)


def conv2d(
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Tensor:
    """The same over images, (batch, in_channels, height, width), with a weight of shape (out_channels,
    in_channels / groups, window height, window width); see :func:`conv1d`.

    Each option is one number, or one for the height and one for the width.

    >>> import chainrule as cr
    >>> x = cr.arange(9.0).reshape(1, 1, 3, 3)
    >>> conv2d(x, cr.ones(1, 1, 2, 2), stride=1).tolist()
    [[[[8.0, 12.0], [20.0, 24.0]]]]
    """
    return _convolve("conv2d", 2, input, weight, bias, stride, padding, dilation, groups)


def _convolve(
    where: str,
    axes: int,
    input: Any,
    weight: Any,
    bias: Any,
    stride: Any,
    padding: Any,
    dilation: Any,
    groups: int,
) -> Tensor:
    input, weight = tensor_operand(input, where), tensor_operand(weight, where)
    operands = [input, weight]
    if bias is not None:
        operands.append(bias := tensor_operand(bias, where))
    options: dict[str, Any] = {
        "stride": per_axis(where, "stride", stride, axes),
        "padding": per_axis(where, "padding", padding, axes, low=0),
        "dilation": per_axis(where, "dilation", dilation, axes),
        "groups": count(where, "groups", groups),
    }
    _check_dtypes(where, operands)
    _check_shapes(where, axes, *(one.shape for one in operands), groups=groups)
    check_fit(where, input.shape[2:], options["padding"], weight.shape[2:], options["dilation"])
    out = apply(convolution.convolution, (input, weight), options)
    return out if bias is None else add(out, reshape(bias, (-1, *(1,) * axes)))


def _check_dtypes(where: str, operands: list[Tensor]) -> None:
    dtypes = [one.dtype for one in operands]
    if len(set(dtypes)) > 1 or dtypes[0].kind != "f":
        raise errors.dtypes_differ(where, dtypes)


def _check_shapes(where: str, axes: int, shape: Any, weight: Any, bias: Any = None, *, groups: int) -> None:
    if len(shape) != axes + 2:
        raise errors.window_input(where, shape, axes, unbatched=False)
    if len(weight) != axes + 2:
        raise errors.convolution_weight_rank(where, weight, axes)
    if shape[1] % groups or weight[0] % groups:
        raise errors.convolution_groups(where, groups, shape[1], weight[0])
    if shape[1] != weight[1] * groups:
        raise errors.convolution_channels(where, shape, weight, groups)
    if bias is not None and tuple(bias) != (weight[0],):
        raise errors.convolution_bias(where, bias, weight[0])
