"""What a picture is made of, as plain data: no format, no colour, no derivation.

Lengths are in CSS pixels, y grows downward, and a box is given by its upper left corner.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Phase = Literal["forward", "loss", "locals", "backward", "update"]

#: The phases in the order in which a lesson goes through them.
PHASES: tuple[Phase, ...] = ("forward", "loss", "locals", "backward", "update")

BoxKind = Literal["input", "parameter", "constant", "intermediate", "result", "group", "elsewhere"]


@dataclass(frozen=True)
class Box:
    """A variable, or a group of them that is drawn closed.

    ``title`` is its first line, ``ŷ = x·w``; ``value`` and ``gradient`` stand below, as they are in the
    end. ``variables`` holds the variable that it shows, or those of the group; ``opens`` is the place of
    the view that shows the inside of a group. A box of kind "elsewhere" stands in for one that is drawn
    in full at another place.
    """

    id: str
    kind: BoxKind
    variables: tuple[int, ...]
    title: str
    value: str
    gradient: str
    x: float
    y: float
    width: float
    height: float
    opens: int | None = None


@dataclass(frozen=True)
class Label:
    """Text on an arrow: what it carries back, and where that is written.

    ``local`` is the local derivative, ``∂S/∂ŷ = 1``, or a rule in words, on as many lines as it takes;
    ``flow`` is the product that flows, ``−2 · 1 = −2``.
    """

    local: tuple[str, ...]
    flow: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Arrow:
    """From an input down to what is computed of it. ``links`` are the (of, to, place) of the local
    derivatives that the arrow stands for; ``points`` is the line that it follows, from box to box."""

    tail: str
    head: str
    links: tuple[tuple[int, int, int], ...]
    points: tuple[tuple[float, float], ...]
    labels: tuple[Label, ...] = ()


@dataclass(frozen=True)
class View:
    """One drawing: the whole graph, or the inside of a group. ``parent`` is the view around it."""

    title: str
    parent: int | None
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]
    width: float
    height: float


@dataclass(frozen=True)
class Step:
    """One step of the lesson: what is lit while its line is read.

    ``variable`` is the variable that is computed or reached; ``values`` and ``gradients`` are those whose
    value, or running gradient, goes into it, and ``links`` the local derivatives. ``place`` counts within
    the phase: the variable of a forward step, the local of a local step, the contribution of a backward
    step (−1 for the seed).
    """

    phase: Phase
    place: int
    variable: int
    values: tuple[int, ...] = ()
    gradients: tuple[int, ...] = ()
    links: tuple[tuple[int, int, int], ...] = ()


@dataclass(frozen=True)
class Picture:
    """The drawings of a derivation, the first of the whole graph, and the steps through them."""

    views: tuple[View, ...]
    steps: tuple[Step, ...]
