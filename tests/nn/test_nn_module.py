"""Modules: what they find in themselves, what they save and load, what they refuse."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
import torch

import chainrule
from chainrule import errors, nn


class Net(nn.Module):
    def __init__(self) -> None:
        self.scale = nn.Parameter(chainrule.tensor(2.0))
        self.first = nn.Linear(3, 4)
        self.act = nn.Tanh()
        self.second = nn.Linear(4, 2, bias=False)

    def forward(self, x: chainrule.Tensor) -> chainrule.Tensor:
        return self.scale * self.second(self.act(self.first(x)))


class TorchNet(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.scale = torch.nn.Parameter(torch.tensor(2.0))
        self.first = torch.nn.Linear(3, 4)
        self.act = torch.nn.Tanh()
        self.second = torch.nn.Linear(4, 2, bias=False)


def test_names_are_torchs() -> None:
    ours, theirs = Net(), TorchNet()
    assert [n for n, _ in ours.named_parameters()] == [n for n, _ in theirs.named_parameters()]
    assert [n for n, _ in ours.named_parameters("net")] == [n for n, _ in theirs.named_parameters("net")]
    assert [n for n, _ in ours.named_modules()] == [n for n, _ in theirs.named_modules()]
    assert [n for n, _ in ours.named_children()] == [n for n, _ in theirs.named_children()]
    assert list(ours.state_dict()) == list(theirs.state_dict())
    assert next(ours.modules()) is ours
    assert list(ours.children()) == [ours.first, ours.act, ours.second]


def test_the_printed_form_is_torchs() -> None:
    ours, theirs = Net(), TorchNet()
    assert repr(ours) == repr(theirs).replace("TorchNet", "Net")
    nested = nn.Sequential(nn.Flatten(), nn.Sequential(nn.Linear(2, 3), nn.ReLU()), nn.Sigmoid())
    reference = torch.nn.Sequential(
        torch.nn.Flatten(),
        torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.ReLU()),
        torch.nn.Sigmoid(),
    )
    assert repr(nested) == repr(reference)
    assert repr(nn.MSELoss()) == repr(torch.nn.MSELoss())
    assert repr(nn.Sequential()) == repr(torch.nn.Sequential())
    parameter = torch.nn.Parameter(torch.tensor([1.0, 2.0]))
    assert repr(nn.Parameter(chainrule.tensor([1.0, 2.0]))) == repr(parameter)


def test_a_copy_is_a_network_of_its_own() -> None:
    model = Net()
    copied = copy.deepcopy(model)
    assert isinstance(copied.scale, nn.Parameter)
    with chainrule.no_grad():
        copied.scale.add_(1)
    assert (model.scale.item(), copied.scale.item()) == (2.0, 3.0)
    assert copied.first.weight.tolist() == model.first.weight.tolist()
    assert pickle.loads(pickle.dumps(model))(chainrule.ones(3)).tolist() == (
        model(chainrule.ones(3)).tolist()
    )


def test_a_shared_parameter_is_found_once_and_saved_under_both_names() -> None:
    model = nn.Sequential(nn.Linear(2, 2, bias=False), nn.Linear(2, 2, bias=False))
    model[1].weight = model[0].weight
    assert [name for name, _ in model.named_parameters()] == ["0.weight"]
    assert list(model.state_dict()) == ["0.weight", "1.weight"]
    layer = nn.ReLU()
    twice = nn.Sequential(layer, layer)
    assert len(twice) == 2
    assert [name for name, _ in twice.named_modules()] == ["", "0"]
    assert list(twice.children()) == [layer]


def test_train_and_eval_reach_every_module() -> None:
    model = nn.Sequential(nn.Sequential(nn.ReLU()), nn.Tanh())
    assert all(module.training for module in model.modules())
    assert model.eval() is model
    assert not any(module.training for module in model.modules())
    assert model.train() is model
    assert all(module.training for module in model.modules())


def test_zero_grad() -> None:
    model = Net()
    model(chainrule.ones(2, 3)).sum().backward()
    assert all(p.grad is not None for p in model.parameters())
    model.zero_grad(set_to_none=False)
    assert all((p.grad == 0).all() for p in model.parameters())
    model.zero_grad()
    assert all(p.grad is None for p in model.parameters())
    model.zero_grad(set_to_none=False)
    assert all(p.grad is None for p in model.parameters())


def test_parameter() -> None:
    parameter = nn.Parameter(chainrule.tensor([1.0]))
    assert parameter.requires_grad
    assert parameter.is_leaf
    assert isinstance(parameter, chainrule.Tensor)
    assert not isinstance(parameter * 2, nn.Parameter)
    assert not nn.Parameter(chainrule.tensor([1.0]), requires_grad=False).requires_grad
    made = nn.Parameter(chainrule.tensor([1.0], requires_grad=True) * 2)
    assert made.is_leaf
    with pytest.raises(errors.DTypeError, match=r"Parameter: the data must be a Tensor.*\[1.0\]"):
        nn.Parameter([1.0])
    with pytest.raises(errors.DTypeError, match=r"must hold float32 or float64.*int64"):
        nn.Parameter(chainrule.tensor([1]))


def test_a_parameter_is_not_replaced_by_a_passing_result() -> None:
    model = Net()
    kept = model.scale
    with pytest.raises(errors.DTypeError, match=r"Net.scale is a Parameter.*in place"):
        model.scale = model.scale - 0.1
    assert model.scale is kept
    model.scale = nn.Parameter(chainrule.tensor(3.0))
    assert [p.item() for n, p in model.named_parameters() if n == "scale"] == [3.0]
    model.scale = None
    assert "scale" not in dict(model.named_parameters())


def test_a_module_without_forward() -> None:
    class Empty(nn.Module):
        pass

    with pytest.raises(errors.GraphError, match="Empty was called, and it has no forward"):
        Empty()(1)


def test_state_travels() -> None:
    first, second = Net(), Net()
    assert second.load_state_dict(first.state_dict()) == ([], [])
    for (_, a), (_, b) in zip(first.named_parameters(), second.named_parameters(), strict=True):
        assert a.tolist() == b.tolist()
        assert a is not b
    assert second.first.weight.requires_grad
    assert not second.state_dict()["first.weight"].requires_grad
    x = chainrule.ones(2, 3)
    assert first(x).tolist() == second(x).tolist()


def test_state_that_does_not_fit_changes_nothing() -> None:
    model = Net()
    before = {name: value.tolist() for name, value in model.state_dict().items()}
    good = {name: value.clone() + 1 for name, value in model.state_dict().items()}

    renamed = dict(good)
    renamed["third.weight"] = renamed.pop("second.weight")
    with pytest.raises(
        errors.NameUnknownError,
        match=r"do not fit Net \(missing: second.weight; unexpected: third.weight\).*strict=False",
    ):
        model.load_state_dict(renamed)
    wrong = {**good, "first.bias": chainrule.zeros(5)}
    with pytest.raises(errors.ShapeError, match=r"first.bias has shape \(5,\) and needs \(4,\) in Net"):
        model.load_state_dict(wrong)
    with pytest.raises(errors.DTypeError, match=r"scale must be a Tensor, and it is 3.0"):
        model.load_state_dict({**good, "scale": 3.0})
    with pytest.raises(errors.DTypeError, match=r"a dictionary as state_dict\(\) returns"):
        model.load_state_dict([1])
    assert {name: value.tolist() for name, value in model.state_dict().items()} == before

    report = model.load_state_dict(renamed, strict=False)
    assert report.missing_keys == ["second.weight"]
    assert report.unexpected_keys == ["third.weight"]
    assert model.scale.item() == 3.0
    assert model.second.weight.tolist() == before["second.weight"]


def test_sequential_as_a_sequence() -> None:
    linear, relu, tanh = nn.Linear(2, 3), nn.ReLU(), nn.Tanh()
    model = nn.Sequential(linear, relu)
    assert model.append(tanh) is model
    assert list(model) == [linear, relu, tanh]
    assert model[0] is linear
    assert model[-1] is tanh
    assert list(model[1:]) == [relu, tanh]
    with pytest.raises(errors.IndexOutOfRangeError, match="no layer 3; it holds 3 layers"):
        model[3]
    with pytest.raises(errors.DTypeError, match=r"item 1 must be a Module.*Create it first: ReLU"):
        nn.Sequential(linear, nn.ReLU)
    with pytest.raises(errors.DTypeError, match="item 3 must be a Module, and it is 'relu'"):
        model.append("relu")


def test_linear_starts_as_torchs_does() -> None:
    chainrule.manual_seed(0)
    layer = nn.Linear(100, 400)
    reference = torch.nn.Linear(100, 400)
    assert tuple(layer.weight.shape) == tuple(reference.weight.shape)
    assert layer.weight.dtype == chainrule.float32
    for ours, theirs in ((layer.weight, reference.weight), (layer.bias, reference.bias)):
        values, expected = ours.detach().numpy(), theirs.detach().numpy()
        assert np.abs(values).max() <= 0.1
        assert np.abs(values).max() > 0.099
        assert values.std() == pytest.approx(expected.std(), rel=0.1)
        assert abs(values.mean()) < 0.01
    chainrule.manual_seed(0)
    again = nn.Linear(100, 400)
    assert again.weight.tolist() == layer.weight.tolist()
    assert nn.Linear(np.int64(2), 3).in_features == 2


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (
            (0, 2),
            errors.DomainError,
            "Linear: in_features must be a whole.* at least 1.* 0",
        ),
        ((2, -1), errors.DomainError, "out_features must be a whole number of at least 1.*-1"),
        ((2.5, 1), errors.DTypeError, "in_features must be a whole number.*2.5"),
        ((True, 1), errors.DTypeError, "in_features must be a whole number.*True"),
    ],
)
def test_linear_refuses_sizes(arguments: tuple, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        nn.Linear(*arguments)


def test_linear_refuses_inputs() -> None:
    layer = nn.Linear(3, 2)
    with pytest.raises(errors.ShapeError, match=r"shape \(5, 4\), and its last axis must have 3 features"):
        layer(chainrule.ones(5, 4))
    with pytest.raises(errors.ShapeError, match=r"shape \(\), and its last axis must have 3"):
        layer(chainrule.tensor(1.0))
    with pytest.raises(errors.DTypeError, match=r"linear: the input must be a Tensor.*\[1.0"):
        layer([1.0, 2.0, 3.0])
    x = chainrule.ones(5, 3)
    with pytest.raises(errors.ShapeError, match=r"weight has shape \(3,\).*matrix"):
        nn.functional.linear(x, chainrule.ones(3))
    with pytest.raises(errors.ShapeError, match=r"bias has shape \(3,\).*must have shape \(2,\)"):
        nn.functional.linear(x, chainrule.ones(2, 3), chainrule.ones(3))


@pytest.mark.parametrize("shape", [(3,), (5, 3), (2, 5, 3)])
@pytest.mark.parametrize("with_bias", [True, False])
def test_linear_is_torchs(shape: tuple[int, ...], with_bias: bool) -> None:
    rng = np.random.default_rng(1)
    x, weight, bias = rng.normal(size=shape), rng.normal(size=(2, 3)), rng.normal(size=2)
    results = []
    for lib in (chainrule, torch):
        leaves = [lib.tensor(a, requires_grad=True) for a in (x, weight, bias)]
        out = lib.nn.functional.linear(*(leaves if with_bias else leaves[:2]))
        (out * out).sum().backward()
        used = leaves if with_bias else leaves[:2]
        results.append([out.detach().numpy(), *(leaf.grad.numpy() for leaf in used)])
    for ours, theirs in zip(*results, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12)


def test_flatten_is_torchs() -> None:
    x = np.zeros((2, 3, 4, 5))
    for arguments in ((), (0,), (1, 2), (0, -1)):
        ours = nn.Flatten(*arguments)(chainrule.tensor(x))
        theirs = torch.nn.Flatten(*arguments)(torch.tensor(x))
        assert tuple(ours.shape) == tuple(theirs.shape)


def test_linear_refuses_weights_that_are_no_tensors() -> None:
    x = chainrule.ones(2, 2)
    with pytest.raises(errors.DTypeError, match="linear: the weight must be a Tensor, and it is None"):
        nn.functional.linear(x, None)  # type: ignore[arg-type]  # refused
    with pytest.raises(errors.DTypeError, match=r"linear: the weight must be a Tensor.*\[\[1"):
        nn.functional.linear(x, [[1.0, 2.0]])  # type: ignore[arg-type]  # refused
    with pytest.raises(errors.DTypeError, match=r"linear: the bias must be a Tensor.*\[1"):
        nn.functional.linear(x, chainrule.ones(1, 2), [1.0])  # type: ignore[arg-type]  # refused
