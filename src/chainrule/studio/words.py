"""The words of the studio, in English and in French. French keeps the course's vocabulary."""

from __future__ import annotations

from chainrule.explain.messages import Words, typeset_in

WORDS: Words = {
    "en": {
        "studio": "chainrule studio",
        "about": "Type an expression, move its inputs, and walk through backpropagation.",
        "lesson": "Lesson",
        "own": "your own expression",
        "expression": "Expression",
        "expression_help": "One result a line: + − * / **, parentheses; exp, log, sqrt, abs, tanh, "
        "sigmoid, relu, sin, cos, maximum, minimum.",
        "inputs": "Inputs",
        "learns": "learns",
        "slider": "{name}, slider",
        "value": "value of {name}",
        "learns_of": "{name} learns",
        "rate": "Learning rate",
        "rate_slider": "learning rate, slider",
        "walk": "Walk and train",
        "forward": "Forward",
        "backward": "Backward",
        "update": "Update",
        "train": "Train",
        "steps": "steps",
        "stop": "Stop",
        "reset": "Reset",
        "curve": "{result} went from {first} to {last}, by step {steps}.",
        "no_steps": "{result} = {last}. Update or train to see its curve.",
        "step": "step",
        "log_scale": "logarithmic scale",
        "picture": "The graph and its steps",
        "language": "Language",
        "theme": "dark / light",
        "connecting": "connecting…",
        "connected": "connected",
        "lost": "connection lost: trying again…",
        "refused": "no answer, or refused: open the link that the terminal printed",
        "crowded": "too many pages are open: close one, then load this page again",
        "no_script": "The studio needs scripts: they bring what Python computes to this page.",
        "updated": "Updated with learning rate {rate}: {changes}.",
        "training": "Training: step {done} of {steps}.",
        "trained": "Trained up to step {steps}: {result} went from {first} to {last}.",
        "stopped": "Stopped at step {steps}: {result} went from {first} to {last}.",
        "out_of_time": "Stopped at step {steps}, as the time was up: {result} went from {first} to {last}.",
        "diverged": "The next step would leave the finite numbers, so it was not made ({result} = {last} "
        "at step {steps}). Try a smaller learning rate, or Reset.",
        "no_learner": "No input learns: switch one on, and the update can move it.",
    },
    "fr": {
        "studio": "studio chainrule",
        "about": "Écrivez une expression, faites varier ses entrées et parcourez la rétropropagation.",
        "lesson": "Leçon",
        "own": "votre expression",
        "expression": "Expression",
        "expression_help": "Un résultat par ligne : + − * / **, parenthèses ; exp, log, sqrt, abs, tanh, "
        "sigmoid, relu, sin, cos, maximum, minimum.",
        "inputs": "Entrées",
        "learns": "apprend",
        "slider": "{name}, curseur",
        "value": "valeur de {name}",
        "learns_of": "{name} apprend",
        "rate": "Taux d'apprentissage",
        "rate_slider": "taux d'apprentissage, curseur",
        "walk": "Parcourir et entraîner",
        "forward": "Lecture avant",
        "backward": "Rétropropagation",
        "update": "Mise à jour",
        "train": "Entraîner",
        "steps": "étapes",
        "stop": "Arrêter",
        "reset": "Recommencer",
        "curve": "{result} est passé de {first} à {last} à l'étape {steps}.",
        "no_steps": "{result} = {last}. Mettez à jour ou entraînez pour voir sa courbe.",
        "step": "étape",
        "log_scale": "échelle logarithmique",
        "picture": "Le graphe et ses pas",
        "language": "Langue",
        "theme": "sombre / clair",
        "connecting": "connexion…",
        "connected": "connecté",
        "lost": "connexion perdue : nouvel essai…",
        "refused": "pas de réponse, ou refus : ouvrez le lien affiché dans le terminal",
        "crowded": "trop de pages sont ouvertes : fermez-en une, puis rechargez celle-ci",
        "no_script": "Le studio a besoin de scripts : ils apportent à cette page ce que Python calcule.",
        "updated": "Mise à jour au taux d'apprentissage {rate} : {changes}.",
        "training": "Entraînement : étape {done} sur {steps}.",
        "trained": "Entraîné jusqu'à l'étape {steps} : {result} est passé de {first} à {last}.",
        "stopped": "Arrêt à l'étape {steps} : {result} est passé de {first} à {last}.",
        "out_of_time": "Arrêt à l'étape {steps}, le temps étant écoulé : {result} est passé de {first} "
        "à {last}.",
        "diverged": "L'étape suivante sortirait des nombres finis : elle n'a pas été faite ({result} = "
        "{last} à l'étape {steps}). Essayez un taux d'apprentissage plus petit, ou recommencez.",
        "no_learner": "Aucune entrée n'apprend : activez-en une, et la mise à jour pourra la modifier.",
    },
}


def words(lang: str) -> dict[str, str]:
    """The words of ``lang``. Raises DomainError for a language that is not there.

    >>> words("fr")["backward"]
    'Rétropropagation'
    """
    return typeset_in(WORDS, lang)
