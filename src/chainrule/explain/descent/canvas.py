"""Charts as SVG: a few elements, and the whole around them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from html import escape
from importlib.resources import files

from chainrule.explain.descent.axes import Axis
from chainrule.explain.picture.measure import SMALL_SIZE, text_width
from chainrule.explain.picture.palette import palette

Place = tuple[float, float]

#: Lines, dots and labels come in so many colours; beyond, they are used again, dashed.
SERIES = 4

_SHEETS = ("series.css", "charts.css")


@dataclass(frozen=True)
class Chart:
    """One chart: ``inside()`` a page that has the styles, or as a ``file()`` of its own."""

    title: str
    about: str
    width: float
    height: float
    body: str

    def inside(self) -> str:
        """The ``svg`` element, for a page that has :func:`style` and the palette."""
        return self._svg(self.body)

    def file(self) -> str:
        """The same with its colours and its paper."""
        paper = f'<rect class="paper" width="{px(self.width)}" height="{px(self.height)}"/>'
        return self._svg(f"<style>{palette()}{style()}</style>{paper}{self.body}")

    def _svg(self, body: str) -> str:
        title, about = escaped(self.title), escaped(self.about)
        width, height = px(self.width), px(self.height)
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" class="descent-chart" role="img" '
            f'aria-label="{title}" width="{width}" height="{height}" viewBox="0 0 {width} {height}">'
            f"<title>{title}</title><desc>{about}</desc>{body}</svg>"
        )


@cache
def style() -> str:
    """The style sheet of the charts, and the colours that the palette does not have.

    >>> "--series-1" in style()
    True
    """
    assets = files(__package__).joinpath("assets")
    return "".join(assets.joinpath(name).read_text(encoding="utf-8") for name in _SHEETS)


def escaped(words: str) -> str:
    """``words`` in SVG or HTML. What cannot be printed has no place in XML, escaped or not.

    >>> escaped("<b>\\x00")
    '&lt;b&gt;�'
    """
    return escape("".join(one if one.isprintable() or one == "\u00a0" else "\ufffd" for one in words))


def px(length: float) -> str:
    """A length to a tenth of a pixel."""
    text = f"{length:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text


def text(at: Place, words: str, kind: str = "", anchor: str = "start") -> str:
    """A line of text; ``at`` is its base line's start, middle or end, as ``anchor`` says."""
    style = f' class="{kind}"' if kind else ""
    where = "" if anchor == "start" else f' text-anchor="{anchor}"'
    return f'<text x="{px(at[0])}" y="{px(at[1])}"{style}{where}>{escaped(words)}</text>'


def line(start: Place, end: Place, kind: str) -> str:
    a, b = start, end
    return f'<line class="{kind}" x1="{px(a[0])}" y1="{px(a[1])}" x2="{px(b[0])}" y2="{px(b[1])}"/>'


def rectangle(x: float, y: float, width: float, height: float, kind: str) -> str:
    return f'<rect class="{kind}" x="{px(x)}" y="{px(y)}" width="{px(width)}" height="{px(height)}"/>'


def outline(places: Iterable[Place]) -> str:
    """The data of a path from place to place."""
    return "M" + "L".join(f"{px(x)} {px(y)}" for x, y in places)


def path(data: str, kind: str) -> str:
    return f'<path class="{kind}" d="{data}"/>'


def dot(at: Place, run: int, step: int) -> str:
    """A step of a run, which a script can find."""
    x, y = map(px, at)
    return f'<circle class="dot" data-run="{run}" data-step="{step}" cx="{x}" cy="{y}" r="2.8"/>'


def series(run: int, *parts: str) -> str:
    """What belongs to one run, in its colour."""
    dashed = " again" if run >= SERIES else ""
    return f'<g class="s{run % SERIES + 1}{dashed}">{"".join(parts)}</g>'


def star(at: Place, size: float = 6.0) -> str:
    """The minimum: a diamond with a hollow middle."""
    x, y = at
    inner = [(x, y - size), (x + size, y), (x, y + size), (x - size, y)]
    return path(outline(inner) + "Z", "minimum")


def ring(at: Place) -> str:
    """The start."""
    return f'<circle class="start" cx="{px(at[0])}" cy="{px(at[1])}" r="6"/>'


def frame(across: Axis, up: Axis, *, grid: bool = True) -> str:
    """The border, the ticks and their labels; with ``grid``, lines from those to the left."""
    left, right = across.start, across.end
    bottom, top = up.start, up.end
    parts = [rectangle(left, top, right - left, bottom - top, "frame")]
    for value, label in across.ticks:
        x = across.at(value)
        parts += [
            line((x, bottom), (x, bottom + 4), "tick"),
            text((x, bottom + 17), label, "note", "middle"),
        ]
    for value, label in up.ticks:
        y = up.at(value)
        ends, kind = ((left, right), "grid") if grid else ((left - 4, left), "tick")
        parts += [line((ends[0], y), (ends[1], y), kind), text((left - 7, y + 4), label, "note", "end")]
    return "".join(parts)


def room_for_ticks(up: Axis) -> float:
    """How wide the labels to the left of an axis are, with the gap beside them."""
    return max((text_width(label, SMALL_SIZE) for _, label in up.ticks), default=0.0) + 10
