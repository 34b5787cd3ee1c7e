"""Losses against PyTorch's, values and gradients, and what they refuse."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import torch

import chainrule
from chainrule import errors, nn
from chainrule.nn import functional as F

RNG = np.random.default_rng(7)
REDUCTIONS = ["mean", "sum", "none"]


def value_and_gradient(lib, function, prediction, target, reduction):
    leaf = lib.tensor(prediction, requires_grad=True)
    loss = function(leaf, lib.tensor(target), reduction=reduction)
    (loss * loss).sum().backward()
    return loss.detach().numpy(), leaf.grad.numpy()


def assert_same(name, prediction, target, reduction):
    ours = value_and_gradient(chainrule, getattr(F, name), prediction, target, reduction)
    reference = getattr(torch.nn.functional, name)
    theirs = value_and_gradient(torch, reference, prediction, target, reduction)
    rtol = 1e-5 if prediction.dtype == np.float32 else 1e-12
    for a, b in zip(ours, theirs, strict=True):
        assert a.shape == b.shape
        assert a.dtype == b.dtype
        np.testing.assert_allclose(a, b, rtol=rtol, atol=rtol)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("shape", [(), (4,), (4, 3)])
def test_mse_is_torchs(shape, reduction, dtype) -> None:
    prediction, target = RNG.normal(size=(2, *shape)).astype(dtype)
    assert_same("mse_loss", np.asarray(prediction), np.asarray(target), reduction)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("shape", [(5,), (4, 5), (4, 5, 2), (4, 5, 2, 3)])
@pytest.mark.parametrize("name", ["cross_entropy", "nll_loss"])
def test_class_losses_are_torchs(name, shape, reduction, dtype) -> None:
    scores = (3 * RNG.normal(size=shape)).astype(dtype)
    labels = np.asarray(RNG.integers(0, 5, size=shape[:1] + shape[2:] if len(shape) > 1 else ()))
    assert_same(name, scores, labels, reduction)


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("shape", [(5,), (4, 5), (4, 5, 2)])
def test_cross_entropy_with_probabilities_is_torchs(shape, reduction) -> None:
    axis = min(len(shape) - 1, 1)
    weights = RNG.random(size=shape)
    probabilities = weights / weights.sum(axis=axis, keepdims=True)
    assert_same("cross_entropy", RNG.normal(size=shape), probabilities, reduction)


def test_cross_entropy_of_huge_scores_is_finite() -> None:
    scores = np.array([[1e4, -1e4, 0.0], [-1e30, 1e30, 1.0]], dtype=np.float32)
    assert_same("cross_entropy", scores, np.array([0, 1]), "none")
    assert_same("cross_entropy", scores[:1], np.array([1]), "none")


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_hinge_is_its_definition(reduction) -> None:
    scores, labels = RNG.normal(size=(4, 2)), RNG.choice([-1, 1], size=(4, 2))
    ours = value_and_gradient(chainrule, F.hinge_loss, scores, labels, reduction)

    def reference(x, y, reduction):
        losses = torch.relu(1 - y * x)
        return losses if reduction == "none" else getattr(losses, reduction)()

    theirs = value_and_gradient(torch, reference, scores, labels, reduction)
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12)


def test_modules_are_the_functions() -> None:
    x, y = chainrule.randn(4, 3), chainrule.randn(4, 3)
    labels, signs = chainrule.tensor([0, 1, 2, 1]), chainrule.where(y > 0, 1.0, -1.0)
    for reduction in REDUCTIONS:
        assert nn.MSELoss(reduction)(x, y).tolist() == F.mse_loss(x, y, reduction).tolist()
        assert (
            nn.CrossEntropyLoss(reduction)(x, labels).tolist()
            == F.cross_entropy(x, labels, reduction).tolist()
        )
        assert nn.HingeLoss(reduction)(x, signs).tolist() == F.hinge_loss(x, signs, reduction).tolist()
    assert nn.MSELoss().reduction == "mean"
    for module, function in ((nn.ReLU, F.relu), (nn.Tanh, F.tanh), (nn.Sigmoid, F.sigmoid)):
        assert module()(x).tolist() == function(x).tolist()


def test_one_hot_is_torchs() -> None:
    labels = np.array([[0, 2], [1, 1]])
    for arguments in ((), (4,)):
        ours = F.one_hot(chainrule.tensor(labels), *arguments)
        theirs = torch.nn.functional.one_hot(torch.tensor(labels), *arguments)
        assert ours.tolist() == theirs.tolist()
        assert ours.dtype == chainrule.int64
    with pytest.raises(errors.IndexOutOfRangeError, match=r"label at \[0, 1\] is 2.*2 classes"):
        F.one_hot(chainrule.tensor(labels), 2)
    with pytest.raises(errors.DTypeError, match="labels must be whole numbers"):
        F.one_hot(chainrule.tensor([0.5]))
    with pytest.raises(errors.DomainError, match="num_classes must be a whole number"):
        F.one_hot(chainrule.tensor([0]), 0)
    with pytest.raises(errors.DTypeError, match=r"one_hot: the labels must be a Tensor.*\[0\]"):
        F.one_hot([0])


# ------------------------------------------------------------------ what is refused


def test_reductions() -> None:
    x = chainrule.ones(2)
    with pytest.raises(errors.DomainError, match=r"mse_loss: reduction='max' is not known.*'none'"):
        F.mse_loss(x, x, reduction="max")
    with pytest.raises(errors.DomainError, match="CrossEntropyLoss: reduction=None"):
        nn.CrossEntropyLoss(None)


@pytest.mark.parametrize("name", ["mse_loss", "hinge_loss", "cross_entropy", "nll_loss"])
def test_only_tensors(name) -> None:
    x = chainrule.ones(2)
    with pytest.raises(errors.DTypeError, match=rf"{name}: the target must be a Tensor.*\[1, 1\]"):
        getattr(F, name)(x, [1, 1])
    with pytest.raises(errors.DTypeError, match=rf"{name}: the input must be a Tensor.*3.0"):
        getattr(F, name)(3.0, x)


def test_shapes_that_cannot_be_compared() -> None:
    with pytest.raises(
        errors.ShapeError,
        match=r"mse_loss: the prediction has shape \(3,\) and the target has shape \(2,\)",
    ):
        F.mse_loss(chainrule.ones(3), chainrule.ones(2))


def test_class_labels() -> None:
    scores = chainrule.zeros(4, 3)
    with pytest.raises(
        errors.IndexOutOfRangeError,
        match=r"label at \[2\] is 3, and there are 3 classes, numbered 0 to 2",
    ):
        F.cross_entropy(scores, chainrule.tensor([0, 1, 3, 5]))
    with pytest.raises(errors.IndexOutOfRangeError, match=r"label at \[0\] is -1"):
        F.nll_loss(scores, chainrule.tensor([-1, 1, 0, 0]))
    with pytest.raises(
        errors.ShapeError, match=r"scores of shape \(4, 3\) need labels of shape \(4,\).*\(4, 1\)"
    ):
        F.cross_entropy(scores, chainrule.tensor([[0], [1], [2], [0]]))
    with pytest.raises(errors.DTypeError, match=r"labels must be whole.*labels.long\(\)"):
        F.cross_entropy(scores, chainrule.ones(4))
    with pytest.raises(errors.ShapeError, match="the scores are one number"):
        F.cross_entropy(chainrule.tensor(1.0), chainrule.tensor(0))


def test_hinge_labels() -> None:
    with pytest.raises(
        errors.DomainError, match=r"label at \[1\] is 0, and labels must be -1 or \+1.*2 \* labels"
    ):
        F.hinge_loss(chainrule.ones(2), chainrule.tensor([1, 0]))


# ------------------------------------------------------------------ broadcasting


def test_a_column_against_a_row_is_said_once_a_line() -> None:
    prediction, target = chainrule.ones(4, 1), chainrule.zeros(4)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for _ in range(3):
            loss = F.mse_loss(prediction, target)
        F.mse_loss(prediction, target)
        nn.MSELoss()(prediction, target)
    assert loss.item() == 1.0
    assert len(caught) == 3
    assert all(warning.category is errors.BroadcastWarning for warning in caught)
    assert all(warning.filename == __file__ for warning in caught)
    lines = [warning.lineno for warning in caught]
    assert lines == [lines[0], lines[0] + 1, lines[0] + 2]
    assert str(caught[0].message) == (
        "mse_loss: the prediction has shape (4, 1) and the target has shape (4,), so 16 pairs of "
        "shape (4, 4) are compared, which is rarely meant. Write target.reshape(4, 1) if they are "
        "the same examples."
    )


def test_other_broadcasting_is_said_too() -> None:
    with pytest.warns(errors.BroadcastWarning, match=r"hinge_loss.*\(4, 3\).*\(3,\).*expand"):
        F.hinge_loss(chainrule.ones(4, 3), chainrule.ones(3))


def test_the_warning_can_be_an_error_every_time() -> None:
    for _ in range(2):
        with pytest.raises(errors.BroadcastWarning):  # the suite turns warnings into errors
            F.mse_loss(chainrule.ones(4, 1), chainrule.zeros(4))


def test_one_number_is_no_surprise() -> None:
    assert F.mse_loss(chainrule.ones(4, 1), chainrule.tensor(0.0)).item() == 1.0
    assert F.mse_loss(chainrule.ones(1, 1), chainrule.zeros(1)).item() == 1.0
