"""micrograd's moons, trained twice from the same weights: number by number, then all at once.

    python examples/moons.py            # 20 steps with Value, 100 with Tensor
    python examples/moons.py --steps 3  # fewer steps with Value

One hundred points lie in two interleaved half-moons, and a network of two hidden layers learns to
tell the moons apart. First every weight is a `Value`, one number, and the loss is a graph of some
66,000 of them. Then the same weights become the three matrices of a `Tensor` network. The losses
are the same, step for step; the time of a step is not. The picture of what was learned is left in
lesson-out/moons.png.
"""

from __future__ import annotations

import argparse
import random
import time
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.datasets import make_moons

import chainrule
from chainrule import Value, nn, optim
from chainrule.micrograd.nn import MLP

SEED = 1337
PENALTY = 1e-4  # on the sum of the squares of the weights
TENSOR_STEPS = 100


def two_moons() -> tuple[np.ndarray, np.ndarray]:
    """One hundred points (100, 2), and for each the moon it belongs to, −1 or +1."""
    points, moons = make_moons(n_samples=100, noise=0.1, random_state=SEED)
    return points, moons * 2 - 1


def learning_rate(step: int) -> float:
    """From 1.0, falling by 0.009 at each step."""
    return 1.0 - 0.9 * step / 100


# ------------------------------------------------------------------ number by number


def value_loss(model: MLP, points: np.ndarray, moons: np.ndarray) -> tuple[Value, float]:
    """The loss of all points as one `Value`, and the share of points on the right side."""
    scores = [model([Value(number) for number in point]) for point in points]
    losses = [(1 + -moon * score).relu() for moon, score in zip(moons, scores, strict=True)]
    margin = sum(losses) * (1.0 / len(losses))
    penalty = PENALTY * sum(p * p for p in model.parameters())
    right = [(moon > 0) == (score.data > 0) for moon, score in zip(moons, scores, strict=True)]
    return margin + penalty, sum(right) / len(right)


def train_values(model: MLP, points: np.ndarray, moons: np.ndarray, steps: int) -> list[float]:
    """Trains the model in place; the loss before each step."""
    history = []
    for step in range(steps):
        start = time.perf_counter()
        loss, accuracy = value_loss(model, points, moons)
        model.zero_grad()
        loss.backward()
        for p in model.parameters():
            p.data -= learning_rate(step) * p.grad
        history.append(float(loss.data))
        report(step, history[-1], accuracy, time.perf_counter() - start)
    return history


# ------------------------------------------------------------------ all at once


def tensor_network(model: MLP) -> nn.Sequential:
    """The same network made of Tensors, with the weights of ``model``."""
    layers: list[nn.Module] = []
    state = {}
    for layer in model.layers:
        if layers:
            layers.append(nn.ReLU())
        weight = np.array([[w.data for w in neuron.w] for neuron in layer.neurons], dtype=float)
        bias = np.array([neuron.b.data for neuron in layer.neurons], dtype=float)
        state[f"{len(layers)}.weight"] = chainrule.tensor(weight)
        state[f"{len(layers)}.bias"] = chainrule.tensor(bias)
        layers.append(nn.Linear(weight.shape[1], weight.shape[0], dtype=chainrule.float64))
    network = nn.Sequential(*layers)
    network.load_state_dict(state)
    return network


def train_tensors(network: nn.Sequential, points: np.ndarray, moons: np.ndarray, steps: int) -> list[float]:
    """Trains the network in place; the loss before each step."""
    x, y = chainrule.tensor(points), chainrule.tensor(moons).reshape(-1, 1)
    optimizer = optim.SGD(network.parameters(), lr=learning_rate(0))
    history = []
    for step in range(steps):
        start = time.perf_counter()
        optimizer.lr = learning_rate(step)
        scores = network(x)
        penalty = PENALTY * sum((p * p).sum() for p in network.parameters())
        loss = nn.functional.hinge_loss(scores, y) + penalty
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        history.append(loss.item())
        accuracy = ((scores > 0) == (y > 0)).float().mean().item()
        if step < 10 or step % 10 == 9:
            report(step, history[-1], accuracy, time.perf_counter() - start)
    return history


# ------------------------------------------------------------------ what is seen


def report(step: int, loss: float, accuracy: float, seconds: float) -> None:
    print(f"step {step:3d}   loss {loss:.14f}   accuracy {accuracy:4.0%}   {seconds * 1e3:8.2f} ms")


def draw(network: nn.Sequential, points: np.ndarray, moons: np.ndarray, path: Path) -> None:
    """The sign and the size of the score over the plane, with the points on top."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    across, up = np.meshgrid(np.linspace(-2, 3, 200), np.linspace(-1.5, 2, 140))
    with chainrule.no_grad():
        grid = chainrule.tensor(np.stack([across.ravel(), up.ravel()], axis=1))
        scores = network(grid).numpy().reshape(across.shape)
    figure, axes = pyplot.subplots(figsize=(6, 4.2), layout="constrained")
    axes.contourf(across, up, scores.clip(-3, 3), levels=13, cmap="RdBu", alpha=0.8)
    axes.contour(across, up, scores, levels=[-1, 0, 1], colors="black", linestyles=[":", "-", ":"])
    axes.scatter(*points.T, c=moons, cmap="RdBu", edgecolors="black", s=36)
    axes.set_title("Two moons: the boundary (line) and its margin (dots)")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)
    pyplot.close(figure)


def main(steps: int = 20, folder: str | Path = "lesson-out") -> dict[str, Any]:
    """Runs the lesson; the losses of both ways, for those who want to compare them."""
    points, moons = two_moons()
    random.seed(SEED)
    model = MLP(2, [16, 16, 1])
    network = tensor_network(model)

    print(f"Number by number: {len(model.parameters())} parameters, each a Value")
    values = train_values(model, points, moons, steps)

    print("\nAll at once: the same weights in matrices, each a Tensor")
    tensors = train_tensors(network, points, moons, max(steps, TENSOR_STEPS))

    apart = max((abs(a - b) for a, b in zip(values, tensors, strict=False)), default=0.0)
    print(f"\nThe losses of the first {steps} steps differ by at most {apart:.1e}.")
    picture = Path(folder) / "moons.png"
    draw(network, points, moons, picture)
    print(f"The boundary that was learned: {picture}")
    return {"values": values, "tensors": tensors, "picture": picture}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Two moons, with Value and with Tensor.")
    parser.add_argument("--steps", type=int, default=20, help="steps with Value (default 20)")
    parser.add_argument("--out", default="lesson-out", help="folder of the picture")
    arguments = parser.parse_args()
    main(arguments.steps, arguments.out)
