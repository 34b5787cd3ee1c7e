"""A derivation is plain data, and goes through JSON unchanged, infinities and NaN included."""

from __future__ import annotations

import dataclasses
import json

import pytest
from graphs import GRAPHS, a_b_c_f, regression
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule import Value, explain
from chainrule.errors import DTypeError
from chainrule.explain import Derivation

NUMBERS = st.floats(allow_nan=True, allow_infinity=True, width=64)
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["add", "sub", "mul", "div", "exp", "log", "sqrt", "tanh", "relu", "neg", "pow"]),
        st.integers(0, 30),
        st.integers(0, 30),
    ),
    min_size=1,
    max_size=12,
)


def computed(numbers, steps):
    nodes = [Value(number) for number in numbers]
    for name, i, j in steps:
        a, b = nodes[i % len(nodes)], nodes[j % len(nodes)]
        nodes.append(
            {
                "add": lambda a=a, b=b: a + b,
                "sub": lambda a=a, b=b: a - b,
                "mul": lambda a=a, b=b: a * b,
                "div": lambda a=a, b=b: a / b,
                "neg": lambda a=a: -a,
                "pow": lambda a=a: a**3,
            }.get(name, getattr(a, name, None))()
        )
    return nodes[-1]


@settings(max_examples=60, deadline=None)
@given(st.lists(NUMBERS, min_size=1, max_size=4), STEPS, st.sampled_from(["en", "fr"]))
def test_round_trip(numbers, steps, lang):
    derivation = explain(computed(numbers, steps), torch=False, lang=lang)
    text = derivation.to_json()
    again = Derivation.from_json(text)
    assert again.to_json() == text
    assert again.text() == derivation.text()
    assert_plain(derivation.to_dict())
    json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))


def assert_plain(data):
    if isinstance(data, dict):
        for key, value in data.items():
            assert type(key) is str
            assert_plain(value)
    elif isinstance(data, list):
        for value in data:
            assert_plain(value)
    else:
        assert data is None or type(data) in (str, int, float, bool), type(data)


@pytest.mark.parametrize("name", GRAPHS)
def test_plain_data_only(name):
    derivation = explain(GRAPHS[name](), torch=False)
    assert_plain(derivation.to_dict())
    assert Derivation.from_dict(derivation.to_dict()) == derivation


def test_the_schema():
    data = a_b_c_f(torch=False).to_dict()
    assert list(data) == [
        "result", "variables", "locals", "contributions", "checks", "seed", "lang", "notes",
        "rate", "groups", "images", "inner_checks",
    ]  # fmt: skip
    assert data["variables"][2] == {
        "id": 2, "name": "e", "kind": "intermediate", "shape": [], "dtype": "float64", "value": -6.0,
        "operation": "mul", "inputs": [0, 1], "formula": ["mul", ["ref", 0], ["ref", 1]], "source": None,
    }  # fmt: skip
    assert data["locals"][0]["formula"] == ["ref", 1]
    first = data["contributions"][0]
    assert first["upstream"] == 1.0
    assert first["amount"] == first["total"] == -2.0
    assert first["summed"] == []


def test_infinities_travel_as_words():
    x = Value(0.0)
    derivation = explain(x.log(), torch=False)
    assert derivation.to_dict()["variables"][1]["value"] == {"number": "−∞"}
    assert Derivation.from_json(derivation.to_json()).gradient("x") == float("inf")


def test_non_ascii_names_stay_readable():
    assert '"name": "ŷ"' in regression(torch=False).to_json()


@pytest.mark.parametrize(
    "text", ["", "{", "null", "[]", "{}", '{"result": 0}', '{"variables": [3]}', "3", '{"number": "∞"}']
)
def test_other_json_is_refused(text):
    with pytest.raises(DTypeError, match=r"^this is not the JSON of a derivation .*give what Derivation"):
        Derivation.from_json(text)


def test_what_is_no_text_is_refused():
    with pytest.raises(DTypeError, match="this is not the JSON of a derivation"):
        Derivation.from_json(None)


def test_a_field_too_many_is_refused():
    data = regression(torch=False).to_dict()
    data["variables"][0]["colour"] = "red"
    with pytest.raises(DTypeError, match="colour"):
        Derivation.from_dict(data)


def test_it_is_frozen_and_short_in_a_session():
    derivation = regression(torch=False)
    with pytest.raises(dataclasses.FrozenInstanceError):
        derivation.seed = 2.0
    assert repr(derivation) == "<Derivation of L: 6 variables, 3 contributions>"


def test_an_indented_json_is_the_same():
    derivation = regression(torch=False)
    assert json.loads(derivation.to_json(indent=2)) == json.loads(derivation.to_json())
