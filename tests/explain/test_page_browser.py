"""The page in a real browser: walked through by bar, keys, clicks and touch, as a reader would."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import chainrule
from chainrule import Value, explain
from chainrule.explain.derivation import Derivation
from chainrule.explain.expression import explain_expression

SCRIPT = "<script>window.ran=1</script><img src=x onerror='window.ran=1'>"


def regression() -> Derivation:
    """The course's: ŷ = x·w, S = ŷ − y, L = S² at x = 1, y = 2, w = 1."""
    x, y = chainrule.tensor(1.0), chainrule.tensor(2.0)
    w = chainrule.tensor(1.0, requires_grad=True)
    ŷ = x * w
    S = ŷ - y
    L = S**2
    return explain(L, torch=False)


def opened(watched: Any, derivation: Derivation, folder: Path, **options: Any) -> Any:
    path = folder / "page.html"
    derivation.save(path, **options)
    watched.page.goto(path.as_uri())
    return watched.page


def phase(page: Any) -> str:
    return page.locator("[data-phase][aria-pressed=true]:visible").get_attribute("data-phase")


def step(page: Any) -> int:
    return int(page.locator("input[type=range]:visible").input_value())


def box(page: Any, title: str) -> Any:
    return page.locator("main:not([hidden]) .stage .box", has=page.get_by_text(title, exact=True))


def last(page: Any) -> int:
    return int(page.locator("input[type=range]:visible").get_attribute("max"))


def test_the_regression_of_the_course_steps_to_minus_two(tab: Any, tmp_path: Path) -> None:
    page = opened(tab, regression(), tmp_path)
    assert phase(page) == "loss"
    assert box(page, "L = S²").locator(".value").text_content() == "1"
    page.get_by_role("button", name="to the beginning").click()
    assert box(page, "S = ŷ − y").locator(".value").text_content() == ""
    forward = page.get_by_role("button", name="one step on")
    seen = []
    while step(page) < last(page):
        forward.click()
        seen.append(phase(page))
        if seen[-1] == "backward":
            gradient = box(page, "w").locator(".gradient").text_content()
    assert list(dict.fromkeys(seen)) == ["forward", "loss", "locals", "backward", "update"]
    assert gradient == "[−2]"
    assert box(page, "w").locator(".value").text_content() == "1.2"
    tab.check()


def test_each_factor_is_lit_where_it_comes_from(tab: Any, tmp_path: Path) -> None:
    page = opened(tab, regression(), tmp_path)
    page.get_by_role("button", name="Backward pass").click()
    lit = page.locator("main:not([hidden]) .stage .box.lit .title").all_text_contents()
    assert lit == ["w"]
    assert page.locator("main:not([hidden]) .stage .box.from-gradient .title").all_text_contents() == [
        "ŷ = x·w"
    ]
    assert page.locator("main:not([hidden]) .stage .box.from-value .title").all_text_contents() == ["x"]
    assert page.locator("main:not([hidden]) .stage .label.lit .local").all_text_contents() == [
        "∂ŷ/∂w = x = 1"
    ]
    line = page.locator(".written:visible")
    assert line.locator(".upstream").first.text_content() == "∂L∂ŷ"
    assert line.locator("math").last.text_content() == "=−2"
    tab.check()


def test_the_bar_can_be_scrubbed_back_and_forth(tab: Any, tmp_path: Path) -> None:
    page = opened(tab, regression(), tmp_path)
    bar = page.locator("input[type=range]:visible")
    for at in (last(page), 0, 5, 2):
        bar.fill(str(at))
        assert step(page) == at
        shown = page.locator("main:not([hidden]) .stage .gradient").all_text_contents()
        assert any(shown) == (at == last(page))
    assert page.locator(".count:visible").inner_text() == f"step 3 of {last(page) + 1}"
    tab.check()


def test_the_keyboard_alone_is_enough(tab: Any, tmp_path: Path) -> None:
    page = opened(tab, regression(), tmp_path)
    keys = page.keyboard
    keys.press("Home")
    assert step(page) == 0
    keys.press("ArrowRight")
    keys.press("ArrowRight")
    keys.press("ArrowLeft")
    assert step(page) == 1
    for expected in ("loss", "locals", "backward", "update"):
        keys.press("PageDown")
        assert phase(page) == expected
    keys.press("PageUp")
    assert phase(page) == "backward"
    keys.press("End")
    assert step(page) == last(page)
    for _ in range(40):
        keys.press("Tab")
        if page.evaluate("document.activeElement.matches('.box')"):
            break
    keys.press("Enter")
    assert page.locator(".details:visible summary").count() == 1
    keys.press("Escape")
    assert page.locator(".details:visible").count() == 0
    tab.check()


def test_playing_moves_on_by_itself_and_stops(tab: Any, tmp_path: Path) -> None:
    page = opened(tab, regression(), tmp_path)
    page.get_by_role("button", name="to the beginning").click()
    page.keyboard.press("Tab")
    page.get_by_role("button", name="play").click()
    for _ in range(50):
        page.wait_for_timeout(100)
        if step(page):
            break
    assert step(page) > 0
    page.get_by_role("button", name="pause").click()
    stopped = step(page)
    page.wait_for_timeout(1400)
    assert step(page) == stopped
    tab.check()


def test_a_click_tells_all_about_a_node(tab: Any, tmp_path: Path) -> None:
    page = opened(tab, regression(), tmp_path)
    box(page, "w").click()
    about = page.locator(".details:visible")
    text = about.inner_text()
    assert "parameter" in text
    assert "✓ numerical −2" in text
    box(page, "ŷ = x·w").click()
    text = about.inner_text()
    assert Path(__file__).name in text
    assert "✓ numerical −2" in text
    about.get_by_role("button", name="close").click()
    assert not about.is_visible()
    tab.check()


def test_french_keeps_the_words_of_the_course_and_the_step(tab: Any, tmp_path: Path) -> None:
    page = opened(tab, regression(), tmp_path)
    page.get_by_role("button", name="Backward pass").click()
    before = step(page)
    page.get_by_role("button", name="Français").click()
    assert step(page) == before
    assert page.get_by_role("button", name="Rétropropagation").get_attribute("aria-pressed") == "true"
    assert page.title() == "D'où viennent les gradients de L"
    assert page.locator("html").get_attribute("lang") == "fr"
    for words in ("Lecture avant", "Regret", "Gradients locaux", "Mise à jour"):
        assert page.get_by_role("button", name=words, exact=True).is_visible()
    tab.check()


def background(page: Any) -> int:
    colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
    return sum(int(part) for part in colour.strip("rgb()").split(","))


def test_dark_and_light_follow_the_reader_and_the_button(browser: Any, tmp_path: Path) -> None:
    from browser import tab as opened_tab

    for scheme, dark in (("dark", True), ("light", False)):
        with opened_tab(browser, color_scheme=scheme) as watched:
            page = opened(watched, regression(), tmp_path)
            assert (background(page) < 200) == dark
            page.get_by_role("button", name="dark / light").click()
            assert (background(page) < 200) != dark
            watched.check()


CONTRAST = """() => {
  const parse = (c) => c.match(/[\\d.]+/g).map(Number);
  const light = (c) => {
    const linear = (v) => (v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
    const [r, g, b] = parse(c).map((v) => linear(v / 255));
    return .2126 * r + .7152 * g + .0722 * b;
  };
  const ratio = (a, b) => {
    const [x, y] = [light(a), light(b)].sort((p, q) => q - p);
    return (x + .05) / (y + .05);
  };
  const ground = (node) => {
    for (let at = node; at; at = at.parentElement) {
      const c = getComputedStyle(at).backgroundColor;
      if (parse(c).length < 4 || parse(c)[3] > 0) return c;
    }
    return 'rgb(255,255,255)';
  };
  const found = [];
  for (const text of document.querySelectorAll('main:not([hidden]) .stage .box text')) {
    const fill = getComputedStyle(text.parentElement.querySelector('rect')).fill;
    found.push([text.textContent, ratio(getComputedStyle(text).fill, fill)]);
  }
  const texts = 'main:not([hidden]) :is(p, b, button, h1, h2, h3, span, mi, mn, summary)';
  for (const node of document.querySelectorAll(texts))
    if (node.offsetParent)
      found.push([node.textContent, ratio(getComputedStyle(node).color, ground(node))]);
  return found.filter(([text, value]) => text.trim() && value < 4.5);
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_has_enough_contrast(browser: Any, tmp_path: Path, scheme: str) -> None:
    from browser import tab as opened_tab

    with opened_tab(browser, color_scheme=scheme) as watched:
        page = opened(watched, regression(), tmp_path)
        for name in ("Loss", "Backward pass", "Update"):
            page.get_by_role("button", name=name, exact=True).click()
            assert page.evaluate(CONTRAST) == []


def test_without_scripts_all_is_there_to_read(browser: Any, tmp_path: Path) -> None:
    from browser import tab as opened_tab

    with opened_tab(browser, java_script_enabled=False) as watched:
        page = opened(watched, regression(), tmp_path)
        assert page.locator("svg.graph .title:visible").all_text_contents()[-1] == "L = S²"
        assert page.locator(".gradient:visible").all_text_contents()[0] != ""
        lines = page.locator(".whole .lines li:visible").all_text_contents()
        assert len(lines) > 10
        assert "∂L∂w=∂L∂ŷ·∂ŷ∂w=(−2)·1=−2" in lines
        assert page.locator("input:visible, [data-do]:not(header *):visible").count() == 0
        assert page.get_by_text("Scripts are off").is_visible()


def test_the_text_of_a_page_never_runs(tab: Any, tmp_path: Path) -> None:
    a, b = chainrule.tensor(2.0, requires_grad=True), chainrule.tensor(3.0)
    L = a * b
    derivation = explain(L, torch=False, names={SCRIPT: a, "</script><script>window.ran=1": b})
    page = opened(tab, derivation, tmp_path)
    page.keyboard.press("End")
    for each in page.locator("main:not([hidden]) .stage .box").all():
        each.click()
    page.get_by_role("button", name="Français").click()
    page.keyboard.press("Home")
    assert page.evaluate("window.ran") is None
    assert page.locator("main script, main img").count() == 0
    assert SCRIPT[:8] in page.locator("main:visible").inner_text()
    tab.check()


def test_even_a_script_that_got_in_would_not_run(tab: Any, tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    regression().save(path)
    path.write_text(path.read_text().replace("<body>", f"<body>{SCRIPT}"))
    tab.page.goto(path.as_uri())
    assert tab.page.evaluate("window.ran") is None
    assert any("Content Security Policy" in said for said in tab.console)


def large(count: int) -> Derivation:
    """A graph of ``count`` variables that falls into no groups: what is near uses what is near."""
    values = [Value(1.0 + k / count) for k in range(20)]
    while len(values) < count:
        k = len(values)
        one, other = values[-1 - k * k % 7], values[-2 - k * 5 % 11]
        values.append((one * other if k % 3 else one + other).tanh() if k % 5 == 4 else one * other * 0.5)
    L = values[-1]
    for value in values[-12:-1]:
        L = L + value
    return explain(L, torch=False)


def test_a_graph_of_500_nodes_is_ready_at_once_and_steps_quickly(tab: Any, tmp_path: Path) -> None:
    """Within a second and 50 ms on a quiet machine; the bounds leave room for a busy one."""
    derivation = large(350)
    assert 450 <= len(derivation.variables) <= 800
    page = opened(tab, derivation, tmp_path)
    ready = page.evaluate("performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd")
    assert ready < 4000
    took = page.evaluate(
        """() => {
          const player = chainrule.player, times = [];
          for (let k = 0; k < 60; k += 1) {
            const before = performance.now();
            player.goTo((k * 131) % player.steps.length);
            document.body.getBoundingClientRect();
            times.push(performance.now() - before);
          }
          return times.sort((a, b) => a - b)[30];
        }"""
    )
    assert took < 200
    tab.check()


def test_a_group_opens_and_closes(tab: Any, tmp_path: Path) -> None:
    from chainrule import nn

    chainrule.manual_seed(0)
    model = nn.Sequential(
        *[nn.Sequential(nn.Linear(4, 4), nn.Tanh(), nn.Linear(4, 4), nn.Tanh()) for _ in range(6)]
    )
    x = chainrule.randn(3, 4)
    L = (model(x) ** 2).mean()
    page = opened(tab, explain(L, torch=False), tmp_path)
    group = page.locator("main:not([hidden]) .stage .box.group").first
    assert group.count() == 1
    name = group.locator(".title").text_content()
    group.click()
    assert page.locator("main:not([hidden]) .stage svg").get_attribute("aria-label") == name
    inside = page.locator("main:not([hidden]) .stage .box").count()
    assert inside > 2
    page.keyboard.press("PageDown")
    page.locator(".trail button").first.click()
    assert page.locator("main:not([hidden]) .stage .box.group").count() > 1
    tab.check()


@pytest.mark.parametrize("width", [360, 1280])
def test_nothing_is_cut_off_sideways(browser: Any, tmp_path: Path, width: int) -> None:
    from browser import tab as opened_tab

    with opened_tab(browser, viewport={"width": width, "height": 800}, has_touch=True) as watched:
        derivation = explain_expression(
            "L = (tanh(x1*w1 + x2*w2 + b) - y)**2",
            {"x1": 1, "x2": 2, "w1": 0.5, "w2": -0.25, "b": 0.1, "y": 1},
            torch=False,
        )
        page = opened(watched, derivation, tmp_path)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.get_by_role("button", name="one step on").tap()
        page.locator("main:not([hidden]) .stage .box").last.tap()
        assert page.locator(".details:visible").count() == 1
        watched.check()


CLIPPED = """() => {
  const found = [];
  for (const box of document.querySelectorAll('svg.graph .box')) {
    const frame = box.querySelector('rect').getBBox();
    const texts = Array.from(box.querySelectorAll('text')).map((text) => text.getBBox());
    for (const one of texts)
      if (one.width && (one.x < frame.x + 2 || one.x + one.width > frame.x + frame.width - 2
          || one.y < frame.y - 1 || one.y + one.height > frame.y + frame.height + 1))
        found.push(box.textContent);
  }
  for (const label of document.querySelectorAll('svg.graph .label')) {
    const frame = label.querySelector('rect').getBBox();
    for (const text of label.querySelectorAll('text')) {
      const one = text.getBBox();
      if (one.width > frame.width + 1) found.push(text.textContent);
    }
  }
  return found;
}"""


def graphs() -> Iterator[Derivation]:
    yield regression()
    yield large(80)
    yield explain_expression(
        "L = max(a, b)*relu(c) + abs(d)/sqrt(e) - exp(f)",
        {"a": 1, "b": 2, "c": 0.333333, "d": -4, "e": 123.456, "f": 0.001},
        torch=False,
    )


def test_no_text_leaves_its_box(tab: Any, tmp_path: Path) -> None:
    for derivation in graphs():
        page = opened(tab, derivation, tmp_path)
        page.keyboard.press("End")
        assert page.evaluate(CLIPPED) == []


# ------------------------------------------------------------------ for every reader


def nested() -> Derivation:
    """Two stacks of layers, each closed at first."""
    from chainrule import nn

    chainrule.manual_seed(0)
    model = nn.Sequential(
        *[nn.Sequential(nn.Linear(4, 4), nn.Tanh(), nn.Linear(4, 4), nn.Tanh()) for _ in range(6)]
    )
    x = chainrule.randn(3, 4)
    L = (model(x) ** 2).mean()
    return explain(L, torch=False)


def view(page: Any) -> str:
    return page.locator("main:not([hidden]) .stage svg").get_attribute("aria-label")


def held(page: Any) -> str:
    """The name of what has the keyboard."""
    return page.evaluate("document.activeElement.getAttribute('aria-label')")


def test_a_box_is_called_by_what_it_shows(tab: Any, tmp_path: Path) -> None:
    page = opened(tab, regression(), tmp_path)
    page.keyboard.press("Home")
    assert box(page, "S = ŷ − y").get_attribute("aria-label") == "S = ŷ − y"
    page.get_by_role("button", name="Loss", exact=True).click()
    assert box(page, "S = ŷ − y").get_attribute("aria-label") == "S = ŷ − y, −1"
    assert page.locator("[aria-current=step]").get_attribute("aria-label") == "L = S², 1"
    page.keyboard.press("End")
    assert box(page, "w").get_attribute("aria-label") == "w, 1.2, [−2]"


def test_each_step_is_said_once(tab: Any, tmp_path: Path) -> None:
    page = opened(tab, regression(), tmp_path)
    page.evaluate(
        """() => {
          window.said = [];
          const region = document.querySelector("main:not([hidden]) [aria-live]");
          new MutationObserver((changes) => said.push(changes.length))
            .observe(region, { childList: true, subtree: true, characterData: true });
        }"""
    )
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    assert page.evaluate("said.length") == 3
    page.keyboard.press("End")
    page.keyboard.press("ArrowRight")  # there is nothing more to say
    assert page.evaluate("said.length") == 4
    assert page.locator("main:not([hidden]) [aria-live] button").count() == 0


def test_the_keyboard_goes_into_the_details_and_back(tab: Any, tmp_path: Path) -> None:
    page = opened(tab, regression(), tmp_path)
    page.keyboard.press("End")
    box(page, "w").focus()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.matches('.details')")
    assert held(page) == "w"
    assert box(page, "w").get_attribute("aria-expanded") == "true"
    page.keyboard.press("Escape")
    assert held(page) == "w, 1.2, [−2]"
    for _ in range(30):  # what is lit shows that it has the keyboard, too
        page.keyboard.press("Shift+Tab")
        page.keyboard.press("Tab")
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
        if page.evaluate("document.activeElement.matches('.lit')"):
            return
        page.keyboard.press("ArrowLeft")
    pytest.fail("no lit box was reached")


def test_the_browser_keeps_its_own_keys_and_the_header_passes_ours_on(tab: Any, tmp_path: Path) -> None:
    page = opened(tab, regression(), tmp_path)
    before = step(page)
    page.evaluate(
        """document.body.dispatchEvent(new KeyboardEvent("keydown",
            { key: "ArrowLeft", altKey: true, bubbles: true, cancelable: true }))"""
    )
    assert step(page) == before
    page.get_by_role("button", name="dark / light").click()
    page.keyboard.press("ArrowRight")
    assert step(page) == before + 1
    theme = page.locator("html").get_attribute("data-theme")
    page.keyboard.press("Space")
    assert page.locator("html").get_attribute("data-theme") != theme
    assert page.get_by_role("button", name="pause").count() == 0


def test_the_way_into_a_group_and_on_from_group_to_group(tab: Any, tmp_path: Path) -> None:
    page = opened(tab, nested(), tmp_path)
    whole = view(page)
    page.keyboard.press("Home")
    assert not page.locator("[data-do=enter]:visible").count()
    page.keyboard.press("ArrowRight")
    enter = page.locator("[data-do=enter]:visible")
    assert enter.inner_text().startswith("open model.0")
    enter.focus()
    page.keyboard.press("Enter")
    first = view(page)
    assert first != whole
    assert page.evaluate("document.activeElement.matches('.stage .box.lit')")
    seen = [first]
    for _ in range(12):
        page.keyboard.press("ArrowRight")
        assert page.locator("main:not([hidden]) .stage .box.lit:not([data-opens])").count() == 1
        assert page.evaluate("document.activeElement.matches('.stage .box')")
        seen.append(view(page))
    assert len(set(seen)) > 1
    page.keyboard.press("Escape")
    while view(page) != whole:
        page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.dataset.opens") is not None  # the group that was left
    page.keyboard.press("ArrowLeft")
    assert view(page) == whole
    tab.check()


def test_the_language_changes_nothing_else(tab: Any, tmp_path: Path) -> None:
    derivation = nested()
    page = opened(tab, derivation, tmp_path)
    page.locator("main:not([hidden]) .stage .box.group").first.click()
    inside = page.locator("main:not([hidden]) .stage .box .title").all_text_contents()
    page.locator("main:not([hidden]) .stage .box:not([data-opens])").last.click()
    chosen = page.locator("main:not([hidden]) .details b").first.text_content()
    page.get_by_role("button", name="Français").click()
    assert page.locator("main:not([hidden]) .stage .box .title").all_text_contents() == inside
    assert page.locator("main:not([hidden]) .details:visible b").first.text_content() == chosen
    page.get_by_role("button", name="English").click()
    assert page.locator("main:not([hidden]) .stage .box .title").all_text_contents() == inside
    tab.check()


def test_a_wide_graph_can_be_made_to_fit(tab: Any, tmp_path: Path) -> None:
    page = opened(tab, regression(), tmp_path)
    assert not page.locator("[data-do=zoom]:visible").count()
    page = opened(tab, large(40), tmp_path)
    stage, zoom = page.locator("main:not([hidden]) .stage"), page.locator("[data-do=zoom]:visible")
    assert stage.evaluate("each => each.scrollWidth > each.clientWidth")
    share = zoom.inner_text()
    assert share.startswith("Graph ")
    zoom.click()
    assert stage.evaluate("each => each.scrollWidth <= each.clientWidth")
    assert zoom.inner_text() == "Graph 100\u00a0%"
    page.get_by_role("button", name="Français").click()
    assert stage.evaluate("each => each.scrollWidth <= each.clientWidth")
    zoom.click()
    assert zoom.inner_text() == share.replace("Graph", "Graphe")
    tab.check()


def test_on_paper_everything_is_there_and_nothing_is_cut(browser: Any, tmp_path: Path) -> None:
    from browser import tab as opened_tab

    with opened_tab(browser, viewport={"width": 700, "height": 900}, color_scheme="dark") as watched:
        page = opened(watched, nested(), tmp_path)
        page.get_by_role("button", name="dark / light").click()
        page.get_by_role("button", name="dark / light").click()
        whole = view(page)
        page.locator("main:not([hidden]) .stage .box.group").first.click()
        page.emulate_media(media="print")
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        assert background(page) == 3 * 255
        assert view(page) == whole
        assert page.locator("main:not([hidden]) .lines li:visible").count() > 40
        assert page.locator("main:not([hidden]) details:not([open])").count() == 0
        assert page.locator("main:not([hidden]) .player button:visible").count() == 0
        wide = page.evaluate(
            """Array.from(document.querySelectorAll("main:not([hidden]) svg.graph"))
                .filter((svg) => svg.getBoundingClientRect().right > innerWidth).length"""
        )
        assert wide == 0
        graphs = page.locator("main:not([hidden]) svg.graph")
        assert page.locator("main:not([hidden]) svg.graph:visible").count() == graphs.count() > 5
        page.evaluate("dispatchEvent(new Event('afterprint'))")
        page.emulate_media(media="screen")
        assert view(page) != whole
        assert page.locator("main:not([hidden]) details.all[open]").count() == 0
        watched.check()


def test_colours_that_the_system_forces_are_kept_to(browser: Any, tmp_path: Path) -> None:
    from browser import tab as opened_tab

    with opened_tab(browser, forced_colors="active", color_scheme="dark") as watched:
        page = opened(watched, regression(), tmp_path)
        page.get_by_role("button", name="Backward pass").click()
        fills = page.evaluate(
            """Array.from(document.querySelectorAll("main:not([hidden]) .stage rect"))
                .map((each) => getComputedStyle(each).fill)"""
        )
        assert set(fills) == {page.evaluate("getComputedStyle(document.body).backgroundColor")}
        assert page.evaluate(CONTRAST) == []


def names(*given: str) -> Derivation:
    """d = a·b − c and L = d², under the names that are given for a, b, c, a·b and d."""
    a, b = chainrule.tensor(2.0), chainrule.tensor(3.0, requires_grad=True)
    c = chainrule.tensor(5.0, requires_grad=True)
    product = a * b
    d = product - c
    L = d**2
    return explain(L, torch=False, names=dict(zip(given, (a, b, c, product, d), strict=True)))


@pytest.mark.parametrize("letters", ["אבגדה", "ابجده"])
def test_names_from_right_to_left_keep_the_order_of_a_formula(
    tab: Any, tmp_path: Path, letters: str
) -> None:
    page = opened(tab, names(*(2 * letter for letter in letters)), tmp_path)
    starts = page.evaluate(
        """([d, product, c]) => {
          const title = Array.from(document.querySelectorAll("main:not([hidden]) .stage .title"))
            .find((each) => each.textContent.includes("−"));
          const start = (name) => title.getStartPositionOfChar(title.textContent.indexOf(name)).x;
          return [d, product, c].map(start);
        }""",
        [2 * letters[4], 2 * letters[3], 2 * letters[2]],
    )
    assert starts == sorted(starts)


@pytest.mark.parametrize("width", [320, 640])
def test_long_names_and_wide_tables_stay_within_a_small_window(
    browser: Any, tmp_path: Path, width: int
) -> None:
    from browser import tab as opened_tab

    chainrule.manual_seed(0)
    w = chainrule.randn(8, 6, requires_grad=True)
    L = (chainrule.randn(4, 8) @ w).sum()
    long = [f"{letter}{'_and_so_on' * 6}" for letter in "abcde"]
    graphs = [
        names(*long),
        names("重み一", "入力データ", "偏り", "積", "差分" * 20),
        explain(L, torch=False),
    ]
    with opened_tab(browser, viewport={"width": width, "height": 700}) as watched:
        for derivation in graphs:
            page = opened(watched, derivation, tmp_path)
            page.get_by_role("button", name="Backward pass").click()
            for each in page.locator("main:not([hidden]) .stage .box").all():
                each.click()
            page.locator("main:not([hidden]) details.all > summary").first.click()
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            small = page.evaluate(
                """Array.from(document.querySelectorAll("main:not([hidden]) :is(button, summary)"))
                    .filter((each) => each.offsetParent && each.getBoundingClientRect().height < 39.5)
                    .map((each) => each.textContent)"""
            )
            assert small == []
        box(page, "w").click()
        cut = page.evaluate(
            """Array.from(document.querySelectorAll("main:not([hidden]) .details mn")).filter((each) =>
                each.getBoundingClientRect().width
                < .48 * parseFloat(getComputedStyle(each).fontSize) * (each.textContent.length - 1))
              .map((each) => each.textContent)"""
        )
        assert cut == []
        assert page.locator("main:not([hidden]) .details mn").count() >= 96
        watched.check()
