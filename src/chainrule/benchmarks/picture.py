"""The times as pictures, one of scalars and one of tensors: a panel for each piece of work, its scale
logarithmic."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from chainrule.benchmarks.report import quantity
from chainrule.benchmarks.results import Line, Outcome
from chainrule.errors.benchmarks import nothing_to_draw, picture_needs_matplotlib

OURS, THEIRS = "#c2410c", "#64748b"
#: Panels that span less than this have marks at 2 and 5 as well.
NARROW = 200
INK, PALE, RULE = "#1e293b", "#64748b", "#cbd5e1"

#: benchmark -> the titles of its panels, by what its lines measure
Panels = dict[str, dict[str, str]]

SCALARS: Panels = {
    "moons-compiled": {"moons step": "micrograd's moons demo, 100 examples: one training step, float64"},
    "first-call": {
        "first call of the moons step": "The same: its first call in a new process, imports done"
    },
    "fresh-graph": {
        "GPT step, new graph": "A tiny GPT on scalars: one training step, a new graph each time"
    },
}
TENSORS: Panels = {
    "mlp-step": {"MLP step": "784-512-512-10, batch 128, Adam: one training step"},
    "cnn-step": {"CNN step": "Two convolutions on images of 8 × 8, batch 64, Adam: one training step"},
    "gpt-block": {"GPT block step": "A GPT's block, 128 wide, 16 × 64 tokens, Adam: one training step"},
    "moons-tensor-compiled": {
        "moons step on tensors, compiled": "micrograd's moons demo on tensors: one training step"
    },
    "tensor-first-call": {
        f"first call of the {step}": f"{title}: the first call in a new process, imports done"
        for step, title in (("MLP step", "784-512-512-10"), ("GPT block step", "The GPT's block"))
    },
}


@dataclass(frozen=True)
class Picture:
    """What is drawn into one file: ``suffix`` is added to its name, ``about`` says what ran how."""

    suffix: str
    panels: Panels
    about: str


PICTURES = (
    Picture("", SCALARS, "one thread"),
    Picture("-tensors", TENSORS, "float32 on two cores"),
)
SHOWN = {**SCALARS, **TENSORS}.keys()


@dataclass(frozen=True)
class Time:
    """One side's median: a point of a panel."""

    name: str
    seconds: float
    ours: bool


def check(names: Iterable[str]) -> None:
    """Before anything is measured: raises PeerMissingError where matplotlib is not installed, and
    BenchmarkError where none of the benchmarks ``names`` is in the picture."""
    if importlib.util.find_spec("matplotlib") is None:
        raise picture_needs_matplotlib()
    if not SHOWN & set(names):
        raise nothing_to_draw(SHOWN)


def draw(machine: dict[str, Any], outcomes: dict[str, Outcome], path: Path) -> list[Path]:
    """Draw what there is of `PICTURES`: the scalars into ``path``, the tensors into a file beside it, its
    name with ``-tensors``. The files that were written."""
    written = []
    for picture in PICTURES:
        panels = panels_of(outcomes, picture.panels)
        if panels:
            written.append(path.with_stem(path.stem + picture.suffix))
            figure(machine, panels, picture.about).savefig(written[-1], dpi=150)
    if not written:
        raise nothing_to_draw(SHOWN)
    return written


def figure(machine: dict[str, Any], panels: dict[str, list[Time]], about: str) -> Any:
    """The panels one below the other, and a line about what they were measured on."""
    from matplotlib.figure import Figure

    heights = [len(times) + 1.6 for times in panels.values()]
    drawn = Figure(figsize=(9, 0.36 * sum(heights) + 0.5), layout="constrained")
    axes = drawn.subplots(len(panels), 1, squeeze=False, height_ratios=heights)[:, 0]
    for (title, times), axis in zip(panels.items(), axes, strict=True):
        panel(axis, title, times)
    versions = machine["libraries"]
    named = ", ".join(f"{name} {versions[name]}" for name in ("torch", "jax") if name in versions)
    python = f"Python {machine['python']}"
    said = f"{machine['cpu']}, {about}, {python}, {named}; medians, {machine['date']}"
    drawn.supxlabel(said, fontsize=8, color=PALE)
    return drawn


def panels_of(outcomes: dict[str, Outcome], panels: Panels) -> dict[str, list[Time]]:
    """The points of each panel, the longest time first."""
    found: dict[str, list[Time]] = {}
    for name, titles in panels.items():
        for what, title in titles.items():
            lines = [line for line in outcomes.get(name, Outcome()).lines if line.what == what]
            if lines:
                found[title] = sorted(times_of(lines), key=lambda time: time.seconds, reverse=True)
    return found


def times_of(lines: Sequence[Line]) -> list[Time]:
    """A point for each form of ours, and one for each peer; with its form, where it stands there twice."""
    several = {line.peer for line in lines if sum(line.peer == other.peer for other in lines) > 1}
    ours = {line.form: line.ours for line in lines if line.ours}
    times = [Time(named("chainrule", form), median(rounds), True) for form, rounds in ours.items()]
    for line in lines:
        if line.theirs:
            name = named(line.peer, line.form) if line.peer in several else line.peer
            times.append(Time(name, median(line.theirs), False))
    return times


def named(name: str, form: str) -> str:
    return f"{name}, {form}" if form else name


def panel(axis: Any, title: str, times: Sequence[Time]) -> None:
    """A point for each time, its name before it and its figure after it: lengths mean nothing on a
    logarithmic scale."""
    from matplotlib.ticker import LogLocator

    seconds = [time.seconds for time in times]
    left, right = min(seconds) / 3, max(seconds) * 6
    for place, time in enumerate(times):
        weight, color = ("bold", OURS) if time.ours else ("normal", INK)
        axis.plot([left, right], [place, place], color=RULE, linewidth=0.8, linestyle=(0, (1, 3)), zorder=1)
        axis.plot(time.seconds, place, "o", color=OURS if time.ours else THEIRS, markersize=9, zorder=2)
        axis.annotate(
            quantity(time.seconds, "s"),
            (time.seconds, place),
            xytext=(9, 0),
            textcoords="offset points",
            va="center",
            fontsize=9,
            fontweight=weight,
            color=color,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.5},
        )
    axis.set_xscale("log")
    if right / left < NARROW:
        axis.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.set_xlim(left, right)
    axis.set_ylim(len(times) - 0.4, -0.6)
    axis.set_yticks(range(len(times)), [time.name for time in times])
    for time, label in zip(times, axis.get_yticklabels(), strict=True):
        weight, color = ("bold", OURS) if time.ours else ("normal", INK)
        label.set(fontweight=weight, color=color, fontsize=9)
    axis.set_title(title, loc="left", fontsize=11, fontweight="bold", color=INK)
    axis.xaxis.set_major_formatter(lambda seconds, _: quantity(seconds, "s"))
    axis.tick_params(axis="x", labelsize=8, colors=PALE)
    axis.tick_params(axis="y", length=0)
    axis.minorticks_off()
    axis.grid(axis="x", color=RULE, linewidth=0.8)
    axis.set_axisbelow(True)
    for side in ("top", "right", "left"):
        axis.spines[side].set_visible(False)
    axis.spines["bottom"].set_color(RULE)
