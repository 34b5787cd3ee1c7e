"""``Descent``: gradient descent at several learning rates as plain data; all charts are drawn from it."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from os import PathLike
from typing import Any, Literal

from chainrule import errors
from chainrule.explain.derivation import Derivation, numbers_of, plain

#: What a learning rate turned out to be: too small, right, too large, far too large.
Verdict = Literal["slow", "right", "oscillating", "diverging"]

#: Why a run ended before its time: the loss, or its gradient, was no longer finite, or was far too large.
Stop = Literal["loss", "gradient", "explosion"]

Point = tuple[float, ...]


@dataclass(frozen=True)
class Run:
    """One descent: the loss before each step and after the last one.

    ``points`` holds the parameters' numbers beside each loss, where there are one or two of them. A run
    that was ``stopped`` ends with the loss that stopped it, which may be infinite or NaN.
    """

    rate: float
    losses: tuple[float, ...]
    points: tuple[Point, ...]
    verdict: Verdict
    stopped: Stop | None = None


@dataclass(frozen=True)
class Curvature:
    """How the gradient changes around the start: ``along`` the gradient itself, and at most, among the
    directions that a descent from there goes."""

    along: float
    largest: float

    @property
    def stable_rate(self) -> float | None:
        """2/λ: beyond it, each step on a parabola of the largest curvature leads further up. None where
        the loss does not curve upward."""
        return 2 / self.largest if self.largest > 0 else None


@dataclass(frozen=True)
class Surface:
    """The loss around the paths, for one number or two.

    ``axes`` holds the places along each of them, in ascending order. ``losses`` is one loss a place, or
    for two numbers one row of losses for each place of the second. ``lowest`` is the lowest point that was
    seen, where it lies inside: the minimum, as far as it can be told.
    """

    axes: tuple[Point, ...]
    losses: tuple[Any, ...]
    lowest: Point | None = None
    lowest_loss: float | None = None


@dataclass(frozen=True)
class Descent:
    """What ``descend`` found: print it, or read its parts.

    ``parameters`` are their names, and ``numbers`` the names of their numbers where there are one or two:
    then the runs have points, and there is a ``surface``. ``derivation`` explains the first step. It goes
    through JSON unchanged.

    >>> import chainrule
    >>> from chainrule.explain.descent import descend
    >>> w = chainrule.Value(1.0)
    >>> descent = descend(lambda: (w - 2.0) ** 2, [w], lr=0.25, steps=2)
    >>> descent.runs[0].losses
    (1.0, 0.25, 0.0625)
    >>> Descent.from_json(descent.to_json()) == descent
    True
    """

    parameters: tuple[str, ...]
    numbers: tuple[str, ...]
    steps: int
    runs: tuple[Run, ...]
    derivation: Derivation
    curvature: Curvature | None = None
    surface: Surface | None = None
    lang: str = "en"

    @property
    def loss(self) -> str:
        """What the loss is called."""
        return self.derivation.variables[self.derivation.result].name

    def text(self, lang: str | None = None) -> str:
        """A table of the runs as plain text, in English ("en") or French ("fr")."""
        from chainrule.explain.descent.table import render

        return render(self, lang or self.lang)

    def save(self, path: str | PathLike[str], lang: str | None = None) -> None:
        """Write it to a file: a page to step through (``.html``), the charts (``.svg``), ``.json`` or
        ``.txt``.

        Raises DomainError for another ending, and OSError where the file cannot be written.
        """
        from chainrule.explain.saving import save_descent

        save_descent(self, path, lang or self.lang)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        """What a notebook shows."""
        from chainrule.explain.notebook import mimebundle

        return mimebundle(self, include, exclude)

    def __str__(self) -> str:
        return self.text()

    def __repr__(self) -> str:
        verdicts = ", ".join(f"{run.rate:g} {run.verdict}" for run in self.runs)
        return f"<Descent of {self.loss} by {', '.join(self.parameters)}: {verdicts}>"

    def to_dict(self) -> dict[str, Any]:
        """As dictionaries, lists, numbers and strings; an infinity or NaN as ``{"number": "∞"}``."""
        return {one.name: plain(getattr(self, one.name)) for one in fields(self)}

    def to_json(self, indent: int | None = None) -> str:
        """As JSON text."""
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=indent, allow_nan=False)

    @classmethod
    def from_dict(cls, data: Any) -> Descent:
        """The descent that :meth:`to_dict` wrote. Raises DTypeError where it did not."""
        try:
            curvature, surface = data["curvature"], data["surface"]
            return cls(
                parameters=tuple(data["parameters"]),
                numbers=tuple(data["numbers"]),
                steps=data["steps"],
                runs=tuple(Run(**_tuples(run)) for run in data["runs"]),
                derivation=Derivation.from_dict(data["derivation"]),
                curvature=None if curvature is None else Curvature(**_tuples(curvature)),
                surface=None if surface is None else Surface(**_tuples(surface)),
                lang=data["lang"],
            )
        except (KeyError, TypeError, AttributeError, IndexError) as error:
            raise errors.not_a_descent(error) from error

    @classmethod
    def from_json(cls, text: str) -> Descent:
        """The descent that :meth:`to_json` wrote. Raises DTypeError where it did not."""
        try:
            data = json.loads(text)
        except (ValueError, TypeError) as error:
            raise errors.not_a_descent(error) from error
        return cls.from_dict(data)


def _tuples(data: dict[str, Any]) -> dict[str, Any]:
    return {name: _tuple(value) for name, value in numbers_of(data).items()}


def _tuple(value: Any) -> Any:
    return tuple(map(_tuple, value)) if isinstance(value, list) else value
