"""Every function of penstock.h, typed; with `_ffi_types` the only modules that say ctypes.

Each handle has a pointer type of its own, so a page cannot be passed where a client is meant, and
each prototype stands once, as a typed stub whose decorator sets the C types. `DECLARATIONS` keeps
them for the test that compares this file with the header.

The library is opened with CDLL, which releases the GIL during every call.
"""

# A stub has no body: the C function takes its place.
# mypy: disable-error-code="empty-body"
# ruff: noqa: F405  (the types of _ffi_types)

from __future__ import annotations

from ctypes import (
    CDLL,
    POINTER,
    byref,
    c_char_p,
    c_int,
    c_int32,
    c_int64,
    c_size_t,
    c_uint64,
    c_void_p,
    sizeof,
)
from ctypes.util import find_library
from typing import Any, Callable, TypeVar, cast

from . import _ffi_types, _library
from ._ffi_types import *  # noqa: F403  (every one of them)
from ._version import VERSION

__all__ = [
    *_ffi_types.__all__,
    "DECLARATIONS",
    "LIBRARY_PATH",
    "byref",
    "c_uint64",
    "sizeof",
]

_LIBRARY, LIBRARY_PATH = _library.load(CDLL, find_library)
"""The open library, and the name it was opened by."""

DECLARATIONS: dict[str, tuple[Any, tuple[Any, ...]]] = {}
"""Each declared function: what it returns and what it takes, as ctypes types."""

Stub = TypeVar("Stub", bound=Callable[..., Any])

# A C enum without negative values is passed as an int by every ABI this package runs on.
_STATUS = c_int
_ERROR_OUT = POINTER(ErrorPointer)


def _declare(returns: Any, *takes: Any) -> Callable[[Stub], Stub]:
    def bind(stub: Stub) -> Stub:
        name = stub.__name__
        try:
            function = _LIBRARY[name]
        except AttributeError as error:
            raise ImportError(
                f"{LIBRARY_PATH} has no function {name}: it is not the library that this package "
                f"({VERSION}) was written to"
            ) from error
        function.restype = returns
        function.argtypes = takes
        DECLARATIONS[name] = (returns, takes)
        return cast(Stub, function)

    return bind


# ------------------------------------------------------------------------------------- library


@_declare(c_char_p)
def penstock_version() -> bytes: ...


@_declare(c_int)
def penstock_abi_version() -> int: ...


_library.check_abi(LIBRARY_PATH, penstock_abi_version(), penstock_version().decode(), VERSION)


@_declare(c_char_p, _STATUS)
def penstock_status_name(status: int, /) -> bytes: ...


@_declare(c_char_p)
def penstock_schema() -> bytes: ...


@_declare(_STATUS, c_char_p, c_size_t, c_char_p, c_size_t, POINTER(TextPointer), _ERROR_OUT)
def penstock_source_explain(
    source: bytes,
    source_size: int,
    options: bytes | None,
    options_size: int,
    out: Out,
    error: Out,
    /,
) -> int: ...


# ------------------------------------------------------------------------------------- limiter


@_declare(_STATUS, c_char_p, c_size_t, POINTER(LimiterPointer), _ERROR_OUT)
def penstock_limiter_open(json: bytes, size: int, out: Out, error: Out, /) -> int: ...


@_declare(_STATUS, LimiterPointer, c_char_p, c_size_t, c_int64, POINTER(c_uint64), _ERROR_OUT)
def penstock_limiter_acquire(
    limiter: LimiterPointer,
    options: bytes | None,
    size: int,
    timeout_ms: int,
    permit: Out | None,
    error: Out,
    /,
) -> int: ...


@_declare(_STATUS, LimiterPointer, c_uint64, c_int64, _ERROR_OUT)
def penstock_limiter_release(
    limiter: LimiterPointer, permit: int, actual_cost: int, error: Out, /
) -> int: ...


@_declare(None, LimiterPointer)
def penstock_limiter_cancel(limiter: LimiterPointer, /) -> None: ...


@_declare(_STATUS, LimiterPointer, POINTER(TextPointer), _ERROR_OUT)
def penstock_limiter_state(limiter: LimiterPointer, out: Out, error: Out, /) -> int: ...


@_declare(None, LimiterPointer)
def penstock_limiter_free(limiter: LimiterPointer, /) -> None: ...


# -------------------------------------------------------------------------------------- client


@_declare(
    _STATUS,
    c_char_p,
    c_size_t,
    c_char_p,
    c_size_t,
    LimiterPointer,
    POINTER(ClientPointer),
    _ERROR_OUT,
)
def penstock_client_open(
    source: bytes,
    source_size: int,
    options: bytes | None,
    options_size: int,
    limiter: LimiterPointer | None,
    out: Out,
    error: Out,
    /,
) -> int: ...


@_declare(_STATUS, ClientPointer, c_char_p, CredentialCallback, c_void_p, Release, _ERROR_OUT)
def penstock_client_set_credential(
    client: ClientPointer,
    name: bytes,
    callback: Any,
    context: int,
    release: Any,
    error: Out,
    /,
) -> int: ...


@_declare(None, CredentialReplyPointer, c_char_p, c_size_t, c_int64)
def penstock_credential_reply_token(
    reply: CredentialReplyPointer, token: bytes, size: int, life_ms: int, /
) -> None: ...


@_declare(None, CredentialReplyPointer, c_char_p, c_char_p)
def penstock_credential_reply_header(
    reply: CredentialReplyPointer, name: bytes, value: bytes, /
) -> None: ...


@_declare(None, CredentialReplyPointer, c_char_p)
def penstock_credential_reply_fail(reply: CredentialReplyPointer, message: bytes, /) -> None: ...


@_declare(_STATUS, ClientPointer, c_char_p, c_size_t, c_int64, POINTER(PagePointer), _ERROR_OUT)
def penstock_client_request(
    client: ClientPointer, request: bytes, size: int, timeout_ms: int, page: Out, error: Out, /
) -> int: ...


@_declare(_STATUS, ClientPointer, POINTER(TextPointer), _ERROR_OUT)
def penstock_client_state(client: ClientPointer, out: Out, error: Out, /) -> int: ...


@_declare(_STATUS, ClientPointer, c_char_p, POINTER(TextPointer), _ERROR_OUT)
def penstock_client_metrics(
    client: ClientPointer, format: bytes | None, out: Out, error: Out, /
) -> int: ...


@_declare(_STATUS, ClientPointer, c_char_p, c_size_t, POINTER(TextPointer), _ERROR_OUT)
def penstock_client_trace(
    client: ClientPointer, options: bytes | None, size: int, out: Out, error: Out, /
) -> int: ...


@_declare(_STATUS, ClientPointer, c_char_p, c_size_t, POINTER(EventsPointer), _ERROR_OUT)
def penstock_client_events(
    client: ClientPointer, options: bytes | None, size: int, out: Out, error: Out, /
) -> int: ...


@_declare(_STATUS, EventsPointer, c_int64, POINTER(TextPointer), _ERROR_OUT)
def penstock_events_next(
    events: EventsPointer, timeout_ms: int, event: Out, error: Out, /
) -> int: ...


@_declare(c_int, EventsPointer)
def penstock_events_fd(events: EventsPointer, /) -> int: ...


@_declare(_STATUS, EventsPointer, EventCallback, c_void_p, Release, _ERROR_OUT)
def penstock_events_listen(
    events: EventsPointer, callback: Any, context: Any, release: Any, error: Out, /
) -> int: ...


@_declare(None, EventsPointer)
def penstock_events_free(events: EventsPointer, /) -> None: ...


@_declare(None, ClientPointer)
def penstock_client_cancel(client: ClientPointer, /) -> None: ...


@_declare(None, ClientPointer)
def penstock_client_free(client: ClientPointer, /) -> None: ...


# ----------------------------------------------------------------------------------- paginator


@_declare(_STATUS, ClientPointer, c_char_p, c_size_t, POINTER(PaginatorPointer), _ERROR_OUT)
def penstock_paginator_open(
    client: ClientPointer, options: bytes, size: int, out: Out, error: Out, /
) -> int: ...


@_declare(_STATUS, ClientPointer, c_char_p, c_size_t, POINTER(PaginatorPointer), _ERROR_OUT)
def penstock_request_open(
    client: ClientPointer, request: bytes, size: int, out: Out, error: Out, /
) -> int: ...


@_declare(_STATUS, PaginatorPointer, c_int64, POINTER(PagePointer), _ERROR_OUT)
def penstock_paginator_next(
    paginator: PaginatorPointer, timeout_ms: int, page: Out, error: Out, /
) -> int: ...


@_declare(c_int, PaginatorPointer)
def penstock_paginator_fd(paginator: PaginatorPointer, /) -> int: ...


@_declare(None, PaginatorPointer)
def penstock_paginator_cancel(paginator: PaginatorPointer, /) -> None: ...


@_declare(None, PaginatorPointer)
def penstock_paginator_free(paginator: PaginatorPointer, /) -> None: ...


# ---------------------------------------------------------------------------------------- page


@_declare(penstock_slice, PagePointer)
def penstock_page_body(page: PagePointer, /) -> penstock_slice: ...


@_declare(c_size_t, PagePointer)
def penstock_page_record_count(page: PagePointer, /) -> int: ...


@_declare(penstock_slice, PagePointer, c_size_t)
def penstock_page_record(page: PagePointer, index: int, /) -> penstock_slice: ...


@_declare(penstock_slice, PagePointer)
def penstock_page_record_array(page: PagePointer, /) -> penstock_slice: ...


@_declare(c_int32, PagePointer)
def penstock_page_status(page: PagePointer, /) -> int: ...


@_declare(penstock_slice, PagePointer, c_char_p)
def penstock_page_header(page: PagePointer, name: bytes, /) -> penstock_slice: ...


@_declare(penstock_slice, PagePointer)
def penstock_page_headers(page: PagePointer, /) -> penstock_slice: ...


@_declare(c_int64, PagePointer)
def penstock_page_limit_remaining(page: PagePointer, /) -> int: ...


@_declare(c_int64, PagePointer)
def penstock_page_limit_reset_ms(page: PagePointer, /) -> int: ...


@_declare(penstock_slice, PagePointer)
def penstock_page_next_token(page: PagePointer, /) -> penstock_slice: ...


@_declare(c_int32, PagePointer)
def penstock_page_has_more(page: PagePointer, /) -> int: ...


@_declare(c_int64, PagePointer)
def penstock_page_total(page: PagePointer, /) -> int: ...


@_declare(c_uint64, PagePointer)
def penstock_page_index(page: PagePointer, /) -> int: ...


@_declare(penstock_slice, PagePointer)
def penstock_page_checkpoint(page: PagePointer, /) -> penstock_slice: ...


@_declare(penstock_slice, PagePointer)
def penstock_page_metadata(page: PagePointer, /) -> penstock_slice: ...


@_declare(None, PagePointer)
def penstock_page_free(page: PagePointer, /) -> None: ...


# ---------------------------------------------------------------------------------------- sync


@_declare(_STATUS, c_char_p, POINTER(StatePointer), _ERROR_OUT)
def penstock_state_open(place: bytes, out: Out, error: Out, /) -> int: ...


@_declare(_STATUS, StatePointer, POINTER(TextPointer), _ERROR_OUT)
def penstock_state_export(state: StatePointer, out: Out, error: Out, /) -> int: ...


@_declare(_STATUS, StatePointer, c_char_p, c_size_t, _ERROR_OUT)
def penstock_state_import(state: StatePointer, json: bytes, size: int, error: Out, /) -> int: ...


@_declare(_STATUS, StatePointer, c_char_p, _ERROR_OUT)
def penstock_state_reset(state: StatePointer, stream: bytes | None, error: Out, /) -> int: ...


@_declare(_STATUS, StatePointer, POINTER(TextPointer), _ERROR_OUT)
def penstock_state_verify(state: StatePointer, out: Out, error: Out, /) -> int: ...


@_declare(None, StatePointer)
def penstock_state_free(state: StatePointer, /) -> None: ...


@_declare(_STATUS, c_char_p, POINTER(penstock_store), c_void_p, Release, _ERROR_OUT)
def penstock_store_register(
    name: bytes, store: Out | None, context: int | None, release: Any, error: Out, /
) -> int: ...


@_declare(None, StoreReplyPointer, c_char_p, c_char_p, c_size_t)
def penstock_store_reply_item(
    reply: StoreReplyPointer, key: bytes, value: bytes, value_size: int, /
) -> None: ...


@_declare(None, StoreReplyPointer, c_char_p)
def penstock_store_reply_refuse(reply: StoreReplyPointer, name: bytes | None, /) -> None: ...


@_declare(None, StoreReplyPointer, c_char_p)
def penstock_store_reply_fail(reply: StoreReplyPointer, message: bytes, /) -> None: ...


@_declare(_STATUS, c_char_p, c_size_t, POINTER(SyncPointer), _ERROR_OUT)
def penstock_sync_open(job: bytes, size: int, out: Out, error: Out, /) -> int: ...


@_declare(
    _STATUS,
    c_char_p,
    c_size_t,
    BatchCallback,
    c_void_p,
    Release,
    POINTER(SyncPointer),
    _ERROR_OUT,
)
def penstock_sync_open_with_batch(
    job: bytes,
    size: int,
    callback: Any,
    context: int | None,
    release: Any,
    out: Out,
    error: Out,
    /,
) -> int: ...


@_declare(c_char_p, BatchPointer)
def penstock_batch_stream(batch: BatchPointer, /) -> bytes: ...


@_declare(c_size_t, BatchPointer)
def penstock_batch_record_count(batch: BatchPointer, /) -> int: ...


@_declare(penstock_slice, BatchPointer, c_size_t)
def penstock_batch_record(batch: BatchPointer, index: int, /) -> penstock_slice: ...


@_declare(None, BatchPointer, c_size_t)
def penstock_batch_keep(batch: BatchPointer, index: int, /) -> None: ...


@_declare(_STATUS, BatchPointer, c_char_p, c_size_t, _ERROR_OUT)
def penstock_batch_write(batch: BatchPointer, record: bytes, size: int, error: Out, /) -> int: ...


@_declare(None, BatchPointer, c_char_p)
def penstock_batch_fail(batch: BatchPointer, message: bytes, /) -> None: ...


@_declare(_STATUS, SyncPointer, c_int64, _ERROR_OUT)
def penstock_sync_wait(sync: SyncPointer, timeout_ms: int, error: Out, /) -> int: ...


@_declare(_STATUS, SyncPointer, POINTER(TextPointer), _ERROR_OUT)
def penstock_sync_progress(sync: SyncPointer, out: Out, error: Out, /) -> int: ...


@_declare(_STATUS, SyncPointer, c_char_p, POINTER(TextPointer), _ERROR_OUT)
def penstock_sync_metrics(
    sync: SyncPointer, format: bytes | None, out: Out, error: Out, /
) -> int: ...


@_declare(_STATUS, SyncPointer, c_char_p, c_size_t, POINTER(EventsPointer), _ERROR_OUT)
def penstock_sync_events(
    sync: SyncPointer, options: bytes | None, size: int, out: Out, error: Out, /
) -> int: ...


@_declare(None, SyncPointer)
def penstock_sync_cancel(sync: SyncPointer, /) -> None: ...


@_declare(None, SyncPointer)
def penstock_sync_park(sync: SyncPointer, /) -> None: ...


@_declare(None, SyncPointer)
def penstock_sync_free(sync: SyncPointer, /) -> None: ...


# ---------------------------------------------------------------------------------------- text


@_declare(penstock_slice, TextPointer)
def penstock_text_slice(text: TextPointer, /) -> penstock_slice: ...


@_declare(None, TextPointer)
def penstock_text_free(text: TextPointer, /) -> None: ...


# --------------------------------------------------------------------------------------- error


@_declare(_STATUS, ErrorPointer)
def penstock_error_status(error: ErrorPointer, /) -> int: ...


@_declare(c_char_p, ErrorPointer)
def penstock_error_message(error: ErrorPointer, /) -> bytes: ...


@_declare(c_int32, ErrorPointer)
def penstock_error_http_status(error: ErrorPointer, /) -> int: ...


@_declare(c_char_p, ErrorPointer)
def penstock_error_url(error: ErrorPointer, /) -> bytes | None: ...


@_declare(c_char_p, ErrorPointer)
def penstock_error_request_id(error: ErrorPointer, /) -> bytes | None: ...


@_declare(c_int64, ErrorPointer)
def penstock_error_retry_after_ms(error: ErrorPointer, /) -> int: ...


@_declare(c_int32, ErrorPointer)
def penstock_error_attempts(error: ErrorPointer, /) -> int: ...


@_declare(c_char_p, ErrorPointer)
def penstock_error_json(error: ErrorPointer, /) -> bytes: ...


@_declare(None, ErrorPointer)
def penstock_error_free(error: ErrorPointer, /) -> None: ...
