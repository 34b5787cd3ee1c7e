"""MathML: well formed whatever stands in a name, of the elements that browsers have, and right."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import pytest
from formulas import HARMFUL, derivation_of, formulas, texts
from graphs import GRAPHS, regression
from hypothesis import given
from hypothesis import strategies as st

import chainrule
from chainrule import explain
from chainrule.explain import mathml
from chainrule.explain.derivation import Derivation
from chainrule.explain.statements import SECTIONS, Statement, Statements

#: The elements that are used here; all are in MathML Core.
ELEMENTS = {
    "span",
    "math",
    "mrow",
    "mi",
    "mn",
    "mo",
    "mtext",
    "mspace",
    "mfrac",
    "msup",
    "msqrt",
    "mtable",
    "mtr",
    "mtd",
}

ABC = derivation_of(["a", "b", "c"])


def formula(data, derivation=ABC):
    return mathml.formula(data, derivation).removeprefix("<math>").removesuffix("</math>")


def content(markup):
    return "".join(ElementTree.fromstring(markup).itertext())


@pytest.mark.parametrize(
    ("data", "markup"),
    [
        (["div", ["ref", 0], ["add", ["ref", 1], 1]],
         "<mfrac><mi>a</mi><mrow><mi>b</mi><mo>+</mo><mn>1</mn></mrow></mfrac>"),
        (["pow", ["ref", 0], -2], "<msup><mi>a</mi><mrow><mo>−</mo><mn>2</mn></mrow></msup>"),
        (["sqrt", ["mul", 2, ["ref", 0]]], "<msqrt><mrow><mn>2</mn><mo>·</mo><mi>a</mi></mrow></msqrt>"),
        (["partial", 0, 1],
         "<mfrac><mrow><mi>∂</mi><mi>a</mi></mrow><mrow><mi>∂</mi><mi>b</mi></mrow></mfrac>"),
        (["role", "upstream", ["ref", 0]], '<mrow class="upstream"><mi>a</mi></mrow>'),
        (["transpose", ["ref", 2]], "<msup><mi>c</mi><mo>⊤</mo></msup>"),
        (["value", 0], "<mrow><mo>−</mo><mn>2</mn></mrow>"),
        (1e-5, "<msup><mn>10</mn><mrow><mo>−</mo><mn>5</mn></mrow></msup>"),
        (1.5e20, "<mrow><mn>1.5</mn><mo>×</mo><msup><mn>10</mn><mn>20</mn></msup></mrow>"),
        (float("-inf"), "<mrow><mo>−</mo><mi>∞</mi></mrow>"),
        (float("nan"), "<mtext>NaN</mtext>"),
    ],
)  # fmt: skip
def test_how_parts_are_set(data, markup):
    assert formula(data) == markup


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (["abs", ["neg", ["ref", 0]]], "|−a|"),
        (["gt", ["ref", 0], ["ref", 1]], "[a>b]"),
        (["and", ["ge", ["ref", 0], 0], ["le", ["ref", 0], 1]], "[a≥0∧a≤1]"),
        (["logical_not", ["gt", ["ref", 0], 0]], "[¬a>0]"),
        (["where", ["gt", ["ref", 0], 0], 1, 2], "where\u2061([a>0],1,2)"),
        (["getitem", ["ref", 2], "0, :"], "c[0, :]"),
        (["matmul", ["transpose", ["ref", 0]], ["ref", 1]], "a⊤@b"),
        (["words", "copy {g} to each term", {"g": ["ref", 0]}], "copy\u00a0a\u00a0to each term"),
        (["words", "{out} · ({g} − Σ {g}·{out})", {"g": ["ref", 0], "out": ["ref", 1]}], "b·(a−Σa·b)"),
        (["words", "{g} · softmax({x})", {"g": ["ref", 0], "x": ["ref", 1]}], "a·softmax\u2061(b)"),
        (["marked", ["ref", 0], ["direct", "input 1"]], "a\u00a0(direct, input 1)"),
        (["chain", ["ref", 0], ["neg", ["ref", 1]]], "a·(−b)"),
        (["chain", ["ref", 0], ["div", ["neg", ["ref", 1]], 3]], "a·−b3"),
        (["pow", ["div", 1, ["ref", 0]], 2], "(1a)2"),
        (["mul", ["div", 1, ["ref", 0]], 2], "1a·2"),
    ],
)
def test_what_formulas_say(data, text):
    assert content(mathml.formula(data, ABC)) == text


def test_brackets_grow_around_fractions_only():
    assert formula(["pow", ["neg", ["ref", 0]], 2]).count('stretchy="false"') == 2
    assert "stretchy" not in formula(["exp", ["div", 1, ["ref", 0]]])


def test_a_statement_stands_by_itself():
    derivation = regression(torch=False)
    statement = Statements(derivation, "en").contribution(2)
    markup = mathml.statement(statement, derivation)
    assert markup.startswith('<span class="statement"><math displaystyle="true">')
    assert markup.count("<math") == 3  # a line may be broken before each of its signs
    assert content(markup) == "∂L∂w=∂L∂ŷ·∂ŷ∂w=(−2)·1=−2"
    assert [markup.count(f'class="{role}"') for role in ("upstream", "local", "total")] == [2, 2, 1]


def test_matrices_and_what_stands_between_their_ends():
    wide = [[float(10 * i + j) for j in range(12)] for i in range(12)]
    table = ElementTree.fromstring(mathml.numbers(wide)).find(".//mtable")
    cells = [["".join(cell.itertext()) for cell in row] for row in table]
    assert cells[0] == ["0", "1", "2", "…", "9", "10", "11"]
    assert cells[3] == ["⋮"] * 7
    assert len(cells) == 7
    ten = [[1.0] * 10] * 10
    assert mathml.numbers(ten).count("<mn>") == 100
    assert content(mathml.numbers([1.0, -2.0])) == "[1,−2]"
    assert content(mathml.numbers([[[1.0]], [[2.0]]])) == "[[1][2]]"
    assert mathml.numbers([[]]).count("<mtd>") == 0


def test_an_array_that_was_not_kept_shows_its_shape():
    markup = mathml.statement(Statements(ABC, "en").given(ABC["a"]), ABC)
    assert content(markup) == "a=−2"
    derivation = explain(chainrule.ones(40, 40, requires_grad=True).sum(), torch=False)
    markup = mathml.statement(Statements(derivation, "en").given(derivation["p1"]), derivation)
    assert content(markup).split("\u00a0")[-1] == "(40, 40)"


# --- well formed -------------------------------------------------------------------------------------


def check(markup):
    for element in ElementTree.fromstring(markup).iter():
        assert element.tag in ELEMENTS
        if element.tag in ("mfrac", "msup"):
            assert len(element) == 2
        if element.tag in ("mi", "mn", "mo", "mtext"):
            assert len(element) == 0
        else:
            assert not (element.text or "").strip()


@pytest.mark.parametrize("graph", GRAPHS.values(), ids=GRAPHS)
def test_every_line_is_mathml(graph):
    derivation = explain(graph(), torch=False)
    for section in SECTIONS:
        for statement in Statements(derivation, "fr").lines(section):
            check(mathml.statement(statement, derivation))


@given(formulas, st.lists(texts, min_size=3, max_size=3))
def test_any_formula_with_any_names_is_well_formed(data, names):
    check(mathml.formula(data, derivation_of(names)))


@pytest.mark.parametrize("name", HARMFUL)
def test_a_name_stays_text(name):
    derivation: Derivation = derivation_of([name, "b", "c"])
    markup = mathml.statement(Statement(["ref", 0], (["partial", 0, 0],)), derivation)
    shown = name.replace("\x00", "\ufffd")
    assert [one.text for one in ElementTree.fromstring(markup).iter("mi")] == [
        shown,
        "∂",
        shown,
        "∂",
        shown,
    ]
    assert "<script" not in markup
