"""Lesson 16: pictures of your own program (voir la rétropropagation).

    python examples/16_pictures.py                 # into lesson-out/
    python examples/16_pictures.py --out FOLDER

`explain(L).save(FILE)` writes the graph of your own program, exactly as it ran: every box a value and its
gradient in square brackets, every arrow the local derivative and the product that flows along it. The
ending chooses the form: a page to step through (.html), a picture (.svg), LaTeX (.tex), Markdown with a
Mermaid graph (.md), DOT (.dot), data (.json). Nothing has to be installed for it, and nothing is fetched.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import chainrule
from chainrule import Derivation, Descent, Value, descend, explain, nn
from chainrule.nn import functional as F


def regression(lang: str = "en") -> Derivation:
    """The course's first graph: L = (ŷ − y)² with ŷ = x·w."""
    x, y = chainrule.tensor(1.0), chainrule.tensor(2.0)
    w = chainrule.tensor(1.0, requires_grad=True)
    ŷ = x * w
    S = ŷ - y
    L = S**2
    return explain(L, lang=lang, torch=False)


def course_graph() -> Derivation:
    """The course's second graph: L = (a·b + c)·f."""
    a, b, c, f = Value(2.0), Value(-3.0), Value(10.0), Value(-2.0)
    e = a * b
    d = e + c
    L = d * f
    return explain(L, torch=False)


def neuron() -> Derivation:
    """A neuron of two inputs, number by number."""
    x1, x2, y = chainrule.tensor(1.0), chainrule.tensor(2.0), chainrule.tensor(1.0)
    w1, w2, b = (chainrule.tensor(v, requires_grad=True) for v in (0.5, -0.25, 0.5))
    n = x1 * w1 + x2 * w2 + b
    o = chainrule.tanh(n)
    L = (o - y) ** 2
    return explain(L, torch=False)


def shared() -> Derivation:
    """A value that is used three times: its contributions add up."""
    a, b = Value(3.0), Value(2.0)
    L = a * a + a * b
    return explain(L, torch=False)


def tensors() -> Derivation:
    """The same rules on tensors: shapes, and what each row sends back."""
    x = chainrule.tensor([[1.0, 2.0, -1.0], [0.5, 0.0, 3.0]])
    w = chainrule.tensor([[0.1, -0.2], [0.3, 0.4], [-0.5, 0.6]], requires_grad=True)
    b = chainrule.tensor([0.0, 0.1], requires_grad=True)
    h = chainrule.relu(x @ w + b)
    L = (h**2).mean()
    return explain(L, torch=False)


def samples() -> Derivation:
    """Twelve samples of one regression: what is done again and again is drawn closed."""
    w, b = Value(0.5), Value(0.0)
    data = [(k / 4, k / 2 - 1) for k in range(12)]
    L = sum((w * x + b - y) ** 2 for x, y in data) / len(data)
    return explain(L, torch=False)


def network() -> Derivation:
    """A network: each of its layers is a box that opens."""
    chainrule.manual_seed(0)
    layers = [layer for _ in range(6) for layer in (nn.Linear(8, 8), nn.Tanh())]
    model = nn.Sequential(nn.Linear(4, 8), *layers, nn.Linear(8, 3))
    x, y = chainrule.randn(16, 4), chainrule.randint(0, 3, (16,))
    loss = F.cross_entropy(model(x), y)
    return explain(loss, torch=False)


def descent() -> Descent:
    """Gradient descent on a line through four points: too slow, right, too far."""
    w, b = Value(0.0), Value(0.0)
    points = [(0.0, 1.0), (1.0, 3.0), (2.0, 5.0), (3.0, 7.0)]

    def loss() -> Value:
        return sum((w * x + b - y) ** 2 for x, y in points) / len(points)

    return descend(loss, [w, b], lr=[0.005, 0.15, 0.24], steps=30)


PICTURES: dict[str, Callable[[], Derivation | Descent]] = {
    "regression": regression,
    "regression-fr": lambda: regression("fr"),
    "course-graph": course_graph,
    "neuron": neuron,
    "shared": shared,
    "tensors": tensors,
    "samples": samples,
    "network": network,
    "descent": descent,
}


def main(folder: str | Path = "lesson-out") -> list[Path]:
    """Writes every picture, and pages to step through; the files that it wrote."""
    out = Path(folder)
    out.mkdir(parents=True, exist_ok=True)
    written = []
    for name, make in PICTURES.items():
        shown = make()
        for ending in (".svg", ".html"):
            path = out / f"{name}{ending}"
            shown.save(path)
            written.append(path)
        derivation = shown.derivation if isinstance(shown, Descent) else shown
        print(f"{name}: {len(derivation.variables)} variables, {len(derivation.contributions)} products")
    pages = [path for path in written if path.suffix == ".html"]
    print("Open one of these in a browser:", *pages, sep="\n  ")
    return written


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Pictures and pages of programs, as they ran.")
    parser.add_argument("--out", default="lesson-out", help="folder of the pictures")
    main(parser.parse_args().out)
