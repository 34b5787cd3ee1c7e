"""The table of a numerical derivative: its error falls as h shrinks, then rounding takes over.

``derivative_table`` measures the slope of a function at ever smaller steps h, by the two
differences of the ``numeric`` module, and the table says in words what its numbers show.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from chainrule import errors
from chainrule.autodiff.numeric import (
    Function,
    central_difference,
    checked,
    complex_step,
    finite,
    forward_difference,
    real_value,
    richardson,
)

Source = Literal["exact", "complex step", "richardson"]
Method = Literal["forward", "central"]

DEFAULT_STEPS = tuple(float(f"1e-{digits}") for digits in range(1, 16))

_EPSILON = float(np.finfo(np.float64).eps)


@dataclass(frozen=True)
class DerivativeRow:
    """One line of a table: both slopes at one h; None where f is not defined at x + h or x − h."""

    h: float
    forward: float | None
    central: float | None
    forward_error: float | None
    central_error: float | None

    def slope(self, method: Method) -> float | None:
        """The slope by one of the two differences."""
        return self.forward if method == "forward" else self.central

    def error(self, method: Method) -> float | None:
        """How far that slope is from the table's reference."""
        return self.forward_error if method == "forward" else self.central_error


@dataclass(frozen=True)
class DerivativeTable:
    """The slopes of one function at one point as h shrinks, and how far each is off.

    ``reference`` is what the errors are measured against and ``source`` says where it is from: the
    caller's ``exact`` value, the complex step, or Richardson's extrapolation. Where an exact value
    is given, the derivative is ``measured`` all the same (None where it cannot be), and
    ``contradicted`` tells that the slopes of f speak against that value.
    """

    x: float
    reference: float
    source: Source
    measured: float | None
    contradicted: bool
    rows: tuple[DerivativeRow, ...]

    def best(self, method: Method) -> DerivativeRow | None:
        """The row with the smallest error, the one with the largest h among equals."""
        known = [(error, row) for row in self.rows if (error := row.error(method)) is not None]
        return min(known, key=lambda pair: pair[0])[1] if known else None

    @property
    def best_forward_h(self) -> float | None:
        """The h at which the forward difference is the nearest to the reference."""
        row = self.best("forward")
        return None if row is None else row.h

    @property
    def best_central_h(self) -> float | None:
        """The h at which the central difference is the nearest to the reference."""
        row = self.best("central")
        return None if row is None else row.h

    def to_dict(self) -> dict[str, Any]:
        """The table as plain data, ready for JSON."""
        fields = asdict(self)
        return fields | {
            "rows": list(fields["rows"]),
            "best_forward_h": self.best_forward_h,
            "best_central_h": self.best_central_h,
        }

    def text(self, lang: str = "en") -> str:
        """The table in plain text, in English (``"en"``) or French (``"fr"``).

        Raises ``DomainError`` for another language.
        """
        if not isinstance(lang, str) or lang not in _SENTENCES:
            raise errors.unknown_language(lang, tuple(_SENTENCES))
        say = _SENTENCES[lang]
        source = say[f"source {self.source}"]
        lines = [
            say["title"].format(x=f"{self.x:.12g}"),
            say["reference"].format(reference=f"{self.reference:.15g}", source=source),
            "",
            *_columns(self, say),
            "",
        ]
        for sentence in _conclusions(self, say):
            lines += _wrapped(sentence)
        return "\n".join(lines)

    def __str__(self) -> str:
        return self.text()


def derivative_table(
    f: Function,
    x: float,
    exact: float | None = None,
    steps: Iterable[float] = DEFAULT_STEPS,
    *,
    number: Function | None = None,
) -> DerivativeTable:
    """The forward and central slopes of ``f`` at x for each h of ``steps``, largest h first.

    Errors are measured against ``exact``, or else against the complex step where f accepts complex
    numbers (and agrees there with its own real slopes), or else against Richardson's extrapolation.

    Raises ``DomainError`` where f is not defined at x, or on one side of x only when no ``exact``
    is given, and for a step that is not positive; ``DTypeError`` as ``forward_difference``.

    >>> table = derivative_table(lambda x: x**3, 2.0)
    >>> table.reference, table.source, table.best_forward_h
    (12.0, 'complex step', 1e-08)
    """
    x, _ = checked(f, x, 1.0, number)
    ordered = _checked_steps(steps)
    if exact is not None:
        exact = finite("exact", exact)
    real_value(f, x, number)
    measured, source = _measured(f, x, number)
    if exact is not None:
        source = "exact"
    reference = measured if exact is None else exact
    if reference is None:
        raise errors.no_reference_slope(x)
    contradicted = exact is not None and _is_contradicted(f, x, exact, number)
    rows = tuple(_row(f, x, h, reference, number) for h in ordered)
    return DerivativeTable(x, reference, source, measured, contradicted, rows)


def _checked_steps(steps: Any) -> tuple[float, ...]:
    """The distinct steps, largest first."""
    if isinstance(steps, str) or not isinstance(steps, Iterable):
        raise errors.no_steps(steps)
    distinct = {finite("a step h", step) for step in steps}
    if not distinct:
        raise errors.no_steps(steps)
    for step in distinct:
        if step == 0.0:
            raise errors.zero_step()
        if step < 0.0:
            raise errors.negative_step(step)
    return tuple(sorted(distinct, reverse=True))


def _measured(f: Function, x: float, number: Function | None) -> tuple[float | None, Source]:
    """The derivative without a formula for it, by the best means that f allows."""
    try:
        slope = complex_step(f, x, number=number)
    except (errors.DTypeError, errors.DomainError):
        slope = None
    # A function may accept complex numbers and still not be analytic, such as abs(x)·x.
    if slope is not None and not _is_contradicted(f, x, slope, number):
        return slope, "complex step"
    try:
        return richardson(f, x, number=number), "richardson"
    except errors.DomainError:
        return None, "richardson"


def _is_contradicted(f: Function, x: float, slope: float, number: Function | None) -> bool:
    """Whether the real slopes of ``f`` around x speak against ``slope``.

    They do if, of all the central differences that rounding leaves precise enough to tell, none
    comes near it.
    """
    gaps: list[tuple[float, float]] = []
    scale = abs(slope)
    for h in DEFAULT_STEPS:
        seen = _defined(central_difference, f, x, h, number)
        if seen is None:
            continue
        size = max(abs(real_value(f, x + h, number)), abs(real_value(f, x - h, number)))
        if not gaps:
            scale = max(scale, abs(seen))
        gaps.append((abs(seen - slope), 4 * _EPSILON * (size + abs(x * slope)) / h))
    telling = [gap for gap, rounding in gaps if rounding < 1e-4 * scale]
    return bool(telling) and min(telling) > 2e-4 * scale


def _defined(
    difference: Callable[..., float], f: Function, x: float, h: float, number: Function | None
) -> float | None:
    """A difference, or None where f is not defined at one of its two points."""
    try:
        return difference(f, x, h, number=number)
    except errors.DomainError:
        return None


def _row(f: Function, x: float, h: float, reference: float, number: Function | None) -> DerivativeRow:
    forward = _defined(forward_difference, f, x, h, number)
    central = _defined(central_difference, f, x, h, number)
    return DerivativeRow(
        h,
        forward,
        central,
        None if forward is None else abs(forward - reference),
        None if central is None else abs(central - reference),
    )


def _columns(table: DerivativeTable, say: dict[str, str]) -> list[str]:
    """The lines of the table, in aligned columns; a star beside the best h of each method."""
    methods: tuple[Method, Method] = ("forward", "central")
    names = [""]
    formulas = ["h"]
    for method in methods:
        names += [say[method], ""]
        formulas += [_FORMULAS[method], say["error"]]
    cells = [names, formulas]
    best = {method: table.best(method) for method in methods}
    for row in table.rows:
        line = [_step(row.h)]
        for method in methods:
            slope, error = row.slope(method), row.error(method)
            star = "*" if row is best[method] else " "
            line.append("—" if slope is None else f"{slope + 0.0:#.12g}")
            line.append("—" + star if error is None else _size(error) + star)
        cells.append(line)
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return [
        "  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in cells
    ]


def _wrapped(sentence: str) -> list[str]:
    """Lines of at most 92 columns, none of which begins with the colon of a French sentence."""
    lines = textwrap.wrap(sentence.replace(" :", "\N{NO-BREAK SPACE}:"), 92)
    return [line.replace("\N{NO-BREAK SPACE}", " ") for line in lines]


def _size(error: float) -> str:
    return f"{error:.1e}" if error else "0"


def _step(h: float) -> str:
    """A step as a power of ten where it is one."""
    short = f"{h:.0e}"
    return short if float(short) == h else f"{h:.4g}"


def _conclusions(table: DerivativeTable, say: dict[str, str]) -> list[str]:
    """What the numbers of the table show, in sentences."""
    sentences = [say["star"]] if any(row.forward is not None for row in table.rows) else []
    if any(row.forward is None or row.central is None for row in table.rows):
        sentences.append(say["dash"])
    if table.contradicted:
        measured = say["unmeasured"] if table.measured is None else f"{table.measured:.12g}"
        exact = f"{table.reference:.12g}"
        return [*sentences, say["contradicted"].format(exact=exact, measured=measured)]
    verdicts: dict[Method, str] = {
        "forward": _verdict(table, "forward"),
        "central": _verdict(table, "central"),
    }
    for method, verdict in verdicts.items():
        row = table.best(method)
        h, error = ("", "") if row is None else (_step(row.h), _size(row.error(method) or 0.0))
        sentences.append(say[verdict].format(method=say[method], h=h, error=error))
    if "unsettled" in verdicts.values():
        sentences.append(say["kink"])
    elif "turning" in verdicts.values():
        sentences += [say["truncation"], say["rounding"]]
    return sentences


def _verdict(table: DerivativeTable, method: Method) -> str:
    """How the error of one method runs down the table: the key of the sentence that says it."""
    rows = [row for row in table.rows if row.error(method) is not None]
    best = table.best(method)
    if best is None:
        return "undefined"
    if not any(row.error(method) for row in rows):
        return "everywhere"
    # Over three decades of h, an error that only truncation made would have shrunk far below this.
    scale = max(abs(table.reference), abs(rows[0].slope(method) or 0.0))
    if (best.error(method) or 0.0) > 1e-2 * scale and rows[0].h >= 999 * rows[-1].h:
        return "unsettled"
    if len(rows) == 1:
        return "alone"
    if best is rows[0]:
        return "largest"
    return "smallest" if best is rows[-1] else "turning"


_FORMULAS: dict[Method, str] = {
    "forward": "(f(x+h) − f(x))/h",
    "central": "(f(x+h) − f(x−h))/2h",
}

_SENTENCES: dict[str, dict[str, str]] = {
    "en": {
        "title": "Slope of f at x = {x}, measured with a step h that shrinks",
        "reference": "Reference: f'(x) = {reference} ({source})",
        "source exact": "given as exact",
        "source complex step": "complex step, free of rounding",
        "source richardson": "Richardson's extrapolation of central differences",
        "forward": "forward difference",
        "central": "central difference",
        "error": "error",
        "star": "* marks the best h of each difference.",
        "dash": "— stands where f is not defined at x + h or at x − h.",
        "turning": "The {method} is best at h = {h}, where its error is {error}.",
        "alone": "The {method} has an error of {error} at h = {h}.",
        "largest": "The {method} is best at the largest step, h = {h}, with an error of {error}: "
        "a smaller h has no truncation left to remove and only adds rounding.",
        "smallest": "The {method} is best at the smallest step, h = {h}, with an error of "
        "{error}: rounding has not taken over yet.",
        "undefined": "The {method} cannot be computed: f is not defined beside x.",
        "everywhere": "The {method} is exact at every h.",
        "unsettled": "The {method} comes near the reference at no h.",
        "kink": "Either f has a kink or a jump at x, and then no derivative there (the reference "
        "is only the mean of the slopes on its two sides), or its slope is lost in rounding.",
        "truncation": "As h shrinks towards the best h, the error falls. It is truncation: the "
        "curve bends away from the straight line, in proportion to h for the forward difference "
        "and to h² for the central one.",
        "rounding": "Below the best h the error grows again. It is rounding: f(x+h) and its "
        "neighbour agree in almost all of their digits, and the rounding of their difference is "
        "divided by an ever smaller h.",
        "contradicted": "The exact value given, {exact}, is not the slope that f shows at x "
        "(measured: {measured}): check the formula that it comes from.",
        "unmeasured": "none",
    },
    "fr": {
        "title": "Pente de f en x = {x}, mesurée avec un incrément h de plus en plus petit",
        "reference": "Référence : dérivée f'(x) = {reference} ({source})",
        "source exact": "valeur exacte donnée",
        "source complex step": "pas complexe, sans erreur d'arrondi",
        "source richardson": "extrapolation de Richardson des différences centrées",
        "forward": "différence avant",
        "central": "différence centrée",
        "error": "erreur",
        "star": "* marque le meilleur incrément h de chaque différence.",
        "dash": "— : f n'est pas définie en x + h ou en x − h.",
        "turning": "La {method} est la plus juste en h = {h}, avec une erreur de {error}.",
        "alone": "La {method} a une erreur de {error} en h = {h}.",
        "largest": "La {method} est la plus juste au plus grand incrément, h = {h}, avec une "
        "erreur de {error} : un h plus petit n'a plus d'erreur de troncature à enlever et ne fait "
        "qu'ajouter de l'erreur d'arrondi.",
        "smallest": "La {method} est la plus juste au plus petit incrément, h = {h}, avec une "
        "erreur de {error} : l'erreur d'arrondi n'a pas encore pris le dessus.",
        "undefined": "La {method} ne peut pas être calculée : f n'est pas définie à côté de x.",
        "everywhere": "La {method} est exacte pour tout incrément h.",
        "unsettled": "La {method} n'approche la référence pour aucun incrément h.",
        "kink": "Ou bien f a un point anguleux ou un saut en x, et n'y a donc pas de dérivée (la "
        "référence n'est que la moyenne des pentes de ses deux côtés), ou bien sa pente se perd "
        "dans l'erreur d'arrondi.",
        "truncation": "Quand l'incrément h descend vers le meilleur h, l'erreur baisse. C'est "
        "l'erreur de troncature : la courbe s'écarte de la droite qui donne la pente, en "
        "proportion de h pour la différence avant et de h² pour la différence centrée.",
        "rounding": "En dessous du meilleur h, l'erreur remonte. C'est l'erreur d'arrondi : "
        "f(x+h) et sa voisine ont presque tous leurs chiffres en commun, et l'arrondi de leur "
        "différence est divisé par un h toujours plus petit.",
        "contradicted": "La valeur exacte donnée, {exact}, n'est pas la pente que f montre en x "
        "(mesurée : {measured}) : vérifiez la formule dont elle vient.",
        "unmeasured": "aucune",
    },
}
