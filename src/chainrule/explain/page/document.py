"""The page: one file that holds all it needs, opens from disk, and asks nothing of any network."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html import escape
from typing import TYPE_CHECKING, Any

from chainrule.explain.derivation import Derivation
from chainrule.explain.messages import MESSAGES
from chainrule.explain.page.assets import asset, style
from chainrule.explain.page.fragment import Fragment, fragment
from chainrule.explain.page.words import words

if TYPE_CHECKING:
    from chainrule.explain.descent import Descent

#: A page holds every language of a graph of up to so many variables, and one of a larger graph.
_BILINGUAL = 80


def document(derivation: Derivation, *, lang: str | None = None, descent: Descent | None = None) -> str:
    """The page of ``derivation``, and of the training ``descent`` beneath it, as HTML.

    It opens in the language ``lang``; where the graph is small it holds the other one too.

    >>> from chainrule import Value, explain
    >>> a, b = Value(2.0), Value(-3.0)
    >>> document(explain(a * b, torch=False)).startswith("<!doctype html>")
    True

    Raises DomainError for a language that is not there.
    """
    first = lang or derivation.lang
    words(first)
    both = len(derivation.variables) <= _BILINGUAL
    langs = [first, *(other for other in MESSAGES if both and other != first)]
    fragments = {each: fragment(derivation, lang=each) for each in langs}
    halves = [_half(derivation, each, fragments[each], descent, hidden=each != first) for each in langs]
    data: dict[str, Any] = {"fragments": {each: part.data for each, part in fragments.items()}}
    if descent is not None:
        from chainrule.explain.descent.section import descent_data

        data["descents"] = {each: descent_data(descent, each) for each in langs}
    return _html(first, _title(derivation, first), "\n".join(halves), data, descent is not None)


def _title(derivation: Derivation, lang: str) -> str:
    return words(lang)["page"].format(result=derivation.variables[derivation.result].name)


def _half(
    derivation: Derivation, lang: str, part: Fragment, descent: Descent | None, *, hidden: bool
) -> str:
    """The page in one language. The other one waits, hidden."""
    say = words(lang)
    both = len(derivation.variables) <= _BILINGUAL
    buttons = f'<button type="button" data-do="theme">{escape(say["theme"])}</button>'
    if both:
        other = next(each for each in MESSAGES if each != lang)
        buttons += (
            f' <button type="button" data-do="language" lang="{other}">{escape(say["language"])}</button>'
        )
    training = ""
    if descent is not None:
        from chainrule.explain.descent.section import section

        training = section(descent, lang)
    return (
        f'<main data-lang="{lang}" lang="{lang}"{" hidden" if hidden else ""}><header>'
        f"<h1>{escape(_title(derivation, lang))}</h1><div>{buttons}</div></header>"
        f'<p class="notice">{escape(say["no_script"])}</p>'
        f'<div class="player">{part.html}</div>{training}</main>'
    )


def _html(lang: str, title: str, body: str, data: dict[str, Any], training: bool) -> str:
    sheets, scripts = style() + asset("page.css"), [asset("player.js"), asset("page.js")]
    if training:
        from chainrule.explain.descent.section import descent_script, descent_style

        sheets += descent_style()
        scripts.insert(1, descent_script())
    script = "\n".join(scripts)
    return (
        f'<!doctype html>\n<html lang="{lang}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_policy(script)}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n<link rel="icon" href="data:,">\n'
        f"<title>{escape(title)}</title>\n<style>\n{sheets}</style>\n</head>\n<body>\n{body}\n"
        f'<script type="application/json" id="data">{_embedded(data)}</script>\n'
        f"<script>{script}</script>\n</body>\n</html>\n"
    )


def _policy(script: str) -> str:
    """Nothing may be fetched, and no script may run but this very one: not even one that a name holds."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src 'sha256-{digest}'"


def _embedded(data: Any) -> str:
    """JSON that may stand in a page: nothing in it ends the element, or opens another. Other brackets stay
    as they are, for a formula is full of them."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    text = re.sub("<(?=[!sS])", r"\\u003c", text.replace("</", r"<\/"))
    return text.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
