"""What a benchmark hands back: lines of two medians and what was asked of them, as data and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any, Literal


@dataclass(frozen=True)
class Asked:
    """The figure to reach.

    ``faster`` (or ``smaller``): the peer takes at least ``bound`` times what chainrule takes;
    ``within``: chainrule takes at most ``bound`` times what the peer takes; ``grows`` is the same, where
    the peer is chainrule itself with less to do;
    ``below``: chainrule takes less than ``bound``, in the line's unit.
    """

    kind: Literal["faster", "smaller", "within", "grows", "below"]
    bound: float


@dataclass(frozen=True)
class Line:
    """One piece of work that both sides did, and what it took of each, round by round.

    ``form`` says how chainrule did it, where there are several ways. A side that could not run, or a
    figure that has no peer, has no rounds.
    """

    what: str
    peer: str
    unit: str
    ours: Sequence[float]
    theirs: Sequence[float]
    asked: Asked | None = None
    form: str = ""

    @property
    def ratio(self) -> float | None:
        """The peer's median over ours: above 1, chainrule takes less. None where ours is nothing at all."""
        if not self.theirs or not self.ours or median(self.ours) == 0:
            return None
        return median(self.theirs) / median(self.ours)

    @property
    def spread(self) -> tuple[float, float] | None:
        """The smallest and the largest ratio that one round gave."""
        ratios = [b / a for a, b in zip(self.ours, self.theirs, strict=False) if a]
        return (min(ratios), max(ratios)) if ratios else None

    @property
    def met(self) -> bool | None:
        """Whether the figure asked for is reached; None where none is, or nothing was measured."""
        if self.asked is None or not self.ours:
            return None
        if self.asked.kind == "below":
            return median(self.ours) < self.asked.bound
        if self.ratio is None:
            return None
        if self.asked.kind in ("within", "grows"):
            return 1 / self.ratio <= self.asked.bound
        return self.ratio >= self.asked.bound

    def as_json(self) -> dict[str, Any]:
        """Everything, each round to four digits."""
        return {
            "what": self.what,
            "form": self.form,
            "peer": self.peer,
            "unit": self.unit,
            "chainrule median": median(self.ours) if self.ours else None,
            "peer median": median(self.theirs) if self.theirs else None,
            "peer / chainrule": self.ratio and _rounded(self.ratio),
            "from round to round": self.spread and [_rounded(ratio) for ratio in self.spread],
            "asked": self.asked and asdict(self.asked),
            "met": self.met,
            "chainrule rounds": [_rounded(number) for number in self.ours],
            "peer rounds": [_rounded(number) for number in self.theirs],
        }

    @classmethod
    def from_json(cls, line: dict[str, Any]) -> Line:
        """The line that `as_json` wrote."""
        return cls(
            line["what"],
            line["peer"],
            line["unit"],
            line["chainrule rounds"],
            line["peer rounds"],
            line["asked"] and Asked(**line["asked"]),
            line["form"],
        )


@dataclass
class Outcome:
    """The lines of a benchmark, and who was left out: a name and the reason."""

    lines: list[Line] = field(default_factory=list)
    missing: dict[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return {"lines": [line.as_json() for line in self.lines], "missing": self.missing}

    @classmethod
    def from_json(cls, outcome: dict[str, Any]) -> Outcome:
        return cls([Line.from_json(line) for line in outcome["lines"]], dict(outcome["missing"]))


def _rounded(number: float) -> float:
    return float(f"{number:.4g}")
