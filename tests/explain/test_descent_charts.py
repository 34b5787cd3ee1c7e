"""The charts of a descent: everything in its place, readable, escaped, and alive in a browser."""

from __future__ import annotations

import itertools
import math
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chainrule import Value, errors
from chainrule.explain.descent import Descent, descend
from chainrule.explain.descent.axes import decades, linear, rounded, shown_steps, thinned, whole
from chainrule.explain.descent.canvas import style
from chainrule.explain.descent.charts import charts, svg
from chainrule.explain.descent.contours import above, levels
from chainrule.explain.descent.messages import MESSAGES
from chainrule.explain.descent.section import descent_data, descent_script, descent_style, section
from chainrule.explain.picture.palette import palette

SCRIPT = "<script>window.ran=1</script>"


def regression(*rates: float, steps: int = 30) -> Descent:
    w = Value(1.0)
    return descend(lambda: (w * 1.0 - 2.0) ** 2, [w], lr=rates or [0.02, 0.3, 0.95, 1.05], steps=steps)


def line_of_four(name: str = "b") -> Descent:
    w, b = Value(-1.0), Value(4.0)
    pairs = [(0.0, 1.0), (1.0, 2.9), (2.0, 5.2), (3.0, 7.1)]
    leaves = {"w": w, name: b}
    return descend(lambda: sum((w * x + b - y) ** 2 for x, y in pairs) / 4, leaves, lr=[0.01, 0.1, 0.25])


def hill() -> Descent:
    w = Value(1.0)
    return descend(lambda: -w * w, [w], lr=[0.01, 0.5, 1.0])


def network() -> Descent:
    a, b, c = Value(0.3), Value(-0.2), Value(0.9)
    return descend(lambda: ((a * 2.0 + b).tanh() * c - 0.5) ** 2, [a, b, c], lr=[0.1, 0.5])


def at_zero() -> Descent:
    w = Value(0.0)
    return descend(lambda: w * w, [w], lr=0.1, steps=1)


CASES = {
    "regression": regression,
    "one rate": lambda: regression(0.1),
    "five rates": lambda: regression(0.005, 0.01, 0.02, 0.5, 1.0, steps=12),
    "many rates": lambda: regression(*(0.05 * k for k in range(1, 20))),
    "diverging alone": lambda: regression(1.2, steps=400),
    "long": lambda: regression(0.0001, steps=5000),
    "four points": line_of_four,
    "hill": hill,
    "network": network,
    "at zero": at_zero,
}


@pytest.fixture(scope="module", params=CASES)
def descent(request: pytest.FixtureRequest) -> Descent:
    return CASES[request.param]()


# ------------------------------------------------------------------ axes


@given(st.floats(-1e9, 1e9), st.floats(-1e9, 1e9), st.integers(2, 12))
@example(0.0, 5e-324, 2)
@example(1e-310, 3e-310, 6)
def test_ticks_are_round_apart_and_inside(one: float, other: float, most: int) -> None:
    low, high = sorted((one, other))
    axis = linear(low, high, 0, 100, most)
    places = [axis.at(value) for value, _ in axis.ticks]
    assert len(places) <= most + 1
    assert all(-1e-3 <= place <= 100 + 1e-3 for place in places)
    assert places == sorted(places)
    labels = [label for _, label in axis.ticks]
    assert len(set(labels)) == len(labels)
    gaps = {f"{after - before:.3g}" for (before, _), (after, _) in itertools.pairwise(axis.ticks)}
    assert all(re.fullmatch(r"[125](\.0+)?(e[+-]\d+)?|0\.0*[125]|[125]0*", gap) for gap in gaps)


def test_an_axis_turns_numbers_into_pixels() -> None:
    axis = linear(0, 10, 200, 100)
    assert [axis.at(value) for value in (0, 5, 10)] == [200, 150, 100]
    assert [label for _, label in rounded(0.03, 0.97, 0, 1).ticks] == ["0", "0.2", "0.4", "0.6", "0.8", "1"]
    assert [value for value, _ in whole(30, 0, 1).ticks] == [0, 5, 10, 15, 20, 25, 30]
    assert [label for _, label in decades(2e-3, 30, 0, 1).ticks] == [
        "0.001",
        "0.01",
        "0.1",
        "1",
        "10",
        "100",
    ]
    assert decades(1e-3, 1e3, 0, 60).at(1.0) == pytest.approx(30)


@given(st.integers(1, 100_000))
def test_the_steps_that_are_shown(steps: int) -> None:
    shown = shown_steps(steps)
    assert shown[0] == 0
    assert shown[-1] == steps
    assert len(shown) <= 62
    assert shown == sorted(set(shown))
    if steps <= 60:
        assert shown == list(range(steps + 1))


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=2000))
def test_thinning_keeps_the_extremes(values: list[float]) -> None:
    kept = thinned(values, 50)
    assert len(kept) <= 102
    assert (kept[0], kept[-1]) == (0, len(values) - 1)
    assert {min(values), max(values)} <= {values[place] for place in kept}


# ------------------------------------------------------------------ contours


def area(line: list[tuple[float, float]]) -> float:
    """With a sign for the way round."""
    turns = zip(line, [*line[1:], line[0]], strict=True)
    return sum(x * next_y - next_x * y for (x, y), (next_x, next_y) in turns) / 2


def test_the_contour_of_a_bowl_is_a_circle() -> None:
    rows = [[(x - 20.0) ** 2 + (y - 20.0) ** 2 for x in range(41)] for y in range(41)]
    lines = above(rows, 100.0)
    assert len(lines) == 2  # the edge of the grid, and the hole in it
    hole, edge = sorted(lines, key=lambda line: abs(area(line)))
    assert abs(area(hole)) == pytest.approx(math.pi * 100, rel=0.01)
    assert abs(area(edge)) == 1600
    assert area(hole) * area(edge) < 0
    assert all(math.hypot(x - 20, y - 20) == pytest.approx(10, abs=0.02) for x, y in hole)


@given(
    st.lists(st.lists(st.floats(-10, 10), min_size=4, max_size=4), min_size=2, max_size=6),
    st.floats(-10, 10),
)
def test_contours_close_and_part_the_high_from_the_low(rows: list[list[float]], level: float) -> None:
    lines = above(rows, level)
    for y, row in enumerate(rows):
        for x, height in enumerate(row):
            if 0 < x < 3 and 0 < y < len(rows) - 1 and abs(height - level) > 0.5:
                assert (sum(winding(line, (x, y)) for line in lines) != 0) == (height > level)
    places = [place for line in lines for place in line]
    assert all(0 <= x <= 3 and 0 <= y <= len(rows) - 1 for x, y in places)


def winding(line: list[tuple[float, float]], at: tuple[float, float]) -> int:
    """How often a closed line goes round a place."""
    turns = 0
    for (x, y), (next_x, next_y) in zip(line, [*line[1:], line[0]], strict=True):
        side = (next_x - x) * (at[1] - y) - (at[0] - x) * (next_y - y)
        if y <= at[1] < next_y and side > 0:
            turns += 1
        elif next_y <= at[1] < y and side < 0:
            turns -= 1
    return turns


def test_places_without_a_number_count_as_high() -> None:
    rows = [[0.0, 0.0, math.nan], [0.0, 0.0, math.inf], [0.0, 1.0, 2.0]]
    (line,) = above(rows, 1.5)
    assert (2.0, 0.0) in [(round(x, 3), round(y, 3)) for x, y in line]
    assert levels([[1.0, 1.0], [1.0, math.nan]]) == []


# ------------------------------------------------------------------ charts


def numbers_in(element: ElementTree.Element, *names: str) -> list[float]:
    return [float(element.get(name, "nan")) for name in names]


def test_every_chart_is_whole(descent: Descent) -> None:
    for lang in MESSAGES:
        found = charts(descent, lang)
        assert len(found) == (1 if descent.surface is None else 2)
        for chart in found:
            root = ElementTree.fromstring(chart.file())
            assert root.get("role") == "img"
            assert root.get("aria-label") == chart.title
            assert root.findtext("{*}title") == chart.title
            assert descent.loss in (root.findtext("{*}desc") or "")
            assert root.get("viewBox") == f"0 0 {root.get('width')} {root.get('height')}"
            text = chart.file()
            assert "NaN" not in text
            assert not re.search(r"(http(?!://www\.w3\.org/2000/svg)|url\(|@import|<script|<image)", text)
            assert not re.search(r"#[0-9a-f]{3,6}\b", chart.body)  # colours stand in the style sheets


def test_dots_lie_inside_and_every_run_has_some(descent: Descent) -> None:
    for chart in charts(descent, "en"):
        root = ElementTree.fromstring(chart.inside())
        dots = root.findall(".//{*}circle[@class='dot']")
        assert {dot.get("data-run") for dot in dots} == {str(run) for run in range(len(descent.runs))}
        for dot in dots:
            run = descent.runs[int(dot.get("data-run", ""))]
            assert 0 <= int(dot.get("data-step", "")) < len(run.losses)
            x, y = numbers_in(dot, "cx", "cy")
            assert 0 <= x <= chart.width
            assert 0 <= y <= chart.height
        assert len(chart.inside()) < 20_000 * max(4, len(descent.runs))


def test_the_path_follows_the_numbers() -> None:
    found = regression(0.25, steps=4)
    root = ElementTree.fromstring(charts(found, "en")[1].inside())
    dots = root.findall(".//{*}circle[@class='dot']")
    xs = [numbers_in(dot, "cx")[0] for dot in dots]
    # half of the way to the minimum at each step
    assert [(b - a) / (xs[1] - xs[0]) for a, b in itertools.pairwise(xs)] == pytest.approx(
        [1, 0.5, 0.25, 0.125], abs=0.01
    )
    ys = [numbers_in(dot, "cy")[0] for dot in dots]
    assert ys == sorted(ys)


def test_one_file_holds_all_charts(descent: Descent) -> None:
    root = ElementTree.fromstring(svg(descent, "fr"))
    heights = [chart.height for chart in charts(descent, "fr")]
    assert float(root.get("height", "0")) == pytest.approx(sum(heights), abs=0.1)
    assert "--paper" in (root.findtext("{*}style") or "")


def test_both_languages_have_the_same_words() -> None:
    assert MESSAGES["en"].keys() == MESSAGES["fr"].keys()
    for key, words in MESSAGES["en"].items():
        fields = re.compile(r"\{(\w+)\}")
        assert sorted(fields.findall(words)) == sorted(fields.findall(MESSAGES["fr"][key])), key
    with pytest.raises(errors.DomainError, match="lang is 'de'"):
        section(regression(), "de")


# ------------------------------------------------------------------ colours


def luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear_parts = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts]
    return sum(share * one for share, one in zip((0.2126, 0.7152, 0.0722), linear_parts, strict=True))


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", [":root {", ':root[data-theme="dark"] {'])
def test_series_stand_out(theme: str) -> None:
    colours: dict[str, str] = {}
    for sheet in (palette(), style()):
        block = sheet.split(theme)[1].split("}")[0]
        colours.update(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", block))
    for run in range(1, 5):
        assert contrast(colours[f"series-{run}"], colours["paper"]) >= 4.5
        for band in range(8):
            assert contrast(colours[f"series-{run}"], colours[f"band-{band}"]) >= 3
    bands = [luminance(colours[f"band-{band}"]) for band in range(8)]
    assert bands in (sorted(bands), sorted(bands, reverse=True))


def test_dark_is_dark_by_wish_and_by_theme() -> None:
    sheet = style()
    wish = sheet.split(':root:not([data-theme="light"]) {')[1].split("}")[0].split()
    assert sheet.split(':root[data-theme="dark"] {')[1].split("}")[0].split() == wish


# ------------------------------------------------------------------ the section


def test_the_section_says_everything_without_a_script(descent: Descent) -> None:
    html = section(descent, "en")
    root = ElementTree.fromstring(html)
    assert root.tag == "section"
    assert len(root.findall("ul/li")) == len(descent.runs)
    rows = root.findall(".//tbody/tr")
    assert len(rows) == len(shown_steps(descent.steps))
    assert {len(row) for row in rows} == {1 + len(descent.runs) * (len(descent.numbers) + 1)}
    data = descent_data(descent, "en")
    assert len(data["lines"]) == len(data["steps"]) == len(rows)
    assert {len(lines) for lines in data["lines"]} == {len(descent.runs)}


def test_names_are_escaped() -> None:
    found = line_of_four(f"{SCRIPT}\x00&\"'")
    for text in (
        section(found, "en"),
        svg(found, "fr"),
        *(chart.inside() for chart in charts(found, "en")),
    ):
        assert "<script" not in text
        assert "&lt;script&gt;" in text
        ElementTree.fromstring(text)


def test_the_script_is_small_and_uses_no_network() -> None:
    script = descent_script()
    assert len(script.encode()) < 4096
    assert not re.search(r"fetch|XMLHttp|import|export|innerHTML|eval|http", script)


# ------------------------------------------------------------------ in a browser


def page(descent: Descent, lang: str, folder: Path) -> str:
    import json

    data = json.dumps(descent_data(descent, lang)).replace("<", "\\u003c")
    path = folder / "descent.html"
    path.write_text(
        f"<!doctype html><meta charset=utf-8><title>-</title><style>{palette()}{descent_style()}</style>"
        f"<body>{section(descent, lang)}<script>{descent_script()}\n"
        f"window.player = mountDescent(document.querySelector('.descent'), {data});</script>",
        encoding="utf-8",
    )
    return path.as_uri()


def test_the_slider_walks_down(tab: Any, tmp_path: Path) -> None:
    tab.page.goto(page(regression(), "en", tmp_path))
    slider, said = tab.page.get_by_role("slider"), tab.page.locator(".said li")
    lit = tab.page.locator(".dot:not(.ahead)")
    every = tab.page.locator(".dot").count()
    assert lit.count() == every
    slider.focus()
    slider.press("Home")
    assert said.all_inner_texts() == [f"lr = {rate}: w = 1, L = 1" for rate in (0.02, 0.3, 0.95, 1.05)]
    assert lit.count() == tab.page.locator(".dot[data-step='0']").count() == 8
    slider.press("ArrowRight")
    assert said.nth(1).inner_text() == "lr = 0.3: w = 1.6, L = 0.16"
    assert slider.get_attribute("aria-valuetext") == "step 1"
    assert tab.page.locator(".said").get_attribute("aria-live") == "polite"
    assert tab.page.locator(".dot.now").count() == tab.page.locator(".dot[data-step='1']").count()
    tab.page.get_by_role("button", name="play").click()
    tab.page.wait_for_function("player.step >= 3")
    tab.page.get_by_role("button", name="pause").click()
    assert tab.page.evaluate("player.step") < 30
    tab.page.evaluate("player.destroy()")
    assert tab.page.get_by_role("slider").count() == 0
    assert lit.count() == every
    tab.check()


def test_french_and_names_that_are_scripts(tab: Any, tmp_path: Path) -> None:
    tab.page.goto(page(line_of_four(SCRIPT), "fr", tmp_path))
    assert tab.page.evaluate("window.ran") is None
    tab.page.get_by_role("slider").press("ArrowLeft")
    assert "étape 29" in tab.page.locator("output").inner_text()
    assert SCRIPT in tab.page.locator(".said li").first.inner_text()
    assert tab.page.get_by_role("button", name="lecture").count() == 1
    tab.check()


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_no_text_overlaps_or_is_cut_off(tab: Any, descent: Descent, lang: str) -> None:
    tab.page.set_content(f"<style>{palette()}{style()}</style>")
    for chart in charts(descent, lang):
        tab.page.evaluate("svg => document.body.innerHTML = svg", chart.inside())
        boxes = tab.page.evaluate(
            """() => [...document.querySelectorAll("text")].map((text) => {
                 const box = text.getBoundingClientRect();
                 const all = text.closest("svg").getBoundingClientRect();
                 return [text.textContent, box.left - all.left, box.top - all.top, box.width, box.height];
               })"""
        )
        for words, x, y, width, height in boxes:
            assert x >= -0.5, words
            assert x + width <= chart.width + 0.5, words
            assert y >= -0.5, words
            assert y + height <= chart.height + 0.5, words
        for (words, x, y, width, height), (others, a, b, wide, high) in itertools.combinations(boxes, 2):
            apart = x + width <= a or a + wide <= x or y + height <= b + 2 or b + high <= y + 2
            assert apart, (words, others)
