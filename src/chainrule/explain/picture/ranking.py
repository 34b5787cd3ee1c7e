"""On which layer each node of a graph stands, counted from the top: its inputs are all above it."""

from __future__ import annotations

from collections.abc import Sequence

from chainrule import errors


def ranks(above: Sequence[Sequence[int]], below: Sequence[Sequence[int]]) -> list[int]:
    """The layer of each node, of which ``above`` lists the inputs and ``below`` the users.

    What is given stands right above its first user, and the last results of all parts of the graph on
    the last layer. Otherwise the edges are kept short: of two ways to rank each part, the better one.

    >>> ranks([[], [], [0, 1], [], [2, 3]], [[2], [2], [4], [4], []])
    [0, 0, 1, 1, 2]

    Raises:
        DomainError: if the graph has a cycle.
    """
    order = _inputs_first(above, below)
    early = _shortened(above, below, order)
    late = [-rank for rank in _shortened(below, above, order[::-1])]
    found = [0] * len(above)
    for part in connected(above, below):
        shorter = _length(part, above, late) < _length(part, above, early)
        best = late if shorter else early
        last = max(best[node] for node in part)
        for node in part:
            found[node] = best[node] - last
    first = min(found, default=0)
    return [rank - first for rank in found]


def _shortened(
    above: Sequence[Sequence[int]], below: Sequence[Sequence[int]], order: list[int]
) -> list[int]:
    """Each node right below the last of its inputs; then, from the last one on, right above its first
    user, unless more edges grow longer by that than shorter. What serves it alone comes along."""
    rank = [0] * len(above)
    held = [0] * len(above)  # how many edges grow longer when the node moves down
    for node in order:
        for tail in above[node]:
            rank[node] = max(rank[node], rank[tail] + 1)
            held[node] += held[tail] > 0 or len(below[tail]) > 1
    for node in reversed(order):
        if below[node] and held[node] <= len(below[node]):
            rank[node] = min(rank[head] for head in below[node]) - 1
    return rank


def _length(part: Sequence[int], above: Sequence[Sequence[int]], rank: Sequence[int]) -> int:
    return sum(rank[node] - rank[tail] for node in part for tail in above[node])


def connected(above: Sequence[Sequence[int]], below: Sequence[Sequence[int]]) -> list[list[int]]:
    """The nodes of each connected part, the part of the first node first.

    >>> connected([[], [], [0], []], [[2], [], [], []])
    [[0, 2], [1], [3]]
    """
    seen = [False] * len(above)
    found = []
    for start in range(len(above)):
        if seen[start]:
            continue
        seen[start] = True
        part = [start]
        for node in part:
            for near in (*above[node], *below[node]):
                if not seen[near]:
                    seen[near] = True
                    part.append(near)
        found.append(sorted(part))
    return found


def _inputs_first(above: Sequence[Sequence[int]], below: Sequence[Sequence[int]]) -> list[int]:
    waiting = [len(tails) for tails in above]
    order = [node for node, count in enumerate(waiting) if not count]
    for node in order:
        for head in below[node]:
            waiting[head] -= 1
            if not waiting[head]:
                order.append(head)
    if len(order) < len(above):
        raise errors.layout_in_a_circle([node for node, count in enumerate(waiting) if count])
    return order
