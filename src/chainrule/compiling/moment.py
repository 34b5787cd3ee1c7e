"""The moment of tracing, while ``Value`` and ``Tensor`` write down what they are asked to do.

For that moment the operations of ``Value`` are exchanged, and the slots of ``Tensor``. Those in other
threads go on computing: only the thread that traces sees the exchange.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from chainrule import value as value_module
from chainrule.compiling.kinds import AnyTracer
from chainrule.compiling.tensors.exchange import exchanged
from chainrule.compiling.values import MIRRORED, TracedValue
from chainrule.value import METHODS, Value

_lock = threading.RLock()


class _Now:
    """Who traces, if anybody does."""

    tracer: AnyTracer | None = None
    thread: int = 0


def tracer_here() -> Any:
    """The tracer of this thread; None where nothing is being traced."""
    if _Now.tracer is None or _Now.thread != threading.get_ident():
        return None
    return _Now.tracer


@contextmanager
def tracing(tracer: AnyTracer) -> Iterator[None]:
    """What this thread asks of a ``Value`` or a ``Tensor`` is written down by ``tracer``."""
    with _lock:
        before = {name: Value.__dict__.get(name, _ABSENT) for name in _EXCHANGED}
        _Now.tracer, _Now.thread = tracer, threading.get_ident()
        value_module.adopted = _adopt
        try:
            for name in _EXCHANGED:
                setattr(Value, name, _exchange(name, getattr(Value, name)))
            with exchanged(tracer_here):
                yield
        finally:
            for name, original in before.items():
                if original is _ABSENT:
                    delattr(Value, name)
                else:
                    setattr(Value, name, original)
            value_module.adopted = None
            _Now.tracer, _Now.thread = None, 0


_ABSENT = object()
_EXCHANGED = (*METHODS, *MIRRORED, "data", "grad", "backward", "__float__")


def _adopt(value: Value, number: Any) -> bool:
    """Whether ``value``, just made of ``number``, is the tracer's."""
    tracer = tracer_here()
    if tracer is None:
        return False
    tracer.made(value, number)
    return True


def _exchange(name: str, original: Any) -> Any:
    """An attribute of ``Value`` that asks the tracer in the thread that traces, ``original`` in others."""
    on_traced = TracedValue.__dict__[name]
    if name in ("data", "grad"):

        def get(self: Value) -> Any:
            tracer = tracer_here()
            return original.__get__(self) if tracer is None else on_traced.fget(tracer.lifted(self))

        def set(self: Value, number: Any) -> None:
            tracer = tracer_here()
            if tracer is None:
                original.__set__(self, number)
            else:
                on_traced.fset(tracer.lifted(self), number)

        return property(get, set)

    def method(self: Value, *operands: Any) -> Any:
        tracer = tracer_here()
        if tracer is None:
            return original(self, *operands)
        return on_traced(tracer.lifted(self), *operands)

    method.__name__ = name
    return method
