"""Machine code on disk: shared by processes, and harmless whatever happens to it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from chainrule.compiler import cache, run
from chainrule.compiler.ir import Builder, Program, Type
from chainrule.compiler.scalars.executable import Executable


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CHAINRULE_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


def program() -> Program:
    builder = Builder("twice")
    x = builder.input("x", Type("float64", (3,)))
    return builder.program({"y": builder.add("add", (x, x))})


def twice() -> list[float]:
    found: list[float] = Executable(program())(x=np.arange(3.0))["y"].tolist()
    return found


def never(text: str) -> bytes:
    raise AssertionError("it was compiled, and not found in the cache")


def test_the_second_time_nothing_is_compiled(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert twice() == [0, 2, 4]
    assert len(list(folder.iterdir())) == 1
    monkeypatch.setattr(run, "compiled", never)
    assert twice() == [0, 2, 4]


@pytest.mark.parametrize("damage", [b"", b"short", b"\0" * 5000, None])
def test_a_damaged_entry_is_compiled_again(folder: Path, damage: bytes | None) -> None:
    twice()
    [entry] = folder.iterdir()
    whole = entry.read_bytes()
    middle = len(whole) // 2
    broken = whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :]
    entry.write_bytes(broken if damage is None else damage)
    assert twice() == [0, 2, 4]
    assert entry.read_bytes() == whole


def test_without_a_folder_there_is_no_cache(folder: Path) -> None:
    folder.write_text("a file where the folder should be")
    assert twice() == [0, 2, 4]
    assert folder.read_text() == "a file where the folder should be"


def test_another_processor_has_entries_of_its_own(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parts = ["the program"]
    run.load(parts, lambda: "define void @f() { ret void }")
    monkeypatch.setattr(run, "_library", lambda: "another state of the library")
    run.load(parts, lambda: "define void @f() { ret void }")
    assert len(list(folder.iterdir())) == 2


def test_what_was_used_longest_ago_makes_room(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "LIMIT", 3 * 1032)
    for age, key in enumerate("abc"):
        cache.store(key, bytes(1000))
        os.utime(folder / f"{key}.o", (1000.0 + age, 1000.0 + age))
    assert cache.fetch("a") == bytes(1000)  # so "b" is now the one
    cache.store("d", bytes(1000))
    assert [cache.fetch(key) is not None for key in "abcd"] == [True, False, True, True]


def test_processes_that_compile_at_the_same_time(folder: Path) -> None:
    code = (
        "import chainrule, numpy as np\n"
        "w = chainrule.Value(2.0)\n"
        "f = chainrule.compile(lambda x: chainrule.vmap(lambda one: (w * one).tanh())(x).sum())\n"
        "print(f(np.arange(9.0)))"
    )
    started = [
        subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) for _ in range(4)
    ]
    printed = {process.communicate(timeout=120)[0] for process in started}
    assert [process.returncode for process in started] == [0] * 4
    assert len(printed) == 1
    assert not [one for one in folder.iterdir() if one.suffix != ".o"]


def test_where_the_folder_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CHAINRULE_CACHE_DIR")
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    assert cache.folder() == Path("/somewhere/chainrule")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache.folder() == Path.home() / ".cache" / "chainrule"
    monkeypatch.setattr(sys, "platform", "darwin")
    assert cache.folder() == Path.home() / "Library" / "Caches" / "chainrule"
