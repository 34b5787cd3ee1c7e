"""What the members of a team run in machine code: how one calls them, and how they wait to be called.

The memory of a team, in numbers of 64 bits: what :mod:`chainrule.compiler.barrier` needs, then the call
that the members look for, then for each member where it sleeps. What several write stands in lines of the
processor's cache of its own.
"""

from __future__ import annotations

from string import Template

from chainrule.compiler import barrier
from chainrule.compiler.barrier import COUNTERS, LINE, LONG

#: More members than this gain little where every step is a fraction of a millisecond.
LARGEST = 8

#: How many members there are; functions of an address that sleep until woken, and wake; the BLAS's
#: functions for the number of its threads, or 0.
SIZE, SLEEP, WAKE, GET_THREADS, SET_THREADS = 5, 6, 7, 8, 9

#: How many calls the first member still does alone, and how many it did so after the last that was slow.
ALONE, PENALTY = 10, 11

#: The most of these.
_MOST_ALONE = 64

#: The call that the members look for: how many there have been; the function, 0 to leave; its frame.
CALLS, FUNCTION, FRAME = LINE, LINE + 1, LINE + 2

#: From here, in a ``LINE`` for each member: whether it is asleep; the address it sleeps at; and from
#: ``BED`` on, what may be at that address.
SLEEPERS = COUNTERS + LARGEST * LINE
BED = 2

#: How many numbers that is.
LENGTH = SLEEPERS + LARGEST * LINE

_LLVM = """
@busy = global i64 0

define internal void @wake(ptr %team, i64 %members) nounwind {
entry:
  %wake.at = getelementptr i64, ptr %team, i64 $WAKE
  %wake = load ptr, ptr %wake.at
  br label %head
head:
  %member = phi i64 [1, %entry], [%after, %next]
  %more = icmp slt i64 %member, %members
  br i1 %more, label %look, label %over
look:
  %place = mul i64 %member, $LINE
  %sleepers = getelementptr i64, ptr %team, i64 $SLEEPERS
  %sleeper = getelementptr i64, ptr %sleepers, i64 %place
  %asleep = atomicrmw xchg ptr %sleeper, i64 0 seq_cst
  %sleeps = icmp ne i64 %asleep, 0
  br i1 %sleeps, label %rouse, label %next
rouse:
  %address.at = getelementptr i64, ptr %sleeper, i64 1
  %address = load ptr, ptr %address.at
  call i32 %wake(ptr %address)
  br label %next
next:
  %after = add i64 %member, 1
  br label %head
over:
  ret void
}

define internal void @publish(ptr %team, ptr %function, ptr %frame, i64 %members) nounwind {
  %function.at = getelementptr i64, ptr %team, i64 $FUNCTION
  store ptr %function, ptr %function.at
  %frame.at = getelementptr i64, ptr %team, i64 $FRAME
  store ptr %frame, ptr %frame.at
  %calls.at = getelementptr i64, ptr %team, i64 $CALLS
  %number = atomicrmw add ptr %calls.at, i64 1 seq_cst
  call void @wake(ptr %team, i64 %members)
  ret void
}

define void @run(ptr %team, ptr %function, ptr %frame) nounwind {
entry:
  %members.at = getelementptr i64, ptr %team, i64 $SIZE
  %members = load i64, ptr %members.at
  %several = icmp sgt i64 %members, 1
  br i1 %several, label %ask, label %alone
ask:
  %asked = cmpxchg ptr @busy, i64 0, i64 1 acquire monotonic
  %ours = extractvalue {i64, i1} %asked, 1
  br i1 %ours, label %together, label %alone
alone:
  call void %function(ptr %frame, ptr %team, i64 0, i64 1)
  ret void
together:
  %get.at = getelementptr i64, ptr %team, i64 $GET_THREADS
  %get = load ptr, ptr %get.at
  %told = icmp ne ptr %get, null
  br i1 %told, label %number, label %work
number:
  %threads = call i32 %get()
  %threaded = icmp ne i32 %threads, 1
  br i1 %threaded, label %restrain, label %work
restrain:
  call void @set_threads(ptr %team, i32 1)
  br label %work
work:
  %restore = phi i32 [1, %together], [1, %number], [%threads, %restrain]
  %alone.at = getelementptr i64, ptr %team, i64 $ALONE
  %calls = load i64, ptr %alone.at
  %crowded = icmp sgt i64 %calls, 0
  br i1 %crowded, label %avoid, label %share
avoid:
  %fewer = sub i64 %calls, 1
  store i64 %fewer, ptr %alone.at
  call void %function(ptr %frame, ptr %team, i64 0, i64 1)
  br label %done
share:
  %waited.at = getelementptr i64, ptr %team, i64 $WAITED
  store i64 0, ptr %waited.at
  %before = $TICK
  call void @publish(ptr %team, ptr %function, ptr %frame, i64 %members)
  call void %function(ptr %frame, ptr %team, i64 0, i64 %members)
  call void @barrier(ptr %team, i64 0, i64 %members)
  %after = $TICK
  %ticks = sub i64 %after, %before
  call void @judge(ptr %team, i64 %ticks)
  br label %done
done:
  %changed = icmp ne i32 %restore, 1
  br i1 %changed, label %release, label %over
release:
  call void @set_threads(ptr %team, i32 %restore)
  br label %over
over:
  store atomic i64 0, ptr @busy release, align 8
  ret void
}

; Where the first member waited for most of the call, and for long, the others had no core to run on: other
; processes have them. The next calls it does alone; the more of them, the more often that happens.
define internal void @judge(ptr %team, i64 %ticks) nounwind {
  %waited.at = getelementptr i64, ptr %team, i64 $WAITED
  %waited = load i64, ptr %waited.at
  %long.at = getelementptr i64, ptr %team, i64 $LONG
  %long = load i64, ptr %long.at
  %was.long = icmp sgt i64 %waited, %long
  %twice = shl i64 %waited, 1
  %was.most = icmp sgt i64 %twice, %ticks
  %slow = and i1 %was.long, %was.most
  %penalty.at = getelementptr i64, ptr %team, i64 $PENALTY
  %penalty = load i64, ptr %penalty.at
  %double = shl i64 %penalty, 1
  %more = add i64 %double, 1
  %much = icmp sgt i64 %more, $MOST_ALONE
  %harsh = select i1 %much, i64 $MOST_ALONE, i64 %more
  %mild = lshr i64 %penalty, 1
  %next = select i1 %slow, i64 %harsh, i64 %mild
  store i64 %next, ptr %penalty.at
  %calls = select i1 %slow, i64 %harsh, i64 0
  %alone.at = getelementptr i64, ptr %team, i64 $ALONE
  store i64 %calls, ptr %alone.at
  ret void
}

define internal void @set_threads(ptr %team, i32 %threads) nounwind {
  %set.at = getelementptr i64, ptr %team, i64 $SET_THREADS
  %set = load ptr, ptr %set.at
  call void %set(i32 %threads)
  ret void
}

; Whether the members were sent away: not while they are at work.
define i32 @dismiss(ptr %team) nounwind {
entry:
  %asked = cmpxchg ptr @busy, i64 0, i64 1 acquire monotonic
  %ours = extractvalue {i64, i1} %asked, 1
  br i1 %ours, label %send, label %over
send:
  call void @publish(ptr %team, ptr null, ptr null, i64 $LARGEST)
  store atomic i64 0, ptr @busy release, align 8
  br label %over
over:
  %sent = zext i1 %ours to i32
  ret i32 %sent
}

; What a member does from its start to its end.
define void @serve(ptr %team, i64 %member) nounwind {
entry:
  %calls.at = getelementptr i64, ptr %team, i64 $CALLS
  %members.at = getelementptr i64, ptr %team, i64 $SIZE
  %members = load i64, ptr %members.at
  %sleepers = getelementptr i64, ptr %team, i64 $SLEEPERS
  %place = mul i64 %member, $LINE
  %sleeper = getelementptr i64, ptr %sleepers, i64 %place
  %address.at = getelementptr i64, ptr %sleeper, i64 1
  %sleep.at = getelementptr i64, ptr %team, i64 $SLEEP
  %sleep = load ptr, ptr %sleep.at
  br label %wait
wait:
  %call = phi i64 [1, %entry], [%following, %do]
  br label %look
look:
  %called = call i1 @look(ptr %team, ptr %calls.at, i64 %call)
  br i1 %called, label %work, label %tire
tire:
  ; Say so first, then look once more: who calls after that sees it, and wakes.
  %before = atomicrmw xchg ptr %sleeper, i64 1 seq_cst
  %late = load atomic i64, ptr %calls.at seq_cst, align 8
  %missed = icmp sge i64 %late, %call
  br i1 %missed, label %retract, label %lie
retract:
  %still = atomicrmw xchg ptr %sleeper, i64 0 seq_cst
  %unseen = icmp ne i64 %still, 0
  br i1 %unseen, label %look, label %lie
lie:
  %address = load ptr, ptr %address.at
  %interrupted = call i32 %sleep(ptr %address)
  %again = icmp ne i32 %interrupted, 0
  br i1 %again, label %lie, label %look
work:
  %function.at = getelementptr i64, ptr %team, i64 $FUNCTION
  %function = load ptr, ptr %function.at
  %leave = icmp eq ptr %function, null
  br i1 %leave, label %over, label %do
do:
  %frame.at = getelementptr i64, ptr %team, i64 $FRAME
  %frame = load ptr, ptr %frame.at
  call void %function(ptr %frame, ptr %team, i64 %member, i64 %members)
  call i64 @count(ptr %team, i64 %member)
  %following = add i64 %call, 1
  br label %wait
over:
  ret void
}

define void @nothing(ptr %frame, ptr %team, i64 %member, i64 %members) nounwind {
  ret void
}

; The ticks that it takes to look so often.
define i64 @spin(i64 %turns) nounwind {
entry:
  %seen.at = alloca i64
  store i64 0, ptr %seen.at
  %before = $TICK
  br label %look
look:
  %turn = phi i64 [0, %entry], [%next, %look]
  $PAUSE
  %seen = call i1 @has_come(ptr %seen.at, i64 1)
  %next = add i64 %turn, 1
  %more = icmp slt i64 %next, %turns
  br i1 %more, label %look, label %over
over:
  %after = $TICK
  %ticks = sub i64 %after, %before
  ret i64 %ticks
}
"""


def text() -> str:
    """LLVM's text of ``run(team, function, frame)``, ``dismiss(team)``, ``serve(team, member)`` and
    ``spin(turns)``; of the number ``busy``, 1 while any team is at work; and of ``nothing``, a function
    that a team can call."""
    places = {"SIZE": SIZE, "SLEEP": SLEEP, "WAKE": WAKE, "GET_THREADS": GET_THREADS}
    places |= {"SET_THREADS": SET_THREADS, "CALLS": CALLS, "FUNCTION": FUNCTION, "FRAME": FRAME}
    places |= {"SLEEPERS": SLEEPERS, "LINE": LINE, "LARGEST": LARGEST}
    places |= {"ALONE": ALONE, "PENALTY": PENALTY, "MOST_ALONE": _MOST_ALONE}
    places |= {"WAITED": COUNTERS + 1, "LONG": LONG}
    return barrier.text() + Template(_LLVM).substitute(places, **barrier.idioms())
