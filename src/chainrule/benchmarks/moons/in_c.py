"""The demo in C by hand, compiled for this processor: the limit that all others are held against."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

import numpy as np

from chainrule.benchmarks.moons.task import L2, Array, Rates, Task, Trainer
from chainrule.errors.benchmarks import compiler_failed, compiler_missing

SOURCE = Path(__file__).with_name("moons.c")
EXAMPLES = 100  # written into the source, where the compiler can count on it


def by_hand(task: Task) -> Trainer:
    """``moons.c``, all steps in one call. Raises PeerMissingError where there is no C compiler."""
    library = _library()
    points, labels = (np.ascontiguousarray(array, float) for array in (task.points, task.labels))
    assert len(labels) == EXAMPLES
    weights = task.weights.copy()

    def train(rates: Rates) -> Array:
        rates = np.ascontiguousarray(rates, float)
        losses = np.empty(len(rates))
        w, x, y, r, out = map(_pointer, (weights, points, labels, rates, losses))
        library.train(w, x, y, ctypes.c_double(L2), r, out, ctypes.c_int(len(rates)))
        return losses

    return Trainer(train, weights.copy)


def instructions() -> str:
    """The instruction set that the compiler was given: ``AVX-512``, ``AVX2 with FMA``, …"""
    return str(_library().instructions().decode())


@cache
def _library() -> ctypes.CDLL:
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        raise compiler_missing()
    with tempfile.TemporaryDirectory() as folder:
        built = Path(folder) / "moons.so"
        flags = ["-O3", "-march=native", "-shared", "-fPIC"]
        done = subprocess.run(
            [compiler, *flags, "-o", str(built), str(SOURCE)], capture_output=True, text=True
        )
        if done.returncode:
            raise compiler_failed(compiler, done.stderr)
        library = ctypes.CDLL(str(built))
    library.train.restype = None
    library.instructions.restype = ctypes.c_char_p
    return library


def _pointer(array: Array) -> ctypes.c_void_p:
    return ctypes.c_void_p(array.ctypes.data)
