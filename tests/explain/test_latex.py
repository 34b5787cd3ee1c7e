"""LaTeX: names, formulas and whole documents that compile whatever stands in a name."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest
from formulas import HARMFUL, derivation_of, formulas, renamed, texts
from graphs import GRAPHS, a_b_c_f, regression
from hypothesis import given
from hypothesis import strategies as st

import chainrule
from chainrule import Value, explain
from chainrule.errors import DomainError
from chainrule.explain.latex import latex
from chainrule.explain.latex_math import LaTeX, escaped, rows
from chainrule.explain.notation import Writer
from chainrule.explain.statements import SECTIONS, Statements

ABC = derivation_of(["a", "b", "c"])
STRANGE = ["x̂", "layers[0].weight_1", "重みW", "<script>&\\$%{}^~#_", "b'\"`|", "😀-∂α", "y_chap12"]


def formula(data, derivation=ABC):
    return Writer.of(derivation, LaTeX()).formula(data)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("w", "w"),
        ("ŷ", r"\hat{y}"),
        ("x̂", r"\hat{x}"),
        ("θ", r"\theta"),
        ("Δ", r"\Delta"),
        ("β̂", r"\hat{\beta}"),
        ("w1", "w _1"),
        ("v_12", "v _{12}"),
        ("ŷ2", r"\hat{y} _2"),
        ("loss", r"\mathit{loss}"),
        ("conv1", r"\mathit{conv} _1"),
        ("layers[0].weight", r"\mathtt{layers[0].weight}"),
        ("y_chap", r"\mathtt{y\_chap}"),
        ("été", r"\text{été}"),
        ("重", r"\text{重}"),
        ("a b", r"\text{a b}"),
        ("50%", r"\text{50\%}"),
        ("dα", r"\text{d} \alpha"),
        ("\\", r"\text{\textbackslash{}}"),
        ("", ""),
    ],
)
def test_names(name, code):
    assert LaTeX().name(name) == code


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (["div", ["ref", 0], ["add", ["ref", 1], 1]], r"\frac{a}{b + 1}"),
        (["pow", ["ref", 0], -0.5], "a^{-0.5}"),
        (["pow", ["neg", ["ref", 0]], 2], "{(- a)}^{2}"),
        (["pow", ["div", 1, ["ref", 0]], 2], r"{\left( \frac{1}{a} \right)}^{2}"),
        (["sqrt", ["mul", 2, ["ref", 0]]], r"\sqrt{2 \cdot a}"),
        (["partial", 0, 1], r"\frac{\partial a}{\partial b}"),
        (["abs", ["ref", 0]], r"\lvert a \rvert"),
        (["gt", ["ref", 0], ["ref", 1]], r"\lbrack a > b \rbrack"),
        (["and", ["ge", ["ref", 0], 0], ["ne", ["ref", 0], 1]], r"\lbrack a \geq 0 \land a \neq 1 \rbrack"),
        (["transpose", ["ref", 0]], r"a^{\top}"),
        (["matmul", ["ref", 0], ["ref", 1]], r"a \mathbin{@} b"),
        (["tanh", ["ref", 0]], r"\tanh(a)"),
        (["log_softmax", ["ref", 0], "dim=1"], r"\mathrm{log\_softmax}(a, \text{dim=1})"),
        (["convᵀ", ["ref", 0]], r"\text{conv} {}^{\top}(a)"),
        (["words", "({g})ᵀ", {"g": ["partial", 0, 1]}],
         r"{\left( \frac{\partial a}{\partial b} \right)}^{\top}"),
        (["words", "copy {g} to each term", {"g": ["ref", 0]}], r"\text{copy } a \text{ to each term}"),
        (["role", "local", ["ref", 0]], "a"),
        (["value", 1], r"\lbrack 1.5, -3 \rbrack"),
        (["value", 2], r"\begin{bmatrix} 10^{-7} & \infty \cr \mathrm{NaN} & 4 \end{bmatrix}"),
        (-2.5e20, r"-2.5 \times 10^{20}"),
        (-1e-5, "-10^{-5}"),
        (float("-inf"), r"-\infty"),
    ],
)  # fmt: skip
def test_formulas(data, code):
    assert formula(data) == code


def test_words_of_a_document():
    assert escaped("∂L/∂w_1 & 50 %") == r"$\partial$L/$\partial$w\_1 \& 50 \%"
    assert escaped("v⁻² ≤ ŷ x̂ <b>") == (r"v${}^{-} {}^{2}$ $\leq$ ŷ $\hat{x}$ \textless{}b\textgreater{}")
    assert escaped("a\x00\n\ud800b") == "a  \ufffdb"


def test_the_lines_of_the_course():
    derivation = regression(torch=False)
    found = [
        row
        for section in SECTIONS
        for one in Statements(derivation, "fr").lines(section)
        for row in rows(one, derivation, LaTeX())
    ]
    for row in (
        r"\hat{y} &= x \cdot w = 1 \cdot 1 = 1",
        r"\frac{\partial L}{\partial S} &= 2 \cdot S = 2 \cdot (-1) = -2",
        r"\frac{\partial L}{\partial w} &= \frac{\partial L}{\partial \hat{y}} \cdot "
        r"\frac{\partial \hat{y}}{\partial w} = (-2) \cdot 1 = -2",
        r"w &\leftarrow w - \mathit{lr} \cdot \frac{\partial L}{\partial w} = 1 - 0.1 \cdot (-2) = 1.2",
    ):
        assert row in found


def test_a_long_line_takes_several_rows():
    long = Value(1.5)
    derivation = explain(long * long, names={"a_weight_with_a_long_name": long}, torch=False)
    found = rows(Statements(derivation, "en").contribution(1), derivation, LaTeX())
    assert len(found) > 1
    assert found[0].count("&=") == 1
    assert all(row.startswith("&= ") for row in found[1:])
    assert found[-1].endswith(r"\quad \text{(input 2)}")


# --- nothing is left open ----------------------------------------------------------------------------


def check(code):
    bare = re.sub(r"\\[^A-Za-z]", "", code)
    depth = 0
    for one in bare:
        depth += {"{": 1, "}": -1}.get(one, 0)
        assert depth >= 0
    assert depth == 0
    assert code.count(r"\left") - code.count(r"\leftarrow") == code.count(r"\right") - code.count(
        r"\rightarrow"
    )
    assert code.count(r"\begin{bmatrix}") == code.count(r"\end{bmatrix}")
    assert not re.search("[$%#~]", bare)
    assert bare.count("&") == bare.count(" & ")


@given(formulas, st.lists(texts, min_size=3, max_size=3))
def test_any_formula_with_any_names_is_balanced(data, names):
    check(formula(data, derivation_of(names)))


@given(texts)
def test_any_text_is_escaped(text):
    bare = re.sub(r"\\[^A-Za-z]", "", escaped(text))
    assert bare.count("{") == bare.count("}")
    assert bare.count("$") % 2 == 0
    assert not re.search("[%#&~\x00]", bare)


# --- whole documents ---------------------------------------------------------------------------------


def test_an_unknown_language():
    with pytest.raises(DomainError, match="'de'"):
        latex(regression(torch=False), "de")


def test_sections_and_the_graph_between_them():
    document = latex(regression(torch=False), "fr", graph="\\begin{tikzpicture}\\end{tikzpicture}")
    titles = re.findall(r"\\section\{\\raggedright (.*)\}", document)
    assert titles[0] == "Lecture avant du graphe : calcul du regret L"
    assert len(titles) == 5
    places = [
        document.index(text) for text in (titles[2], "{tikzpicture}", "&= \\frac{\\partial L}{\\partial L}")
    ]
    assert places == sorted(places)
    assert "\\checkmark \\text{ numérique } {-} \\text{2" in document


def test_a_long_derivation_is_cut_in_the_middle():
    total = Value(0.0)
    for i in range(400):
        total = total + Value(float(i)) * 2.0
    document = latex(explain(total, torch=False), "en")
    assert "750 more, left out here" in document
    assert len(document) < 60_000


def test_characters_that_fonts_have_not_are_declared():
    document = latex(renamed(a_b_c_f(torch=False), ["重", "é"]), "en")
    assert re.findall(r"\\DeclareUnicodeCharacter\{(\w+)\}", document) == ["91CD"]


needs_pdflatex = pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")


@needs_pdflatex
@pytest.mark.parametrize(
    "made",
    [
        lambda: latex(regression(torch=False), "fr", "\\begin{tikzpicture}\\node{L};\\end{tikzpicture}"),
        lambda: latex(renamed(a_b_c_f(torch=False), STRANGE), "en"),
        lambda: latex(renamed(a_b_c_f(torch=False), HARMFUL[:7]), "fr"),
        lambda: latex(renamed(a_b_c_f(torch=False), HARMFUL[7:14]), "fr"),
        lambda: latex(explain(GRAPHS["log_softmax"](), torch=False), "en"),
        lambda: latex(explain(GRAPHS["where"](), torch=False), "fr"),
        lambda: latex(explain(GRAPHS["convolution"](), torch=False), "fr"),
        lambda: latex(explain((chainrule.zeros(40, 40, requires_grad=True).sum() * -2).relu()), "fr"),
    ],
    ids=[
        "regression",
        "strange names",
        "harmful names",
        "more of them",
        "log_softmax",
        "where",
        "convolution",
        "kink",
    ],
)
def test_documents_compile(made, tmp_path):
    path = tmp_path / "explained.tex"
    path.write_text(made(), encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", path.name]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, timeout=120, check=False)
    log = ran.stdout.decode("utf-8", "replace")
    assert ran.returncode == 0, log[-2000:]
    assert "Overfull \\hbox" not in log
