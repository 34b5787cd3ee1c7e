"""``compile``: a step of tensors, or a function of values, traced once, then machine code."""

from __future__ import annotations

import gc
import inspect
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial, update_wrapper
from types import CodeType, MethodType
from typing import Any, Generic, ParamSpec, TypeVar

from chainrule import errors
from chainrule.compiler.ir import Program
from chainrule.compiling import arguments, results
from chainrule.compiling.arguments import Given, each
from chainrule.compiling.kinds import OtherKind
from chainrule.compiling.moment import tracer_here, tracing
from chainrule.compiling.objects import Objects, put_back
from chainrule.compiling.tensors import arguments as tensor_arguments
from chainrule.compiling.tensors.outcome import outcome
from chainrule.compiling.tensors.tracer import TensorTracer
from chainrule.compiling.tensors.version import TensorVersion
from chainrule.compiling.values import Tracer
from chainrule.compiling.version import Version
from chainrule.compiling.watched import Watched
from chainrule.explain.names import Names
from chainrule.tensor import Tensor

P = ParamSpec("P")
R = TypeVar("R")

#: After so many tracings because of one variable, a warning says which.
_OFTEN = 8

AnyVersion = Version | TensorVersion


def compile(function: Callable[P, R]) -> Compiled[P, R]:
    """``function``, run as machine code.

    It is a plain function of tensors, arrays and numbers, or of ``Value``s and numbers. At its first call
    it is *traced*: run once on tensors, or values, that write down what is asked of them, ``backward()``,
    in-place updates and the steps of an optimizer included. The program that comes out is compiled, and
    every later call runs it. It is traced again for arguments of other shapes or dtypes, and when a
    variable, or an attribute of a module, that it reads from around it is something else. Numbers among the
    arguments, and an optimizer's ``lr``, change freely.

    What it reads from around it (the parameters of a model) is read at each call, and what it changes is
    changed. Tensors that it returns come back without a graph, values as floats: gradients are taken
    inside, by ``backward()``. Random numbers (dropout, ``chainrule.randn``) are drawn afresh in each call,
    the same that the function would draw as it was written. What else it does (print, append to a list,
    draw with another generator) happens when it is traced, and then no more. Where it cannot be compiled
    it runs as it was written, after a warning that says why.

    Raises TraceError where the function asks for a number while it is traced (an ``if`` on it,
    ``float(x)``, ``x.item()``): the message names the line and the remedy.

    >>> import chainrule
    >>> from chainrule import optim
    >>> weight = chainrule.tensor([1.0, -1.0], requires_grad=True)
    >>> optimizer = optim.SGD([weight], lr=0.25)
    >>> @compile
    ... def train(x, y):
    ...     optimizer.zero_grad()
    ...     loss = ((x @ weight - y) ** 2).mean()
    ...     loss.backward()
    ...     optimizer.step()
    ...     return loss
    >>> x, y = chainrule.tensor([[1.0, 0.0], [0.0, 1.0]]), chainrule.tensor([2.0, 2.0])
    >>> train(x, y), weight
    (tensor(5.), tensor([ 1.2500, -0.2500], requires_grad=True))

    And of values:

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
        self._made: dict[Any, list[AnyVersion] | None] = {}
        self._watched = Watched(function)
        self._objects: Objects | None = None  # what steps of tensors read beside variables
        self._latest: AnyVersion | None = None
        self._retraced: dict[str, int] = {}
        self._lock = threading.RLock()

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Any:
        if tracer_here() is not None:  # one compiled function inside another is part of it
            return self._function(*args, **kwargs)
        with self._lock:
            latest = self._latest
            if latest is not None and not kwargs and self._changed() is None and latest.takes(args):
                return latest.once()
            given = arguments.sort(args, kwargs)
            if any(one.__class__ is each for one in given.numbers):
                raise errors.each_outside_a_loop(self._name)
            version = self._version(given, args, kwargs)
            if version is None or not version.take(given):
                return results.plain(self._function(*args, **kwargs))
            return version.once()

    def loop(
        self, *args: Any, steps: int, progress: Callable[[int], object] | None = None, **kwargs: Any
    ) -> Any:
        """Call the function ``steps`` times, in native code; the results of all steps, along the first
        axis.

        An argument that is :class:`each` gives every step its own entry; the others stay. ``progress`` is
        told about every tenth of a second how many steps are done.

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
        rows: list[Any] = []
        with self._lock:
            while True:
                version = self._version(given, args, kwargs)
                if version is None or not version.take(given):
                    return self._plain_loop(rows, args, steps, progress, kwargs)
                done = len(rows)
                if version.loops:
                    found = version.steps(done, steps - done, progress)
                    return results.joined(results.stacked(rows), found) if rows else found
                if done < steps:
                    rows.append(results.copied(version.step(done)))
                    if progress is not None:
                        progress(done + 1)
                if done + 1 >= steps:
                    return results.stacked(rows)

    @property
    def program(self) -> Program:
        """The array program of the latest call; ``print`` shows it with the lines that it came from.

        Raises GraphError before the first call.
        """
        if self._latest is None:
            raise errors.not_traced_yet(self._name)
        return self._latest.program

    def report(self) -> str:
        """What the latest call ran as: loops, matrix products, and what numpy computes.

        Raises GraphError before the first call.
        """
        if self._latest is None:
            raise errors.not_traced_yet(self._name)
        return self._latest.report()

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self if instance is None else MethodType(self, instance)

    def __repr__(self) -> str:
        return f"<compiled {self._name}>"

    @property
    def _code(self) -> CodeType:
        """Its own code, or that of its class's call."""
        function: Any = self._function
        while isinstance(function, partial):
            function = function.func
        function = inspect.unwrap(getattr(function, "__func__", function))
        call = getattr(type(function).__call__, "__code__", Compiled.__call__.__code__)
        found: CodeType = getattr(function, "__code__", call)
        return found

    @property
    def _name(self) -> str:
        return getattr(self._function, "__name__", "function")

    # --- versions: one for each kind of arguments

    def _version(self, given: Given, args: Sequence[Any], kwargs: Mapping[str, Any]) -> AnyVersion | None:
        """The version for this call; None where the function runs as it was written."""
        changed = self._changed()
        if changed is not None:
            self._forget(changed)
        if not self._made:
            self._watched = Watched(self._function)
        made = self._made.setdefault(given.key, [])
        if made is None:
            return None
        for version in made:
            if version.fits(given):
                self._latest = version
                return version
        found = self._traced(given, args, kwargs)
        if found is None:
            self._made[given.key] = None
            return None
        made.append(found)
        self._latest = found
        return found

    def _changed(self) -> str | None:
        """What the function reads from around it, and is something else than when it was traced."""
        changed = self._watched.changed()
        if changed is None and self._objects is not None:
            changed = self._objects.changed()
        return changed

    def _forget(self, changed: str) -> None:
        self._made.clear()
        self._objects = None
        times = self._retraced[changed] = self._retraced.get(changed, 0) + 1
        if times == _OFTEN:
            warnings.warn(errors.traced_often(self._name, changed, times), stacklevel=5)

    def _traced(self, given: Given, args: Sequence[Any], kwargs: Mapping[str, Any]) -> AnyVersion | None:
        names = Names()
        names.add_all(self._watched.variables)
        objects = self._objects or self._reached(args, kwargs)
        of_tensors = given.has_tensors or bool(objects.tensors)
        with _without_collector():
            try:
                for kind in (True, False) if of_tensors else (False, True):
                    try:
                        if kind:
                            return self._traced_tensors(names, objects, given, args, kwargs)
                        return self._traced_values(names, given, args, kwargs)
                    except OtherKind:
                        continue
                raise errors.values_and_tensors()
            except errors.CompileError as why:
                warnings.warn(errors.not_compiled(self._name, why), stacklevel=5)
                return None

    def _traced_values(
        self, names: Names, given: Given, args: Sequence[Any], kwargs: Mapping[str, Any]
    ) -> AnyVersion | None:
        tracer = Tracer(self._name, names)
        with tracing(tracer):
            taken, named = arguments.traced(self._names, args, kwargs, tracer)
            form, outputs = results.traced(self._function(*taken, **named), tracer)
            changes = tracer.changes()
        return self._compiled(lambda: Version(tracer, form, outputs, changes, given.values))

    def _traced_tensors(
        self, names: Names, objects: Objects, given: Given, args: Sequence[Any], kwargs: Mapping[str, Any]
    ) -> AnyVersion | None:
        before: list[Any] = []
        for _ in range(2):  # what the first run sets to what it then stays, the second finds as it is
            objects.remember()
            tracer = TensorTracer(self._name, names, map(id, objects.tensors))
            with tracing(tracer):
                taken, named, leaves = tensor_arguments.traced(self._names, args, kwargs, tracer)
                result = self._function(*taken, **named)
                found = outcome(tracer, result)
            for one in tracer.lives.values():
                objects.ignore(one.owner, one.name)
            counted = objects.counted()
            before = counted + before
            if not counted:
                break
        else:
            put_back(before)
            objects.remember()
            raise errors.attribute_changed(type(before[-1][0]).__name__, str(before[-1][1]))
        objects.remember()
        self._objects = objects
        return self._compiled(lambda: TensorVersion(tracer, found, leaves, given, self._code))

    def _reached(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Objects:
        """The objects that the function reads."""
        given = [self._function, *args, *kwargs.values()]
        more = True
        while more:  # what the methods of these objects read may be objects too
            roots = [*given, *self._watched.variables.values()]
            found = Objects([one for one in roots if not isinstance(one, Tensor)], self._watched.names)
            more = self._watched.also(found.methods)
        found.tensors += [one for one in self._watched.variables.values() if isinstance(one, Tensor)]
        return found

    def _compiled(self, make: Callable[[], AnyVersion]) -> AnyVersion | None:
        """What ``make`` makes; None, after a warning, where there is no machine code for it."""
        try:
            return make()
        except Exception as why:
            warnings.warn(errors.not_compiled(self._name, why), stacklevel=7)
            return None

    # --- as it was written

    def _plain_loop(
        self,
        rows: list[Any],
        args: Sequence[Any],
        steps: int,
        progress: Callable[[int], object] | None,
        kwargs: Mapping[str, Any],
    ) -> Any:
        for step in range(len(rows), steps):
            now, named = arguments.entries(args, kwargs, step)
            rows.append(results.copied(results.plain(self._function(*now, **named))))
            if progress is not None:
                progress(step + 1)
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
