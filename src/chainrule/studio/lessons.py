"""The course as lessons: an expression, its values, what learns, and what to look at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Lesson:
    """``title`` and ``text`` are by language; ``learn`` names the inputs that an update moves.

    >>> LESSONS["regression"].title["fr"]
    'La régression du cours'
    """

    title: Mapping[str, str]
    text: Mapping[str, str]
    expression: str
    values: Mapping[str, float]
    learn: tuple[str, ...]
    rate: float


def _mean(terms: int) -> str:
    return f"L = ({' + '.join(f'e{i}**2' for i in range(1, terms + 1))})/{terms}"


def _line(points: int) -> dict[str, float]:
    """Points of the line 2·x − 1, from x = −1 on."""
    xs = [float(i - 2) for i in range(1, points + 1)]
    return {
        **{f"x{i}": x for i, x in enumerate(xs, 1)},
        **{f"y{i}": 2 * x - 1 for i, x in enumerate(xs, 1)},
    }


#: The lessons by name, in the order of the course.
LESSONS: dict[str, Lesson] = {
    "regression": Lesson(
        title={"en": "The course's regression", "fr": "La régression du cours"},
        text={
            "en": "Forward gives L = 1, backward ∂L/∂w = −2. Update takes w towards 2, where ŷ meets y and "
            "the gradient is 0.",
            "fr": "La lecture avant donne L = 1, la rétropropagation ∂L/∂w = −2. La mise à jour mène w "
            "vers 2, où ŷ rejoint y et où le gradient est nul.",
        },
        expression="ŷ = x*w\nS = ŷ - y\nL = S**2",
        values={"x": 1.0, "w": 1.0, "y": 2.0},
        learn=("w",),
        rate=0.1,
    ),
    "chain": Lesson(
        title={"en": "The chain rule: z = f(g(x))", "fr": "La règle de la chaîne : z = f(g(x))"},
        text={
            "en": "y = g(x), then z = f(y). Each node knows its own slope only; ∂z/∂x is their product, "
            "6 · 2 = 12. Move x and watch which factor follows.",
            "fr": "y = g(x), puis z = f(y). Chaque nœud ne connaît que sa propre pente ; ∂z/∂x est leur "
            "produit, 6 · 2 = 12. Faites varier x et regardez quel facteur suit.",
        },
        expression="y = 2*x + 1\nz = y**2",
        values={"x": 1.0},
        learn=("x",),
        rate=0.05,
    ),
    "product": Lesson(
        title={"en": "A product hands over the other factor", "fr": "Un produit transmet l'autre facteur"},
        text={
            "en": "The local derivative of z = x·y by x is y, and by y it is x: the gradients change "
            "places. Set one of them to 0 and see what the other one gets.",
            "fr": "La dérivée locale de z = x·y par rapport à x est y, et par rapport à y c'est x : les "
            "gradients s'échangent. Mettez l'un à 0 et voyez ce que reçoit l'autre.",
        },
        expression="z = x*y",
        values={"x": 2.0, "y": 3.0},
        learn=("x", "y"),
        rate=0.1,
    ),
    "a_b_c_f": Lesson(
        title={"en": "a, b, c, f: from L back to a", "fr": "a, b, c, f : de L jusqu'à a"},
        text={
            "en": "If a grows a little, does L grow or shrink? A sum hands its gradient on unchanged, a "
            "product multiplies it by the other factor: ∂L/∂a = f · 1 · b.",
            "fr": "Si a augmente un peu, L augmente-t-il ou diminue-t-il ? Une somme transmet le gradient "
            "tel quel, un produit le multiplie par l'autre facteur : ∂L/∂a = f · 1 · b.",
        },
        expression="e = a*b\nd = e + c\nL = d*f",
        values={"a": 2.0, "b": 3.0, "c": 4.0, "f": 5.0},
        learn=("a", "b", "c", "f"),
        rate=0.01,
    ),
    "shared": Lesson(
        title={"en": "One variable, used twice: a·a", "fr": "Une variable, deux emplois : a·a"},
        text={
            "en": "a stands on both sides of the product, so two contributions reach it, a from the left "
            "and a from the right. They add up to 2·a.",
            "fr": "a se trouve des deux côtés du produit : deux contributions lui reviennent, a par la "
            "gauche et a par la droite. Elles s'additionnent en 2·a.",
        },
        expression="L = a*a",
        values={"a": 3.0},
        learn=("a",),
        rate=0.1,
    ),
    "neuron": Lesson(
        title={"en": "A neuron with tanh and two inputs", "fr": "Un neurone, tanh et deux entrées"},
        text={
            "en": "∂L/∂b = (2·o − 2·y) · (1 − tanh(n)²). Move b far to either side: tanh is flat there, "
            "1 − o² nears 0, and the weights stop learning.",
            "fr": "∂L/∂b = (2·o − 2·y) · (1 − tanh(n)²). Poussez b loin d'un côté : tanh y est plate, "
            "1 − o² s'approche de 0 et les poids n'apprennent plus.",
        },
        expression="n = x1*w1 + x2*w2 + b\no = tanh(n)\nL = (o - y)**2",
        values={"x1": 1.0, "w1": 0.5, "x2": 2.0, "w2": -0.25, "b": 0.5, "y": 1.0},
        learn=("w1", "w2", "b"),
        rate=0.1,
    ),
    "two_samples": Lesson(
        title={"en": "Two samples, the same weights", "fr": "Deux données, les mêmes poids"},
        text={
            "en": "Both samples go through the same w and b. Each sends its own gradient back, and the "
            "gradient of w is the sum of the two.",
            "fr": "Les deux données passent par les mêmes w et b. Chacune renvoie son gradient, et celui "
            "de w est la somme des deux.",
        },
        expression="o1 = tanh(x1*w + b)\no2 = tanh(x2*w + b)\nL = (o1 - y1)**2 + (o2 - y2)**2",
        values={"x1": 1.0, "w": 0.5, "b": 0.5, "x2": -1.5, "y1": 1.0, "y2": -1.0},
        learn=("w", "b"),
        rate=0.1,
    ),
    "mini_batch": Lesson(
        title={"en": "A mini-batch of four points", "fr": "Un mini-batch de quatre points"},
        text={
            "en": "Four points of the line 2·x − 1, one loss, one update that they share. Train: w goes to "
            "2 and b to −1.",
            "fr": "Quatre points de la droite 2·x − 1, un seul regret, une mise à jour commune. Lancez "
            "l'entraînement : w va vers 2 et b vers −1.",
        },
        expression="\n".join([*(f"e{i} = x{i}*w + b - y{i}" for i in range(1, 5)), _mean(4)]),
        values={
            "w": 0.0,
            "b": 0.0,
            **_line(4),
        },
        learn=("w", "b"),
        rate=0.1,
    ),
    "large_rate": Lesson(
        title={"en": "A learning rate that is too large", "fr": "Un taux d'apprentissage trop grand"},
        text={
            "en": "At 1.05 each update jumps over the minimum and lands higher up. At 0.95 it swings but "
            "arrives, at 0.3 it is quick, at 0.02 it is slow. Train, then Reset, then try another.",
            "fr": "À 1.05, chaque mise à jour saute par-dessus le minimum et retombe plus haut. À 0.95, on "
            "oscille mais on arrive ; à 0.3, on converge vite ; à 0.02, tout doucement. Entraînez, "
            "recommencez, puis essayez un autre taux.",
        },
        expression="L = (x*w - y)**2",
        values={"x": 1.0, "w": 1.0, "y": 2.0},
        learn=("w",),
        rate=1.05,
    ),
    "log_loss": Lesson(
        title={"en": "Sigmoid and log loss", "fr": "Sigmoïde et entropie croisée"},
        text={
            "en": "p is the probability of class 1. However long the way back looks, what reaches z is "
            "p − y: the slopes of log and sigmoid cancel.",
            "fr": "p est la probabilité de la classe 1. Si long que paraisse le chemin, ce qui arrive en z "
            "est p − y : les pentes de log et de la sigmoïde se compensent.",
        },
        expression="z = x*w + b\np = sigmoid(z)\nL = -(y*log(p) + (1 - y)*log(1 - p))",
        values={"x": 1.5, "w": 0.5, "b": -0.25, "y": 1.0},
        learn=("w", "b"),
        rate=0.5,
    ),
    "vanishing": Lesson(
        title={"en": "A gradient that vanishes", "fr": "Un gradient qui s'évanouit"},
        text={
            "en": "Each tanh multiplies what comes back by 1 − h², well below 1 here, and each weight by "
            "itself. Follow the backward pass: little is left for w1. Try weights near 1.",
            "fr": "Chaque tanh multiplie ce qui revient par 1 − h², bien moins que 1 ici, et chaque poids "
            "par lui-même. Suivez la rétropropagation : il ne reste presque rien pour w1. Essayez des "
            "poids proches de 1.",
        },
        expression="\n".join(
            ["h1 = tanh(w1*x)", *(f"h{i} = tanh(w{i}*h{i - 1})" for i in range(2, 6)), "L = (h5 - y)**2"]
        ),
        values={"w1": 2.0, "x": 1.0, "w2": 2.0, "w3": 2.0, "w4": 2.0, "w5": 2.0, "y": -1.0},
        learn=("w1", "w2", "w3", "w4", "w5"),
        rate=0.5,
    ),
}
