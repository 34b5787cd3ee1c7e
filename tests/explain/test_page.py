"""The page as a file: what it weighs, what it may do, what it holds for every reader."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest
from graphs import GRAPHS, a_b_c_f, regression

import chainrule
from chainrule import Derivation, errors, explain
from chainrule.explain.page import document, fragment
from chainrule.explain.saving import WRITERS

VOID = {"meta", "link", "input", "br", "img", "hr"}


class Outline(HTMLParser):
    """The elements of a page, every one closed where it was opened."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, (tag, self.getpos())


def outline(page: str) -> list[tuple[str, dict[str, str | None]]]:
    parser = Outline()
    parser.feed(page)
    parser.close()
    assert parser.open == []
    return parser.tags


def data_of(page: str) -> dict[str, object]:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.S)
    assert found is not None
    return json.loads(found[1])


def test_the_page_weighs_less_than_60_kb_beside_its_data() -> None:
    page = document(regression(torch=False))
    own = len(page.encode()) - sum(
        len(part.encode()) for part in re.findall(r"<main.*?</main>", page, re.S)
    )
    own -= len(json.dumps(data_of(page), ensure_ascii=False, separators=(",", ":")).encode())
    assert own < 60_000


def test_the_page_names_no_address_and_may_fetch_nothing() -> None:
    page = document(a_b_c_f(torch=False))
    assert not re.search(r"https?://(?!www\.w3\.org/)", page)
    assert not re.search(r"url\((?!data:)|@import|\bsrc=|fetch\(|XMLHttp|WebSocket", page)
    policy = next(a for tag, a in outline(page) if tag == "meta" and "http-equiv" in a)
    content = policy["content"] or ""
    assert content.startswith("default-src 'none'")
    assert "unsafe-eval" not in content
    assert not re.search(r"script-src[^;]*unsafe-inline", content)


@pytest.mark.parametrize("name", sorted(GRAPHS))
def test_the_page_is_well_formed_and_its_formulas_are(name: str) -> None:
    page = document(explain(GRAPHS[name](), torch=False))
    outline(page)
    formulas = re.findall(r"<math.*?</math>", page, re.S)
    assert formulas
    for formula in formulas:
        ElementTree.fromstring(formula)


def test_data_cannot_close_its_element() -> None:
    a = chainrule.tensor(2.0, requires_grad=True)
    derivation = explain(a * a, torch=False, names={"</script><script>alert(1)</script>": a})
    page = document(derivation)
    assert page.count("<script") == 2
    assert "alert(1)" in json.dumps(data_of(page))


def test_both_languages_of_a_small_graph_are_in_the_page_and_one_of_a_large() -> None:
    small = document(regression(torch=False), lang="fr")
    assert re.findall(r'<main data-lang="(..)"', small) == ["fr", "en"]
    assert '<html lang="fr">' in small
    x = chainrule.tensor(0.5, requires_grad=True)
    y = x
    for _ in range(200):
        y = y.sin()
    large = document(explain(y, torch=False))
    assert re.findall(r'<main data-lang="(..)"', large) == ["en"]
    assert '<button type="button" data-do="language"' not in large


def test_a_fragment_says_from_which_step_on_each_thing_is_known() -> None:
    derivation = regression(torch=False)
    data = fragment(derivation).data
    steps = data["steps"]
    w, L = derivation["w"].id, derivation["L"].id
    assert data["values"][w] == 0
    assert steps[data["values"][L]]["phase"] == "loss"
    ((when, text),) = data["gradients"][w]
    assert (steps[when]["phase"], text) == ("backward", "[−2]")
    assert data["updates"][w][0][1] == "1.2"
    assert set(data["locals"]) == set(data["flows"])


def test_update_moves_those_that_are_named_alone() -> None:
    derivation = a_b_c_f(torch=False)
    moved = [
        s["variable"] for s in fragment(derivation, update=["b"]).data["steps"] if s["phase"] == "update"
    ]
    assert moved == [derivation["b"].id]


def test_the_learning_rate_of_the_update_can_be_chosen() -> None:
    w = chainrule.tensor(1.0, requires_grad=True)
    data = fragment(explain(w * w, torch=False, lr=0.25)).data
    assert data["updates"][0][0][1] == "0.5"


def test_an_unknown_language_is_refused() -> None:
    with pytest.raises(errors.DomainError):
        document(regression(torch=False), lang="de")


def test_a_tensor_shows_its_numbers_in_colours() -> None:
    x = chainrule.arange(12.0).reshape(3, 4)
    w = chainrule.ones(4, 2, requires_grad=True)
    L = (x @ w).sum()
    html = fragment(explain(L, torch=False)).html
    about = html[html.index('<details class="variable"') :]
    assert about.count("<svg") >= 4
    assert Derivation.from_json(explain(L, torch=False).to_json()).gradient("w") is not None


def test_a_deep_network_of_tensors_is_set_as_plain_text() -> None:
    from chainrule import nn

    layers = [module for _ in range(60) for module in (nn.Linear(8, 8), nn.Tanh())]
    L = (nn.Sequential(*layers)(chainrule.ones(4, 8)) ** 2).mean()
    page = document(explain(L, torch=False))
    outline(page)
    assert len(page.encode()) < 4_000_000
    assert "<mtable>" not in page


def test_what_a_page_or_a_picture_cannot_hold_is_replaced_in_names(tmp_path: Path) -> None:
    a = chainrule.tensor(2.0, requires_grad=True)
    derivation = explain(a * a, torch=False, names={"a\x00\x1b": a})
    derivation.save(tmp_path / "picture.svg")
    ElementTree.parse(tmp_path / "picture.svg")
    half = explain(a * a, torch=False, names={"a\ud800": a})
    for ending in WRITERS:
        half.save(tmp_path / f"half{ending}")
    assert Derivation.from_json((tmp_path / "half.json").read_text("utf-8")) == half


def test_brackets_that_end_nothing_stay_as_they_are() -> None:
    from chainrule.explain.page.document import _embedded

    data = {"<script>": "</script><!-- <SCRIPT> <b>a</b> \\ \u2028"}
    text = _embedded(data)
    assert not re.search("</|<!|<s", text, re.IGNORECASE)
    assert "<b>" in text
    assert json.loads(text) == data
