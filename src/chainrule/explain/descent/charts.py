"""The charts of a descent: the loss at each step, and the paths over the loss."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from chainrule.explain.descent.axes import Axis, decades, dotted_steps, rounded, thinned, whole
from chainrule.explain.descent.canvas import (
    Chart,
    dot,
    frame,
    line,
    outline,
    path,
    room_for_ticks,
    series,
    text,
)
from chainrule.explain.descent.data import Descent, Run
from chainrule.explain.descent.messages import language
from chainrule.explain.descent.paths import path_chart
from chainrule.explain.descent.table import rate, sentence, short
from chainrule.explain.picture.measure import SMALL_SIZE, cut, text_width

#: Sizes in pixels: of a chart, of the plot of the losses, between lines of text, of an edge.
WIDTH, _HEIGHT, _LINE, _EDGE = 720.0, 230.0, 18.0, 16.0

#: On a logarithmic axis losses are shown from a millionth of the first one to a thousand times it.
_LOWEST, _HIGHEST = 1e-6, 1e3


def charts(descent: Descent, lang: str) -> tuple[Chart, ...]:
    """The loss at each step, and for one number or two the paths. Raises DomainError for a language that
    is not there."""
    first = loss_chart(descent, lang)
    return (first,) if descent.surface is None else (first, path_chart(descent, lang))


def svg(descent: Descent, lang: str) -> str:
    """All the charts, one beneath the other, as one SVG file."""
    parts, height = [], 0.0
    found = charts(descent, lang)
    for chart in found:
        parts.append(f'<g transform="translate(0 {height:g})">{chart.body}</g>')
        height += chart.height
    whole = Chart(
        title=found[0].title if len(found) == 1 else "; ".join(chart.title for chart in found),
        about=" ".join(sentence(descent, run, lang) for run in descent.runs),
        width=WIDTH,
        height=height,
        body="".join(parts),
    )
    return whole.file()


def loss_chart(descent: Descent, lang: str) -> Chart:
    """The loss at each step, one line for each learning rate."""
    say, runs = language(lang), descent.runs
    up = loss_axis(runs, 0, 0)
    edges = [text_width(label, SMALL_SIZE) + 10 for _, label in _beyond(up, runs)]
    left = max(40.0, *edges, room_for_ticks(up)) + 8
    right = WIDTH - 40 - max(text_width(rate(run), SMALL_SIZE) for run in runs)
    top, tall = 58.0 + up.edge, max(_HEIGHT, _LINE * len(runs))
    up = loss_axis(runs, top + tall, top)
    across = whole(descent.steps, left, right)
    loss = cut(descent.loss, 24)
    low = max([top + tall, *(y for y, _ in _beyond(up, runs))])
    parts = [
        text((16, 22), say["loss_chart"].format(loss=loss), "heading"),
        text((left, 44), _scale_words(up, loss, lang), "note"),
        frame(replace(across, ticks=()), up),
        *_edges(up, across, runs),
    ]
    for value, label in across.ticks:
        x = across.at(value)
        parts += [line((x, low), (x, low + 4), "tick"), text((x, low + 17), label, "note", "middle")]
    parts.append(text(((left + right) / 2, low + 36), say["step"], "note", "middle"))
    drawn = [_drawn(run, index, descent.steps, across, up) for index, run in enumerate(runs)]
    labels = _apart([end[1] for _, end in drawn], top - up.edge, low)
    for index, (run, (body, end), y) in enumerate(zip(runs, drawn, labels, strict=True)):
        leader = line(end, (right + 18, y), "leader")
        label = text((right + 22, y + 4), rate(run), "label")
        parts.append(series(index, leader, body, label))
    return Chart(
        title=say["loss_chart"].format(loss=descent.loss),
        about=say["loss_chart_about"].format(runs=" ".join(sentence(descent, run, lang) for run in runs)),
        width=WIDTH,
        height=low + 50,
        body="".join(parts),
    )


def loss_axis(runs: Sequence[Run], start: float, end: float) -> Axis:
    """The axis of the losses: logarithmic where they are positive and span more than two powers of 10.

    It holds the runs that stay; what a run that diverges reaches beyond them lies on the edge.
    """
    finite = [loss for run in runs for loss in run.losses if math.isfinite(loss)]
    staying = [run for run in runs if run.verdict != "diverging"]
    calm = [loss for run in staying for loss in run.losses if math.isfinite(loss)] or finite
    first = runs[0].losses[0]
    positive = [loss for loss in calm if loss > 0]
    if min(finite) >= 0 and positive and max(positive) > 100 * min(positive):
        base = first or min(positive)
        low, high = max(min(positive), base * _LOWEST), min(max(finite), base * _HIGHEST)
        axis = decades(low, max(high, low), start, end)
    else:
        reach = max(calm) - min(calm) or abs(first) or 1.0
        low = max(min(finite), min(calm) - reach / 2)
        axis = rounded(low, min(max(finite), max(calm) + reach / 2), start, end)
    outside = min(finite) < axis.low or max(finite) > axis.high
    return replace(axis, edge=_EDGE) if outside else axis


def _scale_words(up: Axis, loss: str, lang: str) -> str:
    if not up.log or len(up.ticks) < 2:
        return loss
    times = up.ticks[1][0] / up.ticks[0][0]
    return language(lang)["log"].format(loss=loss, times=f"{times:g}")


def _edges(up: Axis, across: Axis, runs: Sequence[Run]) -> list[str]:
    """Where numbers lie that are beyond the axis, below and above it."""
    parts = []
    for y, label in _beyond(up, runs):
        parts += [
            line((across.start, y), (across.end, y), "edge"),
            text((across.start - 6, y + 4), label, "note", "end"),
        ]
    return parts


def _beyond(up: Axis, runs: Sequence[Run]) -> list[tuple[float, str]]:
    """The edges that numbers lie on: where, and what they are called."""
    finite = [loss for run in runs for loss in run.losses if math.isfinite(loss)]
    found = []
    if min(finite) < up.low:
        found.append((up.start + up.edge, f"< {short(up.low)}"))
    if max(finite) > up.high:
        found.append((up.end - up.edge, f"> {short(up.high)}"))
    return found


def _drawn(run: Run, index: int, steps: int, across: Axis, up: Axis) -> tuple[str, tuple[float, float]]:
    """The line and the dots of a run, and where they end."""
    losses = [loss for loss in run.losses if math.isfinite(loss)]
    places = [(across.at(step), up.at(losses[step])) for step in thinned(losses)]
    dots = "".join(
        dot((across.at(step), up.at(losses[step])), index, step)
        for step in dotted_steps(steps, len(losses))
    )
    return path(outline(places), "track") + dots, places[-1]


def _apart(wanted: Sequence[float], top: float, bottom: float) -> list[float]:
    """Places near ``wanted`` that are a line of text apart, within the chart."""
    order = sorted(range(len(wanted)), key=wanted.__getitem__)
    found = [0.0] * len(wanted)
    above = top - _LINE
    for place in order:
        above = found[place] = max(wanted[place], above + _LINE)
    below = max(bottom, top + _LINE * (len(wanted) - 1)) + _LINE
    for place in reversed(order):
        below = found[place] = min(found[place], below - _LINE)
    return found
