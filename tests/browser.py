"""A real browser for the tests of pages: the system's Chromium, driven by playwright.

Where there is none the tests that need it skip, with a line that says so; where the environment variable
``CHAINRULE_BROWSER`` is ``required``, as in ``.ci/run``, they fail instead.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def chromium() -> str:
    """The path of the system's Chromium; the test is skipped, or fails, where there is none."""
    for name in NAMES:
        if path := shutil.which(name):
            return path
    message = "no Chromium on this machine: install the package `chromium` to run the tests of pages"
    if os.environ.get("CHAINRULE_BROWSER") == "required":
        pytest.fail(message)
    pytest.skip(message)


@dataclass
class Watched:
    """A tab, with what it said and what it asked for since it was opened."""

    page: Any
    console: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def check(self, *allowed: str) -> None:
        """No error on the console, and no request but for addresses that begin as ``allowed``."""
        assert self.console == []
        own = ("file:", "data:", "about:", *allowed)
        assert [url for url in self.requests if not url.startswith(own)] == []


@contextmanager
def launched() -> Iterator[Any]:
    """A running browser."""
    path = chromium()
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=_QUIET)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def tab(browser: Any, **options: Any) -> Iterator[Watched]:
    """A fresh tab, 1280 × 900 unless ``options`` say otherwise, whose console and requests are noted."""
    options.setdefault("viewport", {"width": 1280, "height": 900})
    context = browser.new_context(**options)
    try:
        watched = Watched(context.new_page())
        page = watched.page
        page.on(
            "console", lambda m: watched.console.append(m.text) if m.type in ("error", "warning") else None
        )
        page.on("pageerror", lambda error: watched.console.append(str(error)))
        page.on("request", lambda request: watched.requests.append(request.url))
        yield watched
    finally:
        context.close()
