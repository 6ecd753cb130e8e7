"""Stripe's API v1: customers and charges, newest first, by `starting_after` and `ending_before`.

Checked: paging against https://docs.stripe.com/api/pagination; the refusal of both cursors at once,
of an unknown object and of a bad integer against error bodies in public issues; limits against
https://docs.stripe.com/rate-limits and pages that quote it (no Retry-After, a reason header). From
memory: the two texts for a limit out of range, the 401 texts, the text of a 429, the headers
Request-Id and Stripe-Version, that answers are indented.
"""

from __future__ import annotations

from typing import Any, ClassVar

from practice_api.dialects import Headers, Notice
from practice_api.wire import Reply
from vendor_apis.records import EPOCH_2024, Dice, Row, indented
from vendor_apis.vendor import Call, Refusal, Vendor, raw, whole

KEY = "sk_test_practice0key0practice0key"
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
DEPTH = 4  # spaces before a record inside `data`
KINDS = {"/v1/customers": "customer", "/v1/charges": "charge"}
COMMON = {"limit", "starting_after", "ending_before", "created", "expand[]"}
COMMON |= {f"created[{test}]" for test in ("gt", "gte", "lt", "lte")}
OWN = {"customer": {"email"}, "charge": {"customer", "payment_intent", "transfer_group"}}


def refused(status: int, message: str, **more: str) -> Refusal:
    says = {"error": {**more, "message": message, "type": "invalid_request_error"}}
    headers = ("WWW-Authenticate", 'Basic realm="Stripe"') if status == 401 else None
    return Refusal(raw(indented(says), *([headers] if headers else []), status=status))


def coded(code: str, message: str, param: str) -> Refusal:
    page = f"https://stripe.com/docs/error-codes/{code.replace('_', '-')}"
    return refused(400, message, code=code, doc_url=page, param=param)


def customer(dice: Dice, number: int) -> Row:
    key = f"cus_{dice.word(14, LETTERS)}"
    # Several in the same second: the cursor is the id, not the time.
    created = EPOCH_2024 + number // 3 * 100
    email = f"user{number}@example.com"
    record: dict[str, Any] = {
        "id": key, "object": "customer",
        "address": dice.maybe(2, {"city": dice.city(), "country": "DE", "line2": None}),
        "balance": dice.number(20_000) - 5_000, "created": created,
        "currency": dice.maybe(3, "eur"),
        "delinquent": False, "description": dice.maybe(3, dice.text()), "email": email,
        "invoice_settings": {"custom_fields": None, "footer": None}, "livemode": False,
        "metadata": {"order id": str(number)} if dice.chance(2) else {},
        "name": dice.maybe(4, dice.name()), "phone": None, "preferred_locales": [],
        "tax_exempt": "none", "test_clock": None,
    }  # fmt: skip
    shown = {"created": created, "email": email}
    return Row(key, shown, indented(record, DEPTH))


def charge(dice: Dice, number: int) -> Row:
    key = f"ch_{dice.word(24, LETTERS)}"
    created = EPOCH_2024 + number // 2 * 60
    paid_by = f"cus_{dice.number(40)}"
    record: dict[str, Any] = {
        "id": key, "object": "charge", "amount": dice.number(10**7), "amount_refunded": 0,
        "application_fee_amount": None, "billing_details": {"email": None, "name": dice.name()},
        "captured": True, "created": created, "currency": "usd", "customer": paid_by,
        "description": dice.maybe(2, dice.text()), "failure_code": dice.maybe(2, "card_declined"),
        "fraud_details": {}, "livemode": False, "metadata": {}, "paid": True,
        "receipt_url": f"https://pay.stripe.com/receipts/{key}", "refunded": dice.chance(9),
        "status": dice.pick(["succeeded", "pending", "failed"]),
    }  # fmt: skip
    return Row(key, {"created": created, "customer": paid_by}, indented(record, DEPTH))


class Stripe(Vendor):
    name = "stripe"
    # 25 a second in a sandbox (docs.stripe.com/rate-limits); Stripe's limiter is a token bucket
    # (https://stripe.com/blog/rate-limiters).
    limits: ClassVar[dict[str, str]] = {"global-rate": "bucket:25:1s:25"}

    def authenticate(self, call: Call) -> None:
        # https://docs.stripe.com/api/authentication: the key as basic user name, or as bearer
        basic = call.basic()
        key = basic[0] if basic else call.bearer()
        if key is None:
            text = "You did not provide an API key. You need to provide your API key in the "
            raise refused(401, text + "Authorization header, using Bearer auth.")
        if key != KEY:
            shown = key[:8] + "*" * max(0, len(key) - 12) + key[-4:]
            raise refused(401, f"Invalid API Key provided: {shown}")

    def notice(self, notice: Notice, call: Call) -> Headers:
        found = [("Request-Id", f"req_{call.request.at % 10**14:014d}")]
        version = call.header("stripe-version")
        found.append(("Stripe-Version", version or "2025-09-30.clover"))
        if not notice.admitted:
            found.append(("Stripe-Rate-Limited-Reason", call.notes["budget"]))
        return found

    def exceeded(self, notice: Notice, call: Call) -> Reply:
        text = "Request rate limit exceeded. Learn more about rate limits at "
        text += "https://stripe.com/docs/rate-limits."
        page = "https://stripe.com/docs/error-codes/rate-limit"
        return refused(429, text, code="rate_limit", doc_url=page).reply

    def rows(self, call: Call) -> list[Row] | None:
        kind = KINDS.get(call.path)
        if kind is None:
            return None
        count = call.site.number("records", 321)
        rows = self.shelf.rows((kind,), count, customer if kind == "customer" else charge)
        for name in OWN[kind] & call.query.keys():
            rows = [row for row in rows if row.shown.get(name) == call.query[name]]
        tests = {"": (0, 0), "[gt]": (1, None), "[gte]": (0, None), "[lt]": (None, -1),
                 "[lte]": (None, 0)}  # fmt: skip
        for test, (low, high) in tests.items():
            text = call.query.get("created" + test)
            if text is None:
                continue
            bound = whole(text)
            if bound is None:
                raise coded("parameter_invalid_integer", f"Invalid integer: {text}", "created")
            rows = [
                row for row in rows
                if (low is None or row.shown["created"] >= bound + low)
                and (high is None or row.shown["created"] <= bound + high)
            ]  # fmt: skip
        return rows[::-1]

    def serve(self, call: Call) -> Reply:
        kind = KINDS.get(call.path)
        if kind is None or call.method != "GET":
            text = f"Unrecognized request URL ({call.method}: {call.path}). If you are trying to "
            raise refused(404, text + "list objects, remove the trailing slash.")
        for name in call.query:
            if name not in COMMON | OWN[kind]:
                raise coded("parameter_unknown", f"Received unknown parameter: {name}", name)
        rows = self.rows(call) or []
        here, more = self.around(call, kind, rows, self.size(call))
        inside = b",\n    ".join([row.body for row in here])
        data = b"[\n    " + inside + b"\n  ]" if here else b"[]"
        tail = f',\n  "has_more": {str(more).lower()},\n  "url": "{call.path}"\n}}'
        return raw(b'{\n  "object": "list",\n  "data": ' + data + tail.encode())

    def size(self, call: Call) -> int:
        """ "A limit ... ranging between 1 and 100", 10 when not given."""
        text = call.query.get("limit", "10")
        size = whole(text)
        if size is None:
            raise coded("parameter_invalid_integer", f"Invalid integer: {text}", "limit")
        if size < 1:
            raise refused(400, "This value must be greater than or equal to 1.", param="limit")
        if size > 100:
            text = f"This value must be less than or equal to 100 (it currently is '{size}')."
            raise refused(400, text, param="limit")
        return size

    def around(self, call: Call, kind: str, rows: list[Row], size: int) -> tuple[list[Row], bool]:
        after, before = call.query.get("starting_after"), call.query.get("ending_before")
        if after is not None and before is not None:
            text = "Received both starting_after and ending_before parameters. Please pass in only "
            raise refused(400, text + "one.")
        for name, key in (("starting_after", after), ("ending_before", before)):
            if key is not None and all(row.key != key for row in rows):
                raise coded("resource_missing", f"No such {kind}: '{key}'", name)
        places = {row.key: place for place, row in enumerate(rows)}
        if before is not None:
            end = places[before]
            return rows[max(0, end - size) : end], end > size
        start = places[after] + 1 if after is not None else 0
        return rows[start : start + size], start + size < len(rows)
