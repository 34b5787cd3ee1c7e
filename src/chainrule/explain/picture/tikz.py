"""The picture as TikZ, for LaTeX: the same boxes at the same places."""

from __future__ import annotations

from collections.abc import Iterator

from chainrule.explain.latex_math import escaped
from chainrule.explain.picture.model import Arrow, Box, Picture

#: CSS pixels in a TeX point, and the size that fits a text column.
_POINTS, _COLUMN = 0.75, 430.0

_FILLS = {
    "input": "blue!6",
    "constant": "blue!6",
    "parameter": "green!10",
    "result": "red!8",
    "group": "violet!10",
    "elsewhere": "white",
}


def tikz(picture: Picture) -> str:
    """The whole graph as a ``tikzpicture`` environment, scaled down where it is wider than a column.

    >>> from chainrule import Value, explain
    >>> from chainrule.explain.picture.making import picture_of
    >>> a, b = Value(2.0), Value(-3.0)
    >>> tikz(picture_of(explain(a * b, torch=False))).splitlines()[0][:19]
    '\\\\begin{tikzpicture}'
    """
    view = picture.views[0]
    scale = min(1.0, _COLUMN / (view.width * _POINTS))
    options = f"[x={_POINTS}pt, y=-{_POINTS}pt, font=\\ttfamily\\small, scale={scale:.3f}, transform shape]"
    lines = [*_lines(view.boxes, view.arrows)]
    return "\n".join([f"\\begin{{tikzpicture}}{options}", *lines, "\\end{tikzpicture}"])


def _lines(boxes: tuple[Box, ...], arrows: tuple[Arrow, ...]) -> Iterator[str]:
    for arrow in arrows:
        path = " -- ".join(f"({x:.1f},{y:.1f})" for x, y in arrow.points)
        yield f"  \\draw[->, gray, rounded corners=4pt] {path};"
    for arrow in arrows:
        for label in arrow.labels:
            at = f"({label.x + label.width / 2:.1f},{label.y + label.height / 2:.1f})"
            lines = [f"\\textcolor{{violet}}{{{escaped(text)}}}" for text in label.local]
            if label.flow:
                lines.append(f"\\textcolor{{brown!70!red}}{{{escaped(label.flow)}}}")
            text = " \\\\ ".join(lines)
            yield (
                f"  \\node[fill=white, inner sep=1pt, align=center, font=\\ttfamily\\footnotesize] "
                f"at {at} {{{text}}};"
            )
    for box in boxes:
        yield _box(box)


def _box(box: Box) -> str:
    at = f"({box.x + box.width / 2:.1f},{box.y + box.height / 2:.1f})"
    size = f"minimum width={box.width * _POINTS:.1f}pt, minimum height={box.height * _POINTS:.1f}pt"
    fill = _FILLS.get(box.kind, "black!3")
    below = [f"\\textcolor{{blue!70!black}}{{{escaped(box.value)}}}"] if box.value else []
    if box.gradient:
        below.append(f"\\textcolor{{brown!70!red}}{{{escaped(box.gradient)}}}")
    text = escaped(box.title) + (" \\\\ " + " \\quad ".join(below) if below else "")
    return (
        f"  \\node[draw=gray, fill={fill}, rounded corners=3pt, align=center, {size}] at {at} {{{text}}};"
    )
