"""A session of the studio: what it answers to each message, and what it never does."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator
from typing import Any

import pytest

from chainrule.studio.history import History
from chainrule.studio.lessons import LESSONS
from chainrule.studio.session import MOST_OPERATIONS, Session
from chainrule.studio.words import WORDS

REGRESSION = {"do": "open", "expression": "L = (x*w - y)**2", "values": {"x": 1, "y": 2, "w": 1}}


def state(reply: Any) -> dict[str, Any]:
    assert isinstance(reply, dict)
    assert reply["kind"] == "state"
    json.dumps(reply, allow_nan=False)
    return reply


def values(reply: dict[str, Any]) -> dict[str, float]:
    return {one["name"]: one["value"] for one in reply["inputs"]}


def learning(reply: dict[str, Any]) -> set[str]:
    return {one["name"] for one in reply["inputs"] if one["learns"]}


def trained(session: Session, steps: int) -> list[dict[str, Any]]:
    replies = session.handle({"do": "train", "steps": steps})
    assert not isinstance(replies, dict)
    return [state(reply) for reply in replies]


# --- lessons -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", ["en", "fr"])
@pytest.mark.parametrize("name", LESSONS)
def test_every_lesson_opens_in_both_languages(name: str, lang: str) -> None:
    session = Session(lang)
    reply = state(session.handle({"do": "lesson", "name": name}))
    assert "error" not in reply
    assert reply["lesson"] == name
    assert values(reply) == LESSONS[name].values
    assert learning(reply) == set(LESSONS[name].learn)
    assert "pas d'apprentissage" not in json.dumps(reply, ensure_ascii=False)  # "pas" is a step there
    assert "<svg" in reply["picture"]["html"]
    phases = [step["phase"] for step in reply["picture"]["data"]["steps"]]
    assert phases.count("update") == len(LESSONS[name].learn)
    assert LESSONS[name].text[lang] != ""


@pytest.mark.parametrize("name", LESSONS)
def test_training_a_lesson_lowers_its_loss(name: str) -> None:
    session = Session()
    session.handle({"do": "lesson", "name": name})
    if name == "large_rate":
        session.handle({"do": "rate", "value": 0.3})
    last = trained(session, 60)[-1]
    assert last["history"][0][1] > last["loss"]


def test_the_numbers_that_the_lessons_speak_of() -> None:
    def gradients(name: str) -> dict[str, str]:
        reply = Session().handle({"do": "lesson", "name": name})
        assert isinstance(reply, dict)
        return reply["picture"]["html"]

    assert "−2" in gradients("regression")
    assert "12" in gradients("chain")
    session = Session()
    session.handle({"do": "lesson", "name": "mini_batch"})
    end = values(trained(session, 400)[-1])
    assert end["w"] == pytest.approx(2, abs=1e-3)
    assert end["b"] == pytest.approx(-1, abs=1e-3)
    session.handle({"do": "lesson", "name": "large_rate"})
    losses = [loss for _, loss in trained(session, 20)[-1]["history"]]
    assert losses == sorted(losses)
    assert losses[-1] > losses[0]


def test_the_words_are_the_same_in_both_languages() -> None:
    assert WORDS["en"].keys() == WORDS["fr"].keys()
    for lesson in LESSONS.values():
        assert set(lesson.title) == set(lesson.text) == {"en", "fr"}


# --- moving, learning --------------------------------------------------------------------------------


def test_an_update_moves_w_from_1_to_1_2() -> None:
    session = Session()
    session.handle(REGRESSION)
    reply = state(session.handle({"do": "update"}))
    assert values(reply) == {"x": 1, "w": 1.2, "y": 2}
    assert reply["history"] == [(0, 1.0), (1, pytest.approx(0.64))]
    assert "w ← 1 − 0.1 · (−2) = 1.2" in reply["note"]


def test_the_rate_and_what_learns_are_obeyed() -> None:
    session = Session()
    session.handle(REGRESSION)
    session.handle({"do": "rate", "value": 0.25})
    session.handle({"do": "learn", "name": "w", "learn": False})
    assert "No input learns" in state(session.handle({"do": "update"}))["note"]
    session.handle({"do": "learn", "name": "x", "learn": True})
    assert values(state(session.handle({"do": "update"}))) == {"x": 1.5, "w": 1, "y": 2}


def test_the_update_that_the_picture_shows_is_the_one_that_is_made() -> None:
    session = Session()
    session.handle(REGRESSION)
    reply = state(session.handle({"do": "rate", "value": 0.25}))
    updates = [step["line"] for step in reply["picture"]["data"]["steps"] if step["phase"] == "update"]
    assert len(updates) == 1
    assert "0.25" in updates[0]
    assert "1.5" in updates[0]


def test_what_does_not_learn_gets_no_gradient() -> None:
    session = Session()
    reply = state(session.handle(REGRESSION))
    data = reply["picture"]["data"]
    reached = {step["variable"] for step in data["steps"] if step["phase"] == "backward"}
    assert len(reached) == 4  # L, S, x·w and w; neither x nor y
    session.handle({"do": "learn", "name": "w", "learn": False})
    steps = state(session.handle({"do": "stop"}))["picture"]["data"]["steps"]
    assert len({step["variable"] for step in steps if step["phase"] == "backward"}) == 6
    assert not any(step["phase"] == "update" for step in steps)


def test_training_converges_and_streams() -> None:
    session = Session()
    session.handle(REGRESSION)
    replies = trained(session, 100)
    assert len(replies) > 10
    assert all(reply["training"] for reply in replies[:-1])
    assert not replies[-1]["training"]
    assert replies[-1]["steps"] == 100
    assert values(replies[-1])["w"] == pytest.approx(2)
    assert "step 100: L went from 1 to" in replies[-1]["note"]


def test_training_follows_the_formula() -> None:
    session = Session()
    session.handle(REGRESSION)
    last = trained(session, 7)[-1]
    assert values(last)["w"] == pytest.approx(2 - 0.8**7)


def test_stop_ends_a_training() -> None:
    session = Session()
    session.handle(REGRESSION)
    replies = session.handle({"do": "train", "steps": 1000})
    assert isinstance(replies, Iterator)
    done = state(next(replies))["steps"]
    stopped = state(session.handle({"do": "stop"}))
    assert not stopped["training"]
    assert f"Stopped at step {done}:" in stopped["note"]
    assert list(replies) == []


def test_what_is_moved_while_training_is_used_from_then_on() -> None:
    session = Session()
    session.handle(REGRESSION)
    replies = session.handle({"do": "train", "steps": 100})
    assert isinstance(replies, Iterator)
    next(replies)
    assert state(session.handle({"do": "set", "name": "y", "value": -3}))["training"]
    assert values(state(list(replies)[-1]))["w"] == pytest.approx(-3)


@pytest.mark.parametrize("message", [{"do": "reset"}, REGRESSION, {"do": "lesson", "name": "chain"}])
def test_what_begins_anew_ends_a_training(message: dict[str, Any]) -> None:
    session = Session()
    session.handle(REGRESSION)
    replies = session.handle({"do": "train", "steps": 100})
    assert isinstance(replies, Iterator)
    next(replies)
    assert not state(session.handle(message))["training"]
    assert list(replies) == []


def test_a_training_that_leaves_the_finite_numbers_stays_at_the_last_good_step() -> None:
    session = Session()
    session.handle({**REGRESSION, "rate": 1000})
    last = trained(session, 10_000)[-1]
    assert "smaller learning rate" in last["note"]
    assert math.isfinite(last["loss"])
    assert "picture" in last
    assert state(session.handle({"do": "reset"}))["loss"] == 1


def test_a_long_training_ends_when_its_time_is_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chainrule.studio.session.MOST_SECONDS", 0.05)
    session = Session()
    session.handle({"do": "open", "expression": "L = " + " + ".join(["w*w"] * 140), "rate": 1e-6})
    start = time.perf_counter()
    last = trained(session, 10_000)[-1]
    assert "time was up" in last["note"]
    assert 0 < last["steps"] < 10_000
    assert time.perf_counter() - start < 10


def test_reset_goes_back_to_what_was_opened() -> None:
    session = Session()
    opened = state(session.handle({"do": "lesson", "name": "neuron"}))
    session.handle({"do": "set", "name": "b", "value": 3})
    session.handle({"do": "learn", "name": "x1", "learn": True})
    session.handle({"do": "rate", "value": 2})
    trained(session, 5)
    again = state(session.handle({"do": "reset"}))
    for key in ("inputs", "rate", "history", "loss", "lesson"):
        assert again[key] == opened[key]


# --- expressions -------------------------------------------------------------------------------------


def test_a_changed_expression_keeps_the_values_of_its_inputs() -> None:
    session = Session()
    session.handle({**REGRESSION, "values": {"x": 3, "y": 4, "w": 5}})
    reply = state(session.handle({"do": "open", "expression": "L = (x*w + b - y)**2"}))
    assert values(reply) == {"x": 3, "w": 5, "b": 1, "y": 4}
    assert learning(reply) == {"w"}
    assert reply["lesson"] is None


def test_what_learns_where_nobody_said_it() -> None:
    session = Session()
    assert learning(state(session.handle({"do": "open", "expression": "L = (x1*u + c - y)**2"}))) == {
        "u",
        "c",
    }
    session = Session()
    assert learning(state(session.handle({"do": "open", "expression": "z = x*y"}))) == {"x", "y"}


def test_an_error_in_an_expression_is_data_and_changes_nothing() -> None:
    session = Session()
    before = state(session.handle(REGRESSION))
    reply = session.handle({"do": "open", "expression": "L = (x*w - y"})
    assert isinstance(reply, dict)
    assert reply["kind"] == "refused"
    assert "never closed" in reply["error"]
    assert "\n        ^\n" in reply["error"]
    assert state(session.handle({"do": "stop"})) == before


def test_a_value_without_a_picture_is_told_and_mended() -> None:
    session = Session()
    session.handle({"do": "open", "expression": "L = log(w)", "values": {"w": 2}})
    reply = state(session.handle({"do": "set", "name": "w", "value": -1}))
    assert "picture" not in reply
    assert "log" in reply["error"]
    assert values(reply) == {"w": -1}
    assert "not made" in state(session.handle({"do": "update"}))["note"]
    assert "not made" in trained(session, 3)[-1]["note"]
    assert "picture" in state(session.handle({"do": "set", "name": "w", "value": 1}))


def test_an_infinite_gradient_is_shown_and_not_followed() -> None:
    session = Session()
    reply = state(session.handle({"do": "open", "expression": "L = sqrt(w)", "values": {"w": 0}}))
    assert "∞" in reply["picture"]["html"]
    assert values(state(session.handle({"do": "update"}))) == {"w": 0}


@pytest.mark.parametrize("expression", ["L = 2*3", "w", "L = 0*1 + 2"])
def test_an_expression_of_no_input_is_told(expression: str) -> None:
    session = Session()
    reply = state(session.handle({"do": "open", "expression": expression}))
    assert "computes nothing from an input" in reply["error"]
    for message in ({"do": "learn", "name": "w", "learn": True}, {"do": "update"}):
        assert isinstance(session.handle(message), dict)
    replies = session.handle({"do": "train", "steps": 3})
    assert isinstance(replies, Iterator)
    json.dumps(list(replies), allow_nan=False)


def test_the_names_and_texts_of_a_picture_are_escaped() -> None:
    reply = Session().handle({"do": "open", "expression": "<script>alert(1)</script>"})
    assert isinstance(reply, dict)
    assert reply["kind"] == "refused"  # shown as text by the page
    name = Session().handle({"do": "set", "name": "<img src=x>", "value": 1})
    assert isinstance(name, dict)
    assert name["kind"] == "refused"


# --- bounds -------------------------------------------------------------------------------------------


def test_the_largest_expression_is_answered_soon() -> None:
    expression = "L = " + " + ".join(f"w*x{i}" for i in range(MOST_OPERATIONS // 2))
    session = Session()
    start = time.perf_counter()
    assert "picture" in state(session.handle({"do": "open", "expression": expression}))
    assert time.perf_counter() - start < 10


def test_replies_carry_the_number_of_the_last_message() -> None:
    session = Session()
    assert state(session.handle({"do": "update", "number": 7}))["number"] == 7
    replies = session.handle({"do": "train", "steps": 100, "number": 8})
    assert isinstance(replies, Iterator)
    assert state(next(replies))["number"] == 8
    assert state(session.handle({"do": "rate", "value": 0.2, "number": 9}))["number"] == 9
    assert state(next(replies))["number"] == 9
    refused = session.handle({"do": "set", "name": "q", "value": 1, "number": 10})
    assert isinstance(refused, dict)
    assert refused["number"] == 10


def test_sliders_have_room() -> None:
    session = Session()
    session.handle(REGRESSION)
    for value in (0, -3, 1e-9, 4.9, 123.4, -7e20, 1.7e308):
        reply = state(session.handle({"do": "set", "name": "x", "value": value}))
        (x,) = (one for one in reply["inputs"] if one["name"] == "x")
        assert x["low"] <= x["value"] <= x["high"]


def test_a_history_is_bounded() -> None:
    history = History(most=10)
    for step in range(1000):
        history.add(float(step))
        assert len(history.points) <= 11
        assert history.points[0] == (0, 0.0)
        assert history.points[-1] == (step, float(step))
    steps = [step for step, _ in history.points]
    assert steps == sorted(set(steps))
