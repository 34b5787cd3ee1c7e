"""Matrix products of the BLAS that numpy brings: their addresses, for machine code to call.

numpy has loaded its library before anyone could ask for a product, so that to find the functions in it is
a matter of microseconds. (scipy tells their addresses too, in ``scipy.linalg.cython_blas``, but to import
that takes a third of a second.) Builds of numpy differ in how the functions are called and in how wide
their integers are; :data:`_NAMES` lists what is met. A library that fails a small trial is not used.

The BLAS may have threads of its own. While a team of ours (:mod:`chainrule.compiler.team`) calls it in
each of its members, every call should stay in the thread that made it: by :attr:`Blas.threads` the team
tells it so.

>>> blas = find()
>>> blas is None or blas.integer_bits in (32, 64)
True
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

#: How the products are called: the name, with the letter of the precision left out, and the bits of an
#: integer. In this order: OpenBLAS as numpy's wheels carry it; other builds with wide integers; Apple's
#: Accelerate; plain BLAS.
_NAMES = (
    ("scipy_cblas_{}gemm64_", 64),
    ("cblas_{}gemm64_", 64),
    ("cblas_{}gemm_64", 64),
    ("cblas_{}gemm$NEWLAPACK$ILP64", 64),
    ("scipy_cblas_{}gemm", 32),
    ("cblas_{}gemm$NEWLAPACK", 32),
    ("cblas_{}gemm", 32),
)

#: How a library is asked for the number of its threads, and told.
_THREADS = (
    *(
        (f"{start}openblas_get_num_threads{end}", f"{start}openblas_set_num_threads{end}")
        for start in ("scipy_", "")
        for end in ("64_", "")
    ),
    ("MKL_Get_Max_Threads", "MKL_Set_Num_Threads"),
)

#: The numbers that BLAS's C interface gives to the layout and to the forms of an operand.
_ROW_MAJOR, _AS_IT_IS, _TRANSPOSED = 101, 111, 112


class Threads(NamedTuple):
    """The addresses of ``int get()`` and ``void set(int)``, for the number of the library's threads."""

    get: int
    set: int


class Blas(NamedTuple):
    """A library's products: ``sgemm`` and ``dgemm`` are addresses, ``integer_bits`` is 32 or 64.

    ``threads`` is None where the library has none to be told about, or none that can be told. It may then
    start threads within each of ours, and its products are better called from one thread at a time.
    """

    sgemm: int
    dgemm: int
    integer_bits: int
    threads: Threads | None

    @property
    def integer(self) -> str:
        """LLVM's type of the sizes and the strides."""
        return f"i{self.integer_bits}"

    def call_text(self, pointer: str, real: str, product: Product) -> str:
        """LLVM's line that computes ``product`` in ``real`` (``float`` or ``double``) by the function at
        ``pointer``. Sizes and strides are Python integers or names of values of type :attr:`integer`."""
        p, whole = product, self.integer
        forms = [_TRANSPOSED if transposed else _AS_IT_IS for transposed in (p.transpose_a, p.transpose_b)]
        operands = [
            *(f"i32 {number}" for number in (_ROW_MAJOR, *forms)),
            *(f"{whole} {size}" for size in (p.m, p.n, p.k)),
            f"{real} {p.alpha}, ptr {p.a}, {whole} {p.stride_a}, ptr {p.b}, {whole} {p.stride_b}",
            f"{real} {p.beta}, ptr {p.c}, {whole} {p.stride_c}",
        ]
        return f"call void {pointer}({', '.join(operands)})"


class Product(NamedTuple):
    """``c = alpha·a·b + beta·c`` of matrices in rows: c is (m, n), a (m, k), b (k, n). A transposed operand
    lies in memory the other way round. A stride is the numbers from one row in memory to the next.
    """

    m: int | str
    n: int | str
    k: int | str
    a: str
    stride_a: int | str
    b: str
    stride_b: int | str
    c: str
    stride_c: int | str
    transpose_a: bool = False
    transpose_b: bool = False
    alpha: str = "1.0"
    beta: str = "0.0"


@cache
def find() -> Blas | None:
    """numpy's own products, or None where it has none that can be called."""
    for library in _libraries():
        for name, bits in _NAMES:
            functions = [getattr(library, name.format(letter), None) for letter in "sd"]
            if all(functions) and _is_right(functions[1], bits):
                return Blas(_address(functions[0]), _address(functions[1]), bits, _threads(library))
    return None


def _libraries() -> Iterator[Any]:
    """Where to look: numpy's extension, which answers for all that it was linked with, but on Windows."""
    files = [Path(str(import_module("numpy._core._multiarray_umath").__file__))]
    if os.name == "nt":
        files += sorted(Path(np.__file__).parent.with_name("numpy.libs").glob("*.dll"))
    for file in files:
        try:
            yield ctypes.PyDLL(str(file))
        except OSError:
            continue


def _is_right(function: Any, bits: int) -> bool:
    """Whether the product of a 2×3 and a 3×2 matrix comes out as it should."""
    a, b, c = np.arange(6.0), np.arange(1.0, 7.0), np.zeros(4)
    whole = ctypes.c_int64 if bits == 64 else ctypes.c_int32
    real, memory = ctypes.c_double, ctypes.c_void_p
    function.restype = None
    function.argtypes = [*[ctypes.c_int] * 3, *[whole] * 3, real, *[memory, whole] * 2, real, memory, whole]
    starts = [array.ctypes.data for array in (a, b, c)]
    function(_ROW_MAJOR, _AS_IT_IS, _AS_IT_IS, 2, 2, 3, 1.0, starts[0], 3, starts[1], 2, 0.0, starts[2], 2)
    return c.tolist() == [13.0, 16.0, 40.0, 52.0]


def _threads(library: Any) -> Threads | None:
    for get, set in _THREADS:
        if hasattr(library, get) and hasattr(library, set):
            return Threads(_address(getattr(library, get)), _address(getattr(library, set)))
    return None


def _address(function: Any) -> int:
    return ctypes.cast(function, ctypes.c_void_p).value or 0
