"""The course as notebooks: run again, every cell prints what is written in the file."""

from __future__ import annotations

import io
import re
import sys
import tokenize
from pathlib import Path
from typing import Any

import nbformat
import pytest

NOTEBOOKS = Path(__file__).resolve().parent.parent / "docs" / "notebooks"
sys.path.insert(0, str(NOTEBOOKS))

import make  # noqa: E402

LANGUAGES = tuple(make.NAMES)


def committed(lang: str) -> Any:
    return nbformat.read(NOTEBOOKS / f"{make.NAMES[lang]}.ipynb", as_version=4)


@pytest.fixture(scope="module", params=LANGUAGES)
def both(request: pytest.FixtureRequest) -> tuple[Any, Any]:
    """A notebook as it is in the repository, and as it comes out today."""
    return committed(request.param), make.executed(request.param)


def texts(cell: Any) -> list[str]:
    """What a cell prints and shows as text; how far rounding takes a check is the machine's own affair."""
    found = [
        output.text if output.output_type == "stream" else output.data["text/plain"]
        for output in cell.get("outputs", ())
    ]
    return [re.sub(r"\((error|écart) [^)]*\)", r"(\1)", text) for text in found]


def pages(cell: Any) -> list[str]:
    return [
        output.data["text/html"]
        for output in cell.get("outputs", ())
        if "text/html" in output.get("data", {})
    ]


def test_every_cell_prints_what_the_file_says(both: tuple[Any, Any]) -> None:
    then, now = both
    assert [cell.source for cell in then.cells] == [cell.source for cell in now.cells]
    for old, new in zip(then.cells, now.cells, strict=True):
        assert texts(old) == texts(new), old.source
        assert len(pages(old)) == len(pages(new)), old.source


def test_every_picture_is_a_page_in_a_frame(both: tuple[Any, Any]) -> None:
    for notebook in both:
        found = [page for cell in notebook.cells for page in pages(cell)]
        assert len(found) == 5
        for page in found:
            assert page.startswith('<iframe title="')
            assert page.endswith("</script>")
            assert len(re.findall("</?iframe", page)) == 2


def test_the_course_ends_at_minus_two(both: tuple[Any, Any]) -> None:
    for notebook in both:
        printed = [text for cell in notebook.cells for text in texts(cell)]
        assert "tensor(-2.)" in printed


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_file_is_small_and_the_same_on_every_machine(lang: str) -> None:
    text = (NOTEBOOKS / f"{make.NAMES[lang]}.ipynb").read_text(encoding="utf-8")
    assert len(text.encode()) < 1_500_000
    for passing in ("/tmp/", "/home/", str(Path.home()), "model_id", "iopub", '"version"'):
        assert passing not in text, passing
    nbformat.validate(nbformat.reads(text, as_version=4))


def code(cell: Any) -> list[str]:
    """The tokens of a cell, but comments and texts."""
    skipped = {tokenize.COMMENT, tokenize.STRING, tokenize.NL}
    read = io.StringIO(cell.source).readline
    return [token.string for token in tokenize.generate_tokens(read) if token.type not in skipped]


def test_both_languages_run_the_same_code() -> None:
    english, french = (committed(lang) for lang in LANGUAGES)
    assert [cell.cell_type for cell in english.cells] == [cell.cell_type for cell in french.cells]
    for one, other in zip(english.cells, french.cells, strict=True):
        if one.cell_type == "code":
            assert code(one) == code(other)
        else:
            assert one.source != other.source
