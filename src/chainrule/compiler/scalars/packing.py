"""Numbers side by side: isomorphic instructions on numbers as one instruction on a vector.

A training step does the same to each of its parameters. Instructions of one operation and one depth, none
of which needs another, are put into *packs* of as many as a vector has lanes, where their operands are

* one and the same number for all of them, or
* the lanes of one pack, in the same order, or
* numbers that lie in memory, whose order there is free: then they become a pack, and lie side by side.

Everything else stays alone. And a long chain of sums, each read by the next only, adds up packs, where its
terms are packs. Where numbers lie is decided by their packs, later, and only speed depends on it: what does
not lie side by side is read one by one.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import NamedTuple

from chainrule.compiler.ir import Program
from chainrule.compiler.llvm import MATH
from chainrule.compiler.scalars.places import is_copy, is_free

#: Numbers that are computed, or lie, side by side: as many as a vector has lanes; or one alone.
Pack = tuple[int, ...]

#: The most terms that one sum adds up, in vectors.
TERMS = 256


class Alike(NamedTuple):
    """Instructions that differ only in their operands, and in those only where ``shared`` has None."""

    shared: tuple[int | None, ...]
    members: list[int]


@dataclass
class Packing:
    """The packs of a program. ``areas`` says of numbers that lie in memory before they are read in which
    part of it: within one, their order is free."""

    program: Program
    width: int
    areas: dict[int, Hashable]
    pack: dict[int, Pack] = field(default_factory=dict)
    lane: dict[int, int] = field(default_factory=dict)
    #: What each value is computed from, copies seen through; of a sum of many numbers, first the lanes of
    #: whole packs, so many as ``whole`` says, then what is alone.
    operands: dict[int, tuple[int, ...]] = field(default_factory=dict)
    whole: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        under = list(range(len(self.program)))
        for place, instruction in enumerate(self.program.instructions):
            if not is_free(self.program, place):
                self.operands[place] = tuple([under[one] for one in instruction.operands])
            elif is_copy(self.program, place):
                under[place] = under[instruction.operands[0]]
        self._reads = Counter(chain.from_iterable(self.operands.values()))
        self._reads.update([under[place] for place in self.program.outputs.values()])
        self._rank: dict[int, int] = {}

    def units(self, stages: list[list[int]], needed: Iterable[int]) -> list[list[Pack]]:
        """The numbers of each stage, packed and in an order in which they can be computed. ``needed`` are
        those that something else reads than numbers of their stage."""
        alike = [self._alike(numbers) for numbers in stages]
        self._order_lanes([kind for kinds in alike for kind in kinds])
        found = []
        for numbers, kinds in zip(stages, alike, strict=True):
            made = [pack for kind in kinds for pack in self._packed(kind)]
            inner = self._add_up(numbers)
            self._dissolve(made, needed)
            found.append(self._in_order([place for place in numbers if place not in inner]))
        return found

    def _alike(self, numbers: list[int]) -> list[Alike]:
        """Instructions of one operation and one depth, that share the same operands, where so many share
        one that it can stand for all lanes."""
        rows: dict[tuple[int, str, str], list[int]] = defaultdict(list)
        for place, depth in self._depths(numbers).items():
            instruction = self.program.instructions[place]
            rows[depth, instruction.operation, instruction.type.dtype].append(place)
        found = []
        for _, members in sorted(rows.items()):
            if len(members) < self.width:
                continue
            operands = [self.operands[place] for place in members]
            counts = [Counter(column) for column in zip(*operands, strict=True)]
            kinds: dict[tuple[int | None, ...], list[int]] = defaultdict(list)
            for place, ones in zip(members, operands, strict=True):
                pairs = zip(ones, counts, strict=True)
                kinds[tuple([one if count[one] >= self.width else None for one, count in pairs])].append(
                    place
                )
            found += [Alike(shared, ones) for shared, ones in kinds.items() if len(ones) >= self.width]
        return found

    def _order_lanes(self, alike: list[Alike]) -> None:
        """Give each number the rank of the result of a loop that it meets, so that packs stand in the order
        in which the loop makes those: memory is read faster upwards."""
        made = (place for place in self.areas if self.program.instructions[place].operation != "input")
        rank = self._rank = {place: place for place in made}
        if not rank:
            return
        links = [
            (place, one)
            for kind in alike
            for place in kind.members
            for one, shared in zip(self.operands[place], kind.shared, strict=True)
            if shared is None
        ]
        for place, one in links:
            if one in rank:
                rank.setdefault(place, rank[one])
        for place, one in reversed(links):
            if place in rank:
                rank.setdefault(one, rank[place])
        for place, one in links:
            if one in rank:
                rank.setdefault(place, rank[one])

    def _depths(self, numbers: list[int]) -> dict[int, int]:
        """How many instructions among ``numbers`` stand before each in a row."""
        depth: dict[int, int] = {}
        for place in numbers:
            if place in self.operands:
                depth[place] = 1 + max((depth.get(one, 0) for one in self.operands[place]), default=0)
        return depth

    # --- packs

    def _packed(self, kind: Alike) -> Iterator[Pack]:
        """The packs among instructions that are alike."""
        own = [position for position, one in enumerate(kind.shared) if one is None]
        operands = {place: self.operands[place] for place in kind.members}
        groups: dict[tuple[Hashable, ...], list[list[int]]] = {}
        members = kind.members
        if self._rank:
            members = sorted(members, key=lambda one: self._rank.get(one, len(self.program)))
        for place in members:
            key: list[Hashable] = []
            lanes = set()
            for position in own:
                one = operands[place][position]
                if one in self.pack:
                    key.append(self.pack[one])
                    lanes.add(self.lane[one])
                elif one in self.areas:
                    key.append(self.areas[one])
                else:
                    break
            if len(key) < len(own) or len(lanes) > 1:
                continue
            queues = groups.setdefault(tuple(key), [[] for _ in range(self.width)] if lanes else [[]])
            queues[lanes.pop() if lanes else 0].append(place)
        for queues in groups.values():
            rounds = zip(*queues, strict=False) if len(queues) > 1 else _chunks(queues[0], self.width)
            for pack in rounds:
                if self._lay(operands, pack):
                    self._add(pack)
                    yield pack

    def _lay(self, operands: dict[int, tuple[int, ...]], pack: Pack) -> bool:
        """Put the operands of ``pack`` that lie in memory side by side, if all can be had without a
        shuffle."""
        new: list[Pack] = []
        for column in zip(*(operands[place] for place in pack), strict=True):
            if len(set(column)) == 1 or self.pack.get(column[0]) == column:
                continue
            taken = {one for other in new for one in other}
            if column in new:
                continue
            if any(one in self.pack or one not in self.areas or one in taken for one in column):
                return False
            new.append(column)
        for column in new:
            self._add(column)
        return True

    def _add(self, pack: Pack) -> None:
        for lane, place in enumerate(pack):
            self.pack[place], self.lane[place] = pack, lane

    def _dissolve(self, made: list[Pack], needed: Iterable[int]) -> None:
        """Undo the packs that cost more than they save: nobody reads them whole, their lanes would have to
        be taken apart, and alone each would be read from memory."""
        used = {self.pack[place] for place in needed if place in self.pack}
        for place, whole in self.whole.items():
            used.update(self.pack[one] for one in self.operands[place][: whole : self.width])
        computed = set(made)
        apart = []
        for pack in made:
            columns = set(zip(*(self.operands[one] for one in pack), strict=True))
            used |= columns
            if columns.isdisjoint(computed) and self.program.instructions[pack[0]].operation not in MATH:
                apart.append(pack)
        for pack in apart:
            if pack not in used:
                for place in pack:
                    del self.pack[place], self.lane[place]

    # --- sums

    def _add_up(self, numbers: list[int]) -> set[int]:
        """Find chains of sums, and the sums within them that need not be computed."""
        before: dict[int, int] = {}
        length: dict[int, int] = {}
        for place in numbers:
            if self.program.instructions[place].operation != "add" or place in self.pack:
                continue
            length[place] = 1
            for one in self.operands[place]:
                if one in length and length[one] < TERMS * self.width and self._reads[one] == 1:
                    before[place] = one
                    length[place] += length[one]
                    break
        inner: set[int] = set()
        followed = set(before.values())
        for last in before:
            if last not in followed and length[last] >= 2 * self.width:
                inner.update(self._chain(last, before))
        return inner

    def _chain(self, last: int, before: dict[int, int]) -> list[int]:
        """The chain that ends at ``last`` as one sum, if there are packs in it. Returns what is within."""
        terms, inner, place = [], [], last
        while True:
            left, right = self.operands[place]
            link = before.get(place)
            if link is None:
                terms += [right, left]
                break
            terms.append(right if left == link else left)
            inner.append(link)
            place = link
        terms.reverse()
        left_over = Counter(terms)
        free: dict[Hashable, list[int]] = defaultdict(list)
        for one in left_over:
            if one not in self.pack and one in self.areas:
                free[self.areas[one]].append(one)
        for ones in free.values():
            for pack in _chunks(ones, self.width):
                self._add(pack)
        whole: list[int] = []
        for pack in dict.fromkeys(self.pack[one] for one in terms if one in self.pack):
            if all(left_over[one] for one in pack):
                left_over.subtract(pack)
                whole += pack
        if len(whole) < 2 * self.width:
            return []
        self.operands[last] = (*whole, *left_over.elements())
        self.whole[last] = len(whole)
        return inner

    # --- order

    def _in_order(self, numbers: list[int]) -> list[Pack]:
        """Each pack, and what is alone, after all that it reads; else as they stand in the program."""
        here = set(numbers)
        done: set[int] = set()
        order: list[Pack] = []
        for first in numbers:
            waiting = [first]
            while waiting:
                place = waiting[-1]
                if place in done:
                    waiting.pop()
                    continue
                unit = self.pack.get(place, (place,))
                missing = [
                    one
                    for member in unit
                    for one in self.operands.get(member, ())
                    if one in here and one not in done
                ]
                if missing:
                    waiting += missing
                    continue
                done.update(unit)
                order.append(unit)
                waiting.pop()
        return order


def _chunks(places: list[int], width: int) -> Iterator[Pack]:
    """As many whole packs as there are."""
    for start in range(0, len(places) - width + 1, width):
        yield tuple(places[start : start + width])
