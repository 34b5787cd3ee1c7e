"""Where the places of each row are from left to right: lines straight, boxes below their inputs."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

Neighbours = Sequence[Sequence[int]]

# How firmly places hold together: on a line where no other comes or leaves, where others do, where the
# upper one is an input, which can as well give way; and how firmly those that nothing holds stay.
_ALONG, _AT_END, _GIVEN, _ALONE = 50.0, 1.0, 0.1, 0.001


def place(
    rows: Sequence[Sequence[int]],
    above: Neighbours,
    below: Neighbours,
    halves: Sequence[float],
    boxes: int,
    x: list[float],
    widest: float,
) -> None:
    """Write to ``x`` the middle of each place on ``rows``, which keep their order and do not overlap.

    A place takes the room ``halves`` to each side; the first ``boxes`` are boxes. Row by row, upward and
    downward, places are put as near as order and room allow to what they are tied to: first to what is
    below, then above; in the end boxes go below their inputs, those without any above their users, and
    lines in between. The rows are no wider than ``widest``, or than the widest of them needs.
    """
    rows = [row for row in rows if row]
    placing = _Placing(rows, halves, x)
    widest = max(widest, placing.pack())
    up = [_ties(row, below, above) for row in rows]
    down = [_ties(row, above, below) for row in rows]
    both = [
        [_joined(one < boxes, *ties) for one, *ties in zip(row, *tied, strict=True)]
        for row, *tied in zip(rows, up, down, strict=True)
    ]
    placing.sweep(up, down)
    placing.frame(widest)
    for upward, downward in ((up, down), (both, both), (both, both)):
        placing.sweep(upward, downward)
    columns = _columns(rows, above, below)
    for _ in range(2):  # what moves the first time may leave room for others
        placing.straighten(columns)


def spread(
    goals: Sequence[float], firmness: Sequence[float], halves: Sequence[float], low: float, high: float
) -> list[float]:
    """The places in a row, in this order and without overlap, that are nearest to ``goals``.

    Least squares under an order, by pooling: places that would overlap stand side by side, where they
    would on average, each weighed by its ``firmness``. All stand between ``low`` and ``high``.

    >>> spread([0.0, 1.0, 30.0], [1.0, 1.0, 1.0], [5.0, 5.0, 5.0], -100.0, 100.0)
    [-4.5, 5.5, 30.0]
    """
    pools: list[tuple[float, float, int]] = []  # how far each is to the right, its weight, its members
    room = 0.0  # of those to the left, which counts for no one
    for goal, weight, half in zip(goals, firmness, halves, strict=True):
        start, count = goal - room - half, 1
        room += 2 * half
        while pools and pools[-1][0] >= start:
            other, more, members = pools.pop()
            start = (start * weight + other * more) / (weight + more)
            weight += more
            count += members
        pools.append((start, weight, count))
    high -= room
    found: list[float] = []
    room = 0.0
    for start, _, count in pools:
        start = max(low, min(high, start))
        for half in halves[len(found) : len(found) + count]:
            found.append(start + room + half)
            room += 2 * half
    return found


#: What a place is tied to, each with how firmly; and the sum of that.
_Ties = tuple[list[tuple[int, float]], float]


def _ties(row: Sequence[int], near: Neighbours, back: Neighbours) -> list[_Ties]:
    """The ties of a row to ``near``, where ``back`` leads from there to the row."""
    found = []
    for one in row:
        others = near[one]
        firm = _ALONG if len(others) == 1 and len(back[others[0]]) == 1 else _AT_END
        found.append(([(other, firm) for other in others], firm * len(others)))
    return found


def _joined(is_box: bool, up: _Ties, down: _Ties) -> _Ties:
    """What holds a place in the end: a box is held by its inputs, if it has any, a line by firm ties."""
    if not is_box:
        firm = max(up[1], down[1])
        ties = [tie for tie in (*up[0], *down[0]) if tie[1] == firm]
        return ties, firm * len(ties)
    return down if down[0] else (up[0], up[1] * _GIVEN)


def _total(numbers: Sequence[float]) -> float:
    """The sum, added up from the left: ``sum`` does not round the same way in every Python."""
    total = 0.0
    for number in numbers:
        total += number
    return total


def _columns(
    rows: Sequence[Sequence[int]], above: Neighbours, below: Neighbours
) -> list[tuple[list[int], Sequence[int]]]:
    """The places parted into lines, on which each but the first is the only one below what is above it,
    from the top down. With each line comes what it should be in the middle of, if that is several places.
    A line holds to its first place; that of an input begins at its lower end."""

    def goes_on(upper: int) -> bool:
        return len(below[upper]) == 1 and len(above[below[upper][0]]) == 1

    columns = []
    for row in rows:
        for one in row:
            if len(above[one]) == 1 and goes_on(above[one][0]):
                continue
            column = [one]
            while goes_on(column[-1]):
                column.append(below[column[-1]][0])
            inputs = above[one] if len(above[one]) > 1 else ()
            columns.append((column if above[one] else column[::-1], inputs))
    return columns


class _Placing:
    """The rows, the room that their places take, and where they are now."""

    def __init__(self, rows: Sequence[Sequence[int]], halves: Sequence[float], x: list[float]) -> None:
        self.rows = rows
        self.halves = halves
        self.rooms = [[halves[one] for one in row] for row in rows]
        self.x = x
        self.low, self.high = float("-inf"), float("inf")

    def pack(self) -> float:
        """Put the places of each row side by side, around 0; the width of the widest row."""
        widest = 0.0
        for row, rooms in zip(self.rows, self.rooms, strict=True):
            packed = spread([0.0] * len(row), [1.0] * len(row), rooms, self.low, self.high)
            for one, middle in zip(row, packed, strict=True):
                self.x[one] = middle
            widest = max(widest, packed[-1] + rooms[-1] - packed[0] + rooms[0])
        return widest

    def frame(self, widest: float) -> None:
        """From now on, stay within ``widest``, around where the rows are in the middle now."""
        left = min(self.x[row[0]] - self.halves[row[0]] for row in self.rows)
        right = max(self.x[row[-1]] + self.halves[row[-1]] for row in self.rows)
        self.low, self.high = (left + right - widest) / 2, (left + right + widest) / 2

    def sweep(self, up: list[list[_Ties]], down: list[list[_Ties]]) -> None:
        """Settle each row, from the last to the first and back."""
        for number in reversed(range(len(self.rows))):
            self._settle(number, up[number])
        for number in range(len(self.rows)):
            self._settle(number, down[number])

    def _settle(self, number: int, tied: list[_Ties]) -> None:
        x, row, goals, firmness = self.x, self.rows[number], [], []
        for one, (ties, firm) in zip(row, tied, strict=True):
            if len(ties) == 1:
                goals.append(x[ties[0][0]])
            elif ties:
                total = weights = 0.0
                for other, weight in ties:
                    total += x[other] * weight
                    weights += weight
                goals.append(total / weights)
            else:
                goals.append(x[one])
            firmness.append(firm or _ALONE)
        for one, middle in zip(
            row, spread(goals, firmness, self.rooms[number], self.low, self.high), strict=True
        ):
            x[one] = middle

    def straighten(self, columns: list[tuple[list[int], Sequence[int]]]) -> None:
        """Put each column on one line, or on few, as far as the places beside it leave room."""
        left: dict[int, int] = {}
        right: dict[int, int] = {}
        for row in self.rows:
            for one, other in pairwise(row):
                right[one], left[other] = other, one
        for column, inputs in columns:
            goal, low, high = self.x[column[0]], self.low, self.high
            if inputs:
                goal = _total([self.x[one] for one in inputs]) / len(inputs)
            run: list[int] = []
            for one in column:
                least, most = self._between(left.get(one), one, right.get(one))
                if max(low, least) > min(high, most):
                    self._align(run, goal, low, high)
                    run, goal, low, high = [], self.x[one], self.low, self.high
                run.append(one)
                low, high = max(low, least), min(high, most)
            self._align(run, goal, low, high)

    def _between(self, left: int | None, one: int, right: int | None) -> tuple[float, float]:
        """How far left and how far right ``one`` can go between its neighbours."""
        room = self.halves[one]
        low = self.low if left is None else self.x[left] + self.halves[left]
        high = self.high if right is None else self.x[right] - self.halves[right]
        return low + room, high - room

    def _align(self, run: Sequence[int], goal: float, low: float, high: float) -> None:
        middle = max(low, min(high, goal))
        for one in run:
            self.x[one] = middle
