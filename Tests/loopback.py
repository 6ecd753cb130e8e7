"""A server on loopback that answers in JSON: a test says what, in one function."""

from __future__ import annotations

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, NamedTuple, Self
from urllib.parse import parse_qsl, urlsplit

__all__ = ["JSONHandler", "JSONServer", "Status"]


class Status(NamedTuple):
    """An answer that is not 200."""

    code: int
    content: Any


class JSONHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Head and body in one write: two of them wait for each other's acknowledgement.
    wbufsize = 1 << 16
    server: JSONServer

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        answer = self.server.answer(parts.path, dict(parse_qsl(parts.query)))
        self.say(*answer) if isinstance(answer, Status) else self.say(200, answer)

    def say(self, status: int, content: Any) -> None:
        """What is bytes goes as it is."""
        if not isinstance(content, bytes):
            content = json.dumps(content, ensure_ascii=False).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Quiet."""


class JSONServer(ThreadingHTTPServer):
    """Runs within a `with`. Threads answer, many at once."""

    daemon_threads = True
    request_queue_size = 512

    def __init__(self, handler: type[JSONHandler] = JSONHandler) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self._serving = Thread(target=self.serve_forever, args=(0.02,), daemon=True)

    def answer(self, path: str, query: dict[str, str]) -> Any:
        """To a GET: JSON, or bytes, or a `Status` of either."""
        raise NotImplementedError

    def handle_error(self, *asked: Any) -> None:
        # Those who ask are killed in the middle: that is no news.
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(*asked)

    def __enter__(self) -> Self:
        self._serving.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self._serving.join()
        self.server_close()
