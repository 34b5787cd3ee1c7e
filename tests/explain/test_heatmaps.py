"""Heat-maps: every cell is there once, its colour says its number, and what it is called cannot run."""

from __future__ import annotations

import math
import random
import re
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

import chainrule
from chainrule import explain
from chainrule.errors import ShapeError
from chainrule.explain.heatmaps import heat_style, heatmap, heatmaps_of
from chainrule.explain.picture.palette import palette

RUN = re.compile(r"M(\d+) (\d+)\.5h(\d+)")


def cells(picture: str) -> dict[tuple[int, int], str]:
    """The class of each cell of a heat-map; the legend and the frames are left out."""
    root = ElementTree.fromstring(picture)
    found: dict[tuple[int, int], str] = {}
    for path in root[0]:
        if path.get("class") == "odd":
            continue
        for x, y, length in RUN.findall(path.get("d", "")):
            for step in range(int(length)):
                place = (int(x) + step, int(y))
                assert place not in found
                found[place] = path.get("class", "")
    return found


def texts(picture: str) -> list[str]:
    return [one.text or "" for one in ElementTree.fromstring(picture).iter("text")]


numbers = st.floats(allow_nan=True, allow_infinity=True) | st.integers(-(2**63), 2**63) | st.booleans()
matrices = st.tuples(st.integers(1, 9), st.integers(1, 9)).flatmap(
    lambda shape: st.lists(
        st.lists(numbers, min_size=shape[1], max_size=shape[1]), min_size=shape[0], max_size=shape[0]
    )
)


@given(matrices, st.text())
def test_every_cell_is_drawn_once_and_stronger_colours_are_larger_numbers(
    matrix: list[list[Any]], label: str
) -> None:
    label = "".join(c for c in label if c.isprintable())
    rows, columns = len(matrix), len(matrix[0])
    picture = heatmap(matrix, shape=(rows, columns), label=label)
    found = cells(picture)
    assert set(found) == {(x, y) for x in range(columns) for y in range(rows)}
    finite = []
    for (x, y), name in found.items():
        value = float(matrix[y][x])
        assert (name == "blank") == (not math.isfinite(value))
        if math.isfinite(value):
            finite.append((value, int(name[1:])))
    classes = [place for _, place in sorted(finite)]
    assert classes == sorted(classes)
    assert all(0 <= place <= 14 for place in classes)
    for value, place in finite:
        assert value >= 0 or place <= 7
        assert value <= 0 or place >= 7
    assert ElementTree.fromstring(picture).get("aria-label", "").startswith(f"{label} ({rows} × {columns})")


def test_the_scale_is_around_zero_where_signs_differ() -> None:
    assert cells(heatmap([[-1.0, 0.0, 2.0]], shape=(1, 3), label="w")) == {
        (0, 0): "h3",
        (1, 0): "h7",
        (2, 0): "h14",
    }


def test_the_scale_goes_from_the_least_to_the_greatest_where_they_do_not() -> None:
    found = cells(heatmap([5.0, 5.5, 6.0], shape=(3,), label="w"))
    assert [found[x, 0] for x in range(3)] == ["h7", "h11", "h14"]
    assert set(cells(heatmap([-6.0, -5.0], shape=(2,), label="w")).values()) == {"h0", "h7"}


def test_the_ends_may_be_those_of_a_larger_array() -> None:
    picture = heatmap([[1.0, -1.0]], shape=(784, 128), low=-10.0, high=10.0, label="w")
    assert set(cells(picture).values()) == {"h6", "h8"}
    assert texts(picture) == ["−10", "10"]
    assert "w (784 × 128): −10 … 10" in picture


def test_a_constant_has_one_colour_and_one_number() -> None:
    picture = heatmap([[2.0, 2.0]], shape=(1, 2), label="w")
    assert set(cells(picture).values()) == {"h14"}
    assert texts(picture) == ["2"]
    assert set(cells(heatmap([[0.0, 0.0]], shape=(1, 2), label="w")).values()) == {"h7"}


def test_what_is_not_finite_is_marked_and_named() -> None:
    picture = heatmap([[math.nan, math.inf], [-math.inf, 1.0]], shape=(2, 2), label="w")
    assert picture.count('class="odd"') == 6  # in the cells, and in the legend
    assert texts(picture) == ["1", "NaN", "∞", "−∞"]
    assert texts(heatmap([[math.nan]], shape=(1, 1), label="w")) == ["NaN"]


def test_slices_stand_side_by_side_and_do_not_touch() -> None:
    cube = [[[1.0, 2.0], [3.0, 4.0]], [[5.0, 6.0], [7.0, 8.0]]]
    found = cells(heatmap(cube, shape=(2, 2, 2), label="w"))
    assert {x for x, _ in found} == {0, 1, 3, 4}
    assert found[4, 1] == "h14"
    many = [[[[float(i)]] for i in range(32)] for _ in range(2)]
    assert len(cells(heatmap(many, shape=(2, 32, 1, 1), label="w"))) == 64


def test_a_large_one_stays_small() -> None:
    draw = random.Random(0)
    noise = [[draw.gauss(0.0, 1.0) for _ in range(32)] for _ in range(32)]
    assert len(heatmap(noise, shape=(32, 32), label="w")) < 11_000


def test_a_label_is_only_text() -> None:
    picture = heatmap([1.0], shape=(1,), label='"><script>alert(1)</script>')
    assert "<script" not in picture
    ElementTree.fromstring(picture)


@pytest.mark.parametrize("nothing", [[], [[]], [[1.0], []], 3.0, None])
def test_without_a_cell_there_is_no_picture(nothing: Any) -> None:
    with pytest.raises(ShapeError, match="heat-map of w"):
        heatmap(nothing, shape=(0,), label="w")


def test_colours_are_defined_for_every_class_and_every_scheme() -> None:
    style = heat_style()
    for place in range(15):
        assert style.count(f"--heat-{place}:") == 3
        assert f".heat .h{place} {{ stroke: var(--heat-{place}); }}" in style
    for name in re.findall(r"var\((--[a-z]+)\)", style):
        assert f"{name}:" in palette()


def test_of_a_derivation_values_and_gradients_are_drawn() -> None:
    w = chainrule.tensor([[1.0, -2.0], [0.5, 3.0]], requires_grad=True)
    L = (w * w).sum()
    derivation = explain(L, torch=False)
    value, gradient = heatmaps_of(derivation, derivation["w"].id)
    assert value is not None
    assert "w (2 × 2): −2 … 3" in value
    assert gradient is not None
    assert "∂L/∂w (2 × 2): −4 … 6" in gradient
    assert heatmaps_of(derivation, derivation.result) == (None, None)


def test_of_a_large_array_its_image_is_drawn() -> None:
    w = chainrule.ones(40, 30, requires_grad=True)
    derivation = explain((w * 2).sum(), torch=False)
    of_w = derivation["w"].id
    drawn = heatmaps_of(derivation, of_w)
    kept = {image.of for image in derivation.images if image.variable == of_w}
    assert [one is not None for one in drawn] == ["value" in kept, "gradient" in kept]


def test_of_an_empty_array_nothing_is_drawn() -> None:
    w = chainrule.zeros(0, 3, requires_grad=True)
    derivation = explain(w.sum(), torch=False)
    assert heatmaps_of(derivation, derivation["w"].id) == (None, None)
