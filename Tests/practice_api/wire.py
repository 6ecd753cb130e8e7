"""What a request and a reply are, before and after they are bytes on a socket."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode

REASONS = {
    100: "Continue", 200: "OK", 201: "Created", 202: "Accepted", 204: "No Content",
    301: "Moved Permanently", 302: "Found", 303: "See Other", 304: "Not Modified",
    307: "Temporary Redirect", 308: "Permanent Redirect", 400: "Bad Request",
    401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed",
    408: "Request Timeout", 409: "Conflict", 410: "Gone", 413: "Content Too Large",
    414: "URI Too Long", 418: "I'm a teapot", 420: "Enhance Your Calm",
    422: "Unprocessable Content", 425: "Too Early", 429: "Too Many Requests",
    500: "Internal Server Error", 501: "Not Implemented", 502: "Bad Gateway",
    503: "Service Unavailable", 504: "Gateway Timeout", 509: "Bandwidth Limit Exceeded",
}  # fmt: skip

JSON_TYPE = ("Content-Type", "application/json; charset=utf-8")


@dataclass(slots=True)
class Request:
    """One request. `mount` is the part of the path that layers took, so that links can keep it."""

    method: str
    target: str
    head: bytes
    body: bytes = b""
    scheme: str = "http"
    listener: str = "http"
    connection: int = 0
    nth: int = 1  # which request on its connection
    at: int = 0  # monotonic nanoseconds when its last byte arrived
    mount: str = ""
    path: str = ""
    knobs: dict[str, str] = field(default_factory=dict)
    shift: str = ""  # the spec of the shifting copy that it reads, if any
    _query: list[tuple[str, str]] | None = None
    _headers: list[tuple[str, str]] | None = None

    @property
    def raw_query(self) -> str:
        return self.target.partition("?")[2]

    @property
    def query(self) -> list[tuple[str, str]]:
        if self._query is None:
            self._query = parse_qsl(self.raw_query, keep_blank_values=True)
        return self._query

    def param(self, name: str, default: str | None = None) -> str | None:
        """The last value given; servers differ here, and no rule settles it."""
        found = default
        for key, value in self.query:
            if key == name:
                found = value
        return found

    @property
    def headers(self) -> list[tuple[str, str]]:
        if self._headers is None:
            lines = self.head.decode("latin-1").split("\r\n")[1:]
            pairs = (line.partition(":") for line in lines if line)
            self._headers = [(name, value.strip()) for name, _, value in pairs]
        return self._headers

    def header(self, name: str) -> str | None:
        low = name.lower()
        return next((value for key, value in self.headers if key.lower() == low), None)

    @property
    def origin(self) -> str:
        return f"{self.scheme}://{self.header('host') or '127.0.0.1'}"

    def json(self) -> Any:
        """The body as JSON, or None: what to do about a bad one is the route's decision."""
        try:
            return json.loads(self.body or b"null")
        except ValueError:
            return None

    def form(self) -> dict[str, str]:
        text = self.body.decode("utf-8", "replace")
        return dict(parse_qsl(text, keep_blank_values=True))

    def query_with(self, changes: dict[str, str | None]) -> str:
        """The query with some parameters replaced or (None) removed, the rest in their order."""
        kept = [(k, v) for k, v in self.query if k not in changes]
        kept += [(k, v) for k, v in changes.items() if v is not None]
        return urlencode(kept, quote_via=quote)


@dataclass(slots=True)
class Pause:
    """Nothing is sent for this long; None means until the client gives up."""

    seconds: float | None


@dataclass(slots=True)
class Close:
    """End of the connection: FIN, or RST when `reset`."""

    reset: bool = False


@dataclass(slots=True)
class Repeat:
    """The same bytes again and again until the client gives up."""

    chunk: bytes


Step = bytes | Pause | Close | Repeat


@dataclass(slots=True)
class Reply:
    status: int = 200
    headers: list[tuple[str, str]] = field(default_factory=lambda: [JSON_TYPE])
    body: bytes = b""
    # The same GET always gets these bytes, so that the server may keep them.
    fixed: bool = False
    delay: float = 0.0
    close: bool = False
    version: str = "HTTP/1.1"
    # How the bytes go on the wire when not plainly; `play` gets the reply's head and body.
    play: Callable[[bytes, bytes], list[Step]] | None = None
    done: list[Callable[[], None]] = field(default_factory=list)

    def copy(self) -> Reply:
        return Reply(
            self.status, list(self.headers), self.body, self.fixed, self.delay, self.close,
            self.version, self.play, list(self.done),
        )  # fmt: skip

    def header(self, name: str) -> str | None:
        low = name.lower()
        return next((value for key, value in self.headers if key.lower() == low), None)

    def without(self, name: str) -> None:
        low = name.lower()
        self.headers = [pair for pair in self.headers if pair[0].lower() != low]

    def rendered_head(self) -> bytes:
        lines = [f"{self.version} {self.status} {REASONS.get(self.status, 'Unknown')}"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        names = {name.lower() for name, _ in self.headers}
        # RFC 9110 §8.6: neither a 1xx nor a 204 carries Content-Length.
        bodiless = self.status == 204 or self.status < 200
        if not bodiless and not names & {"content-length", "transfer-encoding"}:
            lines.append(f"Content-Length: {len(self.body)}")
        if self.close and "connection" not in names:
            lines.append("Connection: close")
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")


def json_reply(value: Any, status: int = 200, *headers: tuple[str, str]) -> Reply:
    body = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    return Reply(status, [JSON_TYPE, *headers], body)


def error(status: int, code: str, message: str = "", *headers: tuple[str, str]) -> Reply:
    return json_reply({"error": {"code": code, "message": message or code}}, status, *headers)


def knobs_of(text: str) -> tuple[str, dict[str, str]]:
    """`name;a=1;b` -> ("name", {"a": "1", "b": ""}).

    Path parameters (RFC 3986 §3.3) carry a route's variant, so that it survives every client
    that rewrites the query.
    """
    name, *rest = text.split(";")
    pairs = (item.partition("=") for item in rest)
    return unquote(name), {unquote(key): unquote(value) for key, _, value in pairs if key}


def seconds_of(text: str) -> float:
    """`250ms`, `1.5s`, `2m`, `1h`, `1d`; a bare number is seconds."""
    units = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
    for unit in ("ms", "s", "m", "h", "d"):
        if text.endswith(unit):
            return float(text[: -len(unit)]) * units[unit]
    return float(text)
