"""How requests are made: the parts of a source document that hold settings only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, TypedDict


class Log(TypedDict, total=False):
    """What happens, as lines of text."""

    level: Literal["debug", "info", "warning", "error"]
    fd: int
    file: str
    format: Literal["json", "text"]


class Range(TypedDict, total=False):
    """Bounds of a number."""

    min: float
    max: float


class Freshness(TypedDict):
    """How old the newest record may be."""

    path: str
    within: str


class Drift(TypedDict, total=False):
    """Which changes of a schema count, and how closely records are looked at."""

    fail_on: Sequence[Literal["new", "gone", "type", "null_share"]]
    null_percent: int
    sample: int


class Expectations(TypedDict, total=False):
    """What the data of a run are held against."""

    complete: bool
    min_records: int
    not_null: Sequence[str]
    unique: Sequence[str]
    range: Mapping[str, Range]
    pattern: Mapping[str, str]
    fresh: Freshness
    drift: Literal["off", "tell", "fail"] | Drift
    on_fail: Literal["fail", "warn"]


class TraceOptions(TypedDict, total=False):
    """What a trace tells."""

    curl: bool


class EventsOptions(TypedDict, total=False):
    """What a queue of events tells."""

    level: Literal["debug", "info", "warning", "error"]


class Retry(TypedDict, total=False):
    """When a failed request is sent again."""

    attempts: int
    base: str
    cap: str
    max_retry_after: str
    max_elapsed: str
    max_throttle_wait: str
    budget_percent: int
    budget_least: int
    statuses: Sequence[int]


class LimitHeaders(TypedDict, total=False):
    """The names of the headers that tell of the server's limit, where they are unusual."""

    limit: str
    remaining: str
    reset: str
    reset_format: Literal[
        "auto",
        "delta_s",
        "delta_ms",
        "epoch_s",
        "epoch_ms",
        "http_date",
        "iso8601",
        "duration",
    ]


class ServerLimits(TypedDict, total=False):
    """What is made of the limits that responses tell of."""

    pace: Literal["auto", "spread", "burst"]
    reserve: int
    reserve_percent: int
    profile: Literal["auto"] | LimitHeaders


class Breaker(TypedDict, total=False):
    """When a server that fails is left alone, and for how long."""

    failures: int
    failure_percent: int
    window: str
    window_calls: int
    least_calls: int
    slow_after: str
    slow_percent: int
    open: str
    longest_open: str
    probes: int


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


class LimitedRequests(TypedDict, total=False):
    """Which requests a limit is about."""

    methods: Sequence[str]
    paths: Sequence[str]
    streams: Sequence[str]
    hosts: Sequence[str]


_Class = TypedDict(
    "_Class", {"for": LimitedRequests, "each": Literal["host", "stream"]}, total=False
)


class _Rate(_Class, total=False):
    burst: int
    strict: bool
    aligned: bool
    guard: Literal["response", "send"]


class _RateLimit(TypedDict):
    requests: int
    per: str


class RateLimit(_RateLimit, _Rate):
    """So many requests in any window, or with "burst" so many on average."""


class _CostLimit(TypedDict):
    points: int
    per: str


class CostLimit(_CostLimit, _Rate):
    """As a rate limit, for what requests cost."""


class _Spacing(TypedDict):
    spacing: str


class Spacing(_Spacing, _Class, total=False):
    """So long from one request to the next."""

    guard: Literal["response", "send"]


class _ConcurrencyLimit(TypedDict):
    concurrent: int | Literal["auto"]


class ConcurrencyLimit(_ConcurrencyLimit, _Class, total=False):
    """So many requests at once; with "auto" as many as the server bears."""

    at_most: int


Priority = Literal["high", "normal", "low"]


class AcquireOptions(TypedDict, total=False):
    """What a permit is for."""

    cost: int
    method: str
    path: str
    host: str
    stream: str
    priority: Priority
    keep_place: bool


class ActualCost(TypedDict, total=False):
    """Where a response says what its request came to: a path in the body, or a header."""

    body: str
    header: str


class _Cost(TypedDict):
    estimate: int


class Cost(_Cost, total=False):
    """What is expected, and where the response says what it came to."""

    actual: str | ActualCost
