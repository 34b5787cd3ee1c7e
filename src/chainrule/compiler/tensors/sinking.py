"""What is cheap is computed again where it is read, rather than kept in memory from one kernel to another.

A mask ``x > 0`` that the way back needs is an example: the forward kernel would write it, and the
backward one read it, where ``x`` lies in memory anyway and a comparison costs nothing beside a read."""

from __future__ import annotations

from collections.abc import Iterable
from math import prod

from chainrule.compiler.ir import Instruction
from chainrule.compiler.operations import OPERATIONS
from chainrule.compiler.tensors.elements import item_bytes
from chainrule.compiler.tensors.fusion import Fusion, Group, Kernel
from chainrule.compiler.tensors.nest import COSTS

#: What is computed again takes no more work than this for an element.
_CHEAP = 6


def sink(fusion: Fusion) -> None:
    """Change ``fusion``, so that cheap values are computed by the kernels that read them."""
    sinking = _Sinking(fusion)
    for kernel in list(fusion.groups):
        if isinstance(kernel, Kernel):
            sinking.keep_common(kernel)
            for place in kernel.members.copy():
                sinking.consider(kernel, place)
            sinking.clear(kernel)


class _Sinking:
    def __init__(self, fusion: Fusion) -> None:
        self.fusion = fusion
        self.lowered = fusion.lowered
        self._outputs = set(self.lowered.outputs.values())
        self._readers: dict[int, set[int]] = {}
        self._common: set[int] = set()
        for place in fusion.group:
            self._note(place)

    def _note(self, place: int) -> None:
        for operand in self.fusion.reads(place):
            self._readers.setdefault(self.lowered.views[operand].root, set()).add(place)

    def _is_stored(self, place: int) -> bool:
        """Whether it is in memory whatever becomes of others."""
        group = self.fusion.group.get(place)
        if group is None or not isinstance(group, Kernel) or place in self._outputs | self._common:
            return True
        if group.level[place] == "row":
            return True  # one number in a row is no load
        return any(not isinstance(self.fusion.group[reader], Kernel) for reader in self._outside(place))

    def _outside(self, place: int) -> list[int]:
        """The readers in other groups."""
        own = self.fusion.group[place]
        return [one for one in self._readers.get(place, ()) if self.fusion.group[one] is not own]

    def keep_common(self, kernel: Kernel) -> None:
        """Where several values that others read follow cheaply from one that took work, as from a tanh, let
        that one be kept instead of them."""
        common: dict[int, int] = {}
        for place in kernel.members:
            if self._outside(place) and not self._is_stored(place):
                ends: set[int] = set()
                if self._chain(kernel, place, ends) and len(ends) == 1:
                    common[min(ends)] = common.get(min(ends), 0) + 1
        self._common |= {place for place, count in common.items() if count > 1}

    def consider(self, kernel: Kernel, place: int) -> None:
        """Let the other kernels that read ``place`` compute it themselves, if all of them can cheaply."""
        outside = self._outside(place)
        if not outside or self._is_stored(place):
            return
        if not self._moved(kernel, place, outside):
            self._common.add(place)  # it is in memory: what follows from it can be computed from there

    def _moved(self, kernel: Kernel, place: int, outside: list[int]) -> bool:
        """Whether the readers of ``place`` now compute it themselves."""
        chain = self._chain(kernel, place)
        if chain is None:
            return False
        sources = {
            root
            for one in chain
            for root in (self.lowered.views[operand].root for operand in self.fusion.reads(one))
            if root not in chain
        }
        if not all(self._may_read(reader, place, sources) for reader in outside):
            return False
        copies: dict[int, dict[int, int]] = {}
        for reader in sorted(outside):
            group = self.fusion.group[reader]
            assert isinstance(group, Kernel)
            known = copies.setdefault(group.number, {})
            self._copy(group, chain, known, reader)
            self._redirect(reader, known)
        return True

    def _chain(self, kernel: Kernel, place: int, ends: set[int] | None = None) -> list[int] | None:
        """What has to be computed again for ``place``, in order: None where that is too much. Given
        ``ends``, what takes work is not computed again, but noted there."""
        found: list[int] = []
        waiting, cost = [place], 0
        while waiting:
            one = waiting.pop()
            if one in found:
                continue
            operation = self.lowered.instructions[one].operation
            known = OPERATIONS.get(operation)
            if known is None or not known.elementwise or kernel.level[one] != "inner":
                return None
            if ends is not None and one != place and COSTS.get(operation, 1) > _CHEAP:
                ends.add(one)
                continue
            cost += COSTS.get(operation, 1)
            if cost > _CHEAP:
                return None
            found.append(one)
            for operand in self.fusion.reads(one):
                root = self.lowered.views[operand].root
                if self.fusion.group.get(root) is kernel and not self._is_stored(root):
                    if root != operand or self.lowered.type(root).shape != self.lowered.type(place).shape:
                        return None
                    waiting.append(root)
        return sorted(found)

    def _may_read(self, reader: int, place: int, sources: Iterable[int]) -> bool:
        """Whether the kernel of ``reader`` can compute ``place`` without reading more than it does now."""
        group = self.fusion.group[reader]
        if not isinstance(group, Kernel) or prod(self.fusion.frame(reader)) != group.size:
            return False
        direct = any(operand == place for operand in self.lowered.instructions[reader].operands)
        looks = [one for one in self.fusion.reads(reader) if self.lowered.views[one].root == place]
        if not direct or looks != [place] * len(looks):
            return False
        read = {
            self.lowered.views[operand].root
            for member in group.members
            for operand in self.fusion.reads(member)
        }
        more = sum(self._bytes(root) for root in sources if root not in read)
        return more <= 1.1 * self._bytes(place)  # a bias beside what it was added to is no load

    def _bytes(self, place: int) -> int:
        type = self.lowered.type(place)
        return type.size * item_bytes(type.dtype)

    def _copy(self, group: Kernel, chain: list[int], known: dict[int, int], reader: int) -> None:
        """Add the values of ``chain`` to a kernel, before ``reader``."""
        lowered, position = self.lowered, group.members.index(reader)
        for place in chain:
            if place in known:
                continue
            one = lowered.instructions[place]
            operands = tuple([known.get(operand, operand) for operand in one.operands])
            copy = len(lowered.instructions)
            lowered.instructions.append(
                Instruction(one.operation, operands, one.attributes, one.type, one.origin)
            )
            lowered.views.append(lowered.views[place]._replace(root=copy))
            known[place] = copy
            group.members.insert(position, copy)
            position += 1
            group.level[copy] = "inner"
            self.fusion.group[copy] = group
            self._note(copy)
            self._wait_for_sources(group, copy)

    def _wait_for_sources(self, group: Group, place: int) -> None:
        for operand in self.fusion.reads(place):
            other = self.fusion.group.get(self.lowered.views[operand].root)
            if other is not None and other is not group:
                self.fusion.wait(group, other)

    def _redirect(self, reader: int, known: dict[int, int]) -> None:
        """Let ``reader`` read the copies."""
        one = self.lowered.instructions[reader]
        operands = tuple([known.get(operand, operand) for operand in one.operands])
        for old in one.operands:
            if old in known:
                self._readers[old].discard(reader)
        self.lowered.instructions[reader] = Instruction(
            one.operation, operands, one.attributes, one.type, one.origin
        )
        self._note(reader)

    def clear(self, kernel: Kernel) -> None:
        """Take out of a kernel what nobody reads any more."""
        for place in reversed(kernel.members.copy()):
            if not self._readers.get(place) and place not in self._outputs:
                kernel.members.remove(place)
                kernel.level.pop(place)
                kernel.kind.pop(place, None)
                del self.fusion.group[place]
                for operand in self.fusion.reads(place):
                    self._readers[self.lowered.views[operand].root].discard(place)
