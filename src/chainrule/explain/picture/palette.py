"""The colours of every picture: one style sheet of custom properties, light and dark."""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def palette() -> str:
    """The style sheet that gives ``--paper``, ``--ink``, ``--value``, ``--gradient`` and the others.

    >>> "--gradient" in palette()
    True
    """
    return files(__package__).joinpath("palette.css").read_text(encoding="utf-8")
