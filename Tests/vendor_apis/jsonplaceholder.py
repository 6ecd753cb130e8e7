"""JSONPlaceholder, which is json-server 0.x behind a cache: posts, comments, albums, photos, todos,
users.

Checked against json-server's source (typicode/json-server, src/server/router/plural.js and utils.js
as of 0.17) and https://jsonplaceholder.typicode.com/guide/: the whole list without `_page`, pages
of 10 with it, X-Total-Count, Link with first, prev, next and last only when not all is on one page,
none past the end, filters by equality, nested routes. From memory: two spaces of indentation, `{}`
for what does not exist, the `X-Ratelimit-*` headers of the public host (1,000 a minute; it
documents no limit).
"""

from __future__ import annotations

from math import ceil
from typing import Any, ClassVar

from practice_api.dialects import Headers, Notice
from practice_api.wire import Reply
from vendor_apis.records import Dice, Row, indented
from vendor_apis.vendor import Call, Refusal, Vendor, raw, whole

DEPTH = 2
# name: how many, its parent, how many of it a parent has
COUNTS = {
    "posts": (100, "user", 10), "comments": (500, "post", 5), "albums": (100, "user", 10),
    "photos": (5000, "album", 50), "todos": (200, "user", 20), "users": (10, "", 1),
}  # fmt: skip


def record_of(name: str, dice: Dice, number: int) -> Row:
    _, parent, each = COUNTS[name]
    record: dict[str, Any] = {}
    if parent:
        record[f"{parent}Id"] = (number - 1) // each + 1
    record["id"] = number
    if name == "users":
        record |= {
            "name": dice.name(), "username": f"User{number}", "email": f"u{number}@april.biz",
            "address": {"city": dice.city(), "geo": {"lat": "-37.3159", "lng": "81.1496"}},
            "company": {"name": dice.name(), "catchPhrase": dice.text()},
        }  # fmt: skip
    elif name == "comments":
        record |= {"name": dice.text(), "email": f"c{number}@sydney.com", "body": dice.text()}
    else:
        record["title"] = dice.text()
        more = {"posts": ("body", dice.text()), "todos": ("completed", dice.chance(2)),
                "photos": ("url", f"https://via.placeholder.com/600/{dice.hex(6)}")}  # fmt: skip
        if name in more:
            record[more[name][0]] = more[name][1]
    return Row(str(number), record, indented(record, DEPTH))


class JSONPlaceholder(Vendor):
    name = "jsonplaceholder"
    limits: ClassVar[dict[str, str]] = {"host": "fixed:1000:60s"}

    def notice(self, notice: Notice, call: Call) -> Headers:
        return [
            ("X-Powered-By", "Express"),
            ("X-Ratelimit-Limit", str(notice.limit)),
            ("X-Ratelimit-Remaining", str(notice.remaining)),
            ("X-Ratelimit-Reset", str(ceil(notice.now + notice.reset))),
        ]

    def exceeded(self, notice: Notice, call: Call) -> Reply:
        return Reply(429, [("Content-Type", "text/plain")], b"Too many requests")

    def rows(self, call: Call) -> list[Row] | None:
        segments = call.path.strip("/").split("/")
        name, wanted = segments[-1], dict(call.query)
        if len(segments) == 3:  # /posts/1/comments is /comments?postId=1
            wanted[f"{segments[0].removesuffix('s')}Id"] = segments[1]
        if name not in COUNTS or len(segments) not in (1, 3):
            return None
        count = call.site.number("records", COUNTS[name][0])
        rows = self.shelf.rows((name,), count, lambda dice, n: record_of(name, dice, n))
        # "Automatically delete query parameters that can't be found": they filter nothing.
        tests = {k: v for k, v in wanted.items() if rows and k in rows[0].shown}
        return [row for row in rows if all(str(row.shown[k]) == v for k, v in tests.items())]

    def serve(self, call: Call) -> Reply:
        rows = self.rows(call)
        if rows is None:
            return self.one(call)
        query = call.query
        headers: Headers = []
        if query.get("_end") or query.get("_limit") or query.get("_page"):
            headers.append(("X-Total-Count", str(len(rows))))
        here = rows
        if query.get("_page"):
            page = max(1, whole(query["_page"]) or 1)
            size = whole(query.get("_limit")) or 10
            here = rows[(page - 1) * size : page * size]
            if links := self.links(call, page, size, len(rows)):
                headers.append(("Link", links))
        elif query.get("_end"):
            here = rows[whole(query.get("_start")) or 0 : whole(query["_end"])]
        elif query.get("_limit"):
            start = whole(query.get("_start")) or 0
            here = rows[start : start + (whole(query["_limit"]) or 0)]
        inside = b",\n  ".join([row.body for row in here])
        return raw(b"[\n  " + inside + b"\n]" if here else b"[]", *headers)

    def links(self, call: Call, page: int, size: int, count: int) -> str:
        """`getPage` in utils.js: nothing past the end, nothing when one page is all."""
        if (page - 1) * size >= count or count <= size:
            return ""
        targets = [("first", 1)]
        targets += [("prev", page - 1)] if page > 1 else []
        targets += [("next", page + 1)] if page * size < count else []
        targets.append(("last", -(-count // size)))
        # The URL as asked, with the number replaced in its text.
        url = call.request.origin + call.request.target
        pairs = [(rel, url.replace(f"page={page}", f"page={n}", 1)) for rel, n in targets]
        return ", ".join(f'<{link}>; rel="{rel}"' for rel, link in pairs)

    def one(self, call: Call) -> Reply:
        name, _, key = call.path.strip("/").partition("/")
        count = COUNTS[name][0] if name in COUNTS else 0
        number = whole(key)
        if number is None or not 1 <= number <= count:
            raise Refusal(raw(b"{}", status=404))
        row = self.shelf.rows((name,), count, lambda dice, n: record_of(name, dice, n))[number - 1]
        return raw(indented(row.shown))
