"""What can't work is refused before any request; what comes wrong over the wire is an error that
names the stream, the page and the place, or is followed and said aloud."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import penstock
import pytest

Answer = Callable[[str, dict[str, str]], tuple[int, dict[str, str], Any]]


class Scripted:
    """A server that answers with what a function says, and counts."""

    def __init__(self) -> None:
        self.answer: Answer = lambda _path, _query: (404, {}, None)
        self.requests: list[str] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self) -> None:
                outer.requests.append(self.path)
                parts = urlsplit(self.path)
                query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
                status, headers, body = outer.answer(parts.path, query)
                data = json.dumps(body).encode()
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_address[1]}"
        self.thread = threading.Thread(
            target=self.http.serve_forever, kwargs={"poll_interval": 0.02}
        )
        self.thread.start()

    def stop(self) -> None:
        self.http.shutdown()
        self.thread.join()
        self.http.server_close()


@pytest.fixture
def server() -> Iterator[Scripted]:
    scripted = Scripted()
    yield scripted
    scripted.stop()


def rows(first: int, count: int) -> list[dict[str, int]]:
    return [{"id": n} for n in range(first, first + count)]


def walked(
    server: Scripted, streams: dict[str, Any], name: str = "orders"
) -> tuple[list[int], list[Any]]:
    ids: list[int] = []
    told: list[Any] = []
    document = {"base_url": server.url, "retry": {"attempts": 1}, "streams": streams}
    with penstock.Client(document) as api:
        for page in api.pages(name):
            ids += [record["id"] for record in page]
            told.append(page.metadata)
    return ids, told


CURSOR = {"type": "cursor", "from": "next"}

# What check refuses: the stream "orders" (and others), the pointer, the words.
REFUSED: dict[str, tuple[dict[str, Any], str, str]] = {
    "placeholder without a value": (
        {"orders": {"path": "/orders/{shop}"}},
        "/streams/orders/path",
        "shop",
    ),
    "placeholder that is nothing known": (
        {"orders": {"path": "/orders", "query": {"a": "{nothing.here}"}}},
        "/streams/orders/query/a",
        "nothing.here",
    ),
    "unknown stream": (
        {"orders": {"path": "/o/{over.u}", "over": {"stream": "nobody", "key": "id", "as": "u"}}},
        "/streams/orders/over/stream",
        "nobody",
    ),
    "parent cycle": (
        {
            "orders": {"path": "/o/{over.u}", "over": {"stream": "users", "key": "id", "as": "u"}},
            "users": {"path": "/u/{over.o}", "over": {"stream": "orders", "key": "id", "as": "o"}},
        },
        "/over/stream",
        "its own parent",
    ),
    "two limits of the same walk": (
        {"orders": {"path": "/o", "max_pages": 3, "pagination": {**CURSOR, "max_pages": 4}}},
        "/streams/orders/pagination/max_pages",
        "given by the stream",
    ),
    "two rules that exclude each other": (
        {"orders": {"path": "/o?page=1", "pagination": {"type": "page", "param": "page"}}},
        "/streams/orders",
        "page",
    ),
    "paging with no stop": (
        {
            "orders": {
                "path": "/o",
                "pagination": {"type": "page", "stop_on_empty_page": False},
            }
        },
        "/streams/orders/pagination/stop_on_empty_page",
        "would never end",
    ),
    "unknown key": (
        {"orders": {"path": "/o", "paginate": "cursor"}},
        "/streams/orders/paginate",
        "pagination",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_can_not_work_is_refused_before_any_request(server: Scripted, case: str) -> None:
    streams, pointer, words = REFUSED[case]
    with pytest.raises(penstock.PenstockError) as caught:
        walked(server, streams)
    assert isinstance(caught.value, penstock.ConfigError), str(caught.value)
    assert pointer in caught.value.detail["pointer"], str(caught.value)
    assert words in str(caught.value)
    assert server.requests == []


def test_a_token_of_the_wrong_type(server: Scripted) -> None:
    def answer(_path: str, query: dict[str, str]) -> tuple[int, dict[str, str], Any]:
        return 200, {}, {"data": rows(2 * len(query), 2), "next": {"a": 1} if query else "t1"}

    server.answer = answer
    with pytest.raises(penstock.DataError, match=r'stream "orders", page 1.*next') as caught:
        walked(server, {"orders": {"path": "/o", "records": "data", "pagination": CURSOR}})
    assert "object" in str(caught.value)
    assert len(server.requests) == 2


def test_a_page_that_repeats(server: Scripted) -> None:
    server.answer = lambda _path, _query: (200, {}, {"data": rows(0, 2), "next": "same"})
    with pytest.raises(penstock.DataError, match=r'stream "orders", page \d+'):
        walked(server, {"orders": {"path": "/o", "records": "data", "pagination": CURSOR}})
    assert len(server.requests) <= 3
    # The same content under new page numbers: a server that clamps.
    server.answer = lambda _path, _query: (200, {}, {"data": rows(0, 2)})
    stream = {"path": "/o", "records": "data", "pagination": {"type": "page", "size": 2}}
    with pytest.raises(penstock.DataError, match=r'stream "orders", page \d+'):
        walked(server, {"orders": stream})
    assert len(server.requests) <= 6


def test_a_total_that_shrinks_is_followed_and_said_aloud(server: Scripted) -> None:
    def answer(_path: str, query: dict[str, str]) -> tuple[int, dict[str, str], Any]:
        offset = int(query.get("offset", "0"))
        total = 6 if offset < 2 else 4
        return 200, {}, {"data": rows(offset, min(2, total - offset)), "total": total}

    server.answer = answer
    paging = {"type": "offset", "size": 2, "total": "total"}
    ids, told = walked(server, {"orders": {"path": "/o", "records": "data", "pagination": paging}})
    assert ids == [0, 1, 2, 3]
    assert any("total" in warning for page in told for warning in page["warnings"])


def test_a_page_larger_than_asked_loses_and_doubles_nothing(server: Scripted) -> None:
    def answer(_path: str, query: dict[str, str]) -> tuple[int, dict[str, str], Any]:
        offset = int(query.get("offset", "0"))
        return 200, {}, {"data": rows(offset, min(5, 12 - offset))}

    server.answer = answer
    paging = {"type": "offset", "size": 2}
    ids, _ = walked(server, {"orders": {"path": "/o", "records": "data", "pagination": paging}})
    assert ids == list(range(12))


def test_a_next_link_to_itself(server: Scripted) -> None:
    server.answer = lambda path, _query: (
        200,
        {"Link": f'<{server.url}/o?page=2>; rel="next"'},
        rows(0, 2) if "2" not in path else rows(2, 2),
    )
    with pytest.raises(penstock.DataError, match=r'stream "orders", page \d+'):
        walked(server, {"orders": {"path": "/o", "pagination": "link"}})
    assert len(server.requests) <= 3


def test_a_next_link_to_another_host(server: Scripted) -> None:
    other = Scripted()
    server.answer = lambda _path, _query: (
        200,
        {"Link": f'<{other.url}/o?page=2>; rel="next"'},
        rows(0, 2),
    )
    try:
        with pytest.raises(penstock.PenstockError, match=r'stream "orders", page \d+') as caught:
            walked(server, {"orders": {"path": "/o", "pagination": "link"}})
        assert other.url.removeprefix("http://") in str(caught.value)
        assert other.requests == []
    finally:
        other.stop()


@pytest.mark.parametrize("parent", [{"name": "no key"}, {"id": None}, {"id": {"deep": 1}}])
def test_a_parent_record_without_the_key(server: Scripted, parent: dict[str, Any]) -> None:
    server.answer = lambda path, _query: (
        (200, {}, [{"id": 1}, parent]) if path == "/users" else (200, {}, [{"id": 7}])
    )
    streams = {
        "users": {"path": "/users", "pagination": "none"},
        "orders": {
            "path": "/orders/{over.user}",
            "pagination": "none",
            "over": {"stream": "users", "key": "id", "as": "user"},
        },
    }
    with pytest.raises(penstock.DataError) as caught:
        walked(server, streams)
    for part in ('stream "orders"', "users", "record 1", "id"):
        assert part in str(caught.value)
