"""The live picture: Python recomputes when an input moves, and the picture follows."""

from __future__ import annotations

import builtins
import json
import math
import sys
from pathlib import Path
from typing import Any

import pytest

from chainrule.errors import ChainruleError, DomainError, DTypeError, NameUnknownError
from chainrule.errors.notebooks import WidgetMissingError
from chainrule.explain.page import fragment
from chainrule.explain.widget import _widget_class, live

LOSS = "S = x*w - y; L = S**2"


def regression(**options: Any) -> Any:
    return live(LOSS, x=(-3, 3, 1), y=(-3, 3, 2), w=(-3, 3, 1), **options)


def test_a_widget_begins_with_the_picture_at_its_first_values() -> None:
    widget = regression()
    assert widget.values == {"x": 1.0, "y": 2.0, "w": 1.0}
    assert widget.ranges == {"x": [-3.0, 3.0], "y": [-3.0, 3.0], "w": [-3.0, 3.0]}
    assert widget.derivation.gradient("w") == -2.0
    part = fragment(widget.derivation)
    assert (widget.html, widget.data, widget.error) == (part.html, part.data, "")
    assert repr(widget) == "live(x=1, y=2, w=1)"


def test_when_an_input_moves_the_picture_follows() -> None:
    widget = regression()
    before = widget.html
    widget.values = {**widget.values, "w": 3.0}
    assert widget.derivation.gradient("w") == 2.0
    assert widget.html != before
    assert widget.html == fragment(widget.derivation).html
    assert widget.data == fragment(widget.derivation).data


def test_what_goes_to_the_browser_is_json() -> None:
    state = regression().get_state(["values", "ranges", "html", "data", "error", "lang"])
    there = json.loads(json.dumps(state, allow_nan=False))
    assert there["html"] == regression().html
    assert there["values"] == {"x": 1.0, "y": 2.0, "w": 1.0}


def test_both_parts_of_a_picture_go_in_one_message() -> None:
    widget = regression()
    sent: list[set[str]] = []
    widget.send_state = lambda key=None: sent.append({key} if isinstance(key, str) else set(key))
    widget.values = {**widget.values, "w": 3.0}
    assert [keys for keys in sent if keys & {"html", "data"}] == [{"html", "data"}]


def test_the_language_may_be_changed() -> None:
    widget = regression(lang="fr")
    assert widget.html == fragment(widget.derivation, lang="fr").html
    widget.lang = "en"
    assert widget.derivation.lang == "en"
    assert widget.html == fragment(widget.derivation, lang="en").html
    widget.lang = "de"
    assert "'de'" in widget.error
    assert widget.derivation.lang == "en"


def test_an_error_is_told_and_the_last_good_picture_stays() -> None:
    widget = live("L = log(x)", x=(-1, 3, 1))
    good = widget.html
    widget.values = {"x": -0.5}
    assert "log" in widget.error
    assert widget.html == good
    widget.values = {"x": 2.0}
    assert widget.error == ""
    assert widget.html != good


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"nobody": 1.0}, "no input nobody"),
        ({"w": math.nan}, "w is nan"),
        ({"w": math.inf}, "w is inf"),
        ({"w": "1"}, "w is '1'"),
        ({"w": False}, "w is False"),
        ({"w": None}, "w is None"),
        ({"w": 10**400}, "w is 1000"),
    ],
)
def test_values_that_are_none_are_refused(values: dict[str, Any], said: str) -> None:
    widget = regression()
    good = widget.html
    widget.values = {**widget.values, **values}
    assert said in widget.error
    assert widget.html == good


def test_an_input_that_is_left_out_stands_at_its_start() -> None:
    widget = regression()
    widget.values = {"w": 3.0}
    assert widget.derivation["x"].value == 1.0
    assert widget.derivation.gradient("w") == 2.0


def test_a_function_is_explained_with_the_names_inside_of_it() -> None:
    def loss(x: Any, w: Any, y: Any) -> Any:
        guess = x * w
        error = guess - y
        return error**2

    profile = sys.getprofile()
    widget = live(loss, x=1, w=1, y=2)
    assert sys.getprofile() is profile
    names = [variable.name for variable in widget.derivation.variables]
    assert {"x", "w", "y", "guess", "error"} <= set(names)
    assert widget.derivation.gradient("w") == -2.0


def test_whatever_a_function_raises_is_told() -> None:
    def loss(w: Any) -> Any:
        if w.data > 1:
            raise ValueError("too <b>large</b>")
        return w * 2

    widget = live(loss, w=(0, 2, 1))
    widget.values = {"w": 1.5}
    assert widget.error == "ValueError: too <b>large</b>"
    widget.values = {"w": 0.5}
    assert widget.error == ""


@pytest.mark.parametrize("program", [LOSS, lambda x, y, w: (x * w - y) ** 2], ids=["text", "function"])
def test_only_what_learns_has_a_gradient_and_an_update(program: Any) -> None:
    for learn in ("w", ["w"]):
        widget = live(program, x=(-3, 3, 1), y=2, w=1, learn=learn)
        for start, gradient in ((1.0, -2.0), (3.0, 2.0)):
            widget.values = {**widget.values, "w": start}
            found = widget.derivation
            assert [found.gradient(name) for name in "wxy"] == [gradient, None, None]
            assert [found[name].kind for name in "wxy"] == ["parameter", "input", "input"]
            updates = [step for step in widget.data["steps"] if step["phase"] == "update"]
            assert [step["variable"] for step in updates] == [found["w"].id]


@pytest.mark.parametrize(
    ("given", "ends"),
    [
        (1, [-2.0, 2.0, 1.0]),
        (-10.0, [-20.0, 20.0, -10.0]),
        (0, [-2.0, 2.0, 0.0]),
        ((0, 4), [0.0, 4.0, 2.0]),
        ([0, 4, 3], [0.0, 4.0, 3.0]),
    ],
)
def test_ranges(given: Any, ends: list[float]) -> None:
    widget = live("L = w*2", w=given)
    assert [*widget.ranges["w"], widget.values["w"]] == ends


@pytest.mark.parametrize(
    ("program", "inputs", "kind", "said"),
    [
        (LOSS, {}, DomainError, "no input to move"),
        (3, {"w": 1}, DTypeError, "was given 3"),
        (LOSS, {"w": "1"}, DTypeError, "the input w is '1'"),
        (LOSS, {"w": (1, 2, 3, 4)}, DTypeError, "the input w"),
        (LOSS, {"w": ()}, DTypeError, "the input w"),
        (LOSS, {"w": math.nan}, DTypeError, "the input w is nan"),
        (LOSS, {"w": (0, math.inf)}, DTypeError, "the input w"),
        (LOSS, {"w": (2, 1)}, DomainError, "from 2.0 to 1.0"),
        (LOSS, {"w": (0, 1, 2)}, DomainError, "starts at 2.0"),
        (LOSS, {"w": 1, "x": 1}, NameUnknownError, "y has no value"),
        (
            LOSS,
            {"w": 1, "x": 1, "y": 2, "learn": "v"},
            NameUnknownError,
            "no input v: the inputs are w, x, y",
        ),
        (LOSS, {"w": 1, "x": 1, "y": 2, "learn": []}, DomainError, "learn names no input"),
        ("L = w +", {"w": 1}, SyntaxError, "w"),
        ("L = w", {"w": 1}, ChainruleError, "w"),
        (lambda w: 3.0, {"w": 1}, DTypeError, "3.0"),
    ],
)
def test_what_cannot_live_is_refused(program: Any, inputs: Any, kind: type[Exception], said: str) -> None:
    with pytest.raises(kind, match=said):
        live(program, **inputs)


def test_an_unknown_language_is_refused() -> None:
    with pytest.raises(DomainError, match="'de'"):
        live("L = w*2", w=1, lang="de")


def test_without_anywidget_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "anywidget", None)
    _widget_class.cache_clear()
    with pytest.raises(WidgetMissingError, match=r'pip install "chainrule\[notebook\]"'):
        live("L = w*2", w=1)
    monkeypatch.undo()
    assert builtins.repr(live("L = w*2", w=1)) == "live(w=1)"


def test_where_no_widget_can_live_its_page_stands_in() -> None:
    bundle, _ = regression()._repr_mimebundle_()
    assert bundle["text/plain"] == "live(x=1, y=2, w=1)"
    assert bundle["text/html"].startswith("<iframe")
    assert "application/vnd.jupyter.widget-view+json" in bundle


# --- in a browser ------------------------------------------------------------------------------------

#: A notebook's model, as far as a widget asks for one; what is saved is kept for Python to answer.
STAND_IN = """
import widget from "./widget.mjs";
const state = JSON.parse(document.getElementById("state").textContent), listeners = {};
window.saved = [];
window.model = {
  get: (name) => state[name],
  set: (name, value) => { state[name] = value; },
  save_changes: () => { window.saved.push(state.values); },
  on: (event, act) => { (listeners[event] ||= []).push(act); },
  off: (event, act) => { listeners[event] = listeners[event].filter((each) => each !== act); },
};
window.receive = (changes) => {
  Object.assign(state, changes);
  for (const name of Object.keys(changes)) for (const act of listeners["change:" + name] || []) act();
};
window.listening = () => Object.values(listeners).flat().length;
window.unmount = widget.render({ model: window.model, el: document.getElementById("cell") });
"""


@pytest.fixture
def shown(tab: Any, tmp_path: Path) -> tuple[Any, Any]:
    """A widget, and a tab that shows it."""
    widget = regression()
    names = ["values", "ranges", "html", "data", "error", "lang"]
    state = json.dumps({name: getattr(widget, name) for name in names}).replace("<", "\\u003c")
    files = {
        "widget.mjs": widget._esm,
        "stand_in.mjs": STAND_IN,
        "index.html": '<!doctype html><meta charset="utf-8"><title>cell</title>'
        '<link rel="icon" href="data:,">'
        "<style>button { background: red !important; }</style>"
        f'<div id="cell"></div><script type="application/json" id="state">{state}</script>'
        '<script type="module" src="stand_in.mjs"></script>',
    }

    def serve(route: Any) -> None:
        name = route.request.url.rsplit("/", 1)[1]
        kind = "text/html" if name.endswith("html") else "text/javascript"
        route.fulfill(body=files[name], content_type=f"{kind}; charset=utf-8")

    tab.page.route("http://notebook.test/*", serve)
    tab.page.goto("http://notebook.test/index.html")
    tab.page.locator(".player .stage svg").wait_for()
    return widget, tab


def answer(widget: Any, page: Any) -> None:
    """What Python does with the values that the browser saved last, and sends back."""
    widget.values = page.evaluate("window.saved.at(-1)")
    changes = {name: getattr(widget, name) for name in ("values", "html", "data", "error")}
    page.evaluate(f"window.receive({json.dumps(changes)})")


def test_in_a_browser_moving_a_slider_moves_the_picture(shown: tuple[Any, Any]) -> None:
    widget, tab = shown
    page = tab.page
    page.locator("[data-phase=backward]").click()
    assert "−2" in page.locator(".written").text_content()
    count = page.locator(".count").text_content()
    slider = page.get_by_role("slider", name="w")
    slider.fill("3")
    assert page.evaluate("window.saved.at(-1)") == {"x": 1, "y": 2, "w": 3}
    answer(widget, page)
    page.wait_for_function(
        "() => document.querySelector('#cell > div').shadowRoot.querySelector('.written')"
        ".textContent.includes('2·1=2')"
    )
    assert page.locator(".count").text_content() == count  # the reader is still at the same step
    assert page.get_by_role("spinbutton", name="w").input_value() == "3"
    tab.check("http://notebook.test/")


def test_in_a_browser_an_error_is_text_and_goes_away(shown: tuple[Any, Any]) -> None:
    _, tab = shown
    alert = tab.page.locator(".error")
    assert alert.is_hidden()
    tab.page.evaluate("window.receive({ error: '<img src=x onerror=boom()>' })")
    assert alert.text_content() == "<img src=x onerror=boom()>"
    tab.page.evaluate("window.receive({ error: '' })")
    assert alert.is_hidden()
    tab.check("http://notebook.test/")


def test_in_a_browser_a_number_may_be_typed_and_half_of_one_is_not_sent(shown: tuple[Any, Any]) -> None:
    _, tab = shown
    field = tab.page.get_by_role("spinbutton", name="w")
    field.fill("")
    assert tab.page.evaluate("window.saved.length") == 0
    field.fill("2.5")
    assert tab.page.evaluate("window.saved.at(-1).w") == 2.5
    assert tab.page.get_by_role("slider", name="w").input_value() == "2.5"


def test_in_a_browser_styles_and_keys_stay_inside(shown: tuple[Any, Any]) -> None:
    _, tab = shown
    button = tab.page.locator("[data-phase=backward]")
    assert button.evaluate("(each) => getComputedStyle(each).backgroundColor") != "rgb(255, 0, 0)"
    tab.page.evaluate("document.addEventListener('keydown', () => { window.leaked = true; })")
    before = tab.page.locator(".count").text_content()
    button.press("ArrowRight")
    assert tab.page.locator(".count").text_content() != before
    assert tab.page.evaluate("window.leaked") is None


def test_in_a_browser_it_follows_the_theme_of_the_notebook(shown: tuple[Any, Any]) -> None:
    _, tab = shown
    host = tab.page.locator("#cell > div")
    before = host.evaluate("(each) => getComputedStyle(each).backgroundColor")
    tab.page.evaluate("document.body.dataset.jpThemeLight = 'false'")
    tab.page.wait_for_function("() => document.querySelector('#cell > div').dataset.theme === 'dark'")
    assert host.evaluate("(each) => getComputedStyle(each).backgroundColor") != before


def test_in_a_browser_a_closed_widget_listens_no_more(shown: tuple[Any, Any]) -> None:
    _, tab = shown
    assert tab.page.evaluate("window.listening()") > 0
    tab.page.evaluate("window.unmount()")
    assert tab.page.evaluate("window.listening()") == 0
    tab.check("http://notebook.test/")
