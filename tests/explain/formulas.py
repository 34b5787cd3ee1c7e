"""Random formulas over three variables whose names may hold anything."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from chainrule.explain.derivation import Derivation, Variable

#: What names are made of when they are meant to do harm.
HARMFUL = [
    "<script>alert(1)</script>",
    "&amp;",
    "\\",
    "$$",
    "%",
    "{",
    "}",
    "∂",
    "😀",
    "x̂",
    "_",
    "重",
    "]](",
    "\x00",
]

_VALUES = (-2.0, [1.5, -3.0], [[1e-7, float("inf")], [float("nan"), 4.0]])
_BINARY = ["add", "sub", "mul", "div", "pow", "matmul", "chain", "maximum"]
_BINARY += ["lt", "le", "gt", "ge", "eq", "ne", "and", "or"]
_UNARY = ["neg", "abs", "sqrt", "transpose", "logical_not", "exp", "log_softmax", "spaced"]
_ROLES = ["upstream", "local", "amount", "total"]
_WORDS = [
    "{g} @ {y}ᵀ",
    "({g})ᵀ",
    "{out} · ({g} − Σ {g}·{out})",
    "copy {g} to each term",
    "{g} · softmax({x})",
]

_places = st.integers(0, 2)
_leaves = st.one_of(
    st.floats(),
    st.integers(-5, 5),
    st.sampled_from(["dim=0", "…"]),
    _places.map(lambda i: ["ref", i]),
    _places.map(lambda i: ["value", i]),
    st.builds(lambda i, j: ["partial", i, j], _places, _places),
)


def _around(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(
        st.builds(lambda name, a, b: [name, a, b], st.sampled_from(_BINARY), inner, inner),
        st.builds(lambda name, a: [name, a], st.sampled_from(_UNARY), inner),
        st.builds(lambda a, b, c: ["where", a, b, c], inner, inner, inner),
        st.builds(lambda name, a: [f"of {name}", a], texts, inner),
        st.builds(lambda a, key: ["getitem", a, key], inner, texts),
        st.builds(lambda a, said: ["marked", a, [said]], inner, texts),
        st.builds(lambda role, a: ["role", role, a], st.sampled_from(_ROLES), inner),
        st.builds(lambda words, a: ["words", words, dict.fromkeys(("g", "x", "y", "out"), a)],
                  st.sampled_from(_WORDS), inner),
    )  # fmt: skip


#: Any text, and pieces of harmful ones.
texts = st.one_of(st.text(max_size=8), st.lists(st.sampled_from(HARMFUL), max_size=4).map("".join))

#: Any formula of variables 0, 1 and 2.
formulas = st.recursive(_leaves, _around, max_leaves=10)


def derivation_of(names: list[str]) -> Derivation:
    """Three variables called ``names``: a number, a vector and a matrix."""
    variables = tuple(
        Variable(i, name, "input", (), "float64", value)
        for i, (name, value) in enumerate(zip(names, _VALUES, strict=True))
    )
    return Derivation(0, variables, (), (), ())


def renamed(derivation: Derivation, names: list[str]) -> Derivation:
    """``derivation`` with its variables called ``names``, the first of them first."""
    new = [*names, *(variable.name for variable in derivation.variables[len(names) :])]
    variables = (replace(one, name=name) for one, name in zip(derivation.variables, new, strict=True))
    return replace(derivation, variables=tuple(variables))
