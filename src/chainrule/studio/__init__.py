"""The studio: a local page on which expressions are typed, moved, stepped through and trained.

``session`` is what a page talks to, and knows nothing of networks; ``server`` brings the messages there.
"""

from __future__ import annotations

from chainrule import errors

__all__ = ["serve"]


def serve(port: int = 0, *, open_browser: bool = True, lang: str = "en") -> None:
    """Open the studio on this machine alone, print its link, and serve it until Ctrl-C.

    ``port`` 0 takes one that is free. The page begins in ``lang``, and can be switched.

    >>> from chainrule.errors import DomainError
    >>> try:
    ...     serve(lang="de")
    ... except DomainError as error:
    ...     print(error)
    lang is 'de', and the texts are written in: 'en', 'fr'. Choose one of these.

    Raises StudioUnavailableError where a package is missing or the port is taken; DomainError for a
    language that is not there.
    """
    from chainrule.studio.words import words

    words(lang)
    try:
        from chainrule.studio.server import run
    except ModuleNotFoundError as missing:
        if missing.name is None or missing.name.startswith("chainrule"):
            raise
        raise errors.studio_packages_missing(missing.name) from None
    run(port, open_browser, lang)
