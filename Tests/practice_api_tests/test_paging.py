"""Every paging style, walked by a client that shares no code with the server."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

import pytest
import requests

from practice_api.data import Dataset
from practice_api.tide import tide_of
from practice_api.world import World
from practice_api_tests.conftest import Server, sha256, slices

Walk = Callable[[Server, str, str], Iterator[bytes]]
MOST_PAGES = 200


def dig(body: Any, path: str) -> Any:
    for name in path.replace("..", "\0").split("."):
        name = name.replace("\0", ".")
        body = body.get(name) if isinstance(body, dict) else None
    return body


def offset(server: Server, path: str, query: str, at: str = "data") -> Iterator[bytes]:
    """Moves by what was received and ends at the end that `total` names, or at a short page."""
    start = 0
    for _ in range(MOST_PAGES):
        reply = server.get(f"{path}?offset={start}&limit=100{query}")
        got = slices(reply.content, at)
        yield from got
        # Rows hidden after paging leave holes in the offsets: then only the limit is right.
        start += 100 if "hidden" in path or "empty" in path else len(got)
        total = reply.json().get("total")
        if (total is not None and start >= int(total)) or not (got or total):
            return


def page(server: Server, path: str, query: str) -> Iterator[bytes]:
    first = 0 if "base=0" in path else 1
    for number in range(first, MOST_PAGES):
        reply = server.get(f"{path}?page={number}&per_page=100{query}")
        got = slices(reply.content, "data")
        yield from got
        body = reply.json()
        if body.get("has_more") is False or (not got and "has_more" not in body):
            return


def cursor(
    server: Server, path: str, query: str, name: str = "cursor", size: str = "limit",
    at: str = "data", token_at: str = "next_cursor",
) -> Iterator[bytes]:  # fmt: skip
    token: Any = None
    for _ in range(MOST_PAGES):
        params = {size: "100"} | ({name: str(token)} if token else {})
        reply = server.get(f"{path}?{query.lstrip('&')}", params=params)
        yield from slices(reply.content, at)
        token = dig(reply.json(), token_at)
        if not token:
            return
    raise AssertionError("no end")


def by_last(name: str, at: str, size: str) -> Walk:
    def walk(server: Server, path: str, query: str) -> Iterator[bytes]:
        last = None
        for _ in range(MOST_PAGES):
            params = {size: "100"} | ({name: last} if last else {})
            reply = server.get(f"{path}?{query.lstrip('&')}", params=params)
            got = slices(reply.content, at)
            yield from got
            if not got or (at and not reply.json()["has_more"]):
                return
            last = str(json.loads(got[-1])["id"])

    return walk


def url(at: str) -> Walk:
    def walk(server: Server, path: str, query: str) -> Iterator[bytes]:
        here = f"{server.http}{path}?limit=100{query}"
        for _ in range(MOST_PAGES):
            reply = requests.get(here, timeout=10)
            yield from slices(reply.content, "data")
            following = dig(reply.json(), at)
            if not following:
                return
            here = urljoin(here, following)
        raise AssertionError("no end")

    return walk


def next_link(reply: requests.Response) -> str | None:
    # Not `reply.links`: requests cuts at the first semicolon, and the URLs have path parameters.
    found = re.search(r'<([^<>]*)> ?; ?rel="?next\b', reply.headers.get("Link", ""))
    return found.group(1) if found else None


def link(server: Server, path: str, query: str) -> Iterator[bytes]:
    here = f"{server.http}{path}?per_page=100{query}"
    for _ in range(MOST_PAGES):
        reply = requests.get(here, timeout=10)
        yield from slices(reply.content)
        following = next_link(reply)
        if following is None:
            return
        here = following


def header(server: Server, path: str, query: str) -> Iterator[bytes]:
    token = ""
    for _ in range(MOST_PAGES):
        headers = {"X-Cursor": token} if "send=" in path and token else {}
        more = f"&cursor={token}" if "send=" not in path and token else ""
        reply = server.get(f"{path}?limit=100{query}{more}", headers=headers)
        yield from slices(reply.content)
        token = reply.headers.get("X-Next-Cursor", "")
        if not token:
            return


def posted(server: Server, path: str, query: str) -> Iterator[bytes]:
    after, start, number = None, 0, 1
    for _ in range(MOST_PAGES):
        body: dict[str, Any] = {"limit": 100}
        if "kind=page" in path:
            body = {"page": {"number": number, "size": 100}}
        elif "kind=offset" in path:
            body["offset"] = start
        elif after:
            body["after"] = after
        kind = "data" if ";form" in path else "json"
        where = f"{server.http}{path}?{query.lstrip('&')}"
        reply = requests.post(where, **{kind: body}, timeout=10)  # type: ignore[arg-type]
        got = slices(reply.content, "results")
        yield from got
        start, number = start + len(got), number + 1
        after = dig(reply.json(), "paging.next.after")
        if not got or ("kind=" not in path and not after):
            return


def graphql(server: Server, path: str, query: str) -> Iterator[bytes]:
    after = None
    for _ in range(MOST_PAGES):
        body = {"query": "query q{list{nodes}}", "variables": {"first": 100, "after": after}}
        reply = requests.post(f"{server.http}{path}?{query.lstrip('&')}", json=body, timeout=10)
        yield from slices(reply.content, "data.list.nodes")
        info = dig(reply.json(), "data.list.pageInfo")
        if not info["hasNextPage"]:
            return
        after = info["endCursor"]


def window(server: Server, path: str, query: str) -> Iterator[bytes]:
    """Half-open windows of one day, each read to its end by cursor."""
    for day in range(1, 32):
        span = f"&created_at_gte=2024-01-{day:02d}&created_at_lt=2024-01-{day:02d}T23:59:59.999Z"
        yield from cursor(server, path, query + span)
        # The last millisecond of the day, apart: a bound is exact or this loses or doubles.
        edge = f"2024-01-{day:02d}T23:59:59.999Z"
        yield from cursor(server, path, f"{query}&created_at_gte={edge}&created_at_lte={edge}")


def token(server: Server, path: str, query: str) -> Iterator[bytes]:
    return cursor(server, path, query, "pageToken", "pageSize", "items", "nextPageToken")


def slack(server: Server, path: str, query: str) -> Iterator[bytes]:
    return cursor(server, path, query, at="members", token_at="response_metadata.next_cursor")


def deep(server: Server, path: str, query: str) -> Iterator[bytes]:
    return cursor(server, path, query, "page_token", "n", "result.rows", "result.meta.next")


def single(server: Server, path: str, query: str) -> Iterator[bytes]:
    at = path.partition("in=")[2].partition("/")[0].partition(";")[0]
    yield from slices(server.get(f"{path}?{query.lstrip('&')}").content, at)


WALKS: list[tuple[str, Walk]] = [
    ("offset", offset),
    ("offset;total=missing", offset),
    ("offset;total=null;none=null", offset),
    ("offset;total=text", offset),
    ("offset;short=2", offset),
    ("offset;hidden=2", offset),
    ("offset;empty=2", offset),
    ("offset;empty=1x3", offset),
    ("offset;over=7", offset),
    ("offset;max=30", offset),
    ("page", page),
    ("page;base=0", page),
    ("page;more;pages;last", page),
    ("page;more;clamp", page),
    ("page;more;short=1", page),
    ("page;more;empty=1x2", page),
    ("page;more;over=5", page),
    ("page;more;none=absent", page),
    ("cursor", cursor),
    ("cursor;shape=numeric;end=empty", cursor),
    ("cursor;shape=hard;end=absent", cursor),
    ("cursor;shape=json;end=false", cursor),
    ("cursor;shape=keyed;end=zero", cursor),
    ("cursor;end=fresh", cursor),
    ("cursor;short=1;more", cursor),
    ("cursor;empty=2", cursor),
    ("cursor;at=result.rows;next=result.meta.next;param=page_token;size=n", deep),
    ("slack", slack),
    ("stripe", by_last("starting_after", "data", "limit")),
    ("lastid", by_last("since", "", "per_page")),
    ("token", token),
    ("token;max=40", token),
    ("headercursor", header),
    ("headercursor;end=empty", header),
    ("headercursor;send=X-Cursor", header),
    ("nexturl", url("next")),
    ("nexturl;next=paging.next;url=path;end=absent", url("paging.next")),
    ("nexturl;next=_links.next.href;url=query;end=empty", url("_links.next.href")),
    ("nexturl;next=@odata..nextLink;url=scheme", url("@odata..nextLink")),
    ("nexturl;host=other", url("next")),
    ("link", link),
    ("link;form=split", link),
    ("link;form=bare", link),
    ("post", posted),
    ("post;kind=offset", posted),
    ("post;kind=page", posted),
    ("post;form", posted),
    ("graphql", graphql),
    ("window;then=cursor", window),
    ("single", single),
    ("single;pretty", single),
    ("single;in=data", single),
    ("single;in=results", single),
    ("single;in=items;pretty", single),
    ("single;in=records;beside", single),
    ("single;in=payload.rows", single),
]


@pytest.mark.parametrize(("style", "walk"), WALKS, ids=[style for style, _ in WALKS])
@pytest.mark.parametrize("collection", ["users:950", "transactions:950?status=active"])
def test_walk_gives_the_truth(server: Server, style: str, walk: Walk, collection: str) -> None:
    name, _, query = collection.partition("?")
    if style.startswith("window"):
        name = f"{name.partition(':')[0]}:100"
        collection = f"{name}?{query}"
    truth = server.truth(collection)
    got = list(walk(server, f"/{style}/{name}", f"&{query}" if query else ""))
    assert len(got) == truth["count"] > 0
    assert sha256(got) == truth["sha256"]


@pytest.mark.parametrize("name", ["users", "posts", "comments", "transactions", "events"])
def test_collections_are_complete_and_hard(server: Server, name: str) -> None:
    got = slices(server.get(f"/single/{name}:3000").content)
    truth = server.truth(f"{name}:3000")
    assert (len(got), sha256(got)) == (3000, truth["sha256"])
    assert b"".join(record + b"\n" for record in got) == server.get(f"/_dump/{name}:3000").content
    whole = b"".join(got)
    records = [json.loads(record) for record in got]
    assert len({record["id"] for record in records}) == 3000
    times = [record["created_at"] for record in records]
    assert times == sorted(times) and len(set(times)) < 1500, "runs of equal times"
    assert (b"\\u00" in whole and "ü".encode() in whole) or name != "users"
    if name == "users":
        assert b"0," in whole and max(record["account"] for record in records) > 2**63
        assert any(record["deleted_at"] is None for record in records)
        assert server.get("/single/users:10/7").content == got[6]
    if name == "transactions":
        longest = max(times.count(each) for each in set(times))
        assert longest > 100, "more equal times than a page holds"


def test_first_of_a_collection_do_not_depend_on_its_size(server: Server) -> None:
    assert slices(server.get("/single/users:10").content) == slices(
        server.get("/single/users:500").content
    )[:10]  # fmt: skip


def test_tricky_link_field_holds_a_next(server: Server) -> None:
    field = server.get("/link;form=tricky/users:100?per_page=10&page=3").headers["Link"]
    assert field.count('rel=\\"next\\"') == 1 and 'REL="Next http://' in field


def test_page_sizes(server: Server) -> None:
    def count(path: str, at: str = "data") -> int:
        return len(slices(server.get(path).content, at))

    assert count("/offset;max=30/users?limit=500") == 30
    assert count("/offset;over=3/users?limit=10") == 13
    assert count("/offset;short=1/users?limit=10&offset=10") == 5
    assert count("/page;empty=1/users?per_page=10&page=2") == 0
    assert count("/stripe/users") == 10
    assert server.get("/stripe/users?limit=101").status_code == 400
    assert server.get("/stripe/users?starting_after=nobody").status_code == 400
    assert server.get("/offset;cap=100/users?offset=100").status_code == 400
    assert server.get("/page;past=404/users:10?page=2").status_code == 404


def test_total_forms(server: Server) -> None:
    def total(kind: str, start: int = 0) -> Any:
        return server.get(f"/offset;total={kind}/users:50?limit=10&offset={start}").json().get(
            "total", "absent"
        )  # fmt: skip

    assert [total(kind) for kind in ("right", "missing", "null", "zero", "text", "7")] == [
        50, "absent", None, 0, "50", 7,
    ]  # fmt: skip
    assert [total("shrink", start) for start in (0, 10, 20)] == [50, 49, 48]
    assert [total("first", start) for start in (0, 10)] == [50, "absent"]


def test_empty_pages_may_be_null_or_absent(server: Server) -> None:
    assert server.get("/page;none=null/users:5?page=9").json()["data"] is None
    assert "data" not in server.get("/page;none=absent/users:5?page=9").json()


@pytest.mark.parametrize("loop", ["same", "aba", "fresh"])
def test_cursors_that_loop(server: Server, loop: str) -> None:
    token, tokens, pages = "", [], []
    for _ in range(8):
        reply = server.get(f"/cursor;loop={loop}/users?limit=10", params={"cursor": token})
        token = reply.json()["next_cursor"]
        tokens.append(token)
        pages.append(sha256(slices(reply.content, "data")))
    distinct = len(set(tokens[1:]))
    assert distinct == {"same": 1, "aba": 2, "fresh": 7}[loop]
    assert len(set(pages[1:])) == {"same": 1, "aba": 2, "fresh": 1}[loop]


def test_urls_that_loop_or_lead_away(server: Server) -> None:
    here = server.http + "/nexturl;loop=self/users?limit=10"
    reply = requests.get(here, timeout=5)
    assert reply.json()["next"] == here
    again = next_link(server.get("/link;loop=self/users?page=2")) or ""
    assert parse_qs(urlsplit(again).query)["page"] == ["2"]
    away = server.get("/nexturl;host=other/users").json()["next"]
    assert away.startswith(server.ready["other"] + "/")
    assert "://localhost:" in server.get("/nexturl;host=localhost/users").json()["next"]
    page = [server.get(f"/page;clamp/users:25?per_page=10&page={n}").json() for n in (3, 4, 99)]
    assert page[0] == page[1] == page[2]


def test_links_keep_layers_and_filters(server: Server) -> None:
    path = "/delay/1ms/nexturl/users?status=active&limit=7"
    following = server.get(path).json()["next"]
    assert following.startswith(server.http + "/delay/1ms/nexturl/users?status=active")


def test_window_bounds(server: Server) -> None:
    rows = [json.loads(line) for line in server.get("/_dump/transactions:500").content.splitlines()]
    at: str = rows[250]["created_at"]
    tests: dict[str, Callable[[str], bool]] = {
        "gte": lambda t: t >= at,
        "gt": lambda t: t > at,
        "lt": lambda t: t < at,
        "lte": lambda t: t <= at,
    }
    for test, keep in tests.items():
        wanted = [row["id"] for row in rows if keep(row["created_at"])]
        for name in (f"created_at_{test}", f"created_at[{test}]"):
            reply = server.get("/window/transactions:500", params={name: at, "limit": "500"})
            assert [row["id"] for row in reply.json()["data"]] == wanted
    newest = server.get("/window;order=desc/transactions:500?limit=1").json()["data"]
    assert newest[0]["id"] == rows[-1]["id"]
    assert server.get("/window;widest=1000/transactions").status_code == 400


def test_slack_answers_a_bad_cursor_with_200(server: Server) -> None:
    reply = server.get("/slack/users?cursor=%21")
    assert (reply.status_code, reply.json()) == (200, {"ok": False, "error": "invalid_cursor"})
    assert server.get("/cursor/users?cursor=%21").status_code == 400


def test_a_shifting_copy_is_of_what_was_asked_for() -> None:
    # The first that is made of a collection: what may yet be inserted is rendered for it, too.
    tide = tide_of(World(Dataset(1, {})), "insert=2;where=head", "users:300")
    assert tide is not None and len(tide.rows) == 300 and len(tide.fresh) == 2000
    tide.turn()
    tide.turn()
    assert len(tide.rows) == 302
    assert tide.report()["inserted"] == [row.key for row in tide.rows[1::-1]]


def test_shifting_rows(server: Server) -> None:
    """Offsets double and lose; a keyed cursor gives everything that stayed, once."""

    def ids(spec: str, style: str) -> list[str]:
        path = f"/shift/{spec}/{style}/users:300"
        walk = cursor if style.startswith("cursor") else offset
        return [str(json.loads(each)["id"]) for each in walk(server, path, "")]

    doubled = ids("insert=3;where=head;name=a", "offset")
    assert len(doubled) > len(set(doubled))
    lost = ids("delete=3;where=head;name=b", "offset")
    report = server.ask("/_shift/delete=3;where=head;name=b/users:300")
    assert set(report["kept"]) - set(lost)
    right = ids("insert=2;delete=2;update=1;seed=5;name=c", "cursor;shape=keyed")
    report = server.ask("/_shift/insert=2;delete=2;update=1;seed=5;name=c/users:300")
    assert len(right) == len(set(right)) and set(report["kept"]) <= set(right)
    assert report["inserted"] and report["deleted"] and report["updated"]


def test_dlt_walks_some_styles_too(server: Server) -> None:
    """A second independent client; heavy, so it is optional and its absence is shown."""
    client = pytest.importorskip("dlt.sources.helpers.rest_client")
    paginators = pytest.importorskip("dlt.sources.helpers.rest_client.paginators")
    make: Any = client.RESTClient
    rest = make(base_url=server.http)
    cases = [
        ("/link/users:250?per_page=100", paginators.HeaderLinkPaginator(), None),
        ("/nexturl/users:250", paginators.JSONLinkPaginator("next"), "data"),
        ("/cursor/users:250", paginators.JSONResponseCursorPaginator("next_cursor"), "data"),
        ("/offset/users:250", paginators.OffsetPaginator(limit=100), "data"),
        ("/page;pages/users:250",
         paginators.PageNumberPaginator(base_page=1, total_path="total_pages"), "data"),
    ]  # fmt: skip
    wanted = [row["id"] for row in server.get("/single/users:250").json()]
    for path, paginator, selector in cases:
        pages = rest.paginate(path, paginator=paginator, data_selector=selector)
        assert [row["id"] for page in pages for row in page] == wanted, path


@pytest.mark.parametrize("then", ["offset", "page", "cursor", "next", "link", "post"])
@pytest.mark.parametrize("beyond", ["refuse", "reach", "empty", "end"])
def test_a_search_gives_its_first_records_only(server: Server, then: str, beyond: str) -> None:
    path = f"/search;cap=250;then={then};beyond={beyond}/transactions:900"

    def asked(at: int) -> requests.Response:
        if then == "post":
            return requests.post(server.http + path, json={"after": str(at), "limit": 100})
        token = base64.b64encode(f"row:{at}".encode()).decode()
        place = {"offset": at, "page": at // 100 + 1, "cursor": token}.get(then, at // 100 + 1)
        name = then if then in ("offset", "cursor") else "page"
        return server.get(path, params={"limit": "100", name: str(place)})

    lines = server.get("/_dump/transactions:900").content.splitlines()
    first = asked(0)
    assert slices(first.content, "data") == lines[:100] and first.json()["total"] == 900
    third = asked(200)
    if beyond == "reach":
        assert third.status_code == 422
    else:
        assert slices(third.content, "data") == lines[200:250]
        body = third.json()
        more = (
            "next" in body or "next_cursor" in body or "paging" in body or "Link" in third.headers
        )
        assert more == (beyond != "end" and then not in ("offset", "page"))
    deeper = asked(300)
    assert deeper.status_code == (422 if beyond in ("refuse", "reach") else 200)
    if deeper.status_code == 200:
        assert slices(deeper.content, "data") == []


def test_a_search_is_sorted_and_bounded(server: Server) -> None:
    rows = [json.loads(line) for line in server.get("/_dump/users:300").content.splitlines()]
    newest = server.get("/search;order=desc/users:300?limit=1").json()["data"]
    assert newest[0]["id"] == rows[-1]["id"]
    at = rows[100]["created_at"]
    found = server.get("/search/users:300", params={"created_at_gte": at, "limit": "300"}).json()
    assert [row["id"] for row in found["data"]] == [r["id"] for r in rows if r["created_at"] >= at]
    found = server.get("/search;by=id/users:300?id_gt=100&limit=5").json()["data"]
    assert [row["id"] for row in found] == [101, 102, 103, 104, 105]
    group = {"propertyName": "created_at", "operator": "LT", "value": at}
    body = {"limit": 300, "filterGroups": [{"filters": [group]}]}
    found = requests.post(f"{server.http}/search;then=post/users:300", json=body).json()["data"]
    assert [row["id"] for row in found] == [r["id"] for r in rows if r["created_at"] < at]
