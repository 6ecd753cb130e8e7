"""Pages: what they say, and that their bytes stay as long as anybody looks."""

from __future__ import annotations

import gc
import json
from collections.abc import Callable
from typing import Any

import pytest

import penstock
from penstock._json import reader

Live = Callable[[], dict[str, int]]


def first(client: penstock.Client, words: str = "pages:3") -> penstock.Page:
    return next(client.pages(words))


def test_a_page_says_what_the_response_said(client: penstock.Client) -> None:
    with client.pages("pages:2") as pages:
        page, last = pages
    assert (page.status, page.index, page.record_count) == (200, 0, 2)
    assert (page.limit_remaining, page.limit_reset, page.total) == (7, 2.5, 6)
    assert (page.next_token, page.has_more) == ("té", True)
    assert (page.url, page.request_id) == ("http://127.0.0.1/users", "req-9")
    assert (last.limit_remaining, last.limit_reset, last.total) == (None, None, None)
    assert (last.next_token, last.has_more, last.index) == (None, False, 1)


def test_headers_do_not_care_about_case(client: penstock.Client) -> None:
    page = first(client)
    assert page.headers["X-a"] == page.header("x-A") == "1, 2"
    assert page.headers.pairs[0] == ("X-A", "1")
    assert "CONTENT-TYPE" in page.headers
    assert page.headers.get("none") is None is page.header("none")
    assert "application/json" not in repr(page.headers)


@pytest.mark.parametrize("words", ["pages:1", "pages:1 apart"])
def test_records_are_dicts_whether_they_stand_together_or_not(
    client: penstock.Client, words: str
) -> None:
    page = first(client, words)
    assert page.records == list(page) == [{"id": 0, "n": 1}, {"id": 0, "n": 2}]
    assert page.records is page.records


def test_records_that_stand_together_are_parsed_with_one_call() -> None:
    calls: list[bytes] = []

    def loads(text: bytes) -> Any:
        calls.append(text)
        return json.loads(text)

    with penstock.Client({"streams": {}}, json_loads=loads) as client:
        assert len(first(client, "pages:1").records) == 2
        assert calls == [b'[{"id":0,"n":1},{"id":0,"n":2}]']
        calls.clear()
        assert len(first(client, "pages:1 apart").records) == 2
        assert len(calls) == 2


def test_raw_records_are_read_only_views_of_the_body(client: penstock.Client) -> None:
    page = first(client)
    assert len(page.raw) == 2
    assert bytes(page.raw[-1]) == b'{"id":0,"n":2}'
    assert [bytes(view) for view in page.raw[0:9]] == [bytes(view) for view in page.raw]
    assert page.raw[0].readonly
    assert page.raw[0].format == "B"
    assert page.body.readonly
    with pytest.raises(IndexError):
        page.raw[2]
    with pytest.raises(TypeError):
        page.body[0] = 0


def test_a_view_outlives_its_page(client: penstock.Client, live: Live) -> None:
    views = [page.raw[1] for page in client.pages("pages:3")]
    gc.collect()
    assert live()["page"] == 3
    assert [bytes(view) for view in views] == [b'{"id":%d,"n":2}' % n for n in range(3)]
    del views[0]
    gc.collect()
    assert live()["page"] == 2


def test_close_leaves_views_valid_and_frees_when_the_last_one_goes(
    client: penstock.Client, live: Live
) -> None:
    page = first(client)
    view = page.raw[0][2:4]
    body = page.body
    page.close()
    page.close()
    assert live()["page"] == 1
    assert bytes(view) == b"id"
    del body
    assert live()["page"] == 1
    del view
    assert "page" not in live()


@pytest.mark.parametrize(
    "name",
    [
        "records",
        "raw",
        "body",
        "text",
        "status",
        "headers",
        "limit_remaining",
        "limit_reset",
        "next_token",
        "has_more",
        "total",
        "index",
        "metadata",
        "url",
        "record_count",
    ],
)
def test_a_closed_page_raises(client: penstock.Client, name: str) -> None:
    page = first(client)
    getattr(page, name)
    page.close()
    with pytest.raises(penstock.StateError, match="this Page is closed"):
        getattr(page, name)
    assert repr(page) == "<penstock.Page (closed)>"


def test_the_body_as_json(client: penstock.Client) -> None:
    page = first(client)
    assert page.json()["data"] == page.records
    assert page.text == bytes(page.body).decode()


def test_a_body_that_is_no_json_says_so() -> None:
    def refuse(text: bytes) -> Any:
        raise ValueError("unexpected end")

    with penstock.Client({"streams": {}}, json_loads=refuse) as client:
        page = first(client)
        with pytest.raises(penstock.DataError, match="not JSON: unexpected end") as caught:
            page.json()
    assert caught.value.http_status == 200
    assert caught.value.request_id == "req-9"


VALUES = [
    "-0",
    "1e400",
    "1e-400",
    "2.2250738585072014e-308",
    "123456789.12345678901234567890",
    "9223372036854775808",
    "18446744073709551616",
    "-9223372036854775808",
    "-9223372036854775809",
    "[12345678901234567890123, 1.10]",
    '"\\ud800"',
    '"é"',
    '{"a": 1, "a": 2}',
]


@pytest.mark.parametrize("text", VALUES)
def test_values_do_not_depend_on_what_is_installed(text: str) -> None:
    assert repr(reader(None)(memoryview(text.encode()))) == repr(json.loads(text))


def test_bytes_that_are_no_json_are_refused() -> None:
    for text in (b"", b"{", b"nul", b"\xff"):
        with pytest.raises(ValueError, match=r"."):
            reader(None)(memoryview(text))
