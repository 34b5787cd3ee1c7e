"""Messages about the expression language and the command's values."""

from __future__ import annotations

from typing import Any

from chainrule.errors.kinds import (
    DomainError,
    DTypeError,
    NameUnknownError,
    SyntaxInvalidError,
    shown,
)

# ``where`` is the text with a caret under the place, as chainrule.expressions.place draws it.

_CHARACTER_REMEDIES = {
    "^": "a power is written **, as in x**2",
    "//": "a division is written with one /",
    "%": "there is no remainder here; a division is written /",
    "@": "an expression works on single numbers: a product is written *",
    ".": "there are no attributes here, and a number is written 2.5 or .5",
    "[": "there is no indexing here: give every number a name of its own, as x0 and x1",
    "]": "there is no indexing here: give every number a name of its own, as x0 and x1",
    "{": "group with parentheses",
    "}": "group with parentheses",
    "'": "there is no text in quotes here; a prime follows its name, as in y'",
    '"': "there is no text in quotes here, only numbers and names",
    "`": "there is no text in quotes here, only numbers and names",
    "#": "there are no comments here: leave them out",
    ":": "statements are separated by ; and a value is given as name = expression",
    ":=": "a value is given as name = expression",
    "|": "an absolute value is written abs(x)",
    "√": "a square root is written sqrt(x)",
    "!": "there is no factorial and no negation here",
}
_COMPARISONS = ("==", "!=", "<", ">", "<=", ">=", "≤", "≥", "≠", "≈")
_UPDATES = ("+=", "-=", "*=", "/=", "**=", "//=")
_FUNCTION_REMEDIES = {
    "ln": "write log: it is the natural logarithm",
    "pow": "a power is written a**b",
    "square": "a square is written x**2",
    "σ": "write sigmoid",
    "th": "write tanh",
    "racine": "write sqrt",
}


def _placed(found: str, where: str, remedy: str) -> str:
    """What was found, the text with its caret (nothing when there is no text), the remedy."""
    return f"{found}\n{where}\n{remedy}" if where else f"{found}: {remedy}"


def expression_not_text(value: Any) -> DTypeError:
    return DTypeError(
        f"an expression is a text, got {type(value).__name__} {shown(value)}: "
        'write it in quotes, as in parse("L = (x*w - y)**2")'
    )


def expression_not_parsed(value: Any, function: str) -> DTypeError:
    return DTypeError(
        f"{function} works on what parse returned, got {type(value).__name__} {shown(value)}: "
        f"give it parse(text)"
    )


def expression_empty() -> SyntaxInvalidError:
    return SyntaxInvalidError(
        'the expression is empty: write one, as in "L = (x*w - y)**2", and its values after it'
    )


def expression_too_long(length: int, limit: int) -> SyntaxInvalidError:
    return SyntaxInvalidError(
        f"the expression has {length:,} characters and {limit:,} are the most: "
        "write a program of this size as a Python script"
    )


def expression_too_deep(limit: int, where: str) -> SyntaxInvalidError:
    found = f"more than {limit} parentheses are open at once"
    return SyntaxInvalidError(_placed(found, where, "give the inner part a name, as in t = …; L = …"))


def expression_character(found: str, where: str) -> SyntaxInvalidError:
    """A character, or a sign of several, that the language does not have."""
    if found in _COMPARISONS:
        remedy = "there are no comparisons here; maximum(a, b), minimum(a, b) and relu(x) choose"
    elif found in _UPDATES:
        remedy = "a name is given one value, once: name = expression"
    else:
        remedy = _CHARACTER_REMEDIES.get(
            found,
            "an expression is made of numbers, names, + - * / **, parentheses, "
            "the known functions, = and ;",
        )
    code = "" if found.isascii() or not found.isprintable() else f" (U+{ord(found):04X})"
    return SyntaxInvalidError(
        _placed(f"{found!r}{code} is not part of the expression language", where, remedy)
    )


def expression_number_too_large(text: str, where: str) -> SyntaxInvalidError:
    shown = text if len(text) <= 30 else text[:29] + "…"
    return SyntaxInvalidError(_placed(f"the number {shown} is too large", where, "write one below 1.8e308"))


def expression_number_underscore(where: str) -> SyntaxInvalidError:
    return SyntaxInvalidError(
        _placed("there is an underscore in a number", where, "write its digits alone, as in 1000")
    )


def expression_name_too_long(length: int, limit: int, where: str) -> SyntaxInvalidError:
    found = f"a name of {length:,} characters, and {limit} are the most"
    return SyntaxInvalidError(_placed(found, where, "choose a shorter name"))


def expression_missing_operator(left: str, right: str, where: str) -> SyntaxInvalidError:
    """Two operands side by side: ``2x``."""
    found = f"an operator is missing between {left} and {right}"
    remedy = "a product is written with its *, as in 2*x; statements are separated by ;"
    return SyntaxInvalidError(_placed(found, where, remedy))


def expression_python_word(word: str, where: str) -> SyntaxInvalidError:
    """A word of Python's beside an operand: ``x if y else z``, ``import os``."""
    found = f"{word} is a word of Python, not of the expression language"
    remedy = "only arithmetic, the known functions and assignments are understood"
    return SyntaxInvalidError(_placed(found, where, remedy))


def expression_missing_operand(after: str, found: str, where: str) -> SyntaxInvalidError:
    """Something that a number or a name should follow: an operator, a parenthesis, ``=``, ``,``."""
    place = f"after {after}" if after else "at the start"
    return SyntaxInvalidError(
        _placed(
            f"expected a number, a name, a function or '(' {place}, found {found}",
            where,
            f"write what is missing, or take {after or found} out",
        )
    )


def expression_unclosed(where: str) -> SyntaxInvalidError:
    return SyntaxInvalidError(_placed("this '(' is never closed", where, "add the ')' that belongs to it"))


def expression_unopened(where: str) -> SyntaxInvalidError:
    return SyntaxInvalidError(
        _placed("this ')' closes nothing", where, "take it out, or add the '(' that belongs to it")
    )


def expression_comma(where: str) -> SyntaxInvalidError:
    return SyntaxInvalidError(
        _placed(
            "a ',' only separates the two arguments of maximum and minimum",
            where,
            "decimals are written with a point, as in 1.5; statements are separated by ;",
        )
    )


def expression_function_unknown(
    name: str, nearest: str | None, known: tuple[str, ...], where: str
) -> NameUnknownError:
    if name in _FUNCTION_REMEDIES:
        remedy = _FUNCTION_REMEDIES[name]
    elif nearest is not None:
        remedy = f"did you mean {nearest}? (a product is written {name}*(…))"
    else:
        remedy = f"the functions are {', '.join(known)}; a product is written {name}*(…)"
    return NameUnknownError(_placed(f"{name} is not a known function", where, remedy))


def expression_function_bare(name: str, where: str) -> SyntaxInvalidError:
    return SyntaxInvalidError(
        _placed(f"{name} is a function, and is not called here", where, f"write {name}(…)")
    )


def expression_arguments(name: str, found: int, expected: int, where: str) -> SyntaxInvalidError:
    form, noun = (f"{name}(x)", "argument") if expected == 1 else (f"{name}(a, b)", "arguments")
    return SyntaxInvalidError(
        _placed(f"{name} takes {expected} {noun}, found {found}", where, f"write {form}")
    )


def expression_superscript(where: str) -> SyntaxInvalidError:
    return SyntaxInvalidError(
        _placed("a power of a power needs parentheses", where, "write (x²)**3 or x**(2**3)")
    )


def expression_assign_function(name: str, where: str) -> SyntaxInvalidError:
    return SyntaxInvalidError(
        _placed(f"{name} is a function and cannot be assigned", where, "choose another name")
    )


def expression_assign_twice(name: str, where: str) -> SyntaxInvalidError:
    remedy = "give the second value a name of its own, so that each gradient has one name"
    return SyntaxInvalidError(_placed(f"{name} is assigned twice", where, remedy))


def expression_used_before(name: str, where: str) -> NameUnknownError:
    return NameUnknownError(
        _placed(
            f"{name} is used before its assignment",
            where,
            f"put the assignment of {name} before this, or give one of the two another name",
        )
    )


def expression_equals(where: str) -> SyntaxInvalidError:
    remedy = "write name = expression; statements are separated by ;"
    return SyntaxInvalidError(_placed("the left of '=' is one name alone", where, remedy))


def expression_unnamed(where: str) -> SyntaxInvalidError:
    return SyntaxInvalidError(
        _placed("only the last statement may have no name", where, "write name = in front of it")
    )


def values_not_mapping(value: Any, what: str) -> DTypeError:
    return DTypeError(
        f"{what} is a mapping from names, got {type(value).__name__} {shown(value)}: write {what}={{…}}"
    )


def values_missing(names: list[str]) -> NameUnknownError:
    subject = f"{names[0]} has" if len(names) == 1 else f"{', '.join(names)} have"
    remedy = " ".join(f"{name}=…" for name in names)
    return NameUnknownError(f"{subject} no value: add {remedy} after the expression")


def value_extra(name: str, inputs: tuple[str, ...], nearest: str | None) -> NameUnknownError:
    known = f"its inputs are {', '.join(inputs)}" if inputs else "it has no inputs"
    remedy = f"did you mean {nearest}=…?" if nearest else f"leave {name}=… out"
    return NameUnknownError(f"{name} is not used by the expression ({known}): {remedy}")


def value_assigned(name: str) -> DomainError:
    return DomainError(
        f"{name} is computed by the expression and cannot be given a value too: leave {name}=… out"
    )


def value_twice(name: str) -> DomainError:
    return DomainError(f"{name} is given two values, in two spellings of one name: keep one")


def value_type(name: Any, value: Any) -> DTypeError:
    return DTypeError(
        f"the value of {shown(name)} is {type(value).__name__} {shown(value)}: "
        "give a number, a Value, a Tensor or an array, under a name that is a text"
    )


def functions_missing(names: list[str]) -> NameUnknownError:
    listed = ", ".join(names)
    return NameUnknownError(
        f"the expression calls {listed}, which functions does not hold: add an entry for {listed}"
    )


def expression_failed(operation: str, reason: str, where: str) -> DomainError:
    """An operation whose value does not exist, or is too large."""
    return DomainError(_placed(f"{operation} cannot be computed ({reason})", where, "change the values"))


def expression_unsupported(operation: str, reason: str, where: str) -> DTypeError:
    """An operation that the values given do not have."""
    remedy = "give numbers, or values of one kind that have this operation"
    return DTypeError(_placed(f"{operation} is not possible for these values ({reason})", where, remedy))


def bindings_not_texts(value: Any) -> DTypeError:
    return DTypeError(
        f'values are a list of texts such as ["x=1", "y=2"], got {type(value).__name__} '
        f"{shown(value)}: write each as name=number"
    )


def binding_no_equals(text: str) -> DomainError:
    return DomainError(f"{shown(text)} has no '=': write it as name=number, for example x=1.5")


def binding_name(text: str, name: str, reason: str) -> DomainError:
    return DomainError(
        f"in {shown(text)}, {shown(name)} {reason}: write it as name=number, for example x=1.5"
    )


def binding_twice(name: str, first: float, second: str) -> DomainError:
    return DomainError(f"{name} is given twice, as {first:g} and as {shown(second)}: keep one of them")


def binding_not_number(name: str, text: str) -> DomainError:
    if not text:
        return DomainError(f"{name}= has no number after it: write {name}=1.5")
    if text.count(",") == 1 and text.replace(",", "").lstrip("+-−").isdecimal():
        return DomainError(
            f"{shown(text)} has a comma: decimals are written with a point, as in "
            f"{name}={shown(text.replace(',', '.'))[1:-1]}"
        )
    return DomainError(
        f"in {shown(f'{name}={text}')}, {shown(text)} is not a number: write digits, as in {name}=-2.5e-3"
    )


def binding_not_finite(name: str, text: str) -> DomainError:
    return DomainError(
        f"{name}={shown(text)[1:-1]} is not a finite number: give one between -1.8e308 and 1.8e308"
    )
