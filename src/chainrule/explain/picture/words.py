"""The words of a picture, in English and in French."""

from __future__ import annotations

from chainrule.explain.messages import Words, in_language

WORDS: Words = {
    "en": {
        "whole": "The graph of {result}",
        "operations": "{count} operations",
        "leaves_parameter": "{count} parameters",
        "leaves_input": "{count} inputs",
        "leaves_constant": "{count} constants",
        "module": "{title}",
        "samples": "{count} × {title}",
        "repeated": "{title} ({place} of {count})",
        "fused": "{title}",
        "part": "operations, part {place} of {count}",
    },
    "fr": {
        "whole": "Le graphe de {result}",
        "operations": "{count} opérations",
        "leaves_parameter": "{count} paramètres",
        "leaves_input": "{count} données",
        "leaves_constant": "{count} constantes",
        "module": "{title}",
        "samples": "{count} × {title}",
        "repeated": "{title} ({place} sur {count})",
        "fused": "{title}",
        "part": "opérations, partie {place} sur {count}",
    },
}


def words(lang: str) -> dict[str, str]:
    """The words of ``lang``. Raises DomainError for a language that is not there."""
    return in_language(WORDS, lang)
