"""Where values come from and where they go: every way of paging that is not a plain counter or
cursor in the query, byte for byte against the practice API."""

from __future__ import annotations

import json
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

import penstock
import pytest

TESTS = Path(__file__).resolve().parents[1]


def fetched(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=30) as answer:
        body: bytes = answer.read()
    return body


def walked(server: str, stream: dict[str, Any], **options: Any) -> tuple[bytes, int]:
    """The records' own bytes as `/_dump` has them, and how many pages they came in."""
    document = {
        "base_url": server,
        "retry": {"attempts": 1},
        "streams": {"s": stream},
    }
    lines, pages = bytearray(), 0
    with penstock.Client(document, **options) as api:
        for page in api.pages("s"):
            pages += 1
            for record in page.raw:
                lines += bytes(record) + b"\n"
    return bytes(lines), pages


def cursor(source: Any, **more: Any) -> dict[str, Any]:
    return {"type": "cursor", "from": source, **more}


SIZE = {"param": "limit", "value": 70}
POST = {"method": "POST", "idempotent": True, "records": "results"}
QUERY = (
    "query($first: Int, $after: String) { list(first: $first, after: $after) "
    "{ nodes { id } pageInfo { hasNextPage endCursor } } }"
)
GRAPHQL = {"path": "/graphql/users", "records": "data.list.nodes"}
END = "data.list.pageInfo.endCursor"

STREAMS: dict[str, dict[str, Any]] = {
    # Bodies.
    "post, cursor in a slot": {
        **POST,
        "path": "/post/users",
        "json": {"limit": 70},
        "pagination": cursor("paging.next.after", slot={"in": "json", "name": "after"}),
    },
    "post, token and size in texts of the body": {
        **POST,
        "path": "/post;shape=json/users",
        "json": {"after": "{page.token}", "limit": "{page.size}"},
        "pagination": cursor("paging.next.after", size=70),
    },
    "post, page number and size deep in the body": {
        **POST,
        "path": "/post;kind=page/users",
        "pagination": {
            "type": "page",
            "slot": {"in": "json", "name": ["page", "number"]},
            "size": {"value": 70, "slot": {"in": "json", "name": ["page", "size"]}},
            "last_page": "page.last",
        },
    },
    "post, offset stopped by a sum": {
        **POST,
        "path": "/post;kind=offset/users",
        "json": {"offset": "{page.token}", "limit": "{page.size}"},
        "pagination": {
            "type": "offset",
            "size": 70,
            "stop_on_empty_page": False,
            "stop_on_short_page": False,
            "stop": [
                {
                    "source": {"add": [{"page": "token"}, {"page": "count"}]},
                    "at_least": "total",
                }
            ],
        },
    },
    "post, a form with a field for the next pages": {
        **POST,
        "path": "/post;form/users",
        "form": {"limit": 70, "after": {"value": "{page.token}", "when": "next_pages"}},
        "pagination": cursor("paging.next.after"),
    },
    "post, a member for the next pages": {
        **POST,
        "path": "/post/users",
        "json": {"limit": 70},
        "fields": [
            {
                "in": "json",
                "name": "after",
                "value": {"body": "paging.next.after"},
                "when": "next_pages",
            }
        ],
        "pagination": cursor("paging.next.after", slot={"in": "header", "name": "X-Unused"}),
    },
    "slack by form": {
        "method": "POST",
        "idempotent": True,
        "path": "/slack/users",
        "form": {"limit": 70},
        "records": "members",
        "pagination": cursor(
            "response_metadata.next_cursor", slot={"in": "form", "name": "cursor"}
        ),
    },
    "a text body": {
        **POST,
        "path": "/post;shape=numeric/users",
        "text": '{"after": "{page.token}", "limit": {page.size}}',
        "content_type": "application/json",
        "pagination": cursor("paging.next.after", start="0", size=70),
    },
    "graphql with variables in slots": {
        **GRAPHQL,
        "graphql": {"query": QUERY},
        "pagination": cursor(
            END,
            slot={"in": "graphql", "name": "after"},
            size={"value": 70, "slot": {"in": "graphql", "name": "first"}},
            has_more="data.list.pageInfo.hasNextPage",
        ),
    },
    "graphql with places in the variables": {
        **GRAPHQL,
        "graphql": {
            "query": QUERY,
            "variables": {"after": "{page.token}", "first": "{page.size}"},
        },
        "pagination": cursor(END, size=70),
    },
    # Headers.
    "token in a header of the response": {
        "path": "/headercursor/users",
        "pagination": cursor({"header": "X-Next-Cursor"}, size=SIZE),
    },
    "token in headers both ways": {
        "path": "/headercursor;send=X-Cursor;end=empty/users",
        "query": {"limit": 70},
        "pagination": cursor(
            {"header": "x-next-cursor"}, slot={"in": "header", "name": "X-Cursor"}
        ),
    },
    "token in a text of a header": {
        "path": "/headercursor;send=X-Cursor/users",
        "query": {"limit": "{page.size}"},
        "headers": {"X-Cursor": "{page.token}"},
        "pagination": cursor({"header": "X-Next-Cursor"}, size=70),
    },
    # Records.
    "the last record's id": {
        "path": "/lastid/users",
        "pagination": cursor(
            {"last_record": "id"}, param="since", size={"param": "per_page", "value": 70}
        ),
    },
    "the last record's id until has_more is false": {
        "path": "/stripe/users",
        "records": "data",
        "pagination": cursor(
            {"last_record": "id"}, param="starting_after", has_more="has_more", size=SIZE
        ),
    },
    "the same by a stop rule": {
        "path": "/stripe/users",
        "records": "data",
        "query": {"limit": "{page.size}", "starting_after": {"last_record": "id"}},
        "pagination": cursor(
            {"last_record": "id"},
            slot={"in": "header", "name": "X-Unused"},
            size={"value": 70, "param": "limit2"},
            stop=[{"source": "has_more", "is": "false"}],
        ),
    },
    # URLs.
    "a parameter cut out of the next URL": {
        "path": "/nexturl/users",
        "records": "data",
        "pagination": cursor({"query_param": "after", "of": "next"}, param="after", size=SIZE),
    },
    "a parameter cut out of the Link header": {
        "path": "/link/users",
        "pagination": cursor(
            {"query_param": "page", "of": {"link": "next"}},
            param="page",
            size={"param": "per_page", "value": 70},
        ),
    },
    "a number of the body and one": {
        "path": "/page/users",
        "records": "data",
        "pagination": cursor(
            {"add": ["page", 1]},
            param="page",
            size={"param": "per_page", "value": 70},
            stop=[
                {
                    "source": {"page": "received"},
                    "at_least": "total",
                }
            ],
        ),
    },
    "where the next offset starts": {
        "path": "/offset;param=skip/users",
        "records": "data",
        "pagination": cursor(
            {"add": ["offset", {"page": "count"}]},
            param="skip",
            start="0",
            size=SIZE,
            stop=[{"source": {"page": "count"}, "equals": 0}],
        ),
    },
    "google's tokens": {
        "path": "/token/users",
        "records": "items",
        "pagination": cursor(
            "nextPageToken", param="pageToken", size={"param": "pageSize", "value": 70}
        ),
    },
    "a token of hard characters": {
        "path": "/cursor;shape=hard/users",
        "records": "data",
        "query": {"cursor": {"value": "{page.token}", "omit_empty": True}},
        "pagination": cursor("next_cursor", size=SIZE),
    },
    "the first of several places": {
        "path": "/cursor;next=paging.cursors.after/users",
        "records": "data",
        "pagination": cursor({"or": ["next_cursor", "paging.cursors.after"]}, size=SIZE),
    },
}
for form in ("plain", "tricky", "split", "bare"):
    STREAMS[f"link header, {form}"] = {
        "path": f"/link;form={form}/users",
        "pagination": {"type": "link", "size": {"param": "per_page", "value": 70}},
    }
for url in ("absolute", "path", "query", "scheme"):
    STREAMS[f"next URL, {url}"] = {
        "path": f"/nexturl;url={url};next=paging.next/users",
        "records": "data",
        "pagination": {"type": "next_url", "from": "paging.next", "size": SIZE},
    }


@pytest.mark.parametrize("name", STREAMS)
def test_every_record_comes_once_and_untouched(server: str, name: str) -> None:
    stream = json.loads(json.dumps(STREAMS[name]).replace("/users", "/users:250"))
    lines, pages = walked(server, stream)
    assert lines == fetched(f"{server}/_dump/users:250")
    # The page size arrived; the last page may be an empty one.
    assert pages in (4, 5)


def test_filters_stay_on_next_urls_that_forget_them(server: str) -> None:
    """The practice API's links keep filters; a document that keeps them doubles nothing."""
    wanted = fetched(f"{server}/_dump/transactions:300?status=completed")
    for keep in (False, True):
        stream = {
            "path": "/nexturl/transactions:300",
            "records": "data",
            "query": {"status": "completed"},
            "pagination": {"type": "next_url", "from": "next", "size": SIZE, "keep_query": keep},
        }
        lines, _ = walked(server, stream)
        assert lines == wanted


def test_names_arrive_as_they_are_written(server: str) -> None:
    stream = {
        "path": "/canary/single/users:3",
        "query": {
            "created[gte]": "2024-01-01",
            "types[]": ["a", "b"],
            "DateSent>": "x&y",
            "text": "{a} {{page.token}} {param.who}",
            "first": {"value": "1", "when": "first_page"},
            "next": {"value": "1", "when": "next_pages"},
            "none": {"value": "", "omit_empty": True},
        },
        "pagination": "none",
    }
    walked(server, stream, params={"who": "me"})
    target = json.loads(fetched(f"{server}/_canary"))[-1]["target"]
    assert urllib.parse.parse_qsl(urllib.parse.urlsplit(target).query) == [
        ("created[gte]", "2024-01-01"),
        ("types[]", "a"),
        ("types[]", "b"),
        ("DateSent>", "x&y"),
        ("text", "{a} {page.token} me"),
        ("first", "1"),
    ]


def test_graphql_errors_are_errors(server: str) -> None:
    stream = {
        **GRAPHQL,
        "graphql": {"query": QUERY, "variables": {"after": "{page.token}"}},
        "pagination": cursor(END, start="nonsense"),
    }
    with pytest.raises(penstock.DataError, match="GraphQL request failed: bad cursor 'nonsense'"):
        walked(server, stream)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_single_calls_send_what_they_are_given(server: str, method: str) -> None:
    with penstock.Client({"base_url": server}) as api:
        made = api.request("POST", "/write/slots", json={"n": 1}, idempotency_key=f"k-{method}")
        assert made.status == 201
        path = "/write/slots" + ("" if method == "POST" else f"/{made.json()['id']}")
        # Data of the host is no text of a document: nothing in it is filled in.
        body = {"n": "{param.n} {env.HOME} {x.y}"}
        page = api.request(method, path, json=body)
        assert page.status < 300
        if method != "DELETE":
            assert page.json()["body"] == body
