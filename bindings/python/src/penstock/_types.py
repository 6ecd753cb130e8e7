"""The documents that the library reads, as types for editors and type checkers.

`penstock.schema()` is the one place that states units, defaults and bounds; the library checks
what it is given against it, so these types only help while typing. Every key may be left out that
the schema doesn't require.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict, Union


class Reference(TypedDict, total=False):
    env: str
    file: str
    param: str


"""A value kept elsewhere: an environment variable, a file, or a parameter of the client."""

Text = Union[str, Reference]
"""A text, or a reference to one. Secrets are always references or parameters."""

Scalar = Union[str, int, float, bool]


class WindowLimit(TypedDict, total=False):
    """So many requests in so much time, or so many at once."""

    requests: int
    per: str
    burst: int
    concurrent: int


Limits = Union[str, WindowLimit, Sequence[Union[str, WindowLimit]]]
"""What a server allows: `"10/s"`, or a list of rules that apply together."""


class ValueSource(TypedDict, total=False):
    body: str
    header: str
    link: str
    last_record: str
    query_parameter: str


"""Where a value comes from in a response."""


class Auth(TypedDict, total=False):
    type: str
    token: Text
    key: Text
    username: Text
    password: Text
    header: str
    param: str
    prefix: str


"""The credentials of a source."""

Pagination = TypedDict(
    "Pagination",
    {
        "type": str,
        "param": str,
        "header": str,
        "from": Union[str, ValueSource],
        "size": Mapping[str, Any],
        "start": int,
        "has_more": Union[str, ValueSource],
        "total": Union[str, ValueSource],
    },
    total=False,
)
"""How the pages of a stream follow each other."""


class Stream(TypedDict, total=False):
    """One endpoint that yields records."""

    path: str
    method: str
    query: Mapping[str, Any]
    headers: Mapping[str, Any]
    json: Any
    records: str
    key: str
    pagination: str | Pagination
    read_ahead: Any


class SourceDocument(TypedDict, total=False):
    """One API: base URL, credentials, limits, streams."""

    name: str
    base_url: Text
    auth: Any
    headers: Mapping[str, Any]
    query: Mapping[str, Any]
    limits: Limits
    retry: Mapping[str, Any]
    streams: Mapping[str, Stream]


class ClientOptions(TypedDict, total=False):
    """What a client adds to its source document."""

    params: Mapping[str, Any]


class RequestDocument(TypedDict, total=False):
    """A single request."""

    method: str
    path: str
    query: Mapping[str, Any]
    headers: Mapping[str, Any]
    json: Any
    form: Mapping[str, Any]
    text: str
    idempotent: bool
    idempotency_key: str
    accept_status: Sequence[int]


class PaginatorOptions(TypedDict, total=False):
    """Which stream to walk, and how far."""

    stream: str | Stream
    params: Mapping[str, Any]
    query: Mapping[str, Any]
    max_pages: int
    max_records: int
    read_ahead: Any


class JobSource(TypedDict, total=False):
    """One source of a job."""

    source: SourceDocument
    name: str
    params: Mapping[str, Any]
    streams: Sequence[str]


class JobOutput(TypedDict, total=False):
    """Where a job writes."""

    directory: str


class JobDocument(TypedDict, total=False):
    """One run of one or more sources."""

    sources: Sequence[JobSource]
    output: JobOutput
