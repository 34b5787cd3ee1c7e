"""The namespace of a thread that traces: each function is that of traced arrays where it is given one, and
numpy's where it is not."""

from __future__ import annotations

from typing import Any

from chainrule.arrays import numpy_namespace, traced
from chainrule.arrays.tracing.array import Traced


class Choice:
    """An Array API namespace that looks at what it is given."""

    #: The sweep asks for it: gradients of gradients lift what was saved, and plain ones do not.
    lift = None

    def __getattr__(self, name: str) -> Any:
        plain = getattr(numpy_namespace, name)
        on_traced = getattr(traced, name, None)

        def choose(*args: Any, **kwargs: Any) -> Any:
            if on_traced is not None and _is_traced(args):
                return on_traced(*args, **kwargs)
            return plain(*args, **kwargs)

        choose.__name__ = name
        setattr(self, name, choose)
        return choose


def _is_traced(args: tuple[Any, ...]) -> bool:
    for one in args:
        if isinstance(one, Traced) or (isinstance(one, (list, tuple)) and _is_traced(tuple(one))):
            return True
    return False
