"""Lesson 15: a whole training step as machine code (tout le pas d'apprentissage, compilé).

    python examples/15_whole_step.py

A small network with a convolution learns handwritten digits. Its training step (forward pass, way back and
Adam's update) is a plain function. It is run as it is written, and compiled: the losses are the same, the
time is not. What runs is printed: which operations share one loop, and which products go to BLAS.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.datasets import load_digits

import chainrule
from chainrule import nn, optim
from chainrule.nn import functional as F

BATCH = 64
STEPS = 60


def batches() -> tuple[np.ndarray, np.ndarray]:
    """Scans of digits, 8×8 grey values from 0 to 1, in mini-batches, and their labels."""
    digits = load_digits()
    count = len(digits.target) // BATCH
    order = np.random.default_rng(0).permutation(len(digits.target))[: count * BATCH]
    images = (digits.images[order] / 16).astype(np.float32)
    return images.reshape(count, BATCH, 1, 8, 8), digits.target[order].reshape(count, BATCH)


def training() -> tuple[Callable[..., Any], nn.Module]:
    """The step, as one writes it, and its model; both the same every time."""
    chainrule.manual_seed(1)
    model = nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(256, 10),
    )
    optimizer = optim.Adam(model.parameters(), lr=3e-3)

    def step(x: Any, y: Any) -> Any:
        loss = F.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    return step, model


def accuracy(model: nn.Module, images: np.ndarray, labels: np.ndarray) -> float:
    """The share of the scans that the model reads correctly."""
    with chainrule.no_grad():
        scores = model(chainrule.from_numpy(images.reshape(-1, 1, 8, 8)))
    return float((scores.argmax(1).numpy() == labels.reshape(-1)).mean())


def main() -> None:
    images, labels = batches()
    plain, _ = training()
    step, model = training()
    quick = chainrule.compile(step)

    def batch(number: int) -> tuple[Any, Any]:
        place = number % len(images)
        return chainrule.tensor(images[place]), chainrule.tensor(labels[place])

    start = time.perf_counter()
    first = quick(*batch(0))
    print(f"Traced and compiled in {time.perf_counter() - start:.2f} s. What runs:\n")
    print(quick.report())

    start = time.perf_counter()
    written = [plain(*batch(number)).item() for number in range(10)]
    as_written = (time.perf_counter() - start) / 10
    start = time.perf_counter()
    compiled = [first.item(), *(quick(*batch(number)).item() for number in range(1, 10))]
    a_call = (time.perf_counter() - start) / 9
    print("\nloss at steps 1, 2, 3 and 10    time of a step")
    for losses, seconds, how in ((written, as_written, "as it is written"), (compiled, a_call, "compiled")):
        shown = " ".join(f"{losses[place]:.4f}" for place in (0, 1, 2, 9))
        print(f"  {shown:29s} {seconds * 1e3:6.2f} ms  {how}")

    all_of_them = chainrule.each(chainrule.tensor(images)), chainrule.each(chainrule.tensor(labels))
    quick.loop(*all_of_them, steps=1)
    start = time.perf_counter()
    later = quick.loop(*all_of_them, steps=STEPS)
    seconds = (time.perf_counter() - start) / STEPS
    print(f"  {STEPS} more, to {later[-1].item():.4f}           {seconds * 1e3:6.2f} ms  in one call")
    print(f"\n{accuracy(model, images, labels):.1%} of the scans read correctly.")


if __name__ == "__main__":
    main()
