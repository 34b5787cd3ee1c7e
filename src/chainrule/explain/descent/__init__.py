"""Gradient descent, as the course draws it: the same loss walked down at several learning rates."""

from __future__ import annotations

from chainrule.explain.descent.data import Curvature, Descent, Run, Surface
from chainrule.explain.descent.running import descend

__all__ = ["Curvature", "Descent", "Run", "Surface", "descend"]
