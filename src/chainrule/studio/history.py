"""The losses so far, of which a bounded number is kept, and their curve."""

from __future__ import annotations


class History:
    """The loss after each step. Where there are too many to keep, every second one is dropped, again and
    again: the first and the last always stay.

    >>> history = History(most=4)
    >>> for loss in (9.0, 7.0, 5.0, 3.0, 1.0):
    ...     history.add(loss)
    >>> history.points
    [(0, 9.0), (2, 5.0), (4, 1.0)]
    """

    def __init__(self, most: int = 400) -> None:
        self._most = most
        self._stride = 1
        self._kept: list[tuple[int, float]] = []
        self._last: tuple[int, float] | None = None

    def add(self, loss: float) -> None:
        step = 0 if self._last is None else self._last[0] + 1
        self._last = (step, loss)
        if step % self._stride == 0:
            self._kept.append(self._last)
        if len(self._kept) > self._most:
            self._kept = self._kept[::2]
            self._stride *= 2

    @property
    def steps(self) -> int:
        """How many steps were made: the first loss is that before any."""
        return 0 if self._last is None else self._last[0]

    @property
    def points(self) -> list[tuple[int, float]]:
        """The (step, loss) that are kept, and the last."""
        newer = self._last is not None and self._kept[-1] != self._last
        return [*self._kept, self._last] if newer and self._last is not None else list(self._kept)
