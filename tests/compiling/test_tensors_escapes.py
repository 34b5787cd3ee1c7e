"""What a traced step of tensors cannot ask for is refused, with the line and the remedy."""

from __future__ import annotations

import math
import threading
import warnings
from typing import Any

import numpy as np
import pytest

import chainrule
from chainrule import Tensor, Value, errors, nn


def branches(x: Any) -> Any:
    if x.sum() > 0:
        return x
    return -x


def asserts(x: Any) -> Any:
    assert (x > 0).all()
    return x


def asks_for_an_item(x: Any) -> Any:
    return x * x.sum().item()


def asks_for_a_float(x: Any) -> Any:
    return x * float(x.sum())


def uses_the_math_module(x: Any) -> Any:
    return x * math.exp(x.sum())


def truncates(x: Any) -> Any:
    return x[: int(x.sum())]


def counts(x: Any) -> Any:
    return sum(range(x.long().sum()))


def slices(x: Any) -> Any:
    return x[: x.long().sum()]


def formats(x: Any) -> Any:
    print(f"{x.sum():.3f}")
    return x


def asks_for_numpy(x: Any) -> Any:
    return x.numpy() + 1


def makes_an_array(x: Any) -> Any:
    return np.asarray(x)


def lists(x: Any) -> Any:
    return x.tolist()


def masks(x: Any) -> Any:
    return x[x > 0]


def rounds(x: Any) -> Any:
    return round(x.sum())


@pytest.mark.parametrize(
    ("function", "what", "remedy"),
    [
        (branches, "asks whether it is true", "chainrule.where(condition, a, b)"),
        (asserts, "asks whether it is true", "outside of the compiled function"),
        (asks_for_an_item, ".item() asks for its number", "Return the tensor"),
        (asks_for_a_float, "float(), or a function of the math module", "x.exp()"),
        (uses_the_math_module, "float(), or a function of the math module", "x.exp()"),
        (truncates, "int() asks", "as a plain int"),
        (counts, "range(), a size or an index", "as a plain int"),
        (slices, "range(), a size or an index", "as a plain int"),
        (formats, ".item() asks for its number", "ask what the compiled function returns"),
        (asks_for_numpy, ".numpy() asks for its numbers", "Compute with tensors"),
        (makes_an_array, ".numpy() asks for its numbers", "Compute with tensors"),
        (lists, ".tolist() asks for its numbers", "Return the tensor"),
        (masks, "picks as many elements as it turns out to hold", "where(mask, x, 0)"),
    ],
)
def test_an_escape_names_the_line_and_the_remedy(function: Any, what: str, remedy: str) -> None:
    compiled = chainrule.compile(function)
    with pytest.raises(errors.TraceError) as caught:
        compiled(chainrule.ones(3))
    message = str(caught.value)
    line = function.__code__.co_firstlineno + 1
    assert f"test_tensors_escapes.py:{line}:" in message
    assert what in message
    assert remedy in message
    assert (chainrule.ones(2) * 3).tolist() == [3.0, 3.0]  # tensors compute again


@pytest.mark.parametrize(
    ("function", "what"),
    [
        (lambda x, k: x.reshape(k, -1), "range(), a size or an index"),
        (lambda x, k: x * (k % 2), "// and % ask"),
        (lambda x, k: np.fft.fft(x), "asks for its numbers"),
        (lambda x, k: x if k > 1 else -x, "asks whether it is true"),
    ],
)
def test_a_number_that_is_an_argument(function: Any, what: str) -> None:
    with pytest.raises(errors.TraceError) as caught:
        chainrule.compile(function)(chainrule.ones(3), 3)
    assert what in str(caught.value)


def test_numpy_functions_of_an_array_that_is_an_argument() -> None:
    w = chainrule.ones(3)
    compiled = chainrule.compile(lambda x: chainrule.tensor(np.exp(x) * np.float32(2.0)) * w)
    np.testing.assert_allclose(compiled(np.zeros(3, "float32")).tolist(), [2.0] * 3)
    with pytest.raises(errors.TraceError, match=r"np\.median asks for its numbers"):
        chainrule.compile(lambda x: w * float(np.median(x)))(np.zeros(3, "float32"))


def test_printing_a_traced_tensor_does_no_harm(capsys: pytest.CaptureFixture[str]) -> None:
    def step(x: Tensor) -> Tensor:
        print(x, f"{x}", repr(x * 2))
        return x

    chainrule.compile(step)(chainrule.ones(2, 3))
    assert capsys.readouterr().out == "tensor(<traced f32[2, 3]>) " * 2 + "tensor(<traced f32[2, 3]>)\n"


def test_a_tensor_that_outlives_its_trace() -> None:
    kept: list[Any] = []
    chainrule.compile(lambda x: kept.append(x * 2) or x)(chainrule.ones(3))
    for use in (
        lambda x: x * 2,
        lambda x: x.sum(),
        lambda x: float(x[0]),
        lambda x: x.numpy(),
        lambda x: x[0],
        lambda x: x.add_(1),
        lambda x: chainrule.ones(3) + x,
    ):
        with pytest.raises(errors.TraceError, match="was kept after the function that it belongs to"):
            use(kept[0])
    assert repr(kept[0]) == "tensor(<traced f32[3]>)"


def test_a_layer_that_keeps_what_it_computed() -> None:
    class Keeps(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            self.latest = x * 2
            return self.latest

    layer = Keeps()
    compiled = chainrule.compile(lambda x: layer(x))
    for _ in range(3):
        assert compiled(chainrule.ones(2)).tolist() == [2.0, 2.0]
    with pytest.raises(errors.TraceError, match="Return from the compiled function"):
        _ = layer.latest + 1


# --- what runs as it was written, after one warning


def runs_as_written(step: Any, why: str, *args: Any) -> None:
    compiled = chainrule.compile(step)
    with pytest.warns(errors.CompileWarning, match=why):
        compiled(*args)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # the warning comes once
        compiled(*args)


def test_a_graph_from_outside() -> None:
    w = chainrule.tensor(2.0, requires_grad=True)
    outside = w * 3.0
    runs_as_written(
        lambda x: (x * outside).backward(retain_graph=True), "flow out of it", chainrule.tensor(1.0)
    )
    assert w.grad is not None
    assert w.grad.item() == 6.0


def test_a_tensor_left_with_a_graph() -> None:
    w, total = chainrule.tensor(2.0, requires_grad=True), chainrule.tensor(0.0)
    runs_as_written(lambda: total.add_(w), "with a graph of its own")
    assert total.item() == 4.0
    total.backward()
    assert w.grad is not None
    assert w.grad.item() == 2.0


def test_a_dtype_without_machine_code() -> None:
    runs_as_written(
        lambda x: x * 2, "no machine code for arrays of float16", chainrule.ones(3, dtype=np.float16)
    )


def test_values_and_tensors_together() -> None:
    v = Value(2.0)
    runs_as_written(lambda x: (x * v.data, v * 2), "both Value and Tensor", chainrule.ones(3))


def test_an_attribute_that_counts_the_steps() -> None:
    class Counter:
        steps = 0

        def step(self, x: Tensor) -> Tensor:
            self.steps += 1
            return x * self.steps

    counter = Counter()
    counter.steps = 0
    compiled = chainrule.compile(counter.step)
    with pytest.warns(errors.CompileWarning, match="'steps' of a Counter"):
        assert compiled(chainrule.ones(1)).item() == 1.0
    assert compiled(chainrule.ones(1)).item() == 2.0
    assert counter.steps == 2


def test_seeding_inside() -> None:
    def step(x: Tensor) -> Tensor:
        chainrule.manual_seed(0)
        return x + chainrule.rand(3)

    compiled = chainrule.compile(step)
    with pytest.warns(errors.CompileWarning, match="Seed the generator before the call"):
        first = compiled(chainrule.zeros(3))
    assert compiled(chainrule.zeros(3)).tolist() == first.tolist()


# --- threads


def test_other_threads_compute_while_one_traces() -> None:
    wrong: list[Any] = []
    done = threading.Event()

    def compute() -> None:
        w = chainrule.tensor([1.0, 2.0], requires_grad=True)
        while not done.is_set():
            w.grad = None
            (w * w).sum().backward()
            if w.grad is None or w.grad.tolist() != [2.0, 4.0]:
                wrong.append(w.grad)

    threads = [threading.Thread(target=compute) for _ in range(2)]
    for one in threads:
        one.start()
    try:
        for k in range(1, 12):
            compiled = chainrule.compile(lambda x, k=k: (x * k).sum())
            assert compiled(chainrule.ones(3)).item() == 3.0 * k
    finally:
        done.set()
        for one in threads:
            one.join()
    assert not wrong


def test_concurrent_calls_of_one_and_of_several() -> None:
    w = chainrule.tensor(np.arange(100.0, dtype="float32"))
    shared = chainrule.compile(lambda x: (x * w).sum())
    wrong: list[Any] = []

    def work(seed: int) -> None:
        own = chainrule.compile(lambda x: (x + seed).sum())
        for i in range(60):
            x = chainrule.full((100,), float(seed + i))
            if shared(x).item() != (seed + i) * 4950.0 or own(x).item() != (2 * seed + i) * 100.0:
                wrong.append((seed, i))

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert not wrong


def test_the_bits_of_whole_numbers_are_left_to_numpy() -> None:
    """Truths are combined by machine code; the bits of numbers are not taken for truths."""
    x, y = chainrule.tensor([6, 1]), chainrule.tensor([3, 2])

    @chainrule.compile
    def both(x: Any, y: Any) -> Any:
        return x & y

    with pytest.warns(errors.CompileWarning, match="`&` of whole numbers combines their bits"):
        assert both(x, y).tolist() == [2, 0]

    @chainrule.compile
    def truths(x: Any, y: Any) -> Any:
        return (x > 2) & (y > 2)

    assert truths(x, y).tolist() == [True, False]
