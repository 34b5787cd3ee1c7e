"""``compile``: a function of values and numbers, traced once, then machine code."""

from __future__ import annotations

import gc
import inspect
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import update_wrapper
from types import MethodType
from typing import Any, Generic, ParamSpec, TypeVar

from chainrule import errors
from chainrule.compiler.ir import Program
from chainrule.compiling import arguments, results
from chainrule.compiling.arguments import Given, each
from chainrule.compiling.moment import tracer_here, tracing
from chainrule.compiling.values import Tracer
from chainrule.compiling.version import Version
from chainrule.compiling.watched import Watched
from chainrule.explain.names import Names

P = ParamSpec("P")
R = TypeVar("R")

#: After so many tracings because of one variable, a warning says which.
_OFTEN = 8

_MISSING: Any = object()


def compile(function: Callable[P, R]) -> Compiled[P, R]:
    """``function``, run as machine code.

    It is a plain function of numbers, arrays of numbers and ``Value``s. At its first call it is *traced*:
    run once on values that write down what is asked of them, ``backward()`` and updates of ``data`` and
    ``grad`` included. The program that comes out is compiled, and every later call runs it. It is traced
    again for arguments of other shapes, and when a variable that it reads from around it is something else.

    Values that it reads from around it (the parameters of a model) are read at each call, and those that
    it changes are changed. What it returns comes back as floats, and as arrays where it has lanes:
    gradients are taken inside, by ``backward()``. What else the function does (print, append to a list,
    draw random numbers) happens when it is traced, and then no more. Where it cannot be compiled it runs
    as it was written, after a warning that says why.

    Raises TraceError where the function asks for a number while it is traced (an ``if`` on it,
    ``float(x)``, ``math.exp(x)``): the message names the line and the remedy.

    >>> from chainrule import Value
    >>> w = Value(1.0)
    >>> @compile
    ... def step(x, y, rate):
    ...     loss = (w * x - y) ** 2
    ...     w.grad = 0
    ...     loss.backward()
    ...     w.data -= rate * w.grad
    ...     return loss
    >>> step(1.0, 2.0, 0.1), w
    (1.0, Value(data=1.2, grad=-2.0))
    """
    return Compiled(function)


class Compiled(Generic[P, R]):
    """A function that runs as machine code; see :func:`compile`."""

    def __init__(self, function: Callable[P, R]) -> None:
        update_wrapper(self, function)
        self._function = function
        self._names = _parameters(function)
        self._made: dict[Any, Version | None] = {}
        self._watched = Watched(function)
        self._latest: Version | None = None
        self._retraced: dict[str, int] = {}
        self._lock = threading.RLock()

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Any:
        if tracer_here() is not None:  # one compiled function inside another is part of it
            return self._function(*args, **kwargs)
        with self._lock:
            latest = self._latest
            if latest is not None and not kwargs and self._watched.changed() is None and latest.takes(args):
                return latest.once()
            given = arguments.sort(args, kwargs)
            if any(one.__class__ is each for one in given.numbers):
                raise errors.each_outside_a_loop(self._name)
            version = self._version(given, args, kwargs)
            if version is None:
                return results.plain(self._function(*args, **kwargs))
            version.take(given)
            return version.once()

    def loop(self, *args: Any, steps: int, **kwargs: Any) -> Any:
        """Call the function ``steps`` times, in one native call; the results of all steps, as arrays.

        An argument that is :class:`each` gives every step its own entry; the others stay.

        >>> from chainrule import Value, each
        >>> w = Value(0.0)
        >>> @compile
        ... def step(rate):
        ...     loss = (w - 3.0) ** 2
        ...     w.grad = 0
        ...     loss.backward()
        ...     w.data -= rate * w.grad
        ...     return loss
        >>> step.loop(each([0.5, 0.25]), steps=3)
        array([9., 0., 0.])
        """
        if not isinstance(steps, int) or steps < 0:
            raise errors.steps_not_a_count(steps)
        given = arguments.sort(args, kwargs)
        with self._lock:
            version = self._version(given, args, kwargs)
            if version is None:
                return self._plain_loop(args, steps, kwargs)
            version.take(given)
            return version.steps(steps)

    @property
    def program(self) -> Program:
        """The array program of the latest call; ``print`` shows it with the lines that it came from.

        Raises GraphError before the first call.
        """
        if self._latest is None:
            raise errors.not_traced_yet(self._name)
        return self._latest.program

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self if instance is None else MethodType(self, instance)

    def __repr__(self) -> str:
        return f"<compiled {self._name}>"

    @property
    def _name(self) -> str:
        return getattr(self._function, "__name__", "function")

    # --- versions: one for each kind of arguments

    def _version(self, given: Given, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Version | None:
        changed = self._watched.changed()
        if changed is not None:
            self._forget(changed)
        made = self._made.get(given.key, _MISSING)
        if made is None or (made is not _MISSING and made.fits(given)):
            self._latest = made or self._latest
            return made
        made = self._traced(args, kwargs)
        self._made[given.key] = made
        self._latest = made or self._latest
        return made

    def _forget(self, changed: str) -> None:
        self._made.clear()
        self._watched = Watched(self._function)
        times = self._retraced[changed] = self._retraced.get(changed, 0) + 1
        if times == _OFTEN:
            warnings.warn(errors.traced_often(self._name, changed, times), stacklevel=5)

    def _traced(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Version | None:
        names = Names()
        names.add_all(self._watched.variables)
        tracer = Tracer(self._name, names)
        with _without_collector():
            with tracing(tracer):
                taken, named = arguments.traced(self._names, args, kwargs, tracer)
                form, outputs = results.traced(self._function(*taken, **named), tracer)
                changes = tracer.changes()
            try:
                return Version(tracer, form, outputs, changes, arguments.sort(args, kwargs).values)
            except Exception as why:
                warnings.warn(errors.not_compiled(self._name, why), stacklevel=5)
                return None

    # --- as it was written

    def _plain_loop(self, args: Sequence[Any], steps: int, kwargs: Mapping[str, Any]) -> Any:
        rows = []
        for step in range(steps):
            now = [arguments.entry(one, step) for one in args]
            named = {name: arguments.entry(one, step) for name, one in kwargs.items()}
            rows.append(results.plain(self._function(*now, **named)))
        return results.stacked(rows)


@contextmanager
def _without_collector() -> Iterator[None]:
    """A trace makes many objects and drops none: to look for garbage among them takes longer than to make
    them."""
    before = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if before:
            gc.enable()


def _parameters(function: Callable[..., Any]) -> list[str]:
    """The names of the parameters that take positional arguments, where they can be known."""
    try:
        known = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return []
    return [one.name for one in known if one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD)]
