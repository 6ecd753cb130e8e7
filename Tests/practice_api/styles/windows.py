"""Reading by time: records between two instants, oldest first."""

from __future__ import annotations

from datetime import UTC, datetime

from practice_api.data import Row
from practice_api.styles.cursors import ending, step
from practice_api.view import (
    BadRequest,
    View,
    envelope,
    narrowed,
    number,
    page_reply,
    page_size,
    records,
    value,
)
from practice_api.wire import Reply, Request


def instant(text: str, name: str) -> int:
    """Milliseconds of an ISO 8601 time (no zone: UTC), or of epoch seconds or milliseconds."""
    if text.isascii() and text.isdigit():
        given = int(text)
        return given if given >= 10**11 else given * 1000
    try:
        when = datetime.fromisoformat(text)
    except ValueError as bad:
        raise BadRequest("invalid_parameter", f"{name} is not a time: {text}") from bad
    when = when if when.tzinfo else when.replace(tzinfo=UTC)
    # Integer arithmetic: float timestamps round and would move records over a boundary.
    delta = when - datetime(1970, 1, 1, tzinfo=UTC)
    return (delta.days * 86_400 + delta.seconds) * 1000 + delta.microseconds // 1000


def within(rows: list[Row], request: Request, field: str = "created_at") -> list[Row]:
    """`{field}_gte` and `_gt`, `_lt` and `_lte`, and Stripe's `field[gte]` spelling."""
    for name, text in request.query:
        base, _, test = name.removesuffix("]").replace("[", "_").rpartition("_")
        if base != field or test not in ("gte", "gt", "lt", "lte") or text == "":
            continue
        at = instant(text, name)
        low, high = test.startswith("g"), test.startswith("l")
        same = test.endswith("e")
        rows = [
            row
            for row in rows
            if (low and row.created_ms > at)
            or (high and row.created_ms < at)
            or (same and row.created_ms == at)
        ]
    return rows


def window(request: Request, rows: list[Row]) -> Reply:
    """`?created_at_gte=&created_at_lt=&limit=` -> {"data": [...]}, sorted by time then id.

    Knobs: `field` (parameter stem), `order=desc`, `then=cursor|offset|none` (how a window longer
    than `limit` goes on; default `none`: it is cut, and the client must move the bound; records
    of equal time across the cut are the trap), `more` (has_more), `widest=7d`-like bounds are
    refused beyond `widest` milliseconds, as many reporting APIs do.
    """
    knobs = request.knobs
    field = knobs.get("field", "created_at")
    if "widest" in knobs:
        low, high = request.param(f"{field}_gte"), request.param(f"{field}_lt")
        if not low or not high:
            raise BadRequest("missing_parameter", f"{field}_gte and {field}_lt are required")
        if instant(high, "lt") - instant(low, "gte") > number(knobs["widest"], 0, "widest"):
            raise BadRequest("window_too_wide", f"at most {knobs['widest']} ms")
    chosen = within(narrowed(rows, request), request, field)
    if knobs.get("order") == "desc":
        chosen = chosen[::-1]
    size = page_size(request, knobs.get("size", "limit"))
    view = View(chosen)
    then = knobs.get("then", "none")
    start, token = 0, None
    if then == "offset":
        start = number(request.param("offset"), 0, "offset")
    elif then == "cursor":
        start, token = step(request, view, request.param("cursor"), size)
    parts = [(knobs.get("at", "data"), records(view.between(start, start + size), request))]
    if then == "cursor":
        parts.append(("next_cursor", ending(request, token)))
    if "more" in knobs:
        parts.append((knobs["more"] or "has_more", value(start + size < view.end)))
    return page_reply(envelope(parts))
