"""The curve of the losses so far: a small picture beside the buttons."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

from chainrule.explain.notation import number
from chainrule.studio.words import words

_WIDTH, _HEIGHT = 360, 96
_LEFT, _RIGHT, _TOP, _BOTTOM = 4, 354, 20, 76

#: From this ratio between the largest and the smallest loss on, the scale is logarithmic.
_DECADES = 100.0


def curve(points: Sequence[tuple[int, float]], result: str, lang: str) -> str:
    """The losses of ``result`` over the steps, as SVG whose colours are the page's, and the same in words;
    no line for one point.

    >>> "<polyline" in curve([(0, 1.0), (1, 0.64)], "L", "en"), "<polyline" in curve([(0, 1.0)], "L", "en")
    (True, False)
    """
    say = words(lang)
    if len(points) < 2:
        last = number(points[0][1]) if points else "?"
        return f"<p>{escape(say['no_steps'].format(result=result, last=last))}</p>"
    losses = [loss for _, loss in points]
    low, high = min(losses), max(losses)
    logarithmic = low > 0 and high / low >= _DECADES
    heights = [math.log(loss) for loss in losses] if logarithmic else losses
    # A curve that is flat, or so large that its height is no number, lies in the middle.
    base, span = min(heights), max(heights) - min(heights)
    flat = not 0 < span < math.inf
    end = points[-1][0] - points[0][0]
    corners = " ".join(
        f"{_LEFT + (step - points[0][0]) / end * (_RIGHT - _LEFT):.1f},"
        f"{_BOTTOM - (0.5 if flat else (height - base) / span) * (_BOTTOM - _TOP):.1f}"
        for (step, _), height in zip(points, heights, strict=True)
    )
    x, y = corners.rsplit(" ", 1)[1].split(",")
    about = say["curve"].format(
        result=result, first=number(losses[0]), last=number(losses[-1]), steps=points[-1][0]
    )
    scale = f" ({say['log_scale']})" if logarithmic else ""
    return (
        f'<svg class="curve" viewBox="0 0 {_WIDTH} {_HEIGHT}" aria-hidden="true">'
        f'<path class="axis" d="M{_LEFT} {_TOP}V{_BOTTOM}H{_RIGHT}"/>'
        f'<polyline points="{corners}"/><circle cx="{x}" cy="{y}" r="3.5"/>'
        f'<text x="{_LEFT}" y="12">{escape(f"{result} = {number(high)}{scale}")}</text>'
        f'<text x="{_LEFT}" y="{_HEIGHT - 5}">{escape(number(low))}</text>'
        f'<text x="{_RIGHT}" y="{_HEIGHT - 5}" text-anchor="end">'
        f'{escape(say["step"])} {points[-1][0]}</text></svg><p class="heard">{escape(about)}</p>'
    )
