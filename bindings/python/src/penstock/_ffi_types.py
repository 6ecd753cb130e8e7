"""The C types of penstock.h: what functions take and give, and how bytes come out of them."""

from __future__ import annotations

from ctypes import (
    CFUNCTYPE,
    POINTER,
    Structure,
    c_char,
    c_char_p,
    c_int64,
    c_size_t,
    c_uint32,
    c_void_p,
    string_at,
)
from typing import TYPE_CHECKING

__all__ = [
    "BatchCallback",
    "BatchPointer",
    "ClientPointer",
    "CredentialCallback",
    "CredentialReplyPointer",
    "CredentialRequestPointer",
    "ErrorPointer",
    "EventCallback",
    "EventsPointer",
    "LimiterPointer",
    "Out",
    "PagePointer",
    "PaginatorPointer",
    "Release",
    "StatePointer",
    "StoreAcquire",
    "StoreCommit",
    "StoreGet",
    "StoreRelease",
    "StoreReplyPointer",
    "StoreScan",
    "SyncPointer",
    "TextPointer",
    "bytes_of",
    "penstock_batch",
    "penstock_client",
    "penstock_credential_reply",
    "penstock_credential_request",
    "penstock_error",
    "penstock_events",
    "penstock_limiter",
    "penstock_page",
    "penstock_paginator",
    "penstock_slice",
    "penstock_state",
    "penstock_store",
    "penstock_store_change",
    "penstock_store_reply",
    "penstock_sync",
    "penstock_text",
    "text_of",
    "view_of",
]


class penstock_slice(Structure):
    _fields_ = (("data", c_void_p), ("size", c_size_t))

    data: int | None
    size: int


class penstock_client(Structure):
    pass


class penstock_credential_reply(Structure):
    pass


class penstock_limiter(Structure):
    pass


class penstock_paginator(Structure):
    pass


class penstock_page(Structure):
    pass


class penstock_sync(Structure):
    pass


class penstock_batch(Structure):
    pass


class penstock_state(Structure):
    pass


class penstock_store_reply(Structure):
    pass


class penstock_store_change(Structure):
    _fields_ = (
        ("kind", c_uint32),
        ("collection", c_char_p),
        ("key", c_char_p),
        ("value", penstock_slice),
    )

    kind: int
    collection: bytes
    key: bytes
    value: penstock_slice


class penstock_events(Structure):
    pass


class penstock_error(Structure):
    pass


class penstock_text(Structure):
    pass


class penstock_credential_request(Structure):
    _fields_ = (
        ("name", c_char_p),
        ("method", c_char_p),
        ("url", c_char_p),
        ("body", penstock_slice),
    )

    name: bytes
    method: bytes | None
    url: bytes | None
    body: penstock_slice


if TYPE_CHECKING:
    from ctypes import _CArgObject as Out
    from ctypes import _Pointer
else:
    Out = object

    class _Pointer:
        """As type checkers have it: ctypes' own takes no type in brackets."""

        def __class_getitem__(cls, of):
            return POINTER(of)


ClientPointer = _Pointer[penstock_client]
CredentialReplyPointer = _Pointer[penstock_credential_reply]
CredentialRequestPointer = _Pointer[penstock_credential_request]
LimiterPointer = _Pointer[penstock_limiter]
PaginatorPointer = _Pointer[penstock_paginator]
PagePointer = _Pointer[penstock_page]
SyncPointer = _Pointer[penstock_sync]
BatchPointer = _Pointer[penstock_batch]
StatePointer = _Pointer[penstock_state]
StoreReplyPointer = _Pointer[penstock_store_reply]
EventsPointer = _Pointer[penstock_events]
ErrorPointer = _Pointer[penstock_error]
TextPointer = _Pointer[penstock_text]

Release = CFUNCTYPE(None, c_void_p)
EventCallback = CFUNCTYPE(None, c_void_p, penstock_slice)
CredentialCallback = CFUNCTYPE(None, c_void_p, CredentialRequestPointer, CredentialReplyPointer)
BatchCallback = CFUNCTYPE(None, c_void_p, BatchPointer)
_Texts = POINTER(c_char_p)
StoreGet = CFUNCTYPE(None, c_void_p, c_char_p, _Texts, c_size_t, StoreReplyPointer)
StoreScan = CFUNCTYPE(None, c_void_p, c_char_p, StoreReplyPointer)
StoreCommit = CFUNCTYPE(
    None,
    c_void_p,
    POINTER(penstock_store_change),
    c_size_t,
    _Texts,
    c_size_t,
    c_char_p,
    c_int64,
    StoreReplyPointer,
)
StoreAcquire = CFUNCTYPE(None, c_void_p, c_char_p, c_char_p, c_int64, StoreReplyPointer)
StoreRelease = CFUNCTYPE(None, c_void_p, c_char_p, c_char_p, StoreReplyPointer)


class penstock_store(Structure):
    _fields_ = (
        ("size", c_size_t),
        ("get", StoreGet),
        ("scan", StoreScan),
        ("commit", StoreCommit),
        ("acquire", StoreAcquire),
        ("release", StoreRelease),
    )


def bytes_of(slice: penstock_slice) -> bytes:
    """A copy of the bytes of a slice."""
    return string_at(slice.data, slice.size) if slice.data else b""


def text_of(slice: penstock_slice) -> str:
    """The text of a slice; what is not UTF-8 (a header may hold any byte) is replaced."""
    return bytes_of(slice).decode("utf-8", "replace")


def view_of(slice: penstock_slice, owner: object) -> memoryview:
    """The bytes of a slice without a copy, read-only; `owner` lives as long as any view of them."""
    if not slice.data or not slice.size:
        return memoryview(b"")
    array = (c_char * slice.size).from_address(slice.data)
    array.owner = owner  # type: ignore[attr-defined]
    return memoryview(array).cast("B").toreadonly()
