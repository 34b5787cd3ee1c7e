"""What the boxes of a picture hold: variables, what the calls of modules computed, and bundles of these."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from chainrule.explain.derivation import Derivation

Kind = Literal["module", "samples", "repeated", "fused", "part"]

#: A variable by its id, or a module's call: ``~place`` among the calls.
Item = int


@dataclass(frozen=True)
class Bundle:
    """Items that are closed together."""

    title: str
    kind: Kind
    items: Sequence[Item | Bundle]
    place: int = 1
    count: int = 1


@dataclass(frozen=True)
class Call:
    """What one call of a module computed: its last operation, what is directly in it, and all variables."""

    name: str
    last: int
    inside: list[Item]
    members: list[int]


class Program:
    """A derivation, as it is looked through for what belongs together."""

    def __init__(self, derivation: Derivation) -> None:
        self.variables = derivation.variables
        self.result = derivation.result
        self.readers: list[list[int]] = [[] for _ in self.variables]
        for variable in self.variables:
            for one in dict.fromkeys(variable.inputs):
                self.readers[one].append(variable.id)
        structural = {local.of for local in derivation.locals if local.rule is not None}
        self.elementwise = {local.of for local in derivation.locals} - structural
        draw = random.Random(0).getrandbits
        self.marks = [draw(60) + 1 for _ in self.variables]
        self.calls: list[Call] = []
        self.outermost: list[Item] = []
        self._take_calls(derivation)

    # --- modules ---------------------------------------------------------------------------------------

    def _take_calls(self, derivation: Derivation) -> None:
        """Sort the variables into the calls that made them; a group that is no stretch of the forward pass,
        or crosses another, is left out."""
        order = [variable.id for variable in self.variables if variable.operation]
        rank = {variable: place for place, variable in enumerate(order)}
        stretches: list[tuple[int, int, str]] = []
        for group in derivation.groups:
            places = sorted(rank[member] for member in set(group.members) if member in rank)
            if places and places[-1] - places[0] == len(places) - 1:
                stretches.append((places[0], places[-1], group.name))
        stretches.sort(key=lambda one: (one[0], -one[1]))  # what is around before what is within
        around: list[int | None] = []
        home: dict[int, int] = {}  # the innermost call of each variable
        begun: list[tuple[int, int]] = []  # where the calls around end, and their places
        for place, (start, end, name) in enumerate(stretches):
            if place and stretches[place - 1][:2] == (start, end):
                continue  # a module that does no more than call another: the box of one is enough
            while begun and begun[-1][0] < start:
                begun.pop()
            if begun and begun[-1][0] < end:
                continue
            around.append(begun[-1][1] if begun else None)
            begun.append((end, len(self.calls)))
            home |= dict.fromkeys(order[start : end + 1], len(self.calls))
            self.calls.append(Call(name, order[end], [], []))
        self._place_leaves(home, around)
        for variable in self.variables:
            call = home.get(variable.id)
            (self.outermost if call is None else self.calls[call].inside).append(variable.id)
            while call is not None:
                self.calls[call].members.append(variable.id)
                call = around[call]
        for place, parent in enumerate(around):
            (self.outermost if parent is None else self.calls[parent].inside).append(~place)
        for items in (self.outermost, *(call.inside for call in self.calls)):
            items.sort(key=self.position)

    def _place_leaves(self, home: dict[int, int], around: Sequence[int | None]) -> None:
        """A leaf belongs to the innermost call that all that read it belong to; an input, to none."""
        for variable in self.variables:
            if variable.operation or variable.kind == "input":
                continue
            common: list[int] | None = None
            for reader in self.readers[variable.id]:
                chain: list[int] = []
                call = home.get(reader)
                while call is not None:
                    chain.append(call)
                    call = around[call]
                common = chain if common is None else [one for one in common if one in chain]
                if not common:
                    break
            if common:
                home[variable.id] = common[0]

    def position(self, item: Item) -> int:
        """Where an item stands in the forward pass: a call with the last operation that it made."""
        return item if item >= 0 else self.calls[~item].last

    def members(self, items: Sequence[Item | Bundle]) -> Iterator[int]:
        """The variables that are in ``items``, in no order."""
        pending = list(items)
        while pending:
            item = pending.pop()
            if isinstance(item, Bundle):
                pending += item.items
            elif item >= 0:
                yield item
            else:
                yield from self.calls[~item].members

    def operations(self, item: Item) -> tuple[str, ...]:
        """What ``item`` does, in order."""
        members = (item,) if item >= 0 else self.calls[~item].members
        done = (self.variables[member].operation for member in members)
        return tuple(operation for operation in done if operation)

    def is_leaf(self, entry: Item | Bundle) -> bool:
        """Whether it is a variable that was not computed."""
        return not isinstance(entry, Bundle) and entry >= 0 and not self.variables[entry].operation
