"""``Derivation``: a backward pass as plain data, from which everything that is shown is drawn.

It knows nothing of tensors, nodes or rows. A program whose graph comes from elsewhere can make one too.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from dataclasses import dataclass, field, fields, is_dataclass
from functools import cached_property
from os import PathLike
from typing import Any, Literal

from chainrule import errors

#: A formula: a number, a name, or ``[operation, *arguments]``; ``["ref", id]`` is a variable.
Formula = Any

#: A value: a number, nested lists of numbers, or None where it was too large to keep.
Numbers = Any

Kind = Literal["input", "parameter", "constant", "intermediate", "result"]


@dataclass(frozen=True)
class Variable:
    """A value of the program: what it is called, how it was computed, and what it was.

    ``kind`` is "parameter" for a leaf whose gradient is wanted, "input" for one that is given,
    "constant" for a number without a name. ``source`` is ``file:line``, where it is known.
    """

    id: int
    name: str
    kind: Kind
    shape: tuple[int, ...]
    dtype: str
    value: Numbers
    operation: str = ""
    inputs: tuple[int, ...] = ()
    formula: Formula = None
    source: str | None = None


@dataclass(frozen=True)
class LocalDerivative:
    """∂of/∂to at one place among the inputs of ``of``.

    An elementwise operation has a ``formula`` and, where it was kept, a ``value``. Any other has a
    ``rule``: what it makes of the cotangent, as a row of the table names it, with ``place`` counting its
    inputs.
    """

    of: int
    to: int
    place: int
    formula: Formula = None
    value: Numbers = None
    rule: str | None = None


@dataclass(frozen=True)
class Contribution:
    """One product of the chain rule: what ``of`` sent back to ``to``, in the order of the way back.

    ``amount`` is what was added, ``total`` the running ∂result/∂to after it. ``summed`` lists the axes
    along which ``to`` had been copied, and the amount was therefore summed.
    """

    of: int
    to: int
    place: int
    upstream: Numbers
    amount: Numbers
    total: Numbers
    summed: tuple[int, ...] = ()


@dataclass(frozen=True)
class Check:
    """The gradient of one leaf, beside what it is compared with.

    ``numerical`` is a central difference, ``torch`` PyTorch's answer; None where there is none. For a
    leaf of many numbers the comparison may be along one direction, and then ``along`` says so:
    ``gradient`` and ``numerical`` are the slopes along it.
    """

    variable: int
    gradient: Numbers
    numerical: Numbers = None
    numerical_error: float | None = None
    torch: Numbers = None
    torch_error: float | None = None
    along: bool = False
    kink: bool = False


@dataclass(frozen=True)
class Group:
    """Operations that one call of a module made: a layer, a network.

    ``name`` is what the caller's variables call the module, ``model.0``, or else its class. ``members``
    are the variables that the call computed, those of calls within it included, and ``parent`` is the
    place among the groups of the call around it.
    """

    name: str
    kind: str
    members: tuple[int, ...]
    parent: int | None = None


@dataclass(frozen=True)
class Image:
    """A small picture of an array of too many numbers to show: at most 32 × 32 cells, each the mean of a
    block of it.

    ``shape`` is that of the array, ``numbers`` the rows of cells, and ``low`` and ``high`` the least and
    greatest finite number of the whole array. A block with a NaN or an infinity shows it.
    """

    variable: int
    of: Literal["value", "gradient"]
    shape: tuple[int, ...]
    numbers: list[list[float]]
    low: float
    high: float


@dataclass(frozen=True)
class Derivation:
    """How the gradients of ``result`` came about: print it, or read its parts.

    ``variables`` stand in the order of the forward pass, ``contributions`` in that of the way back.
    ``rate`` is the learning rate of the update that is shown, w ← w − rate·∂L/∂w. ``groups`` says which
    operations belong together, and ``images`` stand in for the arrays that were too large to keep.
    ``checks`` are those of the leaves, and ``inner_checks`` those of the variables between, where they are
    few. Nothing in it refers to the program that it came from, and it goes through JSON unchanged.

    >>> from chainrule import Value, explain
    >>> a, b = Value(2.0), Value(-3.0)
    >>> L = a * b
    >>> derivation = explain(L)
    >>> derivation.gradient("a")
    -3.0
    >>> Derivation.from_json(derivation.to_json()) == derivation
    True
    """

    result: int
    variables: tuple[Variable, ...]
    locals: tuple[LocalDerivative, ...]
    contributions: tuple[Contribution, ...]
    checks: tuple[Check, ...]
    seed: Numbers = 1.0
    lang: str = "en"
    notes: tuple[str, ...] = field(default=())
    rate: float = 0.1
    groups: tuple[Group, ...] = ()
    images: tuple[Image, ...] = ()
    inner_checks: tuple[Check, ...] = ()

    def __getitem__(self, name: str) -> Variable:
        """The variable called ``name``. Raises NameUnknownError where there is none."""
        if name not in self._named:
            raise errors.no_such_variable(name, [v.name for v in self.variables])
        return self._named[name]

    @cached_property
    def _named(self) -> dict[str, Variable]:
        return {variable.name: variable for variable in reversed(self.variables)}

    def gradient(self, name: str) -> Numbers:
        """∂result/∂name: a number, nested lists, or None where it was too large to keep."""
        return self.total(self[name].id)

    def total(self, variable: int, before: int | None = None) -> Numbers:
        """The running gradient of a variable, after the first ``before`` contributions (after all of
        them where it is None); None while nothing has reached it."""
        if variable == self.result:
            return self.seed
        last = self._last_arrival(variable, before)
        return self.contributions[last].total if last is not None else None

    def reached(self, variable: int, before: int | None = None) -> bool:
        """Whether a gradient has reached the variable, after the first ``before`` contributions."""
        return variable == self.result or self._last_arrival(variable, before) is not None

    def arrivals(self, variable: int) -> list[int]:
        """The places of the contributions that reach a variable, in the order of the way back."""
        return self._arrivals.get(variable, [])

    def _last_arrival(self, variable: int, before: int | None) -> int | None:
        places = self.arrivals(variable)
        count = len(places) if before is None else bisect_left(places, before)
        return places[count - 1] if count else None

    @cached_property
    def _arrivals(self) -> dict[int, list[int]]:
        """For each variable, which contributions reach it."""
        found: dict[int, list[int]] = {}
        for place, contribution in enumerate(self.contributions):
            found.setdefault(contribution.to, []).append(place)
        return found

    def text(self, lang: str | None = None) -> str:
        """The whole explanation as plain text, in English ("en") or French ("fr")."""
        from chainrule.explain.text import render

        return render(self, lang or self.lang)

    def save(self, path: str | PathLike[str], lang: str | None = None) -> None:
        """Write the explanation to a file; its form is that of the ending: ``.svg``, ``.html``, ``.tex``,
        ``.md``, ``.json``, ``.dot``, ``.mmd`` or ``.txt``."""
        from chainrule.explain.saving import save

        save(self, path, lang or self.lang)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        """What a notebook shows."""
        from chainrule.explain.notebook import mimebundle

        return mimebundle(self, include, exclude)

    def __str__(self) -> str:
        return self.text()

    def __repr__(self) -> str:
        name = self.variables[self.result].name
        return (
            f"<Derivation of {name}: {len(self.variables)} variables, "
            f"{len(self.contributions)} contributions>"
        )

    def to_dict(self) -> dict[str, Any]:
        """As dictionaries, lists, numbers and strings; an infinity or NaN as ``{"number": "∞"}``."""
        return {one.name: plain(getattr(self, one.name)) for one in fields(self)}

    def to_json(self, indent: int | None = None) -> str:
        """As JSON text."""
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=indent, allow_nan=False)

    @classmethod
    def from_dict(cls, data: Any) -> Derivation:
        """The derivation that :meth:`to_dict` wrote. Raises DTypeError where it did not."""
        try:
            data = numbers_of(data)
            return cls(
                result=data["result"],
                variables=tuple(_made(Variable, one) for one in data["variables"]),
                locals=tuple(_made(LocalDerivative, one) for one in data["locals"]),
                contributions=tuple(_made(Contribution, one) for one in data["contributions"]),
                checks=tuple(_made(Check, one) for one in data["checks"]),
                seed=data["seed"],
                lang=data["lang"],
                notes=tuple(data["notes"]),
                # what older versions did not write
                rate=data.get("rate", 0.1),
                groups=tuple(_made(Group, one) for one in data.get("groups", ())),
                images=tuple(_made(Image, one) for one in data.get("images", ())),
                inner_checks=tuple(_made(Check, one) for one in data.get("inner_checks", ())),
            )
        except (KeyError, TypeError, AttributeError, IndexError) as error:
            raise errors.not_a_derivation(error) from error

    @classmethod
    def from_json(cls, text: str) -> Derivation:
        """The derivation that :meth:`to_json` wrote. Raises DTypeError where it did not."""
        try:
            data = json.loads(text)
        except (ValueError, TypeError) as error:
            raise errors.not_a_derivation(error) from error
        return cls.from_dict(data)


_TUPLES = ("shape", "inputs", "summed", "members")


def _made(cls: Any, data: dict[str, Any]) -> Any:
    return cls(**{k: tuple(v) if k in _TUPLES else v for k, v in data.items()})


_SPECIAL = {"∞": float("inf"), "−∞": float("-inf"), "NaN": float("nan")}


def plain(data: Any) -> Any:
    """Dataclasses as dictionaries.

    JSON has no infinities and no NaN: they travel as ``{"number": "∞"}``."""
    if isinstance(data, dict):
        return {key: plain(value) for key, value in data.items()}
    if isinstance(data, (list, tuple)):
        return [plain(value) for value in data]
    if is_dataclass(data):
        return {one.name: plain(getattr(data, one.name)) for one in fields(data)}
    if isinstance(data, float) and (data != data or data in (float("inf"), float("-inf"))):
        return {"number": "NaN" if data != data else "∞" if data > 0 else "−∞"}
    return data


def numbers_of(data: Any) -> Any:
    """What :func:`plain` wrote of infinities and NaN, as the numbers that they are."""
    if isinstance(data, dict):
        if set(data) == {"number"}:
            return _SPECIAL[data["number"]]
        return {key: numbers_of(value) for key, value in data.items()}
    if isinstance(data, list):
        return [numbers_of(value) for value in data]
    return data
