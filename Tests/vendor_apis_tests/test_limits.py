"""Each API's limit: what every answer says of it, what the one over it says, and when it ends."""

from __future__ import annotations

import concurrent.futures
import time
from collections.abc import Callable

import pytest
import requests

from vendor_apis_tests.conftest import NewSite, Site
from vendor_apis_tests.test_refusals import PATHS

ALL = PATHS | {"jsonplaceholder": "/posts"}


def now_header(name: str) -> Callable[[requests.Response], float]:
    return lambda reply: float(reply.headers[name]) - time.time()


def after_header(name: str) -> Callable[[requests.Response], float]:
    return lambda reply: float(reply.headers[name])


def unsaid(reply: requests.Response) -> float:
    assert not [name for name in reply.headers if "retry-after" in name.lower()]
    assert not [name for name in reply.headers if name.lower().endswith("reset")]
    return 2.0


# How the documentation tells to find out how long to wait.
WAITS = {
    "github": now_header("x-ratelimit-reset"),
    "gitlab": after_header("Retry-After"),
    "stripe": unsaid,
    "slack": after_header("Retry-After"),
    "zendesk": after_header("Retry-After"),
    "shopify": after_header("Retry-After"),
    "mixpanel": unsaid,
    "x": now_header("x-rate-limit-reset"),
    "jira": after_header("Retry-After"),
    "jsonplaceholder": now_header("X-Ratelimit-Reset"),
}
STATUS = {"github": 403}


def ask(site: Site, vendor: str) -> requests.Response:
    return site.post(ALL[vendor]) if vendor == "mixpanel" else site.get(ALL[vendor])


@pytest.mark.parametrize("vendor", ALL)
def test_a_limit_is_enforced_told_and_ends_when_it_says(site: NewSite, vendor: str) -> None:
    # Slack's and Mixpanel's limits are sliding; a window on the clock must not turn over meanwhile.
    kind = "sliding" if vendor in ("slack", "mixpanel", "stripe", "shopify", "jira") else "fixed"
    here = site(vendor, limit=f"{kind}:3:1500ms")
    begun = time.time()
    if kind == "fixed" and vendor not in ("github", "x"):
        time.sleep(1.5 - begun % 1.5)
    replies = [ask(here, vendor) for _ in range(4)]
    assert [reply.status_code for reply in replies] == [200] * 3 + [STATUS.get(vendor, 429)]
    assert here.stats()["violations"] == 1
    wait = WAITS[vendor](replies[3])
    assert wait <= 3.0
    time.sleep(max(0.0, wait))
    assert ask(here, vendor).status_code == 200


def test_what_the_refusals_say(site: NewSite) -> None:
    said = {}
    for vendor in ALL:
        here = site(vendor, limit="sliding:1:9s")
        ask(here, vendor)
        said[vendor] = ask(here, vendor)
    github = said["github"].json()
    assert github["message"].startswith("API rate limit exceeded") and github["documentation_url"]
    assert said["github"].headers["x-ratelimit-remaining"] == "0"
    assert said["gitlab"].text.strip() == "Retry later"
    assert said["gitlab"].headers["RateLimit-ResetTime"].endswith("GMT")
    assert said["stripe"].json()["error"]["code"] == "rate_limit"
    assert said["stripe"].headers["Stripe-Rate-Limited-Reason"] == "global-rate"
    assert said["slack"].json() == {"ok": False, "error": "ratelimited"}
    assert said["zendesk"].json()["error"] == "APIRateLimitExceeded"
    assert said["shopify"].headers["Retry-After"].count(".") == 1
    assert said["shopify"].headers["X-Shopify-Shop-Api-Call-Limit"] == "1/1"
    assert said["mixpanel"].json()["error"].startswith("Query rate limit exceeded")
    assert said["x"].json() == {"errors": [{"code": 88, "message": "Rate limit exceeded"}]}
    assert said["jira"].headers["RateLimit-Reason"] == "jira-burst-based"
    assert said["jira"].headers["X-RateLimit-Reset"][-1] == "Z"


def test_github_secondary_limit(site: NewSite) -> None:
    here = site("github", limit_secondary="sliding:2:9s")
    replies = [here.get("/users") for _ in range(3)]
    assert [reply.status_code for reply in replies] == [200, 200, 403]
    assert 1 <= int(replies[2].headers["retry-after"]) <= 9
    assert "secondary rate limit" in replies[2].json()["message"]
    assert replies[2].headers["x-ratelimit-remaining"] == "4997"  # the primary one is far


def test_budgets_are_apart(site: NewSite) -> None:
    slack = site("slack", limit="sliding:1:9s")
    assert slack.get("/api/users.list").status_code == 200
    assert slack.get("/api/conversations.list").status_code == 200
    assert slack.get("/api/users.list").status_code == 429
    zendesk = site("zendesk", limit_incremental="sliding:1:9s")
    path = "/api/v2/incremental/tickets/cursor?start_time=1"
    codes = [zendesk.get(each).status_code for each in (path, path, PATHS["zendesk"])]
    assert codes == [200, 429, 200]


def test_documented_defaults(site: NewSite) -> None:
    limits = {}
    for vendor, name in (
        ("github", "x-ratelimit-limit"),
        ("gitlab", "RateLimit-Limit"),
        ("zendesk", "x-rate-limit"),
        ("shopify", "X-Shopify-Shop-Api-Call-Limit"),
        ("x", "x-rate-limit-limit"),
    ):
        here = site(vendor)
        limits[vendor] = ask(here, vendor).headers[name]
    assert limits == {
        "github": "5000",
        "gitlab": "2000",
        "zendesk": "700",
        "shopify": "1/40",
        "x": "10000",
    }


def test_arrivals_are_kept(site: NewSite) -> None:
    here = site("jsonplaceholder", limit="sliding:2:9s")
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: here.get("/posts"), range(4)))
    limit = here.ask("/_stats?arrivals=1")["limits"]["host"]
    assert limit["violations"] == 2
    assert sorted(ok for _, ok in limit["limits"]["sliding:2:9s"]["arrivals"]) == [0, 0, 1, 1]
    assert here.ask("/_reset") == {"ok": True}
    assert here.stats()["requests"] == 0
