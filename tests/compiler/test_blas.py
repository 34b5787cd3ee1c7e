"""numpy's matrix products, called by address from machine code."""

from __future__ import annotations

import ctypes
from itertools import product as choices

import numpy as np
import pytest

from chainrule.compiler import blas
from chainrule.compiler.blas import Product
from chainrule.compiler.run import Library, compiled


def found() -> blas.Blas:
    library = blas.find()
    assert library is not None, "numpy's wheels carry a BLAS"
    return library


def called(real: str, given: Product):
    """A function of the three addresses, which computes the product."""
    call = found().call_text("%f", real, given)
    text = f"define void @run(ptr %f, ptr %a, ptr %b, ptr %c) {{\n{call}\nret void\n}}\n"
    library = Library(compiled(text))
    function = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 4)(library.address("run"))
    function.library = library  # the code lives as long as its library
    return function


@pytest.mark.parametrize("real", ["float", "double"])
@pytest.mark.parametrize(("transpose_a", "transpose_b"), list(choices([False, True], repeat=2)))
def test_products_are_numpys(real: str, transpose_a: bool, transpose_b: bool) -> None:
    kind = np.float32 if real == "float" else np.float64
    rng = np.random.default_rng(0)
    a = rng.integers(-8, 9, (7, 5) if transpose_a else (5, 7)).astype(kind)
    b = rng.integers(-8, 9, (3, 7) if transpose_b else (7, 3)).astype(kind)
    before = rng.integers(-8, 9, (5, 4)).astype(kind)
    c = before.copy()
    run = called(
        real,
        Product(
            5, 3, 7, "%a", a.shape[1], "%b", b.shape[1], "%c", 4, transpose_a, transpose_b, "2.0", "1.0"
        ),
    )
    function = found().sgemm if real == "float" else found().dgemm
    run(function, a.ctypes.data, b.ctypes.data, c.ctypes.data)
    expected = before.copy()
    expected[:, :3] += 2 * (a.T if transpose_a else a) @ (b.T if transpose_b else b)
    np.testing.assert_array_equal(c, expected)  # small integers: nothing is rounded


def test_a_library_that_takes_other_integers_is_not_used() -> None:
    """The trial tells a function that computes something else."""

    def wrong(*arguments: object) -> None:
        """Leaves the result as it was."""

    assert not blas._is_right(wrong, 64)


def test_narrow_integers() -> None:
    narrow = blas.Blas(0, 0, 32, None)
    text = narrow.call_text("%f", "float", Product(5, "%n", 7, "%a", 7, "%b", 3, "%c", 4, transpose_b=True))
    assert text == (
        "call void %f(i32 101, i32 111, i32 112, i32 5, i32 %n, i32 7, float 1.0, ptr %a, i32 7, ptr %b, "
        "i32 3, float 0.0, ptr %c, i32 4)"
    )


def test_the_number_of_threads_can_be_told() -> None:
    threads = found().threads
    if threads is None:
        return
    get = ctypes.CFUNCTYPE(ctypes.c_int)(threads.get)
    tell = ctypes.CFUNCTYPE(None, ctypes.c_int)(threads.set)
    before = get()
    try:
        tell(1)
        assert get() == 1
    finally:
        tell(before)
    assert get() == before
