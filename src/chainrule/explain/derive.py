"""From a recorded way back to its derivation, every gradient checked."""

from __future__ import annotations

from chainrule.explain.building import build
from chainrule.explain.checking import check, check_inner
from chainrule.explain.derivation import Derivation
from chainrule.explain.recording import Recording


def derive(
    recording: Recording, *, lang: str = "en", torch: bool | None = None, rate: float = 0.1
) -> Derivation:
    """The derivation of ``recording``, with the learning rate of the update that it shows. ``torch`` is
    whether PyTorch is asked: None, where installed."""
    return build(
        recording,
        lambda ids: check(recording, ids, torch),
        lambda ids: check_inner(recording, ids),
        lang,
        rate,
    )
