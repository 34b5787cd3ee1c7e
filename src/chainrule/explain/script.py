"""Explaining a program: run a script, and explain the last backward pass that it made."""

from __future__ import annotations

import os
import runpy
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from chainrule import errors
from chainrule.autodiff.graph import recorders
from chainrule.explain.derivation import Derivation
from chainrule.explain.derive import derive
from chainrule.explain.messages import language
from chainrule.explain.names import Names
from chainrule.explain.recording import Recording, record
from chainrule.origin import caller


def explain_script(
    path: str, arguments: Sequence[str] = (), *, lang: str = "en", torch: bool | None = None
) -> Derivation:
    """Run the script at ``path``, with ``arguments``, as ``python`` would; explain its last ``backward()``.

    What it computed is written down at the moment of the call, so later updates do not show.

    Raises DomainError where there is no such file, GraphError where no ``backward()`` was called, and
    whatever the script raises.
    """
    language(lang)
    if not os.path.isfile(path):
        raise errors.script_not_found(path)
    with _last_backward() as last, _as_main(path, arguments):
        _run(path)
    if not last:
        raise errors.script_without_backward(path)
    return derive(last[0], lang=lang, torch=torch)


def _run(path: str) -> None:
    """Run the script. One that ends by ``sys.exit(0)`` has run to its end."""
    try:
        runpy.run_path(path, run_name="__main__")
    except SystemExit as end:
        if end.code not in (None, 0):
            raise


@contextmanager
def _last_backward() -> Iterator[list[Recording]]:
    """While it lasts, the recording of the latest backward pass is the one item of the list."""
    last: list[Recording] = []

    def recorder(result: Any, seed: Any) -> None:
        # what cannot be recorded is a leaf, or a graph that backward() itself is about to refuse
        with suppress(errors.GraphError):
            last[:] = [record(result, Names.of_frame(caller()), seed)]

    recorders.append(recorder)
    try:
        yield last
    finally:
        recorders.remove(recorder)


@contextmanager
def _as_main(path: str, arguments: Sequence[str]) -> Iterator[None]:
    """The script's own ``sys.argv``, and its folder first on the path, as ``python script.py`` has it."""
    argv, folders = sys.argv, sys.path
    sys.argv = [path, *arguments]
    sys.path = [os.path.dirname(os.path.abspath(path)), *folders]
    try:
        yield
    finally:
        sys.argv, sys.path = argv, folders
