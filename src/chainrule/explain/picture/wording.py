"""What a picture says: the title of a box, its value and gradient, and what an arrow carries."""

from __future__ import annotations

import math
from functools import cached_property
from typing import Any, NamedTuple

from chainrule.explain.derivation import Contribution, Derivation, LocalDerivative, Numbers
from chainrule.explain.mathml import in_xml
from chainrule.explain.notation import numbers, write
from chainrule.explain.picture.groups import Cluster
from chainrule.explain.picture.measure import cut, text_width, wrapped
from chainrule.explain.picture.words import words
from chainrule.explain.statements import Statements

#: The most columns of a box's title, of a value in it, and of a line on an arrow.
_TITLE, _VALUE, _ARROW = 34, 16, 30

#: The most lines that a rule takes on an arrow.
_LINES = 3


class Texts(NamedTuple):
    """What stands in a box in the end, and the widest value and gradient that stand there at any step."""

    title: str
    value: str = ""
    gradient: str = ""
    widest_value: str = ""
    widest_gradient: str = ""


class Wording:
    """The texts of the picture of ``derivation``, in the language ``lang``."""

    def __init__(self, derivation: Derivation, lang: str) -> None:
        self.derivation = derivation
        self.variables = derivation.variables
        self.say = words(lang)
        self.statements = Statements(derivation, lang)
        self._known: dict[int, Texts] = {}  # a leaf that many groups share has a box in each

    # --- boxes -----------------------------------------------------------------------------------------

    def box(self, kind: str, variables: tuple[int, ...]) -> Texts:
        """The texts of the box of a variable, or of several leaves."""
        variable = variables[0]
        if len(variables) > 1:
            title = self.say[f"leaves_{kind}"].format(count=len(variables))
            names = f"{self.name(variable)} … {self.name(variables[-1])}"
            return _still(title, cut(names, _TITLE))
        if kind == "elsewhere":
            return _still(cut(f"{self.name(variable)} …", _TITLE))
        if variable not in self._known:
            value, gradient = self.value(variable), self.gradient(variable)
            values = (value, self.updated(variable)) if kind == "parameter" else (value,)
            self._known[variable] = Texts(
                self._title(variable),
                value,
                gradient,
                max(values, key=text_width),
                self._widest(variable, gradient),
            )
        return self._known[variable]

    def group(self, cluster: Cluster) -> Texts:
        """The texts of a closed group: its title, and how much is in it."""
        count = sum(1 for one in cluster.members if self.variables[one].operation)
        return _still(cut(self.cluster(cluster), _TITLE), self.say["operations"].format(count=count))

    def name(self, variable: int) -> str:
        return in_xml(self.variables[variable].name)

    @staticmethod
    def fitting(value: Any, shape: tuple[int, ...]) -> str:
        """A number, or a short vector, or the shape of what is neither."""
        if isinstance(value, float) and math.isnan(value):
            return "NaN"
        if value is not None:
            text = numbers(value)
            if len(text) <= _VALUE:
                return text
        return str(shape)

    def _title(self, variable: int) -> str:
        found = self.variables[variable]
        if not found.operation:
            return cut(self.name(variable), _TITLE)
        return cut(f"{self.name(variable)} = {write(found.formula, self.name)}", _TITLE)

    def value(self, variable: int) -> str:
        """The value of a variable as it fits into its box; the shape of a larger one."""
        found = self.variables[variable]
        return self.fitting(found.value, found.shape)

    def updated(self, variable: int) -> str:
        """The value of a variable after the update, as it fits into its box."""
        return self.fitting(self.statements.updated(variable), self.variables[variable].shape)

    def gradient(self, variable: int, before: int | None = None) -> str:
        """The running gradient in brackets, as the course writes it; nothing where none has come."""
        if not self.derivation.reached(variable, before):
            return ""
        return self.bracketed_gradient(self.derivation.total(variable, before))

    @staticmethod
    def bracketed_gradient(total: Numbers) -> str:
        """A gradient as it stands in a box: in square brackets, cut short where it is a large array."""
        text = "…" if total is None else numbers(total)
        text = text if len(text) <= _VALUE else "…"
        return text if text.startswith("[") else f"[{text}]"

    def _widest(self, variable: int, final: str) -> str:
        running = (self.bracketed_gradient(one.total) for one in self._arriving.get(variable, ()))
        return max((final, *running), key=text_width)

    @cached_property
    def _arriving(self) -> dict[int, list[Contribution]]:
        found: dict[int, list[Contribution]] = {}
        for one in self.derivation.contributions:
            found.setdefault(one.to, []).append(one)
        return found

    # --- arrows ----------------------------------------------------------------------------------------

    def arrow(self, local: LocalDerivative) -> tuple[tuple[str, ...], str]:
        """The local derivative that an arrow carries, and the product that flows along it."""
        if local.rule is not None:
            rule = in_xml(self.statements.rule(local))
            return wrapped(rule, _ARROW, _LINES), self._flow(local)
        return (self._local(local),), self._flow(local)

    def _local(self, local: LocalDerivative) -> str:
        left = f"∂{self.name(local.of)}/∂{self.name(local.to)}"
        formula = write(local.formula, self.name)
        value = local.value
        sides = [left, formula]
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            sides.append(numbers(value))
        if len(sides) == 3 and sides[1] == sides[2]:
            sides.pop()
        while len(sides) > 1 and len(" = ".join(sides)) > _ARROW:
            sides.pop(1 if len(sides) == 3 else 0)
        return cut(" = ".join(sides), _ARROW)

    def _flow(self, local: LocalDerivative) -> str:
        one = self._flowing.get((local.of, local.place))
        if one is None:
            return ""
        if not isinstance(one.amount, (int, float)) or isinstance(one.upstream, list):
            return self.fitting(one.amount, self.variables[local.to].shape)
        amount = numbers(one.amount)
        if not isinstance(local.value, (int, float)) or one.upstream is None:
            return amount
        whole = f"{write(['mul', one.upstream, local.value], self.name, spaced=True)} = {amount}"
        return whole if len(whole) <= _ARROW else amount

    @cached_property
    def _flowing(self) -> dict[tuple[int, int], Contribution]:
        return {(one.of, one.place): one for one in self.derivation.contributions}

    # --- views -----------------------------------------------------------------------------------------

    def whole(self) -> str:
        """The title of the whole graph."""
        return self.say["whole"].format(result=self.name(self.derivation.result))

    def cluster(self, cluster: Cluster) -> str:
        """The title of a group."""
        title = in_xml(cluster.title)
        return self.say[cluster.kind].format(title=title, place=cluster.place, count=cluster.count)


def _still(title: str, value: str = "") -> Texts:
    """The texts of a box in which nothing changes."""
    return Texts(title, value, widest_value=value)
