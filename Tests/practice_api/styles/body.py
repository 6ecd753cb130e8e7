"""Paging whose parameters travel in a request body."""

from __future__ import annotations

from typing import Any

from practice_api.data import Row
from practice_api.styles.cursors import position, token_for
from practice_api.view import BadRequest, array, envelope, number, page_reply, value, view_of
from practice_api.wire import Reply, Request, json_reply


def dig(body: Any, path: str) -> Any:
    for name in path.split("."):
        body = body.get(name) if isinstance(body, dict) else None
    return body


def post(request: Request, rows: list[Row]) -> Reply:
    """POST; knob `kind` says what the body holds (JSON, or a form with knob `form`):

    `cursor` (default) {"after": token, "limit": n} -> {"results", "total", "paging.next.after"},
    as HubSpot's search: https://developers.hubspot.com/docs/api/crm/search
    `offset` {"offset": n, "limit": n} -> {"results", "total"};
    `page` {"page": {"number": n, "size": n}} -> {"results", "page": {...}}.
    """
    if request.method != "POST":
        raise BadRequest("method_not_allowed", "POST only", 405)
    knobs = request.knobs
    body: Any = request.form() if "form" in knobs else request.json()
    if not isinstance(body, dict):
        raise BadRequest("invalid_json", "the body must be an object")
    kind = knobs.get("kind", "cursor")

    def given(path: str, default: int, least: int = 0) -> int:
        found = dig(body, path)
        return number(None if found is None else str(found), default, path, least)

    if kind == "page":
        size, at = given("page.size", 100, 1), given("page.number", 1, 1)
        view = view_of(rows, request, size)
        start = (at - 1) * size
        pages = max(1, -(-view.end // size))
        tail = [("page.number", value(at)), ("page.last", value(pages))]
    else:
        size = min(given("limit", 100, 1), number(knobs.get("max"), 1000, "max", 1))
        view = view_of(rows, request, size)
        shape = knobs.get("shape", "opaque")
        token = dig(body, "after")
        start = given("offset", 0) if kind == "offset" else 0
        if kind == "cursor":
            start = position(None if token is None else str(token), shape)
        tail = [("total", value(view.end))]
        if kind == "cursor" and start + size < view.end:
            tail.append(("paging.next.after", value(token_for(start + size, shape))))
    parts = [("results", array(view.between(start, start + size))), *tail]
    return page_reply(envelope([(name, text) for name, text in parts]), fixed=False)


def graphql(request: Request, rows: list[Row]) -> Reply:
    """Relay connections: variables `first`, `after`; nodes and pageInfo come back; an error is a
    200 with `errors`. https://relay.dev/graphql/connections.htm
    https://spec.graphql.org/October2021/#sec-Errors"""
    body = request.json() if request.method == "POST" else None
    if not isinstance(body, dict) or not isinstance(body.get("query"), str):
        return json_reply({"errors": [{"message": "Must provide query string."}]}, 400)
    first, after = dig(body, "variables.first"), dig(body, "variables.after")
    size = min(first, 100) if isinstance(first, int) and first > 0 else 50
    view = view_of(rows, request, size)
    try:
        start = position(None if after is None else str(after), "opaque")
    except BadRequest:
        return json_reply({"data": None, "errors": [{"message": f"bad cursor {after!r}"}]})
    more = start + size < view.end
    following = value(token_for(start + size, "opaque")) if more else b"null"
    parts: list[tuple[str, bytes | None]] = [
        ("data.list.nodes", array(view.between(start, start + size))),
        ("data.list.totalCount", value(view.end)),
        ("data.list.pageInfo.hasNextPage", value(more)),
        ("data.list.pageInfo.endCursor", following),
    ]
    return page_reply(envelope(parts), fixed=False)
