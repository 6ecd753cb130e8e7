"""X's API v2: a user's posts and followers, by `pagination_token`.

Checked:
- paging: https://docs.x.com/x-api/fundamentals/pagination
- limits and the body of a 429: https://docs.x.com/fundamentals/rate-limits and
  https://docs.x.com/x-api/fundamentals/rate-limits (no Retry-After)
- refusals: https://docs.x.com/x-api/fundamentals/response-codes-and-errors and the staff's list of
  the fields of a v2 400 in the developers' forum
From memory: the 401 body, that an answer without results has no `data` at all, which fields come
without being asked for. "Do not rely on the results per page always equaling the max_results": what
is hidden (deleted posts, suspended accounts) is left out after paging, so pages are short, and one
of followers is empty before the end.
"""

from __future__ import annotations

import base64
import re
from typing import Any, ClassVar

from practice_api.data import iso
from practice_api.dialects import Headers, Notice, twitter
from practice_api.wire import Reply, json_reply
from vendor_apis.records import EPOCH_2024, Dice, Row, compact
from vendor_apis.vendor import Call, Refusal, Vendor, body, listed, raw, whole

TOKEN = "AAAAAAAAAAAAAAAAAAAAAPractice%3DBearer0Token"
PATH = re.compile(r"/2/users/(\d{1,19})/(tweets|followers)")
# least, most and default max_results: https://docs.x.com/x-api/users/get-posts,
# https://docs.x.com/x-api/users/get-followers
SIZES = {"tweets": (5, 100, 10), "followers": (1, 1000, 100)}
FIELDS = {
    "tweets": ("tweet.fields", ["id", "text", "edit_history_tweet_ids", "author_id", "created_at",
               "in_reply_to_user_id", "lang", "public_metrics", "possibly_sensitive"], 3),
    "followers": ("user.fields", ["id", "name", "username", "created_at", "description", "location",
                  "protected", "verified", "url"], 3),
}  # fmt: skip


def refused(call: Call, name: str, message: str) -> Refusal:
    errors = [{"parameters": {name: [call.query.get(name, "")]}, "message": message}]
    says = {"errors": errors, "title": "Invalid Request",
            "detail": "One or more parameters to your request was invalid.",
            "type": "https://api.twitter.com/2/problems/invalid-request"}  # fmt: skip
    return Refusal(json_reply(says, 400))


def post(dice: Dice, number: int) -> Row:
    key = str(1_740_000_000_000_000_000 + number * 4_194_304_123)
    record: dict[str, Any] = {
        "id": key, "text": dice.text(), "edit_history_tweet_ids": [key], "author_id": "2244994945",
        "created_at": iso((EPOCH_2024 + number * 60) * 1000),
        "in_reply_to_user_id": str(dice.number(10**12)), "lang": dice.pick(["en", "und", "de"]),
        "public_metrics": {"retweet_count": dice.number(99), "like_count": dice.number(10**6)},
        "possibly_sensitive": False,
    }  # fmt: skip
    if dice.chance(2):
        del record["in_reply_to_user_id"]  # absent, not null
    return Row(key, {"hidden": dice.chance(9), "record": record}, b"")


def follower(dice: Dice, number: int) -> Row:
    key = str(1_300_000_000_000_000_000 + number * 8_388_608_321)
    record: dict[str, Any] = {
        "id": key, "name": dice.name(), "username": f"user{number}",
        "created_at": iso((EPOCH_2024 - number * 60) * 1000), "description": dice.text(),
        "location": dice.city(), "protected": dice.chance(9), "verified": dice.chance(9),
        "url": "",
    }  # fmt: skip
    if dice.chance(2):
        del record["location"]
    return Row(key, {"hidden": 120 <= number < 340 or dice.chance(20), "record": record}, b"")


class X(Vendor):
    name = "x"
    # Per endpoint and app: https://docs.x.com/x-api/fundamentals/rate-limits
    limits: ClassVar[dict[str, str]] = {"tweets": "fixed:10000:15m", "followers": "fixed:300:15m"}
    align = "first"

    def authenticate(self, call: Call) -> None:
        # https://docs.x.com/fundamentals/authentication/oauth-2-0/application-only
        if call.bearer() != TOKEN:
            raise Refusal(self.problem(401, "Unauthorized"))
        if PATH.fullmatch(call.path) is None or call.method != "GET":
            raise Refusal(self.problem(404, "Not Found"))

    def problem(self, status: int, title: str) -> Reply:
        says = {"title": title, "type": "about:blank", "status": status, "detail": title}
        return json_reply(says, status)

    def budget(self, call: Call) -> str:
        matched = PATH.fullmatch(call.path)
        return matched[2] if matched else "tweets"

    def notice(self, notice: Notice, call: Call) -> Headers:
        return twitter(notice)

    def exceeded(self, notice: Notice, call: Call) -> Reply:
        return json_reply({"errors": [{"code": 88, "message": "Rate limit exceeded"}]}, 429)

    def everything(self, call: Call) -> list[Row] | None:
        matched = PATH.fullmatch(call.path)
        if matched is None:
            return None
        count = call.site.number("records", 432)
        make = post if matched[2] == "tweets" else follower
        return self.shelf.rows((matched[2], matched[1]), count, make)[::-1]

    def rows(self, call: Call) -> list[Row] | None:
        rows = self.everything(call)
        return None if rows is None else self.seen(call, rows)

    def seen(self, call: Call, rows: list[Row]) -> list[Row]:
        matched = PATH.fullmatch(call.path)
        name, known, given = FIELDS[matched[2]] if matched else FIELDS["tweets"]
        asked = [field for field in call.query.get(name, "").split(",") if field]
        wanted = set(known[:given]) | set(asked)
        return [
            Row(row.key, row.shown, compact(
                {k: v for k, v in row.shown["record"].items() if k in wanted}
            ))
            for row in rows if not row.shown["hidden"]
        ]  # fmt: skip

    def serve(self, call: Call) -> Reply:
        kind = self.budget(call)
        least, most, default = SIZES[kind]
        name, known, _ = FIELDS[kind]
        allowed = ["id", "max_results", "pagination_token", name]
        for given in call.query:
            if given not in allowed:
                text = f"The query parameter [{given}] is not one of [{','.join(allowed)}]"
                raise refused(call, given, text)
        for field in call.query.get(name, "").split(","):
            if field and field not in known:
                text = f"The `{name}` query parameter value [{field}] is not one of "
                raise refused(call, name, text + f"[{','.join(known)}]")
        size = whole(call.query.get("max_results", str(default)))
        if size is None or not least <= size <= most:
            text = f"The `max_results` query parameter value [{call.query['max_results']}] is not "
            raise refused(call, "max_results", text + f"between {least} and {most}")
        rows = self.everything(call) or []
        start = self.start(call)
        here = self.seen(call, rows[start : start + size])
        meta: dict[str, Any] = {"result_count": len(here)}
        if here and kind == "tweets":
            meta |= {"newest_id": here[0].key, "oldest_id": here[-1].key}
        if start + size < len(rows):
            meta["next_token"] = self.token(start + size)  # "The last page ... will not have" it
        if start > 0:
            meta["previous_token"] = self.token(max(0, start - size))
        data = listed(here) if here else None
        return raw(body([("data", data), ("meta", compact(meta))]))

    def token(self, start: int) -> str:
        return "7140" + base64.b32hexencode(f"p:{start:08d}".encode()).decode().lower().rstrip("=")

    def start(self, call: Call) -> int:
        given = call.query.get("pagination_token")
        if given is None:
            return 0
        try:
            text = base64.b32hexdecode(given[4:].upper() + "=" * (-len(given[4:]) % 8)).decode()
        except ValueError:
            text = ""
        at = whole(text.removeprefix("p:"))
        if at is None or self.token(at) != given:
            text = f"The `pagination_token` query parameter value [{given}] is not valid"
            raise refused(call, "pagination_token", text)
        return at
