"""A GPT that reads a name letter by letter, in plain Python, on any class of scalars.

Every number is a ``value``: a class with + - * / **, exp, log, relu and tanh, and ``backward()``. A vector
is a list of values, a matrix a list of rows.
"""

from __future__ import annotations

import random
from itertools import pairwise
from typing import Any

Vector = list[Any]
Matrix = list[Vector]

LETTERS = "abcdefghijklmnopqrstuvwxyz"
END = len(LETTERS)  # before the first letter and after the last
VOCABULARY = len(LETTERS) + 1
WIDTH, HEADS, HIDDEN, LONGEST = 16, 4, 64, 16
CAP = 10.0  # logits stay between -CAP and CAP


def read(name: str) -> list[int]:
    """The tokens of a name: ``"ada"`` is ``[26, 0, 3, 0, 26]``."""
    return [END, *(LETTERS.index(letter) for letter in name), END]


class GPT:
    """One attention layer of several heads and one hidden layer, each on a normed copy of what goes past
    it, as in every GPT since."""

    def __init__(self, value: Any, seed: int = 0) -> None:
        draw = random.Random(seed)

        def matrix(rows: int, columns: int, spread: float) -> Matrix:
            return [[value(draw.gauss(0, spread)) for _ in range(columns)] for _ in range(rows)]

        inner = WIDTH**-0.5
        self.letter = matrix(VOCABULARY, WIDTH, 0.3)
        self.place = matrix(LONGEST, WIDTH, 0.3)
        self.query = matrix(WIDTH, WIDTH, inner)
        self.key = matrix(WIDTH, WIDTH, inner)
        self.value = matrix(WIDTH, WIDTH, inner)
        self.gather = matrix(WIDTH, WIDTH, inner)
        self.widen = matrix(HIDDEN, WIDTH, inner)
        self.narrow = matrix(WIDTH, HIDDEN, HIDDEN**-0.5)
        self.answer = matrix(VOCABULARY, WIDTH, inner)

    def parameters(self) -> Vector:
        """All 4,624 numbers, in the order in which they were drawn."""
        return [number for matrix in vars(self).values() for row in matrix for number in row]

    def loss(self, tokens: list[int]) -> Any:
        """The mean of -log p(next token), over the tokens but the last."""
        keys: Matrix = []
        values: Matrix = []
        surprise = []
        for place, (token, following) in enumerate(pairwise(tokens)):
            x = added(self.letter[token], self.place[place])
            x = added(x, self.attention(normed(x), keys, values))
            hidden = [number.relu() for number in times(self.widen, normed(x))]
            x = added(x, times(self.narrow, hidden))
            logits = [CAP * (logit / CAP).tanh() for logit in times(self.answer, normed(x))]
            surprise.append(-softmax(logits)[following].log())
        return sum(surprise) / len(surprise)

    def attention(self, x: Vector, keys: Matrix, values: Matrix) -> Vector:
        """What this place gathers from itself and from those before it, whose keys and values are in the
        lists: this one's are added to them."""
        query = times(self.query, x)
        keys.append(times(self.key, x))
        values.append(times(self.value, x))
        gathered = []
        size = WIDTH // HEADS
        for head in range(HEADS):
            part = slice(head * size, (head + 1) * size)
            scores = [dot(query[part], key[part]) / size**0.5 for key in keys]
            weights = softmax(scores)
            gathered += [dot(weights, column) for column in zip(*(v[part] for v in values), strict=True)]
        return times(self.gather, gathered)


def dot(a: Any, b: Any) -> Any:
    return sum(x * y for x, y in zip(a, b, strict=True))


def times(matrix: Matrix, x: Vector) -> Vector:
    return [dot(row, x) for row in matrix]


def added(a: Vector, b: Vector) -> Vector:
    return [x + y for x, y in zip(a, b, strict=True)]


def normed(x: Vector) -> Vector:
    """``x`` divided by the root of its mean square."""
    scale = (dot(x, x) / len(x) + 1e-5) ** -0.5
    return [number * scale for number in x]


def softmax(scores: Vector) -> Vector:
    largest = max(score.data for score in scores)  # so that no exp overflows
    exps = [(score - largest).exp() for score in scores]
    total = sum(exps)
    return [exp / total for exp in exps]


def descend(parameters: Vector, rate: float) -> None:
    """A step of gradient descent; the gradients are set back to 0."""
    for p in parameters:
        p.data -= rate * p.grad
        p.grad = 0.0
