"""Tokens: OAuth 2 token endpoints and login sessions, with lives short enough to test with."""

from __future__ import annotations

import base64
import binascii
import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from practice_api.data import mix
from practice_api.router import ENDPOINTS
from practice_api.styles.body import dig
from practice_api.view import envelope, page_reply, value
from practice_api.wire import Reply, Request, error, json_reply, seconds_of
from practice_api.world import World

CLIENT = ("practice-client", "practice-secret")
USER = ("practice-user", "practice-pass")
FIRST_REFRESH = "practice-refresh"
JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"


@dataclass
class Token:
    expires_ns: int
    uses_left: int | None
    scope: str


@dataclass
class Realm:
    """One authorization server's memory."""

    name: str
    tokens: dict[str, Token] = field(default_factory=dict)
    refresh: dict[str, bool] = field(default_factory=lambda: {FIRST_REFRESH: True})
    asked: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    asked_at: list[int] = field(default_factory=list)
    issued: int = 0
    reuses: int = 0

    def issue(self, kind: str, at: int, options: dict[str, str], scope: str) -> str:
        self.issued += 1
        text = f"{kind}-{self.name}-{self.issued}-{mix(self.issued):016x}"
        if kind == "refresh":
            self.refresh[text] = True
            return text
        if "single" in options:
            self.tokens.clear()  # a new token ends the ones before it
        life = round(seconds_of(options.get("ttl", "3600")) * 1e9)
        uses = int(options["uses"]) if "uses" in options else None
        self.tokens[text] = Token(at + life, uses, scope)
        return text

    def check(self, token: str, at: int) -> str:
        """`ok`, `unknown`, `expired` or `worn` (its uses are spent)."""
        found = self.tokens.get(token)
        if found is None:
            return "unknown"
        if at >= found.expires_ns:
            return "expired"
        if found.uses_left is not None:
            if found.uses_left == 0:
                return "worn"
            found.uses_left -= 1
        return "ok"

    def summary(self, arrivals: bool = False) -> dict[str, Any]:
        return {
            "token_requests": self.asked.total(),
            "by_grant": dict(self.asked),
            "refused": dict(self.refused),
            "refresh_reuses": self.reuses,
            "live_tokens": len(self.tokens),
            "asked_at_ns": self.asked_at,
        }


def realm(world: World, name: str) -> Realm:
    realms = world.state("oauth")
    if name not in realms:
        realms[name] = Realm(name)
    found: Realm = realms[name]
    return found


def basic_pair(request: Request) -> tuple[str, str] | None:
    """RFC 7617 §2."""
    scheme, _, text = (request.header("authorization") or "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, _, password = base64.b64decode(text, validate=True).decode().partition(":")
    except (ValueError, binascii.Error):
        return None
    return user, password


def refuse(at: Realm, code: str, why: str) -> Reply:
    # RFC 6749 §5.2: 400, but 401 with a challenge when the client itself is not believed.
    at.refused[code] += 1
    status = 401 if code == "invalid_client" else 400
    reply = json_reply({"error": code, "error_description": why}, status)
    if status == 401:
        reply.headers.append(("WWW-Authenticate", 'Basic realm="practice"'))
    return reply


def token(world: World, request: Request, rest: list[str]) -> Reply:
    """POST `/oauth;realm=x;ttl=2s/token`: RFC 6749 §4.3, §4.4, §6 and RFC 7523 §2.1.

    Client `practice-client` / `practice-secret`, in the body or by Basic (knob `auth=basic|post`
    insists); user `practice-user` / `practice-pass`; first refresh token `practice-refresh`.
    Knobs: `ttl`, `uses=N` (a token serves N requests), `single` (a new token ends older ones),
    `rotate` (refresh tokens are used once; reuse ends the whole family, RFC 9700 §4.14.2),
    `norefresh` (no refresh_token in answers), `expires=absent|text`, `type=absent|<text>`,
    `scope`, `audience` (must be sent), `at` (dotted path of the token in the answer).
    """
    knobs = request.knobs
    at = realm(world, knobs.get("realm", "default"))
    if rest == ["revoke"]:
        at.tokens.clear()
        return json_reply({"ok": True})
    if request.method != "POST" or rest != ["token"]:
        return error(405, "method_not_allowed", "POST .../token")
    kind = request.header("content-type") or ""
    given = request.json() if "json" in kind else request.form()
    if not isinstance(given, dict):
        return refuse(at, "invalid_request", "no parameters")
    grant = str(given.get("grant_type", ""))
    at.asked[grant] += 1
    at.asked_at.append(request.at)
    in_header, in_body = basic_pair(request), (given.get("client_id"), given.get("client_secret"))
    wanted = knobs.get("auth")
    if grant != JWT_GRANT:
        pair = in_header if wanted == "basic" else in_body if wanted == "post" else None
        if wanted is None:
            pair = in_header or (str(in_body[0]), str(in_body[1]))
        if pair != CLIENT:
            return refuse(at, "invalid_client", "client authentication failed")
    for name in ("scope", "audience"):
        if name in knobs and given.get(name) != knobs[name]:
            return refuse(at, f"invalid_{name}", f"{name} must be {knobs[name]}")
    fresh: str | None = None
    if grant == "password":
        if (given.get("username"), given.get("password")) != USER:
            return refuse(at, "invalid_grant", "wrong user or password")
    elif grant == "refresh_token":
        old = str(given.get("refresh_token"))
        live = at.refresh.get(old)
        if live is False:
            at.reuses += 1
            at.refresh = dict.fromkeys(at.refresh, False)
            at.tokens.clear()
        if not live:
            return refuse(at, "invalid_grant", "the refresh token is unknown or used")
        if "rotate" in knobs:
            at.refresh[old] = False
            fresh = at.issue("refresh", request.at, knobs, "")
    elif grant == JWT_GRANT:
        why = assertion_fault(str(given.get("assertion")), world.wall(request.at))
        if why:
            return refuse(at, "invalid_grant", why)
    elif grant != "client_credentials":
        return refuse(at, "unsupported_grant_type", grant)
    if grant == "password" and "norefresh" not in knobs:
        fresh = at.issue("refresh", request.at, knobs, "")
    scope = str(given.get("scope", ""))
    return granted(at, at.issue("access", request.at, knobs, scope), fresh, knobs, scope)


def granted(at: Realm, access: str, fresh: str | None, knobs: dict[str, str], scope: str) -> Reply:
    """RFC 6749 §5.1: token_type is required, expires_in only recommended; APIs leave out both."""
    parts: list[tuple[str, bytes | None]] = [(knobs.get("at", "access_token"), value(access))]
    if knobs.get("type") != "absent":
        parts.append(("token_type", value(knobs.get("type", "Bearer"))))
    life = int(seconds_of(knobs.get("ttl", "3600")))
    if knobs.get("expires") == "text":
        parts.append(("expires_in", value(str(life))))
    elif knobs.get("expires") != "absent":
        parts.append(("expires_in", value(life)))
    if fresh:
        parts.append(("refresh_token", value(fresh)))
    if scope:
        parts.append(("scope", value(scope)))
    return page_reply(envelope(parts), ("Cache-Control", "no-store"), fixed=False)


def assertion_fault(text: str, now: float) -> str | None:
    """RFC 7523 §3: iss, aud and an exp ahead. The signature is not checked."""
    pieces = text.split(".")
    if len(pieces) != 3 or not all(pieces):
        return "not a signed JWT"
    try:
        header, claims = (
            json.loads(base64.urlsafe_b64decode(piece + "=" * (-len(piece) % 4)))
            for piece in pieces[:2]
        )
    except (ValueError, binascii.Error):
        return "not JSON inside"
    if not dig(header, "alg") or not dig(claims, "iss") or not dig(claims, "aud"):
        return "alg, iss and aud are required"
    expires = dig(claims, "exp")
    return None if isinstance(expires, (int, float)) and expires > now else "expired"


def session(world: World, request: Request, rest: list[str]) -> Reply:
    """POST `/session;realm=x;ttl=5s/login` {"username", "password"} -> {"token"} and a cookie."""
    at = realm(world, request.knobs.get("realm", "default"))
    given = request.json() or {}
    at.asked["login"] += 1
    at.asked_at.append(request.at)
    if (dig(given, "username"), dig(given, "password")) != USER:
        return refuse(at, "invalid_grant", "wrong user or password")
    made = at.issue("session", request.at, request.knobs, "")
    cookie = ("Set-Cookie", f"session={made}; Path=/; HttpOnly; SameSite=Lax")
    return json_reply({"token": made, "user": {"name": USER[0]}}, 200, cookie)


ENDPOINTS.update({"oauth": token, "session": session})
