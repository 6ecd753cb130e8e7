"""From a path to a reply: layers first, each around what follows it, then one endpoint.

`/fault/<spec>/limit/<spec>/auth/<spec>/<style>/<collection>`: every layer takes two segments and
sees the request before, and the reply after, everything to its right.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import unquote

from practice_api.questions import QUESTIONS
from practice_api.styles import STYLES
from practice_api.styles.single import one
from practice_api.tide import tide_of
from practice_api.view import BadRequest
from practice_api.wire import Reply, Request, error, knobs_of
from practice_api.world import World

Inner = Callable[[], Reply]


@dataclass(slots=True)
class Crossing:
    """A layer in the path of one request: what stands before it, and what it covers."""

    request: Request
    inner: Inner
    before: str
    after: str


Layer = Callable[[World, str, Crossing], Reply]
Endpoint = Callable[[World, Request, list[str]], Reply]

LAYERS: dict[str, Layer] = {}
ENDPOINTS: dict[str, Endpoint] = {}
WATCHERS: list[Callable[[World, Request], None]] = []
CACHE_ENTRIES = 20_000


def answer(world: World, request: Request) -> Reply:
    """The reply to one request; whatever a route refuses to understand is a 4xx, never a crash."""
    path = request.target.partition("?")[0]
    segments = path.split("/")[1:]
    try:
        for watch in WATCHERS:
            watch(world, request)
        return descend(world, request, segments, 0)
    except BadRequest as refusal:
        return refusal.reply
    except Exception:
        # A defect here must look like one in the test that meets it, not like a played fault.
        traceback.print_exc()
        return error(599, "practice_api_defect", f"see the server's stderr: {request.target}")


def descend(world: World, request: Request, segments: list[str], at: int) -> Reply:
    head = segments[at] if at < len(segments) else ""
    layer = LAYERS.get(head)
    if layer is not None and at + 2 < len(segments):
        crossing = Crossing(
            request,
            lambda: refusing(lambda: descend(world, request, segments, at + 2)),
            "".join("/" + segment for segment in segments[:at]),
            "".join("/" + segment for segment in segments[at + 2 :]),
        )
        return layer(world, unquote(segments[at + 1]), crossing)
    request.mount = "".join("/" + segment for segment in segments[:at])
    rest = segments[at:]
    request.path = "".join("/" + segment for segment in rest)
    name, request.knobs = knobs_of(rest[0] if rest else "")
    if name in QUESTIONS:
        return QUESTIONS[name](world, request, rest[1:])
    if name in ENDPOINTS:
        return ENDPOINTS[name](world, request, rest[1:])
    if name in STYLES:
        return page(world, request, name, rest)
    return error(404, "no_such_route", f"there is no route {path_of(rest)}")


def refusing(inner: Inner) -> Reply:
    """A refusal deep inside is a reply like any other to the layers around it."""
    try:
        return inner()
    except BadRequest as refusal:
        return refusal.reply


def path_of(segments: list[str]) -> str:
    return "/" + "/".join(segments)


def page(world: World, request: Request, style: str, rest: list[str]) -> Reply:
    collection = unquote(rest[1]) if len(rest) > 1 else ""
    if request.shift:
        tide = tide_of(world, request.shift, collection)
        if tide is None:
            return error(404, "no_such_collection", f"there is no collection {collection!r}")
        tide.turn()
        return STYLES[style](request, tide.rows)
    key = f"{request.scheme} {request.header('host')} {request.target}"
    if request.method == "GET" and (found := world.pages.get(key)) is not None:
        return found.copy()
    rows = world.dataset.rows(collection)
    if rows is None:
        return error(404, "no_such_collection", f"there is no collection {collection!r}")
    reply = one(request, rows, unquote(rest[2])) if len(rest) > 2 else STYLES[style](request, rows)
    reply.fixed = reply.fixed and request.method == "GET"
    if reply.fixed:
        if len(world.pages) >= CACHE_ENTRIES:
            world.pages.clear()
        world.pages[key] = reply
        return reply.copy()
    return reply
