"""From a recorded way back to its derivation, every gradient checked."""

from __future__ import annotations

from chainrule.explain.building import build
from chainrule.explain.checking import check
from chainrule.explain.derivation import Derivation
from chainrule.explain.recording import Recording


def derive(recording: Recording, *, lang: str = "en", torch: bool | None = None) -> Derivation:
    """The derivation of ``recording``; ``torch`` is whether PyTorch is asked: None, where installed."""
    return build(recording, lambda ids: check(recording, ids, torch), lang)
