"""Paging by a token: in the body, in a header, or the last record's own id."""

from __future__ import annotations

import base64
import binascii
from bisect import bisect_right

from practice_api.data import Row
from practice_api.view import (
    BadRequest,
    View,
    array,
    envelope,
    narrowed,
    number,
    page_reply,
    page_size,
    records,
    total_of,
    value,
    view_of,
)
from practice_api.wire import Reply, Request, json_reply

# A token made of characters that must be percent-encoded in a query and escaped in JSON.
HARD = 'é+/=&?#% "\\'


def position(token: str | None, shape: str) -> int:
    """The address a token stands for. Shapes: `opaque`, `numeric`, `hard`, `json`;
    `keyed` is apart, see below."""
    if not token:
        return 0
    try:
        if shape in ("numeric", "json"):
            return number(token, 0, "cursor")
        if shape == "hard":
            if not token.startswith(HARD):
                raise ValueError(token)
            return number(token[len(HARD) :], 0, "cursor")
        text = base64.b64decode(token, validate=True).decode()
        if not text.startswith("row:"):
            raise ValueError(token)
        return number(text[4:], 0, "cursor")
    except (ValueError, binascii.Error) as bad:
        raise BadRequest("invalid_cursor", f"no such cursor: {token!r}") from bad


def token_for(address: int, shape: str) -> str | int:
    if shape == "json":
        return address  # a number in the JSON, not a string
    if shape == "numeric":
        return str(address)
    if shape == "hard":
        return f"{HARD}{address}"
    # Slack's cursors look like this: base64 with padding, of something readable.
    return base64.b64encode(f"row:{address}".encode()).decode()


def step(
    request: Request, view: View, token: str | None, size: int
) -> tuple[int, str | int | None]:
    """Where this page starts, and the token of the next one (None: this is the last page)."""
    knobs = request.knobs
    shape = knobs.get("shape", "opaque")
    if shape == "keyed":
        return keyed(view, token, size)
    loop = knobs.get("loop")
    if loop == "same":
        # Seen in production: https://github.com/airbytehq/airbyte-python-cdk/issues/1148
        start = 0 if not token else size
        return start, token_for(size, shape)
    if loop == "aba":
        # Two tokens in turn; comparing with the last one alone never notices:
        # https://github.com/modelcontextprotocol/python-sdk/pull/3021
        start = position(token, shape)
        return start, token_for(size * 2 if start == size else size, shape)
    if loop == "fresh":
        # A new token every time, the same page every time: only its content tells.
        start = position(token, shape)
        return 0, token_for(start + 1, shape)
    start = position(token, shape)
    following = start + size
    if following < view.end:
        return start, token_for(following, shape)
    # `end=fresh`: the last page still carries a token, which leads to an empty page:
    # https://github.com/dlt-hub/dlt/issues/3358
    if knobs.get("end") == "fresh" and start < view.end:
        return start, token_for(following, shape)
    return start, None


def keyed(view: View, token: str | None, size: int) -> tuple[int, str | None]:
    """The token names the last row seen and not a place, so rows that come or go before it move
    nothing: what makes cursors right on changing data."""
    start = 0
    try:
        if token:
            order = float(base64.b64decode(token, validate=True))
            start = bisect_right(view.rows, order, key=lambda row: row.order)
    except (ValueError, binascii.Error) as bad:
        raise BadRequest("invalid_cursor", f"no such cursor: {token!r}") from bad
    shown = view.rows[start : start + size]
    if start + size >= len(view.rows):
        return start, None
    return start, base64.b64encode(repr(shown[-1].order).encode()).decode()


def ending(request: Request, token: str | int | None, default: str = "null") -> bytes | None:
    """The JSON of a token, where None is shown as knob `end` says:
    `null`, `empty` (""), `absent`, `false`, `zero`."""
    if token is not None:
        return value(token)
    kind = request.knobs.get("end", default)
    if kind in ("absent", "fresh"):
        return None
    return {"empty": b'""', "false": b"false", "zero": b"0"}.get(kind, b"null")


def cursor(request: Request, rows: list[Row]) -> Reply:
    """`?cursor=&limit=` -> {"data": [...], "next_cursor": ...}. Knobs: `next` (dotted path of the
    token), `at`, `param`, `size`, `shape`, `end`, `loop`, `more[=name]`, `total`."""
    knobs = request.knobs
    size = page_size(request, knobs.get("size", "limit"))
    view = view_of(rows, request, size)
    name = knobs.get("param", "cursor")
    start, token = step(request, view, request.param(name), size)
    parts = [
        (knobs.get("at", "data"), records(view.between(start, start + size), request)),
        (knobs.get("next", "next_cursor"), ending(request, token)),
    ]
    if "more" in knobs:
        parts.append((knobs["more"] or "has_more", value(start + size < view.end)))
    if "total" in knobs:
        parts.append(("total", total_of(request, view, start, start // size)))
    return page_reply(envelope(parts))


def slack(request: Request, rows: list[Row]) -> Reply:
    """Slack's Web API: `cursor`, `limit`, the token in response_metadata, "" at the end, and a bad
    cursor answered with 200 and `ok: false`. https://docs.slack.dev/apis/web-api/pagination"""
    form = request.form() if request.method == "POST" else {}
    size = number(form.get("limit"), page_size(request, "limit", 100, 1000), "limit", 1)
    view = view_of(rows, request, size)
    try:
        start, token = step(request, view, form.get("cursor", request.param("cursor")), size)
    except BadRequest:
        return json_reply({"ok": False, "error": "invalid_cursor"})
    parts: list[tuple[str, bytes | None]] = [
        ("ok", b"true"),
        ("members", array(view.between(start, start + size))),
        ("cache_ts", b"1498777272"),
        ("response_metadata.next_cursor", ending(request, token, "empty")),
    ]
    return page_reply(envelope(parts), fixed=request.method == "GET")


def after_key(rows: list[Row], key: str) -> int | None:
    return next((i for i, row in enumerate(rows) if row.key == key), None)


def stripe(request: Request, rows: list[Row]) -> Reply:
    """Stripe's lists: `limit` 1..100 (10 if not given), `starting_after` or `ending_before` an id,
    `has_more`. https://docs.stripe.com/api/pagination"""
    rows = narrowed(rows, request)
    limit = number(request.param("limit"), 10, "limit", 1)
    if limit > 100:
        raise BadRequest("parameter_invalid_integer", "limit must be between 1 and 100")
    after, before = request.param("starting_after"), request.param("ending_before")
    if after is not None and before is not None:
        raise BadRequest("invalid_request_error", "starting_after and ending_before exclude")
    given = before if after is None else after
    at = -1 if given is None else after_key(rows, given)
    if at is None:
        raise BadRequest("resource_missing", f"No such object: {given!r}")
    if before is None:
        start, end = at + 1, at + 1 + limit
        more = end < len(rows)
    else:
        start, end = max(0, at - limit), at
        more = start > 0
    parts: list[tuple[str, bytes | None]] = [
        ("object", b'"list"'),
        ("url", value(request.mount + request.path)),
        ("has_more", value(more)),
        ("data", array(rows[start:end])),
    ]
    return page_reply(envelope(parts))


def token(request: Request, rows: list[Row]) -> Reply:
    """Google's list methods: `pageSize`, `pageToken`, `nextPageToken`, absent at the end; the
    server may return fewer than asked. https://google.aip.dev/158"""
    size = page_size(request, request.knobs.get("size", "pageSize"), 50, 1000)
    view = view_of(rows, request, size)
    name = request.knobs.get("param", "pageToken")
    start, following = step(request, view, request.param(name), size)
    parts = [
        (request.knobs.get("at", "items"), records(view.between(start, start + size), request)),
        (request.knobs.get("next", "nextPageToken"), ending(request, following, "absent")),
        ("kind", b'"practice#list"'),
    ]
    return page_reply(envelope(parts))


def header_cursor(request: Request, rows: list[Row]) -> Reply:
    """The token travels in headers: out in `X-Next-Cursor` (knob `name`), in as `?cursor=` or, with
    knob `send=X-Cursor`, as that request header; Azure Cosmos DB does both with
    `x-ms-continuation`: https://learn.microsoft.com/rest/api/cosmos-db/list-documents"""
    knobs = request.knobs
    size = page_size(request, knobs.get("size", "limit"))
    view = view_of(rows, request, size)
    sent = request.header(knobs["send"]) if "send" in knobs else request.param("cursor")
    start, following = step(request, view, sent, size)
    headers = [] if following is None else [(knobs.get("name", "X-Next-Cursor"), str(following))]
    if following is None and knobs.get("end") == "empty":
        headers = [(knobs.get("name", "X-Next-Cursor"), "")]
    shown = array(view.between(start, start + size))
    return page_reply(shown, *headers, fixed="send" not in knobs)


def last_id(request: Request, rows: list[Row]) -> Reply:
    """A bare list; the next page is asked for with the last record's id and nothing in the answer
    says so. `?since=&per_page=` as in https://docs.github.com/rest/users/users#list-users."""
    rows = narrowed(rows, request)
    size = page_size(request, request.knobs.get("size", "per_page"), 30)
    since = request.param(request.knobs.get("param", "since"))
    start = 0
    if since not in (None, "", "0"):
        at = after_key(rows, str(since))
        if at is None:
            raise BadRequest("unknown_id", f"no record has the id {since}")
        start = at + 1
    return page_reply(array(rows[start : start + size]))
