"""GitHub's REST API: issues of a repository, users, issue search.

Checked against docs.github.com (its Markdown source, github/docs on GitHub):
- paging: https://docs.github.com/en/rest/using-the-rest-api/using-pagination-in-the-rest-api
- limits: https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
- refusals: https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api
The body of a 401 and of an exceeded limit is as quoted in public issues and error collections. From
memory: that a page past the end is an empty list with `prev` and `first`, that a page size out of
range is clamped and not refused, the 404 and 403 texts, the search endpoint's cap, and the URI
template in the Link header of `GET /users`.
"""

from __future__ import annotations

from math import ceil
from typing import Any, ClassVar
from zlib import crc32

from practice_api.data import iso
from practice_api.dialects import Headers, Notice, github
from practice_api.wire import Reply, json_reply
from vendor_apis.records import EPOCH_2024, Dice, Row, compact
from vendor_apis.vendor import Call, Refusal, Vendor, body, link, link_header, listed, raw, whole

TOKEN = "ghp_practice0token0practice0token0pract"
DOCS = "https://docs.github.com/rest"
HOUR = 3600
STATES = ("open", "closed", "all")
DATES = ("created:>=", "created:<=", "updated:>=", "updated:<=")


def refused(status: int, message: str, docs: str = DOCS, **more: Any) -> Refusal:
    says = {"message": message, "documentation_url": docs, "status": str(status)} | more
    return Refusal(json_reply(says, status))


def stamp(seconds: int) -> str:
    return iso(seconds * 1000)[:19] + "Z"


def user(dice: Dice) -> dict[str, Any]:
    number = dice.number(90_000_000) + 1
    return {"login": f"user{number}", "id": number, "node_id": f"U_{dice.hex(10)}",
            "avatar_url": f"https://avatars.githubusercontent.com/u/{number}?v=4",
            "type": "User", "site_admin": dice.chance(50)}  # fmt: skip


def issue(dice: Dice, number: int) -> Row:
    created = EPOCH_2024 + number * HOUR + dice.number(HOUR)
    closed = dice.chance(3)
    updated = created + dice.number(40 * HOUR)
    record = {
        "url": f"https://api.github.com/repos/octocat/Spoon-Knife/issues/{number}",
        "id": 2_100_000_000 + number * 977,
        "node_id": f"I_kwDO{dice.word(10)}",
        "number": number,
        "title": f"{dice.text()} #{number}",
        "user": user(dice),
        "labels": [
            {"id": dice.number(10**9), "name": name, "color": dice.hex(6), "description": None}
            for name in ("bug", "help wanted") if dice.chance(3)
        ],
        "state": "closed" if closed else "open",
        "locked": False,
        "assignee": dice.maybe(2, user(dice)),
        "milestone": None,
        "comments": dice.number(40),
        "created_at": stamp(created),
        "updated_at": stamp(updated),
        "closed_at": stamp(updated) if closed else None,
        "body": dice.maybe(4, dice.text()),
        "reactions": {"total_count": 3, "+1": 2, "-1": 1, "laugh": 0},
        "state_reason": "completed" if closed else None,
    }  # fmt: skip
    if dice.chance(4):
        # "Every pull request is an issue": told by this key alone
        # (https://docs.github.com/en/rest/issues/issues#list-repository-issues).
        record["pull_request"] = {"merged_at": dice.maybe(2, stamp(updated))}
    shown = {
        "created_at": stamp(created),
        "number": number,
        "state": record["state"],
        "updated_at": record["updated_at"],
    }
    return Row(str(number), shown, compact(record))


def account(dice: Dice, number: int) -> Row:
    record = user(dice) | {"id": number * 3, "login": f"user{number * 3}"}
    return Row(str(number * 3), {"id": number * 3}, compact(record))


class GitHub(Vendor):
    name = "github"
    # 5,000 an hour with a token, 60 without; search 30 a minute; secondary: 900 points a minute and
    # 100 at a time (the limits page above).
    limits: ClassVar[dict[str, str]] = {
        "core": "fixed:5000:1h",
        "anonymous": "fixed:60:1h",
        "search": "fixed:30:60s",
        "secondary": "sliding:900:60s+concurrent:100",
    }
    extra = frozenset({"secondary"})
    align = "first"

    def authenticate(self, call: Call) -> None:
        if not call.header("user-agent"):
            # "Requests without a valid User-Agent header will be rejected."
            text = b"\r\nRequest forbidden by administrative rules. Please make sure your request "
            text += b"has a User-Agent header (https://docs.github.com/en/rest).\r\n"
            raise Refusal(Reply(403, [("Content-Type", "text/plain")], text))
        call.notes["known"] = call.header("authorization") is not None
        if call.notes["known"] and TOKEN not in (call.bearer(), call.bearer("token")):
            raise refused(401, "Bad credentials")
        version = call.header("x-github-api-version")
        if version not in (None, "2022-11-28", "2026-03-10"):
            raise refused(400, f"{version} is not a supported version")

    def budget(self, call: Call) -> str:
        if call.path.startswith("/search/"):
            return "search"
        return "core" if call.notes["known"] else "anonymous"

    def notice(self, notice: Notice, call: Call) -> Headers:
        resource = "search" if call.notes["budget"] == "search" else "core"
        return [*github(notice)[:-1], ("x-ratelimit-resource", resource)]

    def exceeded(self, notice: Notice, call: Call) -> Reply:
        # "you will receive a 403 or 429 response, and the x-ratelimit-remaining header will be 0";
        # no retry-after.
        docs = f"{DOCS}/overview/rate-limits-for-the-rest-api"
        return refused(403, "API rate limit exceeded for user ID 1.", docs).reply

    def serve(self, call: Call) -> Reply:
        gate = self.gate(call, "secondary")
        admitted, _, verdict = gate.pass_through(call.request.at)
        if not admitted:
            # "If the retry-after response header is present, you should not retry your request
            # until after that many seconds has elapsed."
            text = "You have exceeded a secondary rate limit. Please wait a few minutes before you"
            reply = refused(403, f"{text} try again.").reply
            reply.headers.append(("retry-after", str(ceil(verdict.wait_ns / 1e9))))
            return reply
        try:
            reply = self.page(call)
        finally:
            gate.release()
        return reply

    def page(self, call: Call) -> Reply:
        if call.method != "GET":
            raise refused(404, "Not Found")
        rows = self.rows(call)
        if rows is None:
            raise refused(404, "Not Found")
        if call.path == "/users":
            return self.since(call, rows)
        if call.path == "/search/issues":
            return self.found(call, rows)
        size, page = self.size(call), max(1, whole(call.query.get("page")) or 1)
        here = rows[(page - 1) * size : page * size]
        return raw(listed(here), *self.links(call, page, size, len(rows)))

    def size(self, call: Call) -> int:
        size = whole(call.query.get("per_page"))
        return min(size, 100) if size is not None and size > 0 else 30

    def links(self, call: Call, page: int, size: int, count: int) -> Headers:
        """Of prev, next, last and first those that make sense; none when all is on one page."""
        last = max(1, -(-count // size))
        targets: list[tuple[str, int]] = []
        if page > 1:
            targets.append(("prev", min(page - 1, last)))
        if page < last:
            targets += [("next", page + 1), ("last", last)]
        if page > 1:
            targets.append(("first", 1))
        path = call.request.path
        if path.startswith("/repos/"):
            # The example on the paging page asks /repos/octocat/Spoon-Knife/issues and is given
            # links to /repositories/1300192/issues.
            path = f"/repositories/{repository(path)}/issues"
        kept = [(k, v) for k, v in call.request.query if k != "page"]
        pairs = [(rel, link(call.base, path, [*kept, ("page", str(n))])) for rel, n in targets]
        return [("link", link_header(pairs))] if pairs else []

    def since(self, call: Call, rows: list[Row]) -> Reply:
        """https://docs.github.com/en/rest/users/users#list-users: `since` is an id, and "Pagination
        is powered exclusively by the since parameter. Use the Link header"."""
        size, since = self.size(call), whole(call.query.get("since")) or 0
        here = [row for row in rows if row.shown["id"] > since][:size]
        first = f'<{call.base}/users{{?since}}>; rel="first"'
        if not here:
            return raw(b"[]", ("link", first))
        kept = [(k, v) for k, v in call.request.query if k != "since"]
        after = link(call.base, "/users", [*kept, ("since", here[-1].key)])
        return raw(listed(here), ("link", f'<{after}>; rel="next", {first}'))

    def found(self, call: Call, rows: list[Row]) -> Reply:
        """https://docs.github.com/en/rest/search/search: "up to 1,000 results for each search"."""
        if not call.query.get("q"):
            errors = [{"resource": "Search", "field": "q", "code": "missing"}]
            raise refused(422, "Validation Failed", f"{DOCS}/search", errors=errors)
        size, page = self.size(call), max(1, whole(call.query.get("page")) or 1)
        if (page - 1) * size >= 1000:
            raise refused(422, "Only the first 1000 search results are available")
        items = listed(rows[(page - 1) * size : min(page * size, 1000)])
        parts = [("total_count", b"%d" % len(rows)), ("incomplete_results", b"false")]
        headers = self.links(call, page, size, min(len(rows), 1000))
        return raw(body([*parts, ("items", items)]), *headers)

    def matches(self, call: Call) -> list[Row]:
        """The qualifiers created and updated with >= and <=, sort and order, as
        https://docs.github.com/en/search-github/getting-started-with-searching-on-github/understanding-the-search-syntax#query-for-dates
        and https://docs.github.com/en/rest/search/search#search-issues-and-pull-requests have them;
        without sort the best match comes first, whatever that is."""
        words = call.query.get("q", "").split()
        bounds = [word for word in words if word.startswith(DATES)]
        names = ("search", " ".join(word for word in words if word not in bounds))
        rows = self.shelf.rows(names, call.site.number("records", 1234), issue)
        for bound in bounds:
            name, _, text = bound.partition(":")
            test, day = text[:2], text[2:]
            rows = [
                row
                for row in rows
                if (
                    row.shown[f"{name}_at"] >= day
                    if test == ">="
                    else row.shown[f"{name}_at"] <= day
                )
            ]
        sort = call.query.get("sort")
        if sort not in ("created", "updated"):
            return rows
        rows = sorted(rows, key=lambda row: str(row.shown[f"{sort}_at"]))
        return rows if call.query.get("order") == "asc" else rows[::-1]

    def rows(self, call: Call) -> list[Row] | None:
        segments = call.path.split("/")[1:]
        if call.path == "/users":
            return self.shelf.rows(("users",), call.site.number("records", 500), account)
        if call.path == "/search/issues":
            return self.matches(call)
        repo = segments[0] == "repos" and len(segments) == 4
        if segments[-1] != "issues" or not (repo or (segments[0] == "repositories")):
            return None
        # https://docs.github.com/en/rest/issues/issues#list-repository-issues: state is open unless
        # asked for, the newest comes first.
        state = call.query.get("state", "open")
        if state not in STATES:
            errors = [{"resource": "Issue", "field": "state", "code": "invalid"}]
            raise refused(422, "Validation Failed", errors=errors)
        count = call.site.number("records", 730)
        number = repository(call.path) if repo else segments[1]
        rows = self.shelf.rows(("issues", number), count, issue)
        rows = [row for row in rows if state in ("all", row.shown["state"])]
        since = call.query.get("since", "")
        rows = [row for row in rows if row.shown["updated_at"] >= since]
        return rows if call.query.get("direction") == "asc" else rows[::-1]


def repository(path: str) -> str:
    """The id of the repository in /repos/{owner}/{repo}/...: any made-up one exists."""
    return str(crc32("/".join(path.split("/")[2:4]).encode()) % 10**9)
