"""The table of slopes as h shrinks: its numbers, its reference, and what it says."""

from __future__ import annotations

import dataclasses
import doctest
import json
import math
from collections.abc import Callable
from typing import Any

import micrograd.engine
import numpy as np
import pytest

from chainrule import errors
from chainrule.autodiff import step_table
from chainrule.autodiff.numeric import central_difference, forward_difference
from chainrule.autodiff.step_table import DEFAULT_STEPS, DerivativeTable, derivative_table


def cube(x: Any) -> Any:
    return x**3


def test_rows_hold_the_two_differences() -> None:
    table = derivative_table(cube, 2.0)
    assert tuple(row.h for row in table.rows) == DEFAULT_STEPS
    assert DEFAULT_STEPS[0] == 1e-1
    assert DEFAULT_STEPS[-1] == 1e-15
    for row in table.rows:
        assert row.forward == row.slope("forward") == forward_difference(cube, 2.0, row.h)
        assert row.central == row.slope("central") == central_difference(cube, 2.0, row.h)
        assert row.forward is not None
        assert row.forward_error == row.error("forward") == abs(row.forward - 12)


@pytest.mark.parametrize("f", [math.exp, math.sin, math.tanh, cube, lambda x: math.log(x) / x])
def test_the_error_falls_then_rounding_takes_over(f: Callable[[Any], Any]) -> None:
    table = derivative_table(f, 0.7)
    assert 1e-9 <= table.best_forward_h <= 1e-7
    assert 1e-7 <= table.best_central_h <= 1e-4
    errors_of = {method: [row.error(method) for row in table.rows] for method in ("forward", "central")}
    assert errors_of["forward"][:6] == sorted(errors_of["forward"][:6], reverse=True)
    assert errors_of["central"][:4] == sorted(errors_of["central"][:4], reverse=True)
    for column in errors_of.values():
        assert column[-1] > 1e3 * min(column)
    assert min(errors_of["central"]) < min(errors_of["forward"])


@pytest.mark.parametrize(
    ("f", "x", "source", "slope"),
    [
        (cube, 2.0, "complex step", 12.0),
        (np.exp, 1.0, "complex step", math.e),
        (math.exp, 1.0, "richardson", math.e),
        (lambda x: 7.0, 1.0, "richardson", 0.0),
        (abs, -3.0, "richardson", -1.0),
        # These accept complex numbers without being analytic: their real slopes expose them.
        (lambda x: abs(x) * x, 2.0, "richardson", 4.0),
        (lambda x: np.maximum(x, 0.0), 0.0, "richardson", 0.5),
        # Slopes that are hard to see leave the complex step in its place.
        (lambda x: np.sin(1e6 * x), 1.0, "complex step", 1e6 * math.cos(1e6)),
        (lambda x: 1e16 + x * x, 3.0, "complex step", 6.0),
        (lambda x: np.exp(x) - x, 0.0, "complex step", 0.0),
        (lambda x: x, 1e20, "complex step", 1.0),
    ],
)
def test_the_reference(f: Any, x: float, source: str, slope: float) -> None:
    table = derivative_table(f, x)
    assert table.source == source
    assert table.reference == table.measured == pytest.approx(slope, rel=1e-9, abs=1e-12)
    assert not table.contradicted


def test_an_exact_value_is_the_reference_and_is_checked() -> None:
    right = derivative_table(math.exp, 1.0, exact=math.e)
    assert (right.reference, right.source, right.contradicted) == (math.e, "exact", False)
    assert right.measured == pytest.approx(math.e)
    wrong = derivative_table(math.exp, 1.0, exact=2.7)
    assert wrong.contradicted
    assert wrong.text().endswith(
        "The exact value given, 2.7, is not the slope that f shows at x (measured: "
        "2.71828182846):\ncheck the formula that it comes from."
    )
    assert "vérifiez la formule" in wrong.text("fr")


def test_steps_are_ordered_and_distinct() -> None:
    table = derivative_table(cube, 2.0, steps=[0.01, 0.1, 0.025, 0.1])
    assert [row.h for row in table.rows] == [0.1, 0.025, 0.01]
    assert "\n0.025 " in table.text()
    assert "best at the smallest step, h = 1e-02" in table.text()
    assert "au plus petit incrément, h = 1e-02" in table.text("fr")
    alone = derivative_table(cube, 2.0, steps=iter([0.5]))
    assert "The forward difference has an error of 3.2e+00 at h = 5e-01." in alone.text()


def test_rows_beyond_the_domain_are_left_empty() -> None:
    table = derivative_table(math.sqrt, 0.05)
    first, second = table.rows[:2]
    assert first.forward is not None
    assert (first.central, first.central_error) == (None, None)
    assert second.central is not None
    assert "— stands where f is not defined at x + h or at x − h." in table.text()
    assert "— : f n'est pas définie" in table.text("fr")


def test_the_edge_of_the_domain() -> None:
    table = derivative_table(lambda x: math.sqrt(1 - x), 1.0, exact=0.0)
    assert table.best_forward_h is table.best_central_h is table.measured is None
    assert "The forward difference cannot be computed: f is not defined beside x." in table.text()


ENGLISH = """\
Slope of f at x = 2, measured with a step h that shrinks
Reference: f'(x) = 12 (complex step, free of rounding)

       forward difference              central difference
    h   (f(x+h) − f(x))/h     error  (f(x+h) − f(x−h))/2h     error
1e-02       12.0601000000  6.0e-02          12.0001000000  1.0e-04
1e-05       12.0000600003  6.0e-05          12.0000000002  2.1e-10*
1e-08       11.9999999271  7.3e-08*         11.9999999271  7.3e-08
1e-13       11.9904086660  9.6e-03          11.9904086660  9.6e-03

* marks the best h of each difference.
The forward difference is best at h = 1e-08, where its error is 7.3e-08.
The central difference is best at h = 1e-05, where its error is 2.1e-10.
As h shrinks towards the best h, the error falls. It is truncation: the curve bends away
from the straight line, in proportion to h for the forward difference and to h² for the
central one.
Below the best h the error grows again. It is rounding: f(x+h) and its neighbour agree in
almost all of their digits, and the rounding of their difference is divided by an ever
smaller h."""

FRENCH = """\
* marque le meilleur incrément h de chaque différence.
La différence avant est la plus juste en h = 1e-08, avec une erreur de 7.3e-08.
La différence centrée est la plus juste en h = 1e-05, avec une erreur de 2.1e-10.
Quand l'incrément h descend vers le meilleur h, l'erreur baisse. C'est l'erreur de
troncature : la courbe s'écarte de la droite qui donne la pente, en proportion de h pour la
différence avant et de h² pour la différence centrée.
En dessous du meilleur h, l'erreur remonte. C'est l'erreur d'arrondi : f(x+h) et sa voisine
ont presque tous leurs chiffres en commun, et l'arrondi de leur différence est divisé par un
h toujours plus petit."""


def test_text_in_both_languages() -> None:
    # A cube in products, whose last digits do not depend on the library behind the power.
    table = derivative_table(lambda x: x * x * x, 2.0, steps=[1e-2, 1e-5, 1e-8, 1e-13])
    french = table.text("fr").splitlines()
    assert french[0] == "Pente de f en x = 2, mesurée avec un incrément h de plus en plus petit"
    assert french[1] == "Référence : dérivée f'(x) = 12 (pas complexe, sans erreur d'arrondi)"
    assert str(table) == table.text("en") == ENGLISH
    assert table.text("fr").endswith(FRENCH)


def test_no_line_of_french_begins_with_a_colon() -> None:
    for x in np.linspace(0.1, 2.0, 20).tolist():
        text = derivative_table(lambda t: t * t, x).text("fr")
        assert not any(line.startswith(":") for line in text.splitlines())
        assert "\N{NO-BREAK SPACE}" not in text


def test_a_parabola_leaves_the_central_difference_nothing_to_gain() -> None:
    text = derivative_table(lambda x: 3 * x**2 - 4 * x + 5, 3.0).text()
    assert "The central difference is best at the largest step, h = 1e-01" in text
    assert "The forward difference is best at h = 1e-0" in text


def test_a_kink_is_called_one() -> None:
    text = derivative_table(abs, 0.0).text()
    assert "The forward difference comes near the reference at no h." in text
    assert "The central difference is exact at every h." in text
    assert "f has a kink or a jump at x, and then no derivative there" in text
    assert "rounding takes over" not in text
    assert "un point anguleux" in derivative_table(abs, 0.0).text("fr")


def test_every_sentence_exists_in_every_language() -> None:
    english, *others = step_table._SENTENCES.values()
    assert others
    for other in others:
        assert other.keys() == english.keys()


def test_plain_data() -> None:
    table = derivative_table(math.sqrt, 0.05)
    data = json.loads(json.dumps(table.to_dict(), allow_nan=False))
    assert data == table.to_dict()
    assert data["source"] == "richardson"
    assert data["best_forward_h"] == table.best_forward_h
    assert data["rows"][0] == {
        "h": 0.1,
        "forward": forward_difference(math.sqrt, 0.05, 0.1),
        "central": None,
        "forward_error": table.rows[0].forward_error,
        "central_error": None,
    }
    with pytest.raises(dataclasses.FrozenInstanceError):
        table.x = 1.0  # type: ignore[misc]  # the assignment is what is refused
    assert isinstance(table, DerivativeTable)


def test_functions_written_for_another_type() -> None:
    value = micrograd.engine.Value
    table = derivative_table(lambda v: (v * 3).relu() ** 2, 1.0, number=value)
    assert table.reference == pytest.approx(18)


@pytest.mark.parametrize(
    ("call", "builtin", "message"),
    [
        (lambda: derivative_table("x**2", 1.0), TypeError, r"f must be a function of one number"),
        (lambda: derivative_table(cube, math.inf), ValueError, r"x is inf: pass a finite number"),
        (
            lambda: derivative_table(cube, 1.0, exact="3"),
            TypeError,
            r"exact must be a real number and is '3' \(str\)",
        ),
        (
            lambda: derivative_table(cube, 1.0, exact=math.nan),
            ValueError,
            r"exact is nan: pass a finite number",
        ),
        (
            lambda: derivative_table(cube, 1.0, steps=[]),
            TypeError,
            r"steps must list at least one increment h, and is \[\]: pass positive floats",
        ),
        (lambda: derivative_table(cube, 1.0, steps=0.1), TypeError, r"steps must list .* is 0\.1"),
        (
            lambda: derivative_table(cube, 1.0, steps=["0.1"]),
            TypeError,
            r"a step h must be a real number and is '0\.1'",
        ),
        (lambda: derivative_table(cube, 1.0, steps=[0.1, 0]), ValueError, r"h is 0, and the slope"),
        (
            lambda: derivative_table(cube, 1.0, steps=[0.1, -0.2]),
            ValueError,
            r"steps holds -0\.2, and the steps of a table are positive",
        ),
        (
            lambda: derivative_table(math.log, -1.0),
            ValueError,
            r"f\(-1\.0\) raised ValueError: .*: choose an x inside of the domain",
        ),
        (
            lambda: derivative_table(lambda x: [x], 1.0),
            TypeError,
            r"f\(1\.0\) returned \[1\.0\] \(list\), where one number is needed",
        ),
        (
            lambda: derivative_table(lambda x: math.sqrt(1 - x), 1.0),
            ValueError,
            r"no reference derivative can be measured at x = 1\.0: .* Pass exact=",
        ),
        (
            lambda: derivative_table(cube, 1.0).text("de"),
            ValueError,
            r"lang is 'de', and the texts are written in: 'en', 'fr'\. Choose one of these\.",
        ),
        (
            lambda: derivative_table(cube, 1.0).text(["fr"]),
            ValueError,
            r"lang is \['fr'\], and the texts",
        ),
    ],
)
def test_what_is_refused(call: Callable[[], Any], builtin: type[Exception], message: str) -> None:
    with pytest.raises(errors.ChainruleError, match=message) as caught:
        call()
    assert isinstance(caught.value, builtin)


def test_examples_of_the_docstrings() -> None:
    assert doctest.testmod(step_table).failed == 0
