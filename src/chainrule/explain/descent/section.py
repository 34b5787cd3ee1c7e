"""The part of a page that shows a descent: sentences, charts and a table, complete with scripts off."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

from chainrule.explain.descent import canvas
from chainrule.explain.descent.axes import shown_steps
from chainrule.explain.descent.canvas import escaped
from chainrule.explain.descent.charts import charts
from chainrule.explain.descent.data import Descent, Run
from chainrule.explain.descent.messages import language
from chainrule.explain.descent.table import curvature, finer, point, rate, sentence, short, title
from chainrule.explain.messages import typeset


def section(descent: Descent, lang: str) -> str:
    """The descent as a ``section`` element, for a page that has :func:`descent_style` and the palette.

    >>> import chainrule
    >>> from chainrule.explain.descent import descend
    >>> w = chainrule.Value(1.0)
    >>> section(descend(lambda: w * w, [w], lr=0.5), "en").startswith('<section class="descent"')
    True

    Raises DomainError for a language that is not there.
    """
    language(lang)
    said = [typeset(sentence(descent, run, lang), lang) for run in descent.runs]
    sentences = "".join(f"<li>{escaped(one)}</li>" for one in said)
    curved = typeset(curvature(descent, lang), lang)
    drawn = "".join(f'<div class="chart">{chart.inside()}</div>' for chart in charts(descent, lang))
    return (
        f'<section class="descent" lang="{lang}"><h2>{escaped(title(descent, lang))}</h2>'
        f"<ul>{sentences}</ul>{f'<p>{escaped(curved)}</p>' if curved else ''}"
        f'<div class="steps"></div>{drawn}{_table(descent, lang)}</section>'
    )


def _table(descent: Descent, lang: str) -> str:
    """The loss and the point at each step, or at some of them, for each learning rate."""
    say, shown = language(lang), shown_steps(descent.steps)
    names = [*descent.numbers, descent.loss]
    rates = "".join(
        f'<th scope="colgroup" colspan="{len(names)}">{escaped(rate(run))}</th>' for run in descent.runs
    )
    columns = "".join(f'<th scope="col">{escaped(name)}</th>' for name in names) * len(descent.runs)
    rows = ""
    for step in shown:
        cells = "".join(_cells(run, step, len(names)) for run in descent.runs)
        rows += f'<tr><th scope="row">{step}</th>{cells}</tr>'
    summary = say["table" if len(shown) == descent.steps + 1 else "table_some"]
    return (
        f"<details><summary>{escaped(summary)}</summary><table><thead>"
        f'<tr><th scope="col" rowspan="2">{escaped(say["step"])}</th>{rates}</tr><tr>{columns}</tr></thead>'
        f"<tbody>{rows}</tbody></table></details>"
    )


def _cells(run: Run, step: int, count: int) -> str:
    if step >= len(run.losses):
        return "<td></td>" * count
    numbers = [*map(finer, run.points[step] if run.points else ()), short(run.losses[step])]
    return "".join(f"<td>{number}</td>" for number in numbers)


def descent_data(descent: Descent, lang: str) -> dict[str, Any]:
    """What the script needs: the steps that it stops at, and for each of them one line a run.

    >>> import chainrule
    >>> from chainrule.explain.descent import descend
    >>> w = chainrule.Value(1.0)
    >>> descent_data(descend(lambda: w * w, [w], lr=0.25, steps=1), "en")["lines"]
    [['lr = 0.25: w = 1, L = 1'], ['lr = 0.25: w = 0.5, L = 0.25']]
    """
    say, steps = language(lang), shown_steps(descent.steps)
    lines = [[_line(descent, run, step, lang) for run in descent.runs] for step in steps]
    words = {key: say[key] for key in ("play", "pause", "position")}
    return {"steps": steps, "lines": lines, "words": words}


def _line(descent: Descent, run: Run, step: int, lang: str) -> str:
    """Where a run is at ``step``; a run that was stopped stays where it ended."""
    step = min(step, len(run.losses) - 1)
    place = point(descent, run, step)
    loss = f"{descent.loss} = {short(run.losses[step])}"
    colon = typeset(" : ", lang) if lang == "fr" else ": "
    return f"{rate(run)}{colon}{f'{place}, ' if place else ''}{loss}"


def descent_style() -> str:
    """The style sheet of a section and its charts; the palette comes before it."""
    return canvas.style() + _asset("section.css")


def descent_script() -> str:
    """The script that defines ``mountDescent(root, data)``."""
    return _asset("descent.js")


@cache
def _asset(name: str) -> str:
    return files(__package__).joinpath("assets", name).read_text(encoding="utf-8")
