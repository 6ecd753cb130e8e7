"""The documents that the library reads, as types for editors and type checkers:

    source: penstock.SourceDocument = {"base_url": "https://api.example.com", ...}

`penstock.schema()` is the one place that states units, defaults and bounds, and the library checks
what it is given; these types only help while typing. A test compares their keys with the schema.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypedDict, Union

from ._auth_types import Auth
from ._incremental_types import Incremental, WindowValue
from ._record_types import ErrorRule, Records, RememberedKeys
from ._settings import (
    Breaker,
    Caps,
    ConcurrencyLimit,
    Connections,
    Cost,
    CostLimit,
    Expectations,
    Log,
    Priority,
    RateLimit,
    Retry,
    ServerLimits,
    Spacing,
    Timeouts,
)
from ._value_types import Slot, SourceObject, StopRule, ValueSource

Scalar = Union[str, int, float, bool]
Params = Mapping[str, Union[Scalar, Sequence[Union[str, int, float]]]]
"""Values for `{"param": name}` and for `{name}` in paths. A list is for "over"."""


class _Parameter(TypedDict):
    param: str


class Parameter(_Parameter, total=False):
    """A value that comes through "params"."""

    default: Scalar


class Environment(TypedDict):
    """A secret in an environment variable, read when the client is opened."""

    env: str


class File(TypedDict):
    """A secret in a file, read when the client is opened."""

    file: str


Reference = Union[Parameter, Environment, File]
Secret = Union[str, Reference]
"""Better a reference than a literal."""


class OverValue(TypedDict):
    """A value of what the stream is walked over."""

    over: str


Text = Union[Scalar, Reference, OverValue, WindowValue, SourceObject]
"""In a literal, `{page.token}`, `{param.name}` and other places are filled in."""


class _Presence(TypedDict, total=False):
    when: Literal["always", "first_page", "next_pages"]
    omit_empty: bool


class _Field(TypedDict):
    value: Text | Sequence[Text]


class Field(_Field, _Presence):
    """A value, and which requests carry it."""


Headers = Mapping[str, Union[Text, Field]]
Query = Mapping[str, Union[Text, Field, Sequence[Text]]]
"""Query parameters by name; a list repeats the name."""

# ------------------------------------------------------------------------------------- limits

Limit = Union[str, RateLimit, CostLimit, Spacing, ConcurrencyLimit]
Limits = Union[Limit, Sequence[Limit]]
"""What a server allows: `"10/s"`, one limit, or a list of limits that all hold at once."""


class _HostShare(TypedDict):
    file: str


class HostShare(_HostShare, total=False):
    """Processes of one user on one host that name the same file."""

    lease: str


class _RedisShare(TypedDict):
    redis: Secret
    key: str


class RedisShare(_RedisShare, total=False):
    """Processes on any hosts that use the same key of the same Redis."""

    user: str
    password: Secret
    away: Literal["local_share", "closed", "open"]
    workers: int
    ahead: str
    lease: str


class _SharedLimits(TypedDict):
    limits: Limits


class SharedLimits(_SharedLimits, total=False):
    """One budget for many processes."""

    share: HostShare | RedisShare


# -------------------------------------------------------------------------------------- paging


class PageSize(TypedDict, total=False):
    """How many records a page is asked to have."""

    value: int
    param: str
    slot: Slot


class _Bounds(TypedDict, total=False):
    max_pages: int
    max_records: int
    loop_guard: Literal["all", "tokens"]


_RestartFrom = TypedDict("_RestartFrom", {"from": ValueSource})


class Restart(_RestartFrom, total=False):
    """How the walk goes on where the API gives no deeper pages."""

    after_records: int
    after_pages: int
    param: str
    slot: Slot
    start: str | int | float | Parameter
    inclusive: bool


class _Stops(_Bounds, total=False):
    size: int | PageSize
    has_more: ValueSource
    total: ValueSource
    stop: Sequence[StopRule]
    end_statuses: Sequence[int]
    stop_on_short_page: bool
    stop_on_empty_page: bool
    empty_pages: int
    restart: Restart


class _Token(_Stops, total=False):
    param: str
    slot: Slot


class _Counter(_Token, total=False):
    start: int
    send_first: bool


_From = TypedDict("_From", {"from": ValueSource}, total=False)


class CursorPagination(_Token, _From, total=False):
    """A token out of each response goes into the next request."""

    type: Literal["cursor"]
    start: str
    empty_token: Literal["end", "token"]


class OffsetPagination(_Counter, total=False):
    """A counter of records."""

    type: Literal["offset"]


class PagePagination(_Counter, total=False):
    """A counter of pages."""

    type: Literal["page"]
    last_page: ValueSource
    total_pages: ValueSource


class NextURLPagination(_Stops, _From, total=False):
    """A URL out of each response is requested next."""

    keep_query: bool

    type: Literal["next_url"]


class LinkPagination(_Stops, total=False):
    """The Link header names the next URL."""

    keep_query: bool

    type: Literal["link"]
    rel: str


class DetectedPagination(_Bounds, total=False):
    """The first response decides."""

    type: Literal["detect"]
    size: int | PageSize


class NoPagination(TypedDict):
    """There is one page."""

    type: Literal["none"]


Pagination = Union[
    Literal["cursor", "offset", "page", "next_url", "link", "detect", "none"],
    CursorPagination,
    OffsetPagination,
    PagePagination,
    NextURLPagination,
    LinkPagination,
    DetectedPagination,
    NoPagination,
]
"""How pages follow each other; a text is short for `{"type": text}`."""

# ----------------------------------------------------------------------------------- documents


class ReadAhead(TypedDict, total=False):
    """What may be ready before it is taken, whichever is reached first."""

    pages: int
    bytes: int | str


class _Path(TypedDict):
    path: str


class _Walk(TypedDict, total=False):
    max_pages: int
    max_records: int
    read_ahead: int | ReadAhead
    parallel: int
    order: Literal["pages", "any"]
    look_ahead: bool
    priority: Priority


class _GraphQL(TypedDict):
    query: str


class GraphQL(_GraphQL, total=False):
    """The body as a GraphQL request."""

    variables: Mapping[str, Any]
    operationName: str


_BodyField = TypedDict(
    "_BodyField",
    {"in": Literal["json", "graphql"], "name": Union[str, Sequence[str]], "value": Text},
)


class BodyField(_BodyField, _Presence):
    """A member of the JSON body, and which requests carry it."""


class _Request(TypedDict, total=False):
    query: Query
    headers: Headers
    json: Any
    graphql: GraphQL
    fields: Sequence[BodyField]
    form: Query
    text: str
    content_type: str
    idempotent: bool
    cost: int | Cost
    timeouts: Timeouts
    caps: Caps


class _Batching(TypedDict, total=False):
    batch: int
    separator: str
    repeat: bool


class _OverWalks(TypedDict, total=False):
    at_once: int
    order: Literal["parents", "any"]
    on_error: Literal["fail", "skip"]


class OverInstead(TypedDict):
    """A parent stream, where a list is not given, or one of several."""

    stream: str
    key: str


_OverStream = TypedDict("_OverStream", {"stream": str, "key": str, "as": str})
_OverItems = TypedDict(
    "_OverItems", {"items": Union[Sequence[Union[str, int, float]], "OverList"], "as": str}
)


class OverList(TypedDict):
    """A parameter that is a list."""

    param: str


class _Piece(TypedDict):
    path: str
    split: str


class Piece(_Piece, total=False):
    """One piece of a compound value."""

    take: int


class OverStream(_OverStream, _Batching, total=False):
    """Each record of a parent stream gives a value."""

    carry: Mapping[str, str | Piece]


_OverStreams = TypedDict("_OverStreams", {"streams": Sequence[OverInstead], "as": str})


class OverStreams(_OverStreams, _Batching, total=False):
    """Each record of several parent streams gives a value."""


class OverStreamsWalks(OverStreams, _OverWalks, total=False):
    """Over several parent streams."""


class OverItems(_OverItems, _Batching, total=False):
    """Each item of a list is a value."""


_OverItemsElse = TypedDict("_OverItemsElse", {"else": OverInstead}, total=False)


class OverItemsElse(OverItems, _OverItemsElse, total=False):
    """Each item of a list that is a parameter, or of a parent stream instead."""


class OverStreamWalks(OverStream, _OverWalks, total=False):
    """Over a parent stream."""


class OverItemsWalks(OverItemsElse, _OverWalks, total=False):
    """Over the items of a list."""


class _OverProduct(TypedDict):
    product: Sequence[OverStream | OverStreams | OverItemsElse]


class OverProduct(_OverProduct, _OverWalks, total=False):
    """Over each combination of several."""


Over = Union[
    OverStreamWalks,
    OverStreamsWalks,
    OverItemsWalks,
    OverProduct,
    Sequence[Union[OverStream, OverStreams, OverItemsElse]],
]
"""What a stream is walked over."""


class Stream(_Path, _Request, _Walk, total=False):
    """One endpoint that yields records."""

    description: str
    method: Literal["GET", "POST"]
    idempotency_key: bool
    records: str | Records
    missing_records: Literal["error", "empty"]
    key: str | Sequence[str]
    duplicates: Literal["drop", "keep"] | RememberedKeys
    errors: Sequence[ErrorRule]
    pagination: Pagination
    over: Over
    incremental: Incremental
    expect: Expectations


_Schema = TypedDict("_Schema", {"$schema": str}, total=False)


class SourceDocument(_Schema, total=False):
    """One API: where it is, its credentials, what it allows, and its streams."""

    description: str
    name: str
    base_url: str | Parameter
    auth: Auth | Sequence[Auth]
    headers: Headers
    query: Query
    limits: Limits
    server_limits: bool | ServerLimits
    breaker: bool | Breaker
    idempotency_key: bool | str
    retry: Retry
    errors: Sequence[ErrorRule]
    timeouts: Timeouts
    caps: Caps
    connections: Connections
    max_redirects: int
    other_origins: Sequence[str]
    hosts: Sequence[str]
    user_agent: str
    streams: Mapping[str, str | Stream]


class ClientOptions(TypedDict, total=False):
    """What a client adds to its source document."""

    params: Params
    secrets: Literal["read", "skip"]
    env_file: str
    traceparent: str
    log: Log
    hosts: Sequence[str]


class RequestDocument(_Path, _Request, total=False):
    """A single request."""

    method: Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
    params: Params
    idempotency_key: bool | str
    priority: Priority
    accept_status: Sequence[int]


class PaginatorOptions(_Walk, total=False):
    """Which stream is walked, and how far."""

    stream: str | Stream
    params: Params
    query: Query
    checkpoint: str


class JobSource(TypedDict, total=False):
    """A source and which of its streams are run."""

    name: str
    source: str | SourceDocument
    streams: Sequence[str]
    params: Params
    limiter: Limits | SharedLimits


class _OutputPlace(TypedDict):
    directory: str


class JobRotation(TypedDict, total=False):
    """When a file is closed and the next one begun, by whichever comes first."""

    bytes: int | str
    every: str


class JobOutput(_OutputPlace, total=False):
    """JSON Lines files, one for each stream."""

    runs: Literal["replace", "keep"]
    compress: Literal["none", "gzip", "zstd"]
    rotate: JobRotation
    canonical_hash: bool


class RedisState(TypedDict, total=False):
    """A state in Redis, with the password as a reference."""

    redis: Secret
    user: str
    password: Secret
    prefix: str
    lease: str


class JobDocument(TypedDict, total=False):
    """One run of one or more sources into files."""

    source: str | SourceDocument
    streams: Sequence[str]
    params: Params
    sources: Sequence[JobSource]
    limiter: Limits | SharedLimits
    output: JobOutput
    state: str | RedisState
    max_duration: str
    log: Log
    commit_every: str
    batch_records: int
    drift: Literal["off", "tell", "fail"]
