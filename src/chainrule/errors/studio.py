"""Messages about the studio: what a page asked for and cannot have, and why it cannot be opened."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from chainrule.errors.kinds import ChainruleError, shown


class MessageRefusedError(ChainruleError, ValueError):
    """A message to the studio that is not one of its own, or asks for too much."""


class StudioUnavailableError(ChainruleError, RuntimeError):
    """A studio that cannot be opened here."""


def message_too_long(length: int, limit: int) -> MessageRefusedError:
    return MessageRefusedError(f"a message of {length:,} characters, and {limit:,} are the most: send less")


def message_not_json(reason: str) -> MessageRefusedError:
    return MessageRefusedError(
        f'the message is not JSON ({reason}): send an object such as {{"do": "update"}}'
    )


def message_too_deep() -> MessageRefusedError:
    return MessageRefusedError("the message is nested too deeply: no message has a list within a list")


def message_not_object(value: Any) -> MessageRefusedError:
    return MessageRefusedError(
        f"a message is an object, got {type(value).__name__} {shown(value)}: "
        'send one such as {"do": "update"}'
    )


def message_unknown(value: Any, known: Iterable[str]) -> MessageRefusedError:
    return MessageRefusedError(f'"do" is {shown(value)}: it is one of {", ".join(known)}')


def message_field_unknown(do: str, name: Any, known: Iterable[str]) -> MessageRefusedError:
    fields = ", ".join(known) or "none"
    return MessageRefusedError(
        f"{do} has no field {shown(name)} (its fields are: {fields}): leave {shown(name)} out"
    )


def message_field_missing(do: str, name: str) -> MessageRefusedError:
    return MessageRefusedError(f'{do} needs the field "{name}": add it')


def message_field(do: str, name: str, value: Any, expected: str) -> MessageRefusedError:
    return MessageRefusedError(
        f'the field "{name}" of {do} is {type(value).__name__} {shown(value)}: give {expected}'
    )


def studio_expression_too_long(length: int, limit: int) -> MessageRefusedError:
    return MessageRefusedError(
        f"the expression has {length:,} characters, and {limit:,} are the most here: "
        'explain a larger one with the command chainrule explain "…"'
    )


def studio_expression_too_large(count: int, limit: int) -> MessageRefusedError:
    return MessageRefusedError(
        f"the expression has {count:,} operations, and {limit:,} are the most here: "
        'explain a larger one with the command chainrule explain "…"'
    )


def studio_input_unknown(name: str, known: Iterable[str]) -> MessageRefusedError:
    return MessageRefusedError(
        f"the expression has no input {shown(name)}: its inputs are {', '.join(known) or 'none'}"
    )


def studio_lesson_unknown(name: str, known: Iterable[str]) -> MessageRefusedError:
    return MessageRefusedError(f"there is no lesson {shown(name)}: the lessons are {', '.join(known)}")


def studio_packages_missing(name: str) -> StudioUnavailableError:
    return StudioUnavailableError(
        f'the studio needs the package {name}, which is not installed: pip install "chainrule[studio]"'
    )


def studio_port_taken(port: int, reason: str) -> StudioUnavailableError:
    return StudioUnavailableError(
        f"the studio cannot listen on port {port} of 127.0.0.1 ({reason}): "
        "choose another port, or 0 for one that is free"
    )
