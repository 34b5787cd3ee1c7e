"""Making tensors: dtypes as PyTorch's, memory that is one's own, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

import chainrule as cr
from against_torch import assert_same_tensor
from chainrule import errors

PROGRAMS: list[tuple[str, Any]] = [
    ("float", lambda lib: lib.tensor(1.5)),
    ("int", lambda lib: lib.tensor(3)),
    ("bool", lambda lib: lib.tensor(True)),
    ("list", lambda lib: lib.tensor([1.0, 2.0])),
    ("integers", lambda lib: lib.tensor([[1, 2], [3, 4]])),
    ("mixed", lambda lib: lib.tensor([1, 2.5, True])),
    ("booleans", lambda lib: lib.tensor([True, False])),
    ("booleans and integers", lambda lib: lib.tensor([True, 2])),
    ("tuple", lambda lib: lib.tensor((1.0, (2.0))[:1])),
    ("empty", lambda lib: lib.tensor([])),
    ("empty rows", lambda lib: lib.tensor([[], []])),
    ("numpy float64", lambda lib: lib.tensor(np.array([1.0, 2.0]))),
    ("numpy float32", lambda lib: lib.tensor(np.array([1.0, 2.0], np.float32))),
    ("numpy int32", lambda lib: lib.tensor(np.array([1, 2], np.int32))),
    ("numpy bool", lambda lib: lib.tensor(np.array([True]))),
    ("numpy number", lambda lib: lib.tensor(np.float32(2.0))),
    ("numpy whole", lambda lib: lib.tensor(np.int64(2))),
    ("dtype", lambda lib: lib.tensor([1.9, -2.0], dtype=lib.int64)),
    ("double", lambda lib: lib.tensor([1, 2], dtype=lib.float64)),
    ("half", lambda lib: lib.tensor([1, 2], dtype=lib.float16)),
    ("long", lambda lib: lib.tensor(2.0, dtype=lib.long)),
    ("float name", lambda lib: lib.tensor(2, dtype=lib.float)),
    ("bool dtype", lambda lib: lib.tensor([0, 2], dtype=lib.bool)),
    ("zeros", lambda lib: lib.zeros(2, 3)),
    ("zeros of a tuple", lambda lib: lib.zeros((2, 3), dtype=lib.int64)),
    ("zeros of no axis", lambda lib: lib.zeros(())),
    ("ones", lambda lib: lib.ones(3)),
    ("no element", lambda lib: lib.ones(0, 2)),
    ("full", lambda lib: lib.full((2, 2), 1.5)),
    ("full of ints", lambda lib: lib.full((2,), 7)),
    ("full of a dtype", lambda lib: lib.full((2,), 7, dtype=lib.float64)),
    ("zeros like", lambda lib: lib.zeros_like(lib.tensor([1, 2]))),
    ("ones like", lambda lib: lib.ones_like(lib.tensor([1, 2]), dtype=lib.float64)),
    ("eye", lambda lib: lib.eye(3)),
    ("eye of two", lambda lib: lib.eye(2, 3)),
    ("arange", lambda lib: lib.arange(5)),
    ("arange from", lambda lib: lib.arange(2, 11, 3)),
    ("arange of floats", lambda lib: lib.arange(0.0, 1.0, 0.25)),
    ("arange down", lambda lib: lib.arange(5, 0, -2)),
    ("arange of a dtype", lambda lib: lib.arange(3, dtype=lib.float64)),
    ("arange of nothing", lambda lib: lib.arange(2, 2)),
    ("linspace", lambda lib: lib.linspace(-1, 1, 5)),
    ("linspace of one", lambda lib: lib.linspace(3.0, 9.0, 1)),
    ("linspace of double", lambda lib: lib.linspace(0.0, 1.0, 11, dtype=lib.float64)),
    ("leaf", lambda lib: lib.tensor([1.0], requires_grad=True)),
    ("zeros leaf", lambda lib: lib.zeros(2, requires_grad=True)),
    ("full leaf", lambda lib: lib.full((2,), 1.0, requires_grad=True)),
]


@pytest.mark.parametrize("program", [p[1] for p in PROGRAMS], ids=[p[0] for p in PROGRAMS])
def test_new_tensors_are_pytorchs(program: Any) -> None:
    ours, theirs = program(cr), program(torch)
    assert_same_tensor(ours, theirs)
    assert repr(ours) == repr(theirs)
    assert (ours.requires_grad, ours.is_leaf) == (theirs.requires_grad, theirs.is_leaf)


def test_lists_of_tensors_become_one() -> None:
    x, y = cr.tensor(1.0), cr.tensor(2.5)
    assert repr(cr.tensor([x, y])) == "tensor([1.0000, 2.5000])"
    assert cr.tensor([x.double(), y.double()]).dtype == cr.float64
    assert cr.tensor([np.float64(1.0), np.float64(2.0)]).dtype == cr.float64


def test_tensor_copies_and_from_numpy_shares() -> None:
    array = np.array([1.0, 2.0])
    copy, shared = cr.tensor(array), cr.from_numpy(array)
    array[0] = 9.0
    assert copy.tolist() == [1.0, 2.0]
    assert shared.tolist() == [9.0, 2.0]
    shared += 1
    assert array.tolist() == [10.0, 3.0]
    again = cr.tensor(shared)
    shared += 1
    assert again.tolist() == [10.0, 3.0]


def test_tensor_of_a_tensor_has_no_history() -> None:
    x = cr.tensor(2.0, requires_grad=True)
    assert not cr.tensor(x * 2).requires_grad
    assert cr.tensor(x * 2, requires_grad=True).is_leaf


def test_same_seed_same_bits() -> None:
    def numbers() -> list[Any]:
        return [
            cr.randn(3).tolist(),
            cr.rand(2, 2).tolist(),
            cr.randint(0, 10, (4,)).tolist(),
            cr.randperm(5).tolist(),
        ]

    cr.manual_seed(1)
    first = numbers()
    cr.manual_seed(1)
    assert numbers() == first
    cr.manual_seed(2)
    assert numbers() != first


def test_random_numbers_are_what_they_are_called() -> None:
    cr.manual_seed(0)
    normal, even = cr.randn(20_000), cr.rand(20_000)
    assert (normal.dtype, even.dtype) == (cr.float32, cr.float32)
    assert abs(normal.mean().item()) < 0.03
    assert abs(normal.std().item() - 1) < 0.03
    assert 0 <= even.amin().item() < even.amax().item() < 1
    assert abs(even.mean().item() - 0.5) < 0.02
    whole = cr.randint(3, size=(1000,))
    assert (whole.dtype, whole.amin().item(), whole.amax().item()) == (cr.int64, 0, 2)
    assert sorted(cr.randperm(50).tolist()) == list(range(50))
    assert cr.randn(2, requires_grad=True).requires_grad
    assert cr.rand(2, dtype=cr.float64).dtype == cr.float64
    assert cr.randn(()).shape == ()


REFUSED: list[tuple[str, Any, type[Exception], str]] = [
    ("text", lambda: cr.tensor("abc"), errors.DTypeError, "a tensor cannot be made of 'abc'"),
    ("None", lambda: cr.tensor(None), errors.DTypeError, "a tensor cannot be made of None"),
    ("dict", lambda: cr.tensor({}), errors.DTypeError, "a tensor cannot be made of {}"),
    (
        "ragged",
        lambda: cr.tensor([[1.0], [1.0, 2.0]]),
        errors.DTypeError,
        "nested lists of numbers of equal",
    ),
    ("texts", lambda: cr.tensor(["a", 1.0]), errors.DTypeError, "a tensor cannot be made of ['a', 1.0]"),
    ("complex", lambda: cr.tensor(1j), errors.DTypeError, "a tensor cannot be made of 1j"),
    ("complex array", lambda: cr.tensor(np.ones(2, complex)), errors.DTypeError, "complex128"),
    ("objects", lambda: cr.tensor(np.array([object()])), errors.DTypeError, "dtype object"),
    ("huge", lambda: cr.tensor(10**400), errors.DTypeError, "a tensor cannot be made of"),
    ("dtype", lambda: cr.tensor(1.0, dtype="colour"), errors.DTypeError, "'colour' is not a dtype"),
    ("complex dtype", lambda: cr.tensor(1.0, dtype=complex), errors.DTypeError, "complex numbers"),
    (
        "integers with gradients",
        lambda: cr.tensor([1, 2], requires_grad=True),
        errors.DTypeError,
        "only floats have gradients, and this tensor is of dtype int64",
    ),
    ("zeros", lambda: cr.zeros(-1), errors.ShapeError, "zeros was given a negative size: (-1,)"),
    ("ones", lambda: cr.ones(2.5), errors.DTypeError, "ones takes integers as sizes; it was given (2.5,)"),
    ("ones text", lambda: cr.ones("a"), errors.DTypeError, "ones takes integers as sizes"),
    ("full", lambda: cr.full((2,), [1.0, 2.0]), errors.ShapeError, "full is filled with one number"),
    ("eye", lambda: cr.eye(-2), errors.ShapeError, "eye was given a negative size"),
    ("arange step", lambda: cr.arange(0, 5, 0), errors.DomainError, "the range (0, 5, 0) cannot be walked"),
    ("arange away", lambda: cr.arange(0, 5, -1), errors.DomainError, "the range (0, 5, -1) cannot be"),
    ("arange text", lambda: cr.arange("a"), errors.DomainError, "the range (0, 'a', 1) cannot be walked"),
    ("arange of NaN", lambda: cr.arange(0.0, float("nan")), errors.DomainError, "cannot be walked"),
    ("arange without end", lambda: cr.arange(0.0, float("inf")), errors.DomainError, "cannot be walked"),
    ("linspace", lambda: cr.linspace(0, 1, -1), errors.ShapeError, "linspace was given a negative size"),
    ("linspace steps", lambda: cr.linspace(0, 1, 2.5), errors.DTypeError, "linspace takes integers"),
    ("linspace text", lambda: cr.linspace("a", 1, 3), errors.DomainError, "cannot be walked"),
    ("from_numpy", lambda: cr.from_numpy([1.0]), errors.DTypeError, "from_numpy takes a numpy array"),
    ("from complex", lambda: cr.from_numpy(np.ones(2, complex)), errors.DTypeError, "complex128"),
    (
        "from read-only",
        lambda: cr.from_numpy(np.broadcast_to(np.ones(1), (3,))),
        errors.DomainError,
        "this one, of shape (3,), is read-only: chainrule.tensor(…) makes a copy",
    ),
    (
        "zeros_like",
        lambda: cr.zeros_like([1.0]),
        errors.DTypeError,
        "zeros_like was given [1.0] of type list",
    ),
    ("ones_like", lambda: cr.ones_like("a"), errors.DTypeError, "ones_like was given 'a' of type str"),
    ("randn", lambda: cr.randn(-3), errors.ShapeError, "randn was given a negative size"),
    ("rand", lambda: cr.rand("a"), errors.DTypeError, "rand takes integers as sizes"),
    ("randint", lambda: cr.randint(5, 2, (3,)), errors.DomainError, "the range (5, 2) cannot be walked"),
    ("randint text", lambda: cr.randint("a", 5, (2,)), errors.DomainError, "the range ('a', 5) cannot"),
    ("randint size", lambda: cr.randint(0, 5, -1), errors.ShapeError, "randint was given a negative size"),
    ("randperm", lambda: cr.randperm(-1), errors.ShapeError, "randperm was given a negative size"),
    ("randperm text", lambda: cr.randperm("a"), errors.DTypeError, "randperm takes integers as sizes"),
    ("seed", lambda: cr.manual_seed(-1), errors.DTypeError, "manual_seed takes an integer of 0 or more"),
    ("seed text", lambda: cr.manual_seed("a"), errors.DTypeError, "it was given 'a'"),
]


@pytest.mark.parametrize(
    ("call", "kind", "message"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED]
)
def test_refusals(call: Any, kind: type[Exception], message: str) -> None:
    cr.manual_seed(5)
    with pytest.raises(errors.ChainruleError) as caught:
        call()
    assert isinstance(caught.value, kind)
    assert message in str(caught.value)
    after = cr.rand(3).tolist()
    cr.manual_seed(5)
    assert cr.rand(3).tolist() == after, "a refused call has drawn numbers"
