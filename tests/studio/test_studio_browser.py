"""The studio in a real browser: what a person types, moves and presses, and what they then see."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from studio_running import running

from browser import Watched
from browser import tab as opened
from chainrule.studio.server import Studio


@pytest.fixture(scope="module")
def studio() -> Iterator[Studio]:
    with running() as studio:
        yield studio


@pytest.fixture
def page(tab: Watched, studio: Studio) -> Iterator[Any]:
    yield at(tab, studio)
    tab.check(*(f"{kind}://{studio.hosts[0]}/" for kind in ("http", "ws")))


def at(tab: Watched, studio: Studio) -> Any:
    """The page of ``studio`` in ``tab``, with its first lesson."""
    tab.page.goto(studio.link)
    tab.page.wait_for_selector("#connection[data-state=connected]")
    tab.page.wait_for_selector("#picture svg .box")
    return tab.page


def see(page: Any, selector: str, text: str) -> None:
    """Wait until ``text`` stands in ``selector``."""
    page.wait_for_function(
        "([selector, text]) => document.querySelector(selector)?.textContent.includes(text)",
        arg=[selector, text],
        timeout=10_000,
    )


def wait_value(page: Any, name: str, value: str) -> None:
    """Wait until the input ``name`` shows ``value``."""
    page.wait_for_function(
        '([name, value]) => document.querySelector(`[data-name="${name}"] [type=number]`)?.value === value',
        arg=[name, value],
        timeout=10_000,
    )


def number(page: Any, name: str) -> Any:
    return page.locator(f'[data-name="{name}"] [type=number]')


def shown(page: Any) -> str:
    """All that can be read in the graph at the present step."""
    return page.evaluate(
        "Array.from(document.querySelectorAll('#picture .stage text'))"
        ".filter((t) => getComputedStyle(t).visibility === 'visible').map((t) => t.textContent).join('|')"
    )


def test_forward_then_backward_then_update(page: Any) -> None:
    assert page.input_value("#expression") == "ŷ = x*w\nS = ŷ - y\nL = S**2"
    page.click("#forward")
    assert "−2" not in shown(page)
    page.click("#backward")
    assert "[−2]" in shown(page)
    page.click("#update")
    see(page, "#note", "w ← 1 − 0.1 · (−2) = 1.2")
    wait_value(page, "w", "1.2")
    see(page, "#picture .stage", "[−1.6]")
    assert "[−1.6]" in shown(page)  # at the step where the reader was
    see(page, "#curve", "from 1 to 0.64, by step 1")
    page.click("#reset")
    wait_value(page, "w", "1")


def test_typing_an_expression(page: Any) -> None:
    page.fill("#expression", "L = sin(q)*q")
    page.wait_for_selector('[data-name="q"]')
    assert page.locator("#inputs .input").count() == 1
    assert page.input_value("#lesson") == ""
    number(page, "q").fill("2")
    see(page, "#curve", "1.81859")


def test_a_mistake_is_pointed_at_and_the_picture_stays(page: Any) -> None:
    before = page.inner_html("#picture .stage")
    page.fill("#expression", "L = (x*w - y")
    page.wait_for_selector("#refusal:visible")
    assert "never closed" in page.inner_text("#refusal")
    assert "\n        ^" in page.text_content("#refusal")
    assert page.inner_html("#picture .stage") == before
    page.fill("#expression", "L = (x*w - y)**4")
    page.wait_for_selector("#refusal", state="hidden")


def test_a_mistake_stays_while_the_inputs_of_the_last_picture_are_moved(page: Any) -> None:
    page.fill("#expression", "L = (x*w - y")
    page.wait_for_selector("#refusal:visible")
    number(page, "w").fill("3")
    see(page, "#curve", "L = 1.")
    page.click("#backward")
    assert page.input_value("#expression") == "L = (x*w - y"
    assert page.is_visible("#refusal")
    page.click("#reset")
    page.wait_for_selector("#refusal", state="hidden")
    assert page.input_value("#expression") == "ŷ = x*w\nS = ŷ - y\nL = S**2"


def test_what_was_just_typed_goes_before_what_is_pressed(page: Any) -> None:
    page.fill("#expression", "L = (x*w - y)**4")
    page.click("#update")
    see(page, "#note", "w ← 1 − 0.1 · (−4) = 1.4")


def test_a_field_left_empty_shows_its_value_again(page: Any) -> None:
    number(page, "w").fill("")
    page.keyboard.press("Tab")
    wait_value(page, "w", "1")


def test_text_is_never_markup(page: Any) -> None:
    page.fill("#expression", "<img src=x onerror=alert(1)>")
    page.wait_for_selector("#refusal:visible")
    assert page.locator("#refusal *").count() == 0
    page.fill("#expression", "L = w·ŷ'")
    page.wait_for_selector('[data-name="ŷ\'"]')


def test_sliders_move_the_picture(page: Any) -> None:
    page.click("#backward")
    slider = page.locator('[data-name="w"] [type=range]')
    slider.focus()
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    wait_value(page, "w", "1.05")
    see(page, "#picture .stage", "[−1.9]")
    assert page.evaluate("document.activeElement.id") == slider.get_attribute("id")


def test_no_move_is_lost_while_dragging(page: Any) -> None:
    page.evaluate(
        """() => {
            const slider = document.querySelector('[data-name="w"] [type=range]');
            for (let at = 0; at <= 200; at += 1) {
                slider.value = String(-4 + at / 50);
                slider.dispatchEvent(new Event("input", { bubbles: true }));
            }
        }"""
    )
    see(page, "#curve", "L = 4")  # at the last of the moves, w = 0
    assert number(page, "w").input_value() == "0"


def test_what_learns_can_be_switched(page: Any) -> None:
    page.locator('[data-name="w"] .switch').click()
    page.click("#update")
    see(page, "#note", "No input learns")
    page.locator('[data-name="x"] .switch').click()
    page.click("#update")
    wait_value(page, "x", "1.2")


def test_train_and_stop(page: Any) -> None:
    page.fill("#steps", "60")
    page.click("#train")
    see(page, "#note", "step 60:")
    wait_value(page, "w", "2")
    assert page.locator("#curve polyline").count() == 1
    page.select_option("#lesson", "mini_batch")
    page.wait_for_selector('[data-name="x4"]')
    page.fill("#steps", "10000")
    page.click("#train")
    page.wait_for_selector("#stop:enabled")
    page.click("#stop")
    see(page, "#note", "Stopped at step")
    page.wait_for_selector("#train:enabled")


def test_the_learning_rate(page: Any) -> None:
    page.fill("#rate", "0.5")
    page.click("#update")
    wait_value(page, "w", "2")
    page.locator("#rate-slider").press("Home")
    assert page.input_value("#rate") == "0.001"


def test_every_lesson_in_french(page: Any) -> None:
    page.click("button[data-lang=fr]")
    see(page, "#update", "Mise à jour")
    assert page.evaluate("document.documentElement.lang") == "fr"
    names = page.eval_on_selector_all(
        "#lesson option", "all => all.map(each => each.value).filter(Boolean)"
    )
    assert len(names) == 11
    for name in names:
        page.select_option("#lesson", name)
        page.wait_for_function(
            "name => document.getElementById('lesson').value === name"
            " && document.getElementById('lesson-text').textContent !== ''",
            arg=name,
        )
        assert page.locator("#refusal").is_hidden()
    see(page, "#picture", "Rétropropagation")


def test_a_step_is_kept_while_training(page: Any) -> None:
    page.click("#backward")
    step = page.input_value("#picture input[type=range]")
    page.click("#train")
    see(page, "#note", "step 50:")
    assert page.input_value("#picture input[type=range]") == step


def test_what_was_chosen_stays_while_the_inputs_move(page: Any) -> None:
    page.click("#backward")
    page.click("#picture .stage .box >> nth=1")
    see(page, "#picture .about", "w")
    page.locator("#picture details.whole summary").click()
    number(page, "x").fill("3")
    see(page, "#picture .stage", "[6]")
    assert page.is_visible("#picture .about")
    assert page.locator("#picture details.whole[open]").count() == 1


def test_an_open_group_stays_open_while_the_inputs_move(page: Any) -> None:
    page.fill("#expression", "L = " + " + ".join(f"(w*{k} + b - {2 * k + 1})**2" for k in range(1, 13)))
    group = page.locator("#picture .stage .box[data-opens]").first
    group.focus()
    page.keyboard.press("Enter")
    inside = page.get_attribute("#picture .stage svg", "aria-label")
    assert "12 ×" in inside
    number(page, "w").fill("3")
    see(page, "#curve", "L = 650")
    page.click("#update")
    see(page, "#note", "←")
    assert page.get_attribute("#picture .stage svg", "aria-label") == inside
    page.locator("#picture .trail button").first.click()
    assert page.get_attribute("#picture .stage svg", "aria-label") != inside


@pytest.mark.parametrize(("width", "beside"), [(1150, False), (1700, True)])
def test_the_line_stands_beside_the_graph_where_there_is_room(
    browser: Any, studio: Studio, width: int, beside: bool
) -> None:
    with opened(browser, viewport={"width": width, "height": 800}) as tab:
        page = at(tab, studio)
        line, graph = (page.locator(f"#picture {each}").bounding_box() for each in (".reading", ".stage"))
        assert (line["x"] > graph["x"] + graph["width"]) == beside
        assert (line["y"] + line["height"] < graph["y"]) != beside


def test_the_keys_walk_through_the_picture(page: Any) -> None:
    page.focus("#picture .stage")
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    assert page.input_value("#picture input[type=range]") == "1"


def test_the_connection_comes_back_with_what_was_typed(tab: Watched) -> None:
    with running() as first:
        page = at(tab, first)
        page.fill("#expression", "L = (u - 3)**2")
        page.wait_for_selector('[data-name="u"]')
        number(page, "u").fill("7")
        see(page, "#curve", "L = 16")
        page.fill("#rate", "0.25")
        port, token = first.port, first.token
    page.wait_for_selector("#connection[data-state=lost]")
    with running(port, token):
        page.wait_for_selector("#connection[data-state=connected]", timeout=20_000)
        page.click("#update")
        wait_value(page, "u", "5")


def test_the_token_is_asked_and_leaves_the_address(tab: Watched, studio: Studio) -> None:
    page = at(tab, studio)
    assert page.url == f"http://{studio.hosts[0]}/"
    page.reload()
    page.wait_for_selector("#connection[data-state=connected]")
    page.evaluate("sessionStorage.clear()")
    page.reload()
    page.wait_for_selector("#connection[data-state=refused]")
    assert page.locator("#picture svg").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 768, 1400])
def test_nothing_is_cut_off(browser: Any, studio: Studio, width: int, scheme: str) -> None:
    with opened(
        browser, viewport={"width": width, "height": 800}, color_scheme=scheme, has_touch=True
    ) as tab:
        page = at(tab, studio)
        page.click("button[data-lang=fr]")
        page.select_option("#lesson", "mini_batch")
        page.wait_for_selector('[data-name="x4"]')
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        small = page.evaluate(
            "Array.from(document.querySelectorAll('#controls button, #controls select, .top button'))"
            ".filter((each) => each.getBoundingClientRect().height < 36).map((each) => each.id)"
        )
        assert small == []
        page.locator("#update").tap()
        see(page, "#note", "Mise à jour")
        paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
        light = sum(map(int, re.findall(r"\d+", paper)[:3])) > 384
        assert light == (scheme == "light")


def test_every_control_has_a_name(page: Any) -> None:
    nameless = page.evaluate(
        """Array.from(document.querySelectorAll("input, select, textarea, button"))
            .filter((each) => !each.getAttribute("aria-label") && !(each.labels && each.labels.length)
                && !each.textContent.trim()).map((each) => each.outerHTML)"""
    )
    assert nameless == []
