"""A search: it gives the first records of its result, in the order of a field, and no more."""

from __future__ import annotations

from typing import Any

from practice_api.data import Row
from practice_api.styles.body import dig
from practice_api.styles.cursors import position, token_for
from practice_api.styles.links import link_fields, url_of
from practice_api.styles.windows import instant
from practice_api.view import (
    BadRequest,
    array,
    envelope,
    narrowed,
    number,
    page_reply,
    page_size,
    value,
)
from practice_api.wire import Reply, Request

TESTS = ("gte", "gt", "lte", "lt")


def place(row: Row, by: str) -> int:
    return int(row.key) if by == "id" else row.created_ms


def holds(row: Row, by: str, test: str, bound: int) -> bool:
    at = place(row, by)
    if at == bound:
        return test.endswith("e")
    return at > bound if test.startswith("g") else at < bound


def bounds(request: Request, by: str, body: Any) -> list[tuple[str, int]]:
    """From `{by}_gte=` and `{by}[gte]=`, and HubSpot's filter groups in a body."""
    given: list[tuple[str, str]] = []
    for name, text in request.query:
        base, _, test = name.removesuffix("]").replace("[", "_").rpartition("_")
        if base == by and test in TESTS and text != "":
            given.append((test, text))
    for group in body.get("filterGroups", []) if isinstance(body, dict) else []:
        for item in group["filters"]:
            if item["propertyName"] == by:
                given.append((item["operator"].lower(), str(item["value"])))
    return [
        (test, number(text, 0, by) if by == "id" else instant(text, by)) for test, text in given
    ]


def search(request: Request, rows: list[Row]) -> Reply:
    """`?created_at_gte=&limit=` and a place: `{"data": [...], "total": N}`, sorted by `by`
    (`created_at` or `id`; `order=desc`), and of that the first `cap=N` only.

    `beyond` says what lies behind them. `refuse`: a page that begins there is an error, as are
    GitHub's ("Only the first 1000 search results are available") and HubSpot's beyond 10,000;
    `reach`: one that reaches beyond is, too (Elasticsearch's max_result_window); `empty`: an empty
    page; `end` (default): nothing says that there is more, as in Zendesk's search.
    https://docs.github.com/rest/search/search#about-search
    https://developers.hubspot.com/docs/api/crm/search#limitations
    https://developer.zendesk.com/api-reference/ticketing/ticket-management/search/#results-limit

    `then` is how a page is asked for: `offset`, `page`, `cursor` (default), `next` (a URL in the
    body), `link` (the Link header), or `post` (a JSON body with `after`, `limit`, `filterGroups`).
    """
    knobs = request.knobs
    then, by = knobs.get("then", "cursor"), knobs.get("by", "created_at")
    beyond = knobs.get("beyond", "end")
    body: Any = request.json() if request.method == "POST" else None
    chosen = narrowed(rows, request)
    for test, bound in bounds(request, by, body):
        chosen = [row for row in chosen if holds(row, by, test, bound)]
    if knobs.get("order") == "desc":
        chosen = chosen[::-1]
    cap = number(knobs.get("cap"), 1000, "cap", 1)
    if then == "post":
        size = int(dig(body, "limit") or 100)
        start = position(str(dig(body, "after") or ""), "numeric")
    else:
        size = page_size(request, "limit")
        if then == "offset":
            start = number(request.param("offset"), 0, "offset")
        elif then == "cursor":
            start = position(request.param("cursor"), "opaque")
        else:
            start = (number(request.param("page"), 1, "page", 1) - 1) * size
    if (beyond in ("refuse", "reach") and start >= cap) or (
        beyond == "reach" and start + size > cap
    ):
        raise BadRequest("too_deep", f"only the first {cap} results are available", 422)
    shown = chosen[start : min(start + size, cap)]
    more = start + size < (min(len(chosen), cap) if beyond == "end" else len(chosen))
    parts: list[tuple[str, bytes | None]] = [
        (knobs.get("at", "data"), array(shown)),
        ("total", value(min(len(chosen), cap) if "clip" in knobs else len(chosen))),
    ]
    headers: list[tuple[str, str]] = []
    if then == "cursor" and more:
        parts.append(("next_cursor", value(token_for(start + size, "opaque"))))
    elif then == "post" and more:
        parts.append(("paging.next.after", value(str(start + size))))
    elif then in ("next", "link") and more:
        url = url_of(request, {"page": str(start // size + 2)})
        if then == "next":
            parts.append(("next", value(url)))
        else:
            headers = [("Link", text) for text in link_fields([("next", url)], "plain")]
    return page_reply(envelope(parts), *headers, fixed=request.method == "GET")
