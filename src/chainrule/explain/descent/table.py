"""A descent in words: sentences, and the table for a terminal."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from chainrule.explain.descent.data import Descent, Run
from chainrule.explain.descent.messages import language
from chainrule.explain.drawing import columns
from chainrule.explain.notation import number


def short(value: float) -> str:
    """A number to four digits.

    >>> short(0.0863549), short(-15.4494)
    ('0.08635', '−15.45')
    """
    return number(float(f"{value:.4g}"))


def rate(run: Run) -> str:
    """How a run is called: by its learning rate, in full."""
    return f"lr = {number(run.rate)}"


def point(descent: Descent, run: Run, step: int) -> str:
    """Where a run is at ``step``: ``w = 1, b = 0``, nothing where its points were not kept."""
    if not run.points:
        return ""
    pairs = zip(descent.numbers, run.points[step], strict=True)
    return ", ".join(f"{name} = {finer(value)}" for name, value in pairs)


def finer(value: float) -> str:
    """A number to five digits."""
    return number(float(f"{value:.5g}"))


def ended(descent: Descent, run: Run, lang: str) -> str:
    """Where a run ended, as a clause: ``after 30 steps, w = 2, L = 0``."""
    say, steps = language(lang), len(run.losses) - 1
    if run.stopped is not None:
        return say[f"stopped_{run.stopped}"].format(
            step=steps, loss=descent.loss, value=short(run.losses[-1])
        )
    place = point(descent, run, -1)
    return say["ended_one" if steps == 1 else "ended"].format(
        steps=steps, point=f"{place}, " if place else "", loss=descent.loss, value=short(run.losses[-1])
    )


def sentence(descent: Descent, run: Run, lang: str) -> str:
    """One run in a sentence."""
    say = language(lang)
    return say["sentence"].format(rate=rate(run), verdict=say[run.verdict], ended=ended(descent, run, lang))


def curvature(descent: Descent, lang: str) -> str:
    """What the curvature says of the learning rates; nothing where it is not known."""
    say, found = language(lang), descent.curvature
    if found is None:
        gradients = [descent.derivation.gradient(name) for name in descent.parameters]
        return say["still"] if not any(map(np.any, gradients)) and None not in gradients else ""
    same = math.isclose(found.along, found.largest, rel_tol=0.01)
    first = say["curvature" if same else "curvature_largest"].format(
        along=short(found.along), largest=short(found.largest)
    )
    if found.stable_rate is None:
        return f"{first} {say['unstable']}"
    return f"{first} {say['stable'].format(rate=short(found.stable_rate))}"


def title(descent: Descent, lang: str) -> str:
    """``Gradient descent on L(w), 30 steps``."""
    key = "title_one" if descent.steps == 1 else "title"
    return language(lang)[key].format(loss=descent.loss, numbers=variables(descent), steps=descent.steps)


def variables(descent: Descent) -> str:
    """What the loss is a function of: ``w, b``."""
    names = descent.numbers or descent.parameters
    return ", ".join(names if len(names) <= 4 else (*names[:3], "…"))


def render(descent: Descent, lang: str) -> str:
    """The table of the runs. Raises DomainError for a language that is not there."""
    say, first = language(lang), descent.runs[0]
    place = [point(descent, first, 0)] if first.points else []
    begin = say["from"].format(
        point=place[0] if place else "", loss=descent.loss, value=short(first.losses[0])
    )
    if not place:
        begin = f"{descent.loss} = {short(first.losses[0])}"
    names = [*descent.numbers, descent.loss]
    head = ["lr", *(say["last"].format(name=name) for name in names), say["verdict"]]
    rows = [
        [
            number(run.rate),
            *(finer(value) for value in (run.points[-1] if run.points else ())),
            short(run.losses[-1]),
            say[run.verdict] + ("" if run.stopped is None else f" ({ended(descent, run, lang)})"),
        ]
        for run in descent.runs
    ]
    lines = [f"{title(descent, lang)}, {begin}", "", *_aligned([head, *rows])]
    if words := curvature(descent, lang):
        lines += ["", words]
    return "\n".join(lines)


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Columns of numbers to the right, the last one, of words, to the left."""
    *widths, _ = (max(map(columns, column)) for column in zip(*rows, strict=True))
    return [
        "  ".join(
            [*(" " * (w - columns(cell)) + cell for w, cell in zip(widths, row, strict=False)), row[-1]]
        )
        for row in rows
    ]
