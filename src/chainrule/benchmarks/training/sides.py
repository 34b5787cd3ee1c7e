"""The sides of a benchmark in processes of their own, which take turns.

Libraries with threads disturb each other within a process: those of one still wait, spinning, when another
has its turn. Here the side whose turn it is has both cores, and the others sleep.
"""

from __future__ import annotations

import gc
import multiprocessing
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any, cast

from chainrule.benchmarks.processes import only_compiled
from chainrule.benchmarks.training.work import Array, Trainer
from chainrule.errors.benchmarks import PeerMissingError, side_failed

#: Makes a trainer where it is called, in the side's own process.
Build = Callable[[], Trainer]

#: Before each turn all are idle for so long; what still spins then, stops.
PAUSE = 0.03


class Side:
    """A trainer in a process of its own. Raises PeerMissingError where it cannot run, and BenchmarkError
    with what it said where it fails."""

    def __init__(self, name: str, build: Build) -> None:
        self.name = name
        spawn = multiprocessing.get_context("spawn")
        self._end, theirs = spawn.Pipe()
        self._process = spawn.Process(target=_serve, args=(theirs, build), daemon=True)
        self._process.start()
        theirs.close()
        try:
            self._asked("whether it is there")
        except Exception:
            self.close()
            raise

    def train(self, steps: int) -> tuple[Array, float]:
        """The losses before so many steps, and the seconds that these took together."""
        return cast(tuple[Array, float], self._asked("train", steps))

    def weights(self) -> list[Array]:
        """The weights now."""
        return cast(list[Array], self._asked("weights"))

    def close(self) -> None:
        """End the process."""
        self._end.close()
        self._process.join()

    def _asked(self, what: str, steps: int = 0) -> Any:
        try:
            self._end.send((what, steps))
            kind, answer = self._end.recv()
        except (EOFError, OSError):  # nobody is at the other end
            self._process.join()
            ended = f"its process ended, exit status {self._process.exitcode}"
            raise side_failed(self.name, ended) from None
        if kind == "missing":
            raise PeerMissingError(answer)
        if kind == "failed":
            raise side_failed(self.name, answer)
        return answer


def _serve(end: Connection, build: Build) -> None:
    """In the side's process: build the trainer, and train whenever it is asked to."""
    only_compiled()
    try:
        trainer = build()
        answers: dict[str, Callable[[int], object]] = {
            "whether it is there": lambda _: True,
            "train": lambda steps: _timed(trainer, steps),
            "weights": lambda _: trainer.weights(),
        }
        while True:
            what, steps = end.recv()
            end.send(("done", answers[what](steps)))
    except PeerMissingError as reason:
        end.send(("missing", str(reason)))
    except EOFError:
        return  # nobody will ask again
    except Exception:
        end.send(("failed", traceback.format_exc()))


def _timed(trainer: Trainer, steps: int) -> tuple[Array, float]:
    gc.collect()
    start = time.perf_counter()
    losses = trainer.train(steps)
    return losses, time.perf_counter() - start


@contextmanager
def sides_of(builds: Mapping[str, Build]) -> Iterator[tuple[dict[str, Side], dict[str, str]]]:
    """The sides that can run here, and why the others cannot."""
    sides: dict[str, Side] = {}
    missing: dict[str, str] = {}
    try:
        for name, build in builds.items():
            try:
                sides[name] = Side(name, build)
            except PeerMissingError as reason:
                missing[name] = str(reason)
        yield sides, missing
    finally:
        for side in sides.values():
            side.close()


def seconds_in_turns(turns: Sequence[tuple[Side, int]], rounds: int) -> list[list[float]]:
    """The seconds that a step takes of each side, for each round. A turn is a side and how many steps it
    takes then; a tenth as many go before, while its threads wake up. Another side goes first in each round;
    before the first round each has had a turn without a clock.
    """
    for side, steps in turns:
        side.train(steps)
    times: list[list[float]] = [[] for _ in turns]
    for turn in range(rounds):
        for place in range(len(turns)):
            index = (place + turn) % len(turns)
            side, steps = turns[index]
            time.sleep(PAUSE)
            side.train(max(1, steps // 10))
            _, seconds = side.train(steps)
            times[index].append(seconds / steps)
    return times
