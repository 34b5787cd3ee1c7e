"""Numbers laid out for a terminal: vectors on a line, matrices in columns, long ones by their ends."""

from __future__ import annotations

from typing import Any

from chainrule.explain.notation import number

#: Longer vectors, and matrices with more rows or columns, are shown by their ends.
_MOST = 10
_ENDS = 3

#: A vector that takes more columns is shown to four digits.
_COLUMNS = 80


def ends(values: list[Any]) -> list[Any]:
    """``values``, or its ends with an ellipsis between them."""
    return values if len(values) <= _MOST else [*values[:_ENDS], "…", *values[-_ENDS:]]


def elided(value: Any) -> str:
    """A number, or a vector on one line.

    >>> elided([1.0, 2.5]), elided(list(range(12)))
    ('[1, 2.5]', '[0, 1, 2, …, 9, 10, 11]')
    """
    if not isinstance(value, list):
        return number(value)
    return f"[{', '.join(one if one == '…' else number(one) for one in vector(value))}]"


def vector(value: list[Any]) -> list[Any]:
    """The numbers of a vector that are shown, with an ellipsis for those between: to six digits, or to
    four where six do not fit on a line."""
    found = ends(value)
    line = ", ".join(one if one == "…" else number(one) for one in found)
    return found if len(line) + 2 <= _COLUMNS else rounded(found)


def clipped(value: Any) -> Any:
    """An array by its ends along every axis, with ellipses for what is between.

    >>> clipped([[1.0] * 20])
    [[1.0, 1.0, 1.0, '…', 1.0, 1.0, 1.0]]
    """
    return [clipped(one) for one in ends(value)] if isinstance(value, list) else value


def rounded(value: Any) -> Any:
    """A number, or those of an array, to four digits."""
    if isinstance(value, list):
        return [rounded(one) for one in value]
    return value if value == "…" else float(f"{value:.4g}")


def shown(value: list[Any]) -> list[Any]:
    """An array as it is laid out: by its ends, and rounded where it has more axes than a vector."""
    return rounded(clipped(value)) if value and isinstance(value[0], list) else vector(value)


def is_deep(value: Any) -> bool:
    """Whether ``value`` has more axes than a matrix."""
    return bool(value and isinstance(value[0], list) and value[0] and isinstance(value[0][0], list))


def laid_out(value: Any) -> str:
    """A matrix, one row a line, in columns; several of them one after the other."""
    if is_deep(value):
        return "\n\n".join("   …" if one == "…" else laid_out(one) for one in ends(value))
    cells = [
        ["…"] if row == "…" else [one if one == "…" else number(one) for one in row] for row in shown(value)
    ]
    width = max((len(cell) for row in cells for cell in row), default=0)
    return "\n".join("   " + "  ".join(cell.rjust(width) for cell in row) for row in cells)


def rough(error: float) -> str:
    """An error to one digit.

    >>> rough(6.4e-11)
    '6e−11'
    """
    return number(float(f"{error:.0e}"))
