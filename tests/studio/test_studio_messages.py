"""What a page may send to the studio: what is refused, and that nothing at all breaks a session."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule import errors
from chainrule.studio import protocol
from chainrule.studio.lessons import LESSONS
from chainrule.studio.session import Session

# --- refused ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ([], "a message is an object, got list []"),
        (None, "got NoneType None"),
        ({}, '"do" is None'),
        ({"do": "import os"}, "\"do\" is 'import os'"),
        ({"do": ["update"]}, "\"do\" is ['update']"),
        ({"do": "__class__"}, "it is one of open, lesson"),
        ({"do": "update", "x": 1}, "update has no field 'x'"),
        ({"do": "set", "name": "w"}, 'set needs the field "value"'),
        ({"do": "set", "name": "w", "value": "1"}, "is str '1': give a number"),
        ({"do": "set", "name": "w", "value": True}, "is bool True: give a number"),
        ({"do": "set", "name": "w", "value": math.inf}, "give a finite number"),
        ({"do": "set", "name": "w", "value": math.nan}, "give a finite number"),
        ({"do": "set", "name": "w", "value": 10**400}, "give a finite number"),
        ({"do": "set", "name": "q", "value": 1}, "no input 'q': its inputs are x, w, y"),
        ({"do": "set", "name": ["w"], "value": 1}, "give a text"),
        ({"do": "learn", "name": "w", "learn": 1}, "give true or false"),
        ({"do": "rate", "value": 0}, "give a learning rate above 0"),
        ({"do": "rate", "value": 1e7}, "up to 1,000,000"),
        ({"do": "train", "steps": 0}, "give a whole number from 1 to 10,000"),
        ({"do": "train", "steps": 10_001}, "give a whole number from 1 to 10,000"),
        ({"do": "train", "steps": 2.5}, "give a whole number"),
        ({"do": "update", "number": -1}, "give a whole number"),
        ({"do": "lesson", "name": "calculus"}, "the lessons are regression, chain"),
        ({"do": "language", "lang": "de"}, "de"),
        ({"do": "open", "expression": 3}, "give a text"),
        ({"do": "open", "expression": "w*" * 1000 + "w"}, "2,001 characters, and 2,000 are the most"),
        ({"do": "open", "expression": "+".join(["w"] * 500)}, "499 operations, and 300 are the most"),
        ({"do": "open", "expression": "w*w", "values": [1]}, "an object of at most"),
        ({"do": "open", "expression": "w*w", "values": {"w": None}}, "give a number"),
        ({"do": "open", "expression": "w*w", "learn": "w"}, "a list of at most"),
        ({"do": "open", "expression": "w.__class__"}, "there are no attributes here"),
    ],
)
def test_what_is_no_message_is_refused_and_changes_nothing(message: Any, said: str) -> None:
    session = Session()
    before = session.handle({"do": "lesson", "name": "large_rate"})
    reply = session.handle(message)
    assert isinstance(reply, dict)
    assert reply["kind"] == "refused"
    assert said in reply["error"]
    assert session.handle({"do": "stop"}) == before


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is not JSON"),
        ("{", "is not JSON"),
        ('{"do": NaN}', "NaN is no number of JSON's"),
        ("[" * 10_000, "nested too deeply"),
        ('{"do":' * 2_000, "nested too deeply"),
        ("1" * 10_000, "is not JSON"),
        (" " * 20_000, "20,000 characters, and 16,384 are the most"),
        ('{"do": "set", "name": "w", "value": 1e999}', "give a finite number"),
    ],
)
def test_texts_that_are_no_message(text: str, said: str) -> None:
    with pytest.raises(errors.MessageRefusedError) as caught:
        protocol.read(text)
    assert said in str(caught.value)


# --- anything at all ---------------------------------------------------------------------------------

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
_NAMES = st.sampled_from(["x", "w", "y", "ŷ", "", "L", "__class__", "w'"]) | st.text(max_size=4)
_NUMBERS = st.floats() | st.integers() | st.sampled_from([0, 1e308, -1e308, 5e-324])
_EXPRESSIONS = st.sampled_from(
    [
        "L = (x*w - y)**2",
        "sqrt(x)/w",
        "exp(exp(w*x))",
        "x**y",
        "w",
        "",
        "a = b; c = a*a",
        "log(w); 2",
        "1/0*w",
    ]
) | st.text(alphabet="xwy+-*/()²=;. 0123456789", max_size=20)
_FIELDS = {
    "do": st.sampled_from(
        ["open", "lesson", "set", "learn", "rate", "update", "train", "stop", "reset", "language"]
    ),
    "expression": _EXPRESSIONS,
    "values": st.dictionaries(_NAMES, _NUMBERS, max_size=3),
    "learn": st.booleans() | st.lists(_NAMES, max_size=3),
    "name": _NAMES | st.sampled_from(sorted(LESSONS)),
    "value": _NUMBERS,
    "rate": _NUMBERS,
    "steps": st.integers(-1, 12),
    "lang": st.sampled_from(["en", "fr", "de"]),
    "number": st.integers(-1, 100),
}
_FITTING = st.one_of(
    st.fixed_dictionaries(
        {"do": st.just("open"), "expression": _EXPRESSIONS}, optional={"values": _FIELDS["values"]}
    ),
    st.fixed_dictionaries({"do": st.just("set"), "name": _NAMES, "value": _NUMBERS}),
    st.fixed_dictionaries({"do": st.just("learn"), "name": _NAMES, "learn": st.booleans()}),
    st.fixed_dictionaries({"do": st.just("rate"), "value": _NUMBERS}),
    st.fixed_dictionaries({"do": st.just("train"), "steps": _FIELDS["steps"]}),
    st.fixed_dictionaries({"do": st.sampled_from(["update", "reset", "stop"])}),
)
_MESSAGES = _FITTING | st.fixed_dictionaries({}, optional=_FIELDS) | _JSON


@settings(max_examples=60, deadline=None)
@given(st.lists(_MESSAGES, min_size=1, max_size=6))
def test_any_messages_get_replies_that_json_can_hold(messages: list[Any]) -> None:
    session = Session()
    for message in messages:
        reply = session.handle(message)
        replies = [reply] if isinstance(reply, dict) else list(reply)
        for one in replies:
            assert one["kind"] in ("state", "refused")
            json.dumps(one, allow_nan=False).encode()


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=40) | _JSON.map(lambda data: json.dumps(data)))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        message = protocol.read(text)
    except errors.MessageRefusedError as refused:
        assert str(refused)  # noqa: PT017  (either is right)
    else:
        assert isinstance(message, dict)
