"""Gradients of tensors: the two ways to ask for them, with PyTorch's names."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Generator, Sequence
from typing import Any

import numpy as np

from chainrule import eager, errors, tensor_namespace
from chainrule.autodiff.backward import Cotangents, own, reachable, sweep
from chainrule.autodiff.graph import Node, grad_mode, mode, overwrites, recorders
from chainrule.eager import wrap
from chainrule.gradcheck import gradcheck, gradgradcheck
from chainrule.tensor import Tensor

__all__ = [
    "backward",
    "enable_grad",
    "grad",
    "gradcheck",
    "gradgradcheck",
    "is_grad_enabled",
    "no_grad",
    "set_grad_enabled",
]


def backward(
    tensors: Tensor | Sequence[Tensor],
    grad_tensors: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    inputs: Any = None,
) -> None:
    """Add the gradients of ``tensors`` into the ``.grad`` of the leaves (of ``inputs`` alone, if given).

    See :meth:`chainrule.Tensor.backward`.
    """
    roots, seeds = _seeds(tensors, grad_tensors, "backward")
    keep = create_graph if retain_graph is None else retain_graph
    for recorder in recorders:
        recorder(roots[0], seeds[0]._data)
    if inputs is not None:
        wanted = _tensors(inputs, "backward")
        for x, g in zip(wanted, _gradients(roots, seeds, wanted, keep, create_graph), strict=True):
            if g is not None:
                _accumulate(x, g if create_graph else g._data, create_graph)
        return
    found = _run(roots, seeds, keep, create_graph)
    for leaf, g in found.leaves.items():
        if leaf._grad is None and not create_graph:
            leaf._grad = wrap(g)
        else:
            _accumulate(leaf, g, create_graph)
    for node, g in found.watched.items():
        for reference in node.watchers or ():
            if (tensor := reference()) is not None:
                _accumulate(tensor, g if create_graph else own(g), create_graph)


def grad(
    outputs: Tensor | Sequence[Tensor],
    inputs: Tensor | Sequence[Tensor],
    grad_outputs: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    allow_unused: bool = False,
) -> tuple[Tensor | None, ...]:
    """The gradients of ``outputs`` with respect to ``inputs``, returned; no ``.grad`` is touched.

    >>> import chainrule as cr
    >>> x = cr.tensor(3.0, requires_grad=True)
    >>> (g,) = cr.autograd.grad(x**3, x, create_graph=True)
    >>> cr.autograd.grad(g, x)
    (tensor(18.),)

    Raises GraphError where an input does not require grad, or was not used (unless ``allow_unused``,
    which gives None for it).
    """
    roots, seeds = _seeds(outputs, grad_outputs, "autograd.grad")
    wanted = _tensors(inputs, "autograd.grad")
    for place, x in enumerate(wanted):
        if not x.requires_grad:
            raise errors.input_does_not_require_grad(place, x.shape)
    keep = create_graph if retain_graph is None else retain_graph
    reached = _reached(roots)
    for place, x in enumerate(wanted):
        if not allow_unused and (x._node if x._node is not None else x) not in reached:
            raise errors.input_not_used(place, x.shape)
    return tuple(_gradients(roots, seeds, wanted, keep, create_graph))


def _gradients(
    roots: list[Tensor], seeds: list[Tensor], wanted: list[Tensor], keep: bool, create_graph: bool
) -> list[Tensor | None]:
    """The gradient of each of ``wanted``; None where it was not reached."""
    watched = frozenset(x._node for x in wanted if x._node is not None)
    found = _run(roots, seeds, keep, create_graph, watched, _leading_to(roots, wanted))
    gradients: list[Tensor | None] = []
    for x in wanted:
        g = found.leaves.get(x) if x._node is None else found.watched.get(x._node)
        gradients.append(None if g is None else g if create_graph else wrap(own(g)))
    return gradients


def _leading_to(roots: list[Tensor], wanted: list[Tensor]) -> frozenset[Node]:
    """The nodes on the ways from ``roots`` to ``wanted``: the others are neither walked nor freed."""
    targets = {x if x._node is None else x._node for x in wanted}
    leading: set[Any] = set()
    for node in reversed(reachable(root._node for root in roots)):
        if any(parent in targets or parent in leading for parent in node.parents):
            leading.add(node)
    return frozenset(leading)


def _reached(roots: list[Tensor]) -> set[Any]:
    """Every node and leaf that ``roots`` depend on."""
    nodes = reachable(root._node for root in roots)
    return {*nodes, *(parent for node in nodes for parent in node.parents), *roots}


def _run(
    roots: list[Tensor],
    seeds: list[Tensor],
    keep: bool,
    create_graph: bool,
    watched: frozenset[Node] = frozenset(),
    walked: frozenset[Node] | None = None,
) -> Cotangents:
    sources = [root._node if root._node is not None else root for root in roots]
    if create_graph:
        with grad_mode(True):
            pairs = list(zip(sources, seeds, strict=True))
            return sweep(pairs, tensor_namespace, keep=keep, watched=watched, walked=walked)
    raw = [(source, seed._data) for source, seed in zip(sources, seeds, strict=True)]
    return sweep(raw, eager.xp, keep=keep, watched=watched, walked=walked)


def _accumulate(tensor: Tensor, g: Any, create_graph: bool) -> None:
    if create_graph:
        with grad_mode(True):  # a tensor of its own: cotangents are passed on as they are
            tensor._grad = g.clone() if tensor._grad is None else tensor._grad + g
    elif tensor._grad is None:
        tensor._grad = wrap(g)
    else:
        if tensor._grad._node is None:
            tensor._grad._data += g
            overwrites.add(tensor._grad._data, recorded=False)
        else:  # a gradient with a graph of its own is not ours to change
            with grad_mode(False):
                tensor._grad = tensor._grad + wrap(g)


def _tensors(tensors: Any, name: str) -> list[Tensor]:
    found = [tensors] if isinstance(tensors, Tensor) else tensors
    if not isinstance(found, (list, tuple)) or not found:
        raise errors.not_a_sequence_of_tensors(tensors, name)
    for x in found:
        if not isinstance(x, Tensor):
            raise errors.not_a_tensor(x, name)
    return list(found)


def _seeds(tensors: Any, gradients: Any, name: str) -> tuple[list[Tensor], list[Tensor]]:
    """The tensors to start from, with their cotangents checked."""
    if gradients is None and isinstance(tensors, Tensor):  # nothing to match: the usual case
        return [tensors], [_seed(tensors, None)]
    roots = _tensors(tensors, name)
    given = [None] * len(roots) if gradients is None else gradients
    given = list(given) if isinstance(given, (list, tuple)) else [given]
    if len(given) != len(roots):
        raise errors.cotangents_do_not_match(len(roots), len(given))
    return roots, [_seed(root, g) for root, g in zip(roots, given, strict=True)]


def _seed(root: Tensor, g: Any) -> Tensor:
    if root._node is None and not root._leaf:
        raise errors.no_graph(root.shape)
    if g is None:
        array = root._data
        if array.size != 1:
            raise errors.not_scalar(array.shape)
        one = np.empty(array.shape, array.dtype)
        one.fill(1)
        return wrap(one)
    if not isinstance(g, Tensor):
        g = Tensor(g)
    if g.shape != root.shape:
        raise errors.cotangent_shape(root.shape, g.shape)
    return g if g.dtype == root.dtype else g.to(root.dtype)


class _GradMode:
    """A context and a decorator inside of which operations are recorded, or are not."""

    _enabled: bool

    def __init__(self) -> None:
        self._before: list[bool] = []

    def __enter__(self) -> None:
        self._before.append(mode.enabled)
        mode.enabled = self._enabled

    def __exit__(self, *_: object) -> None:
        mode.enabled = self._before.pop()

    def __call__(self, function: Any) -> Any:
        if not callable(function):
            raise errors.grad_mode_of_no_function(type(self).__name__, function)
        if inspect.isgeneratorfunction(function):
            return _stepping(function, self._enabled)

        @functools.wraps(function)
        def inside(*args: Any, **kwargs: Any) -> Any:
            with grad_mode(self._enabled):
                return function(*args, **kwargs)

        return inside


def _stepping(function: Callable[..., Any], enabled: bool) -> Callable[..., Any]:
    """A generator function whose body runs in the mode, and whose caller keeps its own meanwhile."""

    @functools.wraps(function)
    def inside(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        generator = function(*args, **kwargs)
        step, sent = generator.send, None
        while True:
            try:
                with grad_mode(enabled):
                    found = step(sent)
            except StopIteration as end:
                return end.value
            try:
                step, sent = generator.send, (yield found)
            except GeneratorExit:
                with grad_mode(enabled):
                    generator.close()
                raise
            except BaseException as thrown:  # the caller's throw() is for the body
                step, sent = generator.throw, thrown

    return inside


class no_grad(_GradMode):
    """Inside, nothing is recorded: a context and a decorator, with brackets or without.

    >>> import chainrule as cr
    >>> w = cr.tensor(1.0, requires_grad=True)
    >>> with cr.no_grad():
    ...     w -= 0.1
    >>> w
    tensor(0.9000, requires_grad=True)
    """

    _enabled = False

    def __new__(cls, *function: Any) -> Any:
        made = super().__new__(cls)
        return made(*function) if function else made


class enable_grad(no_grad):
    """Inside, operations are recorded again, even within :class:`no_grad`."""

    _enabled = True


class set_grad_enabled(_GradMode):
    """As :class:`no_grad` or :class:`enable_grad`, by a boolean; takes effect at once.

    As a decorator it takes effect inside of the function alone.
    """

    def __init__(self, enabled: bool) -> None:
        super().__init__()
        self._enabled = bool(enabled)
        self._outside = mode.enabled
        mode.enabled = self._enabled

    def __enter__(self) -> None:
        self._before.append(self._outside)
        mode.enabled = self._enabled

    def __call__(self, function: Any) -> Any:
        mode.enabled = self._outside
        return super().__call__(function)


def is_grad_enabled() -> bool:
    """Whether operations are being recorded."""
    return mode.enabled
