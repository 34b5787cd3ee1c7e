"""Losses and layers as functions. No derivative is written here: each is made of Tensor operations,
and its gradient is theirs."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule import errors
from chainrule.counts import count
from chainrule.creation import arange
from chainrule.functional import log_softmax, relu, sigmoid, softmax, tanh
from chainrule.functional.activation import gelu, leaky_relu, silu
from chainrule.functional.attention import scaled_dot_product_attention
from chainrule.functional.convolution import conv1d, conv2d
from chainrule.functional.dropout import dropout
from chainrule.functional.embedding import embedding
from chainrule.functional.normalisation import layer_norm
from chainrule.functional.padding import pad
from chainrule.functional.pooling import avg_pool2d, max_pool2d
from chainrule.nn.broadcast import check_pairs
from chainrule.tensor import Tensor

__all__ = [
    "avg_pool2d",
    "conv1d",
    "conv2d",
    "cross_entropy",
    "dropout",
    "embedding",
    "gelu",
    "hinge_loss",
    "layer_norm",
    "leaky_relu",
    "linear",
    "log_softmax",
    "max_pool2d",
    "mse_loss",
    "nll_loss",
    "one_hot",
    "pad",
    "relu",
    "scaled_dot_product_attention",
    "sigmoid",
    "silu",
    "softmax",
    "tanh",
]

REDUCTIONS = ("mean", "sum", "none")


def linear(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """``x @ weightᵀ + bias``: (..., in) with (out, in) and (out,) gives (..., out).

    Raises `ShapeError` when the shapes do not fit.

    >>> import chainrule
    >>> from chainrule.nn import functional as F
    >>> x, weight = chainrule.tensor([[1.0, 2.0]]), chainrule.tensor([[3.0, 4.0]])
    >>> F.linear(x, weight, chainrule.tensor([0.5])).tolist()
    [[11.5]]
    """
    if not isinstance(x, Tensor):
        raise errors.tensor_expected("linear", "the input", x)
    if not isinstance(weight, Tensor):
        raise errors.tensor_expected("linear", "the weight", weight)
    if bias is not None and not isinstance(bias, Tensor):
        raise errors.tensor_expected("linear", "the bias", bias)
    _check_linear(x.shape, weight.shape, None if bias is None else bias.shape)
    product = x @ weight.T
    return product if bias is None else product + bias


def _check_linear(x: Any, weight: Any, bias: Any) -> None:
    if len(weight) != 2:
        raise errors.linear_weight(weight)
    if not x or x[-1] != weight[1]:
        raise errors.linear_features("linear", weight[1], x)
    if bias is not None and tuple(bias) != (weight[0],):
        raise errors.linear_weight(weight, bias)


def mse_loss(input: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
    """The squared error ``(input − target)²``, averaged, summed, or left as it is.

    Both of one shape. Shapes that differ but broadcast give a `BroadcastWarning`, once for each
    line of code; others raise `ShapeError`.

    >>> import chainrule
    >>> from chainrule.nn import functional as F
    >>> F.mse_loss(chainrule.tensor([1.0, 2.0]), chainrule.tensor([1.0, 4.0])).item()
    2.0
    """
    check_reduction("mse_loss", reduction)
    check_pairs("mse_loss", input, target)
    difference = input - target
    return _reduced(difference * difference, reduction)


def hinge_loss(input: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
    """The margin loss ``relu(1 − target · input)`` for labels −1 and +1.

    It is 0 once a score is on the right side by at least 1 (Cortes and Vapnik, 1995). Shapes as
    for `mse_loss`; raises `DomainError` for a label that is neither −1 nor +1.

    >>> import chainrule
    >>> from chainrule.nn import functional as F
    >>> F.hinge_loss(chainrule.tensor([2.0, 0.5]), chainrule.tensor([1.0, -1.0])).item()
    0.75
    """
    check_reduction("hinge_loss", reduction)
    check_pairs("hinge_loss", input, target)
    labels = target._data
    if labels.__class__ is np.ndarray and not (right := np.abs(labels) == 1).all():
        position = tuple(np.argwhere(~right)[0].tolist())
        raise errors.hinge_label(labels[position], position)
    return _reduced(relu(1 - target * input), reduction)


def nll_loss(input: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
    """Minus the log-probability of each example's class: ``−input[i, target[i]]``.

    ``input`` holds log-probabilities (as `log_softmax` gives them), of shape (classes,),
    (examples, classes) or (examples, classes, …); ``target`` holds int64 labels of the same shape
    without the axis of classes. Raises `ShapeError`, `DTypeError` or `IndexOutOfRangeError`.

    >>> import chainrule
    >>> from chainrule.nn import functional as F
    >>> F.nll_loss(chainrule.tensor([[-0.5, -2.0]]), chainrule.tensor([1])).item()
    2.0
    """
    return _negative_log_likelihood("nll_loss", input, target, reduction)


def cross_entropy(input: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
    """``−log softmax(input)[label]``: how surprised the scores are by the right class.

    ``input`` holds scores of shape (classes,), (examples, classes) or (examples, classes, …).
    ``target`` is either int64 labels, of the same shape without the axis of classes, or
    probabilities, of the same shape and a float dtype. Raises `ShapeError`, `DTypeError` or
    `IndexOutOfRangeError`.

    >>> import chainrule
    >>> from chainrule.nn import functional as F
    >>> F.cross_entropy(chainrule.tensor([[0.0, 0.0]]), chainrule.tensor([1]))
    tensor(0.6931)
    """
    _check_scores("cross_entropy", input, target, reduction)
    axis = min(input.ndim - 1, 1)
    log_probabilities = log_softmax(input, axis)
    soft = target._data.dtype.kind == "f" and tuple(target.shape) == tuple(input.shape)
    if not soft:
        return _negative_log_likelihood("cross_entropy", log_probabilities, target, reduction)
    losses = -(target * log_probabilities).sum(axis)
    return _reduced(losses, reduction)


def one_hot(labels: Tensor, num_classes: int = -1) -> Tensor:
    """A row of zeros for each label with a 1 at the label: (...) to (..., num_classes), int64.

    Without ``num_classes`` it is the largest label plus 1. Raises `DTypeError` for labels that are
    not whole numbers and `IndexOutOfRangeError` for a label outside of the classes.

    >>> import chainrule
    >>> from chainrule.nn import functional as F
    >>> F.one_hot(chainrule.tensor([0, 2])).tolist()
    [[1, 0, 0], [0, 0, 1]]
    """
    if not isinstance(labels, Tensor):
        raise errors.tensor_expected("one_hot", "the labels", labels)
    numbers = labels._data
    if numbers.dtype.kind not in "iu":
        raise errors.class_labels_dtype("one_hot", labels.dtype, (*labels.shape, "classes"))
    if num_classes == -1 and numbers.size:
        num_classes = int(labels.amax()) + 1
    classes = count("one_hot", "num_classes", num_classes)
    _check_labels("one_hot", numbers, classes)
    return (labels.unsqueeze(-1) == arange(classes)).long()


def _negative_log_likelihood(where: str, input: Tensor, target: Tensor, reduction: str) -> Tensor:
    _check_scores(where, input, target, reduction)
    axis = min(input.ndim - 1, 1)
    shape = tuple(input.shape)
    expected = shape[:axis] + shape[axis + 1 :]
    if tuple(target.shape) != expected:
        raise errors.class_labels_shape(where, shape, target.shape, expected)
    if target._data.dtype.kind not in "iu":
        raise errors.class_labels_dtype(where, target.dtype, shape)
    _check_labels(where, target._data, shape[axis])
    picked = input.gather(axis, target.long().unsqueeze(axis)).squeeze(axis)
    return _reduced(-picked, reduction)


def _check_scores(where: str, input: Any, target: Any, reduction: str) -> None:
    check_reduction(where, reduction)
    for argument, value in (("the input", input), ("the target", target)):
        if not isinstance(value, Tensor):
            raise errors.tensor_expected(where, argument, value)
    if input.ndim == 0:
        raise errors.class_scores_rank(where)


def _check_labels(where: str, labels: Any, classes: int) -> None:
    if labels.__class__ is not np.ndarray:  # traced: the numbers come later
        return
    if labels.size and not (labels.min() >= 0 and labels.max() < classes):
        position = tuple(np.argwhere((labels < 0) | (labels >= classes))[0].tolist())
        raise errors.class_label_range(where, int(labels[position]), position, classes)


def check_reduction(where: str, reduction: str) -> None:
    if reduction not in REDUCTIONS:
        raise errors.reduction_unknown(where, reduction)


def _reduced(losses: Tensor, reduction: str) -> Tensor:
    if reduction == "mean":
        return losses.mean()
    return losses.sum() if reduction == "sum" else losses
