"""The functions that layers are made of, against PyTorch's: values, gradients, and what they refuse."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch

import chainrule as cr
from against_torch import as_list, assert_same_tensor, leaves
from chainrule import errors
from chainrule.nn import functional as F

rng = np.random.default_rng(0)


def normal(*shape: int) -> np.ndarray:
    return rng.normal(size=shape)


def apart(*shape: int) -> np.ndarray:
    """Numbers at least 0.1 apart, so that no order among them hangs on a rounding."""
    return rng.permutation(math.prod(shape)).reshape(shape) / 10.0 - 1.0


#: Few different numbers: every window holds ties.
TIES = rng.integers(0, 3, (2, 3, 6, 7)).astype(float)
Q, K, V = normal(2, 3, 5, 4), normal(2, 3, 6, 4), normal(2, 3, 6, 2)
LOOK = rng.random((5, 6)) < 0.7
LOOK[:, 0] = True
PLACES = np.array([[1, 0, 3], [3, 3, 1]])

#: (name, function of the library's F and of tensors, arrays)
PROGRAMS: list[tuple[str, Any, tuple[Any, ...]]] = [
    ("gelu", lambda F, x: F.gelu(x), (normal(3, 4),)),
    ("gelu far out", lambda F, x: F.gelu(x), (np.array([-40.0, -6.0, 0.0, 6.0, 40.0]),)),
    ("gelu by tanh", lambda F, x: F.gelu(x, approximate="tanh"), (normal(3, 4),)),
    ("silu", lambda F, x: F.silu(x), (normal(3, 4),)),
    ("leaky_relu", lambda F, x: (F.leaky_relu(x), F.leaky_relu(x, 0.3)), (np.array([-1.0, 0.0, 2.0]),)),
    ("conv1d", lambda F, x, w: F.conv1d(x, w), (normal(2, 3, 8), normal(4, 3, 3))),
    (
        "conv1d with all options",
        lambda F, x, w, b: F.conv1d(x, w, b, stride=2, padding=3, dilation=2, groups=2),
        (normal(2, 4, 9), normal(6, 2, 3), normal(6)),
    ),
    ("conv2d", lambda F, x, w, b: F.conv2d(x, w, b), (normal(2, 3, 6, 5), normal(4, 3, 3, 2), normal(4))),
    (
        "conv2d with all options",
        lambda F, x, w, b: F.conv2d(x, w, b, (2, 1), (1, 2), (1, 2), 2),
        (normal(2, 4, 7, 6), normal(4, 2, 3, 2), normal(4)),
    ),
    (
        "conv2d of every channel by itself",
        lambda F, x, w: F.conv2d(x, w, padding=1, groups=3),
        (normal(2, 3, 4, 4), normal(6, 1, 3, 3)),
    ),
    ("conv2d of one place", lambda F, x, w: F.conv2d(x, w), (normal(3, 2, 4, 4), normal(2, 2, 4, 4))),
    ("conv2d of a view", lambda F, x, w: F.conv2d(x.mT, w.mT), (normal(2, 2, 5, 4), normal(3, 2, 2, 3))),
    ("max_pool2d", lambda F, x: F.max_pool2d(x, 2), (apart(2, 3, 6, 6),)),
    ("max_pool2d with a rest", lambda F, x: F.max_pool2d(x, (2, 3)), (apart(2, 3, 5, 7),)),
    ("max_pool2d overlapping", lambda F, x: F.max_pool2d(x, 3, 2, 1), (apart(2, 3, 7, 6),)),
    ("max_pool2d with gaps", lambda F, x: F.max_pool2d(x, 2, stride=(3, 2)), (apart(3, 8, 7),)),
    ("max_pool2d of ties", lambda F, x: (F.max_pool2d(x, 2), F.max_pool2d(x, 3, 1)), (TIES,)),
    ("avg_pool2d", lambda F, x: F.avg_pool2d(x, 2), (normal(2, 3, 6, 6),)),
    ("avg_pool2d with a rest", lambda F, x: F.avg_pool2d(x, (2, 3)), (normal(2, 3, 5, 7),)),
    ("avg_pool2d overlapping", lambda F, x: F.avg_pool2d(x, 3, 2, 1), (normal(2, 3, 7, 6),)),
    (
        "layer_norm",
        lambda F, x, w, b: (F.layer_norm(x, (4,)), F.layer_norm(x, (4,), w, b)),
        (normal(2, 3, 4), normal(4), normal(4)),
    ),
    (
        "layer_norm over two axes",
        lambda F, x, w: F.layer_norm(x, (3, 4), w, eps=1e-3),
        (normal(2, 3, 4), normal(3, 4)),
    ),
    ("embedding", lambda F, w, i: F.embedding(i, w), (normal(5, 3), PLACES)),
    ("embedding of a number", lambda F, w, i: F.embedding(i, w), (normal(5, 3), np.array(2))),
    ("embedding of many", lambda F, w, i: F.embedding(i, w), (normal(7, 40), rng.integers(0, 7, (20, 15)))),
    ("pad", lambda F, x: (F.pad(x, (1, 2)), F.pad(x, (0, 1, 2, 0), value=-1.5)), (normal(2, 3, 4),)),
    ("pad with nothing", lambda F, x: (F.pad(x, (0, 0)), F.pad(x, ())), (normal(2, 3),)),
    ("attention", lambda F, q, k, v: F.scaled_dot_product_attention(q, k, v), (Q, K, V)),
    (
        "attention, causal and scaled",
        lambda F, q, k, v: F.scaled_dot_product_attention(q, k, v, is_causal=True, scale=0.3),
        (Q, K, V),
    ),
    (
        "attention with a mask",
        lambda F, q, k, v, m: F.scaled_dot_product_attention(q, k, v, attn_mask=m),
        (Q, K, V, LOOK),
    ),
    (
        "attention with a bias",
        lambda F, q, k, v, m: F.scaled_dot_product_attention(q, k, v, attn_mask=m),
        (Q, K, V, normal(3, 5, 6)),
    ),
    ("dropout without training", lambda F, x: F.dropout(x * 2, 0.5, training=False), (normal(3, 4),)),
    ("dropout of nothing", lambda F, x: F.dropout(x * 2, 0.0), (normal(3, 4),)),
    ("dropout of all", lambda F, x: F.dropout(x * 2, 1.0), (normal(3, 4),)),
    ("cross_entropy of images", lambda F, x, i: F.cross_entropy(x, i), (normal(2, 4, 3), PLACES)),
]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(
    ("program", "arrays"), [case[1:] for case in PROGRAMS], ids=[case[0] for case in PROGRAMS]
)
def test_functions_give_what_pytorch_gives(program: Any, arrays: tuple[Any, ...], dtype: str) -> None:
    cast = [a.astype(dtype) if a.dtype.kind == "f" else a for a in arrays]
    ours, theirs = leaves(cr, cast), leaves(torch, cast)
    results, expected = as_list(program(F, *ours)), as_list(program(torch.nn.functional, *theirs))
    for result, other in zip(results, expected, strict=True):
        assert_same_tensor(result, other, scale=10.0)
        g = np.random.default_rng(3).normal(size=tuple(other.shape)).astype(dtype)
        result.backward(cr.tensor(g), retain_graph=True)
        other.backward(torch.tensor(g), retain_graph=True)
    for x, t in zip(ours, theirs, strict=True):
        assert (x.grad is None) == (t.grad is None)
        if t.grad is not None:
            assert_same_tensor(x.grad, t.grad, scale=30.0)


def test_nodes_go_by_pytorchs_names() -> None:
    calls: list[Any] = [
        lambda F, x: F.conv1d(x[0], x[0]),
        lambda F, x: F.conv2d(x, x),
        lambda F, x: F.max_pool2d(x, 2),
        lambda F, x: F.avg_pool2d(x, 2),
    ]
    for call in calls:
        ours = call(F, cr.ones(1, 1, 4, 4, requires_grad=True))
        theirs = call(torch.nn.functional, torch.ones(1, 1, 4, 4, requires_grad=True))
        assert ours.grad_fn.name() == theirs.grad_fn.name()
    assert cr.ones(1, requires_grad=True).erf().grad_fn.name() == "ErfBackward0"


# --- dropout ------------------------------------------------------------------------------------------


def test_dropout_keeps_what_its_draws_say_and_the_mean() -> None:
    cr.manual_seed(3)
    kept = np.random.default_rng(3).random((200, 50)) >= 0.3
    x = cr.ones(200, 50, requires_grad=True)
    y = F.dropout(x, 0.3)
    np.testing.assert_array_equal(y.detach().numpy(), kept.astype(np.float32) * np.float32(1 / 0.7))
    assert abs(y.mean().item() - 1) < 0.02
    y.sum().backward()
    assert x.grad is not None
    np.testing.assert_array_equal(x.grad.numpy(), y.detach().numpy())
    assert not np.array_equal(F.dropout(x, 0.3).detach().numpy(), y.detach().numpy())
    assert F.dropout(cr.tensor(1.0), 0.5).shape == ()


# --- NaN in a window, a place that may look nowhere ---------------------------------------------------


def test_nan_fills_its_window_and_receives_the_gradient() -> None:
    x = cr.tensor([[[[1.0, math.nan, 3.0, 4.0]]]], requires_grad=True)
    y = F.max_pool2d(x, (1, 2))
    y.sum().backward()
    assert math.isnan(y[0, 0, 0, 0].item())
    assert y[0, 0, 0, 1].item() == 4.0
    assert x.grad.tolist() == [[[[0.0, 1.0, 0.0, 1.0]]]]


def test_a_place_that_may_look_nowhere_receives_nothing_and_sends_nothing_back() -> None:
    x = cr.ones(2, 3, requires_grad=True)
    look = cr.tensor([[True, False], [False, False]])
    for mask in (look, cr.where(look, 0.0, -math.inf)):
        out = F.scaled_dot_product_attention(x, x * 2, x, attn_mask=mask)
        assert out.tolist() == [[1.0, 1.0, 1.0], [0.0, 0.0, 0.0]]
        (g,) = cr.autograd.grad(out.sum(), x)
        assert g.tolist() == [[1.0, 1.0, 1.0], [0.0, 0.0, 0.0]]


# --- refusals -----------------------------------------------------------------------------------------

x3, x4 = cr.ones(1, 2, 5), cr.ones(1, 2, 5, 5)
w3, w4 = cr.ones(4, 2, 3), cr.ones(4, 2, 3, 3)
whole = cr.tensor([[1, 2], [0, 4]])

REFUSED: list[tuple[str, Any, type[Exception], str]] = [
    ("rank", lambda: F.conv2d(x3, w4), errors.ShapeError, "must be (batch, channels, height, width)"),
    ("one example", lambda: F.conv2d(x4[0], w4), errors.ShapeError, "batch axis with unsqueeze(0)"),
    (
        "weight rank",
        lambda: F.conv1d(x3, w4),
        errors.ShapeError,
        "conv1d: the weight has shape (4, 2, 3, 3)",
    ),
    ("channels", lambda: F.conv1d(x3, w3[:, :1]), errors.ShapeError, "has 2 channels, and the weight of"),
    ("groups", lambda: F.conv1d(x3, w3, groups=3), errors.DomainError, "groups=3 must divide both the 2"),
    ("no groups", lambda: F.conv1d(x3, w3, groups=0), errors.DomainError, "groups must be a whole number"),
    ("bias", lambda: F.conv1d(x3, w3, cr.ones(3)), errors.ShapeError, "it must have shape (4,)"),
    ("large", lambda: F.conv1d(x3, w3, dilation=3), errors.ShapeError, "a window that spans (7,) does not"),
    ("dtypes", lambda: F.conv1d(x3, w3.double()), errors.DTypeError, "the dtypes are float32, float64"),
    ("integers", lambda: F.conv1d(x3.long(), w3.long()), errors.DTypeError, "must be one float dtype"),
    (
        "stride",
        lambda: F.conv2d(x4, w4, stride=0),
        errors.DomainError,
        "stride must be a whole number of at",
    ),
    (
        "strides",
        lambda: F.conv2d(x4, w4, stride=(1, 2, 3)),
        errors.DomainError,
        "or 2 of them, one for each",
    ),
    ("padding", lambda: F.conv2d(x4, w4, padding=-1), errors.DomainError, "of at least 0, or 2 of them"),
    ("words", lambda: F.conv2d(x4, w4, padding="same"), errors.DTypeError, "and it is 'same'"),
    ("truth", lambda: F.conv2d(x4, w4, padding=True), errors.DomainError, "and it is True"),
    ("text", lambda: F.conv2d("x", w4), errors.DTypeError, "conv2d cannot take 'x'"),
    (
        "pool rank",
        lambda: F.max_pool2d(cr.ones(5, 5), 2),
        errors.ShapeError,
        "or (channels, height, width)",
    ),
    (
        "pool rim",
        lambda: F.max_pool2d(x4, 3, padding=2),
        errors.DomainError,
        "more than half of the window",
    ),
    (
        "pool size",
        lambda: F.avg_pool2d(x4, 6),
        errors.ShapeError,
        "a window that spans (6, 6) does not fit",
    ),
    ("pool dtype", lambda: F.max_pool2d(x4.long(), 2), errors.DTypeError, "max_pool2d is not defined for"),
    ("norm", lambda: F.layer_norm(x3, 4), errors.ShapeError, "its last axes must be (4,): shape (..., 4)"),
    (
        "norm weight",
        lambda: F.layer_norm(x3, 5, cr.ones(2)),
        errors.ShapeError,
        "the weight has shape (2,)",
    ),
    ("norm ints", lambda: F.layer_norm(x3.long(), 5), errors.DTypeError, "write x.float().mean()"),
    (
        "places",
        lambda: F.embedding(whole, cr.ones(4, 3)),
        errors.IndexOutOfRangeError,
        "at [1, 1] is 4, and",
    ),
    (
        "negative",
        lambda: F.embedding(-whole, cr.ones(5, 3)),
        errors.IndexOutOfRangeError,
        "at [0, 0] is -1",
    ),
    ("no places", lambda: F.embedding(x3, cr.ones(4, 3)), errors.DTypeError, "use .long()"),
    (
        "no table",
        lambda: F.embedding(whole, cr.ones(4)),
        errors.ShapeError,
        "matrix of shape (entries, fea",
    ),
    ("dropout", lambda: F.dropout(x3, 1.5), errors.DomainError, "a number from 0 to 1, and it is 1.5"),
    ("dropout p", lambda: F.dropout(x3, "a"), errors.DTypeError, "p must be a probability"),
    ("dropout of ints", lambda: F.dropout(whole), errors.DTypeError, "dropout is not defined for a tensor"),
    ("gelu", lambda: F.gelu(x3, "erf"), errors.DomainError, "approximate='erf' is not known"),
    ("pad odd", lambda: F.pad(x3, (1,)), errors.ShapeError, "pad: the widths are (1,)"),
    ("pad many", lambda: F.pad(cr.ones(2), (1, 1, 1, 1)), errors.ShapeError, "for a shape of (2,)"),
    ("pad less", lambda: F.pad(x3, (-1, 0)), errors.ShapeError, "at least 0 for each axis"),
    ("pad text", lambda: F.pad(x3, "ab"), errors.ShapeError, "the widths are 'ab'"),
    ("pad mode", lambda: F.pad(x3, (1, 1), "reflect"), errors.DomainError, "mode='reflect' is not there"),
    (
        "attention features",
        lambda: F.scaled_dot_product_attention(cr.ones(2, 3), cr.ones(2, 4), cr.ones(2, 4)),
        errors.ShapeError,
        "query and key with the same features",
    ),
    (
        "attention places",
        lambda: F.scaled_dot_product_attention(cr.ones(2, 3), cr.ones(2, 3), cr.ones(4, 3)),
        errors.ShapeError,
        "the value (4, 3)",
    ),
    (
        "attention batches",
        lambda: F.scaled_dot_product_attention(cr.ones(2, 2, 3), cr.ones(3, 2, 3), cr.ones(2, 2, 3)),
        errors.ShapeError,
        "the axes before them must broadcast",
    ),
    (
        "attention mask",
        lambda: F.scaled_dot_product_attention(x3, x3, x3, attn_mask=cr.ones(3)),
        errors.ShapeError,
        "must broadcast to the scores, of shape (1, 2, 2)",
    ),
    (
        "attention mask of integers",
        lambda: F.scaled_dot_product_attention(x3, x3, x3, attn_mask=cr.ones(2, 2).long()),
        errors.DTypeError,
        "it must be boolean, or of floats",
    ),
]


@pytest.mark.parametrize(
    ("call", "kind", "message"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED]
)
def test_refusals(call: Any, kind: type[Exception], message: str) -> None:
    with pytest.raises(errors.ChainruleError) as caught:
        call()
    assert isinstance(caught.value, kind)
    assert message in str(caught.value)
