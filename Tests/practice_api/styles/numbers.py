"""Paging by numbers: offset and limit, and page numbers."""

from __future__ import annotations

from practice_api.data import Row
from practice_api.view import (
    BadRequest,
    envelope,
    number,
    page_reply,
    page_size,
    records,
    total_of,
    value,
    view_of,
)
from practice_api.wire import Reply, Request


def offset(request: Request, rows: list[Row]) -> Reply:
    """`?offset=&limit=`; names by knobs `param` and `size`, record path by `at`.

    Plays e.g. Zendesk's and Jira's offset endpoints (`startAt`, `maxResults`, `total`):
    https://developer.atlassian.com/cloud/jira/platform/rest/v3/intro/#pagination
    `short=K`: at the K-th multiple of the limit only half as many come, and the rest follow at
    offset + received; with `hidden=K` they are lost to view, and offset + limit is right.
    `cap=N` refuses deep offsets as search APIs do (HubSpot search ends at 10,000):
    https://developers.hubspot.com/docs/api/crm/search
    """
    knobs = request.knobs
    size_name = knobs.get("size", "limit")
    limit = page_size(request, size_name)
    short = knobs.pop("short", None)
    name = knobs.get("param", "offset")
    start = number(request.param(name), 0, name)
    if "cap" in knobs and start >= number(knobs["cap"], 0, "cap"):
        raise BadRequest("offset_too_deep", f"{name} must be below {knobs['cap']}")
    asked = limit - number(knobs.get("over"), 0, "over")
    if short is not None and start == number(short, 1, "short") * asked:
        limit = asked // 2
    view = view_of(rows, request, asked)
    if "clamp" in knobs and start >= view.end:
        start = max(0, (view.end - 1) // asked * asked)  # the last page again and again
    shown = view.between(start, start + limit)
    parts = [
        (knobs.get("at", "data"), records(shown, request)),
        ("total", total_of(request, view, start, start // asked)),
        ("offset", value(start)),
        ("limit", value(asked)),
    ]
    if "more" in knobs:
        parts.append((knobs["more"] or "has_more", value(start + limit < view.end)))
    return page_reply(envelope(parts))


def page(request: Request, rows: list[Row]) -> Reply:
    """`?page=&per_page=`; knob `base=0` counts from 0; `clamp` repeats the last page for ever.

    Plays the page-number half of the catalogue, e.g. https://docs.gitlab.com/api/rest/#pagination
    and the clamping of https://github.com/airbytehq/airbyte/issues/4284.
    Flags: `more[=name]` gives has_more, `pages[=name]` gives total_pages, `last` gives is_last.
    `past=404` refuses a page after the last one instead of serving an empty one.
    """
    knobs = request.knobs
    base = number(knobs.get("base"), 1, "base")
    size_name = knobs.get("size", "per_page")
    size = page_size(request, size_name)
    name = knobs.get("param", "page")
    shown_number = number(request.param(name), base, name, base)
    index = shown_number - base
    view = view_of(rows, request, size)
    pages = max(1, -(-view.end // size))
    if index >= pages:
        if "clamp" in knobs:
            index = pages - 1
        elif knobs.get("past") == "404":
            raise BadRequest("page_out_of_range", f"there are {pages} pages", 404)
    shown = view.between(index * size, (index + 1) * size)
    parts = [
        (knobs.get("at", "data"), records(shown, request)),
        (name, value(index + base if "clamp" in knobs else shown_number)),
        (size_name, value(size)),
        ("total", total_of(request, view, index * size, index)),
    ]
    if "more" in knobs:
        parts.append((knobs["more"] or "has_more", value(index + 1 < pages)))
    if "pages" in knobs:
        parts.append((knobs["pages"] or "total_pages", value(pages)))
    if "last" in knobs:
        parts.append((knobs["last"] or "is_last", value(index + 1 >= pages)))
    return page_reply(envelope(parts))
