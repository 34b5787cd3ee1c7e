"""micrograd's names: change `micrograd` to `chainrule.micrograd` in an import, and nothing else."""

from __future__ import annotations

from chainrule.micrograd import engine, nn

__all__ = ["engine", "nn"]
