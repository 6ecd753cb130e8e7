#!/usr/bin/env python3
"""The server of the C conformance tests: exact bytes, and exactly the fault that a path names.

Prints one JSON line, {"url": ..., "pid": ...}, and serves until its stdin ends, so that it never
outlives the runner. support.c knows the same records.
"""

import json
import os
import select
import socket
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

TOTAL = 25


def record(number: int) -> str:
    """Numbers and spaces that a parser that re-dumps would change."""
    return (
        f'{{"id": {number}, "amount": 1.10,"big":12345678901234567890, '
        f'"name": "Zo\\u00eb \\"{number}\\" ☃","tags" : [ 1,2 ] }}'
    )


def records(start: int, count: int, total: int) -> str:
    return ", ".join(record(number) for number in range(start, min(start + count, total)))


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: "Server"

    def setup(self) -> None:
        super().setup()
        self.server.count("connections")

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        self.server.count("requests")
        parts = urlsplit(self.path)
        self.query = {
            name: values[-1]
            for name, values in parse_qs(parts.query, keep_blank_values=True).items()
        }
        length = int(self.headers.get("Content-Length") or 0)
        self.body = self.rfile.read(length)
        name, _, rest = parts.path.strip("/").partition("/")
        route = getattr(self, f"serve_{name}", None)
        if route is None:
            self.answer('{"error": "no such path"}', status=404)
        else:
            route(rest)

    do_POST = do_PUT = do_PATCH = do_DELETE = do_GET

    def answer(
        self,
        body: str | bytes,
        status: int = 200,
        headers: list[tuple[str, str]] | None = None,
        content_type: str = "application/json",
        length: int | None = None,
    ) -> None:
        data = body if isinstance(body, bytes) else body.encode()
        fields = [
            ("Content-Type", content_type),
            ("Content-Length", str(len(data) if length is None else length)),
        ]
        fields += headers or []
        head = (
            f"HTTP/1.1 {status} Status\r\n" + "".join(f"{n}: {v}\r\n" for n, v in fields) + "\r\n"
        )
        try:
            self.wfile.write(head.encode("latin-1") + data)
        except OSError:
            self.close_connection = True

    def number(self, name: str, default: int) -> int:
        return int(self.query.get(name) or default)

    # Styles of paging

    def serve_page(self, _: str) -> None:
        page, size, total = (
            self.number("page", 1),
            self.number("per_page", 10),
            self.number("total", TOTAL),
        )
        time.sleep(self.number("delay_ms", 0) / 1000)
        more = json.dumps(page * size < total)
        self.answer(
            f'{{"data": [{records((page - 1) * size, size, total)}], "page": {page}, '
            f'"has_more": {more}, "total": {total}}}',
            headers=[
                ("X-RateLimit-Limit", "1000"),
                ("X-RateLimit-Remaining", str(1000 - page)),
                ("X-RateLimit-Reset", str(int(time.time()) + 60)),
                ("X-Request-Id", f"page-{page}"),
            ],
        )

    def serve_offset(self, _: str) -> None:
        start, size = self.number("offset", 0), self.number("limit", 10)
        self.answer(f'{{"items":[{records(start, size, TOTAL)}]}}')

    def serve_cursor(self, _: str) -> None:
        start, size = int(self.query.get("cursor", "c0")[1:]), self.number("limit", 10)
        following = f'"c{start + size}"' if start + size < TOTAL else "null"
        self.answer(f'{{"data":[{records(start, size, TOTAL)}],"next_cursor":{following}}}')

    def serve_link(self, _: str) -> None:
        page, size = self.number("page", 1), self.number("per_page", 10)
        link = (
            [("Link", f'</link?page={page + 1}&per_page={size}>; rel="next"')]
            if page * size < TOTAL
            else []
        )
        self.answer(f"[{records((page - 1) * size, size, TOTAL)}]", headers=link)

    def serve_next(self, _: str) -> None:
        start = self.number("start", 0)
        following = f'"{self.server.url}/next?start={start + 10}"' if start + 10 < TOTAL else "null"
        self.answer(f'{{"results": [{records(start, 10, TOTAL)}], "next": {following}}}')

    def serve_single(self, _: str) -> None:
        self.answer(record(7), headers=[("X-Multi", "a"), ("X-Multi", "b"), ("ETag", '"v1"')])

    def serve_empty(self, _: str) -> None:
        self.answer('{"data": []}')

    # Faults

    def serve_status(self, rest: str) -> None:
        headers = [("X-Request-Id", "req-123")]
        if "retry_after" in self.query:
            headers.append(("Retry-After", self.query["retry_after"]))
        self.answer('{"error": "as asked"}', status=int(rest), headers=headers)

    def serve_broken(self, _: str) -> None:
        """Two good pages, then a 404."""
        if self.number("page", 1) > 2:
            self.answer('{"error": "gone"}', status=404, headers=[("X-Request-Id", "req-broken")])
        else:
            self.serve_page("")

    def serve_circle(self, _: str) -> None:
        self.answer(f'{{"data":[{record(1)}],"next_cursor":"same"}}')

    def serve_html(self, _: str) -> None:
        self.answer("<!doctype html><title>Maintenance</title>", content_type="text/html")

    def serve_json(self, rest: str) -> None:
        """Bodies that are nearly JSON."""
        self.answer({
            "cut": b'{"data": [1, 2',
            "trailing": b'{"data": []} x',
            "nan": b'{"data": [NaN]}',
            "utf8": b'{"data": ["\xff\xfe"]}',
            "nul": b'{"data": ["a\x00b"]}',
            "comma": b'{"data": [1,]}',
            "nothing": b"",
            "spaces": b" \n\t ",
            "object": b'{"data": {"not": "a list"}}',
            "missing": b'{"other": []}',
        }[rest])  # fmt: skip

    def serve_brackets(self, _: str) -> None:
        self.answer("[" * self.number("count", 200_000))

    def serve_big(self, _: str) -> None:
        self.answer('{"data": ["' + "x" * self.number("bytes", 1 << 20) + '"]}')

    def serve_truncated(self, _: str) -> None:
        self.answer('{"data": [1, 2, 3', length=1000)
        self.close_connection = True

    def serve_garbage(self, _: str) -> None:
        self.wfile.write(b"\x16\x03\x01 this is not HTTP\r\n\r\n")
        self.close_connection = True

    def serve_close(self, _: str) -> None:
        self.close_connection = True

    def serve_hang(self, _: str) -> None:
        """No answer. Ends when the other side goes away."""
        self.server.count("hanging")
        try:
            select.select([self.connection], [], [], 60)
        finally:
            self.server.count("hanging", -1)
        self.close_connection = True

    # Views

    def serve_echo(self, _: str) -> None:
        self.answer(json.dumps({
            "method": self.command, "path": self.path, "headers": dict(self.headers.items()),
            "body": self.body.decode("utf-8", "replace"),
        }))  # fmt: skip

    def serve_stats(self, _: str) -> None:
        self.answer(json.dumps(self.server.counters))


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.counters = {"requests": 0, "connections": 0, "hanging": 0}
        self.lock = threading.Lock()

    def count(self, what: str, by: int = 1) -> None:
        with self.lock:
            self.counters[what] += by

    def handle_error(
        self, request: socket.socket | tuple[bytes, socket.socket], client_address: object
    ) -> None:
        """Clients that go away in the middle are what the tests are about."""


def main() -> None:
    server = Server()
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    print(json.dumps({"url": server.url, "pid": os.getpid()}), flush=True)
    sys.stdin.read()


main()
