"""The lines of an explanation as data, and that every format shows their numbers."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ElementTree
from dataclasses import replace

import pytest
from formulas import renamed
from graphs import GRAPHS, a_b_c_f, regression, tensor

from chainrule import Value, explain
from chainrule.errors import DomainError
from chainrule.explain import mathml
from chainrule.explain.derivation import Derivation
from chainrule.explain.expression import explain_expression
from chainrule.explain.latex_math import LaTeX, rows
from chainrule.explain.statements import SECTIONS, Statement, Statements
from chainrule.explain.text import line


def said(derivation, section, lang="en"):
    """The lines of a section as text."""
    return [line(one, derivation) for one in Statements(derivation, lang).lines(section)]


@pytest.mark.parametrize("graph", GRAPHS.values(), ids=GRAPHS)
def test_the_text_is_made_of_the_statements(graph):
    derivation = explain(graph(), torch=False)
    text = derivation.text()
    end = 0
    for section in ("forward", "locals", "backward", "gradients"):
        for one in said(derivation, section):
            shown = "\n".join(f"   {row}".rstrip() for row in one.split("\n"))
            end = text.index(shown, end) + len(shown)
    assert not text[end:].strip()


def test_titles():
    derivation = regression(torch=False)
    assert [Statements(derivation, "fr").title(section) for section in SECTIONS] == [
        "Lecture avant du graphe : calcul du regret L",
        "Gradients locaux",
        "Rétropropagation : ∂L/∂… par la règle de la chaîne, de la fin au début",
        "Gradients et vérifications",
        "Mise à jour des poids (taux d'apprentissage lr = 0.1)",
    ]


def test_an_unknown_language():
    with pytest.raises(DomainError, match="'de'"):
        Statements(regression(torch=False), "de")


# --- the chain rule ----------------------------------------------------------------------------------


def roles(formula):
    """Every role in a formula, with what has it."""
    if isinstance(formula, list):
        if formula[0] == "role":
            yield tuple(formula[1:])
        for part in formula[1:]:
            yield from roles(part)


def test_each_factor_of_the_chain_rule_says_which_it_is():
    derivation = regression(torch=False)
    step = Statements(derivation, "en").contribution(1)
    of, to, result = (derivation[name].id for name in ("S", "ŷ", "L"))
    formula, filled, total = (list(roles(side)) for side in step.sides)
    assert formula == [("upstream", ["partial", result, of]), ("local", ["partial", of, to])]
    assert filled == [("upstream", -2.0), ("local", 1)]
    assert total == [("total", -2.0)]


def test_of_several_contributions_each_is_an_amount_and_the_last_makes_the_total():
    a = Value(3.0)
    statements = Statements(explain(a * a, torch=False), "en")
    first, last = statements.contribution(0), statements.contribution(1)
    assert (first.sign, list(roles(first.sides[-1]))) == ("←", [("amount", 3.0)])
    assert (last.sign, list(roles(last.sides[-1]))) == ("=", [("total", 6.0)])
    assert list(roles(last.sides[-2])) == [("amount", 3.0)]
    assert first.marks == ("input 1", "1 of 2")
    assert last.remarks == ("a is used 2 times: the contributions add up",)


def test_an_array_has_its_role_too():
    h = tensor(1.0, 2.0)
    derivation = explain((h * h).sum(), torch=False)
    _, *found = Statements(derivation, "en").lines("backward")
    assert [one.array.role for one in found] == ["total", "amount", "total"]


def test_numbers_that_are_put_in_know_their_variable():
    derivation = regression(torch=False)
    _, filled, result = Statements(derivation, "en").computed(derivation["S"]).sides
    assert filled == ["spaced", ["sub", ["value", derivation["ŷ"].id], ["value", derivation["y"].id]]]
    assert result == ["value", derivation["S"].id]


def test_statements_are_plain_data():
    for section in SECTIONS:
        for one in Statements(regression(torch=False), "en").lines(section):
            assert json.loads(json.dumps(one.sides)) == list(one.sides)


# --- the update --------------------------------------------------------------------------------------


def test_a_weight_steps_down_the_slope():
    derivation = regression(torch=False)
    assert said(derivation, "update") == ["w ← w − lr·∂L/∂w = 1 − 0.1·(−2) = 1.2"]
    assert Statements(derivation, "en").updated(derivation["w"].id) == pytest.approx(1.2)
    slower = replace(derivation, rate=0.01)
    assert said(slower, "update") == ["w ← w − lr·∂L/∂w = 1 − 0.01·(−2) = 1.02"]


def test_a_matrix_of_weights_steps_too():
    W = tensor(1.0, 2.0, 3.0, 4.0, shape=(2, 2))
    derivation = explain((W * W).sum(), names={"W": W}, torch=False)
    assert said(derivation, "update") == ["W ← W − lr·∂L/∂W   (2, 2)\n   0.8  1.6\n   2.4  3.2"]


def test_what_was_too_large_to_keep_steps_without_numbers():
    derivation = explain(tensor(*range(1000)).sum(), torch=False)
    (update,) = said(derivation, "update", "fr")
    assert update == "p1 ← p1 − lr·∂L/∂p1   (1000,)   (non affiché)"
    assert Statements(derivation, "fr").updated(derivation["p1"].id) is None


def test_only_what_was_reached_is_updated():
    a, b = Value(2.0), Value(3.0)
    derivation = explain(a * 1.0 + b, torch=False)
    reached = replace(derivation, contributions=derivation.contributions[:2])
    assert len(said(derivation, "update")) == len(said(reached, "update")) + 1


# --- checks ------------------------------------------------------------------------------------------


def test_comparisons_as_text():
    derivation = regression(torch=False)
    (check,) = derivation.checks
    statements = Statements(derivation, "fr")
    (comparison,) = statements.check(check).comparisons
    assert (comparison.mark, comparison.label, round(comparison.value, 6)) == ("✓", "numérique", -2)
    assert statements.comparisons(check) == ["✓ numérique −2   (écart 6e−11)"]
    wrong = replace(check, numerical_error=0.5, kink=False)
    assert statements.comparisons(wrong)[0].startswith("✗ numérique −2")
    unchecked = replace(check, numerical_error=None)
    assert statements.comparisons(unchecked)[0].startswith("non vérifié")


def test_a_rule_as_text():
    W = tensor(1.0, 2.0, 3.0, 4.0, shape=(2, 2))
    x = tensor(1.0, 0.0, 2.0, 1.0, shape=(2, 2))
    derivation = explain((x @ W).sum(), names={"x": x, "W": W}, torch=False)
    rules = [Statements(derivation, "en").rule(one) for one in derivation.locals]
    assert rules == ["∂L/∂v1 @ Wᵀ", "xᵀ @ ∂L/∂v1", "copy ∂L/∂L to each term of the sum"]


def test_a_long_section_shows_its_ends():
    total = Value(0.0)
    for i in range(100):
        total = total + Value(float(i))
    lines = list(Statements(explain(total, torch=False), "fr").lines("locals"))
    (more,) = (one for one in lines if isinstance(one, str))
    assert "de plus, omis ici" in more
    assert len(lines) == 51


# --- all formats show the same numbers ---------------------------------------------------------------

NAMELESS = [f"n{letter}{other}" for letter in "abcdefghijklmnop" for other in "abcdefghij"]


def letters_only(derivation: Derivation) -> Derivation:
    return renamed(derivation, NAMELESS[: len(derivation.variables)])


def counted(text: str) -> tuple[list[str], int]:
    """The numbers in a text without their signs, and how many signs of minus there are."""
    return sorted(re.findall(r"\d+(?:\.\d+)?|∞|NaN", text)), len(re.findall("[-−⁻]", text))


def of_text(statement: Statement, derivation: Derivation) -> tuple[list[str], int]:
    text = line(statement, derivation)
    if statement.array is not None and len(statement.array.shape) > 1 and statement.array.value is not None:
        text = text.replace(f"   {statement.array.shape}", "", 1)
    text = text.translate(str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789"))
    text = re.sub(r"\b1e(?=−?\d)", "10 ", text)
    return counted(re.sub(r"(?<=\d)e(?=−?\d)", " 10 ", text))


def of_latex(statement: Statement, derivation: Derivation) -> tuple[list[str], int]:
    return counted(" ".join(rows(statement, derivation, LaTeX())).replace("\\infty", "∞"))


def of_mathml(statement: Statement, derivation: Derivation) -> tuple[list[str], int]:
    root = ElementTree.fromstring(mathml.statement(statement, derivation))
    return counted(" ".join(root.itertext()))


EXPRESSIONS = {
    "powers": ("L = x**y + 2**x - y**-2", {"x": 2, "y": 3}),
    "small and large": ("L = abs(x)*sqrt(y) - log(y)/x", {"x": -3.5e-9, "y": 1e12}),
    "choices": ("L = maximum(x, y)*minimum(x, 2) + maximum(x, 1)", {"x": 3, "y": 3}),
}
ALL = {
    **{name: lambda graph=graph: explain(graph(), torch=False) for name, graph in GRAPHS.items()},
    **{name: lambda one=one: explain_expression(*one, torch=False) for name, one in EXPRESSIONS.items()},
    "regression": lambda: regression(torch=False),
    "a·b·c·f": lambda: a_b_c_f(torch=False),
    "long vector": lambda: explain((tensor(*range(40)) ** 2).sum(), torch=False),
    "wide matrix": lambda: explain((tensor(*range(400), shape=(20, 20)) * 2).sum(), torch=False),
}  # fmt: skip


@pytest.mark.parametrize("made", ALL.values(), ids=ALL)
def test_every_format_shows_the_same_numbers(made):
    derivation = letters_only(made())
    for section in SECTIONS:
        for one in Statements(derivation, "en").lines(section):
            bare = replace(one, marks=(), remarks=(), comparisons=())
            expected = of_text(bare, derivation)
            assert of_mathml(bare, derivation) == expected
            assert of_latex(bare, derivation) == expected
