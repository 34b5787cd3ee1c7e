"""Random array programs, for whoever claims to run them or to change nothing about their results.

:func:`random_program` draws from the operations that compute with numbers one by one, and from views;
:func:`exact` from those that every pass keeps to the bit, :func:`smooth` from those whose results stay
close when a last bit changes. Each comes with inputs to run it on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import inf, nan, prod
from random import Random
from typing import NamedTuple

import numpy as np
from hypothesis import strategies as st

from chainrule.compiler.ir import Builder, Program
from chainrule.compiler.operations import OPERATIONS
from chainrule.compiler.types import Shape, Type

SHAPES: tuple[Shape, ...] = ((), (3,), (2,), (2, 3), (1, 3), (3, 1))
SPECIAL = (0.0, -0.0, 1.0, -1.0, 2.0, 0.5, -4.0, 3.7, nan, inf, -inf)

#: Exponents that no rule makes something else of to the last bit.
_EXPONENTS = (0.0, -0.0, 1.0, 0.5, 3.0, -2.5, nan, inf, -inf)

SMOOTH = (
    "add",
    "sub",
    "mul",
    "div",
    "pow",
    "neg",
    "abs",
    "sqrt",
    "exp",
    "log",
    "sin",
    "cos",
    "tanh",
    "sum",
)


#: The operations of random programs: those that machine code for numbers has, and views.
SIMPLE = (
    *(name for name, operation in OPERATIONS.items() if operation.elementwise),
    *("broadcast_to", "reshape", "permute_dims", "getitem", "sum", "max", "min"),
)


class Case(NamedTuple):
    program: Program
    inputs: dict[str, np.ndarray]


class Drawing:
    """A random program in the making."""

    def __init__(self, rng: Random, dtypes: Sequence[str], shapes: Sequence[Shape]) -> None:
        self.rng = rng
        self.builder = Builder("random")
        self.dtypes = dtypes
        self.shapes = shapes
        for place in range(rng.randint(1, 4)):
            self.builder.input(f"x{place}", Type(rng.choice(dtypes), rng.choice(shapes)))
        self.inputs = len(self.builder.instructions)

    def type(self, place: int) -> Type:
        return self.builder.instructions[place].type

    def any(self, wanted: Callable[[Type], bool] = lambda type: True) -> int | None:
        """A place of such a type, if there is one."""
        found = [place for place in range(len(self.builder.instructions)) if wanted(self.type(place))]
        return self.rng.choice(found) if found else None

    def like(self, type: Type, values: Sequence[float] = SPECIAL) -> int:
        """A place of that very type: a number, a copy of something smaller, or what there is."""
        kind = self.rng.randrange(4)
        if kind == 0:
            return self.number(type, values)
        if kind == 1:
            scalar = self.any(lambda found: found == Type(type.dtype))
            if scalar is not None:
                return self.copied(scalar, type)
        found = self.any(lambda found: found == type)
        return self.number(type, values) if found is None else found

    def number(self, type: Type, values: Sequence[float]) -> int:
        value: float | bool = self.rng.choice(values)
        if type.dtype == "bool":
            value = value > 0
        elif type.dtype == "int64":
            value = self.rng.randint(-3, 3)
        return self.copied(self.builder.constant(value, type.dtype), type)

    def copied(self, place: int, type: Type) -> int:
        return place if not type.shape else self.builder.add("broadcast_to", (place,), shape=type.shape)

    # --- one step

    def step(self, operation: str, exact: bool) -> None:
        """Add ``operation``, on operands that it takes; where there are none, nothing."""
        rng, add = self.rng, self.builder.add
        numbers = operation in ("add", "sub", "mul", "maximum", "minimum", "neg", "abs", "sign") or (
            operation in ("lt", "le", "gt", "ge", "eq", "ne", "isnan", "sum", "max", "min")
        )
        x = self.any(
            (lambda type: type.dtype != "bool")
            if numbers
            else (lambda type: type.dtype == "bool")
            if operation.startswith("logical")
            else (lambda type: type.dtype.startswith("float"))
            if OPERATIONS[operation].elementwise and operation not in ("where", "astype")
            else (lambda type: True)
        )
        if x is None:
            return
        type = self.type(x)
        shape = type.shape
        if operation == "pow" and exact:
            y = self.number(type, _EXPONENTS) if rng.random() < 0.7 else self.given(type)
            add("pow", (x, y))
        elif operation == "where":
            add("where", (self.like(Type("bool", shape)), x, self.like(type)))
        elif operation == "astype":
            # What an infinity is as an integer, no standard says.
            allowed = [one for one in self.dtypes if one != "int64" or type.dtype in ("bool", "int64")]
            if allowed:
                add("astype", (x,), dtype=rng.choice(allowed))
        elif OPERATIONS[operation].elementwise:
            others = [self.like(type) for _ in range(_arity(operation) - 1)]
            operands = [x, *others]
            rng.shuffle(operands)
            add(operation, tuple(operands))
        else:
            self.structural(operation, x, shape, exact)

    def given(self, type: Type) -> int:
        """An input of that type, or a number."""
        found = [place for place in range(self.inputs) if self.type(place) == type]
        return self.rng.choice(found) if found else self.number(type, _EXPONENTS)

    def structural(self, operation: str, x: int, shape: Shape, exact: bool) -> None:
        rng, add = self.rng, self.builder.add
        if operation == "broadcast_to":
            fits = [shape, *(s for s in self.shapes if _broadcasts(shape, s))]
            add("broadcast_to", (x,), shape=rng.choice(fits))
        elif operation == "reshape":
            fits = [shape, *(s for s in self.shapes if prod(s) == prod(shape))]
            add("reshape", (x,), shape=rng.choice(fits))
        elif operation == "permute_dims":
            add("permute_dims", (x,), axes=tuple(rng.sample(range(len(shape)), len(shape))))
        elif operation == "getitem":
            key = tuple(self.part(n) for n in shape[: rng.randint(0, len(shape))])
            add("getitem", (x,), key=key)
        else:
            axis = tuple(place for place in range(len(shape)) if rng.random() < 0.7)
            if exact and prod(shape[place] for place in axis) > 3:  # up to three equal terms add up exactly
                axis = axis[:1]
            if operation == "sum" or all(shape[place] for place in axis):
                add(operation, (x,), axis=axis)

    def part(self, n: int) -> int | slice:
        if n and self.rng.random() < 0.4:
            return self.rng.randrange(n)
        return self.rng.choice((slice(0, n, 1), slice(None), slice(0, 2, 1), slice(None, None, -1)))

    # --- the end

    def case(self, values: Callable[[], float]) -> Case:
        """The program, which gives its last results and some others; and inputs."""
        rng, count = self.rng, len(self.builder.instructions)
        places = [count - 1, *(rng.randrange(count) for _ in range(3))]
        outputs = {f"y{number}": place for number, place in enumerate(places)}
        carried = {}
        for place in range(self.inputs):
            for name, output in outputs.items():
                if self.type(output) == self.type(place):
                    carried[f"x{place}"] = name
        program = self.builder.program(outputs, carried)
        inputs = {name: _filled(program.type(place), values, rng) for name, place in program.inputs.items()}
        return Case(program, inputs)


def _arity(operation: str) -> int:
    return OPERATIONS[operation].arity or 0


def _broadcasts(shape: Shape, to: Shape) -> bool:
    try:
        return np.broadcast_shapes(shape, to) == to
    except ValueError:
        return False


def _filled(type: Type, values: Callable[[], float], rng: Random) -> np.ndarray:
    if type.dtype == "bool":
        numbers: list[float] = [rng.random() < 0.5 for _ in range(type.size)]
    elif type.dtype == "int64":
        numbers = [rng.randint(-9, 9) for _ in range(type.size)]
    else:
        numbers = [values() for _ in range(type.size)]
    return np.array(numbers, type.dtype).reshape(type.shape)


def random_program(
    rng: Random,
    *,
    exact: bool = True,
    operations: Sequence[str] = SIMPLE,
    dtypes: Sequence[str] = ("float64", "float64", "float32", "int64", "bool"),
    shapes: Sequence[Shape] = (*SHAPES, (0,)),
) -> Case:
    """A program of ``operations``, on special numbers as well as others.

    With ``exact``, it has no power or sum of which a pass makes something that is rounded in another way.
    """
    drawing = Drawing(rng, dtypes, shapes)
    for _ in range(rng.randint(1, 25)):
        drawing.step(rng.choice(operations), exact)
    return drawing.case(lambda: rng.choice(SPECIAL) if rng.random() < 0.5 else rng.uniform(-9, 9))


def smooth_program(rng: Random, shapes: Sequence[Shape] = SHAPES) -> Case:
    """A program in which a last bit more or less stays about as small: there are no jumps, and what could
    grow is brought back into (−1, 1)."""
    drawing = Drawing(rng, ("float64",), shapes)
    builder = drawing.builder

    def number(value: float, type: Type) -> int:
        return drawing.copied(builder.constant(value), type)

    for _ in range(rng.randint(1, 20)):
        operation = rng.choice(SMOOTH)
        x = drawing.any()
        assert x is not None
        type = drawing.type(x)
        if operation == "sum":
            drawing.structural("sum", x, type.shape, exact=False)
        elif operation in ("add", "sub", "mul"):
            builder.add(operation, (x, drawing.like(type, (0.0, 1.0, -1.0, 2.0, 0.5))))
        else:
            if operation in ("div", "log", "sqrt", "pow"):  # between 1.5 and 2.5
                x = builder.add("add", (builder.add("tanh", (x,)), number(1.5, type)))
            if operation == "div":
                builder.add("div", (drawing.like(type, (1.0, 4.0)), x))
            elif operation == "pow":
                builder.add("pow", (x, number(rng.choice((0.0, 1.0, 2.0, -1.0, 0.5)), type)))
            else:
                builder.add(operation, (x,))
        builder.add("tanh", (len(builder.instructions) - 1,))
    return drawing.case(lambda: rng.uniform(-2, 2))


_RANDOM = st.randoms(use_true_random=False)


def exact() -> st.SearchStrategy[Case]:
    """Programs of every operation, which every pass keeps to the bit."""
    return _RANDOM.map(random_program)


def smooth() -> st.SearchStrategy[Case]:
    """Programs whose results stay close when a last bit changes."""
    return _RANDOM.map(smooth_program)


def assert_same(found: dict[str, np.ndarray], expected: dict[str, np.ndarray]) -> None:
    """Equal to the bit, zeros' signs included; a NaN is a NaN."""
    assert found.keys() == expected.keys()
    for name, one in found.items():
        other = expected[name]
        assert (one.dtype, one.shape) == (other.dtype, other.shape), name
        np.testing.assert_array_equal(one, other, err_msg=name)
        there = one == one
        np.testing.assert_array_equal(np.signbit(one[there] * 1.0), np.signbit(other[there] * 1.0), name)
