"""What a caller has to know of machine code: which numbers it takes and gives, in which order, and how
much memory it works in. It is kept beside the code on disk, so that a program whose code is there need be
neither simplified nor scheduled."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

from chainrule.compiler.ir import Type
from chainrule.compiler.scalars.schedule import Schedule


@dataclass(frozen=True)
class Layout:
    """``arguments`` and ``state`` are names of inputs, in the order that the code takes them; the first
    ``carried`` of the state are written to. Memory is counted in doubles."""

    arguments: list[str]
    state: list[str]
    carried: int
    results: list[tuple[str, Type]]
    cells: int
    sums: int
    lanes: int
    arena: int

    @classmethod
    def of(cls, schedule: Schedule) -> Layout:
        return cls(
            arguments=schedule.arguments,
            state=schedule.state,
            carried=len(schedule.carried),
            results=[(name, schedule.program.type(place)) for name, place in results(schedule)],
            cells=schedule.cell_count,
            sums=schedule.sum_count * schedule.width,
            lanes=schedule.lane_count * schedule.width,
            arena=schedule.arena_size,
        )

    @classmethod
    def from_json(cls, text: str) -> Layout:
        found: dict[str, Any] = json.loads(text)
        types = [(name, Type(dtype, tuple(shape))) for name, (dtype, shape) in found.pop("results")]
        return cls(results=types, **found)

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    def parts(self) -> dict[str, tuple[int, int, Type]]:
        """Where each result stands among the numbers that a step puts out, and its type."""
        found, start = {}, 0
        for name, type in self.results:
            found[name] = (start, start + type.size, type)
            start += type.size
        return found

    @property
    def result_size(self) -> int:
        """How many numbers one step puts out."""
        return sum(type.size for _, type in self.results)


def results(schedule: Schedule) -> list[tuple[str, int]]:
    """The outputs that are not state: names and places, in the order in which they are put out."""
    kept = {schedule.program.carried[name] for name in schedule.carried}
    return [(name, place) for name, place in schedule.program.outputs.items() if name not in kept]
