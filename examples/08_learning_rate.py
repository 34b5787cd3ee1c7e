"""Lesson 8: the learning rate, too small, right and too large (le pas d'apprentissage).

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
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import chainrule

STEPS = 20
RATES = {"slow": 0.02, "converging": 0.3, "oscillating": 0.95, "diverging": 1.05}
TITLES = {
    "slow": "too small: slow",
    "converging": "right: converging",
    "oscillating": "too large: oscillating",
    "diverging": "far too large: diverging",
}
COLOURS = {
    "slow": "tab:blue",
    "converging": "tab:green",
    "oscillating": "tab:orange",
    "diverging": "tab:red",
}


class Run(NamedTuple):
    """One descent: w and L before each step and after the last, and what they show."""

    lr: float
    weights: list[float]
    losses: list[float]
    verdict: str


def regression_loss(w: Any) -> Any:
    """L(w) = (w·x − y)², the parabola with its minimum at w = 2."""
    return (w * 1.0 - 2.0) ** 2


def curvature() -> float:
    """λ = d²L/dw², the gradient of the gradient."""
    w = chainrule.tensor(1.0, requires_grad=True)
    (slope,) = chainrule.autograd.grad(regression_loss(w), w, create_graph=True)
    (bend,) = chainrule.autograd.grad(slope, w)
    return bend.item()


def descend(lr: float, steps: int = STEPS) -> Run:
    """Gradient descent (descente de gradient) from w = 1."""
    w = chainrule.tensor(1.0, dtype=chainrule.float64, requires_grad=True)
    weights, losses = [w.item()], [regression_loss(w).item()]
    for _ in range(steps):
        w.grad = None
        regression_loss(w).backward()
        with chainrule.no_grad():
            w -= lr * w.grad
        weights.append(w.item())
        losses.append(regression_loss(w).item())
    return Run(lr, weights, losses, classify(weights, losses))


def classify(weights: list[float], losses: list[float]) -> str:
    """What a descent did, read from its numbers alone."""
    if losses[-1] > losses[0]:
        return "diverging"
    if losses[-1] < 1e-3 * losses[0]:
        return "converging"
    moves = [after - before for before, after in pairwise(weights)]
    turns = sum(one * next_one < 0 for one, next_one in pairwise(moves))
    return "oscillating" if turns > len(moves) / 2 else "slow"


# ------------------------------------------------------------------ the pictures


def draw_steps(runs: list[Run], path: Path) -> None:
    """The weight w at each step, a panel for each learning rate."""
    figure, panels = _four_panels("The weight w, step by step, and the loss that it ends with")
    for axes, run in zip(panels, runs, strict=True):
        axes.axhline(2, color="grey", lw=1, ls="--", label="minimum, w = 2")
        axes.plot(run.weights, "o-", color=COLOURS[run.verdict], ms=4, lw=1)
        axes.set(title=f"{_title(run)}\nL = {run.losses[-1]:.2g} after {STEPS} steps")
        axes.set(xlabel="step", ylabel="w", xticks=range(0, STEPS + 1, 5))
        if run.verdict != "diverging":
            axes.set_ylim(0.8, 3.2)
    panels[0].legend(loc="upper right")
    _save(figure, path)


def draw_paths(runs: list[Run], path: Path) -> None:
    """Where each step lands on the parabola L(w), a panel for each learning rate."""
    figure, panels = _four_panels("The path on the parabola L(w) = (w − 2)²")
    for axes, run in zip(panels, runs, strict=True):
        reach = 1.15 * max(abs(w - 2) for w in run.weights)
        across = [2 + reach * i / 100 for i in range(-100, 101)]
        axes.plot(across, [regression_loss(w) for w in across], color="silver", lw=2, zorder=1)
        axes.plot(run.weights, run.losses, "o-", color=COLOURS[run.verdict], ms=4, lw=1)
        axes.plot(run.weights[0], run.losses[0], "o", color="black", ms=8, zorder=3, label="start")
        axes.plot(2, 0, "*", color="gold", mec="black", ms=14, zorder=3, label="minimum")
        axes.set(title=_title(run), xlabel="w", ylabel="L")
    panels[0].legend(loc="upper center")
    _save(figure, path)


def _title(run: Run) -> str:
    return f"{TITLES[run.verdict]}  (lr = {run.lr:g})"


def _four_panels(title: str) -> tuple[Any, Any]:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, panels = pyplot.subplots(2, 2, figsize=(9, 7), layout="constrained")
    figure.suptitle(title, fontsize=14)
    return figure, panels.ravel()


def _save(figure: Any, path: Path) -> None:
    from matplotlib import pyplot

    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)
    pyplot.close(figure)


def main(folder: str | Path = "lesson-out") -> list[Path]:
    """Runs the lesson; the pictures that it left."""
    bend = curvature()
    print(f"The curvature λ = d²L/dw² = {bend:g}.")
    print(f"The largest stable learning rate 2/λ = {2 / bend:g}.\n")
    print("   lr   1 − lr·λ   after 20 steps          L   verdict")
    for lr in (*RATES.values(), 2 / bend):
        run = descend(lr)
        print(
            f"{lr:5g} {1 - lr * bend:10.2f}   w = {run.weights[-1]:12.6f} {run.losses[-1]:10.2e}   "
            f"{run.verdict}"
        )
    print("\nAt 2/λ itself, w jumps between 1 and 3 for ever.")
    runs = [descend(lr) for lr in RATES.values()]
    pictures = [Path(folder) / "learning_rate_steps.png", Path(folder) / "learning_rate_path.png"]
    draw_steps(runs, pictures[0])
    draw_paths(runs, pictures[1])
    print("Pictures:", *pictures)
    return pictures


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="The learning rate: too small, right, too large.")
    parser.add_argument("--out", default="lesson-out", help="folder of the pictures")
    main(parser.parse_args().out)
