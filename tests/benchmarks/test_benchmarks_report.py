"""What was measured: the figures that are met, the table, the picture, the JSON."""

from __future__ import annotations

import json
import os
from io import StringIO

import pytest
from rich.console import Console
from typer.testing import CliRunner

from chainrule.benchmarks.catalogue import CATALOGUE, benchmark, cores
from chainrule.benchmarks.machine import file_name, machine
from chainrule.benchmarks.picture import SCALARS, TENSORS, panels_of
from chainrule.benchmarks.processes import XLA_FLAG, environment, keep_to, run
from chainrule.benchmarks.report import as_json, quantity, show
from chainrule.benchmarks.results import Asked, Line, Outcome
from chainrule.benchmarks.timing import in_turns, repeated
from chainrule.cli import app
from chainrule.errors.benchmarks import BenchmarkError, benchmark_failed

STEP = Line(
    "moons step", "micrograd", "s", [2e-5, 1e-5, 3e-5], [1.0, 2.0, 1.5], Asked("faster", 50_000), "a call"
)
LOOP = Line("moons step", "C by hand", "s", [9e-6], [4e-6], Asked("within", 2), "a loop")
ABSENT = Line("moons step", "JAX jit", "s", [], [9e-5], Asked("faster", 8), "a call")
ALONE = Line("first call of the moons step", "", "s", [0.08], [], Asked("below", 0.1), "from the cache")
GROWTH = Line("compile", "a tenth", "s", [5.0], [0.5], Asked("grows", 12))
MEMORY = Line("peak", "a class", "bytes", [5e6], [2e7], Asked("smaller", 2))
OUTCOMES = {
    "moons-compiled": Outcome([STEP, ABSENT, LOOP], {"autograd": "not installed: autograd"}),
    "first-call": Outcome([ALONE, MEMORY, GROWTH]),
}
LARGE = Line("MLP step", "JAX jit", "s", [2e-3, 3e-3], [4e-3, 3e-3], Asked("faster", 1.25))
PRODUCTS = Line("MLP step", "its products in BLAS", "s", [2e-3, 3e-3], [1.5e-3, 2e-3], Asked("within", 1.4))
ON_TENSORS = {"mlp-step": Outcome([LARGE, PRODUCTS])}


def shown(outcomes: dict[str, Outcome]) -> str:
    console = Console(file=StringIO(), width=110)
    show(machine(), outcomes, console)
    return console.file.getvalue()


@pytest.mark.parametrize(
    ("line", "met"),
    [(STEP, True), (LOOP, False), (ABSENT, None), (ALONE, True), (MEMORY, True), (GROWTH, True)],
    ids=lambda value: getattr(value, "peer", value),
)
def test_a_figure_is_met_or_not(line, met) -> None:
    assert line.met is met


def test_the_ratio_is_of_medians_and_the_spread_of_rounds() -> None:
    assert STEP.ratio == pytest.approx(75_000)
    assert STEP.spread == pytest.approx((50_000, 200_000))


def test_the_table_shows_both_times_the_ratio_and_what_was_asked() -> None:
    text = shown(OUTCOMES)
    (row,) = [line for line in text.splitlines() if "micrograd" in line and "×" in line]
    assert " ".join(row.split()) == (
        "micrograd 20 µs 1.5 s 75,000 × faster 50,000 – 200,000 ≥ 50,000 × faster met"
    )
    (row,) = [line for line in text.splitlines() if "C by hand" in line]
    assert " ".join(row.split()) == "C by hand 9 µs 4 µs 2.2 × slower 2.2 – 2.2 ≤ 2 × slower missed"
    assert "5 MB" in text
    assert "10 × as long" in text
    assert "…" not in text


def test_small_bounds_keep_their_digits() -> None:
    text = shown(ON_TENSORS)
    (row,) = [line for line in text.splitlines() if "JAX jit" in line]
    assert " ".join(row.split()) == "JAX jit 2.5 ms 3.5 ms 1.4 × faster 1 – 2 ≥ 1.25 × faster met"
    (row,) = [line for line in text.splitlines() if "BLAS" in line]
    assert " ".join(row.split()).endswith("1.4 × slower 1.3 – 1.5 ≤ 1.4 × slower missed")


def test_who_is_left_out_is_named() -> None:
    assert "moons-compiled: autograd left out, not installed: autograd" in shown(OUTCOMES)


@pytest.mark.parametrize(
    ("number", "unit", "text"),
    [
        (1.234, "s", "1.23 s"),
        (0.0123, "s", "12.3 ms"),
        (2.5e-5, "s", "25 µs"),
        (4e-9, "s", "4 ns"),
        (300.0, "s", "300 s"),
        (1.5e7, "bytes", "15 MB"),
        (124.0, "bytes", "124 bytes"),
        (26.24, "%", "26.2 %"),
        (0.0, "%", "0 %"),
    ],
)
def test_quantities_are_short(number, unit, text) -> None:
    assert quantity(number, unit) == text


def test_an_outcome_survives_json() -> None:
    written = json.loads(json.dumps(as_json(machine(), OUTCOMES)))
    read = {name: Outcome.from_json(outcome) for name, outcome in written["benchmarks"].items()}
    assert read == OUTCOMES


def test_the_picture_has_ours_once_and_each_peer(tmp_path) -> None:
    from chainrule.benchmarks.picture import draw

    panels = list(panels_of(OUTCOMES, SCALARS).values())
    names = [[(time.name, time.ours) for time in times] for times in panels]
    assert names == [
        [
            ("micrograd", False),
            ("JAX jit", False),
            ("chainrule, a call", True),
            ("chainrule, a loop", True),
            ("C by hand", False),
        ],
        [("chainrule, from the cache", True)],
    ]
    path = tmp_path / "picture.png"
    assert draw(machine(), OUTCOMES, path) == [path]
    assert path.stat().st_size > 10_000


def test_tensors_have_a_picture_beside_that_of_the_scalars(tmp_path) -> None:
    from chainrule.benchmarks.picture import draw

    ((title, times),) = panels_of(ON_TENSORS, TENSORS).items()
    assert title.startswith("784-512-512-10")
    assert [time.name for time in times] == ["JAX jit", "chainrule", "its products in BLAS"]
    paths = draw(machine(), OUTCOMES | ON_TENSORS, tmp_path / "picture.png")
    assert [path.name for path in paths] == ["picture.png", "picture-tensors.png"]
    assert all(path.stat().st_size > 10_000 for path in paths)


def test_results_are_named_by_day_and_processor() -> None:
    assert (
        file_name({"date": "2026-11-22", "cpu": "Intel(R) Xeon(R) Gold"})
        == "2026-11-22-intel-xeon-gold.json"
    )


@pytest.mark.parametrize("name", CATALOGUE)
def test_every_name_leads_to_a_benchmark(name) -> None:
    assert callable(benchmark(name))
    assert benchmark(name).__doc__


def test_the_tensors_steps_have_two_cores(monkeypatch) -> None:
    monkeypatch.setenv("XLA_FLAGS", f"--xla_dump_to=there {XLA_FLAG}")
    one, two = (environment(cores(name)) for name in ("moons-compiled", "mlp-step"))
    assert one["OMP_NUM_THREADS"] == one["NPROC"] == "1"
    assert one["XLA_FLAGS"] == f"--xla_dump_to=there  {XLA_FLAG}"
    assert two["OMP_NUM_THREADS"] == two["NPROC"] == "2"
    assert two["XLA_FLAGS"] == "--xla_dump_to=there"


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="processes cannot be bound to cores")
def test_a_process_is_kept_to_its_cores(monkeypatch) -> None:
    bound = {}
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {5, 3, 8})
    monkeypatch.setattr(os, "sched_setaffinity", lambda process, cores: bound.update({process: cores}))
    keep_to(2)
    assert bound == {0: [3, 5]}


def test_sides_take_turns() -> None:
    calls: list[str] = []
    a, b = (repeated(lambda name=name: calls.append(name), 2) for name in "ab")
    times = in_turns([a, b], rounds=2)
    assert "".join(calls) == "aabb" + "aabb" + "bbaa"
    assert [len(rounds) for rounds in times] == [2, 2]
    assert min(map(min, times)) >= 0


def test_the_command_prints_json_and_writes_it(tmp_path) -> None:
    done = CliRunner().invoke(
        app, ["bench", "small-value", "--quick", "--json", "--results", str(tmp_path)]
    )
    assert done.exit_code == 0, done.output
    printed = json.loads(done.stdout)
    (line,) = printed["benchmarks"]["small-value"]["lines"]
    assert line["peer"] == "micrograd"
    assert line["peer / chainrule"] > 0
    (path,) = tmp_path.iterdir()
    assert json.loads(path.read_text()) == {**printed, "quick": True}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nothing"], ["no benchmark is called nothing", "moons-compiled"]),
        (["memory", "--picture", "a.png"], ["moons-compiled, first-call, fresh-graph"]),
    ],
)
def test_what_cannot_be_done_is_said_first(arguments, words) -> None:
    done = CliRunner().invoke(app, ["bench", *arguments])
    assert done.exit_code == 2
    assert all(word in done.stderr for word in words)


def test_a_benchmark_that_fails_leaves_the_others(monkeypatch, tmp_path) -> None:
    def run(name: str, quick: bool) -> Outcome:
        if name == "memory":
            raise benchmark_failed(name, "AssertionError: they disagree")
        return OUTCOMES[name]

    monkeypatch.setattr("chainrule.benchmarks.command.run", run)
    done = CliRunner().invoke(app, ["bench", "memory", "first-call"])
    assert done.exit_code == 2
    assert "they disagree" in done.stderr
    assert "first call of the moons step" in done.stdout


def test_a_process_that_fails_says_what_it_printed(monkeypatch) -> None:
    monkeypatch.setitem(CATALOGUE, "broken", ("processes:nothing", "a function that is not there"))
    with pytest.raises(BenchmarkError, match=r"the benchmark broken failed(?s:.*)KeyError: 'broken'"):
        run("broken", quick=True)  # the new process reads the catalogue as it is on disk
