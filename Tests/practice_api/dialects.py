"""How real services word their limits in headers, on every answer and on a refusal."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import formatdate
from math import ceil

Headers = list[tuple[str, str]]


@dataclass(slots=True)
class Notice:
    """The facts that a dialect words. Times are seconds; `now` is the wall clock."""

    admitted: bool
    limit: int
    remaining: int
    wait: float
    reset: float
    window: float
    now: float

    @property
    def used(self) -> int:
        return self.limit - self.remaining

    @property
    def until(self) -> int:
        """Whole seconds, rounded up: a server that rounds down invites a second refusal."""
        return ceil(self.reset)


@dataclass(slots=True)
class Dialect:
    headers: Callable[[Notice], Headers]
    retry_after: str  # what Retry-After is on a refusal unless the spec says otherwise
    status: int = 429
    body: Callable[[Notice], object] | None = None
    refusal: Headers | None = None


def github(n: Notice) -> Headers:
    # https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api
    return [
        ("x-ratelimit-limit", str(n.limit)),
        ("x-ratelimit-remaining", str(n.remaining)),
        ("x-ratelimit-used", str(n.used)),
        ("x-ratelimit-reset", str(ceil(n.now + n.reset))),
        ("x-ratelimit-resource", "core"),
    ]


def gitlab(n: Notice) -> Headers:
    # https://docs.gitlab.com/administration/settings/user_and_ip_rate_limits/#response-headers
    at = ceil(n.now + n.reset)
    return [
        ("RateLimit-Limit", str(n.limit)),
        ("RateLimit-Name", "throttle_authenticated_api"),
        ("RateLimit-Observed", str(n.used)),
        ("RateLimit-Remaining", str(n.remaining)),
        ("RateLimit-Reset", str(at)),
        ("RateLimit-ResetTime", formatdate(at, usegmt=True)),
    ]


def twitter(n: Notice) -> Headers:
    # https://docs.x.com/x-api/fundamentals/rate-limits
    return [
        ("x-rate-limit-limit", str(n.limit)),
        ("x-rate-limit-remaining", str(n.remaining)),
        ("x-rate-limit-reset", str(ceil(n.now + n.reset))),
    ]


def okta(n: Notice) -> Headers:
    # https://developer.okta.com/docs/reference/rl-best-practices/
    return [
        ("X-Rate-Limit-Limit", str(n.limit)),
        ("X-Rate-Limit-Remaining", str(n.remaining)),
        ("X-Rate-Limit-Reset", str(ceil(n.now + n.reset))),
    ]


def ietf(n: Notice) -> Headers:
    # draft-ietf-httpapi-ratelimit-headers from -08 on: RFC 9651 fields with q, w and r, t
    return [
        ("RateLimit-Policy", f'"default";q={n.limit};w={ceil(n.window)}'),
        ("RateLimit", f'"default";r={n.remaining};t={n.until}'),
    ]


def draft07(n: Notice) -> Headers:
    # https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-ratelimit-headers-07
    return [
        ("RateLimit-Policy", f"{n.limit};w={ceil(n.window)}"),
        ("RateLimit", f"limit={n.limit}, remaining={n.remaining}, reset={n.until}"),
    ]


def draft03(n: Notice) -> Headers:
    # https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-ratelimit-headers-03
    return [
        ("RateLimit-Limit", f"{n.limit}, {n.limit};w={ceil(n.window)}"),
        ("RateLimit-Remaining", str(n.remaining)),
        ("RateLimit-Reset", str(n.until)),
    ]


def shopify(n: Notice) -> Headers:
    # https://shopify.dev/docs/api/admin-rest/usage/rate-limits (used/size; Retry-After "2.0")
    return [("X-Shopify-Shop-Api-Call-Limit", f"{n.used}/{n.limit}")]


def hubspot(n: Notice) -> Headers:
    # https://developers.hubspot.com/docs/developer-tooling/platform/usage-guidelines
    return [
        ("X-HubSpot-RateLimit-Interval-Milliseconds", str(round(n.window * 1000))),
        ("X-HubSpot-RateLimit-Max", str(n.limit)),
        ("X-HubSpot-RateLimit-Remaining", str(n.remaining)),
    ]


def hubspot_body(n: Notice) -> object:
    return {
        "status": "error",
        "message": "You have reached your secondly limit.",
        "errorType": "RATE_LIMIT",
        "correlationId": "c033cdaa-2c40-4a64-ae48-b4cec88dad24",
        "policyName": "SECONDLY",
    }


def discord(n: Notice) -> Headers:
    # https://discord.com/developers/docs/topics/rate-limits
    return [
        ("X-RateLimit-Limit", str(n.limit)),
        ("X-RateLimit-Remaining", str(n.remaining)),
        ("X-RateLimit-Reset", f"{n.now + n.reset:.3f}"),
        ("X-RateLimit-Reset-After", f"{n.reset:.3f}"),
        ("X-RateLimit-Bucket", "abcd1234"),
    ]


def discord_body(n: Notice) -> object:
    message = "You are being rate limited."
    return {"message": message, "retry_after": ceil(n.wait * 1000) / 1000, "global": False}


def zendesk(n: Notice) -> Headers:
    # https://developer.zendesk.com/api-reference/introduction/rate-limits/
    return [
        ("X-Rate-Limit", str(n.limit)),
        ("X-Rate-Limit-Remaining", str(n.remaining)),
        ("ratelimit-limit", str(n.limit)),
        ("ratelimit-remaining", str(n.remaining)),
        ("ratelimit-reset", str(n.until)),
    ]


def epoch_ms(n: Notice) -> Headers:
    # https://linear.app/developers/rate-limiting
    return [
        ("X-RateLimit-Requests-Limit", str(n.limit)),
        ("X-RateLimit-Requests-Remaining", str(n.remaining)),
        ("X-RateLimit-Requests-Reset", str(ceil((n.now + n.reset) * 1000))),
    ]


def silent(n: Notice) -> Headers:
    return []


STRIPE_BODY = {"error": {"type": "invalid_request_error", "code": "rate_limit"}}

DIALECTS: dict[str, Dialect] = {
    "github": Dialect(
        github, "none", 403, lambda n: {"message": "API rate limit exceeded for user ID 1."}
    ),
    # Secondary limits say only how long: same page as above.
    "github2": Dialect(
        silent, "seconds", 403,
        lambda n: {"message": "You have exceeded a secondary rate limit. Please wait."},
    ),
    "gitlab": Dialect(gitlab, "seconds", 429, lambda n: {"message": "Retry later"}),
    "twitter": Dialect(
        twitter, "none", 429, lambda n: {"title": "Too Many Requests", "status": 429}
    ),
    "okta": Dialect(okta, "none", 429, lambda n: {"errorCode": "E0000047"}),
    "ietf": Dialect(ietf, "seconds"),
    "draft07": Dialect(draft07, "seconds"),
    "draft03": Dialect(draft03, "seconds"),
    "shopify": Dialect(
        shopify, "decimal", 429, lambda n: {"errors": "Exceeded 2 calls per second for api client."}
    ),
    # https://docs.stripe.com/rate-limits: no Retry-After, a reason on the 429 only
    "stripe": Dialect(
        silent, "none", 429, lambda n: STRIPE_BODY,
        [("Stripe-Rate-Limited-Reason", "global-rate")],
    ),
    # https://docs.slack.dev/apis/web-api/rate-limits
    "slack": Dialect(silent, "seconds", 429, lambda n: {"ok": False, "error": "ratelimited"}),
    "hubspot": Dialect(hubspot, "none", 429, hubspot_body),
    "discord": Dialect(
        discord, "seconds", 429, discord_body, [("X-RateLimit-Scope", "user")]
    ),
    "zendesk": Dialect(zendesk, "seconds"),
    "linear": Dialect(epoch_ms, "none", 400, lambda n: {
        "errors": [{"message": "Rate limit exceeded", "extensions": {"code": "RATELIMITED"}}]}),
    "plain": Dialect(silent, "seconds"),
    "none": Dialect(silent, "none"),
}  # fmt: skip


def retry_after(form: str, wait: float, now: float) -> Headers:
    """RFC 9110 §10.2.3 allows delay-seconds and an HTTP-date; the rest is seen in the wild.

    A form that starts with a digit is sent as it stands.
    """
    if form == "none":
        return []
    if form == "ms":  # Azure, OpenAI
        return [("retry-after-ms", str(ceil(wait * 1000)))]
    text = {
        "seconds": str(ceil(wait)),
        "decimal": f"{ceil(wait * 10) / 10:.1f}",
        # A date has whole seconds only; it must not promise too early.
        "date": formatdate(ceil(now + wait), usegmt=True),
        "past": formatdate(now - 3600, usegmt=True),
        "zero": "0",
        "garbage": "soon",
        "negative": "-5",
        "huge": "99999999999999999999",
        "epoch": str(ceil(now + wait)),
    }.get(form, form)
    return [("Retry-After", text)]


def refusal_body(dialect: Dialect, notice: Notice) -> bytes:
    default = {"error": {"code": "rate_limited", "message": "Too many requests"}}
    return json.dumps(dialect.body(notice) if dialect.body else default).encode()
