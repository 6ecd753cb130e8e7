"""GitLab's REST API v4: issues of a project (offset pages), projects (offset or keyset pages).

Checked against the Markdown source of docs.gitlab.com (gitlabhq/gitlabhq on GitHub):
- paging: https://docs.gitlab.com/api/rest/#pagination
- limits: https://docs.gitlab.com/administration/settings/user_and_ip_rate_limits/#response-headers
and the text of the 405 beyond an offset of 50,000, and that keyset pages carry no `x-` headers,
against public issues. From memory: the empty `x-next-page` on the last page, the 400 texts, the 401
text, that keyset links are given on every page that is not empty (the page says when they end: "the
Link header is absent and the resulting array is empty").
"""

from __future__ import annotations

from email.utils import formatdate
from math import ceil
from typing import Any, ClassVar
from urllib.parse import unquote

from practice_api.data import iso
from practice_api.dialects import Headers, Notice
from practice_api.wire import Reply, json_reply
from vendor_apis.records import EPOCH_2024, Dice, Row, compact
from vendor_apis.vendor import Call, Refusal, Vendor, link, link_header, listed, raw, whole

TOKEN = "glpat-practice0token0pract"
MOST_OFFSET = 50_000
MOST_COUNTED = 10_000


def refused(status: int, **says: str) -> Refusal:
    return Refusal(json_reply(says, status))


def stamp(seconds: int) -> str:
    return iso(seconds * 1000 + 123)


def issue(dice: Dice, number: int) -> Row:
    closed = dice.chance(3)
    created = EPOCH_2024 + number * 5_000
    record: dict[str, Any] = {
        "id": 9_000_000 + number * 3,
        "iid": number,
        "project_id": 9,
        "title": f"{dice.text()} {number}",
        "description": dice.maybe(3, dice.text()),
        "state": "closed" if closed else "opened",
        "created_at": stamp(created),
        "updated_at": stamp(created + dice.number(9_000)),
        "closed_at": stamp(created + 9_000) if closed else None,
        "closed_by": None,
        "labels": ["bug"] if dice.chance(2) else [],
        "milestone": None,
        "assignees": [],
        "author": {"id": dice.number(10**7), "name": dice.name(), "avatar_url": None},
        "due_date": dice.maybe(2, "2024-12-31"),
        "confidential": dice.chance(9),
        "discussion_locked": None,
        "weight": dice.maybe(2, dice.number(9)),
        "time_stats": {"time_estimate": 0, "human_time_estimate": None},
        "moved_to_id": None,
    }
    return Row(str(record["id"]), {"state": record["state"]}, compact(record))


def project(dice: Dice, number: int) -> Row:
    identity = number * 7 + 3
    record: dict[str, Any] = {
        "id": identity,
        "description": dice.maybe(2, dice.text()),
        "name": dice.name(),
        "path_with_namespace": f"group/project-{identity}",
        "created_at": stamp(EPOCH_2024 + number * 60),
        "default_branch": dice.maybe(9, "main"),
        "topics": [],
        "star_count": dice.number(1000),
        "last_activity_at": stamp(EPOCH_2024 + number * 90),
        "visibility": dice.pick(["private", "internal", "public"]),
        "namespace": {"id": dice.number(10**6), "parent_id": None},
    }
    return Row(str(identity), {"id": identity}, compact(record))


class GitLab(Vendor):
    name = "gitlab"
    # 2,000 a minute and user: https://docs.gitlab.com/user/gitlab_com/#rate-limits-on-gitlabcom
    limits: ClassVar[dict[str, str]] = {"throttle_authenticated_api": "fixed:2000:60s"}

    def authenticate(self, call: Call) -> None:
        # https://docs.gitlab.com/api/rest/authentication/#personalprojectgroup-access-tokens
        given = (call.header("private-token"), call.bearer(), call.query.get("private_token"))
        if TOKEN not in given:
            raise refused(401, message="401 Unauthorized")

    def notice(self, notice: Notice, call: Call) -> Headers:
        at = ceil(notice.now + notice.reset)
        found = [
            ("RateLimit-Limit", str(notice.limit)),
            ("RateLimit-Name", call.notes["budget"]),
            ("RateLimit-Observed", str(notice.used + (not notice.admitted))),
            ("RateLimit-Remaining", str(notice.remaining)),
            ("RateLimit-Reset", str(at)),
        ]
        if not notice.admitted:  # "Additional headers for throttled requests"
            found.append(("RateLimit-ResetTime", formatdate(at, usegmt=True)))
            found.append(("Retry-After", str(ceil(notice.wait))))
        return found

    def exceeded(self, notice: Notice, call: Call) -> Reply:
        # "a 429 response code and a plain-text body, which by default is Retry later"
        return Reply(429, [("Content-Type", "text/plain")], b"Retry later\n")

    def rows(self, call: Call) -> list[Row] | None:
        # A namespaced path is one segment: "/ is represented by %2F".
        segments = [unquote(part) for part in call.request.path.split("/")[1:]]
        if segments[0] == "_truth" or segments[0] == "_dump":
            segments = segments[1:]
        if segments[:3] != ["api", "v4", "projects"]:
            return None
        if len(segments) == 3:
            rows = self.shelf.rows(("projects",), call.site.number("records", 345), project)
            # https://docs.gitlab.com/api/projects/#list-all-projects: created_at, newest first
            return rows if call.query.get("sort") == "asc" else rows[::-1]
        if len(segments) != 5 or segments[4] != "issues":
            return None
        count = call.site.number("records", 345)
        rows = self.shelf.rows(("issues", segments[3]), count, issue)
        state = call.query.get("state", "all")
        rows = [row for row in rows if state in ("all", row.shown["state"])]
        return rows if call.query.get("sort") == "asc" else rows[::-1]

    def serve(self, call: Call) -> Reply:
        rows = self.rows(call)
        if rows is None or call.method != "GET":
            raise refused(404, error="404 Not Found")
        for name in ("page", "per_page"):
            value = call.query.get(name)
            if value is not None and whole(value) is None:
                raise refused(400, error=f"{name} is invalid")
            if value is not None and (whole(value) or 0) < 1:
                raise refused(400, error=f"{name} does not have a valid value")
        size = min(whole(call.query.get("per_page")) or 20, 100)
        if call.query.get("pagination") == "keyset":
            return self.keyset(call, rows, size)
        return self.offset(call, rows, size)

    def offset(self, call: Call, rows: list[Row], size: int) -> Reply:
        page = whole(call.query.get("page")) or 1
        if (page - 1) * size >= MOST_OFFSET:
            kind = "Project" if call.path.endswith("/projects") else "Issue"
            text = f"Offset pagination has a maximum allowed offset of {MOST_OFFSET} for requests "
            text += f"that return objects of type {kind}. Remaining records can be retrieved using "
            raise refused(405, error=text + "keyset pagination.")
        last = max(1, -(-len(rows) // size))
        # https://docs.gitlab.com/user/gitlab_com/#pagination-response-headers: not beyond 10,000
        counted = len(rows) <= MOST_COUNTED
        targets = [("prev", page - 1)] if page > 1 else []
        targets += [("next", page + 1)] if page < last else []
        targets += [("first", 1), ("last", last)] if counted else [("first", 1)]
        kept = [(k, v) for k, v in call.request.query if k not in ("page", "per_page")]
        pairs = []
        for rel, number in targets:
            query = [*kept, ("page", str(number)), ("per_page", str(size))]
            pairs.append((rel, link(call.base, call.request.path, query)))
        headers = [
            ("link", link_header(pairs)),
            ("x-next-page", str(page + 1) if page < last else ""),
            ("x-page", str(page)),
            ("x-per-page", str(size)),
            ("x-prev-page", str(page - 1) if page > 1 else ""),
        ]
        if counted:
            headers += [("x-total", str(len(rows))), ("x-total-pages", str(last))]
        return raw(listed(rows[(page - 1) * size : page * size]), *headers)

    def keyset(self, call: Call, rows: list[Row], size: int) -> Reply:
        order, sort = call.query.get("order_by"), call.query.get("sort", "desc")
        if not call.path.endswith("/projects") or order != "id":
            text = "Keyset pagination is not yet available for this type of request"
            raise refused(405, error=text)
        after, before = whole(call.query.get("id_after")), whole(call.query.get("id_before"))
        if after is not None:
            rows = [row for row in rows if row.shown["id"] > after]
        if before is not None:
            rows = [row for row in rows if row.shown["id"] < before]
        here = rows[:size]
        if not here:
            return raw(b"[]")
        name = "id_after" if sort == "asc" else "id_before"
        kept = [(k, v) for k, v in call.request.query if k not in ("id_after", "id_before")]
        url = link(call.base, call.request.path, [*kept, (name, here[-1].key)])
        return raw(listed(here), ("link", link_header([("next", url)])))
