"""As many at once as a server bears, found out on the way: {"concurrent": "auto"}."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import penstock
import pytest

PAGES, SIZE = 1000, 5


class Narrow(ThreadingHTTPServer):
    """Answers after 10 ms, and refuses what is more than so many at once."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, bears: int) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.bears = bears
        self.lock = threading.Lock()
        self.now = self.most = self.refused = self.served = 0
        self.url = f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    server: Narrow
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        with self.server.lock:
            self.server.now += 1
            self.server.most = max(self.server.most, self.server.now)
            refused = self.server.now > self.server.bears
            self.server.refused += refused
            self.server.served += not refused
        time.sleep(0.01)
        page = int(parse_qs(urlsplit(self.path).query)["page"][0])
        rows = [{"id": page * SIZE + n} for n in range(SIZE)] if page < PAGES else []
        body = b"" if refused else json.dumps({"data": rows, "total": PAGES * SIZE}).encode()
        with self.server.lock:
            self.server.now -= 1
        self.send_response(503 if refused else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(params=[4, 12])
def narrow(request: pytest.FixtureRequest) -> Iterator[Narrow]:
    server = Narrow(request.param)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def document(url: str, limits: Any) -> dict[str, Any]:
    paging = {"type": "page", "start": 0, "size": {"value": SIZE}, "total": "total"}
    stream = {"path": "/rows", "records": "data", "pagination": paging, "parallel": 40}
    return {
        "base_url": url,
        "limits": limits,
        "retry": {"attempts": 20, "base": "5ms", "cap": "50ms"},
        "breaker": False,
        "streams": {"rows": stream},
    }


def test_it_is_found_out_and_kept_to(narrow: Narrow) -> None:
    with penstock.Client(document(narrow.url, [{"concurrent": "auto", "at_most": 40}])) as api:
        ids = [record["id"] for record in api.records("rows")]
        state = api.state()
    assert ids == list(range(PAGES * SIZE))
    # It went up to what the server bears, learnt that from it, and kept to it.
    assert narrow.served >= PAGES and narrow.most > narrow.bears
    assert 0 < narrow.refused * 10 < PAGES, (narrow.refused, narrow.most, state)
    assert 1 < state["hosts"][0]["concurrency"] <= narrow.bears + 1
