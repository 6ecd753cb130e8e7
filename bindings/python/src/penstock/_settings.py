"""How requests are made: the parts of a source document that hold settings only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict


class Retry(TypedDict, total=False):
    """When a failed request is sent again."""

    attempts: int
    base: str
    cap: str
    max_retry_after: str
    max_elapsed: str
    max_throttle_wait: str
    statuses: Sequence[int]


class Timeouts(TypedDict, total=False):
    """How long a request may take; durations such as "1.5s"."""

    connect: str
    first_byte: str
    idle: str
    total: str


class Caps(TypedDict, total=False):
    """How large a response may be; sizes are a number of bytes or a text such as "64MiB"."""

    max_body_bytes: int | str
    max_wire_bytes: int | str
    max_ratio: int
    max_header_bytes: int | str
    max_headers: int


class Connections(TypedDict, total=False):
    """How connections are made and kept."""

    idle: int
    total: int
    idle_expiry: str
    http2: bool
    ca_file: str
    client_certificate_file: str
    client_key_file: str
    proxy: str
    environment_proxy: bool
    block_private: bool
    insecure_skip_verify: bool


class _RateLimit(TypedDict):
    requests: int
    per: str


class RateLimit(_RateLimit, total=False):
    """So many requests in any window, or with "burst" so many on average."""

    burst: int


class ConcurrencyLimit(TypedDict):
    """So many requests at once."""

    concurrent: int
