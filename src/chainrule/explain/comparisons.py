"""A gradient beside what it was compared with: a central difference, and PyTorch's answer."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from chainrule.explain.derivation import Check, Numbers, Variable
from chainrule.explain.layout import rough
from chainrule.explain.notation import numbers

Mark = Literal["", "✓", "~", "✗"]

#: A check agrees up to this error, which grows with the rounding of the type.
_AGREES = {"float32": 1e-4, "float64": 1e-5}


@dataclass(frozen=True)
class Comparison:
    """``✓ numerical −2   (error 6e−11)``, or words alone, without a ``mark``, where nothing was compared.

    ``value`` is None for an array; ``remark`` is a sentence for the next line.
    """

    label: str
    mark: Mark = ""
    value: float | None = None
    error: str = ""
    remark: str = ""

    @property
    def words(self) -> str:
        """What was compared with, and its answer."""
        return self.label if self.value is None else f"{self.label} {numbers(self.value)}"

    @property
    def lines(self) -> tuple[str, ...]:
        """As text.

        >>> Comparison("PyTorch", "✓", 2.0, "error 0").lines
        ('✓ PyTorch 2   (error 0)',)
        """
        if not self.mark:
            return (self.label,)
        first = f"{self.mark} {self.words}   ({self.error})"
        return (first, f"  ({self.remark})") if self.remark else (first,)


def compared(check: Check, variable: Variable, say: Mapping[str, str]) -> Iterator[Comparison]:
    """What ``check``, of ``variable``, found, in the words of ``say``."""
    limit = _AGREES.get(variable.dtype, 1e-3)
    is_array = bool(variable.shape) and not check.along
    if check.numerical_error is None:
        yield Comparison(say["unchecked"])
    elif check.numerical_error <= limit and not _finite(check.gradient):
        yield Comparison(say["not_finite"])
    elif check.numerical_error <= limit and not _finite(check.numerical):
        yield Comparison(say["unmeasured"])
    else:
        mark: Mark = "~" if check.kink else "✓" if check.numerical_error <= limit else "✗"
        value, remark = None if is_array else check.numerical, say["kink"] if check.kink else ""
        yield Comparison(say["numerical"], mark, value, _error(check.numerical_error, say), remark)
    if check.torch_error is not None:
        mark = "✓" if check.torch_error <= limit else "✗"
        yield Comparison("PyTorch", mark, None if is_array else check.torch, _error(check.torch_error, say))


def _error(error: float, say: Mapping[str, str]) -> str:
    return f"{say['error']} {rough(error)}"


def _finite(value: Numbers) -> bool:
    if isinstance(value, list):
        return all(_finite(one) for one in value)
    return value is None or math.isfinite(value)
