"""What a page may send: one JSON object a message, each of its fields checked before anything is done.

>>> read('{"do": "set", "name": "w", "value": 2, "number": 7}')
{'do': 'set', 'name': 'w', 'value': 2.0, 'number': 7}
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any, NoReturn

from chainrule import errors
from chainrule.expressions.lexer import canonical_name

#: The most characters of a message, and of the expression in it.
LONGEST_MESSAGE = 16_384
LONGEST_EXPRESSION = 2_000

#: The most steps of one training.
MOST_STEPS = 10_000

#: The most that a learning rate may be.
LARGEST_RATE = 1e6

_MOST_NAMES = 400


class _Unfit(Exception):
    """A value that a field does not take; its text is what the field takes."""


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise _Unfit("a text")
    return value


def _name(value: Any) -> str:
    return canonical_name(_text(value))


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise _Unfit("a number")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise _Unfit("a finite number, between -1.8e308 and 1.8e308")
    return number


def _rate(value: Any) -> float:
    rate = _number(value)
    if not 0 < rate <= LARGEST_RATE:
        raise _Unfit(f"a learning rate above 0, up to {LARGEST_RATE:,.0f}")
    return rate


def _whole(least: int, most: int) -> Callable[[Any], int]:
    def checked(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise _Unfit(f"a whole number from {least:,} to {most:,}")
        return value

    return checked


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise _Unfit("true or false")
    return value


def _numbers(value: Any) -> dict[str, float]:
    if not isinstance(value, dict) or len(value) > _MOST_NAMES:
        raise _Unfit(f"an object of at most {_MOST_NAMES} numbers by their names")
    return {_name(name): _number(one) for name, one in value.items()}


def _names(value: Any) -> list[str]:
    if not isinstance(value, list) or len(value) > _MOST_NAMES:
        raise _Unfit(f"a list of at most {_MOST_NAMES} names")
    return [_name(one) for one in value]


_Fields = dict[str, Callable[[Any], Any]]

#: The fields that each message must have.
_REQUIRED: dict[str, _Fields] = {
    "open": {"expression": _text},
    "lesson": {"name": _text},
    "set": {"name": _name, "value": _number},
    "learn": {"name": _name, "learn": _flag},
    "rate": {"value": _rate},
    "update": {},
    "train": {"steps": _whole(1, MOST_STEPS)},
    "stop": {},
    "reset": {},
    "language": {"lang": _text},
}

#: Those that it may have. Every message may have a number, and the replies after it carry that number.
_OPTIONAL: dict[str, _Fields] = {"open": {"values": _numbers, "learn": _names, "rate": _rate}}
_NUMBER: _Fields = {"number": _whole(0, 2**53)}


def read(text: str) -> dict[str, Any]:
    """The message that ``text`` holds, as :func:`check` returns it. Raises MessageRefusedError."""
    if len(text) > LONGEST_MESSAGE:
        raise errors.message_too_long(len(text), LONGEST_MESSAGE)
    try:
        message = json.loads(text, parse_constant=_no_constant)
    except RecursionError:
        raise errors.message_too_deep() from None
    except ValueError as problem:
        raise errors.message_not_json(str(problem)) from None
    return check(message)


def _no_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number of JSON's")


def check(message: Any) -> dict[str, Any]:
    """``message`` with every field checked and numbers as floats.

    Raises MessageRefusedError for what is no message: an unknown ``do``, a field that is missing, unknown
    or of the wrong kind, a number that is not finite.

    >>> check({"do": "set", "name": "w", "value": True})
    Traceback (most recent call last):
    ...
    chainrule.errors.studio.MessageRefusedError: the field "value" of set is bool True: give a number
    """
    if not isinstance(message, dict):
        raise errors.message_not_object(message)
    do = message.get("do")
    if not isinstance(do, str) or do not in _REQUIRED:
        raise errors.message_unknown(do, _REQUIRED)
    required = _REQUIRED[do]
    fields = {**required, **_OPTIONAL.get(do, {}), **_NUMBER}
    for name in required:
        if name not in message:
            raise errors.message_field_missing(do, name)
    checked: dict[str, Any] = {"do": do}
    for name, value in message.items():
        if name == "do":
            continue
        if name not in fields:
            raise errors.message_field_unknown(do, name, fields)
        try:
            checked[name] = fields[name](value)
        except _Unfit as expected:
            raise errors.message_field(do, name, value, str(expected)) from None
    return checked
