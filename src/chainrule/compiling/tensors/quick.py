"""The check before a call of a compiled step, as code of its own: that all is as it was at the call before.

A step may take less time than a loop over its tensors in Python. So the questions are written out, one
after the other, for the very tensors that there are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from chainrule.autodiff.graph import mode
from chainrule.compiling.tensors.arguments import Leaf
from chainrule.compiling.tensors.bindings import Held

#: What takes a new tensor in the place of an argument, if it can.
Swap = Callable[[int, Any], bool]


class Quick:
    """``check(args)`` is true where the arguments are those of the call before, but for their numbers,
    which are then taken, or tensors that ``swap`` takes; and where every tensor holds what it held.

    ``lives`` are numbers that objects hold: owner, name, the cell that takes it, and whether it was 0.
    """

    def __init__(
        self,
        leaves: Sequence[Leaf],
        cells: dict[int, Any],
        lives: Sequence[tuple[Any, str, Any, bool]],
        helds: Sequence[Held],
        swap: Swap,
    ) -> None:
        self._space: dict[str, Any] = {"mode": mode, "enabled": mode.enabled, "swap": swap}
        self._helds = helds
        self._count = len(leaves)
        lines = [f"if len(args) != {len(leaves)} or mode.enabled is not enabled: return False"]
        if leaves:
            lines.append(f"{', '.join(f'a{place}' for place in range(len(leaves)))}, = args")
        for place, leaf in enumerate(leaves):
            if leaf.kind == "number":
                self._space[f"c{place}"] = cells[place]
                kind = "int" if leaf.dtype == "int64" else "float"
                lines += [f"if a{place}.__class__ is not {kind}: return False", f"c{place}[0] = a{place}"]
            elif leaf.kind in ("tensor", "array"):
                lines.append(f"if a{place} is not v{place} and not swap({place}, a{place}): return False")
            else:
                lines.append(f"if a{place} is not v{place}: return False")
        for place, (owner, name, cell, truth) in enumerate(lives):
            self._space |= {f"o{place}": owner, f"n{place}": cell}
            missing = "not " if truth else ""
            lines += [f"n = o{place}.{name}", f"if {missing}n: return False", f"n{place}[0] = n"]
        for place, held in enumerate(helds):
            found = f"t{place}" if not isinstance(held.of, Held) else f"x{helds.index(held.of)}._grad"
            asked = [f"x{place}{question}" for question in _questions(held, place)]
            lines += [f"x{place} = {found}", f"if not ({' and '.join(asked)}): return False"]
        source = "\n    ".join(["def check(args):", *lines, "return True"])
        exec(source, self._space)
        self.check: Callable[[Sequence[Any]], bool] = self._space["check"]

    def remember(self, values: Sequence[Any]) -> None:
        """All is as it is now: the arguments, and what the tensors hold."""
        space = self._space
        for place in range(self._count):
            space[f"v{place}"] = values[place]
        for place, held in enumerate(self._helds):
            space[f"t{place}"] = held.tensor
            space[f"d{place}"] = None if held.binding is None else held.binding.array

    def given(self, place: int, array: Any) -> None:
        """Another array is the argument at ``place``."""
        self._space[f"v{place}"] = array

    def swapped(self, place: int, tensor: Any, held: int, array: Any) -> None:
        """Another tensor, which holds ``array``, is the argument at ``place``, and with it one of
        ``helds``."""
        space = self._space
        space[f"v{place}"] = space[f"t{held}"] = tensor
        space[f"d{held}"] = array


def _questions(held: Held, place: int) -> list[str]:
    """What is asked of a tensor before each call: the step was traced by the answers."""
    found = []
    if isinstance(held.of, Held):
        found.append(f" is t{place}")
    if held.binding is not None:
        found.append(f"._data is d{place}")
    found.append(f"._leaf is {held.leaf}")
    found.append(f"._node is {'not ' if held.made else ''}None")
    if held.had_grad is not None:
        found.append(f"._grad is {'not ' if held.had_grad else ''}None")
    return found
