"""Convolutions in machine code against numpy's, on small whole numbers, with which nothing is rounded."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Mapping
from math import prod
from typing import Any, NamedTuple

import numpy as np
import pytest

from chainrule.arrays import convolution as reference
from chainrule.compiler import blas, run
from chainrule.compiler.ir import Builder
from chainrule.compiler.operations import infer
from chainrule.compiler.tensors import columns, windows
from chainrule.compiler.tensors.convolution import ConvolutionCode
from chainrule.compiler.tensors.convolution_launch import ConvolutionLaunch
from chainrule.compiler.tensors.emit import declarations
from chainrule.compiler.tensors.loops import Storage
from chainrule.compiler.tensors.lowering import Lowered
from chainrule.compiler.types import Type

OPERATIONS = ("convolution", "convolution_input", "convolution_weight")


class Case(NamedTuple):
    x: tuple[int, ...]
    w: tuple[int, ...]
    stride: tuple[int, ...] = (1, 1)
    padding: tuple[int, ...] = (0, 0)
    dilation: tuple[int, ...] = (1, 1)
    groups: int = 1

    @property
    def options(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in ("stride", "padding", "dilation", "groups")}


CASES = [
    Case((3, 1, 8, 8), (4, 1, 3, 3), padding=(1, 1)),
    Case((2, 3, 7, 9), (4, 3, 3, 2), stride=(2, 1), padding=(1, 0)),
    Case((2, 4, 9, 20), (6, 2, 2, 3), stride=(1, 2), padding=(0, 2), dilation=(2, 3), groups=2),
    Case((5, 6, 4, 4), (6, 1, 3, 3), padding=(1, 1), groups=6),
    Case((3, 5, 6, 5), (7, 5, 1, 1)),
    Case((3, 4, 6, 5), (6, 2, 1, 1), groups=2),
    Case((2, 2, 6, 6), (3, 2, 1, 1), stride=(2, 2)),
    Case((2, 2, 3, 3), (3, 2, 3, 3)),  # one window alone
    Case((2, 2, 2, 3), (3, 2, 3, 3), padding=(4, 3)),  # windows that see nothing but padding
    Case((2, 2, 5, 40), (3, 2, 3, 5), padding=(1, 2)),
    Case((2, 2, 40, 3), (3, 2, 3, 5), padding=(1, 1)),  # one window beside another
    Case((2, 17, 4, 5), (3, 17, 2, 3)),
    Case((2, 3, 30), (4, 3, 5), (1,), (2,), (1,)),
    Case((2, 4, 31), (4, 2, 4), (3,), (1,), (2,), 2),
    Case((0, 2, 4, 4), (3, 2, 3, 3)),
    Case((2, 2, 4, 4), (0, 2, 3, 3)),
    Case((2, 0, 4, 4), (3, 0, 3, 3)),
]

#: Those whose windows are too many for a small piece.
WIDE = [case for case in CASES if all((*case.x, *case.w)) and prod(case.x[2:]) > 29]


def whole(shape: tuple[int, ...], dtype: str, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(-4, 5, shape).astype(dtype)


def arguments(operation: str, case: Case, dtype: str) -> tuple[list[np.ndarray], dict[str, Any]]:
    x, w = whole(case.x, dtype, 1), whole(case.w, dtype, 2)
    result = infer("convolution", (Type(dtype, case.x), Type(dtype, case.w)), case.options)
    g = whole(result.shape, dtype, 3)
    if operation == "convolution":
        return [x, w], case.options
    if operation == "convolution_input":
        return [g, w], {"shape": case.x, **case.options}
    return [g, x], {"shape": case.w, **case.options}


def computed(
    operation: str,
    operands: list[np.ndarray],
    attributes: Mapping[str, Any],
    parts: int = 1,
    library: blas.Blas | None = None,
) -> np.ndarray:
    """By machine code, whose memory is full of NaN before, one part after the other."""
    dtype = operands[0].dtype.name
    types = [Type(dtype, one.shape) for one in operands]
    width = 4 * run.lanes("float")
    code = ConvolutionCode(operation, types, attributes, parts, width, library)
    texts = [code.text("work"), entry("work", 6)]
    if operation == "convolution_weight":
        texts += [code.total_text("total"), entry("total", 3)]
    body = "\n".join(texts)
    text = declarations(body) + body + f'attributes #0 = {{ "min-legal-vector-width"="{8 * width}" }}\n'
    compiled = run.Library(run.compiled(text))
    out = np.full(infer(operation, tuple(types), attributes).shape, np.nan, dtype)
    scratch = np.full(code.scratch + 64, 255, np.uint8)
    memory = -(-scratch.ctypes.data // 64) * 64
    gemm = 0 if library is None else library.sgemm if dtype == "float32" else library.dgemm
    addresses = [out.ctypes.data, *(one.ctypes.data for one in operands), memory, gemm]
    for part in range(parts):
        function(compiled, "work", 6)(*addresses, part)
    if operation == "convolution_weight":
        for part in range(parts):
            function(compiled, "total", 3)(out.ctypes.data, memory, part)
    return out


def entry(name: str, count: int) -> str:
    """A function that can be called from outside."""
    kinds = ["ptr"] * (count - 1) + ["i64"]
    given = ", ".join(f"{kind} %{place}" for place, kind in enumerate(kinds))
    return f"define void @{name}_entry({given}) {{\ncall void @{name}({given})\nret void\n}}\n"


def function(library: run.Library, name: str, count: int) -> Callable[..., None]:
    kinds = [*[ctypes.c_void_p] * (count - 1), ctypes.c_int64]
    return ctypes.CFUNCTYPE(None, *kinds)(library.address(f"{name}_entry"))


def agree(operation: str, case: Case, dtype: str, parts: int, library: blas.Blas | None) -> None:
    operands, attributes = arguments(operation, case, dtype)
    kept = [one.copy() for one in operands]
    found = computed(operation, operands, attributes, parts, library)
    if found.size and all(one.size for one in operands):
        expected = getattr(reference, operation)(*operands, **attributes)
    else:
        expected = np.zeros_like(found)
    np.testing.assert_array_equal(found, expected)
    for before, after in zip(kept, operands, strict=True):
        np.testing.assert_array_equal(before, after)


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_numpys_results(operation: str, case: Case) -> None:
    agree(operation, case, "float32", 2, blas.find())


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("case", CASES[::3], ids=str)
def test_without_blas_in_double_precision(operation: str, case: Case) -> None:
    agree(operation, case, "float64", 3, None)


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("case", WIDE, ids=str)
@pytest.mark.parametrize("piece", [1, 2000])
def test_in_pieces(operation: str, case: Case, piece: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a few rows of windows, or of less than a row."""
    monkeypatch.setattr(windows, "PIECE", piece)
    agree(operation, case, "float32", 1, blas.find())


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("case", WIDE[::2], ids=str)
def test_large_windows(operation: str, case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those whose places are loops in the code."""
    monkeypatch.setattr(columns, "UNROLLED", 0)
    agree(operation, case, "float32", 1, blas.find())


def test_products_of_counted_pieces_in_narrow_integers() -> None:
    x, w = Type("float32", (2, 16, 64, 64)), Type("float32", (16, 16, 3, 3))
    options = Case(x.shape, w.shape).options
    for bits, converted in ((32, True), (64, False)):
        code = ConvolutionCode("convolution", [x, w], options, 1, 64, blas.Blas(0, 0, bits, None))
        assert ("trunc i64" in code.text("work")) == converted


def test_no_number_of_another_image_is_touched() -> None:
    """NaN in one image stays in its own result."""
    x, w = whole((3, 2, 5, 5), "float32", 1), whole((4, 2, 3, 3), "float32", 2)
    x[1] = np.nan
    options = Case(x.shape, w.shape, padding=(1, 1)).options
    out = computed("convolution", [x, w], options, 1, blas.find())
    assert np.isfinite(out[[0, 2]]).all()
    assert np.isnan(out[1]).all()
    g = np.ones_like(out)
    g[1] = np.nan
    back = computed("convolution_input", [g, w], {"shape": x.shape, **options}, 1, blas.find())
    assert np.isfinite(back[[0, 2]]).all()
    assert np.isnan(back[1]).all()


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("parts", [1, 2, 8])
def test_as_a_launch(operation: str, parts: int) -> None:
    """With operands at some distance into other arrays, and the table of addresses."""
    case = Case((6, 3, 16, 16), (8, 3, 3, 3), padding=(1, 1))
    operands, attributes = arguments(operation, case, "float32")
    builder = Builder("step")
    places = []
    for number, one in enumerate(operands):
        stack = builder.input(f"x{number}", Type("float32", (2, *one.shape)))
        places.append(builder.add("getitem", (stack,), key=(1,)))
    lowered = Lowered(builder.program({"y": builder.add(operation, tuple(places), **attributes)}))
    width, library = 4 * run.lanes("float"), blas.find()
    launch = ConvolutionLaunch(lowered, lowered.outputs["y"], parts, width, library)
    inputs = [place for place, one in enumerate(lowered.instructions) if one.operation == "input"]
    storage = {place: Storage(slot, 0) for slot, place in enumerate(inputs, 2)}
    storage[lowered.outputs["y"]] = Storage(4, 0)
    functions = launch.functions("work", storage, Storage(0, 64), 1)
    entries = [
        f"define void @{one.name}_entry(ptr %0, i64 %1) {{\n"
        f"call void @{one.name}(ptr %0, ptr null, i64 %1)\nret void\n}}\n"
        for one in functions
    ]
    body = "\n".join([*(one.text for one in functions), *entries])
    text = declarations(body) + body + f'attributes #0 = {{ "min-legal-vector-width"="{8 * width}" }}\n'
    compiled = run.Library(run.compiled(text))
    stacks = [np.stack([np.full_like(one, np.nan), one]) for one in operands]
    expected = getattr(reference, operation)(*operands, **attributes)
    out, scratch = np.full_like(expected, np.nan), np.full(launch.scratch + 64, 255, np.uint8)
    arrays = [scratch.ctypes.data, library.sgemm if library else 0]
    arrays += [one.ctypes.data for one in (*stacks, out)]
    table = (ctypes.c_int64 * len(arrays))(*arrays)
    assert [one.parts for one in functions] == [min(parts, 6)] * len(functions)
    for one in functions:
        for part in range(one.parts):
            function(compiled, one.name, 2)(ctypes.addressof(table), part)
    np.testing.assert_array_equal(out, expected)


def test_the_memory_to_work_in_is_small() -> None:
    """However large the image: a piece of columns."""
    x, w = Type("float32", (8, 16, 256, 256)), Type("float32", (16, 16, 3, 3))
    options = Case(x.shape, w.shape, padding=(1, 1)).options
    code = ConvolutionCode("convolution", [x, w], options, 2, 64, None)
    assert code.scratch <= 2 * (windows.PIECE + 1024)
    line = Type("float32", (8, 16, 100_000)), Type("float32", (16, 16, 3))
    options = Case(*(one.shape for one in line), (1,), (1,), (1,)).options
    assert ConvolutionCode("convolution", line, options, 2, 64, None).scratch <= 2 * (windows.PIECE + 1024)
