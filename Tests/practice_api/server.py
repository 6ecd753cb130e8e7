"""HTTP/1.1 over asyncio transports: parse, ask the router, put the reply on the wire.

RFC 9112 as far as clients need it: keep-alive, pipelining, Content-Length and chunked request
bodies, `Expect: 100-continue`, HEAD. It leaves out what a framework would do, because a page must
cost far less here than in the client that is measured.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
import time
from collections.abc import Callable
from email.utils import formatdate

from practice_api.router import answer
from practice_api.wire import Close, Pause, Repeat, Reply, Request, Step, error
from practice_api.world import World

Answer = Callable[[World, Request], Reply]
MAX_HEAD = 1 << 20
MAX_BODY = 1 << 28
FAST_ENTRIES = 4096
FAST_HEAD = 2048
LINGER_ZERO = struct.pack("ii", 1, 0)


class Malformed(Exception):
    pass


class Listener:
    """One listening port: its name in the logs, its scheme, and replies that need no thought."""

    def __init__(self, world: World, name: str, scheme: str, answer: Answer) -> None:
        self.world = world
        self.name = name
        self.scheme = scheme
        self.answer = answer
        # Whole request head -> (target, whole response). Only replies that depend on nothing else.
        self.fast: dict[bytes, tuple[str, bytes]] = {}

    def connection(self) -> Connection:
        return Connection(self)


class Connection(asyncio.Protocol):
    def __init__(self, listener: Listener) -> None:
        self.listener = listener
        self.world = listener.world
        self.buffer = b""
        self.count = 0
        self.id = 0
        self.task: asyncio.Task[None] | None = None
        self.closed = False
        self.continued = False
        self.writable = asyncio.Event()
        self.writable.set()
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        stats = self.world.stats
        stats.accepted += 1
        stats.open += 1
        stats.most_open = max(stats.most_open, stats.open)
        self.id = stats.accepted

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed = True
        self.world.stats.open -= 1
        if self.task:
            self.task.cancel()

    def pause_writing(self) -> None:
        self.writable.clear()

    def resume_writing(self) -> None:
        self.writable.set()

    def data_received(self, data: bytes) -> None:
        if not self.buffer and self.task is None:
            kept = self.listener.fast.get(data)
            if kept is not None:
                self.count += 1
                request = Request("GET", kept[0], data, b"", "", self.listener.name, self.id,
                                  self.count, time.monotonic_ns())  # fmt: skip
                self.world.stats.arrived(request)
                self.world.stats.statuses[200] += 1
                self.transport.write(kept[1])
                return
        self.buffer += data
        self.advance()

    def advance(self) -> None:
        while self.task is None and not self.closed and self.buffer:
            try:
                request = self.next_request()
            except Malformed as bad:
                reply = error(400, "malformed_request", str(bad))
                reply.close = True
                self.transport.write(reply.rendered_head() + reply.body)
                self.transport.close()
                self.closed = True
                return
            if request is None:
                return
            self.serve(request)

    def next_request(self) -> Request | None:
        """The next whole request in the buffer, or None when more bytes must come first."""
        buffer = self.buffer
        end = buffer.find(b"\r\n\r\n")
        if end < 0:
            if len(buffer) > MAX_HEAD:
                raise Malformed("the head is too large")
            return None
        head = buffer[: end + 4]
        rest = end + 4
        low = head.lower()
        body = b""
        if b"\r\ntransfer-encoding:" in low or b"\r\ncontent-length:" in low:
            if b"\r\nexpect: 100-continue" in low and not self.continued:
                # RFC 9110 §10.1.1; sent once a request, when its body has not come along already.
                self.continued = True
                if len(buffer) == rest:
                    self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            found = self.body_at(low, rest)
            if found is None:
                return None
            body, rest = found
        self.continued = False
        self.buffer = buffer[rest:]
        line = head[: head.find(b"\r\n")].split(b" ")
        if len(line) != 3 or not line[1].startswith(b"/"):
            raise Malformed("the request line is not METHOD /path HTTP/1.1")
        self.count += 1
        return Request(
            line[0].decode("latin-1"), line[1].decode("latin-1"), head, body,
            self.listener.scheme, self.listener.name, self.id, self.count, time.monotonic_ns(),
        )  # fmt: skip

    def body_at(self, low: bytes, start: int) -> tuple[bytes, int] | None:
        fields = dict(line.split(b":", 1) for line in low[:-4].split(b"\r\n")[1:] if b":" in line)
        buffer = self.buffer
        if b"chunked" in fields.get(b"transfer-encoding", b""):
            parts: list[bytes] = []
            while True:
                line_end = buffer.find(b"\r\n", start)
                if line_end < 0:
                    return None
                try:
                    size = int(buffer[start:line_end].partition(b";")[0], 16)
                except ValueError as bad:
                    raise Malformed("bad chunk size") from bad
                start = line_end + 2
                if size == 0:
                    stop = buffer.find(b"\r\n", start)
                    return None if stop < 0 else (b"".join(parts), stop + 2)
                if len(buffer) < start + size + 2:
                    return None
                parts.append(buffer[start : start + size])
                start += size + 2
        length = fields.get(b"content-length", b"0").strip()
        if not length.isdigit() or int(length) > MAX_BODY:
            raise Malformed("bad Content-Length")
        stop = start + int(length)
        return (buffer[start:stop], stop) if len(buffer) >= stop else None

    def serve(self, request: Request) -> None:
        world = self.world
        stats = world.stats
        about_server = request.target.startswith("/_")
        if about_server:
            # Questions neither count nor make a connection "used" for those that come after.
            self.count -= 1
        else:
            stats.arrived(request)
            stats.in_flight += 1
            stats.most_in_flight = max(stats.most_in_flight, stats.in_flight)
        reply = self.listener.answer(world, request)
        if not about_server:
            stats.statuses[reply.status] += 1
            reply.done.append(self.landed)
        low = request.head.lower()
        if b"\r\nconnection: close" in low or low.find(b" http/1.0\r\n") > 0:
            reply.close = True
        if not reply.fixed and reply.header("date") is None:
            reply.headers.append(("Date", formatdate(usegmt=True)))
        head = reply.rendered_head()
        body = b"" if request.method == "HEAD" or reply.status in (204, 304) else reply.body
        if reply.play is None and reply.delay == 0:
            self.transport.write(head + body)
            self.settle(reply)
            if reply.fixed and not reply.close and request.mount == "" and not request.body:
                self.keep(request, head + body)
            return
        steps: list[Step] = [Pause(reply.delay)] if reply.delay else []
        steps += reply.play(head, body) if reply.play else [head + body]
        self.task = asyncio.get_running_loop().create_task(self.perform(steps))
        # A callback and not a `finally`: a task cancelled before its first step runs neither.
        self.task.add_done_callback(lambda task: self.performed(task, reply))

    def landed(self) -> None:
        self.world.stats.in_flight -= 1

    def keep(self, request: Request, whole: bytes) -> None:
        fast = self.listener.fast
        # The other origin's requests are all looked at, so none may take the short way.
        watched = "other" in self.listener.name
        if watched or request.method != "GET" or len(request.head) > FAST_HEAD:
            return
        if len(fast) >= FAST_ENTRIES:
            fast.clear()
        fast[request.head] = (request.target, whole)

    def settle(self, reply: Reply) -> None:
        for act in reply.done:
            act()
        reply.done.clear()
        if reply.close:
            self.closed = True
            self.transport.close()

    async def perform(self, steps: list[Step]) -> None:
        for step in steps:
            await self.perform_one(step)
            if self.closed:
                break

    def performed(self, task: asyncio.Task[None], reply: Reply) -> None:
        self.task = None
        self.settle(reply)
        if task.cancelled():
            return
        task.result()
        if not self.closed:
            self.advance()

    async def perform_one(self, step: Step) -> None:
        if isinstance(step, bytes):
            self.transport.write(step)
            await self.writable.wait()
        elif isinstance(step, Pause):
            if step.seconds is None:
                await asyncio.Event().wait()  # ends when the client hangs up
            else:
                await asyncio.sleep(step.seconds)
        elif isinstance(step, Repeat):
            while not self.closed:
                self.transport.write(step.chunk)
                await self.writable.wait()
                await asyncio.sleep(0)
        elif isinstance(step, Close):
            self.closed = True
            if step.reset:
                raw = self.transport.get_extra_info("socket")
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_ZERO)
                self.transport.abort()
            else:
                self.transport.close()


async def listen(
    world: World,
    name: str,
    port: int = 0,
    tls: ssl.SSLContext | None = None,
    answer: Answer = answer,
) -> tuple[asyncio.Server, int]:
    """`answer` is asked for every reply: this API's router, or another's that wants its sockets."""
    listener = Listener(world, name, "https" if tls else "http", answer)
    loop = asyncio.get_running_loop()
    # Clients that open hundreds of connections at once must not see a SYN dropped.
    server = await loop.create_server(
        listener.connection, "127.0.0.1", port, ssl=tls, backlog=1024, reuse_address=True
    )
    bound: int = server.sockets[0].getsockname()[1]
    return server, bound
