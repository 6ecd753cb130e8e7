"""Slack's Web API: users.list, conversations.list, conversations.history, conversations.members.

Checked: paging against https://docs.slack.dev/apis/web-api/pagination (cursor and limit; an empty,
null or absent next_cursor ends; pages may be short anywhere; `=` in a cursor should be sent as
%3D); arguments, defaults and error names of conversations.list and conversations.history against
Slack's method pages as kept in client libraries; the 429 against
https://docs.slack.dev/apis/web-api/rate-limits. From memory: the exact fields, `limit_required`
above 1,000 users, what a cursor holds.
"""

from __future__ import annotations

import base64
from math import ceil
from typing import Any, ClassVar

from practice_api.dialects import Notice
from practice_api.wire import Reply, json_reply
from vendor_apis.records import EPOCH_2024, Dice, Row, slashed
from vendor_apis.vendor import Call, Refusal, Vendor, body, listed, raw, whole

TOKEN = "xoxb-practice-token"
# method: its list, what its cursors begin with, default limit, largest limit, tier
METHODS = {
    "users.list": ("members", "user", 0, 1000, 20),
    "conversations.list": ("channels", "team", 100, 999, 20),
    "conversations.history": ("messages", "next_ts", 100, 999, 50),
    "conversations.members": ("members", "user", 100, 999, 100),
}


def refused(error: str, **more: Any) -> Refusal:
    """ "all Web API responses contain a JSON object, which always contains a top-level boolean
    property ok" (https://docs.slack.dev/apis/web-api/#responses): failures are 200 as well."""
    return Refusal(json_reply({"ok": False, "error": error, **more}))


def member(dice: Dice, number: int) -> Row:
    key = f"U{number:04d}{dice.word(6)}"
    gone = dice.chance(7)
    record: dict[str, Any] = {
        "id": key, "team_id": "T012AB3C4", "name": f"user{number}", "deleted": gone,
        "color": dice.hex(6), "real_name": dice.name(), "tz": dice.maybe(9, "Europe/Amsterdam"),
        "profile": {
            "title": "", "phone": "", "real_name": dice.name(),
            "status_text": dice.text(), "status_expiration": 0,
            "image_24": f"https://avatars.slack-edge.com/{dice.hex(8)}/{number}_24.png",
        },
        "is_bot": dice.chance(9), "updated": EPOCH_2024 + number,
    }  # fmt: skip
    if not gone:
        record["is_admin"] = dice.chance(20)  # absent, not null, on deactivated members
    return Row(key, {}, slashed(record))


def channel(dice: Dice, number: int) -> Row:
    key = f"C{number:04d}{dice.word(6)}"
    # A long run of archived channels: a page of 100 without any other is empty and not the last.
    archived = 90 <= number < 310 or dice.chance(5)
    record = {
        "id": key, "name": f"channel-{number}", "is_channel": True, "is_private": False,
        "created": EPOCH_2024 + number, "is_archived": archived, "is_general": number == 1,
        "creator": f"U{dice.word(8)}", "is_shared": False, "previous_names": [],
        "topic": {"value": dice.text(), "creator": "", "last_set": 0},
        "num_members": dice.number(500),
    }  # fmt: skip
    return Row(key, {"archived": archived}, slashed(record))


def message(dice: Dice, number: int) -> Row:
    ts = f"{EPOCH_2024 + number * 30}.{dice.number(10**6):06d}"
    record: dict[str, Any] = {"type": "message", "user": f"U{dice.word(8)}", "text": dice.text()}
    if dice.chance(4):
        record |= {"thread_ts": ts, "reply_count": dice.number(9), "subscribed": False}
    record["ts"] = ts
    return Row(ts, {"ts": ts}, slashed(record))


def someone(dice: Dice, number: int) -> Row:
    key = f"U{number:04d}{dice.word(6)}"
    return Row(key, {}, slashed(key))


class Slack(Vendor):
    name = "slack"
    # Tiers: "Tier 2: 20+ per minute, Tier 3: 50+, Tier 4: 100+", each method on its own
    # (https://docs.slack.dev/apis/web-api/rate-limits).
    limits: ClassVar[dict[str, str]] = {
        name: f"sliding:{about[4]}:60s" for name, about in METHODS.items()
    }

    def authenticate(self, call: Call) -> None:
        # https://docs.slack.dev/authentication/: as bearer, or as `token` in a form
        token = call.bearer() or call.form.get("token")
        if token is None:
            raise refused("not_authed")
        if token != TOKEN:
            raise refused("invalid_auth")
        method = call.path.removeprefix("/api/")
        if not call.path.startswith("/api/") or method not in METHODS:
            raise refused("unknown_method", req_method=method)
        # "Present your arguments as form fields or in the query string, or a bit of both."
        call.query = call.query | call.form

    def budget(self, call: Call) -> str:
        return call.path.removeprefix("/api/")

    def exceeded(self, notice: Notice, call: Call) -> Reply:
        says = {"ok": False, "error": "ratelimited"}
        return json_reply(says, 429, ("Retry-After", str(ceil(notice.wait))))

    def everything(self, call: Call) -> list[Row] | None:
        """All there is to page over; what is hidden goes after paging."""
        method = call.path.removeprefix("/api/")
        if method == "users.list":
            return self.shelf.rows(("users",), call.site.number("records", 420), member)
        if method == "conversations.list":
            return self.shelf.rows(("channels",), call.site.number("records", 420), channel)
        where = call.query.get("channel", "")
        if method not in METHODS:
            return None
        if len(where) < 3 or where[0] not in "CGD":
            raise refused("channel_not_found")
        count = call.site.number("records", 420)
        if method == "conversations.members":
            return self.shelf.rows(("members", where), count, someone)
        rows = self.shelf.rows(("messages", where), count, message)[::-1]  # newest first
        oldest, latest = call.query.get("oldest", "0"), call.query.get("latest")
        return [
            row for row in rows
            if float(row.key) > float(oldest) and (not latest or float(row.key) < float(latest))
        ]  # fmt: skip

    def rows(self, call: Call) -> list[Row] | None:
        rows = self.everything(call)
        return None if rows is None else [row for row in rows if self.visible(call, row)]

    def visible(self, call: Call, row: Row) -> bool:
        without = call.query.get("exclude_archived", "false") in ("true", "1")
        return not (without and row.shown.get("archived"))

    def serve(self, call: Call) -> Reply:
        method = call.path.removeprefix("/api/")
        name, kind, default, most, _ = METHODS[method]
        rows = self.everything(call) or []
        text = call.query.get("limit")
        size = default if text in (None, "") else whole(text)
        if size is None or size < 0 or size > most:
            raise refused("invalid_limit")
        if size == 0 and len(rows) > 1000:
            raise refused("limit_required")
        start = self.start(call, kind, rows)
        stop = start + size if size else len(rows)
        # "Fewer than the requested number of items may be returned, even if the end of the list
        # hasn't been reached" (https://docs.slack.dev/reference/methods/conversations.list).
        here = [row for row in rows[start:stop] if self.visible(call, row)]
        cursor = self.cursor(kind, rows[stop].key) if stop < len(rows) else ""
        parts: list[tuple[str, bytes | None]] = [("ok", b"true"), (name, listed(here))]
        if method == "conversations.history":
            parts.append(("has_more", b"true" if cursor else b"false"))
            parts.append(("pin_count", b"0"))
        if cursor or method != "conversations.history":
            # "An empty, null, or non-existent next_cursor indicates no further results": empty for
            # lists, absent for a history.
            parts.append(("response_metadata", body([("next_cursor", slashed(cursor))])))
        return raw(body(parts))

    def cursor(self, kind: str, key: str) -> str:
        return base64.b64encode(f"{kind}:{key}".encode()).decode()

    def start(self, call: Call, kind: str, rows: list[Row]) -> int:
        text = call.query.get("cursor")
        if not text:
            return 0
        for place, row in enumerate(rows):
            if self.cursor(kind, row.key) == text:
                return place
        raise refused("invalid_cursor")
