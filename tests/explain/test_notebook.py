"""What a notebook is given to show: a page in a frame and a text; and displaying changes nothing."""

from __future__ import annotations

import base64
import gc
import re
import sys
import weakref
from html.parser import HTMLParser
from pathlib import Path
from types import ModuleType
from typing import Any

import graphs
import pytest

import chainrule
from chainrule import Value, explain
from chainrule.errors import DomainError
from chainrule.explain.notebook import frame, mimebundle
from chainrule.explain.page import document
from chainrule.explain.picture.making import picture_of
from chainrule.explain.picture.svg import svg


class Frames(HTMLParser):
    """The attributes of the frames in a text, and the tags that stand outside of them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[dict[str, str | None]] = []
        self.others: list[str] = []
        self.inside = False
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "iframe":
            self.found.append(dict(attrs))
            self.inside = True
        elif not self.inside:
            self.others.append(tag)

    def handle_endtag(self, tag: str) -> None:
        self.inside = self.inside and tag != "iframe"


def only_frame(html: str) -> dict[str, Any]:
    frames = Frames(html)
    assert frames.others == ["script"]
    assert len(frames.found) == 1
    return frames.found[0]


@pytest.fixture
def cells(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The variables of a notebook's cells."""
    module = ModuleType("__main__")
    monkeypatch.setitem(sys.modules, "__main__", module)
    return vars(module)


def run(cells: dict[str, Any], text: str) -> None:
    exec(compile(text, "<cell>", "exec"), cells)


REGRESSION = """
import chainrule
x, y = chainrule.tensor(1.0), chainrule.tensor(2.0)
w = chainrule.tensor(1.0, requires_grad=True)
L = (x * w - y) ** 2
"""


def test_a_derivation_shows_its_page_and_its_text() -> None:
    derivation = graphs.regression(torch=False)
    bundle = derivation._repr_mimebundle_()
    assert sorted(bundle) == ["text/html", "text/plain"]
    assert bundle["text/plain"] == str(derivation)
    found = only_frame(bundle["text/html"])
    assert found["srcdoc"] == document(derivation)
    assert found["sandbox"] == "allow-scripts"
    assert found["title"] == "the derivation of L"
    assert 400 <= int(found["height"]) <= 900


def test_a_frame_speaks_french() -> None:
    derivation = graphs.regression(torch=False, lang="fr")
    found = only_frame(frame(derivation))
    assert found["title"] == "la dérivation de L"
    assert '<html lang="fr">' in found["srcdoc"]
    assert '<html lang="en">' in only_frame(frame(derivation, "en"))["srcdoc"]
    with pytest.raises(DomainError, match="'de'"):
        frame(derivation, "de")


def test_a_result_shows_its_graph_with_the_names_of_the_cells(cells: dict[str, Any]) -> None:
    run(cells, REGRESSION)
    bundle = cells["L"]._repr_mimebundle_()
    first, *drawing = bundle["text/plain"].split("\n\n")
    assert first == repr(cells["L"])
    assert "w --|" in drawing[0]
    assert "in brackets: ∂L/∂" in drawing[-1]
    assert "<b>w</b>" in only_frame(bundle["text/html"])["srcdoc"]


def test_a_value_shows_its_graph(cells: dict[str, Any]) -> None:
    run(cells, "from chainrule import Value\na, b = Value(2.0), Value(-3.0)\nL = a * b")
    bundle = cells["L"]._repr_mimebundle_()
    assert bundle["text/plain"].startswith("Value(data=-6.0, grad=0)\n\n")
    assert "a --|" in bundle["text/plain"]
    assert "<b>b</b>" in only_frame(bundle["text/html"])["srcdoc"]


def test_in_a_function_of_the_notebook_its_own_names_come_first(cells: dict[str, Any]) -> None:
    run(cells, "from chainrule import Value\nw = Value(5.0)")
    run(cells, "def shown(u):\n    v = u * u\n    return v._repr_mimebundle_()\nbundle = shown(w)")
    assert "u --|" in cells["bundle"]["text/plain"]
    assert "v" in cells["bundle"]["text/plain"].split()


def test_what_a_notebook_remembers_gives_no_names(cells: dict[str, Any]) -> None:
    run(cells, "from chainrule import Value\na = Value(5.0)\n_ih = ['']\nOut = {1: a * a}\nL = Out[1] * 2")
    assert "Out" not in cells["L"]._repr_mimebundle_()["text/plain"]


def overwritten() -> Any:
    w = chainrule.tensor([1.0, 2.0], requires_grad=True)
    squares = w * w
    L = squares.exp().sum()
    w.data[0] = 5.0
    w.detach().mul_(3.0)
    return L


def freed() -> Any:
    w = chainrule.ones(100, requires_grad=True)
    L = (w * w).exp().sum()
    L.backward()
    return L


def moved() -> Any:
    a = Value(2.0)
    b = a * a
    a.data = 7.0
    return b


def long_chain() -> Any:
    value = Value(1.0)
    for _ in range(201):
        value = value * 1.0
    return value


def wide() -> Any:
    w = chainrule.tensor(1.0, requires_grad=True)
    total = w * 1.0
    for _ in range(201):
        total = total + w
    return total


@pytest.mark.parametrize(
    "thing",
    [
        lambda: Value(1.0),
        lambda: chainrule.tensor(1.0),
        lambda: chainrule.tensor(1.0, requires_grad=True),
        lambda: chainrule.tensor([1.0, 2.0], requires_grad=True) * 2,
        lambda: chainrule.nn.Parameter(chainrule.ones(1)),
        freed,
        overwritten,
        moved,
        long_chain,
        wide,
    ],
    ids=["Value", "number", "leaf", "vector", "parameter", "freed", "overwritten", "moved", "long", "wide"],
)
def test_everything_else_shows_its_ordinary_text(thing: Any) -> None:
    shown = thing()
    assert shown._repr_mimebundle_() == {"text/plain": repr(shown)}


def test_200_operations_are_still_shown() -> None:
    value = Value(1.0)
    for _ in range(200):
        value = value * 1.0
    assert "text/html" in mimebundle(value)


def test_a_page_that_jupyter_would_drop_is_left_out() -> None:
    value = Value(1.0)
    for _ in range(1500):
        value = value * 1.0
    for lang, said in (("en", "too large for a notebook"), ("fr", "trop grande pour un carnet")):
        derivation = explain(value, torch=False, lang=lang)
        bundle = mimebundle(derivation)
        assert sorted(bundle) == ["text/plain"]
        text, _, hint = bundle["text/plain"].rpartition("\n\n")
        assert text == str(derivation)
        assert said in hint
        assert 'save("page.html")' in hint


def test_the_kinds_may_be_chosen() -> None:
    L = Value(2.0) * 3
    assert sorted(mimebundle(L, include={"text/html"})) == ["text/html"]
    assert sorted(mimebundle(L, exclude={"text/html"})) == ["text/plain"]
    assert mimebundle(L, include={"text/latex"}) == {}


def test_displaying_changes_no_gradient_and_frees_no_graph() -> None:
    w = chainrule.tensor([1.0, -2.0], requires_grad=True)
    squares = w * w
    squares.retain_grad()
    L = squares.sum()
    (w * 3).sum().backward()
    L._repr_mimebundle_()
    assert w.grad is not None
    assert w.grad.tolist() == [3.0, 3.0]
    assert squares.grad is None
    L.backward()
    assert w.grad.tolist() == [5.0, -1.0]
    L._repr_mimebundle_()
    assert w.grad.tolist() == [5.0, -1.0]

    a = Value(3.0)
    b = a * a
    b.backward()
    b._repr_mimebundle_()
    assert (a.grad, b.grad) == (6.0, 1)
    b.backward()
    assert a.grad == 12.0


def test_displaying_keeps_nothing_alive_and_leaves_the_collector_alone() -> None:
    def shown() -> weakref.ref[Any]:
        w = chainrule.tensor([1.0, -2.0], requires_grad=True)
        L = (w * w).sum()
        L._repr_mimebundle_()
        return weakref.ref(w)

    before = (gc.isenabled(), gc.get_threshold(), gc.get_freeze_count())
    was_enabled = gc.isenabled()
    shown()  # imports what it needs
    gc.collect()
    gc.disable()
    try:
        there = shown()
        gone = there() is None
    finally:
        if was_enabled:
            gc.enable()
    assert (gc.isenabled(), gc.get_threshold(), gc.get_freeze_count()) == before
    assert gone


def test_names_are_only_text(cells: dict[str, Any]) -> None:
    evil = '"><script>alert(1)</script><b x="'
    values = {evil: Value(2.0)}
    cells["values"] = values
    page = only_frame(mimebundle(values[evil] * 3)["text/html"])["srcdoc"]
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


def test_where_frames_are_taken_out_the_picture_remains() -> None:
    derivation = graphs.regression(torch=False, lang="fr")
    held = frame(derivation).partition("srcdoc='")[2].partition("'>")[2].partition("</iframe>")[0]
    found = re.fullmatch(r'<img alt="la dérivation de L" src="data:image/svg\+xml;base64,(.*)">', held)
    assert found is not None
    assert base64.b64decode(found[1]).decode() == svg(picture_of(derivation, "fr"))


@pytest.mark.parametrize(
    ("told", "theme"),
    [
        ('data-jp-theme-light="false"', "dark"),
        ('data-jp-theme-light="true"', "light"),
        ('data-vscode-theme-kind="vscode-dark"', "dark"),
        ('data-vscode-theme-kind="vscode-high-contrast-light"', "light"),
        ('data-theme="dark"', "dark"),
        ('data-theme="of its own"', None),
        ("", None),
    ],
)
def test_in_a_browser_the_page_is_as_dark_as_the_notebook(
    told: str, theme: str | None, tmp_path: Path, tab: Any
) -> None:
    html = mimebundle(graphs.regression(torch=False))["text/html"]
    file = tmp_path / "notebook.html"
    head = f'<!doctype html><meta charset="utf-8"><title>cell</title><body {told}>'
    file.write_text(f"{head}<p>first</p>{html}", encoding="utf-8")
    tab.page.goto(file.as_uri())
    inside = tab.page.frame_locator("iframe")
    told_page = f'[data-theme="{theme}"]' if theme else ":not([data-theme])"
    inside.locator(f"html{told_page} .alive").first.wait_for()
    tab.check()


def test_in_a_browser_the_frame_steps_to_minus_two(tmp_path: Path, tab: Any) -> None:
    html = mimebundle(graphs.regression(torch=False))["text/html"]
    file = tmp_path / "notebook.html"
    file.write_text(f'<!doctype html><meta charset="utf-8"><title>cell</title>{html}', encoding="utf-8")
    tab.page.goto(file.as_uri())
    inside = tab.page.frame_locator("iframe")
    inside.locator("main:not([hidden]) [data-phase=backward]").click()
    said = inside.locator("main:not([hidden]) .written").text_content()
    assert "−2" in said
    tab.check()


def test_explaining_in_a_frame_names_the_same_lines_outside_of_ipython() -> None:
    derivation = explain(Value(2.0) * 3, torch=False)
    assert only_frame(frame(derivation))["srcdoc"] == document(derivation)
