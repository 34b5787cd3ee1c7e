"""The words of a descent, in English and in French. French keeps the course's vocabulary."""

from __future__ import annotations

from chainrule import errors

MESSAGES: dict[str, dict[str, str]] = {
    "en": {
        "title": "Gradient descent on {loss}({numbers}), {steps} steps",
        "title_one": "Gradient descent on {loss}({numbers}), 1 step",
        "from": "from {point}, {loss} = {value}",
        "last": "last {name}",
        "verdict": "verdict",
        "slow": "too small: slow",
        "right": "right: converging",
        "oscillating": "too large: oscillating",
        "diverging": "far too large: diverging",
        "stopped_loss": "stopped at step {step}: {loss} is {value}",
        "stopped_gradient": "stopped at step {step}: the gradient is not finite",
        "stopped_explosion": "stopped at step {step}: {loss} has exploded",
        "curvature": "Curvature along the gradient at the start: λ = {along}.",
        "curvature_largest": "Curvature at the start: λ = {along} along the gradient, {largest} at most.",
        "stable": "On a parabola, rates up to 2/λ = {rate} are stable.",
        "unstable": "The loss does not curve upward there, so no rate is known to be stable.",
        "sentence": "{rate} is {verdict}; {ended}.",
        "ended": "after {steps} steps, {point}{loss} = {value}",
        "ended_one": "after 1 step, {point}{loss} = {value}",
        "loss_chart": "The loss {loss} at each step",
        "loss_chart_about": "One line for each learning rate. {runs}",
        "path_chart": "The path on the curve {loss}({numbers})",
        "path_chart_about": "The loss over {numbers}, and where each step lands. {runs}",
        "surface_chart": "The path over the surface {loss}({numbers})",
        "surface_chart_about": "Bands of equal loss over {numbers}, and where each step lands. {runs}",
        "step": "step",
        "log": "{loss}, each tick {times} times the last",
        "start": "start",
        "minimum": "minimum",
        "off": "leaves the picture",
        "table": "Every step",
        "table_some": "The steps, not all of them",
        "play": "play",
        "pause": "pause",
        "position": "step {step}",
    },
    "fr": {
        "title": "Descente de gradient sur {loss}({numbers}), {steps} étapes",
        "title_one": "Descente de gradient sur {loss}({numbers}), 1 étape",
        "from": "depuis {point}, {loss} = {value}",
        "last": "{name} final",
        "verdict": "verdict",
        "slow": "trop petit : on converge tout doucement",
        "right": "bon : on converge",
        "oscillating": "trop grand : on oscille",
        "diverging": "beaucoup trop grand : on diverge",
        "stopped_loss": "arrêt à l'étape {step} : {loss} vaut {value}",
        "stopped_gradient": "arrêt à l'étape {step} : le gradient n'est pas fini",
        "stopped_explosion": "arrêt à l'étape {step} : {loss} a explosé",
        "curvature": "Courbure le long du gradient au départ : λ = {along}.",
        "curvature_largest": "Courbure au départ : λ = {along} le long du gradient, {largest} au plus.",
        "stable": "Sur une parabole, le pas d'apprentissage est stable jusqu'à 2/λ = {rate}.",
        "unstable": "Le regret n'y est pas courbé vers le haut : aucun pas n'est sûrement stable.",
        "sentence": "{rate} est {verdict} ; {ended}.",
        "ended": "après {steps} étapes, {point}{loss} = {value}",
        "ended_one": "après 1 étape, {point}{loss} = {value}",
        "loss_chart": "Le regret {loss} à chaque étape",
        "loss_chart_about": "Une ligne par pas d'apprentissage. {runs}",
        "path_chart": "Le chemin sur la courbe {loss}({numbers})",
        "path_chart_about": "Le regret selon {numbers}, et le point où mène chaque étape. {runs}",
        "surface_chart": "Le chemin sur la surface {loss}({numbers})",
        "surface_chart_about": "Bandes de même regret selon {numbers}, et où mène chaque étape. {runs}",
        "step": "étape",
        "log": "{loss}, chaque graduation {times} fois la précédente",
        "start": "départ",
        "minimum": "minimum",
        "off": "sort de l'image",
        "table": "Toutes les étapes",
        "table_some": "Les étapes, pas toutes",
        "play": "lecture",
        "pause": "pause",
        "position": "étape {step}",
    },
}


def language(lang: str) -> dict[str, str]:
    """The words of ``lang``. Raises DomainError for a language that is not there."""
    if lang not in MESSAGES:
        raise errors.unknown_language(lang, tuple(MESSAGES))
    return MESSAGES[lang]
