"""Messages about what notebooks show: heat-maps, and pictures that follow their inputs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from chainrule.errors.kinds import (
    ChainruleError,
    DomainError,
    DTypeError,
    NameUnknownError,
    ShapeError,
    shown,
)


class WidgetMissingError(ChainruleError, ImportError):
    """A live picture was asked for where the package that it needs is not installed."""


def heatmap_without_cells(label: str, numbers: Any) -> ShapeError:
    return ShapeError(
        f"the heat-map of {label} was given {shown(numbers)}, which holds no row of numbers: give a list "
        "of numbers, or lists of rows of equal length, with at least one number in each."
    )


def no_anywidget() -> WidgetMissingError:
    return WidgetMissingError(
        "a live picture needs the package anywidget, which is not installed: "
        'pip install "chainrule[notebook]"'
    )


def live_program(found: Any) -> DTypeError:
    return DTypeError(
        f"live shows an expression or a function of values, and was given {shown(found)} "
        f'({type(found).__name__}): write live("L = (x*w - y)**2", x=1, y=2, w=1), or pass the function '
        "itself."
    )


def live_without_inputs() -> DomainError:
    return DomainError(
        "live was given no input to move: name each with a number, or with the ends of its slider, as in "
        "x=1, w=(-2, 2)."
    )


def live_range(name: str, found: Any) -> DTypeError:
    return DTypeError(
        f"the input {name} is {shown(found)}, and must be a number, or the ends of its slider, "
        f"(low, high) or (low, high, start), all finite numbers: {name}=1.5 or {name}=(-2, 2, 1.5)."
    )


def live_range_order(name: str, low: float, high: float, start: float) -> DomainError:
    return DomainError(
        f"the slider of {name} goes from {low!r} to {high!r} and starts at {start!r}: the first must be "
        "the smaller one, and the start must lie between them."
    )


def live_value(name: str, found: Any) -> DTypeError:
    return DTypeError(f"the value of {name} is {shown(found)}: give a finite number.")


def live_unknown_input(name: str, known: Iterable[str]) -> NameUnknownError:
    return NameUnknownError(f"there is no input {name}: the inputs are {', '.join(known)}.")


def live_learns_nothing(known: Iterable[str]) -> DomainError:
    return DomainError(
        f"learn names no input: name one or more of {', '.join(known)}, or leave it out, and all of them "
        "learn."
    )
