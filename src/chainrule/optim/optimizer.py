"""What every optimizer has: a checked list of parameters, options, buffers, ``zero_grad``, ``step``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from chainrule import errors
from chainrule.autograd import no_grad
from chainrule.nn.parameter import forget_gradient
from chainrule.optim.options import Interval, number
from chainrule.tensor import Tensor


class Optimizer:
    """The base of the optimizers: a subclass defines ``update(position, parameter, gradient)``.

    ``params`` is an iterable of distinct leaf Tensors that require a gradient. Raises
    `DomainError` when there is none or one comes twice, `DTypeError` for something else than a
    Tensor and `GraphError` for a Tensor that can have no gradient.

    A subclass names its options, its buffers and its counters. An option is an attribute, checked
    whenever it is assigned, so that it may change between steps. A buffer is a list with a Tensor of
    the parameter's shape for each parameter, or None where it has none; a counter, one with a number.
    """

    #: The options that are numbers, and where each may lie.
    intervals: ClassVar[Mapping[str, Interval]] = {}
    #: The options that are true or false.
    switches: ClassVar[tuple[str, ...]] = ()
    #: The buffers, with what a message calls one of their Tensors.
    buffers: ClassVar[Mapping[str, str]] = {}
    #: The counters, likewise.
    counters: ClassVar[Mapping[str, str]] = {}

    def __init__(self, params: Iterable[Tensor]) -> None:
        self.params = _checked(type(self).__name__, params)

    def __setattr__(self, name: str, value: Any) -> None:
        interval = self.intervals.get(name)
        if interval is not None:
            value = number(type(self).__name__, name, value, interval)
        object.__setattr__(self, name, value)

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forgets every gradient, so that the next ``backward`` does not add to it.

        With ``set_to_none=False`` the gradients that there are become zeros in place of None.
        """
        for parameter in self.params:
            forget_gradient(parameter, set_to_none)

    # ------------------------------------------------------------------ steps

    def step(self) -> None:
        """Updates in place every parameter that has a gradient, and leaves the others alone.

        Raises `GraphError` when none has one, as ``backward`` was not called, and `ShapeError` when
        one no longer has its gradient's shape. Nothing is updated then.
        """
        pending = [
            (position, parameter, gradient)
            for position, parameter in enumerate(self.params)
            if (gradient := parameter._grad) is not None
        ]
        if not pending:
            raise errors.step_without_gradient()
        for position, parameter, gradient in pending:
            self.check(position, parameter, gradient)
        for position, parameter, gradient in pending:
            self.update(position, parameter, gradient)

    def check(self, position: int, parameter: Tensor, gradient: Tensor) -> None:
        """Refuses an update that cannot be done, before any parameter is changed."""
        shape = parameter._data.shape
        if gradient._data.shape != shape:
            raise errors.step_shape(position, shape, "gradient", gradient.shape)
        for name in self.buffers:
            found = getattr(self, name)[position]
            if found is not None and found._data.shape != shape:
                raise errors.step_shape(position, shape, self.buffers[name], found.shape)

    def update(self, position: int, parameter: Tensor, gradient: Tensor) -> None:
        """Changes one parameter in place, unseen by the graph; ``position`` is its place."""
        raise NotImplementedError

    # ------------------------------------------------------------------ saving and loading

    def _buffer(self, name: str) -> list[Tensor | None]:
        found: list[Tensor | None] = getattr(self, name)
        return found

    def state_dict(self) -> dict[str, Any]:
        """The options and, by name, the buffers and counters: a Tensor, or None, for each parameter.

        As in PyTorch the Tensors are the optimizer's own: clone them to keep them while training goes on.
        """
        options = {name: getattr(self, name) for name in (*self.intervals, *self.switches)}
        return {**options, **{name: [*self._buffer(name)] for name in (*self.buffers, *self.counters)}}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Takes up where ``state`` was saved; the buffers are copied.

        Raises a chainrule error, and changes nothing, for another optimizer's state or for
        buffers of other shapes.
        """
        if not isinstance(state, Mapping):
            raise errors.state_expected("load_state_dict", state)
        title = type(self).__name__
        needed = {*self.intervals, *self.switches, *self.buffers, *self.counters}
        missing, unexpected = needed - state.keys(), state.keys() - needed
        if missing or unexpected:
            raise errors.optimizer_state_fields(title, sorted(missing), sorted(map(str, unexpected)))
        options: dict[str, Any] = {name: bool(state[name]) for name in self.switches}
        for name, interval in self.intervals.items():
            options[name] = number(title, name, state[name], interval)
        self.check_options(options)
        shapes: list[tuple[int, ...]] = [parameter.shape for parameter in self.params]
        for name, words in self.buffers.items():
            _check_state(words, state[name], shapes)
        for name, words in self.counters.items():
            _check_state(words, state[name], [()] * len(shapes))
        for name, option in options.items():
            setattr(self, name, option)
        for name in (*self.buffers, *self.counters):
            _fill(self._buffer(name), state[name])

    def check_options(self, options: Mapping[str, Any]) -> None:
        """Refuses options that do not go together."""


def _check_state(words: str, given: Any, needed: list[tuple[int, ...]]) -> None:
    if not isinstance(given, list | tuple):
        raise errors.state_expected("load_state_dict", given)
    for position, one in enumerate(given):
        if one is not None and not isinstance(one, Tensor):
            raise errors.tensor_expected("load_state_dict", f"{words} {position}", one)
    found = [None if one is None else tuple(one.shape) for one in given]
    if len(found) != len(needed) or any(
        a is not None and a != b for a, b in zip(found, needed, strict=True)
    ):
        raise errors.optimizer_state_shapes(words, found, needed)


def _fill(own: list[Tensor | None], given: Any) -> None:
    """The numbers of ``given``, in the Tensors that are there: who holds them sees the change."""
    with no_grad():
        for position, (mine, one) in enumerate(zip(own, given, strict=True)):
            if mine is not None:
                mine.copy_(0 if one is None else one)
            elif one is not None:
                own[position] = one.detach().clone()


def _checked(where: str, params: Any) -> list[Tensor]:
    if isinstance(params, Tensor | str | bytes | dict) or not isinstance(params, Iterable):
        raise errors.parameters_not_listed(where, params)
    checked = list(params)
    if not checked:
        raise errors.parameters_empty(where)
    positions: dict[int, int] = {}
    for position, parameter in enumerate(checked):
        if not isinstance(parameter, Tensor):
            raise errors.parameter_not_tensor(where, position, parameter)
        if not parameter.requires_grad:
            raise errors.parameter_frozen(where, position, parameter.shape)
        if not parameter.is_leaf:
            raise errors.parameter_not_leaf(where, position, parameter.shape)
        first = positions.setdefault(id(parameter), position)
        if first != position:
            raise errors.parameter_twice(where, first, position)
    return checked
