"""What a large picture draws closed: modules, computations done again and again, loops, parts.

Whatever is drawn closed, a picture has no cycles. What a call of a module computed is a stretch of the
forward pass, and so is a part; any other cluster has one exit, for a variable belongs to it only where all
that read it do. So the boxes of each drawing can stand in the order of their last operations.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

from chainrule.explain.derivation import Derivation
from chainrule.explain.picture.items import Bundle, Item, Kind, Program
from chainrule.explain.picture.level import Level

#: What has up to so many boxes is drawn as it is; of more, some are drawn closed.
_FEW = 40

#: What has so many boxes already is not opened for more.
_ENOUGH = 5

#: So many boxes are the most of one drawing, save for leaves that several clusters share. What has more is
#: cut into parts, and into so many of them at most.
_MOST, _PARTS = 800, 120


@dataclass(frozen=True)
class Cluster:
    """Variables that are drawn as one box, and as a drawing of their own when it is opened.

    "module" is what one call of a module computed, "repeated" one of ``count`` computations that are alike:
    number ``place``, from 1; and "samples" is all of these, and their sum. "fused" is elementwise work of
    one shape, which a compiler makes one loop of, and "part" one of ``count`` stretches of what is still
    too much. ``title`` names the module, or the operations; that of a part is empty.

    ``members`` are ids, with those of the clusters within, and ``parent`` is the place of the cluster
    around. A leaf is a member where all that read it are, save that the inputs of a module or a loop stay
    outside.
    """

    title: str
    kind: Kind
    members: tuple[int, ...]
    parent: int | None = None
    place: int = 1
    count: int = 1


def grouped(derivation: Derivation) -> tuple[Cluster, ...]:
    """The clusters of ``derivation``, each after the one around it; none, where all of it can be drawn.

    >>> from chainrule import Value, explain
    >>> w, b = Value(2.0), Value(1.0)
    >>> data = [(float(i), 3.0 * i) for i in range(12)]
    >>> L = sum((w * x + b - y) ** 2 for x, y in data)
    >>> for cluster in grouped(explain(L, torch=False))[:2]:
    ...     print(cluster.title, cluster.kind, len(cluster.members), cluster.place, cluster.count)
    mul, add, sub, pow samples 61 1 12
    mul, add, sub, pow repeated 4 1 12
    """
    if len(derivation.variables) <= _FEW:
        return ()
    return tuple(_Grouping(derivation).clusters())


class _Grouping:
    def __init__(self, derivation: Derivation) -> None:
        self.program = Program(derivation)
        self.variables = derivation.variables

    def clusters(self) -> Iterator[Cluster]:
        """Level by level, the outermost first."""
        made = 0
        pending: deque[tuple[int | None, Sequence[int], Sequence[Item | Bundle]]] = deque()
        pending.append((None, range(len(self.variables)), self._closed(self.program.outermost)))
        while pending:
            around, within, entries = pending.popleft()
            for entry in self._cut(entries):
                if not isinstance(entry, Bundle):
                    if entry >= 0:
                        continue
                    call = self.program.calls[~entry]
                    entry = Bundle(call.name, "module", call.inside)
                members = self._with_leaves(entry, within)
                yield Cluster(entry.title, entry.kind, members, around, entry.place, entry.count)
                pending.append((made, members, self._inside(entry)))
                made += 1

    def _inside(self, bundle: Bundle) -> Sequence[Item | Bundle]:
        if bundle.kind in ("module", "repeated"):
            return self._closed([item for item in bundle.items if not isinstance(item, Bundle)])
        return bundle.items

    def _closed(self, items: list[Item]) -> Sequence[Item | Bundle]:
        """The boxes of one drawing: what is drawn closed of ``items``, and the others; none, where all of
        them can be drawn."""
        if sum(1 for _ in self.program.members(items)) <= _FEW:
            return ()
        items = self._opened(items)
        if len(items) <= _FEW:
            return items
        level = Level(self.program, items)
        level.close_repeated()
        if len(level.entries()) > _FEW:
            level.close_fused()
        return level.entries()

    def _opened(self, items: list[Item]) -> list[Item]:
        """``items``; where they are few, with calls opened, as far as there is room for what is in them:
        the largest first, and those that are alike together."""
        while len(items) < _ENOUGH:
            alike: dict[tuple[str, ...], list[Item]] = {}
            for item in items:
                if item < 0:
                    alike.setdefault(self.program.operations(item), []).append(item)
            fitting = [
                same
                for same in alike.values()
                if len(items) + sum(len(self.program.calls[~one].inside) - 1 for one in same) <= _FEW
            ]
            if not fitting:
                break
            chosen = max(fitting, key=lambda same: len(self.program.calls[~same[0]].members))
            inside = [item for one in chosen for item in self.program.calls[~one].inside]
            items = sorted({*items, *inside} - {*chosen}, key=self.program.position)
        return items

    # --- parts -----------------------------------------------------------------------------------------

    def _cut(self, entries: Sequence[Item | Bundle]) -> Sequence[Item | Bundle]:
        """``entries``, or the parts into which too many of them are cut: operations between what is closed
        already, and where that is not enough, all of them."""
        computed = [entry for entry in entries if not self.program.is_leaf(entry)]
        if self._boxes(computed) <= _MOST or len(computed) <= _FEW:
            return entries
        pieces: list[Sequence[Item | Bundle]] = []
        for loose, run in groupby(computed, lambda entry: not isinstance(entry, Bundle) and entry >= 0):
            several = list(run)
            pieces += _pieces(several) if loose else [[entry] for entry in several]
        found = _parts(pieces)
        return found if self._boxes(found) <= _MOST else _parts(_pieces(computed))

    def _boxes(self, entries: Sequence[Item | Bundle]) -> int:
        """How many boxes they are, with those of the leaves that single operations among them read."""
        loose = (self.variables[one] for one in entries if not isinstance(one, Bundle) and one >= 0)
        leaves = {one for each in loose for one in each.inputs if self.program.is_leaf(one)}
        return len(entries) + len(leaves)

    def _with_leaves(self, bundle: Bundle, within: Sequence[int]) -> tuple[int, ...]:
        """The members of a bundle; those of a part, with the leaves around that are read there alone."""
        members = set(self.program.members(bundle.items))
        if bundle.kind == "part":
            read = {
                one
                for member in members
                for one in self.variables[member].inputs
                if self.program.is_leaf(one)
            }
            alone = {leaf for leaf in read if members.issuperset(self.program.readers[leaf])}
            members |= alone.intersection(within)
        return tuple(sorted(members))


def _parts(pieces: Sequence[Sequence[Item | Bundle]]) -> list[Item | Bundle]:
    """The pieces in a row, each of more than one entry closed."""
    count, place = sum(1 for piece in pieces if len(piece) > 1), 0
    found: list[Item | Bundle] = []
    for piece in pieces:
        if len(piece) > 1:
            place += 1
            found.append(Bundle("", "part", piece, place, count))
        else:
            found += piece
    return found


def _pieces(entries: Sequence[Item | Bundle]) -> list[Sequence[Item | Bundle]]:
    """``entries`` in a row of pieces of one length, and not too many of them."""
    count = -(-len(entries) // max(_FEW, -(-len(entries) // _PARTS)))
    ends = [place * len(entries) // count for place in range(count + 1)]
    return [entries[start:end] for start, end in pairwise(ends)]
