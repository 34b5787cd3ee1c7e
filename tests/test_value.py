"""What a ``Value`` is, on the tape and in plain Python: the same to its user."""

from __future__ import annotations

import copy
import ctypes
import inspect
import pickle
import threading
from typing import Any

import micrograd.engine
import numpy as np
import pytest

import chainrule
from chainrule import Value, value
from chainrule.autodiff import tape
from chainrule.errors import DTypeError, GraphError
from chainrule.explain.names import Names
from chainrule.explain.recording import record
from chainrule.primitives import ROWS
from chainrule.primitives import row as row_module
from chainrule.value import PythonValue

CLASSES = {"tape": Value, "python": PythonValue}


@pytest.fixture(params=CLASSES.values(), ids=CLASSES)
def cls(request: pytest.FixtureRequest) -> Any:
    return request.param


# --- data and grad -----------------------------------------------------------------------------------


def test_numbers_of_all_kinds(cls: Any) -> None:
    found = [
        cls(x).data for x in (2, 2.5, True, np.float32(0.5), np.int64(3), np.array(1.5), np.bool_(True))
    ]
    assert found == [2, 2.5, 1, 0.5, 3, 1.5, 1]
    assert [type(x) for x in found] == [int, float, int, float, int, float, int]
    assert cls(data=3).data == 3


@pytest.mark.parametrize("wrong", ["2", None, [1.0], np.array([1.0, 2.0]), 1j, len], ids=str)
def test_what_is_no_number_is_refused(cls: Any, wrong: Any) -> None:
    x = cls(2.0)
    for attempt in (
        lambda: cls(wrong),
        lambda: x + wrong,
        lambda: wrong + x,
        lambda: x * wrong,
        lambda: x**wrong,
        lambda: wrong**x,
        lambda: cls._operation(ROWS["maximum"])(x, wrong),
        lambda: cls._operation(ROWS["where"])(x, x, wrong),
        lambda: cls._operation(ROWS["where"])(x, wrong, x),
    ):
        with pytest.raises(DTypeError, match="a Value holds one real number; it was given"):
            attempt()
    assert (x.data, x.grad) == (2.0, 0)


def test_a_value_is_no_number(cls: Any) -> None:
    """A value in the place of a number, and one of the other class, would cut the graph unseen."""
    x, other = cls(2.0), (PythonValue if cls is Value else Value)(3.0)
    for attempt in (lambda: cls(x), lambda: x + other, lambda: x**other):
        with pytest.raises(DTypeError, match="a Value holds one real number; it was given Value"):
            attempt()
    if cls is Value:
        for name in ("data", "grad"):
            with pytest.raises(DTypeError):
                setattr(x, name, Value(3.0))
    assert repr(x) == "Value(data=2.0, grad=0)"


def test_wrong_arguments_are_python_errors(cls: Any) -> None:
    with pytest.raises(TypeError, match=r"__init__\(\) missing 1 required positional argument: 'data'"):
        cls()
    with pytest.raises(TypeError, match=r"__init__\(\) takes 2 positional arguments but 3 were given"):
        cls(1.0, 2.0)
    with pytest.raises(TypeError, match="unexpected keyword argument 'date'"):
        cls(date=1.0)
    with pytest.raises(TypeError):
        pow(cls(2.0), 3, 5)
    with pytest.raises(OverflowError):
        cls(1.0) + 10**400
    with pytest.raises(AttributeError):
        cls(1.0).dada = 3
    assert list(inspect.signature(cls).parameters) == ["data"]


def test_data_and_grad_can_be_written(cls: Any) -> None:
    x = cls(2.0)
    y = x * 3.0
    x.data, x.grad = 5, 1.5
    y.data = np.float64(7.0)
    assert (x.data, x.grad, y.data) == (5, 1.5, 7.0)
    y.backward()
    assert x.grad == 4.5
    x.data -= 0.5 * x.grad
    x.grad = 0
    assert repr(x) == "Value(data=2.75, grad=0)"


def test_integers_stay_integers(cls: Any) -> None:
    x, y = cls(2), cls(3)
    assert repr(x * y - x + -y) == "Value(data=1, grad=0)"
    assert repr(x / y * 0) == "Value(data=0.0, grad=0)"
    assert repr(x**2) == "Value(data=4.0, grad=0)"
    assert repr(cls(-2.0).relu()) == "Value(data=0, grad=0)"
    assert repr(1 / (cls(0) * -1)) == "Value(data=inf, grad=0)"  # an integer has no -0
    product = x * y
    product.backward()
    assert repr((product, x, y)) == "(Value(data=6, grad=1), Value(data=2, grad=3), Value(data=3, grad=2))"


def test_integers_beyond_those_that_a_float_holds_are_floats_on_the_tape() -> None:
    last = 2**53 - 1
    assert repr(Value(last).data) == str(last)
    assert repr(Value(2**53).data) == repr(Value(last) + 1)[11:29] == "9007199254740992.0"
    x = Value(3)
    (x * last).backward()
    (x * last).backward()
    assert type(x.grad) is float


# --- graphs ------------------------------------------------------------------------------------------


def test_what_a_graph_says_of_itself(cls: Any) -> None:
    a, b = cls(2.0), cls(3.0)
    y = a * b
    assert (y._inputs, y._prev, y._op, y._a, y._b) == ((a, b), {a, b}, "*", a, b)
    assert y._rule.row is ROWS["mul"]
    assert a._time < b._time < y._time
    assert (a._op, a._prev, a._inputs, a._rule) == ("", set(), (), None)
    assert [(a**2)._op, (a**2.5)._op, (a**b)._op, (-a)._op, a.relu()._op] == [
        "**2",
        "**2.5",
        "**",
        "neg",
        "ReLU",
    ]
    assert ((a**2)._inputs, (a**2)._rule.exponent) == ((a,), 2)
    two = (2 * a)._inputs[0 if cls is Value else 1]
    assert (two.data, two._time) == (2, 0)
    assert (a * a)._inputs == (a, a)
    assert (a * a)._prev == {a}
    chosen = cls._operation(ROWS["where"])(1, a, b)
    assert chosen._inputs[1:] == (a, b)


def test_a_second_backward_adds_as_in_micrograd(cls: Any) -> None:
    x = cls(3.0)
    y = x * x
    z = y * 2.0
    z.backward()
    assert (x.grad, y.grad, z.grad) == (12.0, 2.0, 1)
    z.backward()  # the gradient of y is what it was and what it gets: as in micrograd
    assert (x.grad, y.grad, z.grad) == (36.0, 4.0, 1)


def test_a_graph_outlives_its_step_and_is_shared(cls: Any) -> None:
    """Three losses on one graph, one after the other: all gradients are micrograd's."""
    found = []
    for kind in (cls, micrograd.engine.Value):
        w = kind(2.0)
        square = w * w
        shared = square.relu() + w
        for k in (1.0, 2.0, 3.0):
            loss = shared * k
            loss.backward()
        found.append([node.grad for node in (w, square, shared, loss)])
        w.data = 0.5
        (shared * square).backward()
        found[-1] += [node.grad for node in (w, square, shared)]
    assert found[0] == found[1]


def test_backward_of_a_leaf(cls: Any) -> None:
    x = cls(3.0)
    x.backward()
    assert (x.grad, x.data) == (1, 3.0)


def test_a_computed_value_is_not_initialised_again_on_the_tape() -> None:
    y = Value(2.0) * 3.0
    with pytest.raises(GraphError, match=r"was computed \(by '\*'\) and cannot be initialised again"):
        y.__init__(5.0)  # type: ignore[misc]
    assert y.data == 6.0
    x = Value(2.0)
    x.grad = 5.0
    x.__init__(4.0)  # type: ignore[misc]
    assert (x.data, x.grad) == (4.0, 0)


def test_numpy_numbers_on_the_left(cls: Any) -> None:
    x = cls(3.0)
    assert isinstance(np.float64(2.0) * x, cls)
    assert (np.float32(2.0) - x).data == -1.0
    assert (np.int64(6) / x).data == 2.0
    assert float(x) == 3.0


def test_explain_takes_values_of_both_classes(cls: Any) -> None:
    x = cls(2.0)
    y = cls._operation(ROWS["clamp"])(x * 3.0, -1.0, 10.0)
    found = record(y, Names())
    assert [step.row.name for step in found.steps] == ["mul", "clamp"]
    assert [leaf.gradient for leaf in found.leaves] == [3.0]


def test_operations_count_their_operands() -> None:
    with pytest.raises(DTypeError, match="maximum takes 2 operands, and was given 1"):
        Value._operation(ROWS["maximum"])(1.0)  # type: ignore[arg-type]


def test_a_row_that_comes_late_is_not_on_the_tape(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(row_module, "ROWS", {})
    late = row_module.elementwise("late", lambda xp, x: x, partials=(lambda xp, out, x: 1,))
    with pytest.raises(GraphError, match="late came into the table after the first Value"):
        Value._operation(late)


# --- copies ------------------------------------------------------------------------------------------


class Named(Value):  # type: ignore[misc, valid-type]
    __slots__ = ("name",)


class NamedInPython(PythonValue):
    __slots__ = ("name",)


def test_leaves_are_copied_and_pickled(cls: Any) -> None:
    x = cls(2)
    x.grad = 0.5
    for twin in (copy.copy(x), copy.deepcopy(x), pickle.loads(pickle.dumps(x))):
        assert type(twin) is cls
        assert twin is not x
        assert repr(twin) == repr(x)
        assert twin._time > 0
    named = (Named if cls is Value else NamedInPython)(3.0)
    named.name = "w"
    for twin in (copy.copy(named), copy.deepcopy(named), pickle.loads(pickle.dumps(named))):
        assert (type(twin), twin.data, twin.name) == (type(named), 3.0, "w")


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_small_graphs_are_copied_and_pickled(cls: Any, duplicate: Any) -> None:
    x, y = cls(2.0), cls(3.0)
    out = (x * y + x**2 - 1.5).tanh() * cls._operation(ROWS["clamp"])(y, 0.0, 1.0) / 2
    out.grad = 4
    (a, b), twin = duplicate(((x, y), out))
    assert (twin.data, twin.grad, twin._op) == (out.data, 4, out._op)
    twin.backward()
    assert (x.grad, y.grad) == (0, 0)
    out.backward()
    assert (a.grad, b.grad) == (x.grad, y.grad)
    assert twin._inputs[1]._time == 0


def test_a_shallow_copy_stands_on_the_same_operands(cls: Any) -> None:
    x = cls(2.0)
    y = copy.copy(x * x)
    assert y._inputs == (x, x)
    y.backward()
    assert x.grad == 4.0


# --- subclasses, and changes to the class ------------------------------------------------------------


def test_a_subclass_takes_part(cls: Any) -> None:
    class Noted(cls):  # type: ignore[misc]
        __slots__ = ("note",)

        def __mul__(self, other: Any) -> Any:
            return "overridden"

    x, y = Noted(2.0), cls(3.0)
    x.note = "here"
    assert x * 2 == "overridden"
    total = y + x
    assert type(total) is cls
    assert total._inputs == (y, x)
    (total - x / 2).backward()
    assert (x.grad, y.grad, x.note) == (0.5, 1, "here")


def test_a_subclass_may_make_data_and_grad_its_own() -> None:
    class Watched(Value):  # type: ignore[misc, valid-type]
        __slots__ = ("sent",)

        def __init__(self) -> None:
            super().__init__(0.0)
            self.sent: list[float] = []

        @property
        def data(self) -> float:
            return 5.0

        @property
        def grad(self) -> float:
            return 0.0

        @grad.setter
        def grad(self, new: float) -> None:
            self.sent.append(new)

    x, y = Watched(), Value(3.0)
    out = (y * x + x) * 1.0
    out.backward()
    assert out.data == 20.0
    assert x.sent == [1.0, 3.0]
    assert y.grad == 5.0


def test_an_error_in_a_subclass_stops_the_sweep_and_leaves_it_usable() -> None:
    class Refusing(Value):  # type: ignore[misc, valid-type]
        __slots__ = ()
        refuses = True

        @property
        def grad(self) -> float:
            if self.refuses:
                raise LookupError("no gradient here")
            return 0.0

        @grad.setter
        def grad(self, new: float) -> None: ...

    x, y = Refusing(2.0), Value(3.0)
    out = (x * y).tanh()
    with pytest.raises(LookupError, match="no gradient here"):
        out.backward()
    assert y.grad == 0
    Refusing.refuses = False
    y.grad = out._inputs[0].grad = 0
    out.backward()
    assert y.grad == pytest.approx(2.0 * (1 - out.data**2))


@pytest.mark.parametrize("name", ["__mul__", "__rmul__", "__pow__", "__neg__", "relu", "data", "backward"])
def test_a_patched_class_is_what_it_was_when_restored(cls: Any, name: str) -> None:
    owner = next(one for one in cls.__mro__ if name in vars(one))
    original = vars(owner)[name]
    setattr(owner, name, lambda *operands: "patched")
    try:
        x = cls.__new__(cls)
        found = {
            "__mul__": lambda: x * 2,
            "__rmul__": lambda: 2 * x,
            "__pow__": lambda: x**2,
            "__neg__": lambda: -x,
            "relu": lambda: x.relu(),
            "data": lambda: x.data(),
            "backward": lambda: x.backward(),
        }[name]()
        assert found == "patched"
    finally:
        setattr(owner, name, original)
    assert vars(owner)[name] is original
    x = cls(3.0)
    y = (x * 2 + 2 * x).relu() + -(x**2)
    y.backward()
    assert (y.data, x.grad) == (3.0, -2.0)


def test_a_trace_may_adopt_new_values(cls: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """While a function is traced, a value may be made of what is no number yet."""
    seen = []
    monkeypatch.setattr(value, "adopted", lambda made, data: seen.append((made, data)) or data == "traced")
    x = cls("traced")
    assert seen == [(x, "traced")]
    assert (x.data, x.grad, x._inputs) == (0.0, 0, ())
    assert cls(np.float64(2.5)).data == 2.5
    with pytest.raises(DTypeError):
        cls("another")


def test_numbers_may_be_changed_in_place() -> None:
    x = Value(2)
    x.grad = 3.0
    numbers = [ctypes.c_double.from_address(id(x) + place) for place in (tape.DATA, tape.GRAD)]
    marks = ctypes.c_int32.from_address(id(x) + tape.MARKS)
    assert [number.value for number in numbers] == [2.0, 3.0]
    assert marks.value & (tape.DATA_IS_INTEGER | tape.GRAD_IS_INTEGER) == tape.DATA_IS_INTEGER
    numbers[0].value = 0.5
    marks.value &= ~tape.DATA_IS_INTEGER
    assert x.data == 0.5


# --- threads -----------------------------------------------------------------------------------------


def test_threads_build_and_walk_their_own_graphs_on_shared_leaves(cls: Any) -> None:
    shared = cls(1.5)
    found: list[float] = []

    def work() -> None:
        for _ in range(20):
            own = cls(2.0)
            y = own
            for _ in range(100):
                y = y * 0.99 + own * 0.01 + shared * 0.0
            y.backward()
            found.append(own.grad)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [found[0]] * 80
    assert shared.grad == 0.0


def test_the_name_in_the_package() -> None:
    assert chainrule.Value is Value
    assert (Value.__module__, Value.__qualname__) == ("chainrule.value", "Value")
    assert "with micrograd" not in (Value.__doc__ or "")
    assert (Value.__doc__ or "").startswith("A number, its gradient")
