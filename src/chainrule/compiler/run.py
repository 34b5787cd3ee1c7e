"""Machine code in this process: from LLVM's text to functions that can be called.

The code refers to nothing outside itself: what it calls, it is given in tables of addresses
(:data:`chainrule.compiler.llvm.MATH`). So the same bytes can be kept on disk and loaded by any process.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import os
import platform
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import llvmlite
import llvmlite.binding as binding

from chainrule.compiler.cache import fetch, key_of, store
from chainrule.compiler.llvm import MATH


class Library:
    """Compiled functions, by name; alive as long as this object is."""

    def __init__(self, code: bytes) -> None:
        self._engine = binding.create_mcjit_compiler(binding.parse_assembly(""), _machine())
        self._engine.add_object_file(binding.ObjectFileRef.from_data(code))
        self._engine.finalize_object()

    def address(self, name: str) -> int:
        """Where the function or the variable ``name`` is."""
        found: int = self._engine.get_function_address(name) or self._engine.get_global_value_address(name)
        return found


def load(parts: Sequence[str], text: Callable[[], str]) -> Library:
    """The compiled form of the LLVM code ``text()``, which must follow from ``parts`` alone.

    It comes from the disk where it was compiled before, by this library for this processor.
    """
    return load_noted(parts, lambda: ("", text()))[1]


def load_noted(parts: Sequence[str], build: Callable[[], tuple[str, str]]) -> tuple[str, Library]:
    """The same for ``build()``, a note and LLVM code; the note is kept beside the compiled form."""
    key = key_of([*parts, _library(), *_target(), llvmlite.__version__])
    entry = fetch(key)
    if entry is None:
        note, text = build()
        start = note.encode()
        entry = len(start).to_bytes(_LENGTH, "little") + start + compiled(text)
        store(key, entry)
    stop = _LENGTH + int.from_bytes(entry[:_LENGTH], "little")
    return entry[_LENGTH:stop].decode(), Library(entry[stop:])


#: The bytes that say how long a note is.
_LENGTH = 8


def compiled(text: str) -> bytes:
    """The object file of LLVM's ``text``."""
    module = binding.parse_assembly(text)
    module.verify()
    return _machine().emit_object(module)


def _machine() -> Any:
    """What compiles for this processor. An engine takes its own one over, and disposes of it."""
    binding.initialize_native_target()
    binding.initialize_native_asmprinter()
    processor, features = _target()
    return binding.Target.from_default_triple().create_target_machine(
        cpu=processor, features=features, opt=2, reloc="pic", codemodel="jitdefault", jit=True
    )


@cache
def _target() -> tuple[str, str]:
    """The processor, and what it can do. Where it has vectors of 512 bits, all of their width is used."""
    features = binding.get_host_cpu_features()
    features["prefer-256-bit"] = False
    return binding.get_host_cpu_name(), features.flatten()


@cache
def _library() -> str:
    """What tells one state of this library from another: the text of the whole compiler. What makes
    programs is not in it, since the program is in the key itself."""
    files = sorted(Path(__file__).parent.rglob("*.py"))
    return key_of(file.read_text(encoding="utf-8") for file in files)


@cache
def lanes(real: str = "double") -> int:
    """How many numbers of ``real``, a ``double`` or a ``float``, one vector of this processor holds."""
    features = binding.get_host_cpu_features()
    doubles = 8 if features.get("avx512f") else 4 if features.get("avx2") else 2
    return doubles if real == "double" else 2 * doubles


# --- mathematical functions --------------------------------------------------------------------------


@cache
def vectorised(width: int, real: str = "double") -> frozenset[str]:
    """Those of :data:`MATH` that there is a version of for ``width`` numbers at once."""
    return frozenset(name for name in MATH if _vector_address(name, width, real))


@cache
def math_table(doubles: int, floats: int = 0) -> ctypes.Array:
    """The table ``%math`` of addresses: for one double, then for so many at once (0 for none); where
    ``floats`` is given, the same for them after that."""
    table = _addresses("double", doubles) + (_addresses("float", floats) if floats else [])
    return (ctypes.c_void_p * len(table))(*table)


def _addresses(real: str, width: int) -> list[int | None]:
    library = _c_library()
    one = [ctypes.cast(getattr(library, name + _ENDINGS[real]), ctypes.c_void_p).value for name in MATH]
    return [*one, *(_vector_address(name, width, real) for name in MATH)]


#: What C adds to a function's name, by its type.
_ENDINGS = {"double": "", "float": "f"}


def _c_library() -> Any:
    if os.name == "nt":
        return ctypes.CDLL("ucrtbase")
    return ctypes.CDLL(ctypes.util.find_library("m") if platform.system() == "Darwin" else "libm.so.6")


#: How glibc's vector library names its variants on x86-64, by the type and how many at once.
_VARIANTS = {
    "double": {2: "_ZGVbN2", 4: "_ZGVdN4", 8: "_ZGVeN8"},
    "float": {4: "_ZGVbN4", 8: "_ZGVdN8", 16: "_ZGVeN16"},
}


@cache
def _vector_library() -> Any:
    if platform.system() != "Linux" or platform.machine() != "x86_64":
        return None
    try:
        return ctypes.CDLL("libmvec.so.1")
    except OSError:
        return None


def _vector_address(name: str, width: int, real: str) -> int:
    library, variants = _vector_library(), _VARIANTS[real]
    if library is None or width not in variants:
        return 0
    operands = "vv" if name == "pow" else "v"
    function = getattr(library, f"{variants[width]}{operands}_{name}{_ENDINGS[real]}", None)
    return (function and ctypes.cast(function, ctypes.c_void_p).value) or 0
