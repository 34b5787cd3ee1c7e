"""The examples in the docstrings print what they say."""

from __future__ import annotations

import doctest
import importlib

import pytest

MODULES = [
    "arrays.scalar",
    "arrays.shapes",
    "arrays.symbolic",
    "arrays.traced",
    "autograd",
    "compiler.executable",
    "compiler.interpreter",
    "compiler.ir",
    "compiler.llvm",
    "compiler.passes",
    "compiler.passes.subexpressions",
    "compiler.verify",
    "compiling.function",
    "compiling.mapping",
    "compiling.watched",
    "creation",
    "functional",
    "gradcheck",
    "primitives",
    "random",
    "tensor",
    "value",
]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    module = importlib.import_module(f"chainrule.{name}")
    assert doctest.testmod(module).failed == 0
