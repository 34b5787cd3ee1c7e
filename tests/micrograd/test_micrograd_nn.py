"""Neurons, layers and networks of Values against micrograd's own."""

from __future__ import annotations

import random

import micrograd.engine
import micrograd.nn
import pytest

import chainrule
import chainrule.micrograd.engine
import chainrule.micrograd.nn
from chainrule import errors
from chainrule.micrograd.nn import MLP, Layer, Neuron

PACKAGES = (chainrule.micrograd, micrograd)


def test_the_engine_is_value() -> None:
    assert chainrule.micrograd.engine.Value is chainrule.Value


def test_the_same_seed_draws_the_same_weights() -> None:
    drawn = []
    for package in PACKAGES:
        random.seed(1)
        drawn.append([p.data for p in package.nn.MLP(3, [4, 4, 1]).parameters()])
    assert drawn[0] == drawn[1]


def test_the_printed_forms_are_the_same() -> None:
    for make in (
        lambda nn: nn.Neuron(2),
        lambda nn: nn.Neuron(2, nonlin=False),
        lambda nn: nn.Layer(2, 2),
        lambda nn: nn.Layer(2, 1, nonlin=False),
        lambda nn: nn.MLP(2, [3, 1]),
    ):
        ours, theirs = (repr(make(package.nn)) for package in PACKAGES)
        assert ours == theirs


@pytest.mark.parametrize("sizes", [[1], [4, 1], [4, 3, 2]])
def test_outputs_and_gradients_are_the_same(sizes: list[int]) -> None:
    results = []
    for package in PACKAGES:
        random.seed(2)
        model = package.nn.MLP(3, sizes)
        out = model([0.5, package.engine.Value(-1.5), 2])
        total = sum(out) if isinstance(out, list) else out
        total.backward()
        results.append([total.data, *(p.grad for p in model.parameters())])
        model.zero_grad()
        assert all(p.grad == 0 for p in model.parameters())
    assert results[0][0] == results[1][0]  # the sums run in the same order: the same bits
    assert results[0] == pytest.approx(results[1], rel=1e-14)


def test_parameters_come_in_order() -> None:
    model = MLP(2, [2, 1])
    expected = [p for layer in model.layers for n in layer.neurons for p in (*n.w, n.b)]
    assert all(a is b for a, b in zip(model.parameters(), expected, strict=True))
    assert len(model.parameters()) == 9


def test_a_layer_of_one_neuron_feeds_the_next() -> None:
    model = MLP(2, [1, 1])
    assert isinstance(model([1.0, 2.0]), chainrule.Value)
    assert isinstance(Neuron(2)(x for x in (1.0, 2.0)), chainrule.Value)


def test_what_is_refused() -> None:
    with pytest.raises(errors.ShapeError, match="3 inputs were given to a neuron of 2 weights"):
        MLP(2, [2, 1])([1.0, 2.0, 3.0])
    with pytest.raises(errors.DTypeError, match=r"inputs must be a list.*3.0 \(float\)"):
        Neuron(1)(3.0)
    with pytest.raises(errors.DomainError, match="nin must be a whole number of at least 1"):
        Neuron(0)
    with pytest.raises(errors.DTypeError, match=r"Layer: nout must be a whole number.*1.5"):
        Layer(2, 1.5)
    with pytest.raises(errors.DTypeError, match=r"must be a list such as \[16, 16, 1\].*16"):
        MLP(2, 16)
    with pytest.raises(errors.DomainError, match=r"each size must be a whole number.*-1"):
        MLP(2, [3, -1])
