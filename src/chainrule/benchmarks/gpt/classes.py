"""The classes of scalars that the GPT runs on."""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Callable
from typing import Any

import chainrule
from chainrule.benchmarks.gpt import slotted
from chainrule.benchmarks.peers import library


def micrograd() -> Any:
    """micrograd's Value, with the exp, log and tanh that it lacks, written in its own way.

    They are added to a copy of its module, so that micrograd itself stays as it was installed.
    """
    library("micrograd.engine")
    found = importlib.util.find_spec("micrograd.engine")
    assert found is not None
    assert found.loader is not None
    engine = importlib.util.module_from_spec(found)
    found.loader.exec_module(engine)
    for name, function, derivative in (
        ("exp", math.exp, lambda x, out: out),
        ("log", math.log, lambda x, out: 1 / x),
        ("tanh", math.tanh, lambda x, out: 1 - out * out),
    ):
        setattr(engine.Value, name, _method(engine.Value, function, derivative))
    return engine.Value


def _method(value: Any, function: Any, derivative: Any) -> Callable[[Any], Any]:
    def method(self: Any) -> Any:
        out = value(function(self.data), (self,), function.__name__)

        def _backward() -> None:
            self.grad += derivative(self.data, out.data) * out.grad

        out._backward = _backward
        return out

    return method


CLASSES: dict[str, Callable[[], Any]] = {
    "chainrule": lambda: chainrule.Value,
    "slotted class": lambda: slotted.Value,
    "micrograd": micrograd,
}
