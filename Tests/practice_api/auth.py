"""The layer that asks for credentials."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from practice_api.oauth import CLIENT, FIRST_REFRESH, USER, basic_pair, realm
from practice_api.router import LAYERS, Crossing
from practice_api.view import BadRequest
from practice_api.wire import Reply, Request, error, knobs_of
from practice_api.world import World


@dataclass
class Door:
    """What one auth spec saw."""

    seen: Counter[str] = field(default_factory=Counter)

    def summary(self, arrivals: bool = False) -> dict[str, Any]:
        return dict(self.seen)


def secrets(world: World) -> set[str]:
    """Everything that must never reach another origin: what specs name, and what was issued."""
    known = {CLIENT[1], USER[1], FIRST_REFRESH}
    for spec in world.state("auth"):
        for part in knobs_of(spec)[0].split("+"):
            last = part.split(":")[-1]
            known |= {last} if part.count(":") else set()
    for at in world.state("oauth").values():
        known |= set(at.tokens) | set(at.refresh)
    return known


def verdict(world: World, request: Request, part: str) -> str:
    """`ok`, `missing`, or what is wrong with the one credential that `part` asks for."""
    kind, *rest = part.split(":")
    given: str | None
    if kind in ("header", "query", "cookie") and len(rest) == 2:
        name, wanted = rest
        if kind == "header":
            given = request.header(name)
        elif kind == "query":
            given = request.param(name)
        else:
            given = cookie(request, name)
        return "missing" if given is None else "ok" if given == wanted else "wrong"
    if kind == "basic":
        pair = basic_pair(request)
        user, password = (rest[0], ":".join(rest[1:])) if len(rest) > 1 else USER
        return "missing" if pair is None else "ok" if pair == (user, password) else "wrong"
    if kind == "session":
        at = realm(world, rest[0] if rest else "default")
        given = request.header("x-session-token") or cookie(request, "session")
        return "missing" if given is None else at.check(given, request.at)
    if kind in ("bearer", "oauth"):
        # RFC 6750 §2.1; the scheme's name is case-insensitive (RFC 9110 §11.1).
        scheme, _, given = (request.header("authorization") or "").partition(" ")
        if scheme.lower() != "bearer" or not given:
            return "missing"
        if kind == "bearer":
            return "ok" if given == (rest[0] if rest else "practice-token") else "wrong"
        return realm(world, rest[0] if rest else "default").check(given, request.at)
    raise BadRequest("bad_auth", f"no credential is called {part!r}")


def cookie(request: Request, name: str) -> str | None:
    pairs = (item.strip().partition("=") for item in (request.header("cookie") or "").split(";"))
    return next((text for key, _, text in pairs if key == name), None)


def auth(world: World, text: str, crossing: Crossing) -> Reply:
    """`/auth/<credential>[+<credential>...][;status=403]/...`; every one is required:

    `header:Name:value`, `query:name:value`, `cookie:name:value`, `basic[:user:password]`,
    `bearer[:token]` (a fixed one), `oauth[:realm]` and `session[:realm]` (live ones).
    """
    spec, options = knobs_of(text)
    doors = world.state("auth")
    if text not in doors:
        doors[text] = Door()
    door: Door = doors[text]
    door.seen["requests"] += 1
    for part in spec.split("+"):
        found = verdict(world, crossing.request, part)
        if found != "ok":
            door.seen[found] += 1
            return refusal(part, found, options)
    door.seen["accepted"] += 1
    reply = crossing.inner()
    reply.fixed = False
    return reply


def refusal(part: str, found: str, options: dict[str, str]) -> Reply:
    reply = error(int(options.get("status", "401")), found, f"credential {part.split(':')[0]}")
    # RFC 9110 §11.6.1: a 401 carries a challenge; RFC 6750 §3 says what a Bearer one holds.
    if part.startswith("basic"):
        challenge = 'Basic realm="practice", charset="UTF-8"'
    elif found == "missing":
        challenge = 'Bearer realm="practice"'
    else:
        challenge = f'Bearer realm="practice", error="invalid_token", error_description="{found}"'
    reply.headers.append(("WWW-Authenticate", challenge))
    return reply


LAYERS["auth"] = auth
