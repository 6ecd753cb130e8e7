"""Shopify's REST Admin API: products and orders, by `page_info` in the Link header.

Checked:
- paging: https://shopify.dev/docs/api/usage/pagination-rest
- limits: https://shopify.dev/docs/api/usage/rate-limits (a bucket of 40 that leaks 2 a second, used
  and size in a header, Retry-After on a 429)
and the bodies of the two 400s and of the 401 against public issues and error collections. From
memory: the text of the 429, "2.0" as Retry-After, that a limit above 250 is taken as 250, the order
of the two lists, `X-Shopify-API-Version`.
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
from vendor_apis.vendor import Call, Refusal, Vendor, body, link, link_header, listed, raw, whole

TOKEN = "shpat_practice0token0practice0token00"
PATH = re.compile(r"/admin/api/(\d{4}-\d{2}|unstable)/(products|orders)\.json")
DOCS = "https://shopify.dev/api/usage/pagination-rest"


def refused(status: int, errors: object) -> Refusal:
    return Refusal(json_reply({"errors": errors}, status))


def stamp(seconds: int) -> str:
    return iso(seconds * 1000)[:19] + "-05:00"


def price(dice: Dice) -> str:
    cents = dice.number(100_000)
    return f"{cents // 100}.{cents % 100:02d}"


def product(dice: Dice, number: int) -> Row:
    key = 7_000_000_000_000 + number * 32_768
    record: dict[str, Any] = {
        "id": key, "title": dice.text(), "body_html": dice.maybe(3, f"<p>{dice.text()}</p>"),
        "vendor": dice.name(), "product_type": "", "created_at": stamp(EPOCH_2024 + number),
        "handle": f"product-{number}", "published_at": dice.maybe(4, stamp(EPOCH_2024 + number)),
        "template_suffix": None, "status": dice.pick(["active", "archived", "draft"]),
        "tags": "Emotive, Flash Memory",
        "variants": [{"id": key + 1, "price": price(dice), "sku": None, "grams": dice.number(900),
                      "compare_at_price": dice.maybe(2, price(dice)), "weight": 1.25}],
        "image": None,
    }  # fmt: skip
    return Row(str(key), {"id": key, "status": record["status"], "record": record}, b"")


def order(dice: Dice, number: int) -> Row:
    key = 450_789_000_000 + number * 97
    closed = dice.chance(3)
    record: dict[str, Any] = {
        "id": key, "admin_graphql_api_id": f"gid://shopify/Order/{key}",
        "name": f"#{1000 + number}",
        "closed_at": stamp(EPOCH_2024 + number * 9) if closed else None, "cancel_reason": None,
        "created_at": stamp(EPOCH_2024 + number * 7), "currency": "USD",
        "total_price": price(dice), "customer": dice.maybe(4, {"id": dice.number(10**12)}),
        "note": dice.maybe(2, dice.text()), "line_items": [{"price": price(dice), "quantity": 2}],
        "shipping_address": dice.maybe(3, {"city": dice.city(), "latitude": 45.41634}),
    }  # fmt: skip
    shown = {"id": key, "status": "closed" if closed else "open", "record": record}
    return Row(str(key), shown, b"")


class Shopify(Vendor):
    name = "shopify"
    limits: ClassVar[dict[str, str]] = {"bucket": "bucket:2:1s:40"}

    def authenticate(self, call: Call) -> None:
        # https://shopify.dev/docs/api/admin-rest#authentication
        if call.header("x-shopify-access-token") != TOKEN:
            text = "[API] Invalid API key or access token (unrecognized login or wrong password)"
            raise refused(401, text)

    def notice(self, notice: Notice, call: Call) -> Headers:
        found = [("X-Shopify-Shop-Api-Call-Limit", f"{notice.used}/{notice.limit}")]
        matched = PATH.fullmatch(call.path)
        if matched:
            found.append(("X-Shopify-API-Version", matched[1]))
        if not notice.admitted:
            found.append(("Retry-After", f"{ceil(notice.wait * 10) / 10:.1f}"))
        return found

    def exceeded(self, notice: Notice, call: Call) -> Reply:
        text = "Exceeded 2 calls per second for api client. "
        return refused(429, text + "Reduce request rates to resume uninterrupted service.").reply

    def rows(self, call: Call) -> list[Row] | None:
        matched = PATH.fullmatch(call.path)
        if matched is None:
            return None
        query = call.notes.get("filters", call.query)
        count = call.site.number("records", 654)
        if matched[2] == "products":
            rows = self.shelf.rows(("products",), count, product)
            wanted = query.get("status")
        else:
            # https://shopify.dev/docs/api/admin-rest/latest/resources/order: open unless asked for
            rows = self.shelf.rows(("orders",), count, order)
            rows = rows if "since_id" in query else rows[::-1]
            wanted = query.get("status", "open")
        rows = [row for row in rows if wanted in (None, "any", row.shown["status"])]
        since = whole(query.get("since_id"))
        rows = [row for row in rows if since is None or row.shown["id"] > since]
        fields = [name for name in call.query.get("fields", "").split(",") if name]
        return [Row(row.key, row.shown, self.shown(row, fields)) for row in rows]

    def shown(self, row: Row, fields: list[str]) -> bytes:
        record = row.shown["record"]
        kept = {name: record[name] for name in record if name in fields} if fields else record
        # Rails writes these so (ActiveSupport.escape_html_entities_in_json).
        text = compact(kept)
        for sign, escaped in ((b"<", b"\\u003c"), (b">", b"\\u003e"), (b"&", b"\\u0026")):
            text = text.replace(sign, escaped)
        return text

    def serve(self, call: Call) -> Reply:
        matched = PATH.fullmatch(call.path)
        if matched is None or call.method != "GET":
            raise refused(404, "Not Found")
        size = whole(call.query.get("limit", "50"))
        if size is None or size < 1:
            raise refused(400, {"limit": "must be a positive integer"})
        size = min(size, 250)  # "The default limit value is 50. The maximum limit value is 250."
        start, stop = 0, size
        given = call.query.get("page_info")
        if given is not None:
            state = self.opened(call, given)
            call.notes["filters"] = state["filters"]
            at = int(state["at"])
            start = at if state["direction"] == "next" else max(0, at - size)
            stop = at + size if state["direction"] == "next" else at
        else:
            call.notes["filters"] = {
                k: v for k, v in call.query.items() if k not in ("limit", "fields")
            }
        rows = self.rows(call) or []
        pairs = []
        if start > 0:
            pairs.append(("previous", self.url(call, size, "previous", start)))
        if stop < len(rows):
            pairs.append(("next", self.url(call, size, "next", stop)))
        # "If your initial request doesn't return enough records to generate an additional page of
        # results, then the response won't have a link header."
        headers = [("Link", link_header(pairs))] if pairs else []
        return raw(body([(matched[2], listed(rows[start:stop]))]), *headers)

    def opened(self, call: Call, given: str) -> dict[str, Any]:
        """ "A request that includes the page_info parameter can't include any other parameters
        except for limit and fields"."""
        for name in call.query:
            if name not in ("page_info", "limit", "fields"):
                text = f"{name} cannot be passed when page_info is present. See {DOCS} for more "
                raise refused(400, {name: text + "information."})
        try:
            state = json.loads(base64.urlsafe_b64decode(given + "==="[len(given) % 4 - 1 :]))
        except ValueError:
            state = None
        if not isinstance(state, dict) or "direction" not in state:
            raise refused(400, {"page_info": "Invalid value."})
        return state

    def url(self, call: Call, size: int, direction: str, at: int) -> str:
        state = {"direction": direction, "at": at, "filters": call.notes["filters"]}
        token = base64.urlsafe_b64encode(compact(state)).decode().rstrip("=")
        query = [("limit", str(size)), ("page_info", token)]
        if "fields" in call.query:
            query.insert(0, ("fields", call.query["fields"]))
        return link(call.base, call.request.path, query)
