"""Messages about pictures and the files that hold them."""

from __future__ import annotations

import os
from os import PathLike
from pathlib import Path
from typing import Any

from chainrule.errors.kinds import DomainError, shown


def unknown_ending(path: str | PathLike[str], endings: tuple[str, ...]) -> DomainError:
    """A file whose ending says nothing of its form."""
    ending = Path(path).suffix
    found = f"ends in {ending!r}" if ending else "has no ending"
    return DomainError(
        f"An explanation cannot be saved as {os.fspath(path)!r}: the name {found}, and the ending says "
        f"which form is written. Choose one of {' '.join(endings)}."
    )


def shown_rate(found: Any) -> DomainError:
    """A learning rate that no update can be shown with."""
    return DomainError(
        f"explain: lr is the learning rate of one update, a finite number, and not {shown(found)}."
    )


def not_a_parameter(name: str, parameters: list[str]) -> DomainError:
    """What is to learn is computed, or given."""
    return DomainError(
        f"{name} cannot learn: it is computed, or given without a gradient. Name one or more of "
        f"{', '.join(parameters)}, or none, and all of them learn."
    )
