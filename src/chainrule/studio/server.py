"""The studio's page and its WebSocket, for this machine alone.

Who may do what:

- The server listens on 127.0.0.1 and nowhere else, and takes requests that were sent to that name or to
  "localhost" with its own port: a site whose name is made to point here (DNS rebinding) gets nothing.
- The page and its files are the same for everybody and hold nothing of the user's, so they ask no token.
  All that is the user's goes through the WebSocket, which opens only for our own page (its Origin) with the
  token of this run. The token stands after the # of the printed link: browsers do not send that part with
  any request, unlike a query or a cookie, which other ports of this machine would be sent too.
- What comes in is text of a bounded length and rate, checked field by field, and evaluated in the
  expression language alone.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import secrets
import socket
import threading
import time
import webbrowser
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import uvicorn
import websockets  # noqa: F401  (uvicorn speaks through it: where it is missing, say so at once)
from starlette.applications import Starlette
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from chainrule import errors
from chainrule.errors import ChainruleError
from chainrule.studio import pages, protocol
from chainrule.studio.session import Reply, Session

HOST = "127.0.0.1"

#: Pages that may be open at once, and messages that one may send in a second.
MOST_CONNECTIONS = 8
MOST_MESSAGES = 200

#: Between two pictures of a training, so that an eye can follow.
_PACE_SECONDS = 0.05

#: The subprotocol of the WebSocket. The token stands beside it: a page can put it there, and logs do not.
_SUBPROTOCOL = "chainrule"

# Why a WebSocket is closed, by the codes of RFC 6455.
_NOT_TEXT, _TOO_MUCH, _LATER = 1003, 1008, 1013

_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


@dataclass
class Studio:
    """A studio that listens on ``listener``: its link, and the application that serves it."""

    listener: socket.socket
    lang: str = "en"
    token: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)

    def __post_init__(self) -> None:
        self.port = int(self.listener.getsockname()[1])
        self.hosts = (f"{HOST}:{self.port}", f"localhost:{self.port}")
        self.link = f"http://{HOST}:{self.port}/#{self.token}"
        self._open = 0
        # One thread does all the work: the event loop stays free, and no two pages share the engine.
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="chainrule-studio")

    def server(self) -> uvicorn.Server:
        """The server of this studio, to be run on its listener."""
        config = uvicorn.Config(
            self.application(),
            ws="websockets-sansio",
            ws_max_size=protocol.LONGEST_MESSAGE,
            ws_per_message_deflate=False,
            lifespan="off",
            log_level="warning",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=1,
        )
        return uvicorn.Server(config)

    def application(self) -> ASGIApp:
        """The page, its files, the WebSocket, and nothing else."""
        files = [Route(path, _file(make, kind)) for path, (make, kind) in pages.files(self.lang).items()]
        routes = [*files, WebSocketRoute("/socket", self._converse)]
        return _Guard(Starlette(routes=routes), self.hosts)

    # --- one page --------------------------------------------------------------------------------------

    async def _converse(self, page: WebSocket) -> None:
        if not self._is_ours(page):
            await page.send_denial_response(PlainTextResponse("the link is not of this run\n", 403))
            return
        await page.accept(subprotocol=_SUBPROTOCOL)
        if self._open >= MOST_CONNECTIONS:
            await page.close(_LATER, f"{MOST_CONNECTIONS} pages are open already")
            return
        self._open += 1
        try:
            await self._answer(page)
        except WebSocketDisconnect:
            pass
        finally:
            self._open -= 1

    def _is_ours(self, page: WebSocket) -> bool:
        origins = [f"http://{host}" for host in self.hosts]
        offered = page.scope["subprotocols"]
        if page.headers.getlist("origin") not in [[origin] for origin in origins]:
            return False
        if len(offered) != 2 or offered[0] != _SUBPROTOCOL:
            return False
        return secrets.compare_digest(offered[1].encode(), self.token.encode())

    async def _answer(self, page: WebSocket) -> None:
        """Reply to the messages of ``page`` in their order; while it trains, between two pictures."""
        session = Session(self.lang)
        inbox = _Inbox(page)
        training: Iterator[Reply] | None = None
        try:
            while True:
                text = await inbox.next(None if training is None else _PACE_SECONDS)
                if text is not None:
                    reply = await inbox.unless_gone(self._work(_handled, session, text))
                    if isinstance(reply, dict):
                        await inbox.unless_gone(_sent(page, reply))
                    else:
                        training = reply
                elif training is not None:
                    state = await inbox.unless_gone(self._work(next, training, None))
                    if state is None:
                        training = None
                    else:
                        await inbox.unless_gone(_sent(page, state))
        except _Refused as refused:
            await page.close(*refused.args)
        finally:
            inbox.close()

    def _work(self, function: Callable[..., Any], *arguments: Any) -> asyncio.Future[Any]:
        return asyncio.get_running_loop().run_in_executor(self._worker, function, *arguments)

    def close(self) -> None:
        """Let the worker go, and the port."""
        self._worker.shutdown()
        self.listener.close()


class _Refused(Exception):
    """A connection that is closed, with this code and reason."""


class _Inbox:
    """The texts that a page sends, read as they come."""

    def __init__(self, page: WebSocket) -> None:
        self._page = page
        self._reading: asyncio.Task[str] | None = None
        self._times: deque[float] = deque(maxlen=MOST_MESSAGES)

    async def next(self, timeout: float | None) -> str | None:
        """The next text; None where none came within ``timeout`` seconds."""
        reading = self._begun()
        done, _ = await asyncio.wait({reading}, timeout=timeout)
        if not done:
            return None
        self._reading = None
        return reading.result()

    async def unless_gone(self, work: asyncio.Future[Any]) -> Any:
        """What ``work`` gives; where the page goes away before, or the server ends, that is raised at once,
        and nobody waits for the work."""
        reading = self._begun()
        await asyncio.wait({work, reading}, return_when=asyncio.FIRST_COMPLETED)
        if not work.done() and (gone := reading.exception()) is not None:
            work.cancel()
            raise gone
        return await work

    def _begun(self) -> asyncio.Task[str]:
        if self._reading is None:
            self._reading = asyncio.create_task(self._read())
        return self._reading

    async def _read(self) -> str:
        message = await self._page.receive()
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message.get("code") or 1000)
        now = time.monotonic()
        if len(self._times) == MOST_MESSAGES and now - self._times[0] < 1:
            raise _Refused(_TOO_MUCH, f"more than {MOST_MESSAGES} messages in a second")
        self._times.append(now)
        text = message.get("text")
        if not isinstance(text, str):
            raise _Refused(_NOT_TEXT, "messages are text: JSON")
        return text

    def close(self) -> None:
        # One that has ended, as the page went away, is asked how: asyncio complains of what nobody asked.
        if self._reading is not None and not self._reading.cancel():
            self._reading.exception()


def _handled(session: Session, text: str) -> Reply | Iterator[Reply]:
    try:
        message = protocol.read(text)
    except ChainruleError as error:
        return session.refused(error)
    return session.handle(message)


def _sent(page: WebSocket, reply: Reply) -> asyncio.Task[None]:
    text = json.dumps(reply, separators=(",", ":"), allow_nan=False)
    return asyncio.create_task(page.send_text(text))


def _file(make: Callable[[], str], kind: str) -> Callable[[Request], Awaitable[Response]]:
    async def answer(_: Request) -> Response:
        return Response(make(), media_type=kind)

    return answer


class _Guard:
    """Nothing answers to a foreign Host, and every answer has the strict headers."""

    def __init__(self, app: ASGIApp, hosts: tuple[str, ...]) -> None:
        self._app = app
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def guarded(message: Message) -> None:
            if message["type"] in ("http.response.start", "websocket.http.response.start"):
                MutableHeaders(scope=message).update(_HEADERS)
            await send(message)

        app = self._app
        hosts = Headers(scope=scope).getlist("host")
        if len(hosts) != 1 or hosts[0] not in self._hosts:
            app = _foreign
        await app(scope, receive, guarded)


async def _foreign(scope: Scope, receive: Receive, send: Send) -> None:
    answer = PlainTextResponse("this name is not the studio's: open the link that it printed\n", 421)
    if scope["type"] == "websocket":
        await WebSocket(scope, receive, send).send_denial_response(answer)
    else:
        await answer(scope, receive, send)


def listen(port: int) -> socket.socket:
    """A socket on ``port`` of this machine's own address. Raises StudioUnavailableError."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    if os.name == "posix":  # a port that was used a minute ago is free; elsewhere this would share it
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
        listener.listen()
    except (OSError, OverflowError) as problem:
        listener.close()
        raise errors.studio_port_taken(port, str(problem)) from None
    return listener


def run(port: int, open_browser: bool, lang: str) -> None:
    """Serve a studio until Ctrl-C; see :func:`chainrule.studio.serve`."""
    studio = Studio(listen(port), lang)
    print(f"chainrule studio: {studio.link}\nCtrl-C ends it.", flush=True)
    try:
        if open_browser:
            # A browser in the terminal would hold up the server: it is opened beside it.
            threading.Thread(target=webbrowser.open, args=(studio.link,), daemon=True).start()
        with contextlib.suppress(KeyboardInterrupt):  # uvicorn raises it again when all is closed
            studio.server().run(sockets=[studio.listener])
    finally:
        studio.close()
