"""How the tape comes to be: compiled once, kept on disk, and done without where it cannot be."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from chainrule.autodiff import tape
from chainrule.autodiff.tape import code
from chainrule.compiler.llvm import MATH
from chainrule.primitives import ROWS, Elementwise
from chainrule.primitives.elementwise import pow

SHOW = """
from chainrule import Value
from chainrule.value import PythonValue
x = Value(2.0)
y = (x * 3 + 1).tanh() ** 2
y.backward()
print(Value is PythonValue, Value.__name__, y.data, x.grad)
"""


def start(source: str, cache: Path, *options: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "CHAINRULE_CACHE_DIR": str(cache)}
    command = [sys.executable, *options, "-c", source]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, env=environment)


def end(process: subprocess.Popen[str]) -> tuple[list[str], str]:
    """What it prints, in words, and what it warns of."""
    out, error = process.communicate(timeout=120)
    assert process.returncode == 0, error
    return out.split(), error


def shown(source: str, cache: Path) -> list[str]:
    """What it prints, in words; no warning must come with it."""
    out, error = end(start(source, cache, "-W", "error"))
    assert error == ""
    return out


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    found = shown(SHOW, tmp_path_factory.mktemp("cache"))
    assert found[:2] == ["False", "Value"]
    return found[2:]


def test_without_llvmlite_values_are_plain_python(tmp_path: Path, expected: list[str]) -> None:
    absent = "import sys; sys.modules['llvmlite'] = None\n"
    assert shown(absent + SHOW, tmp_path) == ["True", "Value", *expected]
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "change",
    [
        "import platform; platform.python_implementation = lambda: 'PyPy'",
        "import sysconfig; sysconfig.get_config_var = lambda name: name == 'Py_GIL_DISABLED'",
        "import sys; sys.gettotalrefcount = lambda: 0",
        "import sys; sys.byteorder = 'big'",
        "import sys; import numpy, chainrule; sys.version_info = (3, 99)",
    ],
    ids=["PyPy", "free threads", "debug build", "byte order", "version"],
)
def test_on_another_python_values_are_plain_python(
    change: str, tmp_path: Path, expected: list[str]
) -> None:
    """Without a word: there is nothing that the user could do."""
    source = f"import numpy, chainrule\n{change}\n{SHOW}"
    assert shown(source, tmp_path) == ["True", "Value", *expected]


def test_an_unforeseen_failure_is_told_once(tmp_path: Path, expected: list[str]) -> None:
    failing = """
from chainrule.compiler import run
def load(*_): raise OSError("no memory may be executed here")
run.load = load
"""
    out, error = end(start(failing + SHOW + SHOW, tmp_path))
    assert out == ["True", "Value", *expected] * 2
    assert error.count("Warning") == 1
    assert error.startswith(
        "<string>:6: RuntimeWarning: the native tape could not be made (OSError: no memory"
    )
    assert "so Value runs in plain Python, with the same results but slower" in error


def test_pickles_pass_between_the_two_kinds(tmp_path: Path) -> None:
    dump = "import pickle, sys\nfrom chainrule import Value\nprint(pickle.dumps([Value(2.0) * 3]).hex())"
    absent = "import sys; sys.modules['llvmlite'] = None\n"
    load = "import pickle\n(y,) = pickle.loads(bytes.fromhex({!r}))\n"
    load += "print(type(y).__name__, y.data, y._inputs[0])"
    for first, second in (("", absent), (absent, "")):
        (text,) = shown(first + dump, tmp_path)
        found = shown(second + load.format(text), tmp_path)
        assert found == ["Value", "6.0", "Value(data=2.0,", "grad=0)"]


def test_it_is_compiled_once_and_then_loaded(tmp_path: Path, expected: list[str]) -> None:
    refusing = """
from chainrule.compiler import run
def compiled(text): raise AssertionError("compiled again")
run.compiled = compiled
"""
    assert shown(SHOW, tmp_path)[2:] == expected
    assert shown(refusing + SHOW, tmp_path) == ["False", "Value", *expected]


@pytest.mark.parametrize("damage", [b"", b"\x00" * 40_000, b"half"], ids=["empty", "zeros", "half"])
def test_a_damaged_cache_is_harmless(damage: bytes, tmp_path: Path, expected: list[str]) -> None:
    shown(SHOW, tmp_path)
    (entry,) = tmp_path.iterdir()
    entry.write_bytes(entry.read_bytes()[:20_000] if damage == b"half" else damage)
    assert shown(SHOW, tmp_path) == ["False", "Value", *expected]


def test_without_a_cache(tmp_path: Path, expected: list[str]) -> None:
    (tmp_path / "file").write_text("this is no folder")
    assert shown(SHOW, tmp_path / "file") == ["False", "Value", *expected]


def test_processes_may_compile_it_at_once(tmp_path: Path, expected: list[str]) -> None:
    running = [start(SHOW, tmp_path) for _ in range(4)]
    for process in running:
        assert end(process) == (["False", "Value", *expected], "")
    assert len(list(tmp_path.iterdir())) == 1


def test_import_chainrule_makes_no_machine_code(tmp_path: Path) -> None:
    source = "import sys, chainrule\nprint([name for name in sys.modules if 'llvm' in name])"
    assert shown(source, tmp_path) == ["[]"]


# --- the code ----------------------------------------------------------------------------------------

TABLE = [row for row in ROWS.values() if isinstance(row, Elementwise)]


def test_this_python_is_one_of_those_it_is_made_for() -> None:
    assert tape.possible()


def test_every_row_is_there_and_nothing_is_asked_of_other_libraries() -> None:
    text = code.optimised(code.text(TABLE, pow))
    for row in TABLE:
        assert f"@tape_{row.name}(" in text
    declarations = [line for line in text.splitlines() if line.startswith("declare")]
    declared = {line.split("@")[1].split("(")[0] for line in declarations}
    assert "llvm.sqrt.f64" in declared
    assert all(name.startswith("llvm.") for name in declared), "these are instructions, or none"
    assert f"global [{2 * len(MATH)} x ptr]" in text


def test_a_new_derivative_is_new_code(monkeypatch: pytest.MonkeyPatch) -> None:
    """The derivatives come from the rows, and from nowhere else."""
    before = code.text(TABLE, pow)
    sin = ROWS["sin"]
    monkeypatch.delitem(sin.__dict__, "formulas", raising=False)
    monkeypatch.setattr(sin, "partials", (lambda xp, out, x: -xp.cos(x),))
    after = code.text(TABLE, pow)
    monkeypatch.delitem(sin.__dict__, "formulas", raising=False)
    different = [a for a, b in zip(before.splitlines(), after.splitlines(), strict=False) if a != b]
    assert before != after
    assert different[0].startswith("%v")
