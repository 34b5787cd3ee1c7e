"""The picture of a derivation as a part of a page: what is read, and what the player needs to walk."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from string import Template
from typing import Any

from chainrule.explain.derivation import Derivation
from chainrule.explain.page.about import About
from chainrule.explain.page.assets import asset
from chainrule.explain.page.lines import Lines
from chainrule.explain.page.words import words
from chainrule.explain.picture.making import picture_of
from chainrule.explain.picture.model import PHASES, Picture
from chainrule.explain.picture.svg import drawing

#: Of more lines than this, a section shows the first and the last; of more variables, the first ones are
#: in the page and the others in its data.
_MOST, _FIRST, _LAST = 60, 30, 20

#: What stands on the buttons that move; the player changes that of "play" for two bars while it plays.
_ICONS = {
    "first": "M2 2h3v12H2zM14 2v12L6 8z",
    "previous": "M12 2v12L4 8z",
    "play": "M3 2v12l11-6z",
    "next": "M4 2v12l8-6z",
    "last": "M2 2v12l8-6zM11 2h3v12h-3z",
}


@dataclass(frozen=True)
class Fragment:
    """``html`` is complete and readable by itself; ``data`` is what ``mountPlayer`` needs beside it."""

    html: str
    data: dict[str, Any]


def fragment(
    derivation: Derivation, *, lang: str | None = None, update: Collection[str] | None = None
) -> Fragment:
    """The picture, the lines and the variables of ``derivation``, in the language ``lang``.

    ``update`` names the parameters that the last phase moves: all of them, where it is None.

    >>> from chainrule import Value, explain
    >>> a, b = Value(2.0), Value(-3.0)
    >>> part = fragment(explain(a * b, torch=False))
    >>> len(part.data["steps"]), "<svg" in part.html
    (9, True)

    Raises DomainError for a language that is not there.
    """
    return _Maker(derivation, lang or derivation.lang, update).fragment()


class _Maker:
    def __init__(self, derivation: Derivation, lang: str, update: Collection[str] | None) -> None:
        self.derivation = derivation
        self.say = words(lang)
        self.lang = lang
        self.picture: Picture = picture_of(derivation, lang, update)
        self.lines = Lines(derivation, lang, self.picture)
        self.about = About(derivation, lang)

    def fragment(self) -> Fragment:
        return Fragment(self._html(), self._data())

    # --- data ------------------------------------------------------------------------------------------

    def _data(self) -> dict[str, Any]:
        rest = self.derivation.variables[_MOST:]
        return {
            "words": self.say,
            "views": [{"title": view.title, "parent": view.parent} for view in self.picture.views],
            "steps": self.lines.steps(),
            **self.lines.when(),
            "about": {one.id: self.about.inside(one.id) for one in rest},
        }

    # --- what is read ----------------------------------------------------------------------------------

    def _html(self) -> str:
        said = {key: escape(text, quote=True) for key, text in self.say.items()}
        return Template(asset("fragment.html")).substitute(
            {
                **said,
                "phases_word": said["phases"],
                "phases": self._phases(),
                "moves": self._moves(),
                "graph": drawing(self.picture.views[0]),
                "insides": self._insides(),
                "sections": self._sections(),
                "folds": self._folds(),
            }
        )

    def _phases(self) -> str:
        present = {step.phase for step in self.picture.steps}
        return "".join(
            f'<button type="button" data-phase="{phase}" aria-pressed="false">'
            f"{self._word(f'phase_{phase}')}</button>"
            for phase in PHASES
            if phase in present
        )

    def _moves(self) -> str:
        return "\n".join(
            f'<button type="button" data-do="{name}" aria-label="{self._word(name)}" '
            f'title="{self._word(name)}"><svg class="icon" viewBox="0 0 16 16" aria-hidden="true">'
            f'<path d="{shape}"/></svg></button>'
            for name, shape in _ICONS.items()
        )

    def _insides(self) -> str:
        if len(self.picture.views) == 1:
            return ""
        folds = "".join(
            f'<details class="view"><summary>{escape(view.title)}</summary>{drawing(view)}</details>'
            for view in self.picture.views[1:]
        )
        return f'<section class="insides"><h2>{self._word("insides")}</h2>{folds}</section>'

    def _sections(self) -> str:
        return "".join(
            f'<section><h3>{escape(title)}</h3><ol class="lines">'
            f"{''.join(self._items(lines))}</ol></section>"
            for title, lines in self.lines.sections()
        )

    def _items(self, lines: Sequence[str]) -> Iterator[str]:
        shown = [f"<li>{line}</li>" for line in lines]
        if len(shown) <= _MOST:
            yield from shown
            return
        yield from shown[:_FIRST]
        count = len(shown) - _FIRST - _LAST
        yield f'<li class="elided">⋮ {escape(self.say["more"].format(count=count))}</li>'
        yield from shown[-_LAST:]

    def _folds(self) -> str:
        variables = self.derivation.variables
        folds = "".join(
            f'<details class="variable" data-variable="{one.id}">{self.about.inside(one.id)}</details>'
            for one in variables[:_MOST]
        )
        if len(variables) <= _MOST:
            return folds
        text = self.say["more_variables"].format(count=len(variables) - _MOST)
        return f'{folds}<p class="elided">⋮ {escape(text)}</p>'

    def _word(self, key: str) -> str:
        return escape(self.say[key], quote=True)
