"""The chapters in docs/ tell the truth: their code runs, and prints what stands below it.

A chapter's Python blocks run in order, in one namespace. Every other block shows what the Python block
right above it prints; in LLVM code, lines that start with a semicolon are the chapter's own notes. A block
whose first line is ``# name.py`` is that file, for messages and programs that name their lines.
"""

from __future__ import annotations

import contextlib
import io
import linecache
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

DOCS = Path(__file__).resolve().parent.parent / "docs"
PAGES = sorted(DOCS.glob("*.md"))
CHAPTERS = [page for page in PAGES if "```python" in page.read_text(encoding="utf-8")]


class Block(NamedTuple):
    kind: str
    text: str


def blocks(page: str) -> list[Block]:
    """The fenced blocks of a page, in order."""
    assert page.count("```") % 2 == 0
    found = re.findall(r"^```([^\n]*)\n(.*?)^```$", page, flags=re.MULTILINE | re.DOTALL)
    return [Block(kind, text) for kind, text in found]


def named(source: str) -> str | None:
    """The name of the file that a block of Python says it is."""
    first = re.match(r"# (\w+\.py)\n", source)
    return first and first[1]


def printed(source: str, scope: dict[str, Any]) -> str:
    """What ``source`` prints."""
    name = named(source) or "<chapter>"
    if named(source):
        linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    into = io.StringIO()
    with contextlib.redirect_stdout(into):
        exec(compile(source, name, "exec", dont_inherit=True), scope)
    return into.getvalue()


def shown(block: Block) -> list[str]:
    """The lines of a block, without blank ends and without the chapter's own notes."""
    lines = [line.rstrip() for line in block.text.splitlines()]
    return [line for line in lines if not (block.kind == "llvm" and line.lstrip().startswith(";"))]


def differences(page: str) -> Iterator[str]:
    """What a page shows and its code does not print, or the other way round."""
    scope: dict[str, Any] = {"__name__": "chapter"}
    ran, output = "", ""
    for block in [*blocks(page), Block("python", "")]:
        if block.kind == "python":
            if output.strip():
                yield f"nobody shows what this prints:\n{ran}\n{output}"
            ran, output = block.text, printed(block.text, scope)
            continue
        found = [line.rstrip() for line in output.splitlines()]
        if not output.strip() or found != shown(block):
            yield f"this is shown:\n{block.text}\nand this is printed:\n{output}\nby\n{ran}"
        output = ""


@pytest.fixture(autouse=True)
def _apart(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """A cache and a folder of its own, and no file left that is none."""
    monkeypatch.setenv("CHAINRULE_CACHE_DIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    before = set(linecache.cache)
    yield
    for name in set(linecache.cache) - before:
        del linecache.cache[name]


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda path: path.stem)
def test_a_chapter_prints_what_it_shows(chapter: Path) -> None:
    found = list(differences(chapter.read_text(encoding="utf-8")))
    assert not found, "\n\n".join(found)


def test_there_are_chapters() -> None:
    assert "compiler" in [chapter.stem for chapter in CHAPTERS]


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_every_link_leads_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8"))
    files = [target for target in targets if "://" not in target]
    assert files
    assert [target for target in files if not (page.parent / target).exists()] == []


# --- the checks themselves ---------------------------------------------------------------------------

RIGHT = "```python\nx = 2\n```\n\n```python\nprint(x * 3)\n```\n\n```text\n6\n```\n"


@pytest.mark.parametrize(
    "page",
    [
        RIGHT.replace("6", "7"),
        RIGHT.replace("```text\n6\n```\n", ""),
        RIGHT.replace("```text\n6\n", "```text\n6\n6\n"),
        RIGHT.replace("print(x * 3)", "y = x"),
        RIGHT + "```text\n6\n```\n",
        "```sh\nls\n```\n" + RIGHT,
    ],
    ids=["another number", "unshown", "a line more", "nothing printed", "shown twice", "not checked"],
)
def test_a_page_that_is_wrong_is_noticed(page: str) -> None:
    assert list(differences(RIGHT)) == []
    assert list(differences(page))


def test_notes_in_llvm_code_do_not_count() -> None:
    page = "```python\nprint('%a = fneg double %b')\n```\n```llvm\n; a note\n%a = fneg double %b\n```\n"
    assert list(differences(page)) == []
    assert list(differences(page.replace("llvm", "text")))


def test_a_block_may_be_a_file(tmp_path: Path) -> None:
    page = "```python\n# half.py\ndef half(x):\n    return x / 2\nprint(half.__code__.co_filename)\n```\n"
    assert list(differences(page + "```text\nhalf.py\n```\n")) == []
    assert linecache.getline("half.py", 3) == "    return x / 2\n"
