"""Random numbers in a trace: inputs of the program, that the one generator fills before each call."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule import errors, random
from chainrule.arrays.memory import Memory
from chainrule.arrays.tracing.trace import Trace


@dataclass(frozen=True)
class Draw:
    """One call of the generator: what was asked of it, and the input that stands for the answer."""

    input: str
    method: str
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    def fill(self, array: np.ndarray) -> None:
        """Draw again, into ``array``."""
        array[...] = getattr(random.generator(), self.method)(*self.args, **self.kwargs)

    @property
    def bytes(self) -> int:
        """How many it takes."""
        return int(np.prod(self.shape)) * self.dtype.itemsize


class Noted:
    """What :func:`chainrule.random.generator` is in a trace: it draws nothing, and notes what is asked."""

    def __init__(self, trace: Trace) -> None:
        self.draws: list[Draw] = []
        self._trace = trace
        self._sample = np.random.default_rng(0)  # shows which shape and dtype an answer has

    def __getattr__(self, method: str) -> Callable[..., Any]:
        drawn = getattr(self._sample, method)

        def note(*args: Any, **kwargs: Any) -> Any:
            if method == "shuffle" or "out" in kwargs:
                raise errors.shuffled_in_a_trace(method)
            for one in (*args, *kwargs.values()):
                if isinstance(one, Memory):
                    one.escape("index")
            example = drawn(*args, **kwargs)
            array = np.asarray(example)
            name = f"random{len(self.draws)}"
            self.draws.append(Draw(name, method, args, kwargs, array.shape, array.dtype))
            found: Any = self._trace.input(name, array.shape, array.dtype.name)
            found.weak = not isinstance(example, (np.ndarray, np.generic))
            return found

        return note
