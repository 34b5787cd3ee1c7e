"""In which order the items of each layer stand, so that few lines cross."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import pairwise

Neighbours = Sequence[Sequence[int]]

_ROUNDS = 8
_PATIENCE = 3  # rounds without a better order, after which none is looked for


def reorder(layers: Sequence[list[int]], above: Neighbours, below: Neighbours) -> None:
    """Change the order within each of ``layers`` until few lines cross; ``above`` and ``below`` hold the
    neighbours of each item on the layers next to its own. An order without crossings is left as it is.
    """
    layers = [layer for layer in layers if layer]
    place = {item: index for layer in layers for index, item in enumerate(layer)}
    first = place.copy()
    fewest = _crossings(layers, below, place)
    best = [layer.copy() for layer in layers]
    idle = 0
    for _ in range(_ROUNDS):
        if not fewest or idle == _PATIENCE:
            break
        for layer in layers[1:]:
            _sort_by_neighbours(layer, above, place)
        for layer in reversed(layers[:-1]):
            _sort_by_neighbours(layer, below, place)
        _exchange(layers, above, below, place, first)
        count = _crossings(layers, below, place)
        idle += 1
        if count < fewest:
            fewest, idle = count, 0
            best = [layer.copy() for layer in layers]
    for layer, order in zip(layers, best, strict=True):
        layer[:] = order


def _number(layer: list[int], place: dict[int, int]) -> None:
    place.update(zip(layer, range(len(layer)), strict=True))


def _sort_by_neighbours(layer: list[int], near: Neighbours, place: dict[int, int]) -> None:
    """Sort ``layer`` by the mean place of each item's neighbours; an item without any keeps its place."""
    means = []
    for index, item in enumerate(layer):
        places = near[item]
        if len(places) == 1:
            means.append((float(place[places[0]]), index))
        elif places:
            means.append((sum([place[one] for one in places]) / len(places), index))
    means.sort()
    moved = iter([layer[index] for _, index in means])
    layer[:] = [next(moved) if near[item] else item for item in layer]
    _number(layer, place)


def _exchange(
    layers: Sequence[list[int]],
    above: Neighbours,
    below: Neighbours,
    place: dict[int, int],
    first: dict[int, int],
) -> None:
    """Exchange neighbours on a layer where that saves crossings, or costs none and brings back the order
    in which they were ``first``."""
    for layer in layers:
        uppers = [sorted([place[one] for one in above[item]]) for item in layer]
        lowers = [sorted([place[one] for one in below[item]]) for item in layer]
        for left in range(len(layer) - 1):
            right = left + 1
            saved = _saved(uppers[left], uppers[right]) + _saved(lowers[left], lowers[right])
            if saved > 0 or (saved == 0 and first[layer[left]] > first[layer[right]]):
                layer[left], layer[right] = layer[right], layer[left]
                uppers[left], uppers[right] = uppers[right], uppers[left]
                lowers[left], lowers[right] = lowers[right], lowers[left]
        _number(layer, place)


def _saved(left: list[int], right: list[int]) -> int:
    """How many crossings an exchange saves of two items whose neighbours are at these places, sorted."""
    if len(left) == 1 and len(right) == 1:
        return (left[0] > right[0]) - (left[0] < right[0])
    if len(left) < len(right):
        return sum(bisect_left(right, one) + bisect_right(right, one) - len(right) for one in left)
    return sum(len(left) - bisect_left(left, one) - bisect_right(left, one) for one in right)


def _crossings(layers: Sequence[list[int]], below: Neighbours, place: dict[int, int]) -> int:
    return sum(
        _inversions(
            [end for item in upper for end in sorted([place[one] for one in below[item]])], len(lower)
        )
        for upper, lower in pairwise(layers)
    )


def _inversions(ends: list[int], size: int) -> int:
    """How many pairs of ``ends``, all below ``size``, stand in falling order, by a tree of sums."""
    count, tree = 0, [0] * (size + 1)
    for seen, end in enumerate(ends):
        count += seen
        node = end + 1
        while node:
            count -= tree[node]
            node &= node - 1
        node = end + 1
        while node <= size:
            tree[node] += 1
            node += node & -node
    return count
