"""The studio's server: who gets in, what is served, and what it survives."""

from __future__ import annotations

import gc
import http.client
import json
import logging
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any

import pytest
from studio_running import running
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

import chainrule.studio
from chainrule import errors
from chainrule.studio import server
from chainrule.studio.server import MOST_CONNECTIONS, MOST_MESSAGES, Studio, listen


@pytest.fixture(scope="module")
def studio() -> Iterator[Studio]:
    with running() as studio:
        yield studio


def opened(
    studio: Studio,
    token: str | None = None,
    origin: str | None = "",
    host: str | None = None,
    **options: Any,
) -> AbstractContextManager[ClientConnection]:
    """A WebSocket to ``studio``, as its own page opens one, but for what is given."""
    made = socket.create_connection(("127.0.0.1", studio.port))
    options.setdefault("subprotocols", ["chainrule", studio.token if token is None else token])
    return connect(
        f"ws://{host or studio.hosts[0]}/socket",
        sock=made,
        origin=f"http://{studio.hosts[0]}" if origin == "" else origin,
        compression=None,
        max_size=None,
        proxy=None,
        **options,
    )


def asked(page: ClientConnection, message: Any) -> dict[str, Any]:
    page.send(message if isinstance(message, (str, bytes)) else json.dumps(message))
    return json.loads(page.recv(timeout=20))


def fetched(studio: Studio, path: str, method: str = "GET", **headers: str) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection("127.0.0.1", studio.port, timeout=20)
    connection.putrequest(method, path, skip_host=True)
    for name, value in {"Host": studio.hosts[0], **headers}.items():
        connection.putheader(name, value)
    connection.endheaders()
    response = connection.getresponse()
    response.body = response.read().decode()  # type: ignore[attr-defined]
    connection.close()
    return response


# --- who gets in -------------------------------------------------------------------------------------


def test_it_listens_on_the_loopback_alone(studio: Studio) -> None:
    assert studio.listener.getsockname()[0] == "127.0.0.1"
    assert studio.link == f"http://127.0.0.1:{studio.port}/#{studio.token}"
    assert len(studio.token) >= 40
    assert studio.token not in repr(studio)


def test_its_own_page_is_answered(studio: Studio) -> None:
    for host in studio.hosts:
        with opened(studio, origin=f"http://{host}", host=host) as page:
            assert page.subprotocol == "chainrule"
            reply = asked(page, {"do": "update", "number": 3})
            assert (reply["kind"], reply["number"], reply["steps"]) == ("state", 3, 1)


@pytest.mark.parametrize(
    "subprotocols",
    [
        None,
        ["chainrule"],
        ["chainrule", "wrong"],
        ["chainrule", "ok", "more"],
        ["other", "TOKEN"],
        ["TOKEN"],
    ],
)
def test_without_the_token_nobody_gets_in(studio: Studio, subprotocols: list[str] | None) -> None:
    offered = None if subprotocols is None else [studio.token if s == "TOKEN" else s for s in subprotocols]
    with pytest.raises(InvalidStatus) as caught, opened(studio, subprotocols=offered):
        pass
    assert caught.value.response.status_code == 403


@pytest.mark.parametrize(
    "origin",
    [
        None,
        "http://evil.example",
        "null",
        "https://127.0.0.1:PORT",
        "http://127.0.0.1",
        "http://127.0.0.1:1",
    ],
)
def test_a_foreign_page_is_refused(studio: Studio, origin: str | None) -> None:
    if origin is not None:
        origin = origin.replace("PORT", str(studio.port))
    with pytest.raises(InvalidStatus) as caught, opened(studio, origin=origin):
        pass
    assert caught.value.response.status_code == 403


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:PORT", "127.0.0.1", "127.0.0.1:1", "0.0.0.0:PORT"]
)
def test_a_foreign_name_is_refused(studio: Studio, host: str) -> None:
    host = host.replace("PORT", str(studio.port))
    with pytest.raises(InvalidStatus) as caught, opened(studio, host=host):
        pass
    assert caught.value.response.status_code == 421
    answer = fetched(studio, "/", Host=host)
    assert answer.status == 421
    assert "chainrule" not in answer.body  # type: ignore[attr-defined]


# --- what is served ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", "text/html; charset=utf-8"),
        ("/studio.css", "text/css; charset=utf-8"),
        ("/studio.js", "text/javascript; charset=utf-8"),
        ("/player.css", "text/css; charset=utf-8"),
        ("/player.js", "text/javascript; charset=utf-8"),
    ],
)
def test_the_files_of_the_page(studio: Studio, path: str, kind: str) -> None:
    answer = fetched(studio, path)
    assert answer.status == 200
    assert answer.headers["content-type"] == kind
    assert studio.token not in answer.body  # type: ignore[attr-defined]
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'")
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-store"
    assert "server" not in answer.headers


@pytest.mark.parametrize(
    "path",
    ["/session.py", "/../session.py", "/assets/studio.js", "/socket", "//", "/%2e%2e/%2e%2e/etc/passwd"],
)
def test_nothing_else_is_served(studio: Studio, path: str) -> None:
    answer = fetched(studio, path)
    assert answer.status == 404
    assert "content-security-policy" in answer.headers


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_nothing_can_be_sent_there(studio: Studio, method: str) -> None:
    assert fetched(studio, "/", method).status == 405


def test_the_page_has_no_script_or_style_of_its_own(studio: Studio) -> None:
    body = fetched(studio, "/").body  # type: ignore[attr-defined]
    assert "<style" not in body
    assert " style=" not in body
    assert " onclick=" not in body
    assert body.count("<script") == body.count("<script src=")
    assert "http" not in body


# --- what it survives --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "null",
        "[]",
        '{"do": "eval"}',
        '{"do": NaN}',
        "[" * 10_000,
        '"\\ud800"',
        '{"do": "\\ud800"}',
        "\0",
    ],
)
def test_a_malformed_message_is_answered_and_forgotten(studio: Studio, text: str) -> None:
    with opened(studio) as page:
        reply = asked(page, text)
        assert reply["kind"] == "refused"
        assert reply["error"]
        assert asked(page, {"do": "update"})["kind"] == "state"


def closed(page: ClientConnection) -> int | None:
    """The code with which the server closes ``page``."""
    try:
        while True:
            page.recv(timeout=20)
    except ConnectionClosed as end:
        return end.rcvd.code if end.rcvd else None


def test_a_binary_message_ends_the_conversation(studio: Studio) -> None:
    with opened(studio) as page:
        page.send(b'{"do": "update"}')
        assert closed(page) == 1003


def test_a_message_that_is_too_large_ends_the_conversation(studio: Studio) -> None:
    with opened(studio) as page:
        page.send(json.dumps({"do": "open", "expression": "w" * 20_000}))
        assert closed(page) == 1009


def test_too_many_messages_end_the_conversation(studio: Studio) -> None:
    with opened(studio) as page:
        for _ in range(MOST_MESSAGES + 50):
            try:
                page.send("x")
            except ConnectionClosed:
                break
        assert closed(page) == 1008


@pytest.mark.parametrize(
    "frame", [b"\xff\xff\xff\xff\xff\xff", b"\x81\x85\0\0\0\0\xff\xfe\xff\xfe\xff", b"\x81\x05hello"]
)
def test_broken_frames_end_the_conversation_and_not_the_server(studio: Studio, frame: bytes) -> None:
    with opened(studio) as page:
        page.socket.sendall(frame)
        assert closed(page) in (1002, 1007)
    with opened(studio) as page:
        assert asked(page, {"do": "update"})["kind"] == "state"


def test_a_page_too_many_is_told_to_wait(studio: Studio) -> None:
    pages = [opened(studio) for _ in range(MOST_CONNECTIONS)]
    try:
        for page in pages:
            asked(page.__enter__(), {"do": "update"})
        with opened(studio) as page:
            assert closed(page) == 1013
    finally:
        for each in pages:
            each.__exit__(None, None, None)
    for _ in range(100):
        with opened(studio) as page:
            try:
                assert asked(page, {"do": "update"})["kind"] == "state"
                break
            except ConnectionClosed:  # the others are still being closed
                threading.Event().wait(0.05)
    else:
        pytest.fail("the places of closed pages were not given free")


def test_a_training_can_be_stopped_and_does_not_hold_up_other_pages(studio: Studio) -> None:
    slow = "L = " + " + ".join(["w*w"] * 140)
    with opened(studio) as first, opened(studio) as second:
        asked(first, {"do": "open", "expression": slow, "rate": 1e-9})
        assert asked(first, {"do": "train", "steps": 10_000, "number": 1})["training"]
        assert asked(second, {"do": "update"})["steps"] == 1
        first.send(json.dumps({"do": "stop", "number": 2}))
        while (reply := json.loads(first.recv(timeout=20)))["number"] != 2:
            assert reply["training"]
        assert not reply["training"]
        assert reply["steps"] < 10_000
        assert asked(first, {"do": "update", "number": 3})["steps"] == reply["steps"] + 1


@pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning")
def test_a_page_that_goes_away_in_the_middle_is_forgotten(
    studio: Studio, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger("uvicorn"), "propagate", True)  # to what caplog hears
    for _ in range(3):
        page = opened(studio).__enter__()
        asked(page, {"do": "train", "steps": 10_000})
        page.socket.shutdown(socket.SHUT_RDWR)
        page.close()
    with opened(studio) as page:
        assert asked(page, {"do": "update"})["kind"] == "state"
    gc.collect()
    assert caplog.records == []


def test_each_page_has_a_session_of_its_own(studio: Studio) -> None:
    with opened(studio) as first, opened(studio) as second:
        asked(first, {"do": "open", "expression": "L = q*q", "values": {"q": 7}})
        assert [one["name"] for one in asked(second, {"do": "stop"})["inputs"]] == ["x", "w", "y"]


# --- beginning and end -------------------------------------------------------------------------------


def test_a_taken_port_is_told() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(
            errors.StudioUnavailableError, match=f"cannot listen on port {port} of 127.0.0.1"
        ):
            listen(port)
    with pytest.raises(errors.StudioUnavailableError, match="port 70000"):
        listen(70000)


@pytest.mark.parametrize("missing", ["starlette", "uvicorn", "websockets"])
def test_a_missing_package_is_named(missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("chainrule.studio.server")]:
        monkeypatch.delitem(sys.modules, name)
    for name in [name for name in sys.modules if name.split(".")[0] == missing]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(errors.StudioUnavailableError, match=r'pip install "chainrule\[studio\]"') as caught:
        chainrule.studio.serve(open_browser=False)
    assert missing in str(caught.value)


def test_the_end_waits_for_no_work(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    begun = threading.Event()

    def slow(*_: Any) -> dict[str, Any]:
        begun.set()
        time.sleep(3)
        return {}

    monkeypatch.setattr(server, "_handled", slow)
    with running() as studio:
        page = opened(studio).__enter__()
        page.send("{}")
        assert begun.wait(20)
    assert closed(page) == 1012
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("expression", ["L = (x*w - y)**2", "L = " + " + ".join(["w*w"] * 140)])
def test_ctrl_c_ends_it_cleanly(expression: str) -> None:
    program = (
        "import webbrowser; webbrowser.open = lambda link: print('opens', link, flush=True)\n"
        "import chainrule.studio; chainrule.studio.serve(); print('over')"
    )
    with subprocess.Popen(
        [sys.executable, "-W", "error", "-c", program],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        # Nothing below waits for ever: what is killed ends all that is read from it.
        killer = threading.Timer(120, process.kill)
        killer.start()
        try:
            assert process.stdout is not None
            link = process.stdout.readline().split()[-1]
            address, _, token = link.partition("/#")
            with _patient(address.removeprefix("http://"), token) as page:
                asked(page, {"do": "open", "expression": expression, "rate": 1e-9})
                assert asked(page, {"do": "train", "steps": 10_000})["kind"] == "state"
                process.send_signal(signal.SIGINT)
                output, problems = process.communicate()
        finally:
            killer.cancel()
            process.kill()
    assert (process.returncode, problems) == (0, "")
    assert f"opens {link}\n" in output
    assert output.endswith("over\n")


def _patient(host: str, token: str) -> ClientConnection:
    """A WebSocket to a server that may not answer yet: its port is open before it serves."""
    return connect(
        f"ws://{host}/socket",
        origin=f"http://{host}",  # type: ignore[arg-type]
        subprotocols=["chainrule", token],  # type: ignore[list-item]
        proxy=None,
        open_timeout=60,
        max_size=None,
    )


def test_a_conversation_leaves_nothing_behind() -> None:
    before = threading.active_count()
    port = 0
    for _ in range(2):  # the second time on the port of the first
        with running(port) as studio:
            port = studio.port
            for each in range(12):
                page = opened(studio).__enter__()
                asked(page, {"do": "train", "steps": 10_000})
                page.socket.shutdown(socket.SHUT_RDWR) if each % 2 else page.close()
    assert threading.active_count() <= before


def test_connections_that_say_nothing_hold_up_nobody(studio: Studio) -> None:
    silent = [socket.create_connection(("127.0.0.1", studio.port)) for _ in range(50)]
    try:
        for each in silent[::2]:
            each.sendall(b"GET /socket HTTP/1.1\r\nHost: 127")
        with opened(studio) as page:
            assert asked(page, {"do": "update"})["kind"] == "state"
        assert fetched(studio, "/").status == 200
    finally:
        for each in silent:
            each.close()
