"""The examples in the docstrings print what they say."""

from __future__ import annotations

import doctest
import importlib

import pytest

MODULES = [
    "arrays.scalar",
    "arrays.symbolic",
    "autograd",
    "creation",
    "functional",
    "gradcheck",
    "primitives",
    "primitives.shapes",
    "random",
    "tensor",
    "value",
]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    module = importlib.import_module(f"chainrule.{name}")
    assert doctest.testmod(module).failed == 0
