"""Numbers laid out for a terminal: vectors on a line, matrices in columns, long ones by their ends."""

from __future__ import annotations

from typing import Any

from chainrule.explain.notation import number

#: Longer vectors, and matrices with more rows or columns, are shown by their ends.
_MOST = 10
_ENDS = 3

#: A vector that takes more columns is shown to four digits.
_COLUMNS = 80


def _ends(values: list[Any]) -> list[Any]:
    """``values``, or its ends with an ellipsis between them."""
    return values if len(values) <= _MOST else [*values[:_ENDS], "…", *values[-_ENDS:]]


def elided(value: Any) -> str:
    """A number, or a vector on one line.

    >>> elided([1.0, 2.5]), elided(list(range(12)))
    ('[1, 2.5]', '[0, 1, 2, …, 9, 10, 11]')
    """
    if not isinstance(value, list):
        return number(value)
    exact, short = (
        f"[{', '.join(one if one == '…' else written(one) for one in _ends(value))}]"
        for written in (number, _cell)
    )
    return exact if len(exact) <= _COLUMNS else short


def laid_out(value: Any) -> str:
    """A matrix, one row a line, in columns; several of them one after the other."""
    if value and isinstance(value[0], list) and value[0] and isinstance(value[0][0], list):
        return "\n\n".join("   …" if one == "…" else laid_out(one) for one in _ends(value))
    cells = [
        ["…"] if row == "…" else [one if one == "…" else _cell(one) for one in _ends(row)]
        for row in _ends(value)
    ]
    width = max((len(cell) for row in cells for cell in row), default=0)
    return "\n".join("   " + "  ".join(cell.rjust(width) for cell in row) for row in cells)


def _cell(value: Any) -> str:
    return number(float(f"{value:.4g}"))


def rough(error: float) -> str:
    """An error to one digit.

    >>> rough(6.4e-11)
    '6e−11'
    """
    return number(float(f"{error:.0e}"))


def bracketed(formula: str) -> str:
    """A factor of a product: what starts with a sign, in brackets."""
    return f"({formula})" if formula.startswith("−") else formula
