"""The kinds of error, each also a builtin kind that a Python user would catch."""

from __future__ import annotations

from typing import Any


class ChainruleError(Exception):
    """The root of every error that chainrule raises on purpose."""


class ShapeError(ChainruleError, ValueError):
    """Shapes, ranks or axes that do not fit."""


class DTypeError(ChainruleError, TypeError):
    """A type of number, or of argument, that cannot be used here."""


class DomainError(ChainruleError, ValueError):
    """A value outside of what a function or an option accepts."""


class NameUnknownError(ChainruleError, NameError):
    """A name that nothing answers to."""


class IndexOutOfRangeError(ChainruleError, IndexError):
    """An index or a label outside of the axis that it points into."""


class GraphError(ChainruleError, RuntimeError):
    """A graph that cannot be walked back: freed, cut, overwritten or not scalar."""


class GradcheckError(ChainruleError, AssertionError):
    """A gradient that does not agree with its numerical check."""


class SyntaxInvalidError(ChainruleError, SyntaxError):
    """An expression that is not written in the expression language."""


class ProgramError(ChainruleError, ValueError):
    """An array program that is not well formed: the compiler's own mistake, not the user's."""


class CompileError(ChainruleError, RuntimeError):
    """A traced program that there is no machine code for."""


class TraceError(ChainruleError, TypeError):
    """A traced function that asks for a number which is only known when the compiled code runs."""


class CompileWarning(UserWarning):
    """A function that could not be compiled, and runs as it was written."""


class BroadcastWarning(UserWarning):
    """A loss whose prediction and target have different shapes, so that pairs are made up."""


def shown(value: Any, limit: int = 60) -> str:
    """``value`` as it would be typed, cut to ``limit`` characters."""
    text = repr(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"
