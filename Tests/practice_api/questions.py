"""Routes about the server itself: what it would serve, what it saw, and a clean slate."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from practice_api.data import digest
from practice_api.styles.windows import within
from practice_api.view import narrowed, page_reply
from practice_api.wire import Reply, Request, error, json_reply
from practice_api.world import World


def truth(world: World, request: Request, rest: list[str]) -> Reply:
    """`/_truth/users[:n]?filters`: count, bytes and SHA-256 of the records as a right client
    delivers them: in order, each record's bytes exactly as they stand in the array, then LF."""
    collection = unquote("/".join(rest))
    rows = world.dataset.rows(collection)
    if rows is None:
        return error(404, "no_such_collection", collection)
    rows = within(narrowed(rows, request), request)
    return json_reply(
        {
            "collection": collection,
            "count": len(rows),
            "sha256": digest(rows),
            "bytes": sum(len(row.body) + 1 for row in rows),
            "first_id": rows[0].key if rows else None,
            "last_id": rows[-1].key if rows else None,
        }
    )


def dump(world: World, request: Request, rest: list[str]) -> Reply:
    """`/_dump/users`: the very lines that `_truth` hashes, to compare with when a test fails."""
    rows = world.dataset.rows(unquote("/".join(rest)))
    if rows is None:
        return error(404, "no_such_collection", "/".join(rest))
    rows = within(narrowed(rows, request), request)
    reply = page_reply(b"".join([row.body + b"\n" for row in rows]), fixed=False)
    reply.headers = [("Content-Type", "application/jsonl")]
    return reply


def stats(world: World, request: Request, rest: list[str]) -> Reply:
    """`/_stats[?arrivals=1]`"""
    out: dict[str, Any] = world.stats.summary()
    for kind, states in world.states.items():
        out[kind] = {
            name: state.summary(request.param("arrivals") is not None)
            for name, state in states.items()
            if hasattr(state, "summary")
        }
    return json_reply(out)


def requests(world: World, request: Request, rest: list[str]) -> Reply:
    """`/_requests[?prefix=/offset]`: the latest requests, oldest first, with arrival times."""
    return json_reply(world.stats.latest(request.param("prefix") or "/"))


def reset(world: World, request: Request, rest: list[str]) -> Reply:
    world.reset()
    return json_reply({"ok": True})


def ready(world: World, request: Request, rest: list[str]) -> Reply:
    """`/_ready`: the line that was printed at start."""
    return json_reply(world.ready)


QUESTIONS: dict[str, Callable[[World, Request, list[str]], Reply]] = {
    "_truth": truth,
    "_dump": dump,
    "_stats": stats,
    "_requests": requests,
    "_reset": reset,
    "_ready": ready,
}
