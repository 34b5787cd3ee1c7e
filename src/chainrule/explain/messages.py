"""The words of an explanation, in English and in French. French keeps the course's vocabulary."""

from __future__ import annotations

import re

from chainrule import errors

#: Texts by their names, by language.
Words = dict[str, dict[str, str]]

#: What an explanation says.
MESSAGES: Words = {
    "en": {
        "forward": "Forward pass: computing {result}",
        "forward_loss": "Forward pass: computing {result}",
        "input": "input {place}",
        "direct": "direct",
        "of_many": "{nth} of {count}",
        "more": "⋮   {count} more, left out here: the JSON form holds them all",
        "locals": "Local derivatives",
        "backward": "Backward pass: ∂{result}/∂… by the chain rule, from the end to the beginning",
        "summed": "{name} is used {count} times: the contributions add up",
        "so_far": "(sum so far)",
        "axes": "summed over axis {axes}, along which {name} was copied",
        "axes_many": "summed over axes {axes}, along which {name} was copied",
        "elementwise": "elementwise",
        "too_large": "not shown",
        "gradients": "Gradients, and their checks",
        "update": "Update of the weights (learning rate lr = {rate})",
        "gradient_column": "Gradient",
        "value_column": "Value",
        "check_column": "Check",
        "numerical": "numerical",
        "error": "error",
        "along": "along one direction",
        "kink": "a kink: the slopes to its left and right differ, and the gradient lies between them",
        "not_finite": "infinite or NaN: there is no slope to compare it with",
        "unmeasured": "no slope to compare it with: the result is too large for it, infinite or NaN",
        "unchecked": "not checked: too large a graph, or a value that it needs was not kept or overwritten",
        "drawn_elsewhere": "a name followed by … is drawn in full higher up",
        "drawn_once": "the graph is drawn once, at the end",
        "graph_too_large": "the graph, of {count} nodes, is too large to draw here",
    },
    "fr": {
        "forward": "Lecture avant du graphe : calcul de {result}",
        "forward_loss": "Lecture avant du graphe : calcul du regret {result}",
        "input": "entrée {place}",
        "direct": "directe",
        "of_many": "{nth} sur {count}",
        "more": "⋮   {count} de plus, omis ici : la forme JSON les contient tous",
        "locals": "Gradients locaux",
        "backward": "Rétropropagation : ∂{result}/∂… par la règle de la chaîne, de la fin au début",
        "summed": "{name} sert {count} fois : les contributions s'additionnent",
        "so_far": "(somme partielle)",
        "axes": "somme sur l'axe {axes}, le long duquel {name} a été copié",
        "axes_many": "somme sur les axes {axes}, le long desquels {name} a été copié",
        "elementwise": "élément par élément",
        "too_large": "non affiché",
        "gradients": "Gradients et vérifications",
        "update": "Mise à jour des poids (taux d'apprentissage lr = {rate})",
        "gradient_column": "Gradient",
        "value_column": "Valeur",
        "check_column": "Vérification",
        "numerical": "numérique",
        "error": "écart",
        "along": "le long d'une direction",
        "kink": "point anguleux : les pentes à gauche et à droite diffèrent, le gradient est entre elles",
        "not_finite": "infini ou NaN : aucune pente à lui comparer",
        "unmeasured": "aucune pente à lui comparer : résultat trop grand pour cela, infini ou NaN",
        "unchecked": "non vérifié : graphe trop grand, ou valeur nécessaire non gardée, ou écrasée depuis",
        "drawn_elsewhere": "un nom suivi de … est dessiné en entier plus haut",
        "drawn_once": "le graphe est dessiné une seule fois, à la fin",
        "graph_too_large": "le graphe, de {count} nœuds, est trop grand pour être dessiné ici",
    },
}

#: The words of the table's structural rows, in French.
WORDS_FR: dict[str, str] = {
    "copy {g} to each term of the sum": "{g}, copié sur chaque terme de la somme",
    "copy {g} / n to each of the n terms of the mean": (
        "{g} / n, copié sur chacun des n termes de la moyenne"
    ),
    "{g} goes to the largest element; ties share it evenly": (
        "{g}, donné au plus grand élément (partagé entre ex æquo)"
    ),
    "{g} goes to the smallest element; ties share it evenly": (
        "{g}, donné au plus petit élément (partagé entre ex æquo)"
    ),
    "{g} · softmax({x})": "{g} · softmax({x})",
    "{out} · ({g} − Σ {g}·{out})": "{out} · ({g} − Σ {g}·{out})",
    "{g} − exp({out}) · Σ {g}": "{g} − exp({out}) · Σ {g}",
    "reshape {g} back to the shape of {x}": "{g}, remis à la forme de {x}",
    "permute the axes of {g} back": "{g}, ses axes remis dans leur ordre",
    "sum {g} over the axes along which {x} was copied": (
        "somme de {g} sur les axes le long desquels {x} a été copié"
    ),
    "give {g} its axis of length 1 back": "{g}, avec de nouveau son axe de longueur 1",
    "take the added axis of length 1 out of {g}": "{g}, sans l'axe de longueur 1 ajouté",
    "cut {g} where the inputs were joined": "{g}, coupé là où les entrées ont été jointes",
    "take each input's slice of {g}": "tranche de {g} qui revient à chaque entrée",
    "{g} in the dtype of {x}": "{g} dans le type de {x}",
    "put {g} back where it was picked from, 0 elsewhere": "{g}, remis à sa place, 0 ailleurs",
    "pick from {g} what was put there": "{g}, repris aux places où il avait été mis",
    "{g}, but 0 where {x} was overwritten": "{g}, mais 0 là où {x} a été écrasé",
    "pick {g} where the value was put": "{g}, pris là où la valeur a été mise",
    "put {g} back at the gathered places, 0 elsewhere": "{g}, remis aux places choisies, 0 ailleurs",
    "gather {g} from the places that were added to": "{g}, pris aux places où l'on avait ajouté",
    "lay {y} over each window of {x}, times that place's {g}, and add up": (
        "{y}, posé sur chaque fenêtre de {x} et multiplié par le {g} de cette place, puis la somme"
    ),
    "add up the windows of {x}, each times its place's {g}": (
        "somme des fenêtres de {x}, chacune multipliée par le {g} de sa place"
    ),
    "convolve {g} with {y}": "convolution de {g} par {y}",
    "add up the windows of {g}, each times its place's {x}": (
        "somme des fenêtres de {g}, chacune multipliée par le {x} de sa place"
    ),
    "convolve {y} with {g}": "convolution de {y} par {g}",
    "lay {g} over each window of {y}, times that place's {x}, and add up": (
        "{g}, posé sur chaque fenêtre de {y} et multiplié par le {x} de cette place, puis la somme"
    ),
    "{g} of each window goes to its largest element, the first of equals": (
        "{g} de chaque fenêtre, donné à son plus grand élément (au premier des ex æquo)"
    ),
    "{g} of each window, shared evenly by its n elements: {g} / n for each": (
        "{g} de chaque fenêtre, partagé entre ses n éléments : {g} / n pour chacun"
    ),
    "({g})ᵀ": "({g})ᵀ",
    "{g} @ {y}ᵀ": "{g} @ {y}ᵀ",
    "{x}ᵀ @ {g}": "{x}ᵀ @ {g}",
}


def language(lang: str) -> dict[str, str]:
    """The messages of ``lang``. Raises DomainError for a language that is not there."""
    return in_language(MESSAGES, lang)


def in_language(words: Words, lang: str) -> dict[str, str]:
    """Those of ``words`` that are in ``lang``. Raises DomainError for a language that is not there."""
    if lang not in words:
        raise errors.unknown_language(lang, tuple(words))
    return words[lang]


def typeset_in(words: Words, lang: str) -> dict[str, str]:
    """:func:`in_language`, as a page sets it."""
    return {key: typeset(text, lang) for key, text in in_language(words, lang).items()}


def typeset(text: str, lang: str) -> str:
    """``text`` as a page sets it in ``lang``: in French a colon stays on the line of the word before it.

    >>> typeset("Arrêt : fin", "fr") == "Arrêt\\u00a0: fin", typeset("Stop: over", "en")
    (True, 'Stop: over')
    """
    return re.sub(" (?=[:;?!])", "\u00a0", text) if lang == "fr" else text


def words(template: str, lang: str) -> str:
    """A row's words in ``lang``; as they are where nobody has translated them."""
    return WORDS_FR.get(template, template) if lang == "fr" else template
