"""Writes, and the count of how often each one arrived."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from practice_api.questions import QUESTIONS
from practice_api.router import ENDPOINTS
from practice_api.wire import Reply, Request, error, json_reply
from practice_api.world import World


@dataclass
class Ledger:
    """Every arrival that reached the route, and what it did."""

    items: dict[str, Any] = field(default_factory=dict)
    answers: dict[str, tuple[str, Reply]] = field(default_factory=dict)
    by_key: dict[str, Counter[str]] = field(default_factory=dict)
    by_body: Counter[str] = field(default_factory=Counter)
    methods: Counter[str] = field(default_factory=Counter)
    created: int = 0
    without_key: int = 0

    def summary(self, arrivals: bool = False) -> dict[str, Any]:
        return {
            "arrivals": self.methods.total(),
            "methods": dict(self.methods),
            "created": self.created,
            "without_key": self.without_key,
            "by_key": {
                key: {
                    "arrivals": counts.total(),
                    "bodies": len(counts),
                    "executed": key in self.answers,
                }
                for key, counts in self.by_key.items()
            },
            "by_body": dict(self.by_body),
        }


def ledger_of(world: World, name: str) -> Ledger:
    held = world.state("writes")
    found: Ledger = held.setdefault(name, Ledger())
    return found


def write(world: World, request: Request, rest: list[str]) -> Reply:
    """`/write/<name>[/<id>]`: POST creates, PUT replaces, PATCH changes, DELETE deletes, GET lists.

    `Idempotency-Key` works as draft-ietf-httpapi-idempotency-key-header-06 §2 and
    https://docs.stripe.com/api/idempotent_requests say: the same key and body get the first answer
    again (`Idempotent-Replayed: true`), the same key with another body 422. Knobs: `required` (400
    without a key), `ignore` (the key is recorded and has no effect, as with most APIs).
    """
    name = rest[0] if rest else "items"
    ledger = ledger_of(world, name)
    if request.method in ("GET", "HEAD"):
        return json_reply({"data": list(ledger.items.values())})
    digest = hashlib.sha256(request.body).hexdigest()
    key = request.header("idempotency-key")
    ledger.methods[request.method] += 1
    ledger.by_body[digest] += 1
    if key is None:
        ledger.without_key += 1
        if "required" in request.knobs:
            return error(400, "idempotency_key_required")
        return carried_out(ledger, request, rest)
    ledger.by_key.setdefault(key, Counter())[digest] += 1
    if "ignore" in request.knobs:
        return carried_out(ledger, request, rest)
    if key in ledger.answers:
        first, answer = ledger.answers[key]
        if first != f"{request.method} {request.path} {digest}":
            return error(422, "idempotency_key_reused", "same key, other request")
        again = answer.copy()
        again.headers.append(("Idempotent-Replayed", "true"))
        return again
    reply = carried_out(ledger, request, rest)
    ledger.answers[key] = (f"{request.method} {request.path} {digest}", reply.copy())
    return reply


def carried_out(ledger: Ledger, request: Request, rest: list[str]) -> Reply:
    given = request.json()
    if request.method == "POST":
        ledger.created += 1
        made = f"item-{ledger.created}"
        ledger.items[made] = {"id": made, "body": given}
        return json_reply(ledger.items[made], 201, ("Location", f"{request.path}/{made}"))
    if len(rest) < 2:
        return error(405, "method_not_allowed", f"{request.method} needs an id")
    at = rest[1]
    if request.method == "PUT":
        status = 200 if at in ledger.items else 201
        ledger.items[at] = {"id": at, "body": given}
        return json_reply(ledger.items[at], status)
    if at not in ledger.items:
        return error(404, "not_found", at)
    if request.method == "DELETE":
        del ledger.items[at]
        return Reply(204, [])
    if request.method != "PATCH":
        return error(405, "method_not_allowed", request.method)
    old = ledger.items[at]["body"]
    if isinstance(old, dict) and isinstance(given, dict):
        given = old | given
    ledger.items[at] = {"id": at, "body": given}
    return json_reply(ledger.items[at])


def recorded(world: World, request: Request, rest: list[str]) -> Reply:
    """`/_writes[/<name>]`: arrivals by key and by SHA-256 of the body, and what was created."""
    return json_reply(ledger_of(world, rest[0] if rest else "items").summary())


ENDPOINTS["write"] = write
QUESTIONS["_writes"] = recorded
