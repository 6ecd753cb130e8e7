"""Paging by URL: in the body, or in the Link header (RFC 8288)."""

from __future__ import annotations

from practice_api.data import Row
from practice_api.styles.cursors import ending
from practice_api.view import (
    array,
    envelope,
    number,
    page_reply,
    page_size,
    records,
    total_of,
    view_of,
)
from practice_api.wire import Reply, Request

# Set by the server once its sockets are bound: where knob `host=` points.
ORIGINS: dict[str, str] = {}


def url_of(request: Request, changes: dict[str, str | None]) -> str:
    """This request's URL with other parameters, in the form that knob `url` names.

    `absolute` (default), `path` (RFC 3986 §4.2 absolute-path reference), `query` (only `?...`),
    `scheme` (`//host/...`). Knob `host` points the link elsewhere: `other` (another port),
    `localhost` (another name for the same port), `http` (the plaintext port).
    """
    knobs = request.knobs
    query = request.query_with(changes)
    path = f"{request.mount}{request.path}"
    form = knobs.get("url", "absolute")
    if form == "query":
        return f"?{query}"
    if form == "path":
        return f"{path}?{query}"
    origin = request.origin
    if "host" in knobs:
        origin = ORIGINS.get(knobs["host"], origin)
        if knobs["host"] == "localhost":
            origin = request.origin.replace("127.0.0.1", "localhost")
    if form == "scheme":
        origin = origin.partition(":")[2]
    return f"{origin}{path}?{query}"


def next_url(request: Request, rows: list[Row]) -> Reply:
    """The next page's URL in the body: knob `next` is its dotted path (`next`, `paging.next`,
    `links.next`, `_links.next.href`, `@odata..nextLink`), `param` the parameter inside it.

    Plays e.g. Microsoft Graph (https://learn.microsoft.com/graph/paging), Facebook's
    `paging.next` (https://developers.facebook.com/docs/graph-api/results), Salesforce's
    `nextRecordsUrl` (a path). `loop=self` gives a URL that is the request's own.
    """
    knobs = request.knobs
    size_name = knobs.get("size", "limit")
    size = page_size(request, size_name)
    view = view_of(rows, request, size)
    name = knobs.get("param", "after")
    index = number(request.param(name), 0, name)
    start = index * size
    link: str | None = None
    if knobs.get("loop") == "self":
        link = url_of(request, {})
    elif start + size < view.end:
        link = url_of(request, {name: str(index + 1), size_name: str(size)})
    parts = [
        (knobs.get("at", "data"), records(view.between(start, start + size), request)),
        (knobs.get("next", "next"), ending(request, link)),
    ]
    if "total" in knobs:
        parts.append(("total", total_of(request, view, start, index)))
    return page_reply(envelope(parts))


def link_header(request: Request, rows: list[Row]) -> Reply:
    """A bare list, and `Link` with first/prev/next/last as GitHub gives it:
    https://docs.github.com/rest/using-the-rest-api/using-pagination-in-the-rest-api

    Knob `form` picks what RFC 8288 §3 also allows: `tricky` (quoted commas, semicolons and `>` in
    other parameters, several relation types in one `rel`, unquoted and upper-case names), `split`
    (one Link field a relation), `bare` (`rel=next` unquoted, no spaces).
    """
    knobs = request.knobs
    size = page_size(request, knobs.get("size", "per_page"), 30)
    view = view_of(rows, request, size)
    name = knobs.get("param", "page")
    at = number(request.param(name), 1, name, 1)
    last = max(1, -(-view.end // size))
    targets: list[tuple[str, int]] = []
    if at > 1:
        targets += [("prev", at - 1), ("first", 1)]
    if at < last:
        targets += [("next", at + 1), ("last", last)]
    if knobs.get("loop") == "self":
        targets = [("next", at)]
    pairs = [(rel, url_of(request, {name: str(page)})) for rel, page in targets]
    headers = [("Link", field) for field in link_fields(pairs, knobs.get("form", "plain"))]
    return page_reply(array(view.between((at - 1) * size, at * size)), *headers)


def link_fields(pairs: list[tuple[str, str]], form: str) -> list[str]:
    if not pairs and form != "tricky":
        return []
    if form == "split":
        return [f'<{url}>; rel="{rel}"' for rel, url in pairs]
    if form == "bare":
        return [",".join(f"<{url}>;rel={rel}" for rel, url in pairs)]
    if form != "tricky":
        return [", ".join(f'<{url}>; rel="{rel}"' for rel, url in pairs)]
    # A parser that splits on commas, on semicolons or on `rel="next"` goes wrong on each of these.
    items = ['</docs?a=1,2;b>; title="a, <b>; rel=\\"next\\""; rel="describedby help"']
    for rel, url in pairs:
        if rel == "next":
            items.append(f'<{url}> ; TITLE="x, y" ; REL="Next http://example.com/rel/more"')
        else:
            items.append(f"<{url}>;rel={rel};title*=UTF-8''a%2C%20b")
    items.append('</next>; anchor="/elsewhere"; rel="alternate"')
    return [", ".join(items)]
