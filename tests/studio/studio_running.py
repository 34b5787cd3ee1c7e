"""A studio that runs in a thread of the test."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from chainrule.studio.server import Studio, listen


@contextmanager
def running(port: int = 0, token: str | None = None) -> Iterator[Studio]:
    """A studio on ``port``, or on one that is free, until the block ends."""
    listener = listen(port)
    studio = Studio(listener) if token is None else Studio(listener, token=token)
    server = studio.server()
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        until = time.monotonic() + 20
        while not server.started and thread.is_alive() and time.monotonic() < until:
            time.sleep(0.01)
        assert server.started
        yield studio
    finally:
        server.should_exit = True
        thread.join(20)
        studio.close()
        assert not thread.is_alive()
