"""The command: what it prints, and what it says when it cannot."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

import chainrule
from chainrule.cli import _text, app
from chainrule.explain import Derivation
from chainrule.explain.expression import explain_expression

REGRESSION = ["L = (x*w - y)**2", "x=1", "y=2", "w=1"]


def run(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def explain(*arguments):
    done = run("explain", *arguments, "--no-torch")
    assert done.exit_code == 0, done.stderr
    return done.stdout


def refused(*arguments):
    done = run("explain", *arguments, "--no-torch")
    assert done.exit_code == 2
    assert done.stdout == ""
    assert done.stderr.startswith("chainrule: ")
    return done.stderr.removeprefix("chainrule: ").rstrip("\n")


def process(*arguments, **environment):
    return subprocess.run(
        [sys.executable, "-m", "chainrule", *map(str, arguments)],
        capture_output=True,
        env={**os.environ, **environment},
        timeout=120,
    )


@pytest.fixture
def script(tmp_path):
    def write(text, name="lesson.py"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


# --- expressions -------------------------------------------------------------------------------------


def test_the_course_s_regression():
    out = explain(*REGRESSION)
    assert out.startswith("1. Forward pass: computing L\n\n   x = 1\n   w = 1\n   y = 2\n")
    assert "∂L/∂w = ∂L/∂v1 · ∂v1/∂w = (−2) · 1 = −2" in out
    assert "PyTorch" not in out


def test_with_pytorch_beside_it():
    assert "✓ PyTorch −2   (error 0)" in run("explain", *REGRESSION).stdout


def test_in_french():
    out = explain(*REGRESSION, "--lang", "fr")
    assert out.startswith("1. Lecture avant du graphe : calcul du regret L\n")
    assert "3. Rétropropagation" in out


def test_as_json():
    derivation = Derivation.from_json(explain(*REGRESSION, "--json"))
    assert derivation.gradient("w") == -2
    assert json.loads(explain(*REGRESSION, "--json"))["lang"] == "en"


def test_several_assignments_and_negative_values():
    out = explain("ŷ = x*w; S = ŷ - y; L = S²", "x=1", "y=-2", "w=-1.5e0")
    assert "y = −2" in out
    assert "S = ŷ − y = −1.5 − (−2) = 0.5" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["L = x*w", "x=1"], "w has no value: add w=… after the expression"),
        (["L = x*w", "x=1", "w=2", "z=3"], "z is not used by the expression (its inputs are x, w): leave"),
        (["L = x*w", "x=1", "w=nan"], "w=nan is not a finite number: give one between -1.8e308 and"),
        (["L = x*w", "x=1", "w=inf"], "w=inf is not a finite number"),
        (["L = x*w", "x=1", "w=two"], "w=two"),
        (["L = x*w", "x=1", "x=2", "w=2"], "x"),
        (["L = x*w", "x"], "x"),
        (["L = log(x)", "x=-2"], "log(x) = log(−2) is NaN: it is not defined there. Give"),
        (["L = 1/x", "x=0"], "1 / x = 1 / 0 is ∞: it has no finite value there. Give"),
        (["L = log(x)", "x=0"], "log(x) = log(0) is −∞: it has no finite value there"),
        (["L = x**-1", "x=0"], "is ∞: it has no finite value there"),
        (["L = x*x", "x=-1e200"], "is ∞: it is larger than the largest float, 1.8e308. Give"),
        (["L = x**3", "x=-1e200"], "is −∞: it is below the lowest float, −1.8e308. Give"),
        (["L = exp(x)", "x=1000"], "exp(x) = exp(1000) is ∞: it is larger than the largest float"),
        (["L = x", "x=1"], "'L = x' computes nothing from an input"),
        (["L = 2", ], "'L = 2' computes nothing from an input"),
        (["__import__('os')"], ""),
        (["L = x.real", "x=1"], ""),
        ([""], ""),
    ],
)  # fmt: skip
def test_refused(arguments, message):
    assert message in refused(*arguments)


@pytest.mark.parametrize("width", [60, 80])
def test_drawings_fit_the_terminal(monkeypatch, width):
    made = explain_expression("y = tanh(tanh(tanh(tanh(tanh(tanh(x))))))", {"x": 0.5}, torch=False)

    def widest():
        return max(len(line) for line in _text(made).split("\n") if "-->" in line)

    assert widest() > 80
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.setattr("shutil.get_terminal_size", lambda fallback: os.terminal_size((width, 24)))
    assert width - 30 < widest() <= width


def test_a_syntax_error_points_at_its_place():
    said = refused("L = (x*w - y**2", "x=1", "y=2", "w=1").split("\n")
    assert said == [
        "this '(' is never closed",
        "    L = (x*w - y**2",
        "        ^",
        "add the ')' that belongs to it",
    ]


def test_an_unknown_language():
    assert refused(*REGRESSION, "--lang", "de") == (
        "lang is 'de', and the texts are written in: 'en', 'fr'. Choose one of these."
    )


# --- scripts -----------------------------------------------------------------------------------------

TRAINING = """
import sys
import chainrule as torch

x, y = torch.tensor(1.0), torch.tensor(2.0)
w = torch.tensor(1.0, requires_grad=True)
print("arguments", sys.argv[1:], __name__)
for step in range(int(sys.argv[1])):
    L = (w * x - y) ** 2
    L.backward()
    with torch.no_grad():
        w -= 0.25 * w.grad
    w.grad = None
"""


def test_the_last_backward_of_a_script_is_explained(script):
    out = explain(script(TRAINING), "2", "more")
    printed, _, explanation = out.partition("\n")
    assert printed == "arguments ['2', 'more'] __main__"
    assert explanation.startswith("1. Forward pass: computing L\n\n   w = 1.5\n   x = 1\n   y = 2\n")
    assert "∂L/∂w = ∂L/∂v1 · ∂v1/∂w = (−1) · 1 = −1" in explanation


def test_a_script_takes_options_of_its_own(script):
    path = script(
        "import sys\nfrom chainrule import Value\nprint(sys.argv[1:])\n(Value(2.0) * 3).backward()\n"
    )
    assert explain(path, "--rate=0.1", "-v").startswith("['--rate=0.1', '-v']\n")
    done = run("explain", "--no-torch", path, "--", "--lang", "fr")
    assert done.stdout.startswith("['--lang', 'fr']\n1. Forward pass")


def test_the_names_are_those_of_the_function_that_called_backward(script):
    out = explain(
        script(
            "from chainrule import Value\n"
            "def train(weights, target):\n"
            "    guess = weights[0] * 3\n"
            "    loss = (guess - target) ** 2\n"
            "    loss.backward()\n"
            "train([Value(2.0)], Value(5.0))\n"
        )
    )
    assert "∂loss/∂weights[0] = ∂loss/∂guess · ∂guess/∂weights[0] = 2 · 3 = 6" in out


def test_a_script_finds_the_modules_beside_it_and_leaves_no_trace(script):
    script("from chainrule import Value\nslope = Value(3.0)\n", "beside_the_lesson.py")
    path, argv = list(sys.path), list(sys.argv)
    out = explain(script("from beside_the_lesson import slope\nL = slope * 2\nL.backward()\n"))
    assert "∂L/∂slope" in out
    assert (sys.path, sys.argv) == (path, argv)
    del sys.modules["beside_the_lesson"]


def test_a_script_that_exits_well_has_run(script):
    text = "import sys\nfrom chainrule import Value\na = Value(1.0)\n(a * 2).backward()\nsys.exit({})\n"
    assert "∂L/∂a" in explain(script(text.format("")))
    assert "∂L/∂a" in explain(script(text.format(0)))
    assert run("explain", script(text.format(3))).exit_code == 3


def test_a_script_without_backward(script):
    path = script("import chainrule\nchainrule.tensor(1.0)\n")
    assert refused(path) == (
        f"{path} ran to its end and never called backward() on a chainrule tensor or Value, so there is "
        "nothing to explain: call it on the result whose gradients you want to see"
    )


def test_a_leaf_s_backward_is_nothing_to_explain(script):
    assert "never called backward()" in refused(
        script("from chainrule import Value\nValue(1.0).backward()\n")
    )


def test_a_script_that_is_not_there():
    assert refused("nowhere.py") == (
        "there is no file nowhere.py: give the path of a Python script, or an expression such as "
        '"L = (x*w - y)**2" x=1 y=2 w=1'
    )


@pytest.mark.parametrize(
    ("body", "last"),
    [
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("import chainrule\nchainrule.ones(2).reshape(3)", "ShapeError"),
        ("x = (", "SyntaxError: '(' was never closed"),
    ],
)
def test_a_script_s_own_error_shows_its_traceback(script, body, last):
    path = script(body + "\n")
    done = run("explain", path)
    assert done.exit_code == 1
    assert done.stdout == ""
    lines = done.stderr.rstrip().split("\n")
    assert last in lines[-1]
    assert f'File "{path}", line ' in lines[1 if last[:6] != "Syntax" else 0]
    assert "runpy" not in done.stderr
    assert "chainrule/cli.py" not in done.stderr


def test_a_script_may_catch_what_backward_refuses(script):
    out = explain(
        script(
            "import chainrule as torch\n"
            "w = torch.ones(100, requires_grad=True)\n"
            "L = (w * w).sum()\n"
            "L.backward()\n"
            "try:\n"
            "    L.backward()\n"
            "except RuntimeError as error:\n"
            "    print('caught', 'freed' in str(error))\n"
        )
    )
    assert out.startswith("caught True\n1. Forward pass: computing L\n")


# --- the rest ----------------------------------------------------------------------------------------


def test_version_and_help():
    assert run("--version").stdout == f"chainrule {chainrule.__version__}\n"
    assert "explain" in run("--help").stdout
    for word in ("--lang", "--json", "--torch"):
        assert word in run("explain", "--help").stdout
    assert run("explain", "-h").exit_code == 0


def test_no_arguments_show_the_help():
    assert "Usage" in run().output


def test_the_module_is_the_command():
    done = process("explain", *REGRESSION, "--no-torch")
    assert done.returncode == 0
    assert done.stderr == b""
    assert "∂L/∂w = ∂L/∂v1 · ∂v1/∂w = (−2) · 1 = −2" in done.stdout.decode()


def test_the_installed_command():
    command = Path(sys.executable).parent / "chainrule"
    done = subprocess.run([command, "--version"], capture_output=True, text=True, timeout=120)
    assert done.stdout == f"chainrule {chainrule.__version__}\n"


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_a_terminal_that_knows_only_ascii(lang):
    environment = {"PYTHONIOENCODING": "ascii", "LC_ALL": "C", "PYTHONUTF8": "0"}
    done = process("explain", *REGRESSION, "--no-torch", "--lang", lang, **environment)
    assert done.returncode == 0, done.stderr
    assert "∂L/∂w" in done.stdout.decode("utf-8")
    done = process("explain", "ŷ = 2*x", "x=1", "--no-torch", **environment)
    assert "∂ŷ/∂x = 2" in done.stdout.decode("utf-8"), done.stderr
    done = process("explain", "L = 2*¤", "x=1", **environment)
    assert done.returncode == 2
    assert "    L = 2*¤\n" in done.stderr.decode("utf-8")


def test_errors_of_a_real_process_go_to_stderr():
    done = process("explain", "L = x*", "x=1")
    assert done.returncode == 2
    assert done.stdout == b""
    assert done.stderr.decode().startswith("chainrule: ")
    assert b"Traceback" not in done.stderr


# --- the studio ------------------------------------------------------------------------------------------


def test_the_studio_begins_as_it_was_asked(monkeypatch):
    asked = []
    monkeypatch.setattr("chainrule.studio.serve", lambda **options: asked.append(options))
    assert run("studio").exit_code == 0
    assert run("studio", "--port", 8123, "--no-browser", "--lang", "fr").exit_code == 0
    assert asked == [
        {"port": 0, "open_browser": True, "lang": "en"},
        {"port": 8123, "open_browser": False, "lang": "fr"},
    ]


def test_what_the_studio_cannot_do_is_a_clear_error():
    done = run("studio", "--no-browser", "--lang", "de")
    assert done.exit_code == 2
    assert done.stderr.startswith("chainrule: lang is 'de'")
    done = run("studio", "--no-browser", "--port", 70000)
    assert done.exit_code == 2
    assert done.stderr.startswith("chainrule: the studio cannot listen on port 70000")


# --- files -----------------------------------------------------------------------------------------------


def test_save_writes_each_file_and_says_so(tmp_path):
    page, picture = tmp_path / "x.html", tmp_path / "x.svg"
    out = explain(*REGRESSION, "--lang", "fr", "--save", page, "--save", picture)
    assert out.splitlines() == [str(page), str(picture)]
    assert "Rétropropagation" in page.read_text(encoding="utf-8")
    assert "∂L/∂v2 = 2·v2 = −2" in picture.read_text(encoding="utf-8")


def test_save_goes_with_json(tmp_path):
    out = explain(*REGRESSION, "--json", "--save", tmp_path / "x.svg")
    path, data = out.split("\n", 1)
    assert path == str(tmp_path / "x.svg")
    assert Derivation.from_json(data).gradient("w") == -2.0


def test_a_script_can_be_saved_as_a_page(tmp_path):
    script = tmp_path / "train.py"
    script.write_text(
        "import chainrule\nw = chainrule.tensor(3.0, requires_grad=True)\nloss = w * w\nloss.backward()\n"
    )
    explain(script, "--save", tmp_path / "x.html")
    assert "train.py:3" in (tmp_path / "x.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "said"), [("x.png", "'.png'"), ("x", "no ending"), ("no/x.svg", "no/x.svg")]
)
def test_a_file_that_cannot_be_written_is_a_clear_error(name, said, tmp_path):
    done = run("explain", *REGRESSION, "--no-torch", "--save", tmp_path / name)
    assert done.exit_code == 2
    assert done.stderr.startswith("chainrule: ")
    assert said in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_learn_names_the_inputs_that_are_no_data(tmp_path):
    out = explain(*REGRESSION, "--learn", "w", "--save", tmp_path / "x.html", "--json")
    derivation = Derivation.from_json(out.split("\n", 1)[1])
    assert {one.name: one.kind for one in derivation.variables if not one.operation} == {
        "x": "input", "w": "parameter", "y": "input",
    }  # fmt: skip
    assert (derivation.gradient("w"), derivation.gradient("x")) == (-2.0, None)
    assert {one.variable for one in derivation.inner_checks} == {derivation["v1"].id, derivation["v2"].id}
    assert "∂L/∂x" not in explain(*REGRESSION, "--learn", "w")
    assert "∂L/∂x" in explain(*REGRESSION, "--learn", "w", "--learn", "x")


@pytest.mark.parametrize(("name", "said"), [("u", "u"), ("v1", "x, w, y")])
def test_what_cannot_learn_is_a_clear_error(name, said):
    assert said in refused(*REGRESSION, "--learn", name)
