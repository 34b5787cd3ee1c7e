"""Where there is no native tape, compiled functions work on plain Python values as well."""

from __future__ import annotations

import subprocess
import sys

#: In a process of its own: which class `Value` is, is decided once.
CODE = """
import chainrule.autodiff.tape as tape
tape.possible = lambda: False

import chainrule
from chainrule import Value
from chainrule.value import PythonValue, native

assert Value is PythonValue and not native()
w, b = Value(2), Value(0)


def step(xs, rate):
    total = chainrule.vmap(lambda x: (w * x + b).tanh() ** 2)(xs).mean() + Value(rate) * w
    w.grad = b.grad = 0
    total.backward()
    w.data -= rate * w.grad
    b.data -= rate * b.grad
    return total


xs = [0.5, -1.0, 2.0]
plain = [step(xs, 0.1).data for _ in range(5)] + [w.data, b.data, w.grad, b.grad]
w.data, b.data, w.grad, b.grad = 2, 0, 0, 0
quick = chainrule.compile(lambda rate: step(xs, rate))
compiled = [quick(0.1) for _ in range(3)] + quick.loop(0.1, steps=2).tolist()
compiled += [w.data, b.data, w.grad, b.grad]
assert all(abs(x - y) < 1e-13 for x, y in zip(plain, compiled, strict=True)), (plain, compiled)
assert Value.__mul__ is PythonValue.__dict__["__mul__"]
print("the same")
"""


def test_compiled_functions_of_plain_python_values() -> None:
    ended = subprocess.run(
        [sys.executable, "-W", "error", "-c", CODE], capture_output=True, text=True, timeout=120
    )
    assert ended.stdout == "the same\n", ended.stderr
