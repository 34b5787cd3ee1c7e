"""The cells of the course, English and French side by side. Code differs in comments and texts alone."""

from __future__ import annotations


class Cell:
    """One cell, by language."""

    def __init__(self, en: str, fr: str | None = None) -> None:
        self.texts = {"en": en, "fr": en if fr is None else fr}


class Text(Cell):
    """Prose, in Markdown."""


class Code(Cell):
    """Python."""


CELLS: list[Cell] = [
    Text(
        """
# Backpropagation, step by step

A network is a long formula, and training it means asking one question again and again: if this weight grew
a little, would the loss grow or shrink, and how fast? Backpropagation answers it for every weight at once.
In this notebook each answer comes with its derivation, which you can walk through: press the arrows under a
picture, or the arrow keys.
""",
        """
# La rétropropagation, pas à pas

Un réseau est une longue formule, et l'entraîner revient à poser toujours la même question : si ce poids
augmentait un peu, le regret augmenterait-il ou diminuerait-il, et à quelle vitesse ? La rétropropagation y
répond pour tous les poids à la fois. Dans ce carnet, chaque réponse vient avec sa dérivation, que l'on peut
parcourir : avec les boutons sous l'image, ou avec les flèches du clavier.
""",
    ),
    Code("import chainrule\nfrom chainrule import Value, explain"),
    Text(
        """
## 1. The chain rule

Let $y = g(x)$ and $z = f(y)$. Moving $x$ a little moves $y$ by $dy/dx$ times as much, and that moves $z$ by
$dz/dy$ times as much again. The two factors multiply:

$$\\frac{dz}{dx} = \\frac{dz}{dy} \\cdot \\frac{dy}{dx}$$
""",
        """
## 1. La règle de la chaîne

Soit $y = g(x)$ et $z = f(y)$. Un petit mouvement de $x$ déplace $y$ de $dy/dx$ fois autant, ce qui déplace
$z$ de $dz/dy$ fois autant à son tour. Les deux facteurs se multiplient :

$$\\frac{dz}{dx} = \\frac{dz}{dy} \\cdot \\frac{dy}{dx}$$
""",
    ),
    Code(
        """
x = Value(2.0)
y = 3 * x + 1  # 7
z = y**2  # 49
explain(z, lang="en")
""",
        """
x = Value(2.0)
y = 3 * x + 1  # 7
z = y**2  # 49
explain(z, lang="fr")
""",
    ),
    Text(
        """
## 2. The graph, and three steps

While a program computes, chainrule notes which operation made each number, and of what. These notes form
the *computational graph*. Finding a gradient then takes three steps:

1. **forward pass**: read the graph from the inputs to the end, and compute the loss $L$;
2. **local derivatives**: at every operation, ask how its result moves when one of its inputs moves;
3. **backward pass**: from $L$ back to the weights, multiply these along the way.

Here is the smallest model there is: one weight, a prediction $ŷ = x·w$, and the loss $L = (ŷ − y)^2$. A
result that has a graph shows it all by itself, when a cell ends with it.
""",
        """
## 2. Le graphe, et trois étapes

Pendant qu'un programme calcule, chainrule note quelle opération a donné chaque nombre, et à partir de quoi.
Ces notes forment le *graphe de calcul*. Trouver un gradient demande alors trois étapes :

1. **lecture avant** : lire le graphe des entrées jusqu'à la fin, et calculer le regret $L$ ;
2. **gradients locaux** : à chaque opération, voir comment son résultat bouge quand une de ses entrées
   bouge ;
3. **rétropropagation** : en revenant de $L$ vers les poids, multiplier ces gradients le long du chemin.

Voici le plus petit modèle qui soit : un poids, une prédiction $ŷ = x·w$ et le regret $L = (ŷ − y)^2$. Un
résultat qui a un graphe se montre de lui-même, quand une cellule se termine par lui. (Le bouton
« Français » de l'image en change la langue.)
""",
    ),
    Code(
        """
x, y = chainrule.tensor(1.0), chainrule.tensor(2.0)
w = chainrule.tensor(1.0, requires_grad=True)  # the weight: its gradient is wanted

ŷ = x * w  # prediction
S = ŷ - y  # error
L = S**2  # loss
L
""",
        """
x, y = chainrule.tensor(1.0), chainrule.tensor(2.0)
w = chainrule.tensor(1.0, requires_grad=True)  # le poids : on veut son gradient

ŷ = x * w  # prédiction
S = ŷ - y  # écart
L = S**2  # regret
L
""",
    ),
    Text(
        """
By hand: $ŷ = 1$, $S = −1$, $L = 1$. The local derivatives are $∂L/∂S = 2S = −2$, $∂S/∂ŷ = 1$ and $∂ŷ/∂w =
x = 1$; their product is $∂L/∂w = −2$. The explanation below says the same, in words that can be kept or
printed, and holds the gradient against two others: the slope that is measured by moving $w$ a little, and
PyTorch's answer.
""",
        """
À la main : $ŷ = 1$, $S = −1$, $L = 1$. Les gradients locaux sont $∂L/∂S = 2S = −2$, $∂S/∂ŷ = 1$ et $∂ŷ/∂w
= x = 1$ ; leur produit est $∂L/∂w = −2$. L'explication ci-dessous dit la même chose, sous une forme que
l'on peut garder ou imprimer, et compare le gradient à deux autres : la pente mesurée en déplaçant un peu
$w$, et la réponse de PyTorch.
""",
    ),
    Code('print(explain(L, lang="en"))', 'print(explain(L, lang="fr"))'),
    Text(
        """
An explanation touches no gradient. `backward()` is what leaves it in `w.grad`:
""",
        """
Une explication ne touche à aucun gradient. C'est `backward()` qui le dépose dans `w.grad` :
""",
    ),
    Code("L.backward()\nw.grad"),
    Text(
        """
The same cell in PyTorch, for whoever has it:
""",
        """
La même cellule avec PyTorch, pour qui l'a installé :
""",
    ),
    Code(
        """
try:
    import torch
except ImportError:
    print("PyTorch is not installed here.")
else:
    weight = torch.tensor(1.0, requires_grad=True)
    loss = (torch.tensor(1.0) * weight - torch.tensor(2.0)) ** 2
    loss.backward()
    print(weight.grad, "the same:", weight.grad.item() == w.grad.item())
""",
        """
try:
    import torch
except ImportError:
    print("PyTorch n'est pas installé ici.")
else:
    weight = torch.tensor(1.0, requires_grad=True)
    loss = (torch.tensor(1.0) * weight - torch.tensor(2.0)) ** 2
    loss.backward()
    print(weight.grad, "identique :", weight.grad.item() == w.grad.item())
""",
    ),
    Text(
        """
The gradient is negative: the loss shrinks as $w$ grows. So the weight moves *against* its gradient, by the
learning rate times as much, $w ← w − \\mathrm{lr}·∂L/∂w$:
""",
        """
Le gradient est négatif : le regret diminue quand $w$ augmente. Le poids se déplace donc *contre* son
gradient, multiplié par le taux d'apprentissage : $w ← w − \\mathrm{lr}·∂L/∂w$.
""",
    ),
    Code(
        """
with chainrule.no_grad():
    w -= 0.1 * w.grad  # the update itself belongs to no graph

print(w)
print((x * w - y) ** 2)  # smaller than 1
""",
        """
with chainrule.no_grad():
    w -= 0.1 * w.grad  # la mise à jour n'appartient à aucun graphe

print(w)
print((x * w - y) ** 2)  # plus petit que 1
""",
    ),
    Text(
        """
## 3. Four letters: $L = (a·b + c)·f$

Two rules cover this graph. A **sum** passes the gradient on unchanged, to both sides. A **product** sends
to each side the gradient times the *other* side. `Value` is a single number that remembers how it was
made; the text drawing below shows each gradient in brackets.
""",
        """
## 3. Quatre lettres : $L = (a·b + c)·f$

Deux règles suffisent pour ce graphe. Une **somme** transmet le gradient tel quel, des deux côtés. Un
**produit** envoie de chaque côté le gradient multiplié par l'*autre* côté. `Value` est un nombre qui se
souvient de son calcul ; le dessin en texte ci-dessous montre chaque gradient entre crochets.
""",
    ),
    Code(
        """
a, b, c, f = Value(2.0), Value(-3.0), Value(10.0), Value(-2.0)
e = a * b
d = e + c
L = d * f
print(explain(L, lang="en", torch=False))
""",
        """
a, b, c, f = Value(2.0), Value(-3.0), Value(10.0), Value(-2.0)
e = a * b
d = e + c
L = d * f
print(explain(L, lang="fr", torch=False))
""",
    ),
    Code(
        """
L.backward()
print(a.grad == f.data * b.data, b.grad == f.data * a.data)
print(c.grad == f.data, f.grad == d.data)
""",
    ),
    Text(
        """
## 4. A neuron

Two inputs, a weight for each, a bias, and tanh to bend the line: $n = x_1w_1 + x_2w_2 + b$ and
$o = \\tanh(n)$. Since $\\tanh' = 1 − \\tanh^2$, the local derivative of the last step is read off its own
result. Where $|n|$ is large it is nearly 0, and little gradient gets through: try other numbers.
""",
        """
## 4. Un neurone

Deux entrées, un poids pour chacune, un biais, et tanh pour courber la droite : $n = x_1w_1 + x_2w_2 + b$ et
$o = \\tanh(n)$. Comme $\\tanh' = 1 − \\tanh^2$, le gradient local de cette étape se lit sur son propre
résultat. Là où $|n|$ est grand il est presque nul, et peu de gradient passe : essayez d'autres nombres.
""",
    ),
    Code(
        """
x1, x2, y = 2.0, 0.5, 1.0
w1, w2, b = Value(-0.5), Value(1.5), Value(0.75)

n = x1 * w1 + x2 * w2 + b
o = n.tanh()
L = (o - y) ** 2
explain(L, lang="en")
""",
        """
x1, x2, y = 2.0, 0.5, 1.0
w1, w2, b = Value(-0.5), Value(1.5), Value(0.75)

n = x1 * w1 + x2 * w2 + b
o = n.tanh()
L = (o - y) ** 2
explain(L, lang="fr")
""",
    ),
    Text(
        """
The same gradients, by the chain rule written out:
""",
        """
Les mêmes gradients, la règle de la chaîne écrite à la main :
""",
    ),
    Code(
        """
L.backward()
dL_do = 2 * (o.data - y)
do_dn = 1 - o.data**2
for name, value, factor in [("w1", w1, x1), ("w2", w2, x2), ("b", b, 1.0)]:
    print(f"{name}: {value.grad:.6f} {dL_do * do_dn * factor:.6f}")
""",
    ),
    Text(
        """
## 5. Two samples, one set of weights

A mini-batch uses each weight once for every sample, and contributions that reach one weight by several ways
**add up**. With tensors the samples are the rows of a matrix, and the sum is a matrix product's own doing:
$∂L/∂W = X^{\\mathsf T} \\cdot ∂L/∂n$. Click a box for its numbers as coloured cells.
""",
        """
## 5. Deux exemples, les mêmes poids

Un mini-lot utilise chaque poids une fois par exemple, et les contributions qui arrivent à un même poids
par plusieurs chemins **s'additionnent**. Avec des tenseurs, les exemples sont les lignes d'une matrice,
et c'est le produit de matrices qui fait la somme : $∂L/∂W = X^{\\mathsf T} \\cdot ∂L/∂n$. Cliquez sur une
boîte pour voir ses nombres en cellules colorées.
""",
    ),
    Code(
        """
X = chainrule.tensor([[2.0, 0.5], [-1.0, 1.0]])
Y = chainrule.tensor([1.0, -1.0])
W = chainrule.tensor([-0.5, 1.5], requires_grad=True)
b = chainrule.tensor(0.25, requires_grad=True)

o = (X @ W + b).tanh()
L = ((o - Y) ** 2).sum()
explain(L, lang="en")
""",
        """
X = chainrule.tensor([[2.0, 0.5], [-1.0, 1.0]])
Y = chainrule.tensor([1.0, -1.0])
W = chainrule.tensor([-0.5, 1.5], requires_grad=True)
b = chainrule.tensor(0.25, requires_grad=True)

o = (X @ W + b).tanh()
L = ((o - Y) ** 2).sum()
explain(L, lang="fr")
""",
    ),
    Code(
        """
both = explain(L, torch=False).gradient("W")
losses = [((X[i] @ W + b).tanh() - Y[i]) ** 2 for i in range(2)]
first, second = (explain(loss, torch=False).gradient("W") for loss in losses)
for i in range(2):
    print(f"{both[i]:.5f} = {first[i]:.5f} + {second[i]:.5f}")
""",
    ),
    Text(
        """
## 6. How large a step?

The gradient says which way; the learning rate says how far. Too small, and the weight creeps; too large,
and it jumps across the valley, each time further from the bottom.
""",
        """
## 6. De combien avancer ?

Le gradient donne la direction ; le taux d'apprentissage donne la distance. Trop petit, le poids avance à
peine ; trop grand, il saute d'un versant à l'autre, chaque fois plus loin du fond.
""",
    ),
    Code(
        """
from chainrule import descend

x, y = chainrule.tensor(1.0), chainrule.tensor(2.0)
w = chainrule.tensor(1.0, requires_grad=True)
print(descend(lambda: (x * w - y) ** 2, [w], lr=[0.02, 0.3, 1.05], steps=20, lang="en"))
""",
        """
from chainrule import descend

x, y = chainrule.tensor(1.0), chainrule.tensor(2.0)
w = chainrule.tensor(1.0, requires_grad=True)
print(descend(lambda: (x * w - y) ** 2, [w], lr=[0.02, 0.3, 1.05], steps=20, lang="fr"))
""",
    ),
    Text(
        """
## 7. Your turn

A slider for each input: move them, and Python computes the forward and the backward pass again. Find the
$w$ for which the gradient vanishes, then move $x$ and see how much steeper the loss gets. (The live
picture needs `pip install "chainrule[notebook]"` and a running notebook; in a saved one you see it at its
first values.)
""",
        """
## 7. À vous

Un curseur pour chaque entrée : déplacez-les, et Python refait la lecture avant et la rétropropagation.
Cherchez le $w$ pour lequel le gradient s'annule, puis déplacez $x$ et voyez de combien la pente augmente.
(L'image vivante demande `pip install "chainrule[notebook]"` et un carnet en marche ; dans un carnet
enregistré, on la voit à ses premières valeurs.)
""",
    ),
    Code(
        """
from chainrule.explain.widget import live

live("S = x*w - y; L = S**2", x=(-3, 3, 1), y=(-3, 3, 2), w=(-3, 3, 1), learn="w", lang="en")
""",
        """
from chainrule.explain.widget import live

live("S = x*w - y; L = S**2", x=(-3, 3, 1), y=(-3, 3, 2), w=(-3, 3, 1), learn="w", lang="fr")
""",
    ),
    Text(
        """
A Python function of values serves as well as an expression, and whatever it calls its results, so does the
picture:

```python
def loss(x, w, y):
    ŷ = (x * w).tanh()
    return (ŷ - y) ** 2

live(loss, x=0.5, w=(-4, 4), y=0.8, learn="w")
```
""",
        """
Une fonction Python de `Value` convient aussi bien qu'une expression, et l'image reprend les noms qu'elle
donne à ses résultats :

```python
def loss(x, w, y):
    ŷ = (x * w).tanh()
    return (ŷ - y) ** 2

live(loss, x=0.5, w=(-4, 4), y=0.8, learn="w", lang="fr")
```
""",
    ),
]
