"""Jira Cloud's REST API v3: issue search by token, the older one by offset, project search.

Checked:
- search by token:
  https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issue-search/ (its models as
  kept in generated clients: jql, fields, maxResults, nextPageToken in query or JSON)
- the end of the older search: https://developer.atlassian.com/changelog/#CHANGE-2046 (410; a site
  with the option `gone` answers so) and public issues that quote the 410 and the refusal of an
  unbounded query
- limits: https://developer.atlassian.com/cloud/jira/platform/rate-limiting/ (Retry-After,
  X-RateLimit-Reset as ISO 8601, RateLimit-Reason, X-RateLimit-NearLimit)
- paging by startAt: https://developer.atlassian.com/cloud/jira/platform/rest/v3/intro/#pagination
From memory: the 401 body and the text of a 429, that a page with fields holds at most 100 issues.
The reference says of nextPageToken on the last page "will be null" and shows an example without it:
here it is null for POST and absent for GET.
"""

from __future__ import annotations

import base64
import json
import re
from math import ceil
from typing import Any, ClassVar

from practice_api.data import iso
from practice_api.dialects import Headers, Notice
from practice_api.wire import Reply, json_reply
from vendor_apis.records import EPOCH_2024, Dice, Row, compact
from vendor_apis.vendor import Call, Refusal, Vendor, body, link, listed, raw, whole

EMAIL, TOKEN = "dev@example.com", "practice-atlassian-token"
SEARCH, OLD, PROJECTS = "/rest/api/3/search/jql", "/rest/api/3/search", "/rest/api/3/project/search"
CLAUSE = re.compile(r'\s*(project|status)\s*=\s*"?([^"]+?)"?\s*', re.I)
STATUSES = ("To Do", "In Progress", "Done")


def refused(status: int, *messages: str) -> Refusal:
    return Refusal(json_reply({"errorMessages": list(messages), "errors": {}}, status))


def issue(dice: Dice, number: int) -> Row:
    key, status = str(10_000 + number), dice.pick(STATUSES)
    text = {"type": "text", "text": dice.text() or "-"}
    words = {"type": "doc", "version": 1, "content": [{"type": "paragraph", "content": [text]}]}
    fields: dict[str, Any] = {
        "summary": f"{dice.text()} {number}", "status": {"name": status, "id": "3"},
        "issuetype": {"id": "10002", "subtask": False}, "description": dice.maybe(3, words),
        "assignee": dice.maybe(2, {"accountId": dice.hex(24), "displayName": dice.name()}),
        "created": iso((EPOCH_2024 + number * 99) * 1000)[:23] + "+0000", "resolution": None,
        "customfield_10016": dice.maybe(2, float(dice.number(13))), "labels": [],
        "customfield_10020": None,
    }  # fmt: skip
    about = {"expand": "operations,versionedRepresentations,editmeta,changelog", "id": key,
             "self": f"https://your-domain.atlassian.net/rest/api/3/issue/{key}"}  # fmt: skip
    return Row(key, {"number": number, "status": status, "about": about, "fields": fields}, b"")


def project(dice: Dice, number: int) -> Row:
    key = f"P{number:03d}"
    record = {
        "id": str(10_000 + number), "key": key, "name": dice.name(), "simplified": False,
        "style": "classic", "description": dice.maybe(2, dice.text()), "isPrivate": False,
        "insight": {"totalIssueCount": dice.number(500), "lastIssueUpdateTime": None},
    }  # fmt: skip
    return Row(key, {}, compact(record))


class Jira(Vendor):
    name = "jira"
    # "burst API rate limits": about 100 GETs a second and endpoint (the limits page above).
    limits: ClassVar[dict[str, str]] = {"burst": "bucket:100:1s:100"}

    def authenticate(self, call: Call) -> None:
        # https://developer.atlassian.com/cloud/jira/platform/basic-auth-for-rest-apis/
        if call.basic() != (EMAIL, TOKEN):
            text = "Client must be authenticated to access this resource."
            raise Refusal(json_reply({"message": text, "status-code": 401}, 401))

    def notice(self, notice: Notice, call: Call) -> Headers:
        found = [
            ("X-RateLimit-Limit", str(notice.limit)),
            ("X-RateLimit-Remaining", str(notice.remaining)),
        ]
        if notice.remaining * 5 < notice.limit:
            found.append(("X-RateLimit-NearLimit", "true"))
        if not notice.admitted:
            # "the request timestamp plus the Retry-After period ... in the format
            # yyyy-MM-ddTHH:mmZ"
            at = iso(ceil((notice.now + notice.wait) / 60) * 60_000)[:16] + "Z"
            found += [("Retry-After", str(ceil(notice.wait))), ("X-RateLimit-Reset", at)]
            found.append(("RateLimit-Reason", "jira-burst-based"))
        return found

    def exceeded(self, notice: Notice, call: Call) -> Reply:
        return refused(429, "Rate limit exceeded.").reply

    def rows(self, call: Call) -> list[Row] | None:
        if call.path == PROJECTS:
            return self.shelf.rows(("projects",), call.site.number("records", 123), project)
        if call.path not in (SEARCH, OLD):
            return None
        asked = self.asked(call)
        clauses, _, _ = asked["jql"].partition("ORDER BY")
        tests = [CLAUSE.fullmatch(part) for part in clauses.split(" AND ") if part.strip()]
        if (call.path == SEARCH and not tests) or None in tests:
            text = "Unbounded JQL queries are not allowed here. Please add a search restriction to "
            raise refused(400, text + "your query.")
        wanted = {match[1].lower(): match[2] for match in tests if match}
        key = wanted.get("project", "EX")
        rows = self.shelf.rows(("issues", key), call.site.number("records", 456), issue)
        rows = [row for row in rows if wanted.get("status") in (None, row.shown["status"])]
        return [
            Row(row.key, row.shown, self.shown(row, key, asked["fields"])) for row in rows[::-1]
        ]

    def shown(self, row: Row, key: str, fields: list[str]) -> bytes:
        """ "A list of fields to return for each issue ... The default is id" for the search by
        token; `*all`, `*navigable` or names otherwise."""
        if fields == ["id"]:
            return compact({"id": row.shown["about"]["id"]})
        about = row.shown["about"] | {"key": f"{key}-{row.shown['number']}"}
        if fields == ["key"]:
            return compact(about)
        every = {"*all", "*navigable"} & set(fields)
        kept = {k: v for k, v in row.shown["fields"].items() if every or k in fields}
        return compact(about | {"fields": kept})

    def asked(self, call: Call) -> dict[str, Any]:
        """The parameters, from the query or a JSON body."""
        given: dict[str, Any] = dict(call.query)
        if call.method == "POST":
            content = call.header("content-type") or ""
            posted = call.request.json() if content.startswith("application/json") else None
            if not isinstance(posted, dict):
                raise refused(400, "Invalid request payload. Refer to the REST API documentation.")
            given = posted
        fields = given.get("fields")
        if isinstance(fields, str):
            fields = [name for name in fields.split(",") if name]
        default = ["id"] if call.path == SEARCH else ["*navigable"]
        size = given.get("maxResults", 50)
        size = whole(str(size)) if not isinstance(size, bool) else None
        if size is None or size < 0:
            raise refused(400, "maxResults must be a non-negative integer")
        return {"jql": str(given.get("jql", "")), "fields": fields or default, "size": size,
                "token": given.get("nextPageToken"), "start": given.get("startAt", 0)}  # fmt: skip

    def serve(self, call: Call) -> Reply:
        rows = self.rows(call)
        if call.path == OLD and "gone" in call.site.options:
            text = (
                "The requested API has been removed. Please migrate to the /rest/api/3/search/jql"
            )
            text += " API. A full migration guideline is available at "
            raise refused(410, text + "https://developer.atlassian.com/changelog/#CHANGE-2046")
        if rows is None or call.method not in ("GET", "POST"):
            raise refused(404, "Not Found")
        asked = self.asked(call)
        # "the API may return fewer items per page where a large number of fields or properties are
        # requested"; a page of ids and keys holds up to 5,000.
        most = 5000 if set(asked["fields"]) <= {"id", "key"} else 100
        size = min(asked["size"] or 50, most)
        if call.path == SEARCH:
            return self.by_token(call, rows, asked, size)
        return self.by_offset(call, rows, asked, size)

    def by_token(self, call: Call, rows: list[Row], asked: dict[str, Any], size: int) -> Reply:
        start = 0
        if asked["token"] is not None:
            try:
                state = json.loads(base64.b64decode(str(asked["token"]), validate=True))
                start = int(state["at"]) if state["jql"] == asked["jql"] else -1
            except (ValueError, TypeError, KeyError):
                start = -1
            if start < 0:
                raise refused(400, "The provided next page token is invalid or expired.")
        stop = start + size
        after: bytes | None = b"null" if call.method == "POST" else None
        if stop < len(rows):
            state = compact({"jql": asked["jql"], "at": stop})
            after = compact(base64.b64encode(state).decode())
        last = b"false" if stop < len(rows) else b"true"
        parts = [("issues", listed(rows[start:stop])), ("nextPageToken", after), ("isLast", last)]
        return raw(body(parts))

    def by_offset(self, call: Call, rows: list[Row], asked: dict[str, Any], size: int) -> Reply:
        start = whole(str(asked["start"]))
        if start is None or start < 0:
            raise refused(400, "startAt must be a non-negative integer")
        stop = min(start + size, max(start, len(rows)))
        here = listed(rows[start:stop])
        numbers: list[tuple[str, bytes | None]] = [
            ("maxResults", b"%d" % size), ("startAt", b"%d" % start), ("total", b"%d" % len(rows)),
        ]  # fmt: skip
        if call.path == OLD:
            # maxResults tells what was given, which may be less than what was asked for.
            return raw(body([("expand", b'"schema,names"'), *numbers, ("issues", here)]))
        kept = [(k, v) for k, v in call.request.query if k not in ("startAt", "maxResults")]

        def url(at: int) -> bytes:
            query = [*kept, ("startAt", str(at)), ("maxResults", str(size))]
            return compact(link(call.base, PROJECTS, query))

        more = stop < len(rows)
        parts = [("self", url(start)), ("nextPage", url(stop) if more else None), *numbers]
        return raw(body([*parts, ("isLast", b"false" if more else b"true"), ("values", here)]))
