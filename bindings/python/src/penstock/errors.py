"""The exceptions of Penstock.

    PenstockError                   everything below; a status this package doesn't know, too
    ├── InvalidArgument             (ValueError) an argument the function can't take
    ├── ConfigError                 (ValueError) a document is wrong; the message names the place
    ├── StateError                  used after close() or fork()
    ├── Cancelled                   ended by cancel() or because the client was closed
    ├── Timeout                     (TimeoutError) connect, first byte, idle or total time passed
    ├── NetworkError                (ConnectionError) no answer, or a broken one
    │   └── TLSError                certificate, host name, protocol version
    ├── HTTPStatusError             the server answered with a status that is an error here
    ├── RateLimited                 the limit's wait is longer than allowed; see `retry_after`
    ├── CircuitOpen                 the circuit breaker of that host is open
    ├── AuthError                   credentials missing, malformed or refused (401)
    ├── DataError                   not JSON, a selector that doesn't match, paging in a circle
    ├── LimitError                  a cap was reached: body, headers, redirects, depth
    ├── StorageError                (OSError) a file could not be read or written
    ├── OutOfMemory                 (MemoryError)
    └── InternalError               a fault of the library; please report it

All of them pickle, and none of them holds a secret: URLs come without userinfo and query values.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import Any

__all__ = [
    "AuthError",
    "Cancelled",
    "CircuitOpen",
    "ConfigError",
    "DataError",
    "HTTPStatusError",
    "InternalError",
    "InvalidArgument",
    "LimitError",
    "NetworkError",
    "OutOfMemory",
    "PenstockError",
    "RateLimited",
    "StateError",
    "Status",
    "StorageError",
    "TLSError",
    "Timeout",
    "error_for",
]


class Status(IntEnum):
    """What a call of the C library came to; `PenstockError.status` is one of the errors."""

    OK = 0
    END = 1
    PENDING = 2
    ERROR_INVALID_ARGUMENT = 16
    ERROR_CONFIG = 17
    ERROR_STATE = 18
    ERROR_CANCELLED = 19
    ERROR_TIMEOUT = 20
    ERROR_NETWORK = 21
    ERROR_TLS = 22
    ERROR_HTTP = 23
    ERROR_RATE_LIMITED = 24
    ERROR_CIRCUIT_OPEN = 25
    ERROR_AUTH = 26
    ERROR_DATA = 27
    ERROR_LIMIT = 28
    ERROR_STORAGE = 29
    ERROR_NO_MEMORY = 30
    ERROR_INTERNAL = 31


class PenstockError(Exception):
    """What went wrong, in one line (`str(error)`), and what is known about it.

    Attributes that don't apply are None (`attempts`: 0).
    """

    status: int
    """The C status: a `Status`, or a plain int when this package doesn't know it."""
    http_status: int | None
    """The status of the HTTP response that the error is about."""
    retry_after: float | None
    """How long the server asks to wait before the next try, in seconds."""
    url: str | None
    """The URL of the request, without userinfo and with query values hidden."""
    request_id: str | None
    """The request id that the server gave, for its support desk."""
    attempts: int
    """How many times the request was sent."""
    stream: str | None
    """The stream the request belonged to."""
    page: int | None
    """The number of the page in its walk, from 0."""
    detail: Mapping[str, Any]
    """All of it as the library told it, with "pointer" (place in a document), "over" (what the
    page was asked for, of a stream walked over others), "idempotency_key" and "body" (start of the
    error body) where they apply."""

    def __init__(
        self,
        message: str,
        *,
        status: int = Status.ERROR_INTERNAL,
        http_status: int | None = None,
        retry_after: float | None = None,
        url: str | None = None,
        request_id: str | None = None,
        attempts: int = 0,
        stream: str | None = None,
        page: int | None = None,
        detail: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.http_status = http_status
        self.retry_after = retry_after
        self.url = url
        self.request_id = request_id
        self.attempts = attempts
        self.stream = stream
        self.page = page
        self.detail = {} if detail is None else detail

    @property
    def message(self) -> str:
        """The one line for people."""
        return str(self.args[0]) if self.args else ""

    def __str__(self) -> str:
        # OSError would print its errno and file name, which are not set here.
        return self.message

    def __reduce__(self) -> tuple[Any, ...]:
        # Exceptions pickle by calling the class with `args`; everything else goes in as state.
        return (type(self), (self.message,), self.__dict__.copy())


class InvalidArgument(PenstockError, ValueError):
    """The caller passed something the function can't take."""


class ConfigError(PenstockError, ValueError):
    """A document or its options are wrong; the message names the place (line, JSON Pointer)."""


class StateError(PenstockError):
    """The handle can't do that now: it is closed, or belongs to the parent of a fork."""


class Cancelled(PenstockError):
    """Ended by `cancel()`, or because the client was closed."""


class Timeout(PenstockError, TimeoutError):
    """A time limit passed: connect, first byte, idle, or total. The message says which."""


class NetworkError(PenstockError, ConnectionError):
    """No answer, or a broken one: name lookup, connection, protocol."""


class TLSError(NetworkError):
    """TLS refused: certificate, host name, protocol version."""


class HTTPStatusError(PenstockError):
    """The server answered with a status that is an error here; see `http_status`."""


class RateLimited(PenstockError):
    """The server's limit was hit and the wait it asks for is longer than allowed."""


class CircuitOpen(PenstockError):
    """The circuit breaker of that host is open: it failed too often just now."""


class AuthError(PenstockError):
    """Credentials are missing, malformed or refused (401)."""


class DataError(PenstockError):
    """The body is not what was promised: not JSON, no such records, paging in a circle."""


class LimitError(PenstockError):
    """A cap was reached: body bytes, header bytes, redirects, depth."""


class StorageError(PenstockError, OSError):
    """A file could not be read or written: permission, disk full."""


class OutOfMemory(PenstockError, MemoryError):
    """No memory."""


class InternalError(PenstockError):
    """A fault of the library. Please report it."""


ERROR_CLASSES: Mapping[int, type[PenstockError]] = {
    Status.ERROR_INVALID_ARGUMENT: InvalidArgument,
    Status.ERROR_CONFIG: ConfigError,
    Status.ERROR_STATE: StateError,
    Status.ERROR_CANCELLED: Cancelled,
    Status.ERROR_TIMEOUT: Timeout,
    Status.ERROR_NETWORK: NetworkError,
    Status.ERROR_TLS: TLSError,
    Status.ERROR_HTTP: HTTPStatusError,
    Status.ERROR_RATE_LIMITED: RateLimited,
    Status.ERROR_CIRCUIT_OPEN: CircuitOpen,
    Status.ERROR_AUTH: AuthError,
    Status.ERROR_DATA: DataError,
    Status.ERROR_LIMIT: LimitError,
    Status.ERROR_STORAGE: StorageError,
    Status.ERROR_NO_MEMORY: OutOfMemory,
    Status.ERROR_INTERNAL: InternalError,
}
"""The exception for each error status; another status of 16 or more is a plain PenstockError."""


def error_for(status: int, document: Mapping[str, Any]) -> PenstockError:
    """The exception for a status and the JSON form of the library's error."""
    if status in ERROR_CLASSES:
        status = Status(status)
    retry_after_ms = document.get("retry_after_ms")
    return ERROR_CLASSES.get(status, PenstockError)(
        str(document.get("message", "")),
        status=status,
        http_status=document.get("http_status") or None,
        retry_after=retry_after_ms / 1000 if isinstance(retry_after_ms, (int, float)) else None,
        url=document.get("url"),
        request_id=document.get("request_id"),
        attempts=document.get("attempts") or 0,
        stream=document.get("stream"),
        page=document.get("page"),
        detail=dict(document),
    )
