"""The progress bar of a loader, drawn by rich."""

from __future__ import annotations

import atexit
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from rich.progress import Progress

Item = TypeVar("Item")

# Two bars at once would draw over each other: a loop inside a loop with a bar shows none.
_shown: list[Progress] = []


def reported(items: Iterator[Item], total: int, label: str) -> Iterator[Item]:
    """The items, with a bar that moves on as each one has been used.

    The bar goes to the terminal or the notebook that standard output is; where it is neither,
    nothing is printed at all.
    """
    bar = None if _shown else _bar()
    if bar is None:
        yield from items
        return
    task = bar.add_task(label, total=total)
    _shown.append(bar)
    # A loop that ends in an uncaught error leaves this generator waiting; rich hides the cursor
    # while a bar is drawn, and it must come back before the interpreter is gone.
    atexit.register(bar.stop)
    bar.start()
    try:
        for item in items:
            yield item
            bar.advance(task)
    finally:
        bar.stop()
        atexit.unregister(bar.stop)
        _shown.remove(bar)


def _bar() -> Progress | None:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        ProgressColumn,
        Task,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.text import Text

    console = Console()
    # Asked of the stream itself: FORCE_COLOR makes rich take a pipe for a terminal.
    if not console.is_jupyter and (not sys.stdout.isatty() or console.is_dumb_terminal):
        return None

    class Rate(ProgressColumn):
        """Batches a second, over the last ones."""

        def render(self, task: Task) -> Text:
            speed = task.finished_speed or task.speed
            return Text("" if speed is None else f"{speed:,.1f} batches/s", style="cyan")

    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        Rate(),
        TimeRemainingColumn(elapsed_when_finished=True),
        console=console,
    )
