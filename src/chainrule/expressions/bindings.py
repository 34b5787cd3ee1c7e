"""The values of the inputs, as they are typed on the command line: ``x=1 y=-2.5e-3``."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable

from .. import errors
from .lexer import canonical_name, is_name
from .parser import function_name

_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[+-]?(?:nan|inf|infinity|∞)", re.IGNORECASE)


def parse_bindings(texts: Iterable[str]) -> dict[str, float]:
    """The number that each ``name=number`` gives, in their order.

    Raises:
        DTypeError: ``texts`` is not a list of texts.
        DomainError: no ``=``, no name before it, no finite number after it, a name given twice.

    >>> parse_bindings(["x=1", "y=-2.5e-3"])
    {'x': 1.0, 'y': -0.0025}
    """
    if isinstance(texts, str | bytes) or not isinstance(texts, Iterable):
        raise errors.bindings_not_texts(texts)
    values: dict[str, float] = {}
    for text in texts:
        if not isinstance(text, str):
            raise errors.bindings_not_texts(text)
        before, equals, after = text.partition("=")
        if not equals:
            raise errors.binding_no_equals(text)
        name, written = canonical_name(before.strip()), after.strip()
        _check_name(text, name)
        if name in values:
            raise errors.binding_twice(name, values[name], written)
        values[name] = _number(name, written)
    return values


def _check_name(text: str, name: str) -> None:
    if not is_name(name):
        raise errors.binding_name(text, name, "is not a name")
    if function_name(name) is not None:
        raise errors.binding_name(text, name, "is a function and takes no value")


def _number(name: str, written: str) -> float:
    plain = written.replace("−", "-").replace("–", "-")
    if _NOT_FINITE.fullmatch(plain):
        raise errors.binding_not_finite(name, written)
    if not _NUMBER.fullmatch(plain):
        raise errors.binding_not_number(name, written)
    value = float(plain)
    if math.isinf(value):
        raise errors.binding_not_finite(name, written)
    return value
