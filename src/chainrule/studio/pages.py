"""The files that the studio serves: its page, and the style sheets and scripts of the explanations."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from html import escape
from importlib.resources import files as resources
from string import Template

from chainrule.explain.page import assets
from chainrule.studio.words import words

_HTML, _CSS, _JS = "text/html", "text/css", "text/javascript"


def files(lang: str) -> dict[str, tuple[Callable[[], str], str]]:
    """What stands at each address: a function that gives its text, and its type."""
    return {
        "/": (partial(page, lang), _HTML),
        "/studio.css": (partial(_own, "studio.css"), _CSS),
        "/studio.js": (partial(_own, "studio.js"), _JS),
        "/player.css": (assets.style, _CSS),
        "/player.js": (partial(assets.asset, "player.js"), _JS),
    }


def page(lang: str) -> str:
    """The page, with its words in ``lang``.

    >>> page("fr").count("Rétropropagation")
    1
    """
    say = {key: escape(text, quote=True) for key, text in words(lang).items()}
    return Template(_own("studio.html")).substitute(say, lang=lang)


def _own(name: str) -> str:
    return resources(__package__).joinpath("assets", name).read_text(encoding="utf-8")
