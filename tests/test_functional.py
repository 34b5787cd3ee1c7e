"""The functions of tensors, in every way that they can be called, against PyTorch's."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch

import chainrule as cr
from against_torch import assert_same
from chainrule import errors

RNG = np.random.default_rng(5)
V = RNG.normal(size=(4,)).astype(np.float32)
M = RNG.normal(size=(3, 4))
T = RNG.normal(size=(2, 3, 4))
S = np.float64(0.7)
I = np.array([[3, 1, 2, 2], [0, 0, 5, 1], [7, 2, 2, 9]])  # noqa: E741
B = I > 2

PROGRAMS: list[tuple[str, Any, tuple[Any, ...]]] = [
    # Arithmetic, with numbers on either side.
    ("add number", lambda lib, x: (x + 2, 2 + x, x + 2.5, lib.add(x, 1)), (M,)),
    ("sub number", lambda lib, x: (x - 2, 2 - x, lib.sub(x, 2.5)), (M,)),
    ("mul number", lambda lib, x: (x * 2, 2 * x, lib.mul(x, 0.1)), (V,)),
    ("div number", lambda lib, x: (x / 2, 2 / x, lib.div(x, 3)), (V,)),
    ("pow number", lambda lib, x: (abs(x) ** 0.5, x**2, x**3, 2**x, x**0, x**-1), (V,)),
    ("pow tensor", lambda lib, x, y: (abs(x) + 0.1) ** y, (M[:1], M)),
    ("neg pos abs", lambda lib, x: (-x, +x, abs(x), lib.neg(x), lib.abs(x)), (M,)),
    ("square", lambda lib, x: (lib.square(x), x.square()), (M,)),
    ("functions", lambda lib, x: (lib.exp(x), lib.sin(x), lib.cos(x), lib.tanh(x)), (V,)),
    ("erf", lambda lib, x: (lib.erf(x), (3 * x).erf(), (0.1 * x).erf()), (M,)),
    ("more functions", lambda lib, x: (lib.sigmoid(x), lib.relu(x), lib.sign(x.detach())), (M,)),
    ("roots and logs", lambda lib, x: (lib.sqrt(x * x + 1), lib.log(x * x + 1)), (M,)),
    ("extremes of two", lambda lib, x, y: (lib.maximum(x, y), lib.minimum(x, y)), (M, M[::-1].copy())),
    ("max of two", lambda lib, x, y: (lib.max(x, y), lib.min(x, y)), (M, M[::-1].copy())),
    ("comparisons", lambda lib, x, y: (x < y, x <= y, x > y, x >= y, x == y, x != y), (M, M[:1])),
    ("compared numbers", lambda lib, x: (x < 0, x > 0, x >= 1.5, x == 0), (M,)),
    ("logic", lambda lib, x: ((x > 0) & (x < 1), (x > 0) | (x < -1), ~(x > 0)), (M,)),
    ("where", lambda lib, x, y: lib.where(x > 0, x, y), (M, M[:1])),
    ("where numbers", lambda lib, x: (lib.where(x > 0, x, 0.0), lib.where(x > 0, 1.0, x)), (M,)),
    ("clamp", lambda lib, x: (x.clamp(-0.5, 0.5), x.clamp(min=0), x.clamp(max=0.1)), (M,)),
    ("clamp at ties", lambda lib, x: lib.clamp(x, 0.0, 1.0), (np.array([0.0, 1.0, 2.0, -1.0]),)),
    ("clamp integers", lambda lib, x: (x.clamp(1, 3), x.clamp(min=2)), (I,)),
    ("isnan", lambda lib, x: lib.isnan(x / x), (np.array([0.0, 1.0]),)),
    # Reductions.
    ("sum", lambda lib, x: (x.sum(), x.sum(0), x.sum(-1, keepdim=True), x.sum((0, 2))), (T,)),
    ("sum of integers", lambda lib, x: (x.sum(), (x > 2).sum(), x.sum(1)), (I,)),
    ("sum of a number", lambda lib, x: (x.sum(), x.sum(0), x.mean(), x.amax()), (S,)),
    ("mean", lambda lib, x: (x.mean(), x.mean(1), x.mean((0, 1), keepdim=True)), (T,)),
    ("var and std", lambda lib, x: (x.var(), x.std(), x.var(0), x.std(1, keepdim=True)), (M,)),
    ("amax", lambda lib, x: (x.amax(), x.amax(1), x.amin((0, 1)), x.amin(0, keepdim=True)), (T,)),
    ("max", lambda lib, x: (x.max(), x.min(), *x.max(1), *x.min(0, keepdim=True)), (M,)),
    ("max of ties", lambda lib, x: (x.max(), *x.max(1)), (np.array([[1.0, 2, 2], [3, 3, 3]]),)),
    ("max of a number", lambda lib, x: (x.max(), *x.max(0)), (S,)),
    ("argmax", lambda lib, x: (x.argmax(), x.argmax(1), x.argmin(0), x.argmin(1, True)), (M,)),
    ("argmax of NaN", lambda lib, x: (x.argmax(), x.argmin()), (np.array([1.0, math.nan, 3.0]),)),
    ("logsumexp", lambda lib, x: (x.logsumexp(0), x.logsumexp((1, 2), keepdim=True)), (T,)),
    ("softmax", lambda lib, x: (lib.softmax(x, 1), lib.softmax(x, dim=-1)), (T,)),
    ("log_softmax", lambda lib, x: (lib.log_softmax(x, 0), x.log_softmax(dim=-1)), (M,)),
    ("softmax of a number", lambda lib, x: (x.softmax(0), x.log_softmax(-1)), (S,)),
    ("all and any", lambda lib, x: ((x > 0).all(), (x > 0).any(), lib.all(x > -9)), (M,)),
    # Shapes.
    ("reshape", lambda lib, x: (x.reshape(4, 3), x.reshape((2, -1)), x.view(-1), x.reshape(12)), (M,)),
    ("reshape a number", lambda lib, x: (x.reshape(1, 1), x.reshape(()), x.view(-1)), (S,)),
    ("flatten", lambda lib, x: (x.flatten(), x.flatten(1), x.flatten(0, 1), x[0, 0, 0].flatten()), (T,)),
    ("permute", lambda lib, x: (x.permute(2, 0, 1), x.permute((0, 2, 1)), lib.permute(x, (1, 0, 2))), (T,)),
    ("transpose", lambda lib, x: (x.transpose(0, 1), x.T, x.mT, x.t()), (M,)),
    ("transpose of more", lambda lib, x: (x.transpose(-1, 0), x.mT), (T,)),
    ("transpose of less", lambda lib, x: (x.t(), x.transpose(0, 0)), (V,)),
    (
        "squeeze",
        lambda lib, x: (x[:, :1].squeeze(), x[:1].squeeze(0), x.squeeze(0), x[:1, :1].squeeze((0, 1))),
        (M,),
    ),
    ("unsqueeze", lambda lib, x: (x.unsqueeze(0), x.unsqueeze(-1), x.unsqueeze(1)), (M,)),
    ("broadcast", lambda lib, x: (x.broadcast_to((3, 4)), x.expand(2, -1), x.expand(2, 3, 4)), (V,)),
    (
        "cat",
        lambda lib, x, y: (lib.cat([x, y]), lib.cat((x, y), dim=-2), lib.concat([x, x], 1)),
        (M, M[:1]),
    ),
    ("cat of dtypes", lambda lib, x, y: lib.cat([x, y]), (V, M[0])),
    ("stack", lambda lib, x, y: (lib.stack([x, y]), lib.stack((x, y), dim=-1)), (M, M[::-1].copy())),
    ("gather", lambda lib, x, i: (x.gather(1, i), lib.gather(x, 0, i[:2, :3])), (M, I // 4)),
    ("sort", lambda lib, x: (*lib.sort(x), *x.sort(0, descending=True), x.argsort(1)), (M,)),
    ("sort of ties", lambda lib, x: (*x.sort(stable=True), x.argsort(dim=0, stable=True)), (I,)),
    (
        "sort of ties, downwards",
        lambda lib, x: (
            *x.sort(stable=True, descending=True),
            x.argsort(dim=0, stable=True, descending=True),
        ),
        (I,),
    ),
    (
        "sort of special values",
        lambda lib, x: (*x.sort(stable=True), *x.sort(stable=True, descending=True)),
        (np.array([1.0, math.nan, -math.inf, 2.0, math.inf, 1.0, math.nan]),),
    ),
    ("sort of a number", lambda lib, x: (*x.sort(), x.argsort()), (S,)),
    ("topk", lambda lib, x: (*x.topk(2), *lib.topk(x, 3, dim=0, largest=False), *x.topk(0)), (M,)),
    ("topk of a number", lambda lib, x: x.topk(1), (S,)),
    ("triangles", lambda lib, x: (x.tril(), x.triu(), lib.tril(x, -1), lib.triu(x, diagonal=2)), (M,)),
    ("triangles of more", lambda lib, x: (x.tril(1), x.triu(-1)), (T,)),
    # Products.
    (
        "matmul",
        lambda lib, x, y: (x @ y.T, lib.matmul(x, y[0]), x[0] @ y.T, x[0] @ y[0]),
        (M, M[::-1].copy()),
    ),
    ("batched matmul", lambda lib, x, y: (x @ y.T, x @ x.mT, x @ y[0], y[0] @ x.mT), (T, M)),
    ("dot", lambda lib, x, y: (x.dot(y), lib.dot(x, y)), (M[0], M[1])),
    ("integer matmul", lambda lib, x: (x @ x.T, x @ x[0]), (I,)),
    # Copies.
    ("clone", lambda lib, x: (x.clone(), x.detach() * x), (M,)),
    ("dtypes", lambda lib, x: (x.double() * x, x.float().sum(), x.double().float()), (V,)),
    ("to integers", lambda lib, x: (x.long(), x.int(), (x > 0).float(), (x > 0).long(), x.bool()), (M,)),
    ("like", lambda lib, x: (lib.zeros_like(x), lib.ones_like(x)), (M,)),
]


@pytest.mark.parametrize(
    ("program", "arrays"), [case[1:] for case in PROGRAMS], ids=[case[0] for case in PROGRAMS]
)
def test_programs_give_what_pytorch_gives(program: Any, arrays: tuple[Any, ...]) -> None:
    assert_same(program, *arrays)


SPECIAL = [0.0, -0.0, 1.0, -1.0, math.inf, -math.inf, math.nan, 1e30, -1e30, 1e-30]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    "name", ["exp", "log", "sqrt", "sin", "cos", "tanh", "sigmoid", "erf", "relu", "abs", "sign", "square"]
)
def test_special_values_of_functions(name: str, dtype: str) -> None:
    numbers = np.array(SPECIAL, dtype=dtype)
    ours = getattr(cr, name)(cr.tensor(numbers)).tolist()
    theirs = getattr(torch, name)(torch.tensor(numbers)).tolist()
    np.testing.assert_allclose(ours, theirs, rtol=1e-6)


# --- refusals ------------------------------------------------------------------------------------

m, v, number = cr.tensor(M), cr.tensor(V), cr.tensor(1.0)
integers, booleans = cr.tensor(I), cr.tensor(B)

REFUSED: list[tuple[str, Any, type[Exception], str]] = [
    ("add text", lambda: m + "a", errors.DTypeError, "add cannot take 'a' of type str"),
    ("text minus", lambda: "a" - m, errors.DTypeError, "sub cannot take 'a' of type str"),
    ("add None", lambda: cr.add(m, None), errors.DTypeError, "add cannot take None of type NoneType"),
    ("add list", lambda: m.__add__([1, 2]), errors.DTypeError, "add cannot take [1, 2] of type list"),
    ("add complex", lambda: m + 1j, errors.DTypeError, "add cannot take 1j of type complex"),
    (
        "complex array",
        lambda: m * np.ones(4, complex),
        errors.DTypeError,
        "complex numbers are not supported yet",
    ),
    ("shapes", lambda: m * cr.zeros(3), errors.ShapeError, "mul of shapes (3, 4) and (3,): they do not"),
    ("exp of text", lambda: cr.exp("a"), errors.DTypeError, "exp cannot take 'a' of type str"),
    ("neg of bool", lambda: -booleans, errors.DTypeError, "neg is not defined for a tensor of dtype bool"),
    (
        "and of floats",
        lambda: m & m,
        errors.DTypeError,
        "bitwise_and cannot be computed for (3, 4), (3, 4)",
    ),
    ("negative power", lambda: integers**-1, errors.DTypeError, "pow cannot be computed for (3, 4), -1"),
    (
        "condition",
        lambda: cr.where(m, m, m),
        errors.DTypeError,
        "the condition of where is of dtype float64",
    ),
    (
        "where shapes",
        lambda: cr.where(m > 0, m, cr.zeros(3)),
        errors.ShapeError,
        "where cannot be computed for",
    ),
    ("clamp", lambda: m.clamp(), errors.DomainError, "clamp was given neither min nor max"),
    ("clamp text", lambda: m.clamp("a"), errors.DTypeError, "clamp cannot take 'a'"),
    ("mean of ints", lambda: integers.mean(), errors.DTypeError, "write x.float().mean()"),
    (
        "softmax of ints",
        lambda: integers.softmax(0),
        errors.DTypeError,
        "softmax is not defined for a tensor",
    ),
    (
        "sum axis",
        lambda: m.sum(2),
        errors.IndexOutOfRangeError,
        "sum was given dim=2 for a tensor of rank 2",
    ),
    (
        "sum axis type",
        lambda: m.sum("a"),
        errors.DTypeError,
        "sum takes an integer as dim; it was given 'a'",
    ),
    (
        "sum axis float",
        lambda: m.sum(1.0),
        errors.DTypeError,
        "sum takes an integer as dim; it was given 1.0",
    ),
    ("sum twice", lambda: m.sum((0, -2)), errors.ShapeError, "sum was given the same axis twice"),
    ("amax of nothing", lambda: cr.zeros(0).amax(), errors.ShapeError, "amax over no element"),
    ("argmax of nothing", lambda: cr.zeros(0).argmax(), errors.ShapeError, "argmax over no element"),
    (
        "max of nothing",
        lambda: cr.zeros(0, 3).max(0),
        errors.ShapeError,
        "over no element: the shape is (0, 3)",
    ),
    ("softmax axis", lambda: m.softmax(5), errors.IndexOutOfRangeError, "dim goes from -2 to 1"),
    (
        "reshape",
        lambda: m.reshape(5, 2),
        errors.ShapeError,
        "holds 12 numbers, and cannot be reshaped to (5, 2)",
    ),
    ("reshape -1", lambda: m.reshape(-1, -1), errors.ShapeError, "at most one may be -1"),
    ("reshape -2", lambda: m.reshape(-2, 6), errors.ShapeError, "cannot be reshaped to (-2, 6)"),
    ("reshape float", lambda: m.reshape(3.0, 4), errors.DTypeError, "reshape takes integers as sizes"),
    ("reshape unknown", lambda: m.reshape(-1, 5), errors.ShapeError, "cannot be reshaped to (-1, 5)"),
    ("flatten", lambda: m.flatten(1, 0), errors.ShapeError, "flatten from axis 1 to axis 0 goes backwards"),
    ("permute", lambda: m.permute(0, 0), errors.ShapeError, "name each of its 2 axes exactly once"),
    ("permute rank", lambda: m.permute(0), errors.ShapeError, "permute(0,) of a tensor of shape (3, 4)"),
    ("transpose", lambda: m.transpose(0, 2), errors.IndexOutOfRangeError, "transpose was given dim=2"),
    ("T", lambda: cr.zeros(2, 3, 4).T, errors.ShapeError, ".T and t() are for matrices"),
    ("mT", lambda: v.mT, errors.IndexOutOfRangeError, "dim=-2 for a tensor of rank 1"),
    ("squeeze", lambda: m.squeeze(3), errors.IndexOutOfRangeError, "squeeze was given dim=3"),
    ("unsqueeze", lambda: m.unsqueeze(4), errors.IndexOutOfRangeError, "unsqueeze was given dim=4"),
    (
        "broadcast",
        lambda: m.broadcast_to(4, 4),
        errors.ShapeError,
        "shape (3, 4) cannot be broadcast to (4, 4)",
    ),
    (
        "broadcast size",
        lambda: m.broadcast_to(-1),
        errors.ShapeError,
        "broadcast_to was given a negative size",
    ),
    ("expand", lambda: m.expand(4), errors.ShapeError, "shape (3, 4) cannot be broadcast to (4,)"),
    ("expand new", lambda: m.expand(-1, 3, 4), errors.ShapeError, "-1"),
    (
        "cat nothing",
        lambda: cr.cat([]),
        errors.DTypeError,
        "cat takes a list or a tuple of at least one tensor",
    ),
    (
        "cat tensor",
        lambda: cr.cat(m),
        errors.DTypeError,
        "cat takes a list or a tuple of at least one tensor",
    ),
    ("cat text", lambda: cr.cat([m, "a"]), errors.DTypeError, "cat cannot take 'a'"),
    ("cat numbers", lambda: cr.cat([number, number]), errors.ShapeError, "use stack"),
    (
        "cat shapes",
        lambda: cr.cat([m, m.T]),
        errors.ShapeError,
        "cat of shapes (3, 4), (4, 3): they must be",
    ),
    ("cat ranks", lambda: cr.cat([m, v]), errors.ShapeError, "the same but along axis 0"),
    ("cat axis", lambda: cr.cat([m, m], 2), errors.IndexOutOfRangeError, "cat was given dim=2"),
    (
        "stack shapes",
        lambda: cr.stack([m, v]),
        errors.ShapeError,
        "stack of shapes (3, 4), (4,): they must be",
    ),
    ("gather dtype", lambda: m.gather(1, m), errors.DTypeError, "gather takes an integer tensor as index"),
    (
        "gather rank",
        lambda: m.gather(1, cr.tensor([0])),
        errors.ShapeError,
        "gather from shape (3, 4) along axis 1",
    ),
    (
        "gather longer",
        lambda: m.gather(1, cr.zeros(4, 1).long()),
        errors.ShapeError,
        "no longer on the other axes",
    ),
    (
        "gather range",
        lambda: m.gather(1, cr.tensor([[4]])),
        errors.IndexOutOfRangeError,
        "gather: index 4 is out of range: it goes from 0 to 3",
    ),
    ("gather negative", lambda: m.gather(1, cr.tensor([[-1]])), errors.IndexOutOfRangeError, "index -1"),
    ("matmul", lambda: m @ m, errors.ShapeError, "the last size of the left (4) must be the first size"),
    ("matmul number", lambda: m @ number, errors.ShapeError, "a number has no rows; use *"),
    ("matmul python", lambda: m @ 2, errors.ShapeError, "a number has no rows; use *"),
    (
        "matmul batch",
        lambda: cr.zeros(2, 3, 4) @ cr.zeros(3, 4, 5),
        errors.ShapeError,
        "a matrix product of",
    ),
    ("dot", lambda: m.dot(m), errors.ShapeError, "dot of shapes (3, 4) and (3, 4): both must be vectors"),
    (
        "dot lengths",
        lambda: v.dot(cr.zeros(3)),
        errors.ShapeError,
        "a matrix product of shapes (4,) and (3,)",
    ),
    (
        "topk",
        lambda: m.topk(5),
        errors.DomainError,
        "topk: k must be a whole number from 0 to 4, the",
    ),
    ("topk text", lambda: m.topk("a"), errors.DTypeError, "axis 1, and it is 'a'"),
    ("sort axis", lambda: m.sort(2), errors.IndexOutOfRangeError, "sort was given dim=2"),
    (
        "tril",
        lambda: v.tril(),
        errors.ShapeError,
        "tril is for matrices, over the last two axes",
    ),
    ("var", lambda: m.var(correction="a"), errors.DTypeError, "correction must be a number, and it"),
    ("all of text", lambda: cr.all("a"), errors.DTypeError, "all cannot take 'a'"),
]


@pytest.mark.parametrize(
    ("call", "kind", "message"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED]
)
def test_refusals(call: Any, kind: type[Exception], message: str) -> None:
    before = [x.tolist() for x in (m, v, integers, booleans)]
    with pytest.raises(errors.ChainruleError) as caught:
        call()
    assert isinstance(caught.value, kind)
    assert message in str(caught.value)
    assert [x.tolist() for x in (m, v, integers, booleans)] == before


def test_unselected_branches_receive_zero() -> None:
    assert_same(lambda lib, x: lib.where(x > 0, x * 2, x * x * x).sum(), np.array([-1.0, 0.0, 2.0]))
