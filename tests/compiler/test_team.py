"""The threads that run one function together, and the barrier that keeps them in step."""

from __future__ import annotations

import ctypes
import os
import platform
import subprocess
import sys
import time
from collections.abc import Iterator
from threading import Thread
from typing import Any

import numpy as np
import pytest

from chainrule.compiler import barrier, blas, cores, members, team
from chainrule.compiler.run import Library, compiled
from chainrule.compiler.team import Team

SIZES = (1, 2, 3)

# frame: rounds, then two rows of one number for each member, then for each member its last sum.
# In each round a member writes its number into the one row or the other, and after the barrier adds up
# those of all: which is right only if all have written, and none has gone on to write there again.
ROUNDS = f"""
define void @rounds(ptr %frame, ptr %team, i64 %member, i64 %members) {{
entry:
  %rounds = load i64, ptr %frame
  %rows = getelementptr i64, ptr %frame, i64 1
  br label %round
round:
  %i = phi i64 [0, %entry], [%j, %summed]
  %total = phi i64 [0, %entry], [%total.next, %summed]
  %odd = and i64 %i, 1
  %start = mul i64 %odd, {members.LARGEST}
  %row = getelementptr i64, ptr %rows, i64 %start
  %own = getelementptr i64, ptr %row, i64 %member
  %number = add i64 %i, %member
  store i64 %number, ptr %own
  call void @barrier(ptr %team, i64 %member, i64 %members)
  br label %sum
sum:
  %k = phi i64 [0, %round], [%k.next, %sum]
  %sofar = phi i64 [%total, %round], [%total.next, %sum]
  %at = getelementptr i64, ptr %row, i64 %k
  %one = load i64, ptr %at
  %total.next = add i64 %sofar, %one
  %k.next = add i64 %k, 1
  %more = icmp slt i64 %k.next, %members
  br i1 %more, label %sum, label %summed
summed:
  %j = add i64 %i, 1
  %again = icmp slt i64 %j, %rounds
  br i1 %again, label %round, label %over
over:
  %totals = getelementptr i64, ptr %rows, i64 {2 * members.LARGEST}
  %total.at = getelementptr i64, ptr %totals, i64 %member
  store i64 %total.next, ptr %total.at
  ret void
}}

; Calls the function that the frame names.
define void @callback(ptr %frame, ptr %team, i64 %member, i64 %members) {{
  %function = load ptr, ptr %frame
  call void %function(i64 %member, i64 %members)
  ret void
}}
"""


@pytest.fixture(scope="module")
def library() -> Library:
    return Library(compiled(barrier.text() + ROUNDS))


@pytest.fixture
def fresh() -> Iterator[None]:
    """Teams of this test's own."""
    kept = dict(Team._teams)
    Team._teams.clear()
    yield
    for one in Team._teams.values():
        one.leave()
    Team._teams.clear()
    Team._teams.update(kept)


def totals(library: Library, with_team: Team, rounds: int) -> tuple[list[int], list[int]]:
    """What each member found, and what it should have, by how many there were."""
    with_team._memory.numbers[members.ALONE] = 0  # this machine may be busy with other tests
    frame = (ctypes.c_int64 * (1 + 3 * members.LARGEST))(rounds)
    with_team.run(library.address("rounds"), ctypes.addressof(frame))
    found = list(frame[1 + 2 * members.LARGEST :])
    number = sum(total != 0 for total in found)
    each = sum(number * i + number * (number - 1) // 2 for i in range(rounds))
    return found[:number], [each] * number


@pytest.mark.parametrize("size", SIZES)
def test_members_see_what_the_others_wrote(library: Library, size: int) -> None:
    for rounds in (2, 3, 300):
        found, expected = totals(library, Team.of(size), rounds)
        assert found == expected
        assert len(found) == size


def test_a_team_that_sleeps_is_woken(library: Library) -> None:
    for _ in range(20):
        time.sleep(0.003)
        found, expected = totals(library, Team.of(2), 5)
        assert found == expected
        assert len(found) == 2


def test_who_finds_the_team_at_work_does_it_alone(library: Library) -> None:
    """Also from within a call of its own, where to wait would be for ever."""
    seen: list[tuple[int, int]] = []
    inner: list[int] = []

    @ctypes.CFUNCTYPE(None, ctypes.c_int64, ctypes.c_int64)
    def note(member: int, count: int) -> None:
        seen.append((member, count))
        if member == 0:
            found, expected = totals(library, Team.of(3), 4)
            assert found == expected
            inner.append(len(found))

    frame = ctypes.c_void_p(ctypes.cast(note, ctypes.c_void_p).value)
    Team.of(2)._memory.numbers[members.ALONE] = 0
    Team.of(2).run(library.address("callback"), ctypes.addressof(frame))
    assert sorted(seen) == [(0, 2), (1, 2)]
    assert inner == [1]
    assert len(totals(library, Team.of(2), 4)[0]) == 2


def test_calls_from_several_threads(library: Library) -> None:
    wrong: list[Any] = []

    def caller() -> None:
        for _ in range(200):
            found, expected = totals(library, Team.of(2), 6)
            if found != expected or len(found) not in (1, 2):
                wrong.append((found, expected))

    threads = [Thread(target=caller) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


@pytest.mark.usefixtures("fresh")
def test_semaphores_of_python(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(team, "_semaphores", lambda: None)
    for _ in range(10):
        time.sleep(0.002)
        found, expected = totals(library, Team.of(2), 5)
        assert found == expected
        assert len(found) == 2


@pytest.mark.usefixtures("fresh")
def test_a_team_sent_away_works_alone(library: Library) -> None:
    one = Team.of(2)
    assert len(totals(library, one, 3)[0]) == 2
    threads = one._threads
    one.leave()
    assert not any(thread.is_alive() for thread in threads)
    found, expected = totals(library, one, 3)
    assert found == expected
    assert len(found) == 1


@pytest.mark.usefixtures("fresh")
def test_where_no_thread_can_be_had(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    start = Thread.start

    def refuse_the_second(self: Thread) -> None:
        if self.name.endswith("-2"):
            raise RuntimeError("can't start new thread")
        start(self)

    monkeypatch.setattr(Thread, "start", refuse_the_second)
    for _ in range(2):
        assert len(totals(library, Team.of(3), 3)[0]) == 1


@pytest.mark.usefixtures("fresh")
def test_a_team_that_waits_for_a_member_goes_on_alone_for_a_while(library: Library) -> None:
    counts: list[int] = []
    late = 1  # the member

    @ctypes.CFUNCTYPE(None, ctypes.c_int64, ctypes.c_int64)
    def note(member: int, count: int) -> None:
        if member == 0:
            counts.append(count)
        if member == late:
            time.sleep(0.03)

    frame = ctypes.c_void_p(ctypes.cast(note, ctypes.c_void_p).value)
    for _ in range(10):
        Team.of(2).run(library.address("callback"), ctypes.addressof(frame))
    if platform.machine() in ("x86_64", "AMD64"):  # where the processor's clock can be read
        assert counts == [2, 1, 2, 1, 1, 1, 2, 1, 1, 1]
    late = 0  # now it is the others that wait
    numbers = Team.of(2)._memory.numbers
    for _ in range(30):
        numbers[members.ALONE] = 0
        Team.of(2).run(library.address("callback"), ctypes.addressof(frame))
        if not numbers[members.PENALTY]:
            break
    assert numbers[members.PENALTY] == numbers[members.ALONE] == 0


def test_the_blas_keeps_to_one_thread_while_a_team_works(library: Library) -> None:
    found = blas.find()
    if found is None or found.threads is None:
        return
    get = ctypes.CFUNCTYPE(ctypes.c_int)(found.threads.get)
    tell = ctypes.CFUNCTYPE(None, ctypes.c_int)(found.threads.set)
    seen: list[int] = []

    @ctypes.CFUNCTYPE(None, ctypes.c_int64, ctypes.c_int64)
    def note(member: int, count: int) -> None:
        if member == 0:
            seen.append(get())

    frame = ctypes.c_void_p(ctypes.cast(note, ctypes.c_void_p).value)
    before = get()
    try:
        for number in (2, 1):
            tell(number)
            Team.of(2).run(library.address("callback"), ctypes.addressof(frame))
            assert get() == number
    finally:
        tell(before)
    assert seen == [1, 1]


def test_sizes() -> None:
    assert Team.of(2) is Team.of(2)
    assert Team.of(100).size == members.LARGEST
    assert Team.of().size == min(cores.usable(), members.LARGEST)


def script(code: str) -> str:
    """What a new interpreter prints."""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


_START = f"""
import ctypes, os
from chainrule.compiler import barrier
from chainrule.compiler.run import Library, compiled
from chainrule.compiler.team import Team
library = Library(compiled(barrier.text() + {ROUNDS!r}))
def total(size):
    frame = (ctypes.c_int64 * {1 + 3 * members.LARGEST})(10)
    Team.of(size)._memory.numbers[{members.ALONE}] = 0
    Team.of(size).run(library.address("rounds"), ctypes.addressof(frame))
    return frame[{1 + 2 * members.LARGEST}]
"""


def test_the_interpreter_ends_while_members_look_and_while_they_sleep() -> None:
    assert script(_START + "print(total(3))") == "165\n"
    assert script(_START + "import time; print(total(3)); time.sleep(0.01)") == "165\n"


if hasattr(os, "fork"):

    def test_a_process_that_was_forked_off() -> None:
        code = """
print(total(2), flush=True)
import warnings
warnings.simplefilter("ignore")  # of a fork beside threads, which is what is tried
child = os.fork()
if not child:
    print(total(2), flush=True)
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
print(total(2))
"""
        assert script(_START + code) == "100\n100\n100\n"


def test_a_quota_counts_as_cores(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    quota = tmp_path / "cpu.max"
    monkeypatch.setattr(cores, "_QUOTA", quota)
    unlimited = cores._quota()
    for text, expected in [("150000 100000", 1), ("400000 100000", 4), ("max 100000", unlimited)]:
        quota.write_text(text)
        assert cores._quota() == expected
    assert np.isfinite(unlimited)
