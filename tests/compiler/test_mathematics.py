"""Mathematical functions that machine code calls: of floats and of doubles, of one or of a whole vector."""

from __future__ import annotations

import ctypes
import math

import numpy as np
import pytest

from chainrule.compiler import run
from chainrule.compiler.llvm import MATH, Operand, Writer

POINTS = np.array([0.1, 0.5, 1.0, 1.5, 2.0, 3.25, 7.0, 20.0, 1e-3, 0.25, 11.0, 5.5, 0.75, 1e-6, 2.5, 4.0])
SPECIAL = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 1e30, -1e30, 1e-42] * 2)

#: Units in the last place: glibc's vector functions may be off by 4.
ROUNDING = {"double": 5 * 2.0**-52, "float": 5 * 2.0**-23}
KINDS = {"double": np.float64, "float": np.float32}


def called(name: str, real: str, lanes: int, x: np.ndarray) -> np.ndarray:
    """The function of all numbers of x, so many at a time."""
    writer = Writer(lanes, real=real, vectorised=run.vectorised(lanes, real))
    given = Operand(writer.name(f"load {writer.number_type}, ptr %x, align 4"))
    operands = (given, given) if name == "pow" else (given,)
    found = getattr(writer, name)(*operands)
    writer.line(f"store {writer.number_type} {found.text}, ptr %out, align 4")
    bits = 512 if lanes > 1 else 0
    text = "\n".join(
        [
            "define void @call(ptr %out, ptr %x, ptr %math) #0 {",
            *writer.lines,
            f'ret void\n}}\nattributes #0 = {{ "min-legal-vector-width"="{bits}" }}\n',
        ]
    )
    library = run.Library(run.compiled(text))
    function = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 3)(library.address("call"))
    out, table = np.zeros_like(x), run.math_table(run.lanes(), run.lanes("float"))
    for start in range(0, len(x), lanes):
        function(out[start:].ctypes.data, x[start:].ctypes.data, ctypes.addressof(table))
    return out


def expected(name: str, x: np.ndarray) -> np.ndarray:
    """In double precision, then rounded."""
    wide = x.astype(np.float64)
    with np.errstate(all="ignore"):
        if name == "erf":
            return np.array([math.erf(one) for one in wide]).astype(x.dtype)
        return (wide**wide if name == "pow" else getattr(np, name)(wide)).astype(x.dtype)


@pytest.mark.parametrize("real", KINDS)
@pytest.mark.parametrize("name", MATH)
def test_one_number_and_whole_vectors(name: str, real: str) -> None:
    x = POINTS.astype(KINDS[real])
    for lanes in (1, run.lanes(real)):
        found = called(name, real, lanes, x)
        np.testing.assert_allclose(found, expected(name, x), rtol=ROUNDING[real], atol=ROUNDING[real] / 8)


@pytest.mark.parametrize("real", KINDS)
@pytest.mark.parametrize("name", MATH)
def test_not_a_number_and_infinity(name: str, real: str) -> None:
    with np.errstate(all="ignore"):
        x = SPECIAL.astype(KINDS[real])
    for lanes in (1, run.lanes(real)):
        found, right = called(name, real, lanes, x), expected(name, x)
        unlike = ~np.isfinite(right)
        np.testing.assert_array_equal(found[unlike], right[unlike], err_msg=f"{lanes} lanes")
        assert np.isfinite(found[~unlike]).all()


def test_the_table_of_doubles_alone_starts_the_other() -> None:
    """So that code for doubles can be given either."""
    doubles, both = run.math_table(run.lanes()), run.math_table(run.lanes(), run.lanes("float"))
    assert list(doubles) == list(both)[: len(doubles)]
    assert len(both) == 2 * len(doubles) == 4 * len(MATH)
