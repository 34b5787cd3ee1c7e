"""Machine code on disk, so that a program is compiled once and not once in each process.

An entry is one file, named by its key: a digest of the entry's own bytes, then the code. It is written
whole and then moved into place, so that processes that share the cache see all of it or nothing; what is
damaged does not match its digest, and counts as absent. Where nothing can be read or written, there is
simply no cache.

The folder is ``$CHAINRULE_CACHE_DIR``, or ``chainrule`` in the user's cache folder.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

#: What the folder may hold, in bytes; the entries that were used longest ago make room.
LIMIT = 256 * 1024 * 1024

_DIGEST = 32


def folder() -> Path:
    """Where the entries are."""
    chosen = os.environ.get("CHAINRULE_CACHE_DIR")
    if chosen:
        return Path(chosen)
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or os.path.expanduser(r"~\AppData\Local")
    elif sys.platform == "darwin":
        base = os.path.expanduser("~/Library/Caches")
    else:
        base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return Path(base, "chainrule")


def key_of(parts: Iterable[str]) -> str:
    """A name for what is made from ``parts``, and from nothing else."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode()
        digest.update(len(data).to_bytes(8, "little"))
        digest.update(data)
    return digest.hexdigest()


def fetch(key: str) -> bytes | None:
    """The code under ``key``; None where there is none, or where it is damaged."""
    path = _path(key)
    try:
        entry = path.read_bytes()
    except OSError:
        return None
    code = entry[_DIGEST:]
    if hashlib.sha256(code).digest() != entry[:_DIGEST]:
        return None
    with contextlib.suppress(OSError):
        os.utime(path)  # it was used now
    return code


def store(key: str, code: bytes) -> None:
    """Keep ``code`` under ``key``, where that is possible."""
    path = _path(key)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, made = tempfile.mkstemp(dir=path.parent, suffix=".part")
    except OSError:
        return
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(hashlib.sha256(code).digest() + code)
        os.replace(made, path)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(made)
        return
    _make_room(path.parent)


def _path(key: str) -> Path:
    return folder() / f"{key}.o"


def _make_room(where: Path) -> None:
    """Drop the entries that were used longest ago, until the folder is within its limit."""
    entries = []
    with contextlib.suppress(OSError), os.scandir(where) as files:
        for file in files:
            with contextlib.suppress(OSError):
                about = file.stat()
                entries.append((about.st_mtime, about.st_size, file.path))
    total = sum(size for _, size, _ in entries)
    for _, size, path in sorted(entries):
        if total <= LIMIT:
            break
        with contextlib.suppress(OSError):
            os.unlink(path)
            total -= size
