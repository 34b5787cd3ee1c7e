"""What one page talks to: an expression, its inputs, and what was learned so far. It knows no network.

Every message gets a reply, and every reply is plain data that JSON can hold. A state holds all that a page
shows; "picture" is left out of it, and "error" says why, where there is none at the present values.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from chainrule import errors
from chainrule.errors import ChainruleError
from chainrule.explain.expression import explain_expression
from chainrule.explain.learning import only_learning
from chainrule.explain.messages import typeset
from chainrule.explain.notation import number
from chainrule.explain.page import fragment
from chainrule.expressions import Program, parse
from chainrule.studio.curve import curve
from chainrule.studio.history import History
from chainrule.studio.learning import Slopes, operations, slopes
from chainrule.studio.lessons import LESSONS
from chainrule.studio.protocol import LONGEST_EXPRESSION, check
from chainrule.studio.words import words

Reply = dict[str, Any]

#: The most operations of an expression, and the seconds of work that one training may take.
MOST_OPERATIONS = 300
MOST_SECONDS = 5.0

#: A training shows about so many pictures, and works no longer than these seconds on each.
_PICTURES = 40
_SLICE_SECONDS = 0.1

#: Names of what is given rather than learned, where nobody said which inputs learn.
_GIVEN = ("x", "y", "t")


class Session:
    """The state behind one page, which :meth:`handle` moves from message to message.

    >>> session = Session()
    >>> reply = session.handle({"do": "lesson", "name": "regression"})
    >>> reply["loss"], [one["name"] for one in reply["inputs"] if one["learns"]]
    (1.0, ['w'])
    >>> session.handle({"do": "update"})["note"]
    'Updated with learning rate 0.1: w ← 1 − 0.1 · (−2) = 1.2.'
    """

    def __init__(self, lang: str = "en") -> None:
        self.say = words(lang)
        self.lang = lang
        self.number: int | None = None
        self._open_lesson(next(iter(LESSONS)))

    def handle(self, message: Any) -> Reply | Iterator[Reply]:
        """The reply to ``message``; of "train", one after another until the training ends.

        Between two replies of a training, other messages may be handled: a new rate or value is used
        from then on, while "stop" and whatever begins anew ends it. Nothing is raised: a refusal is a
        reply with an "error".
        """
        try:
            fields = check(message)
            do, self.number = fields.pop("do"), fields.pop("number", self.number)
            if do == "train":
                return self._train(**fields)
            reply: Reply = getattr(self, f"_do_{do}")(**fields)
        except ChainruleError as error:
            return self.refused(error)
        return reply

    def refused(self, error: ChainruleError) -> Reply:
        """The reply that says why nothing was done."""
        return {"kind": "refused", "number": self.number, "error": str(error)}

    # --- what is opened --------------------------------------------------------------------------------

    def _do_lesson(self, name: str) -> Reply:
        if name not in LESSONS:
            raise errors.studio_lesson_unknown(name, LESSONS)
        self._open_lesson(name)
        return self._state()

    def _open_lesson(self, name: str) -> None:
        lesson = LESSONS[name]
        self._open(parse(lesson.expression), lesson.expression, lesson.values, lesson.learn, lesson.rate)
        self.lesson: str | None = name

    def _do_open(
        self,
        expression: str,
        values: Mapping[str, float] | None = None,
        learn: list[str] | None = None,
        rate: float | None = None,
    ) -> Reply:
        if len(expression) > LONGEST_EXPRESSION:
            raise errors.studio_expression_too_long(len(expression), LONGEST_EXPRESSION)
        program = parse(expression)
        count = operations(program)
        if count > MOST_OPERATIONS:
            raise errors.studio_expression_too_large(count, MOST_OPERATIONS)
        known = {**self.values, **(values or {})}
        kept = {name: known.get(name, 1.0) for name in program.inputs}
        if learn is None:
            learns = _likely(program) if self.learning.isdisjoint(kept) else self.learning
        else:
            learns = set(learn)
        self._open(program, expression, kept, learns & set(kept), self.rate if rate is None else rate)
        self.lesson = next((name for name, one in LESSONS.items() if one.expression == expression), None)
        return self._state()

    def _open(
        self,
        program: Program,
        expression: str,
        values: Mapping[str, float],
        learning: Iterable[str],
        rate: float,
    ) -> None:
        self.program, self.expression = program, expression
        self.values = {name: values[name] for name in program.inputs}
        self.learning, self.rate = set(learning), rate
        self._opened = (dict(self.values), tuple(learning), rate)
        self._bounds = {name: _bound(value) for name, value in self.values.items()}
        self._training: object | None = None
        self._begin_history()

    def _do_reset(self) -> Reply:
        self._open(self.program, self.expression, *self._opened)
        return self._state()

    def _begin_history(self) -> None:
        self.history = History()
        try:
            loss = slopes(self.program, self.values).loss
        except ChainruleError:
            return
        if math.isfinite(loss):
            self.history.add(loss)

    # --- what is moved ---------------------------------------------------------------------------------

    def _do_set(self, name: str, value: float) -> Reply:
        self._known(name)
        self.values[name] = value
        self._begin_history()
        return self._state()

    def _do_learn(self, name: str, learn: bool) -> Reply:
        self._known(name)
        (self.learning.add if learn else self.learning.discard)(name)
        return self._state()

    def _do_rate(self, value: float) -> Reply:
        self.rate = value
        return self._state()

    def _do_language(self, lang: str) -> Reply:
        self.say, self.lang = words(lang), lang
        lessons = {
            name: {"title": typeset(one.title[lang], lang), "text": typeset(one.text[lang], lang)}
            for name, one in LESSONS.items()
        }
        return {**self._state(), "words": self.say, "lessons": lessons}

    def _known(self, name: str) -> None:
        if name not in self.values:
            raise errors.studio_input_unknown(name, self.values)

    # --- what learns -----------------------------------------------------------------------------------

    def _do_update(self) -> Reply:
        self._training = None
        before = dict(self.values)
        if not self.learning:
            return self._state(note="no_learner")
        now = slopes(self.program, self.values)
        if self._step(now) is None:
            return self._state(note="diverged")
        changes = [
            f"{name} ← {number(before[name])} − {number(self.rate)} · {_bracketed(now.gradients[name])}"
            f" = {number(self.values[name])}"
            for name in self.values
            if name in self.learning
        ]
        shown = [*changes[:4], *(["…"] if len(changes) > 4 else [])]
        return self._state(note="updated", changes="; ".join(shown))

    def _step(self, now: Slopes) -> Slopes | None:
        """One step against the gradient, and the slopes there; None, and no step, where it would leave
        the finite numbers."""
        if not now.finite(self.learning):
            return None
        moved = {name: self.values[name] - self.rate * now.gradients[name] for name in self.learning}
        there = slopes(self.program, {**self.values, **moved})
        if not all(map(math.isfinite, (there.loss, *moved.values()))):
            return None
        self.values |= moved
        self.history.add(there.loss)
        return there

    def _do_stop(self) -> Reply:
        if self._training is None:
            return self._state()
        self._training = None
        return self._state(note="stopped")

    def _train(self, steps: int) -> Iterator[Reply]:
        run = self._training = object()
        slice_steps = math.ceil(steps / _PICTURES)
        done, spent, note = 0, 0.0, "trained" if self.learning else "no_learner"
        while note == "trained" and done < steps and self._training is run:
            start = time.perf_counter()
            try:
                made, ended = self._some_steps(min(slice_steps, steps - done), start + _SLICE_SECONDS)
            except ChainruleError as error:
                self._training = None
                yield self.refused(error)
                return
            done += made
            spent += time.perf_counter() - start
            if ended or spent > MOST_SECONDS:
                note = "diverged" if ended else "out_of_time"
            elif done < steps:
                yield self._state(note="training", done=done, steps=steps)
        if self._training is run:
            self._training = None
            yield self._state(note=note)

    def _some_steps(self, count: int, until: float) -> tuple[int, bool]:
        """Up to ``count`` steps, fewer where time is up; and whether the next one cannot be made."""
        now: Slopes | None = slopes(self.program, self.values)
        for made in range(count):
            if made and time.perf_counter() > until:
                return made, False
            now = self._step(now) if now is not None else None
            if now is None:
                return made, True
        return count, False

    # --- what is shown ---------------------------------------------------------------------------------

    def _state(self, note: str | None = None, **filled: Any) -> Reply:
        reply = {
            "kind": "state",
            "number": self.number,
            "lang": self.lang,
            "lesson": self.lesson,
            "expression": self.expression,
            "inputs": [self._input(name) for name in self.values],
            "rate": self.rate,
            "training": self._training is not None,
            "steps": self.history.steps,
            "loss": self.history.points[-1][1] if self.history.points else None,
            "history": self.history.points,
            "curve": curve(self.history.points, self.program.output, self.lang),
            "note": self._note(note, filled),
        }
        try:
            derivation = explain_expression(self.expression, self.values, lang=self.lang, torch=False)
        except ChainruleError as error:
            return {**reply, "error": str(error)}
        shown = replace(only_learning(derivation, self.learning), rate=self.rate)
        part = fragment(shown, lang=self.lang)
        return {**reply, "picture": {"html": part.html, "data": part.data}}

    def _input(self, name: str) -> dict[str, Any]:
        value = self.values[name]
        if abs(value) > self._bounds[name]:
            self._bounds[name] = _bound(value)
        bound = self._bounds[name]
        return {
            "name": name,
            "value": value,
            "low": -bound,
            "high": bound,
            "step": bound / 500,
            "learns": name in self.learning,
        }

    def _note(self, key: str | None, filled: Mapping[str, Any]) -> str:
        if key is None:
            return ""
        points = self.history.points
        first, last = (number(points[i][1]) if points else "?" for i in (0, -1))
        known = {"result": self.program.output, "first": first, "last": last, "steps": self.history.steps}
        return self.say[key].format(**{**known, "rate": number(self.rate), **filled})


def _likely(program: Program) -> set[str]:
    """The inputs that learn where nobody said which: those that are not called x, y or t, or all."""
    learned = {name for name in program.inputs if not name.startswith(_GIVEN)}
    return learned or set(program.inputs)


def _bound(value: float) -> float:
    """Half the width of a slider around 0 with room for ``value``: 5, 10, 20, 50, …"""
    if abs(value) <= 2.5:
        return 5.0
    magnitude = 10.0 ** math.floor(math.log10(abs(value)))
    bound = next(m * magnitude for m in (2, 5, 10, 20) if m * magnitude >= 2 * abs(value))
    return bound if math.isfinite(bound) else abs(value)


def _bracketed(value: float) -> str:
    text = number(value)
    return f"({text})" if text.startswith("−") else text
