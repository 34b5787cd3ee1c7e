"""Markdown whose formulas survive every reader: nothing in them is Markdown, HTML or a sign escaped."""

from __future__ import annotations

import re

import pytest
from formulas import HARMFUL, derivation_of, formulas, renamed, texts
from graphs import GRAPHS, a_b_c_f, regression, tensor
from hypothesis import given
from hypothesis import strategies as st

from chainrule import Value, explain
from chainrule.errors import DomainError
from chainrule.explain.markdown import MarkdownMath, markdown
from chainrule.explain.notation import Writer


def blocks(text):
    return re.findall(r"\$\$\n(.*?)\n\$\$", text, re.DOTALL)


def test_the_course_s_regression():
    text = markdown(regression(torch=False), "fr", graph="flowchart TD\n  a --> b")
    assert re.findall("^## .*", text, re.MULTILINE) == [
        "## 1. Lecture avant du graphe : calcul du regret L",
        "## 2. Gradients locaux",
        "## 3. Rétropropagation : ∂L/∂… par la règle de la chaîne, de la fin au début",
        "## 4. Gradients et vérifications",
        "## 5. Mise à jour des poids (taux d'apprentissage lr = 0.1)",
    ]
    graph = "```mermaid\nflowchart TD\n  a --> b\n```"
    assert text.index("L &= S^{2}") < text.index(graph) < text.index("## 2.")
    chain = (
        r"\frac{\partial L}{\partial w} &= \frac{\partial L}{\partial \hat{y}} \cdot "
        r"\frac{\partial \hat{y}}{\partial w} = (-2) \cdot 1 = -2"
    )
    assert chain in text
    assert "| Gradient | Valeur | Vérification |\n| --- | --- | --- |\n" in text
    assert r"| $\frac{\partial L}{\partial w}$ | −2 | ✓ numérique −2   (écart 6e−11) |" in text
    assert len(blocks(text)) == 4


def test_without_a_graph_there_is_none():
    assert "mermaid" not in markdown(regression(torch=False), "en")


def test_an_unknown_language():
    with pytest.raises(DomainError, match="'de'"):
        markdown(regression(torch=False), "de")


def test_remarks_stand_between_the_formulas():
    a = Value(3.0)
    text = markdown(explain(a * a, torch=False), "en")
    assert "\n\n(a is used 2 times: the contributions add up)\n\n## 4." in text
    assert r"\quad \text{(input 1)} \quad \text{(1 of 2)} \cr" in text


def test_matrices():
    text = markdown(explain(GRAPHS["matmul"](), torch=False), "en")
    assert r"\begin{bmatrix} 0.5 & -1.25 & 2 \cr 0.75 & -0.5 & 1.5 \end{bmatrix}" in text
    assert "(2, 3) | ✓ numerical" in text
    vector = markdown(explain((tensor(1.0, 2.0) ** 2).sum(), torch=False), "en")
    assert r"| \[2, 4\] | ✓" in vector


def test_a_long_derivation_is_cut_in_the_middle():
    total = Value(0.0)
    for i in range(400):
        total = total + Value(float(i)) * 2.0
    text = markdown(explain(total, torch=False), "en")
    assert "⋮   750 more, left out here" in text
    assert max(block.count("\\cr") for block in blocks(text)) < 20
    assert len(text) < 60_000


# --- what the readers of Markdown do to formulas -----------------------------------------------------


def check(code):
    """Markdown would change nothing in ``code``."""
    assert not re.search(r"\\[^A-Za-z]", code), "a backslash that Markdown would take away"
    assert not re.search('[<>$`*~#%|!"@\x00-\x09]', code.replace("\\mathbin{@}", ""))
    assert not re.search(r"(?<! )_", code), "emphasis could end at this underscore"
    assert "](" not in code
    assert code.count("{") == code.count("}")
    assert re.findall(r"\\left(?!arrow)", code) == ["\\left"] * len(re.findall(r"\\right(?!arrow)", code))


@given(formulas, st.lists(texts, min_size=3, max_size=3))
def test_any_formula_with_any_names_stays_as_it_is(data, names):
    check(Writer.of(derivation_of(names), MarkdownMath()).formula(data))


@pytest.mark.parametrize("graph", GRAPHS.values(), ids=GRAPHS)
def test_formulas_of_every_row_stay_as_they_are(graph):
    for block in blocks(markdown(explain(graph(), torch=False), "fr")):
        for line in block.removeprefix("\\begin{aligned}\n").removesuffix("\n\\end{aligned}").split("\n"):
            check(line)
            assert line.strip()


@pytest.mark.parametrize("name", HARMFUL)
def test_names_are_no_markdown_and_no_html(name):
    text = markdown(renamed(a_b_c_f(torch=False), [name, "b", "c", "d", "e", "f", name]), "en")
    assert "<script" not in text
    assert text.count("$$") == 2 * len(blocks(text))
    heading = text.split("\n")[0]
    assert not re.search(r"(?<!\\)[*_`<>|~]|\$", heading)
    for row in re.findall(r"^\| .*", text, re.MULTILINE):
        assert len(re.findall(r"(?<!\\)\|", row)) == 4


def test_underscores_are_drawn():
    text = markdown(renamed(regression(torch=False), ["x_in"]), "en")
    assert r"\mathtt{x\rule{0.4em}{0.06em}in} &= 1" in text
