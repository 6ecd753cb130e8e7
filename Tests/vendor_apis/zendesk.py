"""Zendesk's Support API v2: tickets and users (cursor or offset pages), incremental ticket export.

Checked:
- paging: https://developer.zendesk.com/api-reference/introduction/pagination/
- export: https://developer.zendesk.com/api-reference/ticketing/ticket-management/incremental_exports/
  and https://developer.zendesk.com/documentation/ticketing/managing-tickets/using-the-incremental-export-api/
- limits: https://developer.zendesk.com/documentation/ticketing/using-the-zendesk-api/best-practices-for-avoiding-rate-limiting/
and the body of InvalidPaginationDepth against public issues. The paging page names one rule for the
end, `meta.has_more`, and says nothing of `links.next` there; so here the last page has a next link
all the same, which leads to an empty page. From memory: the 401 and 429 bodies, the texts for a bad
cursor or page size, the refusal of a start_time in the last minute.
"""

from __future__ import annotations

import base64
from math import ceil
from typing import Any, ClassVar

from practice_api.data import iso
from practice_api.dialects import Headers, Notice
from practice_api.wire import Reply, json_reply
from vendor_apis.records import EPOCH_2024, Dice, Row, compact
from vendor_apis.vendor import Call, Refusal, Vendor, body, listed, raw, whole

EMAIL, TOKEN, OAUTH = "agent@example.com", "practice-api-token", "practice-oauth-token"
DEEPEST_PAGE, DEEPEST_RECORD = 100, 10_000


def refused(status: int, code: str, title: str, detail: str = "") -> Refusal:
    entry = {"code": code, "title": title} | ({"detail": detail} if detail else {})
    return Refusal(json_reply({"errors": [entry]}, status))


def stamp(seconds: int) -> str:
    return iso(seconds * 1000)[:19] + "Z"


def ticket(dice: Dice, number: int) -> Row:
    created = EPOCH_2024 + number * 700
    updated = created + dice.number(500)
    record: dict[str, Any] = {
        "url": f"https://example.zendesk.com/api/v2/tickets/{number}.json",
        "id": number, "external_id": dice.maybe(2, f"ahg35h3jh{number}"),
        "via": {"channel": "web", "source": {"from": {}, "to": {}, "rel": None}},
        "created_at": stamp(created), "updated_at": stamp(updated),
        "generated_timestamp": updated, "type": dice.maybe(3, dice.pick(["incident", "question"])),
        "subject": f"{dice.text()} {number}", "raw_subject": dice.text(),
        "description": dice.text(), "priority": dice.maybe(3, "high"),
        "status": dice.pick(["open", "pending", "solved"]), "recipient": None,
        "requester_id": 20_978_392_000_000_000 + number, "assignee_id": dice.maybe(3, 235_323),
        "organization_id": dice.maybe(3, 509_974), "collaborator_ids": [35_334, 234],
        "has_incidents": False, "due_at": None, "tags": ["enterprise", "other_tag"],
        "custom_fields": [{"id": 27_642, "value": dice.maybe(2, "745")}],
        "satisfaction_rating": None, "sharing_agreement_ids": [],
    }  # fmt: skip
    return Row(str(number), {"updated": updated}, compact(record))


def user(dice: Dice, number: int) -> Row:
    record = {
        "id": 20_978_392_000_000_000 + number, "name": dice.name(),
        "email": dice.maybe(8, f"user{number}@example.com"), "phone": None,
        "created_at": stamp(EPOCH_2024 + number), "role": dice.pick(["end-user", "agent", "admin"]),
        "organization_id": dice.maybe(2, 57_542), "photo": None, "user_fields": {"age": None},
        "suspended": dice.chance(20),
    }  # fmt: skip
    return Row(str(record["id"]), {}, compact(record))


def cursor(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def position(text: str) -> int | None:
    try:
        return whole(base64.b64decode(text, validate=True).decode().split(":")[-1])
    except ValueError:
        return None


class Zendesk(Vendor):
    name = "zendesk"
    # https://developer.zendesk.com/api-reference/introduction/rate-limits/: 700 a minute on
    # Enterprise; incremental exports 10 a minute.
    limits: ClassVar[dict[str, str]] = {"account": "fixed:700:60s", "incremental": "fixed:10:60s"}

    def authenticate(self, call: Call) -> None:
        # https://developer.zendesk.com/api-reference/introduction/security-and-auth/
        if call.basic() == (f"{EMAIL}/token", TOKEN) or call.bearer() == OAUTH:
            return
        raise Refusal(json_reply({"error": "Couldn't authenticate you"}, 401))

    def budget(self, call: Call) -> str:
        return "incremental" if call.path.startswith("/api/v2/incremental/") else "account"

    def notice(self, notice: Notice, call: Call) -> Headers:
        found = [
            ("x-rate-limit", str(notice.limit)),
            ("ratelimit-limit", str(notice.limit)),
            ("x-rate-limit-remaining", str(notice.remaining)),
            ("ratelimit-remaining", str(notice.remaining)),
            ("ratelimit-reset", str(notice.until)),  # seconds from now
        ]
        if not notice.admitted:
            found.append(("Retry-After", str(ceil(notice.wait))))
        return found

    def exceeded(self, notice: Notice, call: Call) -> Reply:
        text = "Number of allowed API requests per minute exceeded"
        return json_reply({"error": "APIRateLimitExceeded", "description": text}, 429)

    def rows(self, call: Call) -> list[Row] | None:
        path = call.path.removesuffix(".json")
        if path == "/api/v2/tickets":
            return self.shelf.rows(("tickets",), call.site.number("records", 345), ticket)
        if path == "/api/v2/users":
            return self.shelf.rows(("users",), call.site.number("records", 345), user)
        if path == "/api/v2/incremental/tickets/cursor":
            rows = self.shelf.rows(("tickets",), call.site.number("records", 2345), ticket)
            start = whole(call.query.get("start_time")) or 0
            rows = [row for row in rows if row.shown["updated"] >= start]
            return sorted(rows, key=lambda row: (row.shown["updated"], int(row.key)))
        return None

    def serve(self, call: Call) -> Reply:
        if "cursor" in call.query and "/incremental/" in call.path:
            # A cursor remembers the start_time it came from.
            first = call.site.memory.get(call.query["cursor"])
            if first is None:
                raise refused(400, "InvalidCursor", "cursor is not valid")
            call.query["start_time"] = str(first)
        rows = self.rows(call)
        if rows is None or call.method != "GET":
            text = "There is no help desk configured at this address."
            raise Refusal(json_reply({"error": {"title": "Not found", "message": text}}, 404))
        if "/incremental/" in call.path:
            return self.exported(call, rows)
        name = call.path.removesuffix(".json").rpartition("/")[2]
        # "If you omit the page[size] parameter, offset pagination is used."
        if "page[size]" in call.query:
            return self.by_cursor(call, name, rows)
        return self.by_offset(call, name, rows)

    def by_cursor(self, call: Call, name: str, rows: list[Row]) -> Reply:
        size = whole(call.query["page[size]"])
        if size is None or not 1 <= size <= 100:
            text = "page[size] must be an integer from 1 to 100"
            raise refused(400, "InvalidPaginationParameter", text)
        after, before = call.query.get("page[after]"), call.query.get("page[before]")
        if after is not None and before is not None:
            text = "page[after] and page[before] cannot be used together"
            raise refused(400, "InvalidPaginationParameter", text)
        start, at = 0, position(after or before or cursor("nice_id:0"))
        if at is None:
            raise refused(400, "InvalidPaginationParameter", "page[after] is not valid")
        if after is not None:
            start = at
        if before is not None:
            start = max(0, at - 1 - size)
        stop = min(start + size, len(rows))
        first, last = cursor(f"nice_id:{start + 1}"), cursor(f"nice_id:{stop}")
        more = before is not None or stop < len(rows)
        links = {
            "next": self.paged(call, size, "page[after]", last),
            "prev": self.paged(call, size, "page[before]", first),
        }
        meta = {"has_more": more, "after_cursor": last, "before_cursor": first}
        parts = [(name, listed(rows[start:stop])), ("meta", compact(meta))]
        return raw(body([*parts, ("links", compact(links))]))

    def paged(self, call: Call, size: int, name: str, at: str) -> str:
        # The page shows the brackets as they stand.
        kept = [(k, v) for k, v in call.request.query if not k.startswith("page[")]
        query = [*kept, ("page[size]", str(size)), (name, at.replace("=", "%3D"))]
        return f"{call.base}{call.request.path}?" + "&".join(f"{k}={v}" for k, v in query)

    def by_offset(self, call: Call, name: str, rows: list[Row]) -> Reply:
        """https://developer.zendesk.com/documentation/api-basics/pagination/
        paginating-through-lists-using-offset-pagination/: 100 a page, next_page is null at last."""
        size = min(whole(call.query.get("per_page")) or 100, 100)
        page = max(1, whole(call.query.get("page")) or 1)
        if page > DEEPEST_PAGE or page * size > DEEPEST_RECORD:
            title = "Pagination requests using Offset Pagination are limited to page 100 or up to "
            title += "10000 records (page * per_page)"
            detail = "There are limits to the page depth in Offset Pagination. "
            detail += "Please switch to Cursor Pagination at the earliest."
            raise refused(400, "InvalidPaginationDepth", title, detail)

        def url(number: int) -> str:
            return f"{call.base}{call.request.path}?page={number}&per_page={size}"

        following = url(page + 1) if page * size < len(rows) else None
        parts: list[tuple[str, bytes | None]] = [
            (name, listed(rows[(page - 1) * size : page * size])),
            ("next_page", compact(following)),
            ("previous_page", compact(url(page - 1) if page > 1 else None)),
            ("count", b"%d" % len(rows)),
        ]
        return raw(body(parts))

    def exported(self, call: Call, rows: list[Row]) -> Reply:
        """ "Repeat until the end_of_stream property is true": after_url and after_cursor are given
        with the last page too, for the next export."""
        given, start = call.query.get("cursor"), whole(call.query.get("start_time"))
        if start is None:
            raise refused(400, "MissingParameter", "Parameter start_time is required")
        if start > call.world.wall(call.request.at) - 60:
            title = "Too recent start_time. Use a start_time older than 60 seconds"
            raise refused(422, "InvalidValue", title)
        at = position(given) or 0 if given is not None else 0
        size = min(whole(call.query.get("per_page")) or 1000, 1000)
        stop = min(at + size, len(rows))
        after = cursor(f"{start}:{stop}")
        call.site.memory[after] = start
        path = call.request.path
        size_too = f"&per_page={size}" if "per_page" in call.query else ""
        url = f"{call.base}{path}?cursor={after.replace('=', '%3D')}{size_too}"
        parts: list[tuple[str, bytes | None]] = [
            ("tickets", listed(rows[at:stop])),
            ("after_url", compact(url)),
            ("before_url", b"null"),
            ("after_cursor", compact(after)),
            ("before_cursor", b"null"),
            ("end_of_stream", b"true" if stop == len(rows) else b"false"),
        ]
        return raw(body(parts))
