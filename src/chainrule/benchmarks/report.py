"""What was measured, as a table in the terminal and as data."""

from __future__ import annotations

from itertools import groupby
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from chainrule.benchmarks.results import Asked, Line, Outcome

#: Headings and widths. Medians; their ratio; the ratios of single rounds; the figure to reach, and whether
#: it is reached.
COLUMNS = (
    ("", 24),
    ("chainrule", 10),
    ("peer", 10),
    ("chainrule is", 17),
    ("by round", 17),
    ("asked", 17),
    (" ", 7),
)
WIDTH = 110  # where there is no terminal: a file or a pipe has no width of its own


def show(machine: dict[str, Any], outcomes: dict[str, Outcome], console: Console | None = None) -> None:
    """Print the machine, the table, and who was left out."""
    console = console or Console()
    console.width = max(console.width, WIDTH)
    versions = ", ".join(f"{name} {number}" for name, number in machine["libraries"].items())
    about = f"{machine['cpu']}, {machine['cores']} cores, Python {machine['python']}\n{versions}\n"
    console.print(about, highlight=False)
    lines = [line for outcome in outcomes.values() for line in outcome.lines]
    for index, (title, work) in enumerate(groupby(lines, key=title_of)):
        if index == 0:
            console.print(table([], header=True))
        console.print(f"[bold]{title}[/bold]", highlight=False)
        console.print(table(list(work), header=False))
    for name, outcome in outcomes.items():
        for peer, why in outcome.missing.items():
            console.print(f"{name}: {peer} left out, {why}", highlight=False, soft_wrap=True)


def table(lines: list[Line], header: bool) -> Table:
    """The lines of one piece of work, a row each; all tables have the same columns."""
    made = Table(box=None, show_header=header, header_style="dim", pad_edge=False)
    for heading, width in COLUMNS:
        made.add_column(heading, width=width, no_wrap=True, justify="right" if heading else "left")
    for line in lines:
        made.add_row(f"  {line.peer or '(alone)'}", *figures(line))
    return made


def title_of(line: Line) -> str:
    return f"{line.what}: {line.form}" if line.form else line.what


def figures(line: Line) -> tuple[str, ...]:
    """Both medians, their ratio in words, its spread, what was asked, and whether it is met."""
    return (
        quantity(median(line.ours), line.unit) if line.ours else "–",
        quantity(median(line.theirs), line.unit) if line.theirs else "",
        *ratios(line),
        "" if line.asked is None else asked(line.asked, line.unit),
        {None: "", True: "[green]met[/green]", False: "[bold red]missed[/bold red]"}[line.met],
    )


def ratios(line: Line) -> tuple[str, str]:
    """``8.1 × faster`` and its extremes, ``7.2 – 9``, the same way round."""
    if line.ratio is None or line.spread is None:
        return "", ""
    low, high = line.spread
    kind = line.asked.kind if line.asked else ""
    if line.ratio >= 1 and kind != "grows":
        return f"{short(line.ratio)} × {words(line.unit)[0]}", f"{short(low)} – {short(high)}"
    word = "as long" if kind == "grows" else words(line.unit)[1]
    return f"{short(1 / line.ratio)} × {word}", f"{short(1 / high)} – {short(1 / low)}"


def asked(figure: Asked, unit: str) -> str:
    """The figure asked for, in the same words."""
    if figure.kind == "below":
        return f"< {quantity(figure.bound, unit)}"
    bound = f"{figure.bound:,.0f}" if figure.bound >= 10 else f"{figure.bound:.3g}"
    if figure.kind == "grows":
        return f"≤ {bound} × as long"
    if figure.kind == "within":
        return f"≤ {bound} × {words(unit)[1]}"
    return f"≥ {bound} × {words(unit)[0]}"


def words(unit: str) -> tuple[str, str]:
    """What better and worse are called."""
    return ("faster", "slower") if unit == "s" else ("less", "more")


def short(number: float) -> str:
    """Two digits, or as many as stand before the point; thousands apart."""
    return f"{number:,.0f}" if number >= 10 else f"{number:.2g}"


def quantity(number: float, unit: str) -> str:
    """``23.4 µs``, ``14 MB``, ``124 bytes``, ``35 %``."""
    scales = {
        "s": ((1, "s"), (1e3, "ms"), (1e6, "µs"), (1e9, "ns")),
        "bytes": ((1e-6, "MB"), (1, "bytes")),
    }.get(unit, ((1, unit),))
    scale, name = next((pair for pair in scales if number * pair[0] >= 1), scales[-1])
    scaled = number * scale
    return f"{scaled:.0f} {name}" if scaled >= 100 else f"{scaled:.3g} {name}"


def as_json(machine: dict[str, Any], outcomes: dict[str, Outcome]) -> dict[str, Any]:
    """The machine, and each benchmark's lines with all their rounds."""
    benchmarks = {name: outcome.as_json() for name, outcome in outcomes.items()}
    return {"machine": machine, "benchmarks": benchmarks}
