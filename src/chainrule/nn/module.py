"""Modules: objects that hold parameters and other modules, and compute an output from an input."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from threading import get_ident
from typing import Any, NamedTuple, Self
from weakref import ref

from chainrule import errors
from chainrule.autodiff.graph import tick
from chainrule.autograd import no_grad
from chainrule.nn.parameter import Parameter, forget_gradient
from chainrule.scopes import Noted, calls
from chainrule.tensor import Tensor

_note = calls.append  # a call costs 0.3 µs more for it, and an explanation knows what it made


class StateNames(NamedTuple):
    """The names that did not fit when a state was loaded; both empty when all of them did."""

    missing_keys: list[str]
    unexpected_keys: list[str]


class Module(Noted):
    """The base of every layer, network and loss.

    A subclass keeps its `Parameter` and `Module` objects as ordinary attributes and defines
    ``forward``; calling the module calls ``forward``. There is no constructor to call first.

    >>> import chainrule
    >>> from chainrule import nn
    >>> class Line(nn.Module):
    ...     def __init__(self):
    ...         self.slope = nn.Parameter(chainrule.tensor(2.0))
    ...     def forward(self, x):
    ...         return self.slope * x
    >>> line = Line()
    >>> line(chainrule.tensor(3.0)).item()
    6.0
    >>> [name for name, _ in line.named_parameters()]
    ['slope']
    """

    training: bool = True

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """The output for an input; every subclass defines its own."""
        raise errors.forward_missing(type(self).__name__)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        began = tick()
        out = self.forward(*args, **kwargs)
        _note((ref(self), type(self).__name__, began, tick(), get_ident()))
        return out

    def __setattr__(self, name: str, value: Any) -> None:
        # `model.w = model.w - lr * grad` would quietly turn a parameter into a passing result.
        if (
            isinstance(value, Tensor)
            and not isinstance(value, Parameter)
            and isinstance(self.__dict__.get(name), Parameter)
        ):
            raise errors.parameter_replaced(type(self).__name__, name)
        object.__setattr__(self, name, value)

    # ------------------------------------------------------------------ what it is made of

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """The modules held directly, each once, with the names of their attributes."""
        seen: set[int] = set()
        for name, value in vars(self).items():
            if isinstance(value, Module) and id(value) not in seen:
                seen.add(id(value))
                yield name, value

    def children(self) -> Iterator[Module]:
        """The modules held directly, each once."""
        return (child for _, child in self.named_children())

    def named_modules(self, prefix: str = "") -> Iterator[tuple[str, Module]]:
        """This module and all below it, each once, with dotted names; this one's is ``prefix``."""
        seen: set[int] = set()
        for name, module in _walk(self, prefix):
            if id(module) not in seen:
                seen.add(id(module))
                yield name, module

    def modules(self) -> Iterator[Module]:
        """This module and all below it, each once."""
        return (module for _, module in self.named_modules())

    def named_parameters(self, prefix: str = "") -> Iterator[tuple[str, Parameter]]:
        """The parameters of this module and of all below it, each once, with dotted names.

        >>> from chainrule import nn
        >>> model = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1, bias=False))
        >>> [(name, tuple(p.shape)) for name, p in model.named_parameters()]
        [('0.weight', (3, 2)), ('0.bias', (3,)), ('2.weight', (1, 3))]
        """
        seen: set[int] = set()
        for path, module in self.named_modules(prefix):
            for name, parameter in _own_parameters(module):
                if id(parameter) not in seen:
                    seen.add(id(parameter))
                    yield _dotted(path, name), parameter

    def parameters(self) -> Iterator[Parameter]:
        """The parameters of this module and of all below it, each once."""
        return (parameter for _, parameter in self.named_parameters())

    # ------------------------------------------------------------------ training

    def train(self, mode: bool = True) -> Self:
        """Sets ``training`` on this module and on all below it; returns the module."""
        for module in self.modules():
            module.training = bool(mode)
        return self

    def eval(self) -> Self:
        """Sets ``training`` to False on this module and on all below it; returns the module."""
        return self.train(False)

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forgets the gradient of every parameter; the next ``backward`` starts afresh.

        With ``set_to_none=False`` the gradients that there are become zeros in place of None.
        """
        for parameter in self.parameters():
            forget_gradient(parameter, set_to_none)

    # ------------------------------------------------------------------ saving and loading

    def state_dict(self) -> dict[str, Tensor]:
        """Every parameter by its dotted name, detached.

        As in PyTorch the Tensors share their memory with the parameters: clone them to keep them
        while training goes on.
        """
        return {
            _dotted(path, name): parameter.detach()
            for path, module in _walk(self, "")
            for name, parameter in _own_parameters(module)
        }

    def load_state_dict(self, state: Mapping[str, Tensor], strict: bool = True) -> StateNames:
        """Copies the values of ``state`` into the parameters of the same names.

        Raises `NameUnknownError` for missing or unexpected names (with ``strict=False`` those are
        passed over, and returned), `ShapeError` for a wrong shape and `DTypeError` for a value
        that is not a Tensor. When it raises, no parameter was changed.

        >>> from chainrule import nn
        >>> first, second = nn.Linear(2, 1), nn.Linear(2, 1)
        >>> second.load_state_dict(first.state_dict())
        StateNames(missing_keys=[], unexpected_keys=[])
        >>> second.weight.tolist() == first.weight.tolist()
        True
        """
        title = type(self).__name__
        if not isinstance(state, Mapping):
            raise errors.state_expected("load_state_dict", state)
        own = self.state_dict()
        missing = [name for name in own if name not in state]
        unexpected = [name for name in state if name not in own]
        if strict and (missing or unexpected):
            raise errors.state_names(title, missing, unexpected)
        fitting = {name: state[name] for name in own if name in state}
        for name, value in fitting.items():
            if not isinstance(value, Tensor):
                raise errors.tensor_expected("load_state_dict", name, value)
        differing = [
            (name, value.shape, own[name].shape)
            for name, value in fitting.items()
            if tuple(value.shape) != tuple(own[name].shape)
        ]
        if differing:
            raise errors.state_shapes(title, differing)
        with no_grad():
            for name, value in fitting.items():
                own[name].copy_(value)
        return StateNames(missing, unexpected)

    # ------------------------------------------------------------------ printing

    def extra_repr(self) -> str:
        """What a subclass adds between the brackets of its own line."""
        return ""

    def __repr__(self) -> str:
        own = self.extra_repr()
        title = type(self).__name__
        lines = [
            f"({name}): {value!r}".replace("\n", "\n  ")
            for name, value in vars(self).items()
            if isinstance(value, Module)
        ]
        if not lines:
            return f"{title}({own})"
        return "\n  ".join([f"{title}(", *([own] if own else []), *lines]) + "\n)"


def _own_parameters(module: Module) -> list[tuple[str, Parameter]]:
    return [(name, value) for name, value in vars(module).items() if isinstance(value, Parameter)]


def _walk(module: Module, path: str) -> Iterator[tuple[str, Module]]:
    """Every path to a module, in the order of the attributes; a shared module comes repeatedly."""
    yield path, module
    for name, value in vars(module).items():
        if isinstance(value, Module):
            yield from _walk(value, _dotted(path, name))


def _dotted(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
