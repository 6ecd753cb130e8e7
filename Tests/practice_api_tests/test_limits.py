"""Limits: each verdict is recomputed from the recorded arrivals with arithmetic of its own."""

from __future__ import annotations

import email.utils
import math
import re
import threading
import time
from fractions import Fraction
from typing import Any

import pytest
import requests

from practice_api_tests.conftest import Server

S = 1_000_000_000


def burst(server: Server, path: str, threads: int, seconds: float) -> list[tuple[int, int]]:
    """(status, bytes) of requests fired without mercy for a while."""
    seen: list[tuple[int, int]] = []
    end = time.monotonic() + seconds

    def fire() -> None:
        with requests.Session() as session:
            while time.monotonic() < end:
                reply = session.get(server.http + path, timeout=10)
                seen.append((reply.status_code, len(reply.content)))
                time.sleep(0.003)

    workers = [threading.Thread(target=fire) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return seen


def recorded(server: Server, name: str) -> dict[str, Any]:
    stats = server.ask("/_stats?arrivals=1")["limiters"][name]["limits"]
    (only,) = stats.values()
    found: dict[str, Any] = only
    return found


def most_in_any_window(times: list[int], window: int) -> int:
    """By definition, in quadratic time: for each arrival, how many in [t, t + window)."""
    return max(sum(t <= other < t + window for other in times) for t in times)


def test_sliding_window_is_exact(server: Server) -> None:
    seen = burst(server, "/limit/sliding:20:300ms;name=sw/single/users:1", 3, 1.0)
    found = recorded(server, "sw")
    passed: list[int] = []
    for at, admitted in found["arrivals"]:
        expected = sum(at - 300_000_000 < other <= at for other in passed) < 20
        assert admitted == expected, at
        passed += [at] if admitted else []
    every = [at for at, _ in found["arrivals"]]
    assert found["worst_window_admitted"] == most_in_any_window(passed, 300_000_000) == 20
    assert found["worst_window"] == most_in_any_window(every, 300_000_000) > 20
    refused = sum(status == 429 for status, _ in seen)
    assert found["violations"] == refused > 0 and found["requests"] == len(seen)


def test_refused_requests_may_be_charged(server: Server) -> None:
    """With `count=all` one who keeps knocking stays out."""
    burst(server, "/limit/sliding:5:400ms;count=all;name=all/single/users:1", 1, 0.7)
    found = recorded(server, "all")
    window: list[int] = []
    for at, admitted in found["arrivals"]:
        window = [other for other in window if other > at - 400_000_000]
        assert admitted == (len(window) < 5)
        window.append(at)
    assert found["admitted"] == 5


def test_fixed_window_is_exact(server: Server) -> None:
    burst(server, "/limit/fixed:15:250ms;name=fw/single/users:1", 3, 1.0)
    found = recorded(server, "fw")
    used: dict[int, int] = {}
    for at, admitted in found["arrivals"]:
        window = (at + found["offset_ns"]) // 250_000_000
        assert admitted == (used.get(window, 0) < 15)
        used[window] = used.get(window, 0) + admitted
    assert found["worst_fixed_window_charged"] == max(used.values()) == 15
    # Whoever straddles an edge sees up to twice the limit in one window's length.
    passed = [at for at, admitted in found["arrivals"] if admitted]
    assert 15 <= most_in_any_window(passed, 250_000_000) <= 30


def test_first_request_opens_a_fixed_window(server: Server) -> None:
    burst(server, "/limit/fixed:10:300ms;align=first;name=fa/single/users:1", 2, 0.9)
    found = recorded(server, "fa")
    opened, used = -(10**18), 0
    for at, admitted in found["arrivals"]:
        if at >= opened + 300_000_000:
            opened, used = at, 0
        assert admitted == (used < 10)
        used += admitted


def test_token_bucket_is_exact(server: Server) -> None:
    burst(server, "/limit/bucket:40:1s:12;name=tb/single/users:1", 3, 1.0)
    found = recorded(server, "tb")
    level, last = Fraction(12), found["arrivals"][0][0]
    for at, admitted in found["arrivals"]:
        level = min(Fraction(12), level + Fraction((at - last) * 40, S))
        last = at
        assert admitted == (level >= 1), at
        level -= admitted
    assert found["violations"] > 0 and found["worst_burst"] > 12
    span = (found["last_ns"] - found["first_ns"]) / S
    assert found["admitted"] <= 12 + math.ceil(span * 40)


def test_concurrency(server: Server) -> None:
    path = "/limit/concurrent:3;name=cc/delay/40ms/single/users:1"
    seen = burst(server, path, 8, 0.5)
    found = recorded(server, "cc")
    assert found["most_at_once"] == 3 and found["running"] == 0
    assert {status for status, _ in seen} == {200, 429}
    calm = burst(server, "/limit/concurrent:3;name=calm/delay/20ms/single/users:1", 3, 0.3)
    assert {status for status, _ in calm} == {200}


def test_a_client_that_hangs_up_gives_its_slot_back(server: Server) -> None:
    path = "/limit/concurrent:1;name=hang/delay/5s/single/users:1"
    for _ in range(3):
        with pytest.raises(requests.Timeout):
            requests.get(server.http + path, timeout=0.2)
        while recorded(server, "hang")["running"]:
            time.sleep(0.005)
    found = recorded(server, "hang")
    assert (found["admitted"], found["running"]) == (3, 0)


def test_all_limits_are_charged_or_none(server: Server) -> None:
    path = "/limit/sliding:3:1h+bucket:1:1h:5;name=two/single/users:1"
    statuses = [server.get(path).status_code for _ in range(10)]
    assert statuses == [200] * 3 + [429] * 7
    both = server.ask("/_stats")["limiters"]["two"]["limits"]
    assert both["sliding:3:1h"]["violations"] == 7
    # The refused seven took no tokens, so the bucket never ran out.
    assert both["bucket:1:1h:5"]["violations"] == 0


def test_one_budget_for_two_routes_and_methods_apart(server: Server) -> None:
    one = "/limit/sliding:3:1h;name=shared"
    assert [server.get(f"{one}/single/{c}:1").status_code for c in ("users", "posts") * 2] == [
        200, 200, 200, 429,
    ]  # fmt: skip
    apart = server.http + "/limit/sliding:1:1h;methods=write;name=w/write/apart"
    assert [requests.get(apart, timeout=5).status_code for _ in range(3)] == [200] * 3
    posts = [requests.post(apart, json={}, timeout=5).status_code for _ in range(2)]
    assert posts == [201, 429]


NOW = r"1[0-9]{9}"
DIALECTS = {
    "github": (403, {"x-ratelimit-limit": "2", "x-ratelimit-remaining": "0",
                     "x-ratelimit-used": "2", "x-ratelimit-reset": NOW}),
    "github2": (403, {"retry-after": "60"}),
    "gitlab": (429, {"RateLimit-Observed": "2", "RateLimit-Reset": NOW, "Retry-After": "60"}),
    "twitter": (429, {"x-rate-limit-limit": "2", "x-rate-limit-reset": NOW}),
    "okta": (429, {"X-Rate-Limit-Remaining": "0", "X-Rate-Limit-Reset": NOW}),
    "ietf": (429, {"RateLimit": '"default";r=0;t=60', "RateLimit-Policy": '"default";q=2;w=60',
                   "Retry-After": "60"}),
    "draft07": (429, {"RateLimit": "limit=2, remaining=0, reset=60", "Retry-After": "60"}),
    "draft03": (429, {"RateLimit-Limit": "2, 2;w=60", "RateLimit-Reset": "60",
                      "Retry-After": "60"}),
    "shopify": (429, {"X-Shopify-Shop-Api-Call-Limit": "2/2", "Retry-After": r"60\.0|59\.\d"}),
    "stripe": (429, {"Stripe-Rate-Limited-Reason": "global-rate"}),
    "slack": (429, {"Retry-After": "60"}),
    "hubspot": (429, {"X-HubSpot-RateLimit-Interval-Milliseconds": "60000"}),
    "discord": (429, {"X-RateLimit-Reset-After": r"(60|59)\.\d{3}", "Retry-After": "60"}),
    "zendesk": (429, {"ratelimit-reset": "60", "Retry-After": "60"}),
    "linear": (400, {"X-RateLimit-Requests-Reset": r"1[0-9]{12}"}),
    "plain": (429, {"Retry-After": "60"}),
    "none": (429, {}),
}  # fmt: skip


@pytest.mark.parametrize("dialect", DIALECTS)
def test_dialects(server: Server, dialect: str) -> None:
    path = f"/limit/sliding:2:60s;dialect={dialect};name=d-{dialect}/single/users:1"
    first = server.get(path)
    server.get(path)
    refused = server.get(path)
    status, headers = DIALECTS[dialect]
    assert (first.status_code, refused.status_code) == (200, status)
    for name, pattern in headers.items():
        assert re.fullmatch(pattern, refused.headers[name]) or refused.headers[name] == pattern
    if "Retry-After" not in headers and dialect != "github2":
        assert "Retry-After" not in refused.headers
    assert refused.json()


def test_forms_of_retry_after(server: Server) -> None:
    def header(form: str) -> str | None:
        path = f"/limit/sliding:1:100s;ra={form};name=ra-{form}/single/users:1"
        server.get(path)
        reply = server.get(path)
        return reply.headers.get("Retry-After", reply.headers.get("retry-after-ms"))

    assert header("seconds") == "100"
    assert re.fullmatch(r"100\.[01]|99\.\d", str(header("decimal")))
    when = email.utils.parsedate_to_datetime(str(header("date"))).timestamp()
    assert 98 < when - time.time() < 102
    assert header("none") is None
    assert 99_000 < int(str(header("ms"))) <= 100_000
    assert (header("zero"), header("garbage"), header("37")) == ("0", "soon", "37")
    assert email.utils.parsedate_to_datetime(str(header("past"))).timestamp() < time.time()


def test_obeying_the_hint_is_enough(server: Server) -> None:
    path = "/limit/sliding:4:500ms;ra=ms;name=obey/single/users:1"
    statuses = []
    for _ in range(12):
        reply = server.get(path)
        statuses.append(reply.status_code)
        if reply.status_code == 429:
            time.sleep(int(reply.headers["retry-after-ms"]) / 1000)
            assert server.get(path).status_code == 200
    assert 429 in statuses


def test_bad_specs_are_refused(server: Server) -> None:
    for spec in ("sliding", "sliding:0:1s", "warp:1:1s", "fixed:1", "bucket:1:0s"):
        assert server.get(f"/limit/{spec}/single/users:1").status_code == 400, spec


def test_reset_forgets(server: Server) -> None:
    own = Server()
    try:
        path = "/limit/sliding:1:1h/single/users:1"
        assert [own.get(path).status_code for _ in range(2)] == [200, 429]
        own.ask("/_reset")
        assert own.get(path).status_code == 200
        stats = own.ask("/_stats")
        assert stats["requests"] == 1 and stats["routes"] == {path: 1}
    finally:
        assert own.stop() == 0
