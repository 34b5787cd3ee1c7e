"""Messages about graphs that cannot be laid out."""

from __future__ import annotations

from collections.abc import Sequence

from chainrule.errors.kinds import ChainruleError, DomainError


def layout_in_a_circle(nodes: Sequence[int]) -> ChainruleError:
    found = ", ".join(str(node) for node in nodes[:8]) + (", …" if len(nodes) > 8 else "")
    return DomainError(
        f"edges lead around in a circle through some of the boxes {found}, and a layout in layers puts "
        f"each box below its inputs: leave out one edge of the circle, or keep apart the boxes that were "
        f"put together."
    )
