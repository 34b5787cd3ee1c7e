"""One drawing that is too large: which of its boxes can be closed together."""

from __future__ import annotations

import re
from collections.abc import Sequence

from chainrule.explain.picture.dominators import Tree
from chainrule.explain.picture.items import Bundle, Item, Kind, Program

#: Fewer operations than these are not worth a box of their own.
_WORTH = 3

#: So many computations that are alike and summed up are drawn as one box.
_SAMPLES = 6

_TITLE_WORDS = 4

#: The number that a group has where its module was called several times.
_NUMBERED = re.compile(r" \(\d+\)$")


class Level:
    """The items of one drawing, in the order of the forward pass, and which of them read which.

    In the tree of ``dominators`` an item hangs below the first that all ways on from it lead through: what
    hangs below an item serves it alone.
    """

    def __init__(self, program: Program, items: Sequence[Item]) -> None:
        self.program, self.items = program, items
        self.variables = program.variables
        self.holder: dict[int, int] = {}
        for place, item in enumerate(items):
            self.holder |= dict.fromkeys(program.members([item]), place)
        self.readers: list[dict[int, None]] = [{} for _ in items]
        self.leaving = {self.holder[program.result]} if program.result in self.holder else set()
        for variable, place in self.holder.items():
            there = [self.holder.get(reader) for reader in program.readers[variable]]
            if not there or None in there:
                self.leaving.add(place)
            self.readers[place] |= dict.fromkeys(p for p in there if p is not None and p != place)
        self.dominators = Tree(
            [() if place in self.leaving else tuple(self.readers[place]) for place in range(len(items))]
        )
        self.bundles: dict[int, Bundle] = {}  # by the place of the last item of each
        self.taken: set[int] = set()

    def entries(self) -> list[Item | Bundle]:
        """What is closed, and what is left, in the order of the forward pass."""
        return [
            self.bundles.get(place, item)
            for place, item in enumerate(self.items)
            if place in self.bundles or place not in self.taken
        ]

    def _close(self, kind: Kind, place: int, places: Sequence[int], number: int, count: int) -> None:
        items = [self.items[one] for one in places]
        self.bundles[place] = Bundle(self._title(items), kind, items, number, count)
        self.taken.update(places)

    def _title(self, items: Sequence[Item]) -> str:
        """The operations, each once; those of a module's call by the name of the module."""
        words: dict[str, None] = {}
        for item in items:
            if item < 0:
                words[_NUMBERED.sub("", self.program.calls[~item].name)] = None
            elif (variable := self.variables[item]).operation:
                formula = variable.formula
                words[str(formula[0]) if isinstance(formula, list) else variable.operation] = None
        shown = list(words)[:_TITLE_WORDS]
        return ", ".join(shown) + (" …" if len(words) > _TITLE_WORDS else "")

    # --- the same again and again ----------------------------------------------------------------------

    def close_repeated(self) -> None:
        """Close what was computed several times, of other inputs: the largest first.

        Two computations are alike if they do the same to parameters that are the same. A parameter that one
        of them has to itself may differ, as long as they share others: it can be an input that is a value.
        """
        sizes, outer, own = self._sums()
        shapes = self._structures()
        alike: dict[tuple[int, int, int], list[int]] = {}
        for place in range(len(self.items)):
            if sizes[place] >= _WORTH and (outer[place] or not own[place]):
                alike.setdefault((-sizes[place], shapes[place], outer[place]), []).append(place)
        for _, places in sorted(alike.items(), key=lambda one: (one[0][0], one[1][0])):
            roots = [place for place in places if place not in self.taken]
            if len(roots) < 2:
                continue
            cones = {root: self.dominators.below(root) for root in roots}
            if len(cones[roots[0]]) > 1:  # one call alone is a cluster already
                for number, (root, cone) in enumerate(cones.items(), 1):
                    self._close("repeated", root, cone, number, len(cones))
                if len(roots) >= _SAMPLES:
                    self._gather(roots)

    def _gather(self, roots: Sequence[int]) -> None:
        """Close many computations that are alike together with the additions that sum them up, unless
        something else is computed of them on the way. The result of all stays outside."""
        end = self.dominators.common(roots)
        if end is None:
            return
        cone = self.dominators.below(end)
        loose = [self.items[place] for place in cone if place not in self.taken]
        if any(item < 0 or self.variables[item].operation not in ("", "add") for item in loose):
            return
        if end in self.leaving or len(cone) == len(self.items):
            cone = [place for place in cone if place != end]
        inside = [
            self.bundles.get(place, self.items[place])
            for place in cone
            if place in self.bundles or place not in self.taken
        ]
        title = self.bundles[roots[0]].title
        for place in cone:
            self.bundles.pop(place, None)
        self.bundles[max(cone)] = Bundle(title, "samples", inside, 1, len(roots))
        self.taken.update(cone)

    def _sums(self) -> tuple[list[int], list[int], list[int]]:
        """Of what hangs below each item: how many operations there are; which parameters are read there and
        elsewhere too, as a sum of their marks; and how many are read nowhere else."""
        marks, tree = self.program.marks, self.dominators
        sizes = [len(self.program.operations(item)) for item in self.items]
        outer, own = [0] * (len(self.items) + 1), [0] * len(self.items)
        for place, item in enumerate(self.items):
            for member in self.program.members([item]):
                variable = self.variables[member]
                if variable.kind == "parameter":
                    own[place] += 1
                for one in set(variable.inputs):
                    if self.variables[one].kind == "parameter" and self.holder.get(one) != place:
                        outer[place] += marks[one]
                        if one in self.holder:
                            outer[tree.parent(self.holder[one])] -= marks[one]
        return tree.sums(sizes), tree.sums(outer[:-1]), tree.sums(own)

    def _structures(self) -> list[int]:
        """A number for what each item does, down to the leaves: the same where they do the same."""
        known: dict[tuple[object, ...], int] = {}
        found: list[int] = []
        for item in self.items:
            key: list[object] = []
            for member in sorted(self.program.members([item])):
                variable = self.variables[member]
                key += [variable.operation, variable.shape]
                before = (self.holder.get(one, len(found)) for one in variable.inputs)
                # of what comes from outside, or from the same item, nothing is said
                key += [found[place] if place < len(found) else "" for place in before]
            found.append(known.setdefault(tuple(key), len(known)))
        return found

    # --- loops -----------------------------------------------------------------------------------------

    def close_fused(self) -> None:
        """Close elementwise work of one shape whose results are used by such work alone, up to the last."""
        ends: dict[int, int] = {}  # where the loop of an item ends
        loops: dict[int, list[int]] = {}
        for place in range(len(self.items) - 1, -1, -1):
            item = self.items[place]
            if item < 0 or place in self.taken:
                continue
            variable = self.variables[item]
            further = {ends.get(reader) for reader in self.readers[place]}
            end = further.pop() if len(further) == 1 and place not in self.leaving else None
            if not variable.operation:
                if end is not None and variable.kind != "input":
                    loops[end].append(place)
            elif item in self.program.elementwise and variable.shape:  # of numbers there is no loop
                same = end is not None and self.variables[self.items[end]].shape == variable.shape
                ends[place] = end if same and end is not None else place
                loops.setdefault(ends[place], []).append(place)
        for end, places in sorted(loops.items()):
            is_all = len(places) == len(self.items)  # a box with all in it would show nothing
            if not is_all and sum(1 for place in places if place in ends) >= _WORTH:
                self._close("fused", end, places[::-1], 1, 1)
