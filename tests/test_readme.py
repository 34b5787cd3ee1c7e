"""The front door tells the truth: what README.md shows is what the commands print."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from typer.testing import CliRunner

from chainrule.cli import app

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", README, flags=re.DOTALL)


def test_the_explained_expression_prints_what_is_shown() -> None:
    command, *others = [
        text for kind, text in BLOCKS if kind == "sh" and text.startswith("chainrule explain")
    ]
    assert all("--save" in line for other in others for line in other.splitlines())
    printed = CliRunner().invoke(app, shlex.split(command)[1:]).output
    shown = [text for kind, text in BLOCKS if kind == "text" and "∂L/∂" in text]
    assert len(shown) == 2
    for text in shown:
        assert text.rstrip() in printed


def test_the_python_example_runs_and_prints_its_comment() -> None:
    (source,) = [text for kind, text in BLOCKS if kind == "python" and "explain(L" in text]
    printed: list[str] = []
    scope = {"print": lambda *values: printed.append(" ".join(str(value) for value in values))}
    exec(compile(source, "README.md", "exec"), scope)
    assert printed[0] == "tensor(-2.)"
    assert printed[1].startswith("1. Lecture avant du graphe : calcul du regret L")


def test_the_compiled_example_learns_what_its_comments_say() -> None:
    (source,) = [text for kind, text in BLOCKS if kind == "python" and "chainrule.vmap" in text]
    printed: list[str] = []
    scope = {"print": lambda *values: printed.append(" ".join(str(value) for value in values))}
    exec(compile(source, "README.md", "exec"), scope)
    (first,) = re.findall(r"# ([\d.]+)…: traced", source)
    assert printed[0].startswith(first)
    assert abs(scope["w"].data - 3) < 0.2  # type: ignore[attr-defined]
    assert abs(scope["b"].data + 1) < 0.2  # type: ignore[attr-defined]
    assert printed[2].startswith("step(xs: f64[100], ys: f64[100], rate: f64, w: f64")


def test_the_compiled_step_runs_as_it_stands() -> None:
    (source,) = [text for kind, text in BLOCKS if kind == "python" and "optim.Adam" in text]
    printed: list[str] = []
    scope = {"print": lambda *values: printed.append(" ".join(str(value) for value in values))}
    exec(compile(f"import chainrule\n{source}", "README.md", "exec"), scope)
    losses = scope["losses"]
    assert losses.shape == (200,)  # type: ignore[attr-defined]
    assert losses[-20:].mean() < losses[:20].mean()  # type: ignore[attr-defined]
    assert "computed by numpy: nothing" in printed[1]


def test_the_rows_shown_are_the_rows_of_the_table() -> None:
    from chainrule.primitives import elementwise

    for name in ("mul", "tanh"):
        assert f'elementwise("{name}"' in README
        assert getattr(elementwise, name).name == name


def test_every_link_leads_somewhere() -> None:
    targets = re.findall(r"\]\(([^)#]+)\)", README)
    assert targets
    assert [target for target in targets if not (ROOT / target).exists()] == []
