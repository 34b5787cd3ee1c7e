"""What is exchanged while a thread traces: the slots of ``Tensor``, and the numpy that tensors stand on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from chainrule import eager, live, random
from chainrule.arrays.memory import Memory, Number
from chainrule.compiling.kinds import AnyTracer
from chainrule.compiling.tensors.choice import Choice
from chainrule.compiling.tensors.tracer import DATA, GRAD, LEAF, NODE
from chainrule.tensor import Tensor

_SLOTS = {"_data": DATA, "_grad": GRAD, "_node": NODE, "_leaf": LEAF}


@contextmanager
def exchanged(here: Callable[[], AnyTracer | None]) -> Iterator[None]:
    """In the thread for which ``here`` gives a tracer, tensors ask it."""
    before = [(module, name, getattr(module, name)) for module, name, _ in _others(here)]
    try:
        for module, name, value in _others(here):
            setattr(module, name, value)
        for name, slot in _SLOTS.items():
            setattr(Tensor, name, _property(name, slot, here))
        yield
    finally:
        for name, slot in _SLOTS.items():
            setattr(Tensor, name, slot)
        for module, name, value in before:
            setattr(module, name, value)


def _property(name: str, slot: Any, here: Callable[[], AnyTracer | None]) -> property:
    asked, told = name[1:], f"set{name}"

    def get(tensor: Tensor) -> Any:
        tracer = here()
        return slot.__get__(tensor) if tracer is None else getattr(tracer, asked)(tensor)

    def set(tensor: Tensor, value: Any) -> None:
        tracer = here()
        if tracer is None:
            slot.__set__(tensor, value)
        else:
            getattr(tracer, told)(tensor, value)

    return property(get, set)


def _others(here: Callable[[], AnyTracer | None]) -> list[tuple[Any, str, Any]]:
    def brought(x: Any) -> Any:
        tracer: Any = here()
        return None if tracer is None else tracer.brought(x)

    def noted() -> Any:
        tracer: Any = here()
        return None if tracer is None else tracer.noted

    def asked(owner: object, name: str) -> Any:
        tracer: Any = here()
        return tracer.live(owner, name) if tracer is not None and tracer.of_tensors else None

    def asarray(x: Any, dtype: Any = None) -> Any:
        if not isinstance(x, Memory):
            return np.asarray(x, dtype)
        strong = x.trace.result(x.place) if isinstance(x, Number) else x
        return strong if dtype is None else strong.astype(dtype, copy=False)  # type: ignore[attr-defined]  # a Memory

    return [
        (eager, "xp", Choice()),
        (eager, "asarray", asarray),
        (eager, "brought", brought),
        (eager, "_NUMBERS", eager._NUMBERS | {Number}),
        (random, "noted", noted),
        (live, "asked", asked),
    ]
