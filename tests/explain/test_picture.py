"""The one picture of a derivation, and the formats that are written from it."""

from __future__ import annotations

import json
import re
from html import unescape
from pathlib import Path
from xml.etree import ElementTree

import pytest
from graphs import GRAPHS

import chainrule
from chainrule import Derivation, Value, errors, explain
from chainrule.explain.expression import explain_expression
from chainrule.explain.picture.making import picture_of
from chainrule.explain.picture.measure import cut, text_width
from chainrule.explain.picture.model import PHASES, Picture
from chainrule.explain.saving import WRITERS

STRANGE = '<b>&"\\$%{}|#</b>'


def regression() -> Derivation:
    return explain_expression("ŷ = x*w; S = ŷ - y; L = S**2", {"x": 1, "y": 2, "w": 1}, torch=False)


def many_samples(count: int = 30) -> Derivation:
    w, b = Value(0.5), Value(0.1)
    L = sum(((w * float(k) + b) - 2.0 * k) ** 2 for k in range(count))
    return explain(L, torch=False)


def test_the_boxes_of_the_regression_say_what_the_course_writes() -> None:
    (view,) = picture_of(regression()).views
    texts = {box.title: (box.value, box.gradient) for box in view.boxes}
    assert texts == {
        "x": ("1", "[−2]"),
        "w": ("1", "[−2]"),
        "ŷ = x·w": ("1", "[−2]"),
        "y": ("2", "[2]"),
        "S = ŷ − y": ("−1", "[−2]"),
        "L = S²": ("1", "[1]"),
    }
    (label,) = next(arrow.labels for arrow in view.arrows if arrow.tail == "v1")
    assert (label.local, label.flow) == (("∂ŷ/∂w = x = 1",), "(−2) · 1 = −2")


def test_the_same_graph_gives_the_same_picture() -> None:
    assert picture_of(regression()) == picture_of(regression())
    assert picture_of(many_samples()) == picture_of(many_samples())
    derivation = many_samples()
    assert picture_of(Derivation.from_json(derivation.to_json())) == picture_of(derivation)


@pytest.mark.parametrize("name", sorted(GRAPHS))
def test_every_computed_variable_and_every_product_has_its_step(name: str) -> None:
    derivation = explain(GRAPHS[name](), torch=False)
    steps = picture_of(derivation).steps
    computed = [v.id for v in derivation.variables if v.operation]
    assert [s.variable for s in steps if s.phase in ("forward", "loss") and s.place >= 0] == computed
    assert sorted(s.place for s in steps if s.phase == "locals") == list(range(len(derivation.locals)))
    backward = [s.place for s in steps if s.phase == "backward"]
    assert backward == [-1, *range(len(derivation.contributions))]
    order = [PHASES.index(step.phase) for step in steps]
    assert order == sorted(order)


@pytest.mark.parametrize("make", [regression, many_samples])
def test_every_variable_stands_in_some_view_and_every_arrow_between_its_boxes(make: object) -> None:
    assert callable(make)
    derivation = make()
    picture = picture_of(derivation)
    seen = {v for view in picture.views for box in view.boxes for v in box.variables}
    assert seen == set(range(len(derivation.variables)))
    for view in picture.views:
        boxes = {box.id: box for box in view.boxes}
        assert len(boxes) == len(view.boxes)
        for arrow in view.arrows:
            tail, head = boxes[arrow.tail], boxes[arrow.head]
            assert tail.y + tail.height <= arrow.points[0][1] + 0.01
            assert arrow.points[-1][1] <= head.y + 0.01
            assert tail.x <= arrow.points[0][0] <= tail.x + tail.width
            assert head.x <= arrow.points[-1][0] <= head.x + head.width


def test_every_local_derivative_is_carried_by_an_arrow_of_some_view() -> None:
    derivation = many_samples()
    carried = {
        link for view in picture_of(derivation).views for arrow in view.arrows for link in arrow.links
    }
    assert carried == {(one.of, one.to, one.place) for one in derivation.locals}


def test_texts_fit_into_their_boxes() -> None:
    for make in (regression, many_samples):
        for view in picture_of(make()).views:
            for box in view.boxes:
                assert text_width(box.title) <= box.width
                assert text_width(box.value) + text_width(box.gradient) <= box.width
            for arrow in view.arrows:
                for label in arrow.labels:
                    assert max(text_width(t, 12.0) for t in (*label.local, label.flow)) <= label.width


def test_samples_are_closed_and_shared_parameters_stay_outside() -> None:
    picture = picture_of(many_samples())
    top = picture.views[0]
    assert {box.title for box in top.boxes} == {"w", "b", "30 × mul, add, sub, pow", "L = v145 + v149"}
    samples = picture.views[1]
    groups = [box for box in samples.boxes if box.kind == "group"]
    assert len(groups) == 30
    inside = picture.views[groups[0].opens or 0]
    assert inside.parent == 1
    for view in (samples, inside):
        assert {"w", "b"} <= {box.title for box in view.boxes}


def test_very_long_arrows_are_broken_and_named_again() -> None:
    x = chainrule.tensor(0.5, requires_grad=True, dtype=chainrule.float64)
    y = x
    for _ in range(38):
        y = (y * x).sin()
    picture = picture_of(explain(y, torch=False))
    views = [view for view in picture.views if any(box.kind == "elsewhere" for box in view.boxes)]
    assert views
    for view in views:
        again = [box for box in view.boxes if box.kind == "elsewhere"]
        assert all(box.title.endswith(" …") for box in again)


def test_a_variable_used_twice_has_one_arrow_with_both_derivatives() -> None:
    a = Value(3.0)
    (view,) = picture_of(explain(a * a, torch=False)).views
    (arrow,) = view.arrows
    assert [label.flow for label in arrow.labels] == ["1 · 3 = 3", "1 · 3 = 3"]


# --- formats ---------------------------------------------------------------------------------------------


def texts_of(picture: Picture) -> list[str]:
    view = picture.views[0]
    boxes = [text for box in view.boxes for text in (box.title, box.value, box.gradient) if text]
    labels = [
        text for arrow in view.arrows for label in arrow.labels for text in (*label.local, label.flow)
    ]
    return boxes + labels


@pytest.mark.parametrize("make", [regression, many_samples])
def test_every_picture_shows_the_same(make: object, tmp_path: Path) -> None:
    assert callable(make)
    derivation = make()
    expected = texts_of(picture_of(derivation))
    written = {}
    for ending in (".svg", ".dot", ".mmd", ".html", ".json"):
        derivation.save(tmp_path / f"x{ending}")
        text = (tmp_path / f"x{ending}").read_text(encoding="utf-8")
        if ending == ".mmd":
            text = re.sub(r"#(\d+);", lambda code: chr(int(code[1])), text)
        if ending in (".dot", ".json"):
            text = text.replace('\\"', '"')
        written[ending] = unescape(text)
    for ending, text in written.items():
        assert [one for one in expected if one not in text] == [], ending


def test_svg_is_well_formed_whatever_a_name_holds(tmp_path: Path) -> None:
    a, b = chainrule.tensor(2.0, requires_grad=True), chainrule.tensor(3.0)
    derivation = explain(a * b, torch=False, names={STRANGE: a, "</svg><script>": b})
    derivation.save(tmp_path / "x.svg")
    root = ElementTree.parse(tmp_path / "x.svg").getroot()
    titles = [
        text.text for text in root.iter("{http://www.w3.org/2000/svg}text") if text.get("class") == "title"
    ]
    assert cut(STRANGE, 34) in titles
    assert not list(root.iter("{http://www.w3.org/2000/svg}script"))


def test_dot_and_mermaid_quote_what_they_would_read(tmp_path: Path) -> None:
    a, b = chainrule.tensor(2.0, requires_grad=True), chainrule.tensor(3.0)
    derivation = explain(a * b, torch=False, names={STRANGE: a, "b": b})
    derivation.save(tmp_path / "x.dot")
    derivation.save(tmp_path / "x.mmd")
    assert r"<b>&\"\\$%{}|#</b>" in (tmp_path / "x.dot").read_text()
    mermaid = (tmp_path / "x.mmd").read_text()
    for line in mermaid.splitlines()[1:]:
        inside = re.search(r'"(.*)"', line)
        assert inside is None or not set('"<>{}[]()|') & set(inside[1].replace("<br>", ""))


def test_json_can_be_read_back_and_holds_the_picture(tmp_path: Path) -> None:
    derivation = regression()
    derivation.save(tmp_path / "x.json")
    text = (tmp_path / "x.json").read_text(encoding="utf-8")
    assert Derivation.from_json(text) == derivation
    assert len(json.loads(text)["picture"]["steps"]) == len(picture_of(derivation).steps)


@pytest.mark.parametrize("ending", sorted(WRITERS))
@pytest.mark.parametrize("lang", ["en", "fr"])
def test_every_ending_is_written_in_both_languages(ending: str, lang: str, tmp_path: Path) -> None:
    x = chainrule.randn(20, 8)
    w = chainrule.randn(8, 3, requires_grad=True)
    L = (chainrule.tanh(x @ w) ** 2).mean()
    explain(L, torch=False).save(str(tmp_path / f"x{ending.upper()}"), lang=lang)
    assert (tmp_path / f"x{ending.upper()}").stat().st_size > 200


@pytest.mark.parametrize("name", ["x", "x.png", "x.pdf"])
def test_another_ending_is_refused_and_nothing_is_written(name: str, tmp_path: Path) -> None:
    with pytest.raises(errors.DomainError, match=r"\.html \.svg \.tex"):
        regression().save(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_language_is_refused_before_the_file_is_touched(tmp_path: Path) -> None:
    (tmp_path / "x.svg").write_text("kept")
    with pytest.raises(errors.DomainError):
        regression().save(tmp_path / "x.svg", lang="de")
    assert (tmp_path / "x.svg").read_text() == "kept"
