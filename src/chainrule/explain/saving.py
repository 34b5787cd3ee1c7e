"""Writing an explanation to a file, in the form that the file's ending names."""

from __future__ import annotations

import json
from collections.abc import Callable
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from chainrule import errors
from chainrule.explain.derivation import Derivation

if TYPE_CHECKING:
    from chainrule.explain.descent import Descent


T = TypeVar("T")


def save(derivation: Derivation, path: str | PathLike[str], lang: str) -> None:
    """Write ``derivation`` to ``path``: .html .svg .tex .md .json .dot .mmd or .txt.

    Raises DomainError for another ending, or a language that is not there, and OSError where the file
    cannot be written.
    """
    _write(derivation, path, lang, WRITERS)


def save_descent(descent: Descent, path: str | PathLike[str], lang: str) -> None:
    """Write ``descent`` to ``path``: a page with its first step's graph (.html), its charts (.svg), .json
    or .txt.

    Raises what :func:`save` raises.
    """
    _write(descent, path, lang, DESCENT_WRITERS)


def _write(
    thing: T, path: str | PathLike[str], lang: str, writers: dict[str, Callable[[T, str], str]]
) -> None:
    """The whole is made before the file is opened, so that a failure leaves what was there."""
    ending = Path(path).suffix.lower()
    if ending not in writers:
        raise errors.unknown_ending(path, tuple(writers))
    text = writers[ending](thing, lang)
    # half of a pair of surrogates, which only ``names`` can bring in, is written as the escape that it is
    Path(path).write_text(text, encoding="utf-8", errors="backslashreplace")


def _html(derivation: Derivation, lang: str) -> str:
    from chainrule.explain.page import document

    return document(derivation, lang=lang)


def _svg(derivation: Derivation, lang: str) -> str:
    from chainrule.explain.picture.making import picture_of
    from chainrule.explain.picture.svg import svg

    return svg(picture_of(derivation, lang))


def _dot(derivation: Derivation, lang: str) -> str:
    from chainrule.explain.picture.dot import dot
    from chainrule.explain.picture.making import picture_of

    return dot(picture_of(derivation, lang))


def _mermaid(derivation: Derivation, lang: str) -> str:
    from chainrule.explain.picture.dot import mermaid
    from chainrule.explain.picture.making import picture_of

    return mermaid(picture_of(derivation, lang))


def _latex(derivation: Derivation, lang: str) -> str:
    from chainrule.explain.latex import latex
    from chainrule.explain.picture.making import picture_of
    from chainrule.explain.picture.tikz import tikz

    return latex(derivation, lang, graph=tikz(picture_of(derivation, lang)))


def _markdown(derivation: Derivation, lang: str) -> str:
    from chainrule.explain.markdown import markdown

    return markdown(derivation, lang, graph=_mermaid(derivation, lang))


def _json(derivation: Derivation, lang: str) -> str:
    """The derivation, which can be read back, and beside it the picture, for who draws it elsewhere."""
    from chainrule.explain.derivation import plain
    from chainrule.explain.picture.making import picture_of

    data = {**derivation.to_dict(), "picture": plain(picture_of(derivation, lang))}
    return json.dumps(data, ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def _text(derivation: Derivation, lang: str) -> str:
    return derivation.text(lang) + "\n"


#: The writer of each ending.
WRITERS: dict[str, Callable[[Derivation, str], str]] = {
    ".html": _html,
    ".svg": _svg,
    ".tex": _latex,
    ".md": _markdown,
    ".json": _json,
    ".dot": _dot,
    ".mmd": _mermaid,
    ".txt": _text,
}


def _descent_html(descent: Descent, lang: str) -> str:
    from chainrule.explain.page import document

    return document(descent.derivation, lang=lang, descent=descent)


def _descent_svg(descent: Descent, lang: str) -> str:
    from chainrule.explain.descent.charts import svg

    return svg(descent, lang)


def _descent_json(descent: Descent, lang: str) -> str:
    return descent.to_json(indent=1) + "\n"


def _descent_text(descent: Descent, lang: str) -> str:
    return descent.text(lang) + "\n"


#: The writer of each ending for a descent.
DESCENT_WRITERS: dict[str, Callable[[Descent, str], str]] = {
    ".html": _descent_html,
    ".svg": _descent_svg,
    ".json": _descent_json,
    ".txt": _descent_text,
}
