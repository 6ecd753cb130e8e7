"""Where a client may be led: redirects, another origin, and a record of what it brought along."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from practice_api.auth import secrets
from practice_api.questions import QUESTIONS
from practice_api.router import ENDPOINTS, LAYERS, WATCHERS, Crossing
from practice_api.styles.links import ORIGINS
from practice_api.view import BadRequest
from practice_api.wire import JSON_TYPE, Reply, Request, json_reply
from practice_api.world import World

ELSEWHERE = {"other", "https_other"}
SUSPECT = re.compile(
    r"auth|cookie|key|token|secret|passw|sign|session|credential|bearer", re.IGNORECASE
)
# A secret of "1" would be found everywhere.
SHORTEST_SECRET = 6
NOT_CREDENTIALS = {"idempotency-key", "pagetoken", "page_token"}


def redirect(world: World, text: str, crossing: Crossing) -> Reply:
    """`/redirect/<status>:<to>/...` leads to the rest of the path, query kept (RFC 9110 §15.4).

    `to`: `same`, `relative`, `other` (another port), `localhost` (another name), `http` (from TLS
    down to plain), `https`, `loop`, `chain:N`, `pingpong` (two URLs in turn), `file`, `userinfo`
    (`user:pass@`), `fragment`, `missing` (no Location), `bad` (not a URL), `space`.
    """
    request = crossing.request
    code, _, to = text.partition(":")
    to, _, argument = to.partition(":")
    if code not in ("301", "302", "303", "307", "308"):
        raise BadRequest("bad_redirect", text)
    query = f"?{request.raw_query}" if request.raw_query else ""
    onward = crossing.before + crossing.after + query
    own = request.origin
    secure = request.scheme == "https"
    port = own.rpartition(":")[2]
    places: dict[str, str | None] = {
        "same": own + onward,
        "relative": onward,
        "other": ORIGINS.get("https_other" if secure else "other", own) + onward,
        "localhost": own.replace("127.0.0.1", "localhost") + onward,
        "http": ORIGINS.get("http", own) + onward,
        "https": ORIGINS.get("https", own) + onward,
        "loop": own + request.target,
        "file": "file:///etc/passwd",
        "userinfo": f"{request.scheme}://practice-user:practice-pass@127.0.0.1:{port}{onward}",
        "fragment": f"{own}{onward}#part",
        "missing": None,
        "bad": "http://[bad",
        "space": f"  {onward}  ",
    }
    if to == "chain":
        left = int(argument or "1") - 1
        again = f"/redirect/{code}:chain:{left}" if left > 0 else ""
        places["chain"] = own + crossing.before + again + crossing.after + query
    if to == "pingpong":
        turn = "b" if argument == "a" else "a"
        here = f"/redirect/{code}:pingpong:{turn}"
        places["pingpong"] = own + crossing.before + here + crossing.after + query
    if to not in places:
        raise BadRequest("bad_redirect", text)
    place = places[to]
    headers = [JSON_TYPE] + ([("Location", place)] if place is not None else [])
    return Reply(int(code), headers, b'{"moved":true}')


@dataclass
class Canary:
    """What arrived where no credential should."""

    seen: list[dict[str, Any]] = field(default_factory=list)

    def summary(self, arrivals: bool = False) -> dict[str, Any]:
        return {
            "requests": len(self.seen),
            "with_credentials": sum(bool(each["credentials"]) for each in self.seen),
        }


def canary_of(world: World) -> Canary:
    held = world.state("canary")
    found: Canary = held.setdefault("canary", Canary())
    return found


def watch(world: World, request: Request) -> None:
    """Records every request of the other origin's ports, and of `/canary` on any."""
    if request.listener not in ELSEWHERE and not request.target.startswith("/canary"):
        return
    pairs = request.headers + request.query
    form = request.header("content-type") or ""
    if "urlencoded" in form:
        pairs = pairs + list(request.form().items())
    named = [
        f"{name}: {text}"
        for name, text in pairs
        if SUSPECT.search(name) and name.lower() not in NOT_CREDENTIALS
    ]
    # The path is left out: a spec in it names the secret, put there by the test and not the client.
    fields = request.head.partition(b"\r\n")[2]
    whole = request.raw_query.encode("latin-1") + b"\n" + fields + request.body
    known = sorted(
        secret
        for secret in secrets(world)
        if len(secret) >= SHORTEST_SECRET and secret.encode() in whole
    )
    canary_of(world).seen.append(
        {
            "listener": request.listener,
            "method": request.method,
            "target": request.target,
            "headers": request.headers,
            "body": request.body.decode("latin-1"),
            # By name or by value: a client may well invent a header name nobody has thought of.
            "credentials": named + [f"known secret {secret!r}" for secret in known],
        }
    )


def canary(world: World, request: Request, rest: list[str]) -> Reply:
    return json_reply({"data": [], "next_cursor": None, "canary": True})


def recorded(world: World, request: Request, rest: list[str]) -> Reply:
    """`/_canary`: every request recorded, each with the credential-like things it carried."""
    return json_reply(canary_of(world).seen)


LAYERS["redirect"] = redirect
ENDPOINTS["canary"] = canary
QUESTIONS["_canary"] = recorded
WATCHERS.append(watch)
