"""All cores on one function: the threads that wait to help, and how they are called.

A function of a team is ``void f(ptr frame, ptr team, i64 member, i64 members)``. Every member calls it
with the same frame; each does its part, and :mod:`chainrule.compiler.barrier` keeps them in step. The
member 0 is the thread that asks::

    Team.of(2).run(address_of_f, address_of_its_frame)

How many members there are is said at each call, since there may be one alone: all teams share the same
cores, so that there is one at work at a time, and who asks while it is at work does the whole by itself.

Where other processes keep the cores busy, a member may not run for milliseconds while the others wait. A
team that waits more than it works does the next calls alone, then tries again.

The others are threads that stay in machine code, outside Python's lock. After a call they look for the next
for a fifth of a millisecond, then sleep until they are woken. They end with the interpreter; a process that
was forked off makes its own.
"""

from __future__ import annotations

import atexit
import ctypes
import os
import platform
import time
from collections.abc import Callable
from functools import cache, cached_property
from threading import Lock, Semaphore, Thread
from typing import Any, ClassVar

from chainrule.compiler import blas, cores, members, run
from chainrule.compiler.barrier import LINE, LONG, REST, REST_FOR, SPINS, YIELD

#: Seconds to look without a break.
_SPIN = 5e-6

#: Seconds after which a wait is long.
_LONG = 2e-4

#: Microseconds to sleep while waiting for long.
_REST = 50


class Team:
    """So many threads, the caller's among them, and the memory that they share.

    A team of one is a plain call. Where no thread can be started, it becomes one.

    >>> Team.of(1).size
    1
    """

    _teams: ClassVar[dict[int, Team]] = {}

    def __init__(self, size: int) -> None:
        self.size = size
        self._run = _code().run
        self._clear()

    @classmethod
    def of(cls, size: int | None = None) -> Team:
        """The process's team of ``size`` members, or of as many as there are usable cores; 8 at most."""
        size = min(size or cores.usable(), members.LARGEST)
        if size not in cls._teams:
            cls._teams.setdefault(size, cls(size))
        return cls._teams[size]

    def run(self, function: int, frame: int) -> None:
        """Call the function at an address for the frame at an address; back when all members are."""
        if not self._started and self.size > 1:
            self._start()
        self._run(self._address, function, frame)

    def _clear(self) -> None:
        """Memory as at the start, and no threads."""
        self._lock = Lock()
        self._started = False
        self._threads: list[Thread] = []
        self._memory = memory = _Memory(self.size)
        self._address = memory.address

    def _start(self) -> None:
        with self._lock:
            if self._started:
                return
            try:
                for member in range(1, self.size):
                    self._threads.append(self._member(member))
            except RuntimeError:  # no more threads are to be had: those that came sleep until the end
                self._alone()
            self._run(
                self._address, _code().nothing, None
            )  # they come to their places: that takes its time
            self._memory.numbers[members.ALONE] = self._memory.numbers[members.PENALTY] = 0
            self._started = True

    def _member(self, number: int) -> Thread:
        thread = Thread(
            target=_code().serve, args=(self._address, number), name=f"chainrule-team-{number}", daemon=True
        )
        thread.start()
        return thread

    def _alone(self) -> None:
        self.size = self._memory.numbers[members.SIZE] = 1

    def leave(self) -> None:
        """Send the threads away, as the interpreter ends; later calls do all of the work themselves."""
        if self._threads and _code().dismiss(self._address):
            for thread in self._threads:
                thread.join()
        self._alone()


class _Memory:
    """A team's memory; it is never given back, for a thread may look at it until the process ends."""

    def __init__(self, size: int) -> None:
        _keep_for_ever(self)
        space = (ctypes.c_int64 * (members.LENGTH + LINE))()
        self.address = -(-ctypes.addressof(space) // (8 * LINE)) * (8 * LINE)
        self.numbers = (ctypes.c_int64 * members.LENGTH).from_address(self.address)
        self._held: list[Any] = [space]
        self.numbers[members.SIZE] = size
        turns, ticks = _code().rates
        self.numbers[SPINS], self.numbers[LONG] = int(_SPIN * turns) + 1, int(_LONG * ticks) + 1
        self.numbers[YIELD], self.numbers[REST], self.numbers[REST_FOR] = _idling()
        library = blas.find()
        if library and library.threads:
            self.numbers[members.GET_THREADS], self.numbers[members.SET_THREADS] = library.threads
        self._make_beds(size)

    def _make_beds(self, size: int) -> None:
        """Where each member sleeps: a semaphore of the system's, or one of Python's where it has none."""
        native = _semaphores()
        for member in range(1, size):
            place = members.SLEEPERS + member * LINE
            bed = self.address + 8 * (place + members.BED)
            if native:
                native.sem_init(ctypes.c_void_p(bed), 0, 0)
            self.numbers[place + 1] = bed
        sleep, wake = (native.sem_wait, native.sem_post) if native else self._semaphores_of_python(size)
        self.numbers[members.SLEEP], self.numbers[members.WAKE] = _address(sleep), _address(wake)

    def _semaphores_of_python(self, size: int) -> tuple[Any, Any]:
        semaphores = {self.numbers[members.SLEEPERS + m * LINE + 1]: Semaphore(0) for m in range(1, size)}

        def sleep(bed: int) -> int:
            semaphores[bed].acquire()
            return 0

        def wake(bed: int) -> int:
            semaphores[bed].release()
            return 0

        functions = tuple(ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p)(one) for one in (sleep, wake))
        self._held += functions
        return functions[0], functions[1]


class _Code:
    """The functions of :mod:`chainrule.compiler.members`."""

    def __init__(self) -> None:
        self._library = run.load(["team"], members.text)
        _keep_for_ever(self._library)
        address, whole = ctypes.c_void_p, ctypes.c_int64
        self.run = self._function("run", None, address, address, address)
        self.serve = self._function("serve", None, address, whole)
        self.dismiss = self._function("dismiss", ctypes.c_int, address)
        self._spin = self._function("spin", whole, whole)
        self.nothing = self._library.address("nothing")
        self.busy = ctypes.c_int64.from_address(self._library.address("busy"))

    def _function(self, name: str, result: Any, *arguments: Any) -> Callable[..., Any]:
        return ctypes.CFUNCTYPE(result, *arguments)(self._library.address(name))

    @cached_property
    def rates(self) -> tuple[float, float]:
        """How often a member can look in a second (processors differ tenfold in how long they pause), and
        the ticks of the processor's clock in one."""
        trial, found = 500, []
        for _ in range(4):
            start = time.perf_counter()
            ticks = self._spin(trial)
            found.append((time.perf_counter() - start, ticks))
        seconds, ticks = min(found)
        return trial / seconds, ticks / seconds


@cache
def _code() -> _Code:
    return _Code()


def _idling() -> tuple[int, int, int]:
    """What lets others run, what sleeps, and for how long, in its own unit."""
    if os.name == "nt":
        kernel = ctypes.CDLL("kernel32")
        return _address(kernel.SwitchToThread), _address(kernel.Sleep), 1
    library = ctypes.CDLL(None)
    return _address(library.sched_yield), _address(library.usleep), _REST


def _semaphores() -> Any:
    """The C library where it has semaphores that lie in memory of ours, which not all systems have."""
    return ctypes.CDLL(None) if platform.system() == "Linux" else None


def _address(function: Any) -> int:
    return ctypes.cast(function, ctypes.c_void_p).value or 0


def _keep_for_ever(thing: Any) -> None:
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(thing))


@atexit.register
def _leave() -> None:
    for team in Team._teams.values():
        team.leave()


def _forked() -> None:
    """In a process that was forked off: its teams have no threads, and none of them is at work."""
    if Team._teams:
        _code().busy.value = 0
    for team in Team._teams.values():
        team._clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)
