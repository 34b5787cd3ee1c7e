"""The expression language of ``chainrule explain "L = (x*w - y)**2" x=1 y=2 w=1``.

Numbers, names, ``+ - * / **``, parentheses, the known functions, and assignments separated by ``;``
or new lines, with Python's precedence. The signs of printed notes are understood too: ``−`` for
minus, ``·`` and ``×`` for a product, ``²`` for a square, ``ŷ`` and ``y'`` as names.

A text is read by a parser of its own and becomes plain data. It can do arithmetic and nothing else:
there is no way from it to Python code, attributes or files.
"""

from __future__ import annotations

from .bindings import parse_bindings
from .evaluation import evaluate
from .nodes import (
    FUNCTIONS,
    Assignment,
    Binary,
    Call,
    Expression,
    Name,
    Number,
    Program,
    Unary,
    children,
    postorder,
)
from .parser import parse
from .writing import unparse

__all__ = [
    "FUNCTIONS",
    "Assignment",
    "Binary",
    "Call",
    "Expression",
    "Name",
    "Number",
    "Program",
    "Unary",
    "children",
    "evaluate",
    "parse",
    "parse_bindings",
    "postorder",
    "unparse",
]
