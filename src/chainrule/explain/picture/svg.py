"""The picture as SVG: inside a page, or as a file of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from html import escape
from importlib.resources import files

from chainrule.explain.picture.measure import PAD_X, PAD_Y, SIZE, SMALL_SIZE, line_height
from chainrule.explain.picture.model import Arrow, Box, Label, Picture, View
from chainrule.explain.picture.palette import palette

_TIP = 7.0  # the height of an arrow's tip
_ASCENT = 1.06  # em, from the top of a line to its baseline
_HEBREW_ARABIC = r"\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc"
_RIGHT_TO_LEFT = re.compile(f"[{_HEBREW_ARABIC}][{_HEBREW_ARABIC}A-Za-z0-9_]*")


def svg(picture: Picture) -> str:
    """The whole graph as an SVG file, with its colours, light and dark, inside it.

    >>> from chainrule import Value, explain
    >>> from chainrule.explain.picture.making import picture_of
    >>> a, b = Value(2.0), Value(-3.0)
    >>> svg(picture_of(explain(a * b, torch=False))).startswith("<svg xmlns")
    True
    """
    view = picture.views[0]
    style = f"<style>{palette()}{style_sheet()}</style>"
    ground = '<rect width="100%" height="100%" style="fill: var(--paper)"/>'
    return drawing(view, inside=style + ground, xmlns=True) + "\n"


@cache
def style_sheet() -> str:
    """How a graph is painted, in the palette's colours."""
    return files(__package__).joinpath("svg.css").read_text(encoding="utf-8")


def drawing(view: View, *, inside: str = "", xmlns: bool = False) -> str:
    """One view as an ``<svg>`` element at its natural size; ``inside`` comes first in it.

    A box carries its variables, an arrow its local derivatives, in ``data-`` attributes, so that a page
    can light them.
    """
    name = escape(view.title, quote=True)
    space = ' xmlns="http://www.w3.org/2000/svg"' if xmlns else ""
    width, height = _number(view.width), _number(view.height)
    body = "".join([*map(_arrow, view.arrows), *map(_label_of, view.arrows), *map(_box, view.boxes)])
    return (
        f'<svg{space} class="graph" role="group" aria-label="{name}" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}"><title>{escape(view.title)}</title>{inside}{body}</svg>'
    )


def _box(box: Box) -> str:
    values = " ".join(map(str, box.variables))
    opens = "" if box.opens is None else f' data-opens="{box.opens}"'
    said = escape(", ".join(text for text in (box.title, box.value, box.gradient) if text), quote=True)
    top, bottom = box.y + PAD_Y + _ASCENT * SIZE, box.y + PAD_Y + line_height() + _ASCENT * SIZE
    left, right = box.x + PAD_X, box.x + box.width - PAD_X
    parts = [
        f'<rect x="{_number(box.x)}" y="{_number(box.y)}" width="{_number(box.width)}" '
        f'height="{_number(box.height)}" rx="6"/>',
        _text("title", left, top, box.title),
    ]
    if box.value:
        parts.append(_text("value", left, bottom, box.value))
    if box.kind not in ("group", "elsewhere"):
        parts.append(_text("gradient", right, bottom, box.gradient, ' text-anchor="end"'))
    opening = f'<g class="box {box.kind}" data-variables="{values}"{opens} aria-label="{said}">'
    return opening + "".join(parts) + "</g>"


def _arrow(arrow: Arrow) -> str:
    links = _links(arrow)
    x, y = arrow.points[-1]
    tip = f"M{_number(x)} {_number(y)}l-4-{_number(_TIP)}h8z"
    return (
        f'<g class="arrow"{links}><path class="line" d="{_curve(arrow.points)}"/>'
        f'<path class="tip" d="{tip}"/></g>'
    )


def _label_of(arrow: Arrow) -> str:
    return "".join(_label(label, link) for label, link in zip(arrow.labels, arrow.links, strict=False))


def _label(label: Label, link: tuple[int, int, int]) -> str:
    middle = label.x + label.width / 2
    line = line_height(SMALL_SIZE)
    top = label.y + 2 + _ASCENT * SMALL_SIZE
    written = [("local", text) for text in label.local] + [("flow", label.flow)] * bool(label.flow)
    texts = "".join(
        _text(name, middle, top + place * line, text, ' text-anchor="middle"')
        for place, (name, text) in enumerate(written)
    )
    return (
        f'<g class="label" data-links="{_key(link)}"><rect x="{_number(label.x)}" y="{_number(label.y)}" '
        f'width="{_number(label.width)}" height="{_number(label.height)}"/>{texts}</g>'
    )


def _links(arrow: Arrow) -> str:
    return f' data-links="{" ".join(map(_key, arrow.links))}"' if arrow.links else ""


def _key(link: tuple[int, int, int]) -> str:
    return "-".join(map(str, link))


def _text(name: str, x: float, y: float, text: str, more: str = "") -> str:
    return f'<text class="{name}" x="{_number(x)}" y="{_number(y)}"{more}>{escape(_leftward(text))}</text>'


def _leftward(text: str) -> str:
    """``text`` with a mark on both sides of each name that is written from right to left, so that only the
    name is: without it ``א − ב`` would be set as ``ב − א``."""
    return _RIGHT_TO_LEFT.sub("\u200e\\g<0>\u200e", text)


def _curve(points: tuple[tuple[float, float], ...]) -> str:
    """A smooth line through ``points`` that leaves and arrives straight down, the tip left free."""
    return "".join(_pieces([*points[:-1], (points[-1][0], points[-1][1] - _TIP + 1)]))


def _pieces(points: list[tuple[float, float]]) -> Iterator[str]:
    (x, y), *rest = points
    yield f"M{_number(x)} {_number(y)}"
    for to_x, to_y in rest:
        if to_x == x:
            yield f"V{_number(to_y)}"
        else:
            half = _number((y + to_y) / 2)
            yield f"C{_number(x)} {half} {_number(to_x)} {half} {_number(to_x)} {_number(to_y)}"
        x, y = to_x, to_y


def _number(length: float) -> str:
    return f"{length:.1f}".removesuffix(".0")
