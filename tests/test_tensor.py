"""``Tensor``: what it is, how it prints, converts and promotes, as PyTorch's; the course's own
cells."""

from __future__ import annotations

import builtins
import contextlib
import copy
import io
import pickle
from typing import Any

import numpy as np
import pytest
import torch

import chainrule as cr
from against_torch import assert_same_tensor
from chainrule import errors

# --- promotion -----------------------------------------------------------------------------------

DTYPES = ["float32", "float64", "int64", "int32", "bool"]
OPERATIONS = {
    "add": lambda x, y: x + y,
    "sub": lambda x, y: x - y,
    "mul": lambda x, y: x * y,
    "div": lambda x, y: x / y,
    "pow": lambda x, y: x**y,
    "lt": lambda x, y: x < y,
    "eq": lambda x, y: x == y,
}
NUMBERS = [2, 2.5, True]


def vector(lib: Any, dtype: str) -> Any:
    return lib.tensor([1, 0, 1], dtype=getattr(lib, dtype))


def outcome(program: Any) -> Any:
    """The result, or the fact that there is none."""
    try:
        return program()
    except (RuntimeError, TypeError, ValueError):
        return None


def assert_same_outcome(program: Any) -> None:
    ours, theirs = outcome(lambda: program(cr)), outcome(lambda: program(torch))
    if theirs is None:
        return  # we may have an answer where PyTorch has none (a power of booleans)
    assert ours is not None
    assert_same_tensor(ours, theirs)


@pytest.mark.parametrize("name", OPERATIONS)
@pytest.mark.parametrize("left", DTYPES)
@pytest.mark.parametrize("right", DTYPES)
def test_dtypes_of_two_tensors_promote_as_pytorchs(name: str, left: str, right: str) -> None:
    if name == "pow" and "bool" in (left, right):
        return  # a power of booleans: PyTorch refuses some
    assert_same_outcome(
        lambda lib: OPERATIONS[name](vector(lib, left), vector(lib, right) + vector(lib, right))
    )


@pytest.mark.parametrize("name", OPERATIONS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("number", NUMBERS, ids=repr)
def test_dtypes_of_a_tensor_and_a_number_promote_as_pytorchs(name: str, dtype: str, number: Any) -> None:
    if name == "pow" and dtype == "bool":
        return
    assert_same_outcome(lambda lib: OPERATIONS[name](vector(lib, dtype), number))
    assert_same_outcome(lambda lib: OPERATIONS[name](number, vector(lib, dtype)))


@pytest.mark.parametrize("name", ["exp", "sqrt", "tanh", "sigmoid", "abs", "neg", "relu", "sum"])
@pytest.mark.parametrize("dtype", [name for name in DTYPES if name != "bool"])
def test_dtypes_of_functions_are_pytorchs(name: str, dtype: str) -> None:
    assert_same_outcome(lambda lib: getattr(lib, name)(vector(lib, dtype)))


def test_sums_count_in_int64() -> None:
    for dtype in ("bool", "uint8", "int32"):
        assert_same_outcome(lambda lib, dtype=dtype: vector(lib, dtype).sum())


def test_numpy_arrays_keep_their_dtype_beside_a_tensor() -> None:
    array = np.array([1.0, 2.0])
    x = cr.tensor([1.0, 2.0])
    for result in (x + array, array + x, array * x, x / array, array - x, array / x):
        assert isinstance(result, cr.Tensor)
        assert result.dtype == cr.float64
    assert (np.float32(2.0) * x).dtype == cr.float32
    assert isinstance(array @ x, cr.Tensor)


# --- what it is ----------------------------------------------------------------------------------


def test_its_attributes() -> None:
    x = cr.zeros(2, 3)
    assert (x.shape, x.ndim, x.dim(), x.numel(), len(x)) == ((2, 3), 2, 2, 6, 2)
    assert (x.size(), x.size(0), x.size(-1)) == ((2, 3), 2, 3)
    assert x.is_leaf
    assert not x.requires_grad
    assert x.grad is None
    assert x.grad_fn is None
    y = x.requires_grad_().sum()
    assert y.requires_grad
    assert not y.is_leaf
    assert y.grad_fn is not None
    assert y.grad_fn.name() == "SumBackward0"
    x = cr.zeros(2)
    x.requires_grad = True
    assert x.requires_grad
    x.requires_grad = False
    assert not x.requires_grad


def test_iteration_and_truth() -> None:
    x = cr.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    rows = list(x)
    assert [row.tolist() for row in rows] == [[1.0, 2.0], [3.0, 4.0]]
    rows[1].sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [[0.0, 0.0], [1.0, 1.0]]
    assert bool(cr.tensor(2.0))
    assert not cr.tensor([0])
    assert [10, 20, 30][cr.tensor(1)] == 20
    assert len({x, x}) == 1


def test_numbers_out_of_it() -> None:
    assert cr.tensor(1.5).item() == 1.5
    assert type(cr.tensor([[3]]).item()) is int
    assert type(cr.tensor(True).item()) is bool
    assert (float(cr.tensor(2.5)), int(cr.tensor(2.5))) == (2.5, 2)
    assert cr.tensor([[1, 2]]).tolist() == [[1, 2]]
    assert cr.tensor(1.5).tolist() == 1.5
    assert f"{cr.tensor(1.23456):.2f}" == "1.23"
    assert f"{cr.tensor(1.5)}" == "tensor(1.5000)"


def test_numpy_shares_memory_and_never_detaches_silently() -> None:
    x = cr.tensor([1.0, 2.0])
    assert x.numpy() is x.numpy()
    x.numpy()[0] = 5.0
    assert x.tolist() == [5.0, 2.0]
    assert np.asarray(x).dtype == np.float32
    assert np.asarray(x, dtype=np.float64).dtype == np.float64
    assert not np.shares_memory(np.array(x, copy=True), x.numpy())
    w = cr.tensor([1.0], requires_grad=True)
    for take in (w.numpy, (w * 2).numpy, lambda: np.asarray(w)):
        with pytest.raises(errors.GraphError) as caught:
            take()
        assert str(caught.value) == (
            "numpy() of a tensor of shape (1,) that requires grad would cut the graph unseen: write "
            ".detach().numpy()"
        )
    assert np.shares_memory(w.detach().numpy(), w.data.numpy())


def test_conversions() -> None:
    x = cr.tensor([1.7, -0.2, 0.0])
    assert x.double().dtype == cr.float64
    assert x.long().tolist() == [1, 0, 0]
    assert x.int().dtype == cr.int32
    assert x.bool().tolist() == [True, True, False]
    assert x.to(cr.float64).dtype == cr.float64
    assert x.type(cr.int64).dtype == cr.int64
    assert x.float() is x
    assert x.contiguous() is x


def test_data_is_the_same_memory_outside_of_the_graph() -> None:
    w = cr.tensor([1.0, 2.0], requires_grad=True)
    w.data -= 1.0
    assert w.tolist() == [0.0, 1.0]
    assert not w.data.requires_grad
    w.data = cr.tensor([5.0, 6.0])
    assert w.tolist() == [5.0, 6.0]
    assert w.requires_grad
    w.data[0] = 7.0
    assert w.tolist() == [7.0, 6.0]


def test_copies() -> None:
    x = cr.tensor([1.0, 2.0], requires_grad=True)
    deep = copy.deepcopy(x)
    assert deep.tolist() == [1.0, 2.0]
    assert deep.requires_grad
    deep.data[0] = 9.0
    assert x.tolist() == [1.0, 2.0]
    back = pickle.loads(pickle.dumps(x))
    assert back.tolist() == [1.0, 2.0]
    assert back.requires_grad


REPRS = [
    lambda lib: lib.tensor(1.0, requires_grad=True) * 2,
    lambda lib: (lib.tensor(1.0, requires_grad=True) - 2) ** 2,
    lambda lib: lib.tensor([1.0, 2.0], requires_grad=True).sum(),
    lambda lib: lib.tensor([1.0, 2.0], requires_grad=True).mean(),
    lambda lib: lib.tensor([1.0, 2.0], requires_grad=True) + 1,
    lambda lib: lib.tensor([1.0, 2.0], requires_grad=True) / 2,
    lambda lib: -lib.tensor([1.0, 2.0], requires_grad=True),
    lambda lib: lib.tensor([1.0, 2.0], requires_grad=True).exp(),
    lambda lib: lib.tensor([1.0, 2.0], requires_grad=True).log(),
    lambda lib: lib.tensor([1.0, 2.0], requires_grad=True).tanh(),
    lambda lib: lib.tensor([1.0, 2.0], requires_grad=True).sigmoid(),
    lambda lib: lib.tensor([1.0, 2.0], requires_grad=True).relu(),
    lambda lib: lib.tensor([1.0, 2.0], requires_grad=True).abs(),
    lambda lib: lib.tensor([1.0, 2.0], requires_grad=True).sqrt(),
    lambda lib: lib.tensor([1.0, 2.0], requires_grad=True).softmax(0),
    lambda lib: lib.tensor([1.0, 2.0], requires_grad=True).log_softmax(0),
    lambda lib: lib.tensor([1.0, 2.0], requires_grad=True).logsumexp(0),
    lambda lib: lib.tensor([1.0, 2.0], requires_grad=True).clone(),
    lambda lib: lib.tensor([1.0, 2.0], requires_grad=True).double(),
    lambda lib: lib.tensor([1.0, 2.0], requires_grad=True).amax(),
    lambda lib: lib.tensor([[1.0, 2.0]], requires_grad=True).view(2),
    lambda lib: lib.tensor([[1.0, 2.0]], requires_grad=True) @ lib.ones(2, 1),
    lambda lib: lib.tensor([1.0, 2.0], requires_grad=True).unsqueeze(0),
    lambda lib: lib.tensor([1.0, 2.0], requires_grad=True).expand(2, 2),
    lambda lib: lib.stack([lib.tensor(1.0, requires_grad=True), lib.tensor(2.0)]),
    lambda lib: lib.cat([lib.tensor([1.0], requires_grad=True), lib.tensor([2.0])]),
    lambda lib: lib.where(lib.tensor([True]), lib.tensor([1.0], requires_grad=True), lib.zeros(1)),
    lambda lib: lib.maximum(lib.tensor([1.0], requires_grad=True), lib.zeros(1)),
    lambda lib: lib.tensor([1.0, 2.0], requires_grad=True).detach(),
    lambda lib: lib.tensor([1.0, 2.0], dtype=lib.float64, requires_grad=True),
    lambda lib: lib.tensor([1, 2]) > 1,
]


@pytest.mark.parametrize("program", REPRS, ids=range(len(REPRS)))
def test_it_prints_as_pytorchs_does(program: Any) -> None:
    assert repr(program(cr)) == repr(program(torch))


# --- the course ----------------------------------------------------------------------------------

REGRESSION = """
import torch
x = torch.tensor(1.0)
y = torch.tensor(2.0)
w = torch.tensor(1.0, requires_grad=True)
y_chap = w * x
L = (y_chap - y)**2
print(L)
L.backward()
print(w.grad)
"""

NEURON = """
import torch
x1 = torch.tensor([2.0, 0.5])
x2 = torch.tensor([-1.0, 1.5])
y = torch.tensor([1.0, -1.0])
w1 = torch.tensor([0.3, -0.2], requires_grad=True)
b = torch.tensor(0.1, requires_grad=True)
n1 = x1 @ w1 + b
n2 = x2 @ w1 + b
o1 = torch.tanh(n1)
o2 = torch.tanh(n2)
Loss = (o1 - y[0])**2 + (o2 - y[1])**2
Loss.backward()
dLdo1 = 2*o1 - 2*y[0]
do1db = 1- torch.tanh(n1)**2
print(f"{dLdo1=}", f"{(dLdo1*do1db).item()=:.4f}")
dLdw11 = (2*o1- 2*y[0])*x1[0]*(1-torch.tanh(n1)**2)
print(f"{dLdw11=}")
dLdw12 = (2*o1- 2*y[0])*x1[1]*(1-torch.tanh(n1)**2)
print(f"{dLdw12=}")
dLdw21 = (2*o2- 2*y[1])*x2[0]*(1-torch.tanh(n2)**2)
print(f"{dLdw21=}")
dLdw22 = (2*o2- 2*y[1])*x2[1]*(1-torch.tanh(n2)**2)
print(f"{dLdw22=}")
print(dLdw11+dLdw21)
print(dLdw12+dLdw22)
print(f"{w1.grad=}")
print(b.grad)
"""

UPDATE = """
import torch
w = torch.tensor(1.0, requires_grad=True)
for step in range(3):
    L = (w * 1.0 - 2.0)**2
    L.backward()
    with torch.no_grad():
        w -= 0.1 * w.grad
    print(step, L, w, w.grad)
    w.grad.zero_()
T2, T3, T4 = (torch.tensor(v, requires_grad=True) for v in (2.0, 3.0, 4.0))
T1 = torch.log(T2*T3 + T4)
T1.backward()
print(T1, T2.grad, T3.grad, T4.grad)
"""


def printed(cell: str, library: Any) -> str:
    """What ``cell`` prints when ``library`` answers to ``import torch``."""
    out = io.StringIO()

    def importer(name: str, *args: Any) -> Any:
        return library if name == "torch" else builtins.__import__(name, *args)

    scope = {"__builtins__": {**vars(builtins), "__import__": importer}}
    with contextlib.redirect_stdout(out):
        exec(cell, scope)
    return out.getvalue()


@pytest.mark.parametrize("cell", [REGRESSION, NEURON, UPDATE], ids=["regression", "neuron", "update"])
def test_the_courses_cells_print_what_pytorch_prints(cell: str) -> None:
    assert printed(cell, cr) == printed(cell, torch)


def test_the_courses_regression_word_for_word() -> None:
    assert printed(REGRESSION, cr) == "tensor(1., grad_fn=<PowBackward0>)\ntensor(-2.)\n"


# --- refusals ------------------------------------------------------------------------------------

m, number = cr.zeros(2, 3), cr.tensor(1.0)

REFUSED: list[tuple[str, Any, type[Exception], str]] = [
    (
        "item",
        lambda: m.item(),
        errors.DomainError,
        ".item() is for a tensor of one element; the shape is (2, 3)",
    ),
    ("float", lambda: float(m), errors.DomainError, ".item() is for a tensor of one element"),
    ("truth", lambda: bool(m), errors.DomainError, "a tensor of shape (2, 3) is neither true nor false"),
    ("truth of nothing", lambda: bool(cr.zeros(0)), errors.DomainError, "use .all() or .any()"),
    ("len", lambda: len(number), errors.DTypeError, "a tensor of rank 0 is a number, and has no length"),
    ("iter", lambda: iter(number), errors.DTypeError, "cannot be iterated over: .item() gives it"),
    ("index", lambda: [1, 2][number], errors.DTypeError, "tensor(1.) is no index"),
    ("size", lambda: m.size(2), errors.IndexOutOfRangeError, "size was given dim=2 for a tensor of rank 2"),
    ("to", lambda: m.to("colour"), errors.DTypeError, "'colour' is not a dtype"),
    ("to complex", lambda: m.to(np.complex64), errors.DTypeError, "complex numbers are not supported"),
    (
        "grad text",
        lambda: setattr(m, "grad", 1.0),
        errors.DTypeError,
        ".grad is a tensor or None; it was given 1.0",
    ),
    (
        "grad shape",
        lambda: setattr(m, "grad", number),
        errors.ShapeError,
        "a gradient of shape () and dtype float32 for a tensor of shape (2, 3)",
    ),
    (
        "requires_grad",
        lambda: cr.tensor(1).requires_grad_(),
        errors.DTypeError,
        "only floats have gradients",
    ),
    (
        "requires_grad off",
        lambda: (cr.tensor(1.0, requires_grad=True) * 2).requires_grad_(False),
        errors.GraphError,
        "requires_grad can be turned off for leaves only, and this tensor is the result of mul",
    ),
    (
        "data of integers",
        lambda: setattr(cr.zeros(2, requires_grad=True), "data", cr.tensor([1, 2])),
        errors.DTypeError,
        "only floats have gradients, and this tensor is of dtype int64",
    ),
    ("data", lambda: setattr(m, "data", "a"), errors.DTypeError, "a tensor cannot be made of 'a'"),
    (
        "retain_grad",
        lambda: m.retain_grad(),
        errors.GraphError,
        "does not require grad, and will have no gradient",
    ),
]


@pytest.mark.parametrize(
    ("call", "kind", "message"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED]
)
def test_refusals(call: Any, kind: type[Exception], message: str) -> None:
    with pytest.raises(errors.ChainruleError) as caught:
        call()
    assert isinstance(caught.value, kind)
    assert message in str(caught.value)
    assert m.grad is None
    assert not m.requires_grad
