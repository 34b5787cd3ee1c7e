"""Every lesson gives the numbers that it promises, and every script runs from the command line."""

from __future__ import annotations

import importlib.util
import math
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree

import numpy as np
import pytest

import chainrule

EXAMPLES = Path(__file__).parents[1] / "examples"


def lesson(name: str) -> ModuleType:
    """The module of one example, by its path: no import statement takes a name such as 01_…"""
    path = EXAMPLES / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"example_{name}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# ------------------------------------------------------------------ the numbers of the lessons


def test_the_chain_rule_of_two_functions() -> None:
    found = lesson("01_chain_rule")
    dz_dy, dy_dx, dz_dx = found.by_hand(4.0)
    assert (dz_dy, dy_dx, dz_dx) == (10.0, 3.0, 30.0)
    assert found.by_chainrule(4.0) == dz_dx
    assert found.by_measuring(4.0) == pytest.approx(dz_dx, rel=1e-9)


def test_each_factor_of_a_product_gets_the_other() -> None:
    found = lesson("02_product")
    assert found.product(3.0, -2.0) == (-6.0, -2.0, 3.0)
    assert found.square(3.0) == (9.0, 6.0)


def test_the_regression_of_the_course() -> None:
    found = lesson("03_regression")
    assert found.first_gradient() == (1.0, -2.0)
    path = found.descend()
    assert path[0] == (1.0, 1.0, -2.0)
    assert path[1] == (1.5, 0.25, -1.0)
    # lr = 1/4 on a curvature of 2 halves the distance, exactly in binary numbers.
    assert [step.w for step in path] == [2 - 0.5**k for k in range(12)]
    assert found.descend(steps=30)[-1].loss < 1e-14


def test_a_b_c_f_three_ways() -> None:
    found = lesson("04_a_b_c_f")
    hand = found.by_hand(**found.INPUTS)
    assert hand == {"L": 1, "d": 5, "f": 10, "e": 5, "c": 5, "a": 15, "b": 10}
    expected = {name: hand[name] for name in "abcf"}
    assert found.by_value() == expected
    assert found.by_tensor() == expected
    assert found.after_a_nudge(0.01) == pytest.approx(0.15, abs=1e-12)


def test_the_tanh_neuron_by_hand() -> None:
    found = lesson("05_tanh_neuron").neuron()
    o1 = math.tanh(0.5)
    assert found.dLdo1 == pytest.approx(2 * o1 - 2, rel=1e-6)
    assert found.do1db == pytest.approx(1 - o1**2, rel=1e-6)
    assert found.dLdb == pytest.approx((2 * o1 - 2) * (1 - o1**2), rel=1e-6)
    assert found.b_grad == pytest.approx(found.dLdb, rel=1e-6)


def test_the_gradients_of_two_samples_add() -> None:
    module = lesson("06_two_samples")
    found = module.neuron()
    one, two = math.tanh(0.5), math.tanh(-0.375)
    back_1, back_2 = (2 * one - 2) * (1 - one**2), (2 * two + 2) * (1 - two**2)
    by_hand = (found.dLdw11, found.dLdw12, found.dLdw21, found.dLdw22)
    assert by_hand == pytest.approx((back_1, 2 * back_1, -1.5 * back_2, 0.5 * back_2), rel=1e-6)
    sums = [found.dLdw11 + found.dLdw21, found.dLdw12 + found.dLdw22]
    assert found.w1_grad == pytest.approx(sums, rel=1e-6)
    assert module.both_at_once() == pytest.approx(sums, rel=1e-6)


def test_mini_batch_against_one_at_a_time() -> None:
    module = lesson("07_mini_batch")
    data = module.noisy_line()
    batch, mean = module.one_gradient_two_ways(data)
    assert batch == pytest.approx(mean, rel=1e-5)
    single, some, whole = (module.train(data, size) for size in (1, 8, 64))
    assert [run.steps_per_epoch for run in (single, some, whole)] == [64, 8, 1]
    assert [run.updates for run in (single, some, whole)] == [1280, 160, 20]
    assert single.loss < 0.02
    assert some.loss < 0.011
    assert some.slope == pytest.approx(3, abs=0.1)
    assert some.intercept == pytest.approx(-7, abs=0.1)
    # As many passes over the samples, far fewer updates: not there yet.
    assert whole.loss > 10 * some.loss


@pytest.mark.parametrize("verdict", ["slow", "right", "oscillating", "diverging"])
def test_what_a_learning_rate_does(verdict: str) -> None:
    module = lesson("08_learning_rate")
    (run,) = module.train(module.RATES[verdict]).runs
    assert run.verdict == verdict
    factor = 1 - 2 * run.rate
    weights = [w for (w,) in run.points]
    assert weights == pytest.approx([2 - factor**k for k in range(21)], rel=1e-9)


def test_the_largest_stable_learning_rate() -> None:
    module = lesson("08_learning_rate")
    assert module.curvature() == 2.0
    threshold = 2 / module.curvature()
    found = module.train(0.999 * threshold, 1.001 * threshold, steps=6000)
    assert [run.verdict for run in found.runs] == ["right", "diverging"]
    assert found.curvature.stable_rate == threshold
    (run,) = module.train(threshold).runs
    assert [w for (w,) in run.points] == [1.0, 3.0] * 10 + [1.0]


def test_the_pictures_of_the_learning_rate(tmp_path: Path) -> None:
    pictures = lesson("08_learning_rate").main(tmp_path)
    assert [picture.name for picture in pictures] == ["learning_rate_loss.svg", "learning_rate_path.svg"]
    for picture in pictures:
        chart = ElementTree.parse(picture).getroot()
        dots = chart.findall(".//{*}circle[@class='dot']")
        assert {dot.get("data-run") for dot in dots} == {"0", "1", "2", "3"}


def test_the_graph_knows_its_operations() -> None:
    module = lesson("09_graph_knows")
    known, gradients = module.log_of_sum()
    assert known == [
        (0, "LogBackward0"),
        (1, "AddBackward0"),
        (2, "MulBackward0"),
        (3, "leaf 2"),
        (3, "leaf 3"),
        (2, "leaf 4"),
    ]
    assert module.by_hand(2.0, 3.0, 4.0) == pytest.approx({"T2": 0.3, "T3": 0.2, "T4": 0.1})
    assert gradients == pytest.approx({"T2": 0.3, "T3": 0.2, "T4": 0.1})


def test_a_small_step_moves_g_130_times_as_far() -> None:
    module = lesson("10_small_step")
    assert module.slope_at_five() == 130.0
    assert module.ratios(module.thirteen_squares, 5.0, [0.1, 0.01, 1e-6]) == pytest.approx(
        [131.3, 130.13, 130.000013]
    )
    table = module.table_of_five()
    assert not table.contradicted
    assert table.best("central").error("central") < 1e-9
    assert module.slopes_of_the_introduction() == pytest.approx(
        (24.70408163265306, 138.83381924198252, 645.5772594752187), rel=1e-14
    )


def test_the_derivative_as_a_limit() -> None:
    module = lesson("11_derivative_as_limit")
    assert module.by_backpropagation() == pytest.approx(module.by_formula(), rel=1e-15)
    table = module.by_shrinking_steps()
    errors = [row.error("forward") for row in table.rows]
    # Ten times nearer with each h, until rounding takes over.
    for wider, nearer in pairwise(errors[:7]):
        assert nearer == pytest.approx(wider / 10, rel=0.1)
    assert errors[-1] > 1e4 * min(errors)
    assert 1e-9 <= table.best_forward_h <= 1e-7


def test_values_and_tensors_agree() -> None:
    module = lesson("12_scalar_and_tensor")
    data = module.numbers()
    values, tensors = module.with_values(*data), module.with_tensors(*data)
    assert values.loss == pytest.approx(tensors.loss, rel=1e-13)
    assert values.dw == pytest.approx(tensors.dw, rel=1e-11)
    assert values.db == pytest.approx(tensors.db, rel=1e-11)


def test_a_compiled_step_gives_the_losses_of_the_plain_one() -> None:
    module = lesson("14_machine_speed")
    step, w = module.one_weight()
    assert step(1.0, 2.0, 0.1) == 1.0
    assert (w.data, w.grad) == (1.2, -2.0)
    points, moons = module.two_moons()
    plain, quick = module.moons_step(), chainrule.compile(module.moons_step())
    losses = [plain(points, moons, 0.5).data for _ in range(3)]
    assert [quick(points, moons, 0.5) for _ in range(3)] == pytest.approx(losses, rel=1e-10)


def test_the_cells_of_the_course(capsys: pytest.CaptureFixture[str]) -> None:
    loss, gradient = lesson("13_course_cells").cells()
    assert repr(loss) == "tensor(1., grad_fn=<PowBackward0>)"
    assert repr(gradient) == "tensor(-2.)"
    printed = capsys.readouterr().out
    assert printed.startswith("tensor(1., grad_fn=<PowBackward0>)\ntensor(-2.)\n")


# ------------------------------------------------------------------ the main job


def test_the_digits_are_learned(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    result = lesson("digits").learn(folder=tmp_path)
    assert len(result.history) == 20
    assert result.accuracy >= 0.96
    assert result.history[-1].loss < 0.1 * result.history[0].loss
    assert [picture.name for picture in result.pictures] == ["loss.png", "predictions.png"]
    for picture in result.pictures:
        assert picture.read_bytes().startswith(b"\x89PNG")
    assert "1347 scans to train on, 450 held out" in capsys.readouterr().out


def test_the_held_out_scans_are_held_out() -> None:
    train, test = lesson("digits").load_scans()
    assert train.pixels.shape == (1347, 64)
    assert test.pixels.shape == (450, 64)
    assert (train.pixels.min(), train.pixels.max()) == (0.0, 1.0)
    seen = {scan.tobytes() for scan in train.pixels}
    assert not any(scan.tobytes() in seen for scan in test.pixels)


def test_the_same_seed_learns_the_same(tmp_path: Path) -> None:
    module = lesson("digits")
    first, second = (module.learn(epochs=1, folder=tmp_path) for _ in range(2))
    assert first.history == second.history


def test_too_little_training_is_said_and_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert lesson("digits").main(epochs=1, folder=tmp_path) == 1
    assert "∂y_hat/∂w = x = 1" in (tmp_path / "regression.html").read_text(encoding="utf-8")
    complaint = capsys.readouterr().err
    assert complaint == "Too few: at least 96% is required, which 20 epochs reach (this was 1).\n"


def test_a_whole_step_compiled_is_the_step_as_written() -> None:
    found = lesson("15_whole_step")
    images, labels = found.batches()
    plain, model = found.training()
    step, compiled_model = found.training()
    quick = chainrule.compile(step)
    for place in range(4):
        batch = chainrule.tensor(images[place]), chainrule.tensor(labels[place])
        assert quick(*batch).item() == pytest.approx(plain(*batch).item(), rel=1e-5)
    for a, b in zip(model.parameters(), compiled_model.parameters(), strict=True):
        np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), atol=1e-5)
    assert "computed by numpy: nothing" in quick.report()


# -------------------------------------------------------------- the scripts, as a learner runs them


SCRIPTS = {
    "01_chain_rule": "by chainrule   dz/dx = 30",
    "02_product": "x = 3, twice:  z = 9, dz/dx = x + x = 6",
    "03_regression": "L = 1, dL/dw = -2",
    "04_a_b_c_f": "dL/da        15      15       15",
    "05_tanh_neuron": "do1db=tensor(0.7864)",
    "06_two_samples": "w1.grad=tensor([-2.5238, -1.1328])",
    "07_mini_batch": "the mean of 64 gradients dL/dw:   -1.57877",
    "08_learning_rate": "The largest stable learning rate 2/λ = 1.",
    "09_graph_knows": "T1.grad_fn                    LogBackward0",
    "10_small_step": "micrograd's expression: g = 24.7041, dg/da = 138.8338, dg/db = 645.5773",
    "11_derivative_as_limit": "by backpropagation   tanh'(0.5) = 0.786447732965927",
    "12_scalar_and_tensor": "The 50 gradients dL/dw differ by at most",
    "13_course_cells": "tensor(1., grad_fn=<PowBackward0>)",
    "14_machine_speed": "w' = v",
    "15_whole_step": "product by BLAS",
    "16_pictures": "regression: 6 variables, 3 products",
    "digits": "of the held-out scans read correctly",
}


def run(name: str, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "error", "-X", "utf8", str(EXAMPLES / f"{name}.py")]
    return subprocess.run(
        [*command, *arguments], cwd=folder, capture_output=True, encoding="utf-8", timeout=120
    )


@pytest.mark.parametrize("name", SCRIPTS)
def test_the_script_runs(name: str, tmp_path: Path) -> None:
    ended = run(name, tmp_path)
    assert ended.returncode == 0, ended.stderr
    assert SCRIPTS[name] in ended.stdout


def test_no_script_is_left_out() -> None:
    assert {path.stem for path in EXAMPLES.glob("*.py")} == {*SCRIPTS, "moons"}
    index = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    for path in EXAMPLES.glob("*.py"):
        assert f"]({path.name})" in index


@pytest.mark.parametrize("epochs", ["0", "-1", "many", "1001", "²"])
def test_a_number_of_epochs_that_is_none(epochs: str, tmp_path: Path) -> None:
    ended = run("digits", tmp_path, f"--epochs={epochs}")
    assert ended.returncode == 2
    assert f"a whole number from 1 to 1000 is needed, not {epochs!r}" in ended.stderr
    assert not any(tmp_path.iterdir())


# ------------------------------------------------------------------ the gallery

DOCS = EXAMPLES.parent / "docs"


def test_the_gallery_shows_what_the_lessons_draw(tmp_path: Path) -> None:
    """Pictures are the same wherever they are made; `python examples/16_pictures.py` makes them anew."""
    lesson("16_pictures").main(tmp_path)
    lesson("08_learning_rate").main(tmp_path)
    shown = sorted((DOCS / "gallery").iterdir())
    assert len(shown) >= 9
    for picture in shown:
        assert (tmp_path / picture.name).read_bytes() == picture.read_bytes(), picture.name


def test_every_picture_of_the_gallery_is_shown() -> None:
    pages = "".join(
        page.read_text(encoding="utf-8") for page in (*DOCS.glob("*.md"), EXAMPLES.parent / "README.md")
    )
    unseen = [one.name for one in (DOCS / "gallery").iterdir() if f"gallery/{one.name})" not in pages]
    assert unseen == []
