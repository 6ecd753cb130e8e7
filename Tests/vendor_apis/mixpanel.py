"""Mixpanel's Query API: profiles (`engage`), by page number and session.

Checked: paging, form, answer and limit (60 queries an hour, 5 at a time) against
https://docs.mixpanel.com/reference/engage-query; service accounts against
https://developer.mixpanel.com/reference/service-accounts; the text of the 429 against a public
issue that quotes one; "uncached query" against a description of the same method. From memory: the
400 and 401 bodies, `project_id` being required with a service account, how a session id looks, that
neither Retry-After nor a budget is told.
"""

from __future__ import annotations

import re
from typing import ClassVar

from practice_api.data import iso
from practice_api.dialects import Notice
from practice_api.wire import Reply
from vendor_apis.records import EPOCH_2024, Dice, Row, spaced
from vendor_apis.vendor import Call, Refusal, Vendor, listed, raw, whole

ACCOUNT, SECRET = "practice.a1b2c3.mp-service-account", "practice-mixpanel-secret"
EQUAL = re.compile(r'\s*properties\["([^"]+)"\]\s*==\s*"([^"]*)"\s*')
PATH = "/api/query/engage"


def refused(status: int, error: str, call: Call) -> Refusal:
    says = {"request": call.request.target, "error": error, "status": "error"}
    return Refusal(raw(spaced(says), status=status))


def profile(dice: Dice, number: int) -> Row:
    plan = dice.pick(["free", "pro", "business"])
    created = iso((EPOCH_2024 + number * 333) * 1000)[:19]
    record = {
        "$distinct_id": dice.pick([number, f"id-{number}"]),  # either: see the page's example
        "$properties": {
            "$created": created,
            "$email": dice.maybe(5, f"user{number}@example.com"),
            "$first_name": dice.name(),
            "$last_seen": created,
            "$city": dice.city(),
            "plan": plan,
            "ltv": dice.number(10_000) / 8,
            "bio": dice.text(),
        },
    }
    return Row(str(number), {"plan": plan}, spaced(record))


class Mixpanel(Vendor):
    name = "mixpanel"
    limits: ClassVar[dict[str, str]] = {"query": "sliding:60:1h+concurrent:5"}

    def authenticate(self, call: Call) -> None:
        if call.basic() != (ACCOUNT, SECRET):
            raise refused(401, "Invalid service account credentials", call)
        # "Authentication - Service Account - project_id: Required if using service account"
        if whole(call.query.get("project_id")) is None:
            raise refused(400, "Missing required parameter: project_id", call)

    def exceeded(self, notice: Notice, call: Call) -> Reply:
        text = f"Query rate limit exceeded for project_id: {call.query['project_id']}. "
        text += f"{notice.used + 1}/{notice.limit} queries running in the last hour."
        return refused(429, text, call).reply

    def rows(self, call: Call) -> list[Row] | None:
        if call.path != PATH:
            return None
        rows = self.shelf.rows(("profiles",), call.site.number("records", 3456), profile)
        where = EQUAL.fullmatch((call.form or call.query).get("where", ""))
        return [row for row in rows if where is None or row.shown.get(where[1]) == where[2]]

    def serve(self, call: Call) -> Reply:
        rows = self.rows(call)
        if rows is None:
            raise refused(404, "Not Found", call)
        if call.method != "POST":
            raise refused(405, "Method not allowed", call)
        page = whole(call.form.get("page", "0"))
        if page is None or page < 0:
            raise refused(400, "page must be a non-negative integer", call)
        sessions: dict[str, str] = call.site.memory
        session = call.form.get("session_id")
        where = call.form.get("where", "")
        if page > 0 and not session:
            # "page: Which page of the results to retrieve. Pages start at zero. If the "page"
            # parameter is provided, the session_id must also be provided."
            raise refused(400, "session_id is required with page", call)
        if not session:
            session = f"{EPOCH_2024 + len(sessions)}-{Dice(len(sessions), where).word(6)}"
            sessions[session] = where
        elif sessions.get(session) != where:
            # "repeat their call to the API using the same where param, but provide a session_id"
            raise refused(400, f"request for page in uncached query for params {where!r}", call)
        size = call.site.number("size", 1000)  # chosen by Mixpanel: the answer tells it
        # A next page exists while "length of this_page.results >= this_page.page_size".
        here = rows[page * size : (page + 1) * size]
        parts = (
            f'{{"page": {page}, "page_size": {size}, "session_id": "{session}", "status": "ok", '
            f'"total": {len(rows)}, "results": '
        )
        return raw(parts.encode() + listed(here, b", ") + b"}")
