"""The layers that only look at the way in: limits, delays, and shifting data."""

from __future__ import annotations

from urllib.parse import unquote

from practice_api.dialects import DIALECTS, Notice, refusal_body, retry_after
from practice_api.limits import Gate, limiter
from practice_api.questions import QUESTIONS
from practice_api.router import LAYERS, Crossing
from practice_api.view import BadRequest
from practice_api.wire import JSON_TYPE, Reply, Request, error, json_reply, knobs_of, seconds_of
from practice_api.world import World

READS = {"GET", "HEAD", "OPTIONS"}


def gate_for(world: World, text: str) -> tuple[Gate, dict[str, str]]:
    spec, options = knobs_of(text)
    gates = world.state("limiters")
    # One budget for every route with the same name; without a name, with the same text.
    key = options.get("name", text)
    if key not in gates:
        try:
            parts = [limiter(part, options, world.wall_offset) for part in spec.split("+")]
        except (ValueError, IndexError) as bad:
            raise BadRequest("bad_limit", f"{spec!r}: {bad}") from bad
        gates[key] = Gate(key, parts)
    return gates[key], options


def limit(world: World, text: str, crossing: Crossing) -> Reply:
    """`/limit/sliding:60:60s+concurrent:4;dialect=github;status=429;ra=seconds;name=x/...`

    Options: `dialect` (see dialects.py), `status`, `ra` (Retry-After's form), `name` (share one
    budget between routes), `methods=read|write` (others pass uncounted), `count=all` (refused
    requests are charged too), `align=first` (fixed windows), `hide` (headers on refusals only).
    """
    gate, options = gate_for(world, text)
    request = crossing.request
    wanted = options.get("methods")
    if wanted and (wanted == "read") != (request.method in READS):
        return crossing.inner()
    dialect = DIALECTS.get(options.get("dialect", "plain"))
    if dialect is None:
        raise BadRequest("bad_limit", f"no dialect {options['dialect']}")
    admitted, binding, verdict = gate.pass_through(request.at)
    now = world.wall(request.at)
    notice = Notice(
        admitted, verdict.limit, verdict.remaining, verdict.wait_ns / 1e9,
        verdict.reset_ns / 1e9, binding.window_ns / 1e9, now,
    )  # fmt: skip
    if admitted:
        reply = crossing.inner()
        reply.fixed = False
        reply.done.append(gate.release)
        if "hide" not in options:
            reply.headers += dialect.headers(notice)
        return reply
    headers = [JSON_TYPE, *dialect.headers(notice), *(dialect.refusal or [])]
    headers += retry_after(options.get("ra", dialect.retry_after), notice.wait, now)
    status = int(options.get("status", dialect.status))
    return Reply(status, headers, refusal_body(dialect, notice))


def delay(world: World, text: str, crossing: Crossing) -> Reply:
    """`/delay/50ms/...`: an answer that takes its time, as every real one does."""
    reply = crossing.inner()
    reply.fixed = False
    try:
        reply.delay += seconds_of(text)
    except ValueError as bad:
        raise BadRequest("bad_delay", text) from bad
    return reply


def shift(world: World, text: str, crossing: Crossing) -> Reply:
    """`/shift/insert=2;delete=1;where=head/<style>/<collection>`: before each request but the
    first, so many rows come, go or (`update`) change, at `where=random|head|tail`, on `seed`,
    for the first `changes=N` requests; `name=x` is a copy of its own."""
    if not knobs_of(";" + text)[1]:
        raise BadRequest("bad_shift", text)
    crossing.request.shift = text
    reply = crossing.inner()
    reply.fixed = False
    return reply


def report(world: World, request: Request, rest: list[str]) -> Reply:
    """`/_shift/<spec>/<collection>`: what has changed so far, and what a right reader must have."""
    found = None
    if len(rest) == 2:
        found = world.state("shift").get(f"{unquote(rest[0])} {unquote(rest[1])}")
    return error(404, "not_started") if found is None else json_reply(found.report())


LAYERS.update({"limit": limit, "delay": delay, "shift": shift})
QUESTIONS["_shift"] = report
