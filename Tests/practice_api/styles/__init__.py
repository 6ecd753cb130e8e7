"""Paging styles: each is a function from a request and a collection's rows to a reply."""

from __future__ import annotations

from collections.abc import Callable

from practice_api.data import Row
from practice_api.styles import body, cursors, links, numbers, search, single, windows
from practice_api.wire import Reply, Request

Style = Callable[[Request, list[Row]], Reply]

STYLES: dict[str, Style] = {
    "offset": numbers.offset,
    "page": numbers.page,
    "cursor": cursors.cursor,
    "slack": cursors.slack,
    "stripe": cursors.stripe,
    "token": cursors.token,
    "headercursor": cursors.header_cursor,
    "lastid": cursors.last_id,
    "nexturl": links.next_url,
    "link": links.link_header,
    "single": single.single,
    "post": body.post,
    "graphql": body.graphql,
    "window": windows.window,
    "search": search.search,
}
