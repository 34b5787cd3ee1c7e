"""The live picture in a notebook: a slider for each input; Python recomputes, and the picture follows.

It needs the package anywidget: ``pip install "chainrule[notebook]"``.
"""

from __future__ import annotations

import json
import math
import re
import sys
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cache, partial
from importlib import import_module
from types import FrameType
from typing import Any

from chainrule import errors
from chainrule.errors import ChainruleError
from chainrule.explain.derivation import Derivation
from chainrule.explain.derive import derive
from chainrule.explain.expression import explain_expression
from chainrule.explain.learning import only_learning
from chainrule.explain.messages import language
from chainrule.explain.names import Names
from chainrule.explain.notation import number
from chainrule.explain.notebook import framed
from chainrule.explain.page import fragment
from chainrule.explain.page.assets import asset, style
from chainrule.explain.recording import record
from chainrule.value import Value

#: The derivation at some values of the inputs, in some language.
Explainer = Callable[[Mapping[str, float], str], Derivation]


@dataclass(frozen=True)
class Range:
    """Where the slider of an input begins and ends, and where it stands at first."""

    low: float
    high: float
    start: float


def live(program: Any, /, *, learn: Collection[str] | None = None, lang: str = "en", **inputs: Any) -> Any:
    """A widget that shows the derivation of ``program``, with a slider for each input.

    ``program`` is an expression, or a Python function that takes values by the names of the inputs and
    returns one. An input is a number, whose slider reaches as far on both sides of 0, or ``(low, high)``
    or ``(low, high, start)``. ``learn`` names the inputs that the update moves, ``"w"`` or ``["w", "b"]``,
    and the others are given; all of them learn where it is left out. ``lang`` is "en" or "fr". The widget's
    ``values`` may be set from Python as well; ``derivation`` is the one that is shown, and ``error`` says
    why there is no newer one.

    >>> shown = live("L = (x*w - y)**2", x=1, y=2, w=(-2, 4, 1), learn="w")
    >>> shown.derivation.gradient("w"), shown.derivation.gradient("x")
    (-2.0, None)
    >>> shown.values = {**shown.values, "w": 3.0}
    >>> shown.derivation.gradient("w")
    2.0

    Raises WidgetMissingError without anywidget, DTypeError and DomainError for what is no program or no
    range, NameUnknownError where ``learn`` names no input, and whatever the program raises at the first
    values.
    """
    language(lang)
    ranges = {name: _range(name, given) for name, given in inputs.items()}
    if not ranges:
        raise errors.live_without_inputs()
    learning = ranges.keys() if learn is None else _learning(learn, ranges)
    if isinstance(program, str):
        explainer = partial(_explain_text, program)
    elif callable(program):
        explainer = partial(_explain_call, program)
    else:
        raise errors.live_program(program)
    return _widget_class()(explainer, ranges, learning, lang)


# --- inputs ------------------------------------------------------------------------------------------


def _range(name: str, given: Any) -> Range:
    parts = given if isinstance(given, (tuple, list)) else (given,)
    if not 1 <= len(parts) <= 3 or not all(map(_is_number, parts)):
        raise errors.live_range(name, given)
    if len(parts) == 1:
        reach = 2 * abs(float(parts[0])) or 2.0
        return Range(-reach, reach, float(parts[0]))
    low, high = float(parts[0]), float(parts[1])
    start = float(parts[2]) if len(parts) == 3 else (low + high) / 2
    if not low < high or not low <= start <= high:
        raise errors.live_range_order(name, low, high, start)
    return Range(low, high, start)


def _is_number(found: Any) -> bool:
    return isinstance(found, (int, float)) and not isinstance(found, bool) and abs(found) < 1e300


def _learning(learn: Collection[str], ranges: Mapping[str, Range]) -> Collection[str]:
    names = {learn} if isinstance(learn, str) else set(learn)
    if not names:
        raise errors.live_learns_nothing(ranges)
    for name in names:
        if name not in ranges:
            raise errors.live_unknown_input(name, ranges)
    return names


def _checked(values: Mapping[str, Any], ranges: Mapping[str, Range]) -> dict[str, float]:
    """The value of every input, as a float; where one is left out, the slider's start."""
    for name, found in values.items():
        if name not in ranges:
            raise errors.live_unknown_input(name, ranges)
        if not _is_number(found) or not math.isfinite(found):
            raise errors.live_value(name, found)
    return {name: float(values.get(name, one.start)) for name, one in ranges.items()}


# --- programs ----------------------------------------------------------------------------------------


def _explain_text(text: str, values: Mapping[str, float], lang: str) -> Derivation:
    return explain_expression(text, values, lang=lang, torch=False)


def _explain_call(function: Callable[..., Any], values: Mapping[str, float], lang: str) -> Derivation:
    """The derivation of what ``function`` returns. Results in between are called as its variables are."""
    inputs = {name: Value(value) for name, value in values.items()}
    inside: dict[str, Any] = {}
    code = getattr(function, "__code__", None)

    def note(frame: FrameType, event: str, _: Any) -> None:
        if event == "return" and frame.f_code is code:
            inside.update(frame.f_locals)

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        result = function(**inputs)
    finally:
        sys.setprofile(before)
    names = Names()
    names.add_all(inputs)
    names.add_all(inside)
    return derive(record(result, names), lang=lang, torch=False)


# --- the widget --------------------------------------------------------------------------------------


@cache
def _widget_class() -> Any:
    """The widget's class, made when it is first asked for: its base is an optional package's."""
    try:
        anywidget: Any = import_module("anywidget")
    except ImportError as missing:
        raise errors.no_anywidget() from missing
    traits: Any = import_module("traitlets")

    class Live(anywidget.AnyWidget):  # type: ignore[misc]  # its base has no types
        """``values`` go from the sliders to Python; ``html`` and ``data``, or an ``error``, come back."""

        _esm = _script()
        values = traits.Dict().tag(sync=True)
        ranges = traits.Dict().tag(sync=True)
        html = traits.Unicode().tag(sync=True)
        data = traits.Dict().tag(sync=True)
        error = traits.Unicode().tag(sync=True)
        lang = traits.Unicode("en").tag(sync=True)

        def __init__(
            self, explainer: Explainer, ranges: Mapping[str, Range], learning: Collection[str], lang: str
        ) -> None:
            self._explainer, self._ranges, self._learning = explainer, ranges, learning
            super().__init__(
                values={name: one.start for name, one in ranges.items()},
                ranges={name: [one.low, one.high] for name, one in ranges.items()},
                lang=lang,
            )
            self._show(self._explained())
            self.observe(self._recompute, ["values", "lang"])

        def __repr__(self) -> str:
            return f"live({', '.join(f'{name}={number(value)}' for name, value in self.values.items())})"

        def _repr_mimebundle_(self, **options: Any) -> Any:
            # where no widget can live, in a file or on a website, the page stands in for it
            bundle, metadata = super()._repr_mimebundle_(**options)
            return {**bundle, **framed(self.derivation)}, metadata

        def _explained(self) -> Derivation:
            derivation = self._explainer(_checked(self.values, self._ranges), self.lang)
            return only_learning(derivation, self._learning)

        def _show(self, derivation: Derivation) -> None:
            part = fragment(derivation)
            self.derivation = derivation
            with self.hold_sync():
                self.html, self.data, self.error = part.html, part.data, ""

        def _recompute(self, _: Any) -> None:
            # the program is the user's, and whatever it raises is shown beside the last good picture
            try:
                self._show(self._explained())
            except ChainruleError as error:
                self.error = str(error)
            except Exception as error:
                self.error = f"{type(error).__name__}: {error}"

    return Live


def _script() -> str:
    """The widget's module: the player, the styles as a text, and what joins both to a notebook."""
    sheets = re.sub(r":root(\S*)", lambda found: f":host({found[1]})" if found[1] else ":host", style())
    parts = (
        asset("player.js"),
        asset("theme.js"),
        f"const styles = {json.dumps(sheets)};",
        asset("widget.js"),
    )
    return "\n".join(parts)
