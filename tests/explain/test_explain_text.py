"""What is printed, whole: the course's two graphs in both languages; and the parts that others need."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from graphs import a_b_c_f, regression

import chainrule
from chainrule import Value, explain
from chainrule.explain import messages
from chainrule.explain.expression import explain_expression
from chainrule.explain.layout import elided, laid_out
from chainrule.explain.notation import number, simplify, write
from chainrule.primitives import ROWS, Structural

GOLDEN = Path(__file__).parent / "golden"


def golden(name):
    return (GOLDEN / f"{name}.txt").read_text(encoding="utf-8").removesuffix("\n")


@pytest.mark.parametrize("lang", ["en", "fr"])
@pytest.mark.parametrize("graph", [regression, a_b_c_f], ids=lambda graph: graph.__name__)
def test_whole_texts(graph, lang):
    name = f"{graph.__name__}_{lang}"
    assert graph(lang=lang, torch=False).text() == golden(name)
    assert graph(lang=lang, torch=True).text() == golden(f"{name}_torch")


def test_print_shows_the_text_and_the_language_can_change():
    derivation = regression(torch=False)
    assert str(derivation) == derivation.text() == golden("regression_en")
    assert derivation.text("fr") == golden("regression_fr")


# --- the languages say the same ----------------------------------------------------------------------


def test_both_languages_have_every_message():
    english, french = messages.MESSAGES["en"], messages.MESSAGES["fr"]
    assert english.keys() == french.keys()
    for key, text in english.items():
        assert re.findall(r"{\w+}", text) == re.findall(r"{\w+}", french[key]), key


def structural_words():
    return [
        (row.name, words)
        for row in ROWS.values()
        if isinstance(row, Structural)
        for words in row.words
        if words
    ]


@pytest.mark.parametrize(("row", "words"), structural_words())
def test_every_row_speaks_french(row, words):
    assert words in messages.WORDS_FR, row
    holes = re.findall(r"{\w+}", words)
    assert sorted(re.findall(r"{\w+}", messages.words(words, "fr"))) == sorted(holes)
    assert messages.words(words, "en") == words


def test_the_course_s_vocabulary():
    text = regression(lang="fr", torch=False).text()
    for words in (
        "1. Lecture avant du graphe : calcul du regret L",
        "2. Gradients locaux",
        "3. Rétropropagation : ∂L/∂… par la règle de la chaîne",
    ):
        assert words in text


def test_only_a_loss_is_called_regret():
    a = Value(2.0)
    g = a * 3
    assert "calcul de g\n" in explain(g, lang="fr", torch=False).text()


# --- sums --------------------------------------------------------------------------------------------


def test_a_square_tells_its_two_sides_apart():
    a = Value(3.0)
    L = a * a
    text = explain(L, torch=False).text()
    assert "∂L/∂a (direct, input 1) = a = 3" in text
    assert "∂L/∂a ← ∂L/∂L · ∂L/∂a (direct) = 1 · 3 = 3   (input 1)   (1 of 2)" in text
    assert "∂L/∂a = 3 + ∂L/∂L · ∂L/∂a (direct) = 3 + 1 · 3 = 3 + 3 = 6   (input 2)" in text
    assert "(a is used 2 times: the contributions add up)" in text
    french = explain(L, torch=False, lang="fr").text()
    assert "∂L/∂a (directe, entrée 2) = a = 3" in french
    assert "∂L/∂a ← ∂L/∂L · ∂L/∂a (directe) = 1 · 3 = 3   (entrée 1)   (1 sur 2)" in french


def test_a_symbol_has_one_value():
    """Only the last of several contributions is the gradient: the others do not say that they are."""
    derivation = explain_expression("z = 2*x*x*x + x", {"x": 1.5}, torch=False)
    text = derivation.text()
    assert "∂z/∂x (direct) = 1\n" in text
    assert "∂z/∂x ← ∂z/∂z · ∂z/∂x (direct) = 1 · 1 = 1   (1 of 4)" in text
    totals = [line for line in text.split("\n") if line.startswith("   ∂z/∂x = ")]
    assert [line.split(" = ")[-1].split()[0] for line in totals] == ["14.5", "14.5"]
    assert [f"({nth} of 4)" in text for nth in range(1, 5)] == [True, True, True, False]


def test_a_diamond_shows_running_totals():
    a = Value(2.0)
    b, c = a * 5, a.exp() * 0
    L = b + c
    text = explain(L, torch=False).text()
    assert "∂L/∂a ← ∂L/∂v1 · ∂v1/∂a = 0 · 7.38906 = 0   (1 of 2)" in text
    assert "∂L/∂a = 0 + ∂L/∂b · ∂b/∂a = 0 + 1 · 5 = 0 + 5 = 5" in text


def test_running_totals_do_not_cancel():
    """The total before is the one that was there, not a difference of what came after."""
    a, huge = Value(1.0), Value(1e20)
    small = a * 1.0
    large = a * huge
    L = large + small
    text = explain(L, torch=False).text()
    assert "= 1e20 + ∂L/∂small · ∂small/∂a = 1e20 + 1 · 1 = 1e20 + 1 = 1e20" in text


def test_a_running_total_of_tensors():
    h = chainrule.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    z = h * 2
    L = (z @ z).sum()
    text = explain(L, torch=False).text()
    assert "∂v1/∂z (input 1):  ∂L/∂z ← ∂L/∂v1 @ zᵀ" in text
    assert "∂L/∂z ← ∂L/∂v1 @ zᵀ   (2, 2)   (input 1)   (1 of 2)\n       6  14\n       6  14" in text
    assert "∂L/∂z = (sum so far) + zᵀ @ ∂L/∂v1   (2, 2)   (input 2)\n      14  22\n      18  26" in text
    assert "∂L/∂z = (somme partielle) + zᵀ @ ∂L/∂v1" in explain(L, lang="fr", torch=False).text()


# --- tensors -----------------------------------------------------------------------------------------


def test_shapes_rules_and_numbers():
    x = chainrule.tensor([[1.0, 2.0], [0.5, -1.0]])
    W = chainrule.tensor([[0.5, 1.0, -1.0], [2.0, 0.0, 1.0]], requires_grad=True)
    b = chainrule.tensor([1.0, 2.0, 3.0], requires_grad=True)
    z = x @ W + b
    L = z.sum()
    text = explain(L, torch=False).text()
    assert "W   (2, 3)\n      0.5    1   −1\n        2    0    1" in text
    assert "v1 = x @ W   (2, 3)" in text
    assert "∂v1/∂W:  ∂L/∂W = xᵀ @ ∂L/∂v1" in text
    assert "∂L/∂W = xᵀ @ ∂L/∂v1   (2, 3)\n      1.5  1.5  1.5\n        1    1    1" in text
    assert "∂L/∂z = copy ∂L/∂L to each term of the sum   (2, 3)" in text
    broadcast = "∂L/∂b = sum(∂L/∂z, dim=0) = [2, 2, 2]\n      "
    assert broadcast + "(summed over axis 0, along which b was copied)" in text
    french = explain(L, torch=False, lang="fr").text()
    assert broadcast + "(somme sur l'axe 0, le long duquel b a été copié)" in french
    assert "∂L/∂z = ∂L/∂L, copié sur chaque terme de la somme" in french


def test_a_transpose_is_undone_by_a_transpose():
    W = chainrule.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    L = (W.T * chainrule.tensor([[1.0, 0.0], [2.0, 0.0]])).sum()
    assert "∂L/∂W = (∂L/∂v1)ᵀ" in explain(L, torch=False).text()


def test_an_unnamed_matrix_of_one_number_keeps_its_place():
    W = chainrule.tensor([[1.0, 2.0]], requires_grad=True)
    L = (chainrule.tensor([[2.0]]) @ W).sum()
    text = explain(L, torch=False).text()
    assert "v1 = c1 @ W   (1, 2)" in text
    assert "∂L/∂W = c1ᵀ @ ∂L/∂v1" in text


def test_large_arrays_show_their_shapes_alone():
    x, W = chainrule.ones(30, 20), chainrule.ones(20, 10, requires_grad=True)
    L = (x @ W).mean()
    text = explain(L, torch=False).text()
    assert "x   (30, 20)   (not shown)" in text
    assert "∂L/∂W = xᵀ @ ∂L/∂v1   (20, 10)   (not shown)" in text
    assert "∂L/∂W (along one direction) = " in text
    assert len(text) < 3000


def test_long_vectors_show_their_ends():
    v = chainrule.arange(40).float().requires_grad_()
    L = (v * v).sum()
    assert "v = [0, 1, 2, …, 37, 38, 39]" in explain(L, torch=False).text()


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_a_large_graph_is_cut_in_the_middle(lang):
    total = Value(0.0)
    for i in range(400):
        total = total + Value(float(i)) * 2.0
    derivation = explain(total, lang=lang, torch=False)
    text = derivation.text()
    assert len(text) < 40_000
    more = "{} more, left out here" if lang == "en" else "{} de plus, omis ici"
    steps = len(derivation.contributions)
    for count in (401 - 50, 800 - 50, len(derivation.locals) - 50, steps - 50):
        assert more.format(count) in text
    large = (
        "the graph, of 1201 nodes, is too large" if lang == "en" else "le graphe, de 1201 nœuds, est trop"
    )
    assert large in text.split("\n3. ")[1].split("= 1")[0]
    assert "-->" not in text


@pytest.mark.parametrize(
    ("lang", "said"),
    [
        ("en", "(the graph is drawn once, at the end)"),
        ("fr", "(le graphe est dessiné une seule fois, à la fin)"),
    ],
)
def test_a_graph_drawn_once_is_announced(lang, said):
    text = explain_expression("y = " + " + ".join("abcdefghi"), dict.fromkeys("abcdefghi", 1.0)).text(lang)
    assert said in text
    assert text.index(said) < text.index("∂y/∂y = 1")
    assert said not in explain_expression("y = a + b", {"a": 1, "b": 2}).text(lang)


# --- pictures ----------------------------------------------------------------------------------------


def test_a_wide_graph_is_drawn_in_pieces():
    x = chainrule.tensor(0.5, requires_grad=True)
    y = x
    for _ in range(12):
        y = y.tanh()
    text = explain(y, torch=False).text()
    lines = [line for line in text.split("\n") if "-->" in line]
    assert lines
    assert max(map(len, lines)) <= 113
    assert "(a name followed by … is drawn in full higher up)" in text


def test_wide_letters_keep_the_columns():
    重 = Value(3.0)
    b = Value(2.0)
    L = (重 * b) * 2
    drawn = explain(L, torch=False).text().split("3. ")[1]
    assert "   重 --|\n        | (*) -->" in drawn
    assert "\n    b --|" in drawn


def test_names_with_accents():
    text = regression(torch=False).text()
    assert "ŷ = x · w = 1 · 1 = 1" in text
    assert "∂L/∂ŷ = ∂L/∂S · ∂S/∂ŷ = (−2) · 1 = −2" in text
    assert "∂L/∂w = ∂L/∂ŷ · ∂ŷ/∂w = (−2) · 1 = −2" in text


# --- notation ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (-2.0, "−2"),
        (0.1, "0.1"),
        (1 / 3, "0.333333"),
        (1e-12, "1e−12"),
        (1e20, "1e20"),
        (-0.0, "0"),
        (float("-inf"), "−∞"),
        (float("nan"), "NaN"),
        (True, "1"),
    ],
)
def test_numbers(value, text):
    assert number(value) == text


NAMES = "abcde"


@pytest.mark.parametrize(
    ("formula", "text"),
    [
        (["mul", ["add", ["ref", 0], 1], ["ref", 1]], "(a + 1)·b"),
        (["sub", ["ref", 0], ["sub", ["ref", 1], ["ref", 2]]], "a − (b − c)"),
        (["pow", ["neg", ["ref", 0]], 2], "(−a)²"),
        (["pow", -3, 2], "(−3)²"),
        (["pow", 1e-5, 2], "(1e−5)²"),
        (["mul", 2, 1e-5], "2·1e−5"),
        (["pow", ["ref", 0], -0.5], "a^(−0.5)"),
        (["pow", ["ref", 0], ["ref", 1]], "a^b"),
        (["sqrt", ["mul", ["ref", 0], 2]], "√(a·2)"),
        (["abs", ["neg", ["ref", 0]]], "|−a|"),
        (["and", ["ge", ["ref", 0], 0], ["le", ["ref", 0], 1]], "[a ≥ 0 ∧ a ≤ 1]"),
        (["logical_not", ["gt", ["ref", 0], 0]], "[¬ a > 0]"),
        (["cos", ["add", ["ref", 0], ["ref", 1]]], "cos(a + b)"),
        (["neg", -0.5], "−(−0.5)"),
    ],
)
def test_formulas(formula, text):
    assert write(formula, lambda i: NAMES[i]) == text


def test_factors_get_the_brackets_that_they_need():
    total = ["add", ["ref", 0], ["ref", 1]]
    assert write(total, NAMES.__getitem__, within="product") == "(a + b)"
    assert write(["mul", 2, ["ref", 0]], NAMES.__getitem__, within="product") == "2·a"
    assert write(["mul", 2, ["ref", 0]], NAMES.__getitem__, within="power") == "(2·a)"


@pytest.mark.parametrize(
    ("formula", "simple"),
    [
        (["mul", 1, ["ref", 0]], ["ref", 0]),
        (["mul", ["ref", 0], 0], 0),
        (["pow", ["ref", 0], 1], ["ref", 0]),
        (["pow", ["ref", 0], 0], 1),
        (["sub", 3, 1], 2),
        (["div", ["ref", 0], 1], ["ref", 0]),
        (["where", False, 1, 2], 2),
        (["where", 0, 1, ["ref", 0]], ["ref", 0]),
        (["where", True, ["ref", 0], 2], ["ref", 0]),
        (["where", ["eq", ["ref", 0], 0], 0, ["ref", 1]], ["ref", 1]),
        (["where", ["gt", ["ref", 0], 0], 0, 1], ["where", ["gt", ["ref", 0], 0], 0, 1]),
        (["and", False, ["ge", ["ref", 0], 0]], False),
        (["and", ["ge", ["ref", 0], 0], True], ["ge", ["ref", 0], 0]),
        (["or", True, ["ge", ["ref", 0], 0]], True),
        (["lt", 1, 2], True),
        (["ne", 1, 1], False),
    ],
)
def test_simplified(formula, simple):
    assert simplify(formula) == simple


@pytest.mark.parametrize(
    ("text", "values", "lines"),
    [
        ("L = x**y", {"x": 2, "y": 3}, ["∂L/∂x = y·x^(y − 1) = 3·2^(3 − 1) = 12", "∂L/∂y = L·log(x) = "]),
        ("L = 2**x", {"x": 3}, ["∂L/∂x = L·log(2) = 8·log(2) = 5.54518"]),
        ("L = x**y", {"x": 0, "y": 2}, ["∂L/∂y = 0\n"]),
        ("L = maximum(x, 2)", {"x": 3}, ["∂L/∂x = [x > 2] = [3 > 2] = 1"]),
        ("L = minimum(x, y)", {"x": 3, "y": 4}, ["[x < y] = [3 < 4] = 1", "[y < x] = [4 < 3] = 0"]),
        ("L = maximum(x, y)", {"x": 3, "y": 3}, ["= 1 − ([3 < 3] + [3 ≤ 3])/2 = 0.5"]),
    ],
)
def test_choices_and_powers_are_written_as_they_are_read(text, values, lines):
    said = explain_expression(text, values, torch=False).text()
    assert "where" not in said
    for line in lines:
        # a constant operand has a name of its own
        assert line in said.replace("p1", "2")


def test_matrices_are_laid_out_in_columns():
    assert laid_out([[1.0, -2.5], [10.0, 0.0]]) == "      1  −2.5\n     10     0"
    wide = laid_out(np.arange(400.0).reshape(20, 20).tolist()).split("\n")
    assert len(wide) == 7
    assert wide[3].strip() == "…"
    assert wide[0].split() == ["0", "1", "2", "…", "17", "18", "19"]
    cube = laid_out([[[1.0]], [[2.0]]])
    assert cube == "   1\n\n   2"
    assert elided([0.123456, 2.0]) == "[0.123456, 2]"
