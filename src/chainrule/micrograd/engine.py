"""The place where micrograd keeps its `Value`."""

from __future__ import annotations

from chainrule.value import Value

__all__ = ["Value"]
