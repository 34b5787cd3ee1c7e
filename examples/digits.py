"""The main job: explain two graphs, then learn to read real handwritten digits.

    python examples/digits.py                    # pictures in demo-out/
    python examples/digits.py --epochs 5 --out FOLDER

First the two graphs of the course, a regression and (a·b + c)·f, with every step of the way back.
Then the same engine, on the same rules, trains a network of 9,610 weights on 1,797 scans of digits
that people wrote by hand, 8 × 8 pixels each (UCI; E. Alpaydin and C. Kaynak, 1998). A quarter of
the scans is held out and never trained on; at least 96 % of it must be read correctly.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import chainrule
from chainrule import explain, nn, optim
from chainrule.data import DataLoader, TensorDataset

SEED = 0
EPOCHS = 20
BATCH_SIZE = 32
LEARNING_RATE = 0.1  # of the first epoch; it falls in a straight line towards 0, for a calm end
REQUIRED = 0.96  # of the held-out scans


class Scans(NamedTuple):
    """Scans with the digits that they show: (n, 64) float32 in [0, 1] and (n,) int64."""

    pixels: np.ndarray
    digits: np.ndarray


class Epoch(NamedTuple):
    """What one pass through the training scans came to."""

    loss: float
    train_accuracy: float
    test_accuracy: float


class Result(NamedTuple):
    """The history of the training, and where its pictures are."""

    history: list[Epoch]
    accuracy: float
    seconds: float
    pictures: list[Path]


# ------------------------------------------------------------------ two graphs, explained


def explain_regression(folder: str | Path) -> Path:
    """The course's regression at x = 1, y = 2, w = 1: L = 1 and dL/dw = −2; the page to step through it."""
    x = chainrule.tensor(1.0)
    y = chainrule.tensor(2.0)
    w = chainrule.tensor(1.0, requires_grad=True)
    y_hat = x * w
    S = y_hat - y
    L = S**2
    L.backward()
    derivation = explain(L)
    print(derivation)
    page = Path(folder) / "regression.html"
    page.parent.mkdir(parents=True, exist_ok=True)
    derivation.save(page)
    return page


def explain_a_b_c_f() -> None:
    """The course's graph of four inputs: e = a·b, d = e + c, L = d·f."""
    a = chainrule.tensor(2.0, requires_grad=True)
    b = chainrule.tensor(3.0, requires_grad=True)
    c = chainrule.tensor(4.0, requires_grad=True)
    f = chainrule.tensor(5.0, requires_grad=True)
    e = a * b
    d = e + c
    L = d * f
    L.backward()
    print(explain(L))


# ------------------------------------------------------------------ the scans


def load_scans() -> tuple[Scans, Scans]:
    """Three quarters to train on and one held out, each with its share of every digit."""
    from sklearn.datasets import load_digits  # a file of the package: nothing is downloaded
    from sklearn.model_selection import train_test_split

    scans = load_digits()
    pixels = (scans.data / 16).astype(np.float32)
    digits = scans.target.astype(np.int64)
    train_x, test_x, train_y, test_y = train_test_split(
        pixels, digits, test_size=0.25, stratify=digits, random_state=SEED
    )
    return Scans(train_x, train_y), Scans(test_x, test_y)


# ------------------------------------------------------------------ the network


def network() -> nn.Sequential:
    """64 pixels, 128 neurons, 10 scores: the highest score is the digit that it reads."""
    return nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 10))


def probabilities(model: nn.Sequential, scans: Scans) -> np.ndarray:
    """How likely the network finds each of the 10 digits: (n, 10), each row sums to 1."""
    with chainrule.no_grad():
        return chainrule.softmax(model(chainrule.tensor(scans.pixels)), 1).numpy()


def accuracy(model: nn.Sequential, scans: Scans) -> float:
    """The share of scans that the network reads correctly."""
    return float((probabilities(model, scans).argmax(1) == scans.digits).mean())


def train(model: nn.Sequential, train_scans: Scans, test_scans: Scans, epochs: int) -> list[Epoch]:
    """Mini-batches, cross-entropy, gradient descent with momentum; the history of the epochs."""
    data = TensorDataset(*map(chainrule.tensor, train_scans))
    # Without drop_last, the three scans left over would steer as hard as a whole batch.
    loader = DataLoader(data, batch_size=BATCH_SIZE, shuffle=True, drop_last=True)
    optimizer = optim.SGD(model.parameters(), lr=LEARNING_RATE, momentum=0.9)
    history = []
    for number in range(1, epochs + 1):
        optimizer.lr = LEARNING_RATE * (1 - (number - 1) / epochs)
        loader.progress = f"epoch {number:2d} of {epochs}"
        total = 0.0
        for pixels, digits in loader:
            loss = nn.functional.cross_entropy(model(pixels), digits)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item()
        epoch = Epoch(total / len(loader), accuracy(model, train_scans), accuracy(model, test_scans))
        history.append(epoch)
        if number == 1 or number % 5 == 0 or number == epochs:
            print(
                f"epoch {number:2d}   loss {epoch.loss:.4f}   "
                f"accuracy {epoch.train_accuracy:7.2%}, held out {epoch.test_accuracy:6.2%}"
            )
    return history


# ------------------------------------------------------------------ the pictures


def draw_loss(history: list[Epoch], path: Path) -> None:
    """The loss above, the accuracies below, epoch by epoch."""
    pyplot = _pyplot()
    epochs = range(1, len(history) + 1)
    figure, (upper, lower) = pyplot.subplots(2, 1, figsize=(8, 6.4), sharex=True)
    upper.plot(epochs, [epoch.loss for epoch in history], "o-", color="tab:blue", ms=4)
    upper.set(yscale="log", ylabel="cross-entropy", title="Loss on the training scans")
    train_share = [100 * epoch.train_accuracy for epoch in history]
    test_share = [100 * epoch.test_accuracy for epoch in history]
    lower.plot(epochs, train_share, "o-", color="silver", ms=4, label="training scans")
    lower.plot(epochs, test_share, "o-", color="tab:green", ms=4, label="held-out scans")
    lower.axhline(100 * REQUIRED, color="tab:red", lw=1, ls="--", label=f"required: {REQUIRED:.0%}")
    lower.set(xlabel="epoch", ylabel="read correctly, %", title="Accuracy after each epoch")
    lower.set_xlim(0.5, len(history) + 0.5)
    lower.xaxis.get_major_locator().set_params(integer=True)
    lower.legend(loc="lower right")
    for axes in (upper, lower):
        axes.grid(alpha=0.3)
    _save(figure, path)


def draw_predictions(shares: np.ndarray, scans: Scans, path: Path) -> None:
    """Forty-eight held-out scans, the mistakes first, each with what was read and how surely."""
    pyplot = _pyplot()
    read = shares.argmax(1)
    wrong = np.flatnonzero(read != scans.digits)
    right = np.flatnonzero(read == scans.digits)
    shown = np.concatenate([wrong[:24], right])[:48]
    figure, panels = pyplot.subplots(6, 8, figsize=(10, 9.2))
    for axes in panels.ravel():
        axes.axis("off")
    for axes, i in zip(panels.ravel(), shown, strict=False):
        axes.imshow(scans.pixels[i].reshape(8, 8), cmap="gray_r", vmin=0, vmax=1)
        missed = read[i] != scans.digits[i]
        verdict = f"read {read[i]}, is {scans.digits[i]}" if missed else f"read {read[i]}"
        axes.set_title(
            f"{verdict}\n{shares[i].max():.0%} sure",
            color="tab:red" if missed else "black",
            fontweight="bold" if missed else "normal",
            fontsize=10,
        )
        if missed:
            axes.axis("on")
            axes.set(xticks=[], yticks=[])
            axes.spines[:].set(color="tab:red", linewidth=3)
    figure.suptitle(
        f"{len(right)} of {len(read)} held-out scans read correctly; mistakes first, in red",
        fontsize=14,
    )
    _save(figure, path)


def _pyplot() -> Any:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    return pyplot


def _save(figure: Any, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.set_layout_engine("constrained")
    figure.savefig(path, dpi=110)
    _pyplot().close(figure)


# ------------------------------------------------------------------ the whole job


def learn(epochs: int = EPOCHS, folder: str | Path = "demo-out") -> Result:
    """Trains the network from its seed, and draws what it learned."""
    train_scans, test_scans = load_scans()
    chainrule.manual_seed(SEED)
    model = network()
    print(model)
    print(f"{len(train_scans.digits)} scans to train on, {len(test_scans.digits)} held out\n")

    start = time.perf_counter()
    history = train(model, train_scans, test_scans, epochs)
    seconds = time.perf_counter() - start

    pictures = [Path(folder) / "loss.png", Path(folder) / "predictions.png"]
    draw_loss(history, pictures[0])
    draw_predictions(probabilities(model, test_scans), test_scans, pictures[1])
    return Result(history, history[-1].test_accuracy, seconds, pictures)


def main(epochs: int = EPOCHS, folder: str | Path = "demo-out") -> int:
    """Runs the job; the exit code: 0 if enough of the held-out scans were read correctly."""
    _heading("The regression of the course")
    page = explain_regression(folder)
    _heading("The graph of a, b, c and f")
    explain_a_b_c_f()
    _heading("Handwritten digits")
    result = learn(epochs, folder)

    share, seconds = f"{result.accuracy:.2%}", f"{result.seconds:.1f} s"
    print(f"\n{share} of the held-out scans read correctly, after {seconds} of training")
    print("Pictures:", *result.pictures)
    print("A page to step through:", page)
    if result.accuracy < REQUIRED:
        print(
            f"Too few: at least {REQUIRED:.0%} is required, which {EPOCHS} epochs reach "
            f"(this was {epochs}).",
            file=sys.stderr,
        )
        return 1
    return 0


def _heading(text: str) -> None:
    print(f"\n━━━ {text} {'━' * (90 - len(text))}\n")


def _epochs(text: str) -> int:
    if not (text.isdecimal() and 1 <= int(text) <= 1000):
        raise argparse.ArgumentTypeError(f"a whole number from 1 to 1000 is needed, not {text!r}")
    return int(text)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Two graphs explained, and digits learned.")
    parser.add_argument("--epochs", type=_epochs, default=EPOCHS, help=f"default {EPOCHS}")
    parser.add_argument("--out", default="demo-out", help="folder of the pictures")
    arguments = parser.parse_args()
    sys.exit(main(arguments.epochs, arguments.out))
