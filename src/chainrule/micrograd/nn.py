"""Neurons, layers and multi-layer perceptrons made of `Value` objects, one number at a time.

The names, the printed forms, the order in which weights are drawn from Python's `random`, and the
order in which products are summed are those of micrograd (Karpathy, 2020), so that a seeded program
gives the same numbers with either.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from threading import get_ident
from typing import Any
from weakref import ref

from chainrule import errors
from chainrule.counts import count
from chainrule.scopes import Noted, value_calls
from chainrule.value import Value

_note = value_calls.append  # a call costs 0.5 µs more for it, and an explanation knows what it made


class Module(Noted):
    """The base: parameters whose gradients can be set back to 0.

    A subclass defines ``forward``, which is what calling the module calls, or ``__call__`` itself, as with
    micrograd. Explanations show what a call that goes to ``forward`` computed as one group.
    """

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        began = Value(0.0)._time  # what asks the clock of values is a new value
        out = self.forward(*args, **kwargs)
        _note((ref(self), type(self).__name__, began, Value(0.0)._time, get_ident()))
        return out

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """The output for an input; every subclass defines its own, or ``__call__``."""
        raise errors.forward_missing(type(self).__name__)

    def zero_grad(self) -> None:
        """Sets the gradient of every parameter to 0."""
        for parameter in self.parameters():
            parameter.grad = 0

    def named_parameters(self) -> Iterator[tuple[str, Value]]:
        """Each parameter with the path that leads to it, for explanations."""
        yield from ()

    def named_modules(self, prefix: str = "") -> Iterator[tuple[str, Module]]:
        """This module and all below it, each once, with the paths that lead to them; this one's is
        ``prefix``.

        >>> [path for path, _ in MLP(2, [2]).named_modules("model")]
        ['model', 'model.layers[0]', 'model.layers[0].neurons[0]', 'model.layers[0].neurons[1]']
        """
        seen: set[int] = set()
        pending: list[tuple[str, Any]] = [(prefix, self)]
        while pending:
            path, module = pending.pop()
            if id(module) not in seen:
                seen.add(id(module))
                yield path, module
                pending += reversed(list(_held(path, module)))

    def parameters(self) -> list[Value]:
        """Every weight and bias, in the order in which they were made."""
        return []


class Neuron(Module):
    """``w · x + b``, through relu unless ``nonlin`` is False; ``nin`` weights, drawn in ±1.

    Raises `ShapeError` for another number of inputs.

    >>> from chainrule.micrograd.nn import Neuron
    >>> neuron = Neuron(2, nonlin=False)
    >>> neuron
    LinearNeuron(2)
    >>> neuron([0.0, 0.0])
    Value(data=0.0, grad=0)
    """

    def __init__(self, nin: int, nonlin: bool = True) -> None:
        self.w = [Value(random.uniform(-1, 1)) for _ in range(count("Neuron", "nin", nin))]
        self.b = Value(0)
        self.nonlin = nonlin

    def forward(self, x: Any) -> Value:
        """``w · x + b``, through relu unless ``nonlin`` is False."""
        inputs = _inputs(x)
        if len(inputs) != len(self.w):
            raise errors.neuron_inputs(len(inputs), len(self.w))
        total = self.b
        for weight, value in zip(self.w, inputs, strict=True):
            total = total + weight * value
        return total.relu() if self.nonlin else total

    def named_parameters(self) -> Iterator[tuple[str, Value]]:
        yield from ((f"w[{i}]", weight) for i, weight in enumerate(self.w))
        yield "b", self.b

    def parameters(self) -> list[Value]:
        """The weights, then the bias."""
        return [*self.w, self.b]

    def __repr__(self) -> str:
        return f"{'ReLU' if self.nonlin else 'Linear'}Neuron({len(self.w)})"


class Layer(Module):
    """``nout`` neurons that read the same inputs; the output of a single one is not a list.

    >>> from chainrule.micrograd.nn import Layer
    >>> Layer(2, 2)
    Layer of [ReLUNeuron(2), ReLUNeuron(2)]
    """

    def __init__(self, nin: int, nout: int, **kwargs: Any) -> None:
        nin, nout = count("Layer", "nin", nin), count("Layer", "nout", nout)
        self.neurons = [Neuron(nin, **kwargs) for _ in range(nout)]

    def forward(self, x: Any) -> Any:
        """The output of each neuron; of a single one, not in a list."""
        inputs = _inputs(x)
        out = [neuron(inputs) for neuron in self.neurons]
        return out[0] if len(out) == 1 else out

    def named_parameters(self) -> Iterator[tuple[str, Value]]:
        for i, neuron in enumerate(self.neurons):
            yield from ((f"neurons[{i}].{path}", p) for path, p in neuron.named_parameters())

    def parameters(self) -> list[Value]:
        """The parameters of each neuron in turn."""
        return [parameter for neuron in self.neurons for parameter in neuron.parameters()]

    def __repr__(self) -> str:
        return f"Layer of [{', '.join(map(str, self.neurons))}]"


class MLP(Module):
    """Layers one after the other, relu in all but the last: ``MLP(2, [16, 16, 1])``.

    >>> from chainrule.micrograd.nn import MLP
    >>> model = MLP(2, [2, 1])
    >>> model
    MLP of [Layer of [ReLUNeuron(2), ReLUNeuron(2)], Layer of [LinearNeuron(2)]]
    >>> len(model.parameters())
    9
    """

    def __init__(self, nin: int, nouts: Sequence[int]) -> None:
        if not isinstance(nouts, list | tuple):
            raise errors.layer_sizes(nouts)
        sizes = [count("MLP", "each size", size) for size in (nin, *nouts)]
        last = len(nouts) - 1
        self.layers = [Layer(sizes[i], sizes[i + 1], nonlin=i != last) for i in range(len(nouts))]

    def forward(self, x: Any) -> Any:
        """``x`` passed through every layer in turn."""
        for layer in self.layers:
            x = layer(x)
        return x

    def named_parameters(self) -> Iterator[tuple[str, Value]]:
        for i, layer in enumerate(self.layers):
            yield from ((f"layers[{i}].{path}", p) for path, p in layer.named_parameters())

    def parameters(self) -> list[Value]:
        """The parameters of each layer in turn."""
        return [parameter for layer in self.layers for parameter in layer.parameters()]

    def __repr__(self) -> str:
        return f"MLP of [{', '.join(map(str, self.layers))}]"


def _held(path: str, module: Module) -> Iterator[tuple[str, Module]]:
    """The modules that the attributes of ``module`` hold, themselves or in a list."""
    for name, value in vars(module).items():
        whole = f"{path}.{name}" if path else name
        members = enumerate(value) if isinstance(value, list | tuple) else ()
        if isinstance(value, Module):
            yield whole, value
        yield from ((f"{whole}[{i}]", one) for i, one in members if isinstance(one, Module))


def _inputs(x: Any) -> Any:
    """The inputs as a sequence; a layer of one neuron hands on a single `Value`."""
    if isinstance(x, list | tuple):
        return x
    if isinstance(x, Value):
        return [x]
    if not isinstance(x, Iterable):
        raise errors.neuron_input_type(x)
    return list(x)
