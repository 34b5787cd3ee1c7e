"""The layers against PyTorch's, with the same weights: names, outputs, gradients; how they start."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

import chainrule as cr
from against_torch import assert_same_tensor
from chainrule import errors, nn

rng = np.random.default_rng(0)


def normal(*shape: int) -> np.ndarray:
    return rng.normal(size=shape).astype(np.float32)


#: (how to make it from the library's nn, its input)
LAYERS: list[tuple[Any, np.ndarray]] = [
    (lambda nn: nn.Linear(4, 3), normal(5, 4)),
    (lambda nn: nn.Conv1d(2, 4, 3), normal(3, 2, 8)),
    (lambda nn: nn.Conv1d(4, 6, 3, stride=2, padding=1, dilation=2, groups=2, bias=False), normal(3, 4, 9)),
    (lambda nn: nn.Conv2d(1, 3, 3), normal(2, 1, 6, 6)),
    (lambda nn: nn.Conv2d(2, 4, (3, 2), stride=(2, 1), padding=(1, 0), groups=2), normal(2, 2, 6, 6)),
    (lambda nn: nn.Conv2d(2, 2, 2, dilation=2), normal(2, 2, 6, 6)),
    (lambda nn: nn.MaxPool2d(2), normal(2, 3, 6, 7)),
    (lambda nn: nn.MaxPool2d(3, stride=2, padding=1), normal(2, 3, 6, 7)),
    (lambda nn: nn.AvgPool2d((2, 3)), normal(2, 3, 6, 7)),
    (lambda nn: nn.AvgPool2d(3, 1, 1), normal(2, 3, 6, 7)),
    (lambda nn: nn.LayerNorm(5), normal(3, 4, 5)),
    (lambda nn: nn.LayerNorm((4, 5), eps=1e-3, bias=False), normal(3, 4, 5)),
    (lambda nn: nn.LayerNorm([5], elementwise_affine=False), normal(3, 4, 5)),
    (lambda nn: nn.Embedding(7, 3), rng.integers(0, 7, (4, 5))),
    (lambda nn: nn.GELU(), normal(3, 4)),
    (lambda nn: nn.GELU(approximate="tanh"), normal(3, 4)),
    (lambda nn: nn.SiLU(), normal(3, 4)),
    (lambda nn: nn.LeakyReLU(0.2), normal(3, 4)),
    (lambda nn: nn.Softmax(dim=1), normal(3, 4)),
    (lambda nn: nn.Dropout(0.3).eval(), normal(3, 4)),
    (
        lambda nn: nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Flatten(), nn.Linear(32, 3)),
        normal(2, 1, 6, 6),
    ),
]
NAMES = [repr(make(torch.nn)).split("\n")[0] for make, _ in LAYERS]


def like_torchs(ours: nn.Module, theirs: torch.nn.Module) -> None:
    """Gives our module PyTorch's weights, under the same names."""
    state = {name: cr.tensor(value.numpy()) for name, value in theirs.state_dict().items()}
    assert list(ours.state_dict()) == list(state)
    ours.load_state_dict(state)


@pytest.mark.parametrize(("make", "array"), LAYERS, ids=NAMES)
def test_layers_give_what_pytorchs_give(make: Any, array: np.ndarray) -> None:
    ours, theirs = make(nn), make(torch.nn)
    like_torchs(ours, theirs)
    trained = array.dtype.kind == "f"
    x = cr.tensor(array, requires_grad=trained)
    t = torch.tensor(array, requires_grad=trained)
    out, expected = ours(x), theirs(t)
    assert_same_tensor(out, expected, scale=5.0)
    g = np.random.default_rng(1).normal(size=tuple(out.shape)).astype(np.float32)
    out.backward(cr.tensor(g))
    expected.backward(torch.tensor(g))
    if trained:
        assert_same_tensor(x.grad, t.grad, scale=20.0)
    weights = dict(theirs.named_parameters())
    for name, parameter in ours.named_parameters():
        assert_same_tensor(parameter.grad, weights[name].grad, scale=20.0)


@pytest.mark.parametrize(("make", "array"), LAYERS, ids=NAMES)
def test_layers_start_as_pytorchs_do(make: Any, array: np.ndarray) -> None:
    """The same shapes; for each parameter the same mean and spread, in a thousand draws or more."""
    weights = dict(make(torch.nn).named_parameters())
    for name, parameter in make(nn).named_parameters():
        assert parameter.dtype == np.float32
        assert tuple(parameter.shape) == tuple(weights[name].shape)
        draws = 1 + 1000 // parameter.numel()
        ours = np.stack([dict(make(nn).named_parameters())[name].detach().numpy() for _ in range(draws)])
        theirs = np.stack([dict(make(torch.nn).named_parameters())[name].detach() for _ in range(draws)])
        spread = theirs.std()
        assert abs(ours.mean() - theirs.mean()) <= 0.2 * spread
        assert ours.std() == pytest.approx(spread, rel=0.15)
        if name.endswith("weight") and not isinstance(make(nn), nn.Embedding):
            assert np.abs(ours).max() <= 1.001 * np.abs(theirs).max() + 0.05 * spread


def test_layers_print_as_pytorchs_do() -> None:
    for make, _ in LAYERS:
        name = type(make(nn)).__name__
        if name in (
            "Linear",
            "Conv1d",
            "Conv2d",
            "LayerNorm",
            "Embedding",
            "GELU",
            "SiLU",
            "LeakyReLU",
            "Softmax",
        ):
            assert repr(make(nn)) == repr(make(torch.nn))
    assert repr(nn.MaxPool2d(2)) == "MaxPool2d(kernel_size=(2, 2), stride=(2, 2), padding=(0, 0))"
    assert repr(nn.Dropout(0.1)) == "Dropout(p=0.1)"


def test_dtypes_are_the_ones_asked_for() -> None:
    layers = [
        nn.Conv1d(1, 2, 3, dtype=cr.float64),
        nn.Conv2d(1, 2, 3, dtype=cr.float64),
        nn.LayerNorm(3, dtype=cr.float64),
        nn.Embedding(3, 2, dtype=cr.float64),
        nn.MultiheadAttention(4, 2, dtype=cr.float64),
    ]
    for layer in layers:
        assert {parameter.dtype for parameter in layer.parameters()} == {cr.float64}


def test_the_same_seed_gives_the_same_layers() -> None:
    def numbers() -> list[Any]:
        cr.manual_seed(5)
        layers = (nn.Conv2d(2, 3, 3), nn.Embedding(3, 2), nn.MultiheadAttention(4, 2))
        return [p.tolist() for layer in layers for p in layer.parameters()]

    assert numbers() == numbers()


def test_dropout_is_for_training_alone() -> None:
    model = nn.Sequential(nn.Dropout(0.5), nn.Flatten())
    x = cr.ones(4, 100)
    assert set(model(x).flatten().tolist()) == {0.0, 2.0}
    assert model.eval()(x).tolist() == x.tolist()
    assert 0.0 in model.train()(x).flatten().tolist()


# --- attention ----------------------------------------------------------------------------------------

MASK = np.triu(np.ones((5, 5), bool), 1)
PADDED = np.array([[False] * 5, [False, False, False, True, True]])


def attentions(**options: Any) -> tuple[nn.MultiheadAttention, Any]:
    ours = nn.MultiheadAttention(8, 2, **options)
    theirs = torch.nn.MultiheadAttention(8, 2, batch_first=True, **options)
    like_torchs(ours, theirs)
    return ours, theirs


CALLS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("plain", {}, {}),
    ("without bias", {"bias": False}, {}),
    ("heads apart", {}, {"average_attn_weights": False}),
    ("output alone", {}, {"need_weights": False}),
    ("masked", {}, {"attn_mask": MASK}),
    ("with a bias of scores", {}, {"attn_mask": normal(5, 5)}),
    ("with a bias for each head", {}, {"attn_mask": normal(4, 5, 5)}),
    ("padded", {}, {"key_padding_mask": PADDED}),
    ("masked and padded", {}, {"attn_mask": MASK, "key_padding_mask": PADDED}),
    (
        "bias and padding",
        {},
        {"attn_mask": normal(5, 5), "key_padding_mask": np.where(PADDED, -np.inf, 0).astype(np.float32)},
    ),
]


@pytest.mark.parametrize(("options", "call"), [c[1:] for c in CALLS], ids=[c[0] for c in CALLS])
@pytest.mark.parametrize("alone", [True, False], ids=["self", "cross"])
def test_attention_gives_what_pytorchs_gives(
    options: dict[str, Any], call: dict[str, Any], alone: bool
) -> None:
    ours, theirs = attentions(**options)
    arrays = [normal(2, 5, 8)] if alone else [normal(2, 5, 8) for _ in range(3)]
    results = []
    for lib, module in ((cr, ours), (torch, theirs)):
        given = [lib.tensor(array, requires_grad=True) for array in arrays]
        masks = {
            name: lib.tensor(value) if isinstance(value, np.ndarray) else value
            for name, value in call.items()
        }
        inputs = given * 3 if alone else given
        out, weights = module(*inputs, **masks)
        loss = (out * lib.tensor(normal_once(out.shape))).sum()
        if weights is not None:
            loss = loss + (weights * lib.tensor(normal_once(weights.shape))).sum()
        loss.backward()
        gradients = [x.grad for x in given] + [p.grad for p in module.parameters()]
        results.append([out, *([] if weights is None else [weights]), *gradients])
    assert len(results[0]) == len(results[1])
    for x, t in zip(*results, strict=True):
        assert_same_tensor(x, t, scale=20.0)


def normal_once(shape: Any) -> np.ndarray:
    return np.random.default_rng(2).normal(size=tuple(shape)).astype(np.float32)


def test_causal_attention_does_not_look_ahead() -> None:
    ours = nn.MultiheadAttention(8, 2)
    x = cr.tensor(normal(2, 5, 8))
    whole, weights = ours(x, x, x, is_causal=True)
    start, _ = ours(x[:, :3], x[:, :3], x[:, :3], is_causal=True)
    assert weights is not None
    assert cr.triu(weights, 1).abs().sum().item() == 0.0
    np.testing.assert_allclose(whole[:, :3].detach().numpy(), start.detach().numpy(), atol=1e-6)


def test_attention_drops_weights_in_training() -> None:
    ours = nn.MultiheadAttention(8, 2, dropout=0.5)
    x = cr.tensor(normal(2, 5, 8))
    _, weights = ours(x, x, x, average_attn_weights=False)
    assert (weights == 0).any()
    _, weights = ours.eval()(x, x, x, average_attn_weights=False)
    assert not (weights == 0).any()


def test_attention_starts_as_pytorchs_does() -> None:
    ours, theirs = nn.MultiheadAttention(32, 4), torch.nn.MultiheadAttention(32, 4)
    expected = theirs.state_dict()
    for name, value in ours.state_dict().items():
        assert np.abs(value.numpy()).max() <= 1.01 * expected[name].abs().max().item()
        assert value.numpy().std() == pytest.approx(expected[name].std().item(), rel=0.1)


# --- refusals -----------------------------------------------------------------------------------------

image = cr.ones(1, 2, 5, 5)
x = cr.ones(2, 3, 8)
attention = nn.MultiheadAttention(8, 2)

REFUSED: list[tuple[str, Any, type[Exception], str]] = [
    (
        "channels",
        lambda: nn.Conv2d(0, 1, 3),
        errors.DomainError,
        "Conv2d: in_channels must be a whole number",
    ),
    ("window", lambda: nn.Conv2d(1, 1, (1, 2, 3)), errors.DomainError, "Conv2d: kernel_size must be"),
    ("window of text", lambda: nn.Conv1d(1, 1, "3"), errors.DTypeError, "Conv1d: kernel_size must be"),
    ("groups", lambda: nn.Conv2d(3, 4, 3, groups=2), errors.DomainError, "Conv2d: groups=2 must divide"),
    (
        "input",
        lambda: nn.Conv2d(3, 4, 3)(image),
        errors.ShapeError,
        "has 2 channels, and the weight of shape",
    ),
    (
        "pool",
        lambda: nn.MaxPool2d(0),
        errors.DomainError,
        "MaxPool2d: kernel_size must be a whole number of",
    ),
    ("norm", lambda: nn.LayerNorm(4)(image), errors.ShapeError, "its last axes must be (4,)"),
    ("norm size", lambda: nn.LayerNorm(-1), errors.ShapeError, "LayerNorm was given a negative size"),
    ("table", lambda: nn.Embedding(3, 0), errors.DomainError, "Embedding: embedding_dim must be"),
    ("dropout", lambda: nn.Dropout(2), errors.DomainError, "Dropout: p must be a probability"),
    ("gelu", lambda: nn.GELU("fast"), errors.DomainError, "approximate='fast' is not known"),
    (
        "heads",
        lambda: nn.MultiheadAttention(8, 3),
        errors.DomainError,
        "embed_dim=8 cannot be cut into num",
    ),
    (
        "batch first",
        lambda: nn.MultiheadAttention(8, 2, batch_first=False),
        errors.DomainError,
        "Exchange its first two axes",
    ),
    (
        "query",
        lambda: attention(x[0], x, x),
        errors.ShapeError,
        "the query has shape (3, 8), and it must be",
    ),
    ("features", lambda: attention(x, x[..., :4], x), errors.ShapeError, "the key has shape (2, 3, 4)"),
    ("places", lambda: attention(x, x, x[:, :2]), errors.ShapeError, "key and value with the same places"),
    ("array", lambda: attention(x, x, [1.0]), errors.DTypeError, "the value must be a Tensor"),
    ("mask", lambda: attention(x, x, x, attn_mask=[1]), errors.DTypeError, "a mask must be a Tensor"),
    (
        "mask shape",
        lambda: attention(x, x, x, attn_mask=cr.ones(2, 2)),
        errors.ShapeError,
        "the mask has shape (2, 2), and it must broadcast to the scores, of shape (2, 2, 3, 3)",
    ),
    (
        "padding shape",
        lambda: attention(x, x, x, key_padding_mask=cr.ones(3)),
        errors.ShapeError,
        "the mask has shape (3,)",
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
