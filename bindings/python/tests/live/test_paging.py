"""Every paging style gives every record, byte for byte."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

import penstock

from .conftest import Practice, digest

GRAPHQL = "query($first: Int, $after: String) { list(first: $first, after: $after) { nodes } }"

STYLES: dict[str, dict[str, Any]] = {
    "offset": {
        "path": "/offset/users:250",
        "records": "data",
        "pagination": {"type": "offset", "size": 40},
    },
    "offset by other names": {
        "path": "/offset;param=startAt;size=maxResults;at=issues/users:250",
        "records": "issues",
        "pagination": {
            "type": "offset",
            "param": "startAt",
            "size": {"param": "maxResults", "value": 100},
        },
    },
    "page": {
        "path": "/page/users:250",
        "records": "data",
        "pagination": {"type": "page", "size": 100, "total": "total"},
    },
    "page from 0": {
        "path": "/page;base=0/users:250",
        "records": "data",
        "pagination": {"type": "page", "start": 0, "size": 100},
    },
    "page with has_more": {
        "path": "/page;more/users:250",
        "records": "data",
        "pagination": {"type": "page", "size": 100, "has_more": "has_more"},
    },
    "cursor": {
        "path": "/cursor/users:250",
        "records": "data",
        "pagination": {"type": "cursor", "param": "cursor", "from": {"body": "next_cursor"}},
    },
    "cursor that must be escaped": {
        "path": "/cursor;shape=hard/users:250",
        "records": "data",
        "pagination": {"type": "cursor", "from": "next_cursor", "size": 100},
    },
    "slack": {
        "path": "/slack/users:250",
        "records": "members",
        "pagination": {
            "type": "cursor",
            "from": "response_metadata.next_cursor",
            "size": {"param": "limit", "value": 100},
        },
    },
    "stripe": {
        "path": "/stripe/users:250",
        "records": "data",
        "pagination": {
            "type": "cursor",
            "param": "starting_after",
            "from": {"last_record": "id"},
            "has_more": "has_more",
            "size": {"param": "limit", "value": 100},
        },
    },
    "token": {
        "path": "/token/users:250",
        "records": "items",
        "pagination": {"type": "cursor", "param": "pageToken", "from": "nextPageToken"},
    },
    "cursor in headers": {
        "path": "/headercursor;send=X-Cursor/users:250",
        "pagination": {
            "type": "cursor",
            "slot": {"in": "header", "name": "X-Cursor"},
            "from": {"header": "X-Next-Cursor"},
        },
    },
    "next url": {
        "path": "/nexturl/users:250",
        "records": "data",
        "pagination": {"type": "next_url", "from": {"body": "next"}},
    },
    "link": {"path": "/link/users:250", "pagination": "link"},
    "post": {
        "path": "/post/users:250",
        "method": "POST",
        "idempotent": True,
        "json": {"limit": 100},
        "records": "results",
        "pagination": {
            "type": "cursor",
            "slot": {"in": "json", "name": "after"},
            "from": "paging.next.after",
        },
    },
    "graphql": {
        "path": "/graphql/users:250",
        "method": "POST",
        "idempotent": True,
        "json": {"query": GRAPHQL, "variables": {"first": 100}},
        "records": "data.list.nodes",
        "pagination": {
            "type": "cursor",
            "slot": {"in": "json", "name": ["variables", "after"]},
            "from": "data.list.pageInfo.endCursor",
            "has_more": "data.list.pageInfo.hasNextPage",
        },
    },
    "single": {"path": "/single/users:250", "pagination": "none"},
    "pretty": {"path": "/single;pretty/users:250", "pagination": "none"},
    "nested": {"path": "/single;in=payload.rows/users:250", "records": "payload.rows"},
}
DETECTED = ["/offset", "/page", "/cursor", "/link", "/nexturl", "/single", "/single;in=items"]


@pytest.mark.parametrize("style", STYLES)
def test_every_style_gives_every_record_as_the_server_sent_it(
    practice: Practice, client: penstock.Client, style: str
) -> None:
    assert digest(client.pages(STYLES[style])) == practice.truth("users:250")


@pytest.mark.parametrize("path", DETECTED)
def test_an_unknown_endpoint_is_walked_by_what_it_answers(practice: Practice, path: str) -> None:
    with penstock.Client(practice.source()) as client:
        assert digest(client.pages(f"{path}/users:250")) == practice.truth("users:250")
    records = penstock.paginate(f"{practice.http}{path}/users:250", json_loads=json.loads)
    wanted = [json.loads(line) for line in lines(practice, "users:250")]
    assert list(records) == wanted


def lines(practice: Practice, collection: str) -> list[bytes]:
    import urllib.request

    with urllib.request.urlopen(f"{practice.http}/_dump/{collection}", timeout=10) as answer:
        body: bytes = answer.read()
    return body.splitlines()


def test_records_are_what_the_json_module_reads(practice: Practice) -> None:
    source = practice.source(streams={"users": STYLES["page"]})
    with penstock.Client(source, json_loads=json.loads) as client:
        wanted = [json.loads(line) for line in lines(practice, "users:250")]
        assert list(client.records("users")) == wanted


def test_a_filter_is_kept_on_every_page(practice: Practice, client: penstock.Client) -> None:
    # Every style filters by equal text; half of the events are of one type.
    kind = client.get("/single/events:1").records[0]["type"]
    told = practice.ask(f"/_truth/events?type={kind}")
    pages = client.pages(
        {"path": "/cursor/events", "pagination": {"type": "cursor", "size": 100}},
        query={"type": kind},
    )
    assert digest(pages) == (told["count"], told["sha256"])
    assert told["count"] > 200


def test_a_walk_ends_where_it_is_told_to(client: penstock.Client) -> None:
    stream = {"path": "/page/users", "pagination": {"type": "page", "size": 100}}
    assert len(list(client.pages(stream, max_pages=3))) == 3
    pages = list(client.pages(stream, max_records=250))
    assert sum(page.record_count for page in pages) == 250
    assert [len(page.records) for page in pages] == [page.record_count for page in pages]
    assert [len(page.raw) for page in pages] == [page.record_count for page in pages]
    assert len(list(client.records(stream, max_records=7))) == 7


def test_a_page_says_where_it_stands(practice: Practice, client: penstock.Client) -> None:
    first, second, third = client.pages(STYLES["page"])
    assert [page.index for page in (first, second, third)] == [0, 1, 2]
    assert (first.total, first.has_more, first.status) == (250, True, 200)
    assert first.next_token == "2"
    assert third.has_more is False
    assert third.next_token is None
    assert first.headers["content-type"].startswith("application/json")
    assert first.header("Content-Type") == first.headers["CONTENT-TYPE"]
    assert first.metadata["records"] == 100
    assert first.url is not None
    assert first.url.startswith(practice.http)
    assert json.loads(bytes(first.body)) == first.json()
    assert first.records == [json.loads(bytes(record)) for record in first.raw]


def test_records_that_do_not_stand_together_are_read_one_by_one(
    practice: Practice, client: penstock.Client
) -> None:
    scattered = {**STYLES["page"], "records": "data[*]"}
    assert digest(client.pages(scattered)) == practice.truth("users:250")
    assert list(client.records(scattered)) == list(client.records(STYLES["page"]))
    page = client.get("/single;in=object/users:5")
    assert page.records == [page.json()]
    page = client.get("/offset/users:250", query={"offset": 1000})
    assert (page.records, list(page.raw), page.record_count) == ([], [], 0)


def test_a_limit_in_headers_is_read(practice: Practice, client: penstock.Client) -> None:
    name = practice.name()
    page = client.get(f"/limit/sliding:60:60s;dialect=ietf;name={name}/single/users:1")
    assert page.limit_remaining == 59
    assert page.limit_reset is not None
    assert 0 < page.limit_reset <= 60
    page = client.get("/single/users:1")
    assert (page.limit_remaining, page.limit_reset) == (None, None)


def test_writes_arrive(practice: Practice, client: penstock.Client) -> None:
    name = practice.name()
    page = client.post(f"/write/{name}", json={"a": [1, None, "é"]}, idempotency_key="k-1")
    assert page.status in (200, 201)
    for verb in (client.put, client.patch):
        assert verb(f"/write/{name}/1", json={"b": 2}, idempotency_key=name + verb.__name__)
    assert client.delete(f"/write/{name}/1").status in (200, 204)


def test_digests_differ_when_a_record_does(client: penstock.Client) -> None:
    count, seen = digest(client.pages("/page/users:1"))
    assert count == 1
    assert seen != hashlib.sha256(b"\n").hexdigest()
