"""What tests of hostile servers share: a document full of secrets, a server that says anything."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import urllib.request
from collections.abc import Callable
from typing import Any

import penstock
import pytest

KEY = "canary-key-1"
CAPS = {"max_body_bytes": "8MiB"}
TIMEOUTS = {"connect": "5s", "first_byte": "1s", "idle": "1s", "total": "4s"}


def ask(practice: dict[str, Any], path: str) -> Any:
    with urllib.request.urlopen(practice["http"] + path, timeout=30) as answer:
        return json.load(answer)


def source(url: str, path: str, **more: Any) -> dict[str, Any]:
    return {
        "base_url": url,
        # Every kind of place at once.
        "auth": [
            {"type": "api_key", "value": KEY},
            {"type": "bearer", "token": "canary-bearer-2"},
            {"type": "api_key", "query": "api_key", "value": "canary-query-3"},
        ],
        "headers": {"X-Own": {"env": "PENSTOCK_OWN"}, "Cookie": "canary-cookie-4"},
        "query": {"access_token": "canary-literal-6"},
        "retry": {"attempts": 1},
        "timeouts": TIMEOUTS,
        "caps": CAPS,
        "streams": {"s": {"path": path, "records": {"or": ["data", ""]}, "max_pages": 20}},
        **more,
    }


def walk(document: dict[str, Any]) -> list[Any]:
    with penstock.Client(document) as api:
        return list(api.records("s"))


def failed(document: dict[str, Any]) -> penstock.PenstockError:
    with pytest.raises(penstock.PenstockError) as caught:
        walk(document)
    told = str(caught.value)
    assert "canary" not in told and "\n" not in told and "\r" not in told
    return caught.value


class Raw:
    """A server that says these bytes to whoever connects, and remembers what was asked."""

    def __init__(
        self, answer: bytes | Callable[[bytes], bytes], family: int = socket.AF_INET
    ) -> None:
        self.answer = answer
        self.asked: list[bytes] = []
        self.socket = socket.socket(family, socket.SOCK_STREAM)
        self.socket.bind(("::1" if family == socket.AF_INET6 else "127.0.0.1", 0))
        self.socket.listen(64)
        self.port = self.socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self) -> None:
        while True:
            try:
                link, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self.talk, args=(link,), daemon=True).start()

    def talk(self, link: socket.socket) -> None:
        with link, contextlib.suppress(OSError):
            link.settimeout(10)
            head = b""
            while b"\r\n\r\n" not in head:
                more = link.recv(65536)
                if not more:
                    return
                head += more
            self.asked.append(head)
            link.sendall(self.answer(head) if callable(self.answer) else self.answer)

    def __enter__(self) -> Raw:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()


def answered(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body
