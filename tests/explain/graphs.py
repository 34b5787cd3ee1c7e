"""The two graphs of the course, and a loss through every row of the table that lets a gradient through."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import chainrule
from chainrule import Value, explain
from chainrule.explain import Derivation
from chainrule.nn import functional as F

Graph = Callable[[], Any]


def regression(**options: Any) -> Derivation:
    """The course's regression: L = (ŷ − y)² with ŷ = x·w."""
    x, y = chainrule.tensor(1.0), chainrule.tensor(2.0)
    w = chainrule.tensor(1.0, requires_grad=True)
    ŷ = x * w
    S = ŷ - y
    L = S**2
    return explain(L, **options)


def a_b_c_f(**options: Any) -> Derivation:
    """The course's a, b, c, f: L = (a·b + c)·f."""
    a, b, c, f = Value(2.0), Value(-3.0), Value(10.0), Value(-2.0)
    e = a * b
    d = e + c
    L = d * f
    return explain(L, **options)


def tensor(*numbers: Any, shape: tuple[int, ...] | None = None) -> Any:
    """A leaf in float64."""
    data = chainrule.tensor(numbers, dtype=chainrule.float64)
    return (data if shape is None else data.reshape(shape)).detach().requires_grad_()


X = (0.5, -1.25, 2.0, 0.75, -0.5, 1.5)
Y = (1.5, 0.25, 0.75, 2.5, 1.0, 3.0)


def _matrix() -> Any:
    return tensor(*X, shape=(2, 3))


def _positive() -> Any:
    return tensor(*Y, shape=(2, 3))


def _overwritten() -> Any:
    x = _matrix()
    y = x * 2
    y[0] = x[1] * x[1]
    return (y * y).sum()


def _twice_differentiated() -> Any:
    x = _matrix()
    (g,) = chainrule.autograd.grad((x[:, 1:] ** 3).sum(), x, create_graph=True)
    return (g * g).sum()


def _gathered_twice() -> Any:
    x = _matrix()
    columns = chainrule.tensor([[0, 2], [1, 1]])
    (g,) = chainrule.autograd.grad((x.gather(1, columns) ** 3).sum(), x, create_graph=True)
    return (g * g).sum()


def _image() -> Any:
    return tensor(*X, *Y, -0.25, -2.0, 0.1, 1.1, shape=(1, 1, 4, 4))


def _filters() -> Any:
    return tensor(*Y[:4], *X[:4], shape=(2, 1, 2, 2))


def _convolved_twice() -> Any:
    image, filters = _image(), _filters()
    out = F.conv2d(image, filters, stride=2)
    gradients = chainrule.autograd.grad((out**3).sum(), (image, filters), create_graph=True)
    return sum((g * g).sum() for g in gradients)


#: By name, so that a failure says which.
GRAPHS: dict[str, Graph] = {
    "add": lambda: (_matrix() + _positive()).sum(),
    "sub": lambda: (_matrix() - _positive()).mean(),
    "mul": lambda: (_matrix() * _positive()).sum(),
    "div": lambda: (_matrix() / _positive()).sum(),
    "neg": lambda: (-_matrix() * _matrix()).sum(),
    "pow": lambda: (_positive() ** 3).sum(),
    "pow of a tensor": lambda: (_positive() ** _matrix()).sum(),
    "clone": lambda: (_matrix().clone() * 2).sum(),
    "exp": lambda: _matrix().exp().sum(),
    "log": lambda: _positive().log().sum(),
    "sqrt": lambda: _positive().sqrt().sum(),
    "sin": lambda: _matrix().sin().sum(),
    "cos": lambda: _matrix().cos().sum(),
    "tanh": lambda: _matrix().tanh().sum(),
    "erf": lambda: _matrix().erf().sum(),
    "sigmoid": lambda: _matrix().sigmoid().sum(),
    "relu": lambda: _matrix().relu().sum(),
    "abs": lambda: _matrix().abs().sum(),
    "maximum": lambda: chainrule.maximum(_matrix(), _positive()).sum(),
    "minimum": lambda: chainrule.minimum(_matrix(), _positive()).sum(),
    "clamp": lambda: _matrix().clamp(-1.0, 1.0).sum(),
    "where": lambda: chainrule.where(_matrix() > 0, _matrix() * 2, _positive()).sum(),
    "broadcasting": lambda: (_matrix() * tensor(1.0, 2.0, 3.0) + tensor(0.5)).sum(),
    "sum along one": lambda: (_matrix().sum(0) ** 2).sum(),
    "mean along one": lambda: (_matrix().mean(1, keepdim=True) ** 2).sum(),
    "max": lambda: _matrix().amax(1).sum(),
    "min": lambda: _matrix().amin().exp(),
    "logsumexp": lambda: (_matrix().logsumexp(1) ** 2).sum(),
    "softmax": lambda: (_matrix().softmax(1) * _positive()).sum(),
    "log_softmax": lambda: (_matrix().log_softmax(0) * _positive()).sum(),
    "reshape": lambda: (_matrix().reshape(3, 2) * _positive().reshape(3, 2)).sum(),
    "permute_dims": lambda: (_matrix().permute(1, 0) ** 2).sum(),
    "broadcast_to": lambda: (tensor(1.0, 2.0, 3.0).broadcast_to((2, 3)) * _matrix()).sum(),
    "squeeze": lambda: (_matrix().reshape(2, 1, 3).squeeze(1) ** 2).sum(),
    "expand_dims": lambda: (_matrix().unsqueeze(0) ** 2).sum(),
    "concat": lambda: (chainrule.cat([_matrix(), _positive()], 1) ** 2).sum(),
    "stack": lambda: (chainrule.stack([_matrix(), _positive()], 0) ** 2).sum(),
    "astype": lambda: (_matrix().float() ** 2).sum(),
    "getitem": lambda: (_matrix()[:, 1] ** 2).sum(),
    "getitem by indices": lambda: (_matrix()[chainrule.tensor([0, 0, 1])] ** 2).sum(),
    "put": _overwritten,
    "take_along_axis": lambda: (_matrix().gather(1, chainrule.tensor([[2], [0]])) ** 2).sum(),
    "index_add": _twice_differentiated,
    "scatter_add": _gathered_twice,
    "convolution": lambda: (F.conv2d(_image(), _filters(), padding=1) ** 2).sum(),
    "convolution_input, convolution_weight": _convolved_twice,
    "max_pool": lambda: (F.max_pool2d(_image(), 2) ** 2).sum(),
    "avg_pool": lambda: (F.avg_pool2d(_image(), 3, stride=1) ** 2).sum(),
    "matmul": lambda: (_matrix() @ _positive().T).sum(),
    "matmul of vectors": lambda: tensor(*X) @ tensor(*Y),
}
