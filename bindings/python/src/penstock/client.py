"""A client of one API: its streams page by page or record by record, and single requests."""

from __future__ import annotations

import json as json_module
import logging
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import nullcontext
from typing import Any, overload

from . import _ffi
from ._credentials import Credential, set_credential
from ._documents import Source, read_document
from ._handle import Handle, Owned, check, taken
from ._json import JSONLoads, dumps, reader
from ._types import ClientOptions, SourceDocument, Stream
from .errors import InternalError, Status, Timeout
from .events import Events, Level, feed, open_events
from .limiter import Limiter
from .page import Page
from .paginator import AsyncPaginator, Paginator

Query = Mapping[str, Any]


class _NotGiven:
    def __repr__(self) -> str:
        return "<not given>"


# `json=None` sends null.
_NOT_GIVEN: Any = _NotGiven()


class Client(Handle[_ffi.ClientPointer]):
    """Connections, credentials and limits of one API.

        with penstock.Client({"base_url": "https://api.example.com/v1", "limits": "10/s",
                              "streams": {"users": {"path": "/users"}}}) as api:
            for user in api.records("users"):
                print(user["name"])

    No connection is made before the first request. Secrets that the document refers to are read
    and checked at once.

    Args:
        source: The source document: a dict, JSON text, or the path of a file.
        params: Values for the `{"param": …}` references in the document.
        options: Further client options ("client_options" in `penstock.schema()`).
        limiter: A budget shared with other clients, besides the document's own "limits".
        json_loads: What parses records and bodies, from bytes, one call a page where the records
            stand together. By default values are those of `json.loads`, read with orjson where it
            is installed.
        credentials: What gives the document's credentials of type "host_token" and
            "host_signature", by their names. For a token: a callable without arguments that returns
            it, or it and the seconds that it lives. For a signature: a callable that takes a
            `SigningRequest` and returns header fields. Both are called on the client's own thread,
            whose requests wait meanwhile; an exception fails the requests that need it (AuthError).

    Raises:
        ConfigError: The document or the options are wrong; the message names the place.
        AuthError: A secret is missing or malformed.
        OSError: The file cannot be read.

    Closing it (at the end of `with`, by `close()`, or when it is garbage) ends its paginators and
    requests with Cancelled; pages stay valid. After a fork, a child that uses it gets StateError.

    Threads: any number at once.
    """

    def __init__(
        self,
        source: SourceDocument | Source,
        *,
        params: Mapping[str, Any] | None = None,
        options: ClientOptions | None = None,
        limiter: Limiter | None = None,
        json_loads: JSONLoads | None = None,
        credentials: Mapping[str, Credential] | None = None,
    ) -> None:
        document = read_document(source)
        given = _without_none({**(options or {}), "params": params})
        text = dumps(given) if given else None
        out = _ffi.ClientPointer()
        error = _ffi.ErrorPointer()
        budget = nullcontext() if limiter is None else limiter._use()
        with document.named_in_errors(), budget as shared:
            check(
                _ffi.penstock_client_open(
                    document.text,
                    len(document.text),
                    text,
                    0 if text is None else len(text),
                    shared,
                    _ffi.byref(out),
                    _ffi.byref(error),
                ),
                error,
            )
        super().__init__(Owned(out, _ffi.penstock_client_free))
        for name, credential in (credentials or {}).items():
            set_credential(out, name, credential)
        self._read = reader(json_loads)
        self._streams = _stream_names(document.text)

    @property
    def streams(self) -> tuple[str, ...]:
        """The names of the document's streams."""
        return self._streams

    # ---------------------------------------------------------------------------- streams

    def records(
        self,
        stream: str | Stream | Mapping[str, Any],
        *,
        params: Mapping[str, Any] | None = None,
        query: Query | None = None,
        max_pages: int | None = None,
        max_records: int | None = None,
        **options: Any,
    ) -> Iterator[Any]:
        """The records of a stream, lazily, page by page; usually dicts. Takes what `pages()` takes.

        The first request leaves now; breaking out of the loop gives up what is under way.
        """
        return _records(
            self.pages(
                stream,
                params=params,
                query=query,
                max_pages=max_pages,
                max_records=max_records,
                **options,
            )
        )

    def pages(
        self,
        stream: str | Stream | Mapping[str, Any],
        *,
        params: Mapping[str, Any] | None = None,
        query: Query | None = None,
        max_pages: int | None = None,
        max_records: int | None = None,
        checkpoint: str | None = None,
        **options: Any,
    ) -> Paginator:
        """The pages of a stream.

        Args:
            stream: The name of a stream of the document; a path that begins with "/"; or a stream
                described on the spot: `{"path": "/users", "records": "data"}`.
            params: Values for the stream's `{"param": …}` references and for `{name}` in its path.
            query: Query parameters of every page, besides the stream's own and before them.
            max_pages: Where to end.
            max_records: Where to end.
            checkpoint: A page's `checkpoint`: the walk goes on behind that page.
            options: Further paginator options ("paginator_options" in `penstock.schema()`).

        Raises:
            ConfigError: There is no such stream, or an option is wrong.
            StateError: The client is closed, or belongs to the parent of a fork.

        Iterating raises what ended the walk; pages that arrived before are given first.
        """
        text = dumps(
            _without_none(
                {
                    "stream": stream,
                    "params": params,
                    "query": query,
                    "max_pages": max_pages,
                    "max_records": max_records,
                    "checkpoint": checkpoint,
                    **options,
                }
            )
        )
        out = _ffi.PaginatorPointer()
        error = _ffi.ErrorPointer()
        with self._use() as pointer:
            status = _ffi.penstock_paginator_open(
                pointer, text, len(text), _ffi.byref(out), _ffi.byref(error)
            )
        check(status, error)
        return Paginator(self, out, self._read)

    def apages(self, stream: str | Stream | Mapping[str, Any], **options: Any) -> AsyncPaginator:
        """As `pages()`, for `async for` in asyncio."""
        return AsyncPaginator(self.pages(stream, **options))

    def arecords(
        self, stream: str | Stream | Mapping[str, Any], **options: Any
    ) -> AsyncIterator[Any]:
        """As `records()`, for `async for` in asyncio."""
        return _async_records(self.apages(stream, **options))

    # --------------------------------------------------------------------------- requests

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Query | None = None,
        headers: Mapping[str, Any] | None = None,
        json: Any = _NOT_GIVEN,
        idempotency_key: str | bool | None = None,
        timeout: float | None = None,
        **options: Any,
    ) -> Page:
        """Send one request and wait for its answer; limits, credentials and retries apply.

        Args:
            method: Such as "GET".
            path: Joined to the base URL.
            query: Query parameters.
            headers: Headers besides the document's own.
            json: The body, as JSON; None sends null.
            idempotency_key: Sent along, so that a retry cannot act twice; True: one is made
                (`Page.metadata`, `PenstockError.detail`). Without one (or `idempotent=True`) a POST
                or PATCH is not retried.
            timeout: When to give the request up, in seconds. None: the document's time limits.
            options: Further keys ("request" in `penstock.schema()`), such as
                `accept_status=[404]`.

        Raises:
            HTTPStatusError: A status of 400 or more that isn't accepted (AuthError for 401).
            Timeout: `timeout` or a time limit of the document passed.
            PenstockError: Whatever else went wrong.
        """
        document = _request_document(method, path, query, headers, json, idempotency_key, options)
        with self._open_request(document) as answer:
            try:
                return _only(answer.next_page(timeout))
            except Timeout as error:
                if error.status != Status.PENDING:
                    raise
                raise Timeout(
                    f"{method} {path}: no answer within {timeout:g} s",
                    status=Status.ERROR_TIMEOUT,
                ) from None

    async def arequest(
        self,
        method: str,
        path: str,
        *,
        query: Query | None = None,
        headers: Mapping[str, Any] | None = None,
        json: Any = _NOT_GIVEN,
        idempotency_key: str | bool | None = None,
        **options: Any,
    ) -> Page:
        """As `request()`, in asyncio; cancelling the task gives the request up."""
        document = _request_document(method, path, query, headers, json, idempotency_key, options)
        async with AsyncPaginator(self._open_request(document)) as answer:
            return _only(await answer.next_page())

    def get(self, path: str, **options: Any) -> Page:
        """`request("GET", path, …)`."""
        return self.request("GET", path, **options)

    def post(self, path: str, **options: Any) -> Page:
        """`request("POST", path, …)`; not retried without an `idempotency_key`."""
        return self.request("POST", path, **options)

    def put(self, path: str, **options: Any) -> Page:
        """`request("PUT", path, …)`."""
        return self.request("PUT", path, **options)

    def patch(self, path: str, **options: Any) -> Page:
        """`request("PATCH", path, …)`; not retried without an `idempotency_key`."""
        return self.request("PATCH", path, **options)

    def delete(self, path: str, **options: Any) -> Page:
        """`request("DELETE", path, …)`."""
        return self.request("DELETE", path, **options)

    def _open_request(self, document: Mapping[str, Any]) -> Paginator:
        text = dumps(document)
        out = _ffi.PaginatorPointer()
        error = _ffi.ErrorPointer()
        with self._use() as pointer:
            status = _ffi.penstock_request_open(
                pointer, text, len(text), _ffi.byref(out), _ffi.byref(error)
            )
        check(status, error)
        return Paginator(self, out, self._read)

    # ------------------------------------------------------------------------------- state

    def state(self) -> dict[str, Any]:
        """Where requests, the servers' own limits and the circuit breakers stand: what
        `penstock_client_state()` in `penstock.h` describes."""
        out = _ffi.TextPointer()
        error = _ffi.ErrorPointer()
        with self._use() as pointer:
            check(_ffi.penstock_client_state(pointer, _ffi.byref(out), _ffi.byref(error)), error)
        try:
            state: dict[str, Any] = json_module.loads(_ffi.bytes_of(_ffi.penstock_text_slice(out)))
        finally:
            _ffi.penstock_text_free(out)
        return state

    @overload
    def metrics(self) -> dict[str, Any]: ...
    @overload
    def metrics(self, format: str) -> str: ...

    def metrics(self, format: str | None = None) -> Any:
        """What was counted since the client was opened, where the time of its streams went, and
        what each of them waits for now and until when: what `penstock_client_metrics()` in
        `penstock.h` describes.

        Args:
            format: "prometheus" or "openmetrics": a text that monitoring reads; else a dict.
        """
        out = _ffi.TextPointer()
        error = _ffi.ErrorPointer()
        form = (format or "json").encode()
        with self._use() as pointer:
            check(
                _ffi.penstock_client_metrics(pointer, form, _ffi.byref(out), _ffi.byref(error)),
                error,
            )
        text = taken(out)
        return text if format else json_module.loads(text)

    def trace(self, *, curl: bool = False) -> list[dict[str, Any]]:
        """The last requests, waits, retries and errors, the oldest first, without secrets: what
        `penstock_client_trace()` in `penstock.h` describes.

        Args:
            curl: Each request also as a line for a shell, with variables for what is secret.
        """
        out = _ffi.TextPointer()
        error = _ffi.ErrorPointer()
        options = dumps({"curl": curl})
        with self._use() as pointer:
            check(
                _ffi.penstock_client_trace(
                    pointer, options, len(options), _ffi.byref(out), _ffi.byref(error)
                ),
                error,
            )
        events: list[dict[str, Any]] = json_module.loads(taken(out))
        return events

    def events(self, level: Level = "info") -> Events:
        """What happens on the client, as it happens, from the last events on.

        Args:
            level: The least important event that is wanted.
        """
        with self._use() as pointer:
            return open_events(_ffi.penstock_client_events, pointer, level)

    def log_to(self, logger: logging.Logger | None = None, level: Level = "info") -> None:
        """Hand what happens to a logger ("penstock" when none is given) until the client is
        closed. On a thread of its own: a handler that blocks or raises holds nothing up."""
        feed(self.events(level), logger or logging.getLogger("penstock"))

    # ------------------------------------------------------------------------------- life

    def cancel(self) -> None:
        """End everything that runs on the client, and what is opened later: Cancelled.
        Idempotent; any thread, any time."""
        with self._use() as pointer:
            _ffi.penstock_client_cancel(pointer)

    def close(self) -> None:
        """Release the client: its paginators and requests end with Cancelled, pages stay valid.
        Takes the milliseconds that its I/O thread needs to stop."""
        super().close()

    def _end(self, owned: Owned[_ffi.ClientPointer]) -> None:
        with owned as pointer:
            _ffi.penstock_client_cancel(pointer)

    def __repr__(self) -> str:
        names = ", ".join(self._streams)
        return f"<penstock.Client ({'closed' if self.closed else 'open'}): {names}>"


def _records(pages: Paginator) -> Iterator[Any]:
    # Opened before the generator starts, so that mistakes show where records() is called.
    with pages:
        for page in pages:
            records = page.records
            page.close()
            yield from records


async def _async_records(pages: AsyncPaginator) -> AsyncIterator[Any]:
    async with pages:
        async for page in pages:
            records = page.records
            page.close()
            for record in records:
                yield record


def _request_document(
    method: str,
    path: str,
    query: Query | None,
    headers: Mapping[str, Any] | None,
    json: Any,
    idempotency_key: str | bool | None,
    options: Mapping[str, Any],
) -> dict[str, Any]:
    document = _without_none(
        {
            "method": method,
            "path": path,
            "query": query,
            "headers": headers,
            "idempotency_key": idempotency_key,
            **options,
        }
    )
    if json is not _NOT_GIVEN:
        document["json"] = json
    return document


def _only(page: Page | None) -> Page:
    if page is None:
        raise InternalError("a request ended without an answer")
    return page


def _without_none(document: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in document.items() if value is not None}


def _stream_names(text: bytes) -> tuple[str, ...]:
    streams = json_module.loads(text).get("streams")
    return tuple(streams) if isinstance(streams, dict) else ()
