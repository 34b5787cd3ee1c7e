"""What in a graph serves one thing alone: the tree of post-dominators."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce


class Tree:
    """The tree in which each node hangs below the first that all ways on from it lead through.

    ``readers`` lists for each node those that it leads to, which come after it; the ways on from one that
    leads to none end, and it hangs below the root, whose number is that of the nodes.

    >>> tree = Tree([(1, 2), (3,), (3,), ()])
    >>> [tree.parent(node) for node in range(4)]
    [3, 3, 3, 4]
    >>> tree.below(3)
    [0, 1, 2, 3]
    """

    def __init__(self, readers: Sequence[Sequence[int]]) -> None:
        root = len(readers)
        self._parent = [root] * (root + 1)
        self._depth = [0] * (root + 1)
        # A second way up, of about half of what is left: the meeting of two is found in log n steps.
        self._leap = [root] * (root + 1)
        for node in range(root - 1, -1, -1):
            first, *others = readers[node] or (root,)
            for other in others:
                first = self._meeting(first, other)
            self._hang(node, first)
        self._children: list[list[int]] = [[] for _ in self._parent]
        for node in range(root):
            self._children[self._parent[node]].append(node)

    def parent(self, node: int) -> int:
        """What ``node`` hangs below."""
        return self._parent[node]

    def below(self, node: int) -> list[int]:
        """``node`` and all that hangs below it, in order."""
        found = [node]
        for one in found:
            found += self._children[one]
        return sorted(found)

    def common(self, nodes: Sequence[int]) -> int | None:
        """The lowest that all of ``nodes`` hang below, or one of them; None where it is the root."""
        met = reduce(self._meeting, nodes)
        return met if met < len(self._parent) - 1 else None

    def sums(self, numbers: Sequence[int]) -> list[int]:
        """For each node, the sum of its number and of those of all below it."""
        totals = [*numbers, 0]
        for node in range(len(numbers)):  # what is below comes before
            totals[self._parent[node]] += totals[node]
        return totals[:-1]

    def _hang(self, node: int, parent: int) -> None:
        leap, depth = self._leap, self._depth
        self._parent[node], depth[node] = parent, depth[parent] + 1
        far = leap[parent]
        even = depth[parent] - depth[far] == depth[far] - depth[leap[far]]
        leap[node] = leap[far] if even else parent

    def _meeting(self, a: int, b: int) -> int:
        """The lowest that both hang below."""
        parent, leap, depth = self._parent, self._leap, self._depth
        if depth[a] < depth[b]:
            a, b = b, a
        while depth[a] > depth[b]:
            a = leap[a] if depth[leap[a]] >= depth[b] else parent[a]
        while a != b:
            a, b = (leap[a], leap[b]) if leap[a] != leap[b] else (parent[a], parent[b])
        return a
