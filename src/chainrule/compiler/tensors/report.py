"""What a compiled program runs as, in words."""

from __future__ import annotations

from collections import Counter

from chainrule.compiler.tensors.layout import Layout

#: How many operations of a kernel are named, and how much of the user's line is shown.
_NAMED, _LINE = 6, 60


def report(name: str, layout: Layout) -> str:
    """The launches in order, what they compute, and how much memory they work in."""
    kinds = Counter(what for what, *_ in layout.launches)
    summary = ", ".join(f"{count} × {what}" for what, count in kinds.items())
    lines = [f"{name}: {summary or 'nothing to compute'}"]
    for what, parts, names, line in layout.launches:
        shown = ", ".join(names[:_NAMED])
        more = f", … {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        shared = f" in {parts} parts" if parts > 1 else ""
        line = line if len(line) <= _LINE else f"{line[: _LINE - 1]}…"
        lines.append(f"  {what}{shared}: {shown}{more}{'   # ' + line if line else ''}")
    arena = f"{layout.arena / 1024:.1f} KiB for all that lies between"
    lines.append(f"  memory: {arena}; state written in place {layout.in_place}, copied {layout.copied}")
    fallen = sorted({names[0] for what, _, names, _ in layout.launches if what == "numpy"})
    lines.append(f"  computed by numpy: {', '.join(fallen) if fallen else 'nothing'}")
    return "\n".join(lines)
