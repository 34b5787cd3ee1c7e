"""The three floors: imports go down only, and ``import chainrule`` brings numpy alone."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import chainrule

ROOT = Path(chainrule.__file__).parent
MODULES = sorted(ROOT.rglob("*.py"))

#: Floor 1 is the lowest. What is not named here stands directly in the package, on floor 3.
FLOORS = {"arrays": 1, "compiler": 1, "autodiff": 2, "primitives": 2}


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def floor(module: str) -> int:
    """Below all are ``errors``, which every floor raises, and ``origin``, which says where."""
    parts = module.split(".")
    if parts[1:2] in (["errors"], ["origin"]):
        return 0
    return FLOORS.get(parts[1], 3) if len(parts) > 1 else 3


def imported(path: Path) -> set[str]:
    """The modules of chainrule that ``path`` imports when it is run, or in its functions.

    Imports for type checkers alone do not count.
    """
    tree = ast.parse(path.read_text(encoding="utf-8"))
    hidden = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for statement in node.body
        for inner in ast.walk(statement)
    }
    known = {name_of(one) for one in MODULES}
    found: set[str] = set()
    for node in ast.walk(tree):
        if id(node) in hidden:
            continue
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            package = name_of(path).split(".")
            if path.name != "__init__.py":
                package.pop()
            above = package[: len(package) + 1 - node.level] if node.level else []
            module = ".".join([*above, *([node.module] if node.module else [])])
            for alias in node.names:
                whole = f"{module}.{alias.name}"
                found.add(whole if whole in known else module)
    return {module for module in found if module.split(".")[0] == "chainrule"}


@pytest.mark.parametrize("path", MODULES, ids=map(name_of, MODULES))
def test_imports_go_down(path: Path) -> None:
    here = floor(name_of(path))
    above = {module for module in imported(path) if floor(module) > here}
    assert not above, f"{name_of(path)} is on floor {here} and imports {sorted(above)}"


def test_the_floors_are_there() -> None:
    floors = {floor(name_of(path)) for path in MODULES}
    assert floors == {0, 1, 2, 3}
    assert floor("chainrule.nn.linear") == 3
    assert floor("chainrule.tensor") == 3


@pytest.mark.parametrize("folder", ["arrays", "primitives"])
def test_rules_never_import_a_dialect_or_a_graph(folder: str) -> None:
    for path in (ROOT / folder).glob("*.py"):
        assert not any("autodiff" in module for module in imported(path))


def test_rules_compute_with_xp_alone() -> None:
    """A rule is written against the namespace that it is given: numpy serves for samples, and
    nowhere else."""
    for path in (ROOT / "primitives").glob("*.py"):
        if path.name == "row.py":  # what a row is, and no rule
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        rules = [node for node in ast.walk(tree) if isinstance(node, (ast.Lambda, ast.FunctionDef))]
        for rule in rules:
            names = {node.id for node in ast.walk(rule) if isinstance(node, ast.Name)}
            assert not names & {"np", "numpy", "math", "torch"}, f"{path.name}:{rule.lineno}"


HEAVY = ["rich", "typer", "torch", "matplotlib", "scipy", "sklearn", "sympy", "micrograd"]


def test_import_chainrule_brings_no_heavy_package() -> None:
    code = f"import sys, chainrule; print([name for name in {HEAVY} if name in sys.modules])"
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert found.stdout.strip() == "[]"


def test_files_are_short() -> None:
    long = {
        name_of(path): lines
        for path in MODULES
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > 460
    }
    assert not long
