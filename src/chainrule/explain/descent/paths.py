"""The chart of the paths: where each step lands on the curve, or on the surface, of the loss."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from zlib import crc32

from chainrule.explain.descent.axes import Axis, dotted_steps, linear
from chainrule.explain.descent.canvas import (
    Chart,
    Place,
    dot,
    frame,
    outline,
    path,
    px,
    rectangle,
    ring,
    room_for_ticks,
    series,
    star,
    text,
)
from chainrule.explain.descent.contours import BANDS, above, levels
from chainrule.explain.descent.data import Descent, Run, Surface
from chainrule.explain.descent.messages import language
from chainrule.explain.descent.table import rate, sentence, short, variables
from chainrule.explain.picture.measure import SMALL_SIZE, cut, text_width

#: Sizes in pixels.
_WIDTH, _PANEL, _ALONE, _TALL = 720.0, 344.0, 520.0, 220.0
_TOP, _HEAD, _FOOT, _KEY = 40.0, 58.0, 52.0, 34.0

#: Tips stand on so many steps of a path at most, and only on those that are long enough to see.
_TIPS, _LONG = 8, 22.0

#: Places that are nearer to each other, in pixels, look like one.
_SEEN = 0.4


@dataclass(frozen=True)
class _Ground:
    """What all panels show beneath their paths: axes, and a drawing that is made once and used in each."""

    across: Axis
    up: Axis
    names: tuple[str, str]
    once: str
    again: str
    key: tuple[float, ...] = ()


def path_chart(descent: Descent, lang: str) -> Chart:
    """The path of each learning rate over the curve or the surface of the loss, in a panel of its own."""
    say, surface = language(lang), descent.surface
    assert surface is not None
    alone = len(descent.runs) == 1
    beneath = _curve if len(surface.axes) == 1 else _bands
    ground = beneath(descent, surface, _ALONE if alone else _PANEL, lang)
    key = "path_chart" if len(surface.axes) == 1 else "surface_chart"
    numbers = variables(descent)
    heading = say[key].format(loss=descent.loss, numbers=numbers)
    parts = [text((16, 22), cut(heading, 78), "heading"), ground.once]
    tall = _HEAD + _TALL + _FOOT
    for index, run in enumerate(descent.runs):
        x = (_WIDTH - _ALONE) / 2 if alone else 8 + (index % 2) * (_WIDTH / 2)
        y = _TOP + index // 2 * tall
        panel = _panel(descent, run, index, ground, lang)
        parts.append(f'<g transform="translate({px(x)} {px(y)})">{panel}</g>')
    bottom = _TOP + math.ceil(len(descent.runs) / 2) * tall
    parts.append(_legend(bottom, surface.lowest is not None, ground, descent, lang))
    sentences = " ".join(sentence(descent, run, lang) for run in descent.runs)
    return Chart(
        title=heading,
        about=say[f"{key}_about"].format(numbers=numbers, runs=sentences),
        width=_WIDTH,
        height=bottom + _KEY + (34 if ground.key else 0),
        body="".join(parts),
    )


def _panel(descent: Descent, run: Run, index: int, ground: _Ground, lang: str) -> str:
    say, across, up = language(lang), ground.across, ground.up
    assert descent.surface is not None
    places = _places(descent, run, ground)
    left, bottom = across.start, up.start
    shown = dotted_steps(descent.steps, len(places))
    inside = {step: places[step] for step in shown if _inside(places[step], ground)}
    pieces = [clipped(a, b, ground) for a, b in pairwise(_visibly_apart(places))]
    track = _joined(pieces)
    parts = [
        series(index, text((8, 14), rate(run), "label")),
        text((8, 32), say[run.verdict], "note"),
        ground.again,
        frame(across, up, grid=not ground.key),
        text(((left + across.end) / 2, bottom + 36), cut(ground.names[0], 24), "note", "middle"),
        text((8, up.end - 8), cut(ground.names[1], 24), "note"),
        path(track, "halo") if ground.key else "",
        series(index, path(track, "track")),
        series(index, _tips(pieces), *(dot(place, index, step) for step, place in inside.items())),
        ring(places[0]),
    ]
    if descent.surface.lowest is not None and descent.surface.lowest_loss is not None:
        parts.append(star(_place(descent.surface.lowest, descent.surface.lowest_loss, ground)))
    if not all(_inside(place, ground) for place in places):
        parts.append(text((across.end, 14), say["off"], "note", "end"))
    return "".join(parts)


# --- where things are ------------------------------------------------------------------------------------


def _place(point: Sequence[float], loss: float, ground: _Ground) -> Place:
    other = point[1] if len(point) == 2 else loss
    return ground.across.at(point[0]), ground.up.at(other)


def _places(descent: Descent, run: Run, ground: _Ground) -> list[Place]:
    """Where a run was, as long as it was anywhere."""
    pairs = zip(run.points, run.losses, strict=True)
    found = [_place(point, loss, ground) for point, loss in pairs if math.isfinite(loss + sum(point))]
    return [place for place in found if all(map(math.isfinite, place))]


def _visibly_apart(places: Sequence[Place]) -> list[Place]:
    """``places`` without those that cannot be told from the one before, the last one always."""
    kept = [places[0]]
    for place in places:
        if math.dist(place, kept[-1]) > _SEEN:
            kept.append(place)
    return [*kept, places[-1]]


def _inside(place: Place, ground: _Ground) -> bool:
    (x, y), across, up = place, ground.across, ground.up
    return across.start - 0.5 <= x <= across.end + 0.5 and up.end - 0.5 <= y <= up.start + 0.5


def clipped(a: Place, b: Place, ground: _Ground) -> tuple[Place, Place] | None:
    """The part of the line from ``a`` to ``b`` that lies inside of the panel; None where none does."""
    first, last = 0.0, 1.0
    limits = ((ground.across.start, ground.across.end), (ground.up.end, ground.up.start))
    for here, there, (low, high) in zip(a, b, limits, strict=True):
        way = there - here
        if way == 0:
            if not low <= here <= high:
                return None
            continue
        near, far = sorted(((low - here) / way, (high - here) / way))
        first, last = max(first, near), min(last, far)
    if first > last:
        return None
    (x, y), (way_x, way_y) = a, (b[0] - a[0], b[1] - a[1])
    enters = a if first == 0 else (x + first * way_x, y + first * way_y)
    return enters, b if last == 1 else (x + last * way_x, y + last * way_y)


def _joined(pieces: Sequence[tuple[Place, Place] | None]) -> str:
    """The data of a path of ``pieces``, those that meet in one line."""
    lines: list[list[Place]] = []
    for piece in pieces:
        if piece is None:
            continue
        if lines and lines[-1][-1] == piece[0]:
            lines[-1].append(piece[1])
        else:
            lines.append([*piece])
    return "".join(map(outline, lines))


def _tips(pieces: Sequence[tuple[Place, Place] | None]) -> str:
    """Arrow heads in the middle of the first steps that are long enough."""
    tips: list[str] = []
    for piece in pieces:
        if piece is None or len(tips) == _TIPS:
            continue
        (x, y), (to_x, to_y) = piece
        length = math.hypot(to_x - x, to_y - y)
        if length < _LONG:
            continue
        along_x, along_y = (to_x - x) / length, (to_y - y) / length
        tip_x, tip_y = (x + to_x) / 2 + 4 * along_x, (y + to_y) / 2 + 4 * along_y
        back_x, back_y = tip_x - 8 * along_x, tip_y - 8 * along_y
        wings = [(back_x - 4 * along_y, back_y + 4 * along_x), (back_x + 4 * along_y, back_y - 4 * along_x)]
        tips.append(path(outline([(tip_x, tip_y), *wings]) + "Z", "tip"))
    return "".join(tips)


# --- beneath the paths -----------------------------------------------------------------------------------


def _curve(descent: Descent, surface: Surface, width: float, lang: str) -> _Ground:
    """The curve of the loss over one number."""
    (where,) = surface.axes
    finite = [loss for loss in surface.losses if math.isfinite(loss)]
    reached = [
        loss
        for run in descent.runs
        for loss in (run.losses if run.verdict != "diverging" else run.losses[:1])
        if math.isfinite(loss)
    ]
    low = min(*finite, *reached)
    # walls that no run has climbed would press the rest flat
    climbed = max(reached) - low
    high = min(max(*finite, *reached), low + 2 * climbed) if climbed > 0 else max(finite)
    low -= 0.06 * (high - low)
    up = linear(low, high, _HEAD + _TALL, _HEAD, most=5)
    across = linear(where[0], where[-1], room_for_ticks(up) + 4, width - 8, most=5)
    ground = _Ground(across, up, (descent.numbers[0], descent.loss), "", "")
    places = [
        (across.at(one), up.at(loss)) if math.isfinite(loss) else None
        for one, loss in zip(where, surface.losses, strict=True)
    ]
    data = _joined([clipped(a, b, ground) if a and b else None for a, b in pairwise(places)])
    return _Ground(across, up, ground.names, *_once(path(data, "ground-curve"), lang))


def _bands(descent: Descent, surface: Surface, width: float, lang: str) -> _Ground:
    """Bands of equal loss over two numbers, the lowest the colour of the paper."""
    columns, rows = surface.axes
    up = linear(rows[0], rows[-1], _HEAD + _TALL, _HEAD, most=5)
    across = linear(columns[0], columns[-1], room_for_ticks(up) + 4, width - 8, most=5)
    wide = (across.end - across.start) / (len(columns) - 1)
    tall = (up.start - up.end) / (len(rows) - 1)
    parts = [rectangle(across.start, up.end, across.end - across.start, up.start - up.end, "ground-0")]
    found = levels(surface.losses)
    for band, level in enumerate(found, 1):
        lines = (
            outline((across.start + column * wide, up.start - row * tall) for column, row in one) + "Z"
            for one in above(surface.losses, level)
        )
        parts.append(path("".join(lines), f"ground-band ground-{band}"))
    names = (descent.numbers[0], descent.numbers[1])
    return _Ground(across, up, names, *_once("".join(parts), lang), tuple(found))


def _once(body: str, lang: str) -> tuple[str, str]:
    """A definition of ``body``, and what draws it again."""
    name = f"ground-{lang}-{crc32(body.encode()):08x}"
    return f'<defs><g id="{name}">{body}</g></defs>', f'<use href="#{name}"/>'


def _legend(y: float, lowest: bool, ground: _Ground, descent: Descent, lang: str) -> str:
    """What the marks mean, and which loss each band begins with."""
    say, x, parts = language(lang), 22.0, []
    entries = [(ring, say["start"])]
    if lowest:
        entries.append((star, say["minimum"]))
    for mark, words in entries:
        parts += [mark((x, y + 8)), text((x + 14, y + 12), words, "note")]
        x += 40 + text_width(words, SMALL_SIZE)
    if ground.key:
        parts.append(_key(16, y + 30, ground.key, descent))
    return "".join(parts)


def _key(x: float, y: float, found: Sequence[float], descent: Descent) -> str:
    """The bands side by side, and the loss at which each begins."""
    loss = cut(descent.loss, 12)
    start = x + text_width(loss, SMALL_SIZE) + 10
    wide = (_WIDTH - 40 - start) / BANDS
    parts = [text((x, y + 12), loss, "note")]
    for band in range(len(found) + 1):
        parts.append(rectangle(start + band * wide, y, wide, 14, f"ground-band ground-{band}"))
        if band:
            parts.append(text((start + band * wide, y + 29), short(found[band - 1]), "note", "middle"))
    return "".join(parts)
