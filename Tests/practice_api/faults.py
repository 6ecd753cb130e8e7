"""What goes wrong on the wire, one function a fault.

A fault gets the options and the reply of what it stands before; `before` faults answer (or hang
up) without asking it, so a limiter or a write behind them sees nothing, unless `;after` is given:
then the request is carried out first and the answer is lost, the case that duplicates writes.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable
from email.utils import formatdate
from functools import cache
from time import time

from practice_api.router import LAYERS, Crossing
from practice_api.schedule import Schedule
from practice_api.view import BadRequest
from practice_api.wire import JSON_TYPE, Close, Pause, Repeat, Reply, Step, seconds_of
from practice_api.world import World

Options = dict[str, str]
Before = Callable[[str, Options, Crossing], Reply]
Transform = Callable[[str, Options, Reply], Reply]

BEFORE: dict[str, Before] = {}
TRANSFORMS: dict[str, Transform] = {}


def played(*steps: Step) -> Reply:
    reply = Reply()
    reply.play = lambda head, body: list(steps)
    return reply


def status(code: int, options: Options) -> Reply:
    """Knobs `ra` (Retry-After: a number, `date` two seconds ahead, or any text) and
    `body=json|html|empty`. RFC 9110 §15.6.4 gives 503 a Retry-After."""
    headers = [JSON_TYPE]
    body = json.dumps({"error": {"code": f"practice_{code}", "message": "played"}}).encode()
    if options.get("body") == "html":
        headers, body = [("Content-Type", "text/html")], b"<html><h1>Bad Gateway</h1></html>"
    elif options.get("body") == "empty":
        headers, body = [], b""
    if "ra" in options:
        late = formatdate(time() + 2, usegmt=True)
        headers.append(("Retry-After", late if options["ra"] == "date" else options["ra"]))
    headers.append(("X-Request-Id", f"req-{code}"))
    return Reply(code, headers, body)


def close_reuse(argument: str, options: Options, crossing: Crossing) -> Reply:
    # A keep-alive connection that dies as the next request arrives, before any byte of an answer:
    # RFC 9112 §9.3.1 lets a client retry only what is idempotent. libcurl retries by itself.
    if crossing.request.nth > 1:
        return played(Close(reset=argument == "reset"))
    return crossing.inner()


def interim(argument: str, options: Options, crossing: Crossing) -> Reply:
    # RFC 9110 §15.2: any number of 1xx may precede the answer (103 is RFC 8297).
    reply = crossing.inner()
    early = b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n"
    reply.play = lambda head, body: [early * int(argument or 1) + head + body]
    return reply


HTML = b"<!DOCTYPE html><html><body>Please log in</body></html>"

BEFORE |= {
    # The connection ends before a byte of the answer: RST or FIN.
    "reset": lambda a, o, c: played(Close(reset=True)),
    "close": lambda a, o, c: played(Close()),
    "close-reuse": close_reuse,
    # Nothing comes, or half a head; the client's timeout must end it.
    "stall": lambda a, o, c: played(Pause(None)),
    "stall-head": lambda a, o, c: played(b"HTTP/1.1 200 OK\r\nContent-Ty", Pause(None)),
    "garbage": lambda a, o, c: Reply(200, [JSON_TYPE], bytes(range(256)) * 4),
    "html": lambda a, o, c: Reply(200, [("Content-Type", "text/html")], HTML),
    "html-as-json": lambda a, o, c: Reply(200, [JSON_TYPE], HTML),
    "invalid-json": lambda a, o, c: Reply(200, [JSON_TYPE], b'{"data": [{"id": 1,}, ]}'),
    "empty-body": lambda a, o, c: Reply(200, [JSON_TYPE], b""),
    "null-body": lambda a, o, c: Reply(200, [JSON_TYPE], b"null"),
    # 200 with an error inside: TikTok's `code`, Slack's `ok`.
    "error200": lambda a, o, c: Reply(200, [JSON_TYPE], b'{"ok":false,"error":"fatal_error"}'),
    "not-http": lambda a, o, c: played(b"SSH-2.0-OpenSSH_9.2\r\n\r\n", Close()),
    "bad-status": lambda a, o, c: played(b"HTTP/1.1 abc Huh\r\n\r\n", Close()),
    "204": lambda a, o, c: Reply(204, []),
    "nested": lambda a, o, c: Reply(
        200, [JSON_TYPE], b"[" * int(a or 100_000) + b"]" * int(a or 100_000)
    ),
    "endless": lambda a, o, c: played(
        b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n{"data":["',
        Repeat(b"a" * 65536),
    ),
    "endless-chunks": lambda a, o, c: played(
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n",
        Repeat(b"10000\r\n" + b" " * 65536 + b"\r\n"),
    ),
    "endless-head": lambda a, o, c: played(
        b"HTTP/1.1 200 OK\r\n", Repeat(b"X-Filler: " + b"a" * 1000 + b"\r\n")
    ),
    "endless-interim": lambda a, o, c: played(Repeat(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 100)),
    "interim": interim,
}


def half(body: bytes) -> bytes:
    return body[: len(body) // 2]


def on_wire(steps: Callable[[bytes, bytes], list[Step]]) -> Transform:
    def transform(argument: str, options: Options, reply: Reply) -> Reply:
        reply.play = steps
        return reply

    return transform


def slow(argument: str, options: Options, reply: Reply) -> Reply:
    """`slow:5ms` a piece, `size=N` bytes a piece (1)."""
    pause, size = seconds_of(argument or "5ms"), int(options.get("size", "1"))

    def steps(head: bytes, body: bytes) -> list[Step]:
        whole = head + body
        out: list[Step] = []
        for at in range(0, len(whole), size):
            out += [whole[at : at + size], Pause(pause)]
        return out

    reply.play = steps
    return reply


def encoded(name: str, data: Callable[[bytes], bytes]) -> Transform:
    def transform(argument: str, options: Options, reply: Reply) -> Reply:
        reply.without("content-encoding")
        reply.headers.append(("Content-Encoding", name))
        reply.body = data(reply.body)
        return reply

    return transform


def raw_deflate(body: bytes) -> bytes:
    # RFC 9110 §8.4.1.2 note: some servers send deflate without the zlib wrapper.
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(body) + packer.flush()


def chunks(body: bytes, size: int) -> bytes:
    parts = (body[at : at + size] for at in range(0, len(body), size))
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts)


def chunked(argument: str, options: Options, reply: Reply) -> Reply:
    """`chunked[:size]`; option `end`: `right` (default), `missing` (FIN without the last chunk),
    `trailers`, `bad` (a size that is no number), `extensions` (RFC 9112 §7.1.1)."""
    end = options.get("end", "right")
    body = chunks(reply.body, int(argument or 1000))
    if end == "extensions":
        body = body.replace(b"\r\n", b';name="a;b"\r\n', 1)
    tail: list[Step] = [b"0\r\n\r\n"]
    if end == "trailers":
        tail = [b"0\r\nX-Checksum: abc\r\nX-RateLimit-Remaining: 0\r\n\r\n"]
    elif end == "missing":
        tail = [Close()]
    elif end == "bad":
        tail = [b"zz\r\n", Close()]
    reply.headers.append(("Transfer-Encoding", "chunked"))
    reply.play = lambda head, _: [head, body, *tail]
    return reply


@cache
def zeros(megabytes: int) -> bytes:
    """Gzip of that much of one JSON string: 1,000 times smaller on the wire."""
    packer = zlib.compressobj(9, wbits=31)
    block = b"a" * (1 << 20)
    parts = [packer.compress(b'{"data":["')]
    parts += [packer.compress(block) for _ in range(megabytes)]
    return b"".join([*parts, packer.compress(b'"]}'), packer.flush()])


def bomb(argument: str, options: Options, crossing: Crossing) -> Reply:
    headers = [JSON_TYPE, ("Content-Encoding", "gzip")]
    return Reply(200, headers, zeros(int(argument or 64)))


BEFORE["bomb"] = bomb


def with_headers(make: Callable[[int], list[tuple[str, str]]], default: int) -> Transform:
    def transform(argument: str, options: Options, reply: Reply) -> Reply:
        reply.headers += make(int(argument or default))
        return reply

    return transform


def wrong_length(argument: str, options: Options, reply: Reply) -> Reply:
    # A Content-Length shorter than the body: what follows must not be read as the next answer.
    short = int(argument or len(reply.body) // 2)
    reply.headers.append(("Content-Length", str(short)))
    return reply


def truncated(argument: str, options: Options, reply: Reply) -> Reply:
    # RFC 9112 §8: fewer bytes than Content-Length, then FIN: incomplete, whatever has been parsed.
    reply.play = lambda head, body: [head + half(body), Close()]
    return reply


def cut_json(argument: str, options: Options, reply: Reply) -> Reply:
    reply.body = half(reply.body)
    return reply


def old_http(argument: str, options: Options, reply: Reply) -> Reply:
    reply.version, reply.close = "HTTP/1.0", True
    return reply


def until_close(argument: str, options: Options, reply: Reply) -> Reply:
    # RFC 9112 §6.3 rule 8: no length at all, the connection's end is the body's end.
    def steps(head: bytes, body: bytes) -> list[Step]:
        lines = [line for line in head.split(b"\r\n") if not line.startswith(b"Content-Length")]
        return [b"\r\n".join(lines) + body, Close()]

    reply.close = True
    reply.play = steps
    return reply


def close_after(argument: str, options: Options, reply: Reply) -> Reply:
    reply.close = True
    return reply


def silent_close(argument: str, options: Options, reply: Reply) -> Reply:
    """A whole answer that promises keep-alive, and then FIN (or RST with `:reset`)."""
    reply.play = lambda head, body: [head + body, Pause(0.02), Close(reset=argument == "reset")]
    return reply


def no_type(argument: str, options: Options, reply: Reply) -> Reply:
    reply.without("content-type")
    if argument:
        reply.headers.append(("Content-Type", argument.replace("_", "/")))
    return reply


def bom(argument: str, options: Options, reply: Reply) -> Reply:
    # RFC 8259 §8.1: a generator must not add one, a parser may ignore it.
    reply.body = b"\xef\xbb\xbf" + reply.body
    return reply


def bad_utf8(argument: str, options: Options, reply: Reply) -> Reply:
    reply.body = reply.body.replace(b'"created_at"', b'"bad\xff\xc0":0,"created_at"', 1)
    return reply


def double_gzip(body: bytes) -> bytes:
    return gzip.compress(gzip.compress(body))


def bad_gzip(body: bytes) -> bytes:
    packed = bytearray(gzip.compress(body))
    packed[-8] ^= 0xFF  # the CRC no longer agrees
    return bytes(packed)


TRANSFORMS |= {
    "reset-headers": on_wire(lambda head, body: [head, Pause(0.02), Close(reset=True)]),
    "reset-body": on_wire(lambda head, body: [head + half(body), Pause(0.02), Close(reset=True)]),
    "stall-body": on_wire(lambda head, body: [head + half(body), Pause(None)]),
    "extra": on_wire(lambda head, body: [head + body + b'{"trailing":"junk"}']),
    "truncated": truncated,
    "wrong-length": wrong_length,
    "cut-json": cut_json,
    "slow": slow,
    "chunked": chunked,
    "gzip": encoded("gzip", gzip.compress),
    "deflate": encoded("deflate", zlib.compress),
    "deflate-raw": encoded("deflate", raw_deflate),
    "gzip-twice": encoded("gzip, gzip", double_gzip),
    "gzip-cut": encoded("gzip", lambda body: half(gzip.compress(body))),
    "gzip-bad": encoded("gzip", bad_gzip),
    "wrong-encoding": encoded("gzip", lambda body: body),
    "unknown-encoding": encoded("snappy", lambda body: body),
    "headers": with_headers(lambda n: [(f"X-Flood-{i}", "x" * 20) for i in range(n)], 1000),
    "big-header": with_headers(lambda n: [("X-Big", "x" * n)], 200_000),
    "cookies": with_headers(
        lambda n: [("Set-Cookie", f"c{i}=v{i}; Path=/; HttpOnly") for i in range(n)], 3
    ),
    "http10": old_http,
    "until-close": until_close,
    "connection-close": close_after,
    "silent-close": silent_close,
    "content-type": no_type,
    "bom": bom,
    "bad-utf8": bad_utf8,
}


def fault(world: World, text: str, crossing: Crossing) -> Reply:
    """`/fault/<spec>/...`: see Schedule for when, BEFORE and TRANSFORMS for what."""
    schedules = world.state("faults")
    if text not in schedules:
        schedules[text] = Schedule.parse(text)
    schedule: Schedule = schedules[text]
    request = crossing.request
    try:
        kind = schedule.strike(request.method, request.target)
        reply = applied(kind, schedule.options, crossing) if kind else crossing.inner()
    except ValueError as bad:
        raise BadRequest("bad_fault", f"{text!r}: {bad}") from bad
    reply.fixed = False
    return reply


def applied(kind: str, options: Options, crossing: Crossing) -> Reply:
    name, _, argument = kind.partition(":")
    if name in TRANSFORMS:
        return TRANSFORMS[name](argument, options, crossing.inner())
    if "after" in options:
        inner = crossing.inner()
        reply = before(name, argument, options, crossing)
        reply.done += inner.done
        return reply
    return before(name, argument, options, crossing)


def before(name: str, argument: str, options: Options, crossing: Crossing) -> Reply:
    if name in BEFORE:
        return BEFORE[name](argument, options, crossing)
    if name.isdigit() and len(name) == 3:
        return status(int(name), options)
    raise BadRequest("bad_fault", f"no fault is called {name!r}")


LAYERS["fault"] = fault
