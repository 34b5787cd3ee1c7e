"""A derivation as a LaTeX document of its own, for pdflatex with amsmath, amssymb and TikZ."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import wrap

from chainrule.explain.derivation import Derivation
from chainrule.explain.latex_math import LaTeX, escaped, rows
from chainrule.explain.statements import SECTIONS, Section, Statement, Statements

_PREAMBLE = r"""\documentclass{article}
\usepackage[T1]{fontenc}
\usepackage[utf8]{inputenc}
\IfFileExists{lmodern.sty}{\usepackage{lmodern}}{}
\usepackage{amsmath, amssymb, tikz}
\setlength{\textwidth}{470pt}
\setlength{\oddsidemargin}{-10pt}
\setlength{\textheight}{640pt}
\setlength{\topmargin}{-40pt}
\allowdisplaybreaks
\newsavebox{\graph}
"""

#: Where the graph goes: as it is, or as high as a page allows.
_GRAPH = r"""\savebox{\graph}{%%
%s}
\begin{center}
\ifdim\ht\graph>0.9\textheight \resizebox{!}{0.9\textheight}{\usebox{\graph}}\else\usebox{\graph}\fi
\end{center}"""

#: Characters beyond ASCII that pdflatex knows by itself.
_KNOWN = (frozenset(map(chr, range(0xA1, 0x180))) | set("–—‘’“”„…‹›€")) - set("ĦħĸĿŀŉŦŧſ")


#: So many characters of a sentence fit beside the left sides of formulas.
_SENTENCE = 72


def latex(derivation: Derivation, lang: str, graph: str = "") -> str:
    """The explanation as a document, in the language ``lang``; ``graph``, a TikZ picture, is shown before
    the way back.

    >>> from chainrule import Value, explain
    >>> a, b = Value(2.0), Value(-3.0)
    >>> L = a * b
    >>> [line for line in latex(explain(L, torch=False), "en").split("\\n") if line.startswith("L")]
    ['L &= a \\\\cdot b = 2 \\\\cdot (-3) = -6']

    Raises DomainError for a language that is not there.
    """
    statements = Statements(derivation, lang)
    body = "\n".join(text for section in SECTIONS for text in _section(statements, section, graph))
    unknown = sorted({c for c in body if not c.isascii() and c not in _KNOWN})
    declared = "".join(
        f"\\DeclareUnicodeCharacter{{{ord(c):04X}}}{{\\texttt{{\\footnotesize U+{ord(c):04X}}}}}\n"
        for c in unknown
    )
    return f"{_PREAMBLE}{declared}\\begin{{document}}\n{body}\n\\end{{document}}\n"


def _section(statements: Statements, section: Section, graph: str) -> Iterator[str]:
    lines = list(statements.lines(section))
    if not lines:
        return
    yield f"\\section{{\\raggedright {escaped(statements.title(section))}}}"
    if section == "backward" and graph:
        yield _GRAPH % graph
    found = [row for one in lines for row in _rows(one, statements.derivation)]
    yield "\\begin{align*}\n" + " \\\\\n".join(found) + "\n\\end{align*}"
    if section == SECTIONS[-1]:
        for note in statements.derivation.notes:
            yield escaped(statements.say.get(note, note))


def _rows(line: Statement | str, derivation: Derivation) -> Iterator[str]:
    dialect = LaTeX()
    if isinstance(line, str):
        yield f"& {dialect.words(line)}"
        return
    yield from rows(line, derivation, dialect)
    beneath = (*(f"({remark})" for remark in line.remarks), *(t for c in line.comparisons for t in c.lines))
    for sentence in beneath:
        yield from (f"& \\quad {dialect.words(part)}" for part in wrap(sentence, _SENTENCE))
