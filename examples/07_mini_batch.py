"""Lesson 7: mini-batch against one sample at a time.

    python examples/07_mini_batch.py

The weights can be updated after every sample, or once for several: forward and backward for the
whole batch together, then one update that the samples share. Sixty-four noisy points of the line
3·x − 7 are learned in each of these ways, and every way sees every point 20 times.
"""

from __future__ import annotations

import time
from typing import NamedTuple

import chainrule
from chainrule import nn, optim
from chainrule.data import DataLoader, TensorDataset

SAMPLES = 64
EPOCHS = 20  # how often each sample is seen
NOISE = 0.1


class Run(NamedTuple):
    """What one way of batching took, and where it ended."""

    batch_size: int
    steps_per_epoch: int
    updates: int
    loss: float
    slope: float
    intercept: float
    seconds: float


def noisy_line() -> TensorDataset:
    """Points x in [−1, 1], of shape (64, 1), and y = 3·x − 7 with a little noise."""
    chainrule.manual_seed(0)
    x = chainrule.rand(SAMPLES, 1) * 2 - 1
    return TensorDataset(x, 3 * x - 7 + NOISE * chainrule.randn(SAMPLES, 1))


def train(data: TensorDataset, batch_size: int, lr: float = 0.1) -> Run:
    """Learns the line with one update a batch (descente de gradient par mini-batch)."""
    chainrule.manual_seed(1)
    model = nn.Linear(1, 1)
    optimizer = optim.SGD(model.parameters(), lr=lr)
    loader = DataLoader(data, batch_size=batch_size, shuffle=True)
    updates = 0
    start = time.perf_counter()
    for _ in range(EPOCHS):
        for x, y in loader:
            loss = nn.functional.mse_loss(model(x), y)  # forward pass
            optimizer.zero_grad()
            loss.backward()  # backward pass
            optimizer.step()  # update of the weights
            updates += 1
    seconds = time.perf_counter() - start
    with chainrule.no_grad():
        loss = nn.functional.mse_loss(model(data.tensors[0]), data.tensors[1])
    line = model.weight.item(), model.bias.item()
    return Run(batch_size, len(loader), updates, loss.item(), *line, seconds)


def one_gradient_two_ways(data: TensorDataset) -> tuple[float, float]:
    """dL/dw of a batch of all samples, and the mean of dL/dw of the samples one by one."""

    def gradient(x: chainrule.Tensor, y: chainrule.Tensor) -> float:
        w = chainrule.tensor(1.0, requires_grad=True)
        nn.functional.mse_loss(w * x, y).backward()
        return w.grad.item()

    one_by_one = [gradient(x, y) for x, y in DataLoader(data, batch_size=1)]
    return gradient(*data.tensors), sum(one_by_one) / len(one_by_one)


def main() -> None:
    data = noisy_line()
    batch, mean = one_gradient_two_ways(data)
    print(f"At w = 1, dL/dw of the batch of 64:       {batch:.5f}")
    print(f"        the mean of 64 gradients dL/dw:   {mean:.5f}\n")
    print("batch size   steps an epoch   updates      loss   line learned            time")
    for batch_size in (1, 8, SAMPLES):
        run = train(data, batch_size)
        line = f"{run.slope:.3f}·x − {-run.intercept:.3f}"
        print(
            f"{run.batch_size:10d} {run.steps_per_epoch:16d} {run.updates:9d} "
            f"{run.loss:9.4f}   {line:17s} {run.seconds * 1e3:8.1f} ms"
        )
    print(
        "\nOne at a time gives the most updates, and each takes as long as a batch's. A batch\n"
        "averages its samples, so its steps are fewer and calmer. The whole set in one batch\n"
        "takes too few steps to arrive. In between lies the mini-batch; "
        f"the {NOISE**2:.2f} that remains is noise."
    )


if __name__ == "__main__":
    main()
