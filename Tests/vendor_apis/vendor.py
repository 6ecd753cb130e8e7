"""What the ten servers share: sites, limits, questions about a server, the way of a request."""

from __future__ import annotations

import base64
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar
from urllib.parse import parse_qsl, quote, unquote

from practice_api.dialects import Headers, Notice
from practice_api.limits import Gate, limiter
from practice_api.wire import Reply, Request, error, json_reply, knobs_of
from practice_api.world import World
from vendor_apis.records import Row, Shelf, compact, digest


class Refusal(Exception):
    """A reply that ends the handling of a request at once."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(str(reply.status))
        self.reply = reply


@dataclass
class Site:
    """One customer's account: its own size, limits and counters, so that tests do not meet.

    `/~name~records=250~limit=fixed:5:1s/...` before a path picks one (no `;` or `,`, at which many
    readers of Link headers cut a URL); options are the vendor's own
    besides `records` (how many in a collection), `limit` (for all of the vendor's budgets) and
    `limit-<budget>`.
    """

    text: str
    options: dict[str, str]
    gates: dict[str, Gate] = field(default_factory=dict)
    statuses: Counter[int] = field(default_factory=Counter)
    routes: Counter[str] = field(default_factory=Counter)
    # Whatever a vendor remembers of earlier requests.
    memory: dict[str, Any] = field(default_factory=dict)

    def number(self, name: str, default: int) -> int:
        return int(self.options.get(name, default))

    def summary(self, arrivals: bool) -> dict[str, Any]:
        gates = {name: gate.summary(arrivals) for name, gate in self.gates.items()}
        return {
            "requests": sum(self.statuses.values()),
            "violations": sum(gate.refused for gate in self.gates.values()),
            "statuses": {str(status): count for status, count in self.statuses.items()},
            "routes": dict(self.routes),
            "limits": gates,
        }


@dataclass(slots=True)
class Call:
    """One request to one site. `path` begins after the site's own segment."""

    world: World
    site: Site
    request: Request
    path: str
    query: dict[str, str]
    form: dict[str, str] = field(default_factory=dict)
    # Facts that one step found and a later one needs, such as who asks.
    notes: dict[str, Any] = field(default_factory=dict)

    @property
    def base(self) -> str:
        """Where links begin: the origin and the site's segment."""
        return self.request.origin + self.request.mount

    @property
    def method(self) -> str:
        return self.request.method

    def header(self, name: str) -> str | None:
        return self.request.header(name)

    def bearer(self, scheme: str = "bearer") -> str | None:
        """The credentials of an `Authorization` header with this scheme (in any case)."""
        given, _, rest = (self.header("authorization") or "").partition(" ")
        return rest.strip() if given.lower() == scheme else None

    def basic(self) -> tuple[str, str] | None:
        text = self.bearer("basic")
        if text is None:
            return None
        try:
            user, colon, password = base64.b64decode(text, validate=True).decode().partition(":")
        except ValueError:
            return None
        return (user, password) if colon else None


def link(base: str, path: str, query: list[tuple[str, str]], safe: str = "") -> str:
    """A URL; `safe` characters stand as they are, because vendors differ in what they escape."""
    pairs = (f"{quote(k, safe=safe)}={quote(v, safe=safe)}" for k, v in query)
    return f"{base}{path}?{'&'.join(pairs)}"


def link_header(pairs: list[tuple[str, str]]) -> str:
    return ", ".join(f'<{url}>; rel="{rel}"' for rel, url in pairs)


def whole(text: str | None) -> int | None:
    """A decimal integer, or None for anything else."""
    if text is None or not text.isascii():
        return None
    digits = text[1:] if text.startswith("-") else text
    return int(text) if digits.isdigit() else None


def listed(rows: list[Row], comma: bytes = b",") -> bytes:
    return b"[" + comma.join([row.body for row in rows]) + b"]"


def body(parts: list[tuple[str, bytes | None]]) -> bytes:
    """A compact object of members that are JSON already; None is left out."""
    shown = [compact(name) + b":" + text for name, text in parts if text is not None]
    return b"{" + b",".join(shown) + b"}"


def raw(content: bytes, *headers: tuple[str, str], status: int = 200) -> Reply:
    reply = json_reply(None, status, *headers)
    reply.body = content
    return reply


class Vendor:
    """One API. A subclass says how it authenticates, limits, lists and words its refusals."""

    name: ClassVar[str] = ""
    # Budget -> limit as the vendor documents it, in practice_api.limits' words.
    limits: ClassVar[dict[str, str]] = {}
    # Budgets that a site's general `limit` does not set: they come on top of another one.
    extra: ClassVar[frozenset[str]] = frozenset()
    # How fixed windows begin: on the clock (""), or with the first request ("first").
    align: ClassVar[str] = ""

    def __init__(self, seed: int, limit: str | None = None, records: int | None = None) -> None:
        self.shelf = Shelf(seed)
        self.sites: dict[str, Site] = {}
        self.defaults: dict[str, str] = {}
        if limit is not None:
            self.defaults["limit"] = limit
        if records is not None:
            self.defaults["records"] = str(records)

    # What a subclass says.

    def authenticate(self, call: Call) -> None:
        """Refuses, or returns."""

    def budget(self, call: Call) -> str:
        """Which of `limits` this request is charged to."""
        return next(iter(self.limits))

    def notice(self, notice: Notice, call: Call) -> Headers:
        """The limit's headers on every answer."""
        return []

    def exceeded(self, notice: Notice, call: Call) -> Reply:
        raise NotImplementedError

    def rows(self, call: Call) -> list[Row] | None:
        """Everything that the listing at this path and query gives over all its pages."""
        raise NotImplementedError

    def serve(self, call: Call) -> Reply:
        raise NotImplementedError

    # What all do alike.

    def answer(self, world: World, request: Request) -> Reply:
        try:
            return self.route(world, request)
        except Refusal as refusal:
            return refusal.reply
        except Exception:
            # A defect here must look like one in the test that meets it.
            traceback.print_exc()
            return error(599, "vendor_api_defect", f"see the server's stderr: {request.target}")

    def route(self, world: World, request: Request) -> Reply:
        path = request.target.partition("?")[0]
        text = ""
        if path.startswith("/~"):
            text, slash, rest = path[2:].partition("/")
            request.mount = "/~" + text
            path = slash + rest
        site = self.sites.get(text)
        if site is None:
            _, options = knobs_of(text.replace("~", ";"))
            site = self.sites[text] = Site(text, self.defaults | options)
        request.path = path
        call = Call(world, site, request, unquote(path), dict(request.query))
        if path.startswith("/_"):
            return self.question(call)
        if b"application/x-www-form-urlencoded" in request.head.lower():
            text = request.body.decode("utf-8", "replace")
            call.form = dict(parse_qsl(text, keep_blank_values=True))
        site.routes[f"{request.method} {path}"] += 1
        reply = self.limited(call)
        site.statuses[reply.status] += 1
        return reply

    def limited(self, call: Call) -> Reply:
        try:
            self.authenticate(call)
        except Refusal as refusal:
            return refusal.reply
        name = self.budget(call)
        gate = self.gate(call, name)
        admitted, binding, verdict = gate.pass_through(call.request.at)
        notice = Notice(
            admitted, verdict.limit, verdict.remaining, verdict.wait_ns / 1e9,
            verdict.reset_ns / 1e9, binding.window_ns / 1e9, call.world.wall(call.request.at),
        )  # fmt: skip
        call.notes["budget"] = name
        if admitted:
            try:
                reply = self.serve(call)
            except Refusal as refusal:
                reply = refusal.reply
            reply.done.append(gate.release)
        else:
            reply = self.exceeded(notice, call)
        reply.fixed = False
        reply.headers += self.notice(notice, call)
        return reply

    def gate(self, call: Call, name: str) -> Gate:
        gate = call.site.gates.get(name)
        if gate is None:
            options = call.site.options
            general = None if name in self.extra else options.get("limit")
            spec = options.get(f"limit-{name}") or general or self.limits[name]
            align = {"align": self.align} if self.align else {}
            parts = [limiter(part, align, call.world.wall_offset) for part in spec.split("+")]
            gate = call.site.gates[name] = Gate(name, parts)
        return gate

    def question(self, call: Call) -> Reply:
        """`/_truth<path>?<query>`, `/_dump<path>?<query>`, `/_stats[?arrivals=1]`, `/_reset`."""
        name, slash, rest = call.path[1:].partition("/")
        asked: dict[str, Callable[[], Reply]] = {
            "_truth": lambda: self.truth(call),
            "_dump": lambda: self.dump(call),
            "_stats": lambda: json_reply(self.stats(call)),
            "_reset": lambda: self.reset(call),
        }
        if name not in asked:
            return error(404, "no_such_question", call.path)
        call.path = slash + rest
        return asked[name]()

    def truth(self, call: Call) -> Reply:
        rows = self.rows(call)
        if rows is None:
            return error(404, "no_such_collection", call.path)
        return json_reply(
            {
                "collection": call.path,
                "count": len(rows),
                "sha256": digest(rows),
                "bytes": sum(len(row.body) + 1 for row in rows),
                "first_key": rows[0].key if rows else None,
                "last_key": rows[-1].key if rows else None,
            }
        )

    def dump(self, call: Call) -> Reply:
        rows = self.rows(call)
        if rows is None:
            return error(404, "no_such_collection", call.path)
        return raw(b"".join(row.body + b"\n" for row in rows))

    def stats(self, call: Call) -> dict[str, Any]:
        arrivals = "arrivals" in call.query
        own = {"vendor": self.name, **call.site.summary(arrivals)}
        if call.site.text:
            return own
        return own | {
            "sites": {text: site.summary(arrivals) for text, site in self.sites.items() if text}
        }

    def reset(self, call: Call) -> Reply:
        if call.site.text:
            self.sites.pop(call.site.text, None)
        else:
            self.sites.clear()
        return json_reply({"ok": True})
