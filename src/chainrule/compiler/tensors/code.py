"""The text of one LLVM function with loops: blocks, and values that are carried from turn to turn.

LLVM code is in single assignment form: a value that changes from turn to turn of a loop is a *phi*, which
names where each of its values comes from. :meth:`Code.loop` writes them.

>>> code = Code()
>>> with code.loop("0", "%n", carried=[("i64", "0")]) as loop:
...     loop.next = [code.name(f"add i64 {loop.carried[0]}, {loop.index}")]
>>> print("\\n".join(code.lines))
br label %head1
head1:
%i1 = phi i64 [0, %entry], [%i1.next, %body1]
%c1.0 = phi i64 [0, %entry], [%x1, %body1]
%more1 = icmp slt i64 %i1, %n
br i1 %more1, label %body1, label %done1
body1:
%x1 = add i64 %c1.0, %i1
%i1.next = add i64 %i1, 1
br label %head1
done1:
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager


class Loop:
    """One loop while its body is written: the ``index``, and the values ``carried`` into this turn; the
    writer of the body sets ``next``, what they are in the next one. After the loop, ``carried`` are their
    last values."""

    def __init__(self, index: str, carried: list[str]) -> None:
        self.index = index
        self.carried = carried
        self.next: list[str] = list(carried)


class Code:
    """The lines of a function in the making."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.block = "entry"
        self._names = 0
        self._loops = 0

    def line(self, text: str) -> None:
        self.lines.append(text)

    def name(self, text: str) -> str:
        """A line that gives a value; returns the value's name."""
        self._names += 1
        name = f"%x{self._names}"
        self.lines.append(f"{name} = {text}")
        return name

    def start(self, block: str) -> None:
        """What follows is the block of that label."""
        self.lines.append(f"{block}:")
        self.block = block

    def at(self, pointer: str, kind: str, place: str | int) -> str:
        """The address of element ``place`` of an array of ``kind``."""
        if place in (0, "0"):
            return pointer
        return self.name(f"getelementptr inbounds {kind}, ptr {pointer}, i64 {place}")

    def times(self, index: str, factor: int) -> str:
        return index if factor == 1 else self.name(f"mul i64 {index}, {factor}")

    def least(self, x: str | int, y: str | int) -> str:
        """The smaller of two integers."""
        return self.name(f"call i64 @llvm.smin.i64(i64 {x}, i64 {y})")

    def share(self, count: int, parts: int, unit: int = 1) -> tuple[str, str]:
        """The first of ``count`` things in the part ``%part``, and the first after it; parts are whole
        units."""
        size = -(-count // (parts * unit)) * unit
        start = self.name(f"mul i64 %part, {size}")
        end = self.name(f"add i64 {start}, {size}")
        return self.least(start, count), self.least(end, count)

    @contextmanager
    def loop(
        self, start: str, stop: str, step: int | str = 1, carried: Sequence[tuple[str, str]] = ()
    ) -> Iterator[Loop]:
        """A loop from ``start`` up to, and without, ``stop``; ``carried`` pairs types with first values."""
        self._loops += 1
        number = self._loops
        before, index = self.block, f"%i{number}"
        phis = [f"%c{number}.{place}" for place in range(len(carried))]
        loop = Loop(index, phis)
        self.line(f"br label %head{number}")
        self.start(f"head{number}")
        first = len(self.lines)
        self.lines += [""] * (1 + len(phis))  # the phis, known when the body is written
        self.line(f"%more{number} = icmp slt i64 {index}, {stop}")
        self.line(f"br i1 %more{number}, label %body{number}, label %done{number}")
        self.start(f"body{number}")
        yield loop
        self.line(f"{index}.next = add i64 {index}, {step}")
        self.line(f"br label %head{number}")
        after = self.block
        self.lines[first] = f"{index} = phi i64 [{start}, %{before}], [{index}.next, %{after}]"
        for place, (phi, (kind, value)) in enumerate(zip(phis, carried, strict=True)):
            text = f"{phi} = phi {kind} [{value}, %{before}], [{loop.next[place]}, %{after}]"
            self.lines[first + 1 + place] = text
        self.start(f"done{number}")

    @contextmanager
    def when(self, condition: str) -> Iterator[None]:
        """What is only done where ``condition``, an i1, holds."""
        self._loops += 1
        number = self._loops
        self.line(f"br i1 {condition}, label %then{number}, label %after{number}")
        self.start(f"then{number}")
        yield
        self.line(f"br label %after{number}")
        self.start(f"after{number}")

    def function(self, name: str, parameters: str, attributes: str = "#0", result: str = "void") -> str:
        """The whole text, of a function that is seen in its module alone."""
        body = "\n".join(line if line.endswith(":") else f"  {line}" for line in self.lines)
        return f"define internal {result} @{name}({parameters}) {attributes} {{\nentry:\n{body}\n}}\n"
