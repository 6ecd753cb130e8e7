"""Credentials that the program gives: tokens and signatures out of Python, over real sockets."""

from __future__ import annotations

import base64
import gc
import hashlib
import hmac
import json
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import penstock
import pytest

KEY = b"canary-signing-key"


class Server(ThreadingHTTPServer):
    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.good = {"token-1"}
        self.refused = 0
        self.url = f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_: object) -> None:
        """Quiet."""

    def good(self, body: bytes) -> bool:
        if self.path.startswith("/signed"):
            text = f"{self.command} {self.server.url}{self.path} ".encode() + body
            wanted = base64.b64encode(hmac.digest(KEY, text, hashlib.sha256)).decode()
            return bool(self.headers["X-Signature"] == wanted)
        scheme, _, token = (self.headers["Authorization"] or "").partition(" ")
        return scheme == "Bearer" and token in self.server.good

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        good = self.good(body)
        self.server.refused += not good
        # What was sent comes back, as unkind servers do.
        told = json.dumps([1, 2] if good else {"sent": dict(self.headers)}).encode()
        self.send_response(200 if good else 401)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(told)))
        self.end_headers()
        self.wfile.write(told)

    do_POST = do_GET


@pytest.fixture
def server() -> Iterator[Server]:
    started = Server()
    thread = threading.Thread(target=started.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield started
    started.shutdown()
    thread.join()
    started.server_close()


def client(server: Server, credential: Any, kind: str = "host_token") -> penstock.Client:
    document: dict[str, Any] = {
        "base_url": server.url,
        "auth": {"type": kind, "name": "mine"},
        "retry": {"attempts": 1},
        "streams": {"s": "/s", "signed": "/signed?a=b%20c"},
    }
    return penstock.Client(document, credentials={"mine": credential})


class Tokens:
    def __init__(self, life: float | None = None) -> None:
        self.calls = 0
        self.life = life
        self.threads: set[int] = set()

    def __call__(self) -> tuple[str, float | None]:
        self.calls += 1
        self.threads.add(threading.get_ident())
        return f"token-{self.calls}", self.life


def test_one_token_serves_all(server: Server) -> None:
    tokens = Tokens()
    with client(server, tokens) as api:
        threads = [threading.Thread(target=lambda: list(api.records("s"))) for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert tokens.calls == 1 and server.refused == 0
        assert threading.get_ident() not in tokens.threads
        # Refused, it is asked for again, once.
        server.good = {"token-2"}
        assert list(api.records("s")) == [1, 2]
    assert tokens.calls == 2 and server.refused == 1


def test_a_token_may_say_how_long_it_lives(server: Server) -> None:
    server.good = {f"token-{number}" for number in range(1, 50)}
    tokens = Tokens(life=0.5)
    began = time.monotonic()
    with client(server, tokens) as api:
        for _ in range(12):
            list(api.records("s"))
            threading.Event().wait(0.1)
    assert 2 <= tokens.calls <= 2 + (time.monotonic() - began) / 0.2 and server.refused == 0


def raising() -> str:
    raise LookupError("the vault is sealed\nand locked")


@pytest.mark.parametrize(
    ("credential", "told"),
    [
        (raising, "LookupError: the vault is sealed and locked"),
        (lambda: 7, "expected a str"),
        (lambda: "", "the token is empty"),
        (lambda: "canary\r\nX-Evil: 1", "line break"),
    ],
)
def test_a_callback_that_fails_fails_the_walk(
    server: Server, credential: Callable[[], Any], told: str
) -> None:
    with client(server, credential) as api, pytest.raises(penstock.AuthError) as caught:
        list(api.records("s"))
    message = str(caught.value)
    assert told in message and "credentials at /auth" in message and '"mine"' in message
    assert "canary" not in message and "\n" not in message


def test_a_callback_that_is_not_set_is_told(server: Server) -> None:
    document = {"base_url": server.url, "auth": {"type": "host_token", "name": "mine"}}
    with penstock.Client(document) as api, pytest.raises(penstock.StateError) as caught:
        api.request("GET", "/s")
    assert "not set" in str(caught.value)


def signed(request: penstock.SigningRequest) -> dict[str, str]:
    text = f"{request.method} {request.url} ".encode() + request.body
    return {"X-Signature": base64.b64encode(hmac.digest(KEY, text, hashlib.sha256)).decode()}


def test_requests_are_signed_as_they_go_out(server: Server) -> None:
    with client(server, signed, "host_signature") as api:
        assert list(api.records("signed")) == [1, 2]
        page = api.request("POST", "/signed/x", json={"a": [1, "ü"]}, query={"q": "ä b&"})
        assert page.status == 200
    assert server.refused == 0


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"X-A": "canary\r\nX-B: 1"}, "line break"),
        ({"Host": "evil.example"}, "can't be set"),
        ({"X A": "1"}, "can't be set"),
        ({"X-A": "a\0b"}, "NUL"),
    ],
)
def test_a_signature_is_no_way_to_other_headers(
    server: Server, fields: dict[str, str], told: str
) -> None:
    with (
        client(server, lambda _: fields, "host_signature") as api,
        pytest.raises(penstock.AuthError) as caught,
    ):
        list(api.records("signed"))
    assert told in str(caught.value) and "canary" not in str(caught.value)


def test_tokens_are_not_told_by_servers_that_repeat_them(server: Server) -> None:
    with (
        client(server, lambda: "canary+token/1") as api,
        pytest.raises(penstock.AuthError) as caught,
    ):
        list(api.records("s"))
    assert "canary" not in str(caught.value) and "(secret)" in str(caught.value)


def test_the_callback_goes_with_the_client(server: Server) -> None:
    tokens = Tokens()
    gone = weakref.ref(tokens)
    with client(server, tokens) as api:
        list(api.records("s"))
    del tokens, api
    gc.collect()
    assert gone() is None
