"""A derivation as Markdown, its formulas as GitHub, Jupyter and VS Code all set them.

GitHub reads the text of a formula as Markdown first, which takes the backslash from ``\\,`` and ``\\_`` and
makes emphasis of underscores. So no formula here has a backslash before a sign, or a sign that Markdown
reads.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from chainrule.explain.derivation import Derivation
from chainrule.explain.latex_math import SIGNS, LaTeX, rows
from chainrule.explain.layout import elided
from chainrule.explain.notation import Plain, Writer
from chainrule.explain.statements import SECTIONS, Section, Statement, Statements

#: So many rows go into one formula.
_ROWS = 20

_RULE = "\\rule{0.4em}{0.06em}"


class MarkdownMath(LaTeX):
    """The dialect of formulas within Markdown: characters that it would read are drawn, or full-width."""

    signs = SIGNS | {
        "@": "\\mathbin{@}",
        "_": _RULE,
        "<": "\\lt",
        ">": "\\gt",
        "[": "\\lbrack",
        "]": "\\rbrack",
        "{": "\\lbrace",
        "}": "\\rbrace",
        "\\": "\\backslash",
        "|": "\\vert",
    }
    escapes: Mapping[str, str] = {sign: chr(ord(sign) + 0xFEE0) for sign in '!"#$%&*^`~'}
    underscore = _RULE


def markdown(derivation: Derivation, lang: str, graph: str = "") -> str:
    """The explanation as Markdown, in the language ``lang``; ``graph`` is a Mermaid graph, shown after the
    forward pass.

    >>> from chainrule import Value, explain
    >>> a, b = Value(2.0), Value(-3.0)
    >>> L = a * b
    >>> [line for line in markdown(explain(L, torch=False), "en").split("\\n") if line.startswith("L")]
    ['L &= a \\\\cdot b = 2 \\\\cdot (-3) = -6']

    Raises DomainError for a language that is not there.
    """
    statements = Statements(derivation, lang)
    parts = [part for place, one in enumerate(SECTIONS, 1) for part in _section(statements, place, one)]
    if graph:
        place = next(i for i, part in enumerate(parts) if part.startswith("## 2."))
        parts.insert(place, f"```mermaid\n{graph.rstrip()}\n```")
    notes = [_escaped(statements.say.get(note, note)) for note in derivation.notes]
    return "\n\n".join([*parts, *notes]) + "\n"


def _section(statements: Statements, place: int, section: Section) -> Iterator[str]:
    lines = list(statements.lines(section))
    if not lines:
        return
    yield f"## {place}. {_escaped(statements.title(section))}"
    yield from _table(statements, lines) if section == "gradients" else _formulas(statements, lines)


def _formulas(statements: Statements, lines: Iterable[Statement | str]) -> Iterator[str]:
    """The lines in formulas of several rows, with the sentences between them."""
    waiting: list[str] = []
    for line in lines:
        said = [line] if isinstance(line, str) else [f"({remark})" for remark in line.remarks]
        if isinstance(line, Statement):
            waiting += rows(line, statements.derivation, MarkdownMath())
        if waiting and (said or len(waiting) >= _ROWS):
            yield _aligned(waiting)
            waiting = []
        yield from map(_escaped, said)
    if waiting:
        yield _aligned(waiting)


def _aligned(found: list[str]) -> str:
    return "$$\n\\begin{aligned}\n" + " \\cr\n".join(found) + "\n\\end{aligned}\n$$"


def _table(statements: Statements, lines: Iterable[Statement | str]) -> Iterator[str]:
    say = statements.say
    header = [say["gradient_column"], say["value_column"], say["check_column"]]
    table = [_row(header), _row(["---"] * 3)]
    after = []
    for line in lines:
        if isinstance(line, str):
            after.append(_escaped(line))
        else:
            table.append(_row(_cells(line, statements.derivation)))
    yield "\n".join(table)
    yield from after


def _cells(line: Statement, derivation: Derivation) -> list[str]:
    gradient = Writer.of(derivation, MarkdownMath()).formula(line.left)
    if line.array is None:
        value = Writer.of(derivation, Plain()).formula(line.sides[-1])
    elif line.array.value is None or len(line.array.shape) > 1:
        value = str(line.array.shape)
    else:
        value = elided(line.array.value)
    compared = [text.strip() for one in line.comparisons for text in one.lines]
    return [f"${gradient}$", _escaped(value), "<br>".join(map(_escaped, compared))]


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _escaped(text: str) -> str:
    """``text`` as words: nothing in it is read as Markdown or HTML."""
    return "".join(
        f"\\{c}" if c in "\\`*_[]|~#" else f"&#{ord(c)};" if c in "<>&$" else c if c.isprintable() else " "
        for c in text
    )
