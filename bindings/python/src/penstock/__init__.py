"""Penstock: whole datasets out of paginated, rate-limited REST APIs.

    import penstock

    source = {
        "base_url": "https://api.example.com/v1",
        "limits": "10/s",
        "streams": {"users": {"path": "/users"}},
    }
    with penstock.Client(source) as api:
        for user in api.records("users"):
            print(user["name"])

    for user in penstock.paginate("https://api.example.com/users"):
        print(user["name"])

    penstock.pull(source, directory="out")

Every handle is a context manager and is released when it is garbage, too. Ctrl-C ends any wait
within a moment. Errors are drawn in `penstock.errors`.
"""

from __future__ import annotations

import json as _json_module
from typing import Any

from . import _ffi
from ._auth_types import Auth
from ._credentials import SigningRequest
from ._detect import detect
from ._explain import explain
from ._headers import Headers
from ._types import (
    ClientOptions,
    JobDocument,
    JobOutput,
    JobSource,
    Limits,
    Pagination,
    PaginatorOptions,
    RequestDocument,
    SourceDocument,
    Stream,
)
from ._version import VERSION as __version__
from .client import Client
from .errors import (
    AuthError,
    Cancelled,
    CircuitOpen,
    ConfigError,
    DataError,
    HTTPStatusError,
    InternalError,
    InvalidArgument,
    LimitError,
    NetworkError,
    OutOfMemory,
    PenstockError,
    RateLimited,
    StateError,
    Status,
    StorageError,
    Timeout,
    TLSError,
)
from .events import Events
from .limiter import Limiter, Permit
from .page import Page, RawRecords
from .paginator import AsyncPaginator, Paginator
from .publish import MetricsFile, MetricsServer
from .state import State
from .store import StateStore, StoreChange
from .sync import Report, StreamReport, Sync, pull
from .walk import paginate

__all__ = [
    "AsyncPaginator",
    "Auth",
    "AuthError",
    "Cancelled",
    "CircuitOpen",
    "Client",
    "ClientOptions",
    "ConfigError",
    "DataError",
    "Events",
    "HTTPStatusError",
    "Headers",
    "InternalError",
    "InvalidArgument",
    "JobDocument",
    "JobOutput",
    "JobSource",
    "LimitError",
    "Limiter",
    "Limits",
    "MetricsFile",
    "MetricsServer",
    "NetworkError",
    "OutOfMemory",
    "Page",
    "Pagination",
    "Paginator",
    "PaginatorOptions",
    "PenstockError",
    "Permit",
    "RateLimited",
    "RawRecords",
    "Report",
    "RequestDocument",
    "SigningRequest",
    "SourceDocument",
    "State",
    "StateError",
    "StateStore",
    "Status",
    "StorageError",
    "StoreChange",
    "Stream",
    "StreamReport",
    "Sync",
    "TLSError",
    "Timeout",
    "__version__",
    "detect",
    "explain",
    "library_version",
    "paginate",
    "pull",
    "schema",
]


def library_version() -> str:
    """The version of libpenstock that is in use, such as "0.1.0"."""
    return _ffi.penstock_version().decode()


def schema() -> dict[str, Any]:
    """The JSON Schema of a source document: keys, units, defaults and bounds; under "$defs" those
    of the other documents."""
    document: dict[str, Any] = _json_module.loads(_ffi.penstock_schema())
    return document
