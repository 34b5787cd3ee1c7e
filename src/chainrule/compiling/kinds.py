"""The two kinds of trace: of values and of tensors. Which one a function asks for, it shows by what it
uses."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn


class OtherKind(BaseException):
    """Raised through a function that is traced for one kind, and turns out to use the other.

    No Exception: a function that catches those lets it pass.
    """


class AnyTracer:
    """What both kinds of tracer have in common: what is asked of the wrong one ends the trace."""

    of_tensors = False

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> NoReturn:
            if name in _ASKED:
                raise OtherKind
            raise AttributeError(name)


#: What values ask of their tracer, and what tensors ask of theirs.
_VALUES = frozenset(("lifted", "argument", "made", "number", "array"))
_TENSORS = frozenset(("data", "grad", "node", "leaf", "set_data", "set_grad", "set_node", "set_leaf"))
_ASKED = _VALUES | _TENSORS | {"brought", "noted", "live"}
