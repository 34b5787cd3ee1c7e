"""Lesson 8: the learning rate, too small, right and too large (le taux d'apprentissage).

    python examples/08_learning_rate.py               # pictures in lesson-out/
    python examples/08_learning_rate.py --out FOLDER

w ← w − lr · dL/dw on the regression of lesson 3, L(w) = (w·x − y)² with x = 1 and y = 2. "If it is
too small, we converge very slowly; if it is too large, we can oscillate and not find the minimum."

On a parabola of curvature λ = d²L/dw² one step multiplies the distance to the minimum by 1 − lr·λ.
Below lr = 1/λ each step stays on its side of the minimum; from 1/λ on it jumps across; and at 2/λ
it lands as far away as it began, so beyond 2/λ every step leads further up.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import chainrule
from chainrule import Descent, descend
from chainrule.explain.descent.charts import charts

STEPS = 20
RATES = {"slow": 0.02, "right": 0.3, "oscillating": 0.95, "diverging": 1.05}


def regression_loss(w: Any, x: float = 1.0, y: float = 2.0) -> Any:
    """L(w) = (w·x − y)², the parabola with its minimum at w = 2."""
    return (w * x - y) ** 2


def train(*rates: float, steps: int = STEPS, lang: str = "en") -> Descent:
    """Gradient descent (descente de gradient) from w = 1, once with each learning rate."""
    w = chainrule.tensor(1.0, dtype=chainrule.float64, requires_grad=True)
    return descend(lambda: regression_loss(w), [w], lr=rates, steps=steps, lang=lang)


def curvature() -> float:
    """λ = d²L/dw², the gradient of the gradient."""
    w = chainrule.tensor(1.0, requires_grad=True)
    (slope,) = chainrule.autograd.grad(regression_loss(w), w, create_graph=True)
    (bend,) = chainrule.autograd.grad(slope, w)
    return bend.item()


def draw(descent: Descent, folder: Path) -> list[Path]:
    """The loss at each step, and the paths on the parabola; the files that they are in."""
    folder.mkdir(parents=True, exist_ok=True)
    pictures = [folder / "learning_rate_loss.svg", folder / "learning_rate_path.svg"]
    for picture, chart in zip(pictures, charts(descent, "en"), strict=True):
        picture.write_text(chart.file(), encoding="utf-8")
    return pictures


def main(folder: str | Path = "lesson-out") -> list[Path]:
    """Runs the lesson; the pictures that it left."""
    bend = curvature()
    print(f"The curvature λ = d²L/dw² = {bend:g}.")
    print(f"The largest stable learning rate 2/λ = {2 / bend:g}.\n")
    print("   lr   1 − lr·λ   after 20 steps          L   verdict")
    for run in train(*RATES.values(), 2 / bend).runs:
        (w,), loss = run.points[-1], run.losses[-1]
        print(f"{run.rate:5g} {1 - run.rate * bend:10.2f}   w = {w:12.6f} {loss:10.2e}   {run.verdict}")
    print("\nAt 2/λ itself, w jumps between 1 and 3 for ever. In French, the same descents:\n")
    print(train(*RATES.values(), lang="fr"))
    pictures = draw(train(*RATES.values()), Path(folder))
    print("\nPictures:", *pictures)
    return pictures


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="The learning rate: too small, right, too large.")
    parser.add_argument("--out", default="lesson-out", help="folder of the pictures")
    main(parser.parse_args().out)
