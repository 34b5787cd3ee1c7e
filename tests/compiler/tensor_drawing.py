"""Random programs of tensors, for whoever claims to run them or to change nothing about their results.

They are of two kinds. The *exact* ones compute with small multiples of a power of two, with infinities and
NaN, so that no step rounds: every order of summation gives the same numbers, and any difference is a fault.
The *smooth* ones round at every step, but have no jumps, and what could grow is brought back: a last bit
more or less stays about as small. Together they use every operation.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import inf, nan, prod
from random import Random

import numpy as np

from chainrule.compiler.ir import Builder, Program
from chainrule.compiler.types import Shape, Type

LENGTHS = (1, 2, 3, 4, 5, 7, 8, 9, 16, 17, 33)

#: No array of a program has more numbers.
MOST = 4096

#: How far multiples of the grain are exact, by dtype.
_EXACT = {"float32": 2.0**24, "float64": 2.0**53, "int32": 2.0**31 - 1, "int64": 2.0**62, "bool": 1.0}


@dataclass
class TensorCase:
    """A program, inputs to run it on, and how exactly its results are determined."""

    program: Program
    inputs: dict[str, np.ndarray]
    exact: bool

    def assert_agrees(self, found: dict[str, np.ndarray], expected: dict[str, np.ndarray]) -> None:
        """Equal, up to the sign of zeros, or within a tolerance where steps round.

        Of these there are at most 30, none of which makes an error more than a few times larger; they add
        up at most some hundred numbers, in whatever order.
        """
        assert found.keys() == expected.keys()
        for name, one in found.items():
            other = expected[name]
            assert (one.dtype, one.shape) == (other.dtype, other.shape), name
            if self.exact or one.dtype.kind != "f":
                np.testing.assert_array_equal(one, other, err_msg=f"{name}\n{self.program}")
            else:
                narrow = any(made.type.dtype == "float32" for made in self.program.instructions)
                tolerance = 2e-4 if narrow else 1e-11
                np.testing.assert_allclose(
                    one, other, rtol=tolerance, atol=tolerance, err_msg=f"{name}\n{self.program}"
                )


@dataclass
class Bounds:
    """What is known of an array's numbers: those that are finite are multiples of ``grain``, and no larger
    than ``most``; as indices they are below ``below``."""

    most: float = 1.0
    grain: float = 1.0
    below: int | None = None


@dataclass
class Drawing:
    """A random program in the making."""

    rng: Random
    exact: bool
    builder: Builder = field(default_factory=lambda: Builder("random"))
    bounds: dict[int, Bounds] = field(default_factory=dict)
    lengths: Sequence[int] = ()

    def __post_init__(self) -> None:
        rng = self.rng
        self.lengths = rng.sample(LENGTHS, 3) + ([0] if rng.random() < 0.05 else [])
        dtypes = (
            ("float32", "float32", "float64", "int64", "int32", "bool")
            if self.exact
            else ("float32", "float64")
        )
        for _ in range(rng.randint(2, 5)):
            self.input(Type(rng.choice(dtypes), self.shape()))

    # --- what there is

    def shape(self, rank: int | None = None) -> Shape:
        rng = self.rng
        rank = rng.randint(0, 4) if rank is None else rank
        found = tuple(rng.choice(self.lengths) for _ in range(rank))
        while prod(found) > MOST // 8:
            longest = max(range(rank), key=lambda axis: found[axis])
            found = (*found[:longest], rng.choice((1, 2, 3)), *found[longest + 1 :])
        return found

    def type(self, place: int) -> Type:
        return self.builder.instructions[place].type

    def any(self, wanted: Callable[[Type], bool] = lambda type: True) -> int | None:
        """A place of such a type, the later ones rather."""
        made = range(len(self.builder.instructions))
        found = [place for place in made if wanted(self.type(place)) and self.bounds[place].below is None]
        return self.rng.choice(found[-8:] if self.rng.random() < 0.6 else found) if found else None

    def input(self, type: Type, below: int | None = None) -> int:
        place = self.builder.input(f"x{len(self.bounds)}", type)
        most, grain = (4.0, 0.5) if type.dtype.startswith("float") else (9.0, 1.0)
        if type.dtype == "bool":
            most = 1.0
        self.bounds[place] = Bounds(most, grain, below)
        return place

    def constant(self, value: float, type: Type) -> int:
        kind = type.dtype
        number: float | bool = (
            bool(value > 0) if kind == "bool" else value if kind[0] == "f" else int(value)
        )
        place = self.builder.constant(number, kind)
        finite = value if abs(value) < inf else 1.0  # of NaN, too
        self.bounds[place] = Bounds(max(1.0, abs(float(finite))), 0.25 if kind[0] == "f" else 1.0)
        return self.copied(place, type.shape)

    def add(
        self, operation: str, operands: tuple[int, ...], bounds: Bounds, **attributes: object
    ) -> int | None:
        """The place of the result, if it is not too large and, where it has to be, exact."""
        if self.exact and operation not in ("argmax", "argmin", "argsort", "iota"):
            dtype = attributes.get("dtype", self.type(operands[-1]).dtype)
            if bounds.most / bounds.grain > _EXACT[str(dtype)]:
                return None
        place = self.builder.add(operation, operands, **attributes)
        self.bounds[place] = bounds
        return place

    def must(self, operation: str, operands: tuple[int, ...], **attributes: object) -> int:
        """The same, of an operation that leaves the numbers as they are."""
        joint = self.joint(*operands)
        place = self.builder.add(operation, operands, **attributes)
        self.bounds[place] = joint
        return place

    def joint(self, *places: int) -> Bounds:
        known = [self.bounds[place] for place in places]
        belows = [one.below for one in known]
        return Bounds(
            max(one.most for one in known),
            min(one.grain for one in known),
            None if None in belows else max(below for below in belows if below is not None),
        )

    # --- operands

    def copied(self, place: int, shape: Shape) -> int:
        return (
            place if self.type(place).shape == shape else self.must("broadcast_to", (place,), shape=shape)
        )

    def like(self, type: Type) -> int:
        """A place of that very type: what there is, a copy of something smaller, or a new input."""
        rng = self.rng
        found = self.any(lambda other: other == type)
        if found is not None and rng.random() < 0.6:
            return found
        smaller = self.any(lambda other: other.dtype == type.dtype and _broadcasts(other.shape, type.shape))
        if smaller is not None and rng.random() < 0.6:
            return self.copied(smaller, type.shape)
        if rng.random() < 0.4:
            special = (0.0, 1.0, -1.0, 0.5, 2.0) + ((-0.0, nan, inf, -inf) if self.exact else ())
            value = rng.choice(special if type.dtype[0] == "f" else (0.0, 1.0, 2.0, -3.0))
            return self.constant(value, type)
        return self.input(type)

    def reshaped(self, place: int, shape: Shape) -> int:
        """A place of that shape and this dtype, seen through a view where that can be."""
        type = self.type(place)
        if type.shape == shape:
            return place
        if prod(shape) == type.size and self.rng.random() < 0.7:
            return self.must("reshape", (place,), shape=shape)
        return self.like(Type(type.dtype, shape))

    def transposed(self, type: Type) -> int:
        """A matrix, or several, of that type: as they are, or as the transposed ones of others."""
        if self.rng.random() < 0.5:
            return self.like(type)
        *batch, rows, columns = type.shape
        other = self.like(Type(type.dtype, (*batch, columns, rows)))
        axes = (*range(len(batch)), len(batch) + 1, len(batch))
        return self.must("permute_dims", (other,), axes=axes)

    def finite(self, place: int) -> int:
        """The same with 0 for what is not finite."""
        type = self.type(place)
        if not self.exact:
            return place
        size = self.must("abs", (place,))
        bounded = self.builder.add("lt", (size, self.constant(inf, type)))
        self.bounds[bounded] = Bounds()
        found = self.builder.add("where", (bounded, place, self.constant(0.0, type)))
        self.bounds[found] = self.bounds[place]
        return found

    def places(self, below: int, shape: Shape) -> int:
        """Indices into an axis of that length."""
        fits = [
            place
            for place, bounds in self.bounds.items()
            if bounds.below is not None
            and bounds.below <= below
            and self.type(place) == Type("int64", shape)
        ]
        if fits and self.rng.random() < 0.5:
            return self.rng.choice(fits)
        return self.input(Type("int64", shape), below)

    # --- the end

    def case(self) -> TensorCase:
        rng, count = self.rng, len(self.builder.instructions)
        places = [count - 1, *(rng.randrange(count) for _ in range(3))]
        outputs = {f"y{number}": place for number, place in enumerate(places)}
        carried = {}
        for place, one in enumerate(self.builder.instructions):
            if one.operation == "input" and self.bounds[place].below is None:
                for name, output in outputs.items():
                    if self.type(output) == self.type(place) and rng.random() < 0.5:
                        carried[one.attributes["name"]] = name
        program = self.builder.program(outputs, carried)
        inputs = {
            one.attributes["name"]: self.filled(one.type, self.bounds[place])
            for place, one in enumerate(self.builder.instructions)
            if one.operation == "input"
        }
        return TensorCase(program, inputs, self.exact)

    def filled(self, type: Type, bounds: Bounds) -> np.ndarray:
        rng = np.random.default_rng(self.rng.randrange(1 << 32))
        if bounds.below is not None:
            return np.asarray(rng.integers(0, bounds.below, type.shape), type.dtype)
        if type.dtype == "bool":
            return np.asarray(rng.random(type.shape) < 0.5)
        if type.dtype.startswith("int"):
            return np.asarray(rng.integers(-9, 10, type.shape), type.dtype)
        if not self.exact:
            return np.asarray(rng.uniform(-2, 2, type.shape), type.dtype)
        numbers = np.asarray(rng.integers(-8, 9, type.shape) * 0.5)
        special = rng.random(type.shape) < (0.1 if self.rng.random() < 0.5 else 0.0)
        return np.asarray(
            np.where(special, rng.choice([-0.0, nan, inf, -inf], type.shape), numbers), type.dtype
        )


def _broadcasts(shape: Shape, to: Shape) -> bool:
    extra = len(to) - len(shape)
    return extra >= 0 and all(n in (1, m) for n, m in zip(shape, to[extra:], strict=True))
