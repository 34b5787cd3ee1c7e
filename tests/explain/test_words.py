"""The words of every page: the same in both languages, in the course's terms, and well set."""

from __future__ import annotations

import re

import pytest

from chainrule.explain.descent.messages import MESSAGES as DESCENT
from chainrule.explain.messages import MESSAGES
from chainrule.explain.page import words as page
from chainrule.explain.picture import words as picture
from chainrule.studio import words as studio
from chainrule.studio.lessons import LESSONS

Words = dict[str, dict[str, str]]

LESSON_WORDS: Words = {
    lang: {
        f"{name}_{part}": getattr(lesson, part)[lang]
        for name, lesson in LESSONS.items()
        for part in ("title", "text")
    }
    for lang in ("en", "fr")
}

every = pytest.mark.parametrize(
    "texts",
    [MESSAGES, DESCENT, page.WORDS, picture.WORDS, studio.WORDS, LESSON_WORDS],
    ids=["explanation", "descent", "page", "picture", "studio", "lessons"],
)


@every
def test_both_languages_say_the_same(texts: Words) -> None:
    fields = re.compile(r"\{\w+\}")
    assert list(texts["en"]) == list(texts["fr"])
    for key, english in texts["en"].items():
        assert sorted(fields.findall(english)) == sorted(fields.findall(texts["fr"][key])), key


@every
def test_french_has_one_term_for_the_learning_rate(texts: Words) -> None:
    # "pas" is a step of the page
    assert not [text for text in texts["fr"].values() if "pas d'appr" in text.lower()]


@every
def test_a_space_stands_before_high_punctuation_in_french_alone(texts: Words) -> None:
    missing = re.compile(r"[^\s:?!][;?!](?:\s|$)|\w:(?:\s|$)")
    assert not [text for text in texts["fr"].values() if missing.search(text)]
    assert not [text for text in texts["en"].values() if re.search(r"\s[:;?!](?:\s|$)", text)]


@pytest.mark.parametrize("words", [page.words, studio.words], ids=["page", "studio"])
def test_no_line_of_a_page_begins_with_a_colon(words: object) -> None:
    assert callable(words)
    said = words("fr").values()
    assert any("\u00a0:" in text for text in said)
    assert not [text for text in said if re.search(" [:;?!]", text)]
