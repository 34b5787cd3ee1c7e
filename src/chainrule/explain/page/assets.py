"""The page's own style sheets and scripts, as text."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from chainrule.explain.heatmaps import heat_style
from chainrule.explain.picture.palette import palette
from chainrule.explain.picture.svg import style_sheet


@cache
def asset(name: str) -> str:
    """The text of ``name``, a file beside this one.

    >>> "function mountPlayer" in asset("player.js")
    True
    """
    return files(__package__).joinpath("assets", name).read_text(encoding="utf-8")


def style() -> str:
    """All that a fragment needs to be painted: the palette, the graph, the heat-maps, the player."""
    return palette() + style_sheet() + heat_style() + asset("style.css")
