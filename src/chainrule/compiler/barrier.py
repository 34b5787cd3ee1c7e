"""Where the members of a team wait for each other, in machine code.

All members of a team (:mod:`chainrule.compiler.team`) run the same function, each on its part of the work.
Between two parts, where one needs what another made, all of them call::

    @barrier(ptr %team, i64 %member, i64 %members)

which none of them leaves before all have come. A member alone goes straight through. What a member wrote
before the barrier, all read after it. Every member has to come to the same barriers in the same order.

Each member counts its barriers, in a line of the processor's cache of its own, which only it writes; the
others look at it until it is as far as they are. That is one exchange of a line between two cores, some
hundred nanoseconds. Who has looked for some microseconds lets others on his core run between two looks (one
of them may be the member that he waits for), and who has waited for long sleeps a little: the system then
moves to the idle core what waits for another. How long a member has waited after its first looks is added
up beside its count.
"""

from __future__ import annotations

import platform
from string import Template

#: Numbers of 64 bits in what two cores should not both write: two lines of the cache, since processors
#: fetch them by pairs.
LINE = 16

#: What stands at the start of a team's memory, each 64 bits: how often to look without a break; a function
#: that lets others on this core run; one that sleeps, of an ``int``, with that number; and how many ticks
#: of the processor's clock are long.
SPINS, YIELD, REST, REST_FOR, LONG = 0, 1, 2, 3, 4

#: How often to look between letting others run before the wait counts as long, whatever the clock says.
YIELDS = 500

#: Where the counters of the members start, one to a ``LINE``, each with the ticks that it waited.
COUNTERS = 3 * LINE

_LLVM = """
define internal i1 @has_come(ptr %at, i64 %least) nounwind {
  %found = load atomic i64, ptr %at acquire, align 8
  %ahead = sub i64 %found, %least
  %come = icmp sge i64 %ahead, 0
  ret i1 %come
}

define internal i1 @look_closely(ptr %team, ptr %at, i64 %least) noinline nounwind {
entry:
  %spins.at = getelementptr i64, ptr %team, i64 $SPINS
  %spins = load i64, ptr %spins.at
  br label %look
look:
  %turn = phi i64 [0, %entry], [%next, %spin]
  %come = call i1 @has_come(ptr %at, i64 %least)
  br i1 %come, label %over, label %wait
wait:
  %next = add i64 %turn, 1
  %patient = icmp slt i64 %turn, %spins
  br i1 %patient, label %spin, label %over
spin:
  $PAUSE
  br label %look
over:
  ret i1 %come
}

define internal i1 @look_at_times(ptr %team, ptr %at, i64 %least) noinline nounwind {
entry:
  %yield.at = getelementptr i64, ptr %team, i64 $YIELD
  %yield = load ptr, ptr %yield.at
  %long.at = getelementptr i64, ptr %team, i64 $LONG
  %long = load i64, ptr %long.at
  %start = $TICK
  br label %let
let:
  %turn = phi i64 [0, %entry], [%next, %wait]
  call i32 %yield()
  %come = call i1 @has_come(ptr %at, i64 %least)
  br i1 %come, label %over, label %wait
wait:
  %next = add i64 %turn, 1
  %now = $TICK
  %since = sub i64 %now, %start
  %early = icmp slt i64 %since, %long
  %few = icmp slt i64 %next, $YIELDS
  %patient = and i1 %early, %few
  br i1 %patient, label %let, label %over
over:
  ret i1 %come
}

define internal i1 @look(ptr %team, ptr %at, i64 %least) nounwind {
entry:
  %soon = call i1 @look_closely(ptr %team, ptr %at, i64 %least)
  br i1 %soon, label %over, label %wait
wait:
  %later = call i1 @look_at_times(ptr %team, ptr %at, i64 %least)
  ret i1 %later
over:
  ret i1 true
}

define internal void @wait(ptr %team, ptr %own, ptr %at, i64 %least) noinline nounwind {
entry:
  %soon = call i1 @look_closely(ptr %team, ptr %at, i64 %least)
  br i1 %soon, label %over, label %start
start:
  %before = $TICK
  br label %look
look:
  %come = call i1 @look_at_times(ptr %team, ptr %at, i64 %least)
  br i1 %come, label %note, label %pass
pass:
  %rest.at = getelementptr i64, ptr %team, i64 $REST
  %rest = load ptr, ptr %rest.at
  %for.at = getelementptr i64, ptr %team, i64 $REST_FOR
  %for = load i32, ptr %for.at
  call i32 %rest(i32 %for)
  br label %look
note:
  %after = $TICK
  %ticks = sub i64 %after, %before
  %waited.at = getelementptr i64, ptr %own, i64 1
  %waited = load i64, ptr %waited.at
  %sum = add i64 %waited, %ticks
  store i64 %sum, ptr %waited.at
  br label %over
over:
  ret void
}

define internal i64 @count(ptr %team, i64 %member) nounwind {
  %counters = getelementptr i64, ptr %team, i64 $COUNTERS
  %place = mul i64 %member, $LINE
  %own = getelementptr i64, ptr %counters, i64 %place
  %before = load i64, ptr %own
  %count = add i64 %before, 1
  store atomic i64 %count, ptr %own release, align 8
  ret i64 %count
}

define internal void @barrier(ptr %team, i64 %member, i64 %members) nounwind {
entry:
  %alone = icmp sle i64 %members, 1
  br i1 %alone, label %over, label %come
come:
  %counters = getelementptr i64, ptr %team, i64 $COUNTERS
  %count = call i64 @count(ptr %team, i64 %member)
  %place = mul i64 %member, $LINE
  %own = getelementptr i64, ptr %counters, i64 %place
  br label %next
next:
  %other = phi i64 [0, %come], [%after, %next]
  %other.place = mul i64 %other, $LINE
  %other.at = getelementptr i64, ptr %counters, i64 %other.place
  call void @wait(ptr %team, ptr %own, ptr %other.at, i64 %count)
  %after = add i64 %other, 1
  %more = icmp slt i64 %after, %members
  br i1 %more, label %next, label %over
over:
  ret void
}
"""


#: The line that tells the processor that it is only waiting, and what declares it, by the machine.
_PAUSES = {
    **dict.fromkeys(("x86_64", "AMD64"), ("call void @llvm.x86.sse2.pause()", "@llvm.x86.sse2.pause()")),
    **dict.fromkeys(
        ("aarch64", "arm64", "ARM64"), ("call void @llvm.aarch64.hint(i32 1)", "@llvm.aarch64.hint(i32)")
    ),
}


#: What reads the processor's clock; where that is not for everyone to read, no time passes.
_TICKS = dict.fromkeys(("x86_64", "AMD64"), "call i64 @llvm.readcyclecounter()")


def text() -> str:
    """LLVM's text of ``@barrier``, and of what it is made of: ``@look(ptr team, ptr at, i64 least)`` looks
    until the number at an address has come to ``least``, and says whether it has, for its patience is
    limited; ``@wait``'s is not; ``@count(ptr team, i64 member)`` says that a member has come, and waits for
    nobody."""
    declared = [_PAUSES[platform.machine()][1]] if platform.machine() in _PAUSES else []
    lines = [f"declare void {one}\n" for one in declared]
    if platform.machine() in _TICKS:
        lines.append("declare i64 @llvm.readcyclecounter()\n")
    places = {"SPINS": SPINS, "YIELD": YIELD, "YIELDS": YIELDS, "REST": REST, "REST_FOR": REST_FOR}
    places |= {"LONG": LONG, "COUNTERS": COUNTERS, "LINE": LINE}
    return "".join(lines) + Template(_LLVM).substitute(places, **idioms())


def idioms() -> dict[str, str]:
    """What this processor has for waiting, as LLVM code: a ``PAUSE``, a ``TICK`` of its clock."""
    machine = platform.machine()
    return {"PAUSE": _PAUSES.get(machine, ("", ""))[0], "TICK": _TICKS.get(machine, "add i64 0, 0")}
