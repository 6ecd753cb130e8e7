"""One response and the records in it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any, overload

from . import _ffi
from ._handle import Handle, Owned
from ._headers import Headers
from .errors import DataError, InternalError, Status


class Page(Handle[_ffi.PagePointer]):
    """One response and the records in it; it depends on nothing else, not even on its client.

    Iterating a page gives its records. A page is freed when it is garbage or closed; the memory
    stays as long as any memoryview of it (`body`, `raw`) is alive, after `close()` too.

    Threads: any number at once.
    """

    def __init__(self, pointer: _ffi.PagePointer, read: Callable[[memoryview], Any]) -> None:
        # Not freed at exit: a view that is still around then may yet be read.
        super().__init__(Owned(pointer, _ffi.penstock_page_free, at_exit=False))
        self._read = read
        self._body: memoryview | None = None
        self._records: list[Any] | None = None
        self._headers: Headers | None = None
        self._metadata: dict[str, Any] | None = None

    def close(self) -> None:
        """Release the page; memoryviews that were taken from it stay valid."""
        # Not freed by force: views hold the memory, and the last one to go frees it.
        self._owned = None
        self._body = self._records = self._headers = self._metadata = None

    # ---------------------------------------------------------------------------- records

    @property
    def records(self) -> list[Any]:
        """The records, parsed once and then kept: usually dicts."""
        owned = self._use()
        if self._records is None:
            with owned as pointer:
                array = _ffi.penstock_page_record_array(pointer)
            if array.size:
                self._records = self._parse(_ffi.view_of(array, owned))
            else:
                self._records = [self._parse(record) for record in self.raw]
        return self._records

    @property
    def raw(self) -> RawRecords:
        """The records as read-only memoryviews, not copied: exactly the server's bytes, with the
        members that the document adds behind them."""
        return RawRecords(self._use(), self.body)

    @property
    def record_count(self) -> int:
        """The number of records; parses nothing."""
        with self._use() as pointer:
            return _ffi.penstock_page_record_count(pointer)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.records)

    # ------------------------------------------------------------------------------- body

    @property
    def body(self) -> memoryview:
        """The decoded body as a read-only memoryview: exactly the server's bytes, not copied."""
        owned = self._use()
        if self._body is None:
            with owned as pointer:
                self._body = _ffi.view_of(_ffi.penstock_page_body(pointer), owned)
        return self._body

    @property
    def text(self) -> str:
        """The body as text, read as UTF-8; other bytes are replaced by U+FFFD."""
        return bytes(self.body).decode("utf-8", "replace")

    def json(self) -> Any:
        """The whole body, parsed. Raises DataError when it is not JSON."""
        return self._parse(self.body)

    def _parse(self, view: memoryview) -> Any:
        try:
            return self._read(view)
        except ValueError as error:
            raise DataError(
                f"the body is not JSON: {error}",
                status=Status.ERROR_DATA,
                http_status=self.status,
                url=self.url,
                request_id=self.request_id,
            ) from error

    # --------------------------------------------------------------------------- response

    @property
    def status(self) -> int:
        """The HTTP status, such as 200."""
        with self._use() as pointer:
            return _ffi.penstock_page_status(pointer)

    @property
    def headers(self) -> Headers:
        """All headers: a mapping that doesn't care about case."""
        owned = self._use()
        if self._headers is None:
            with owned as pointer:
                text = _ffi.text_of(_ffi.penstock_page_headers(pointer))
            self._headers = Headers(json.loads(text) if text else ())
        return self._headers

    def header(self, name: str) -> str | None:
        """One header, whatever the case of its name; None when there is none, or it is empty."""
        with self._use() as pointer:
            return _ffi.text_of(_ffi.penstock_page_header(pointer, name.encode())) or None

    @property
    def limit_remaining(self) -> int | None:
        """How many requests the server's limit still allows; None when it didn't say."""
        with self._use() as pointer:
            return _none_if_negative(_ffi.penstock_page_limit_remaining(pointer))

    @property
    def limit_reset(self) -> float | None:
        """In how many seconds after this response the server's limit starts anew; None when it
        didn't say."""
        with self._use() as pointer:
            milliseconds = _none_if_negative(_ffi.penstock_page_limit_reset_ms(pointer))
        return None if milliseconds is None else milliseconds / 1000

    # ------------------------------------------------------------------------------- walk

    @property
    def next_token(self) -> str | None:
        """What the next request is made with: a cursor, a URL, a page number or an offset; None
        when the walk ends here or there is no paging."""
        with self._use() as pointer:
            return _ffi.text_of(_ffi.penstock_page_next_token(pointer)) or None

    @property
    def has_more(self) -> bool | None:
        """Whether another page follows; None when that is not known (no paging)."""
        with self._use() as pointer:
            value = _ffi.penstock_page_has_more(pointer)
        return None if value < 0 else value != 0

    @property
    def total(self) -> int | None:
        """The total number of records, as the server said; None when it didn't."""
        with self._use() as pointer:
            return _none_if_negative(_ffi.penstock_page_total(pointer))

    @property
    def index(self) -> int:
        """The number of the page in its walk, from 0."""
        with self._use() as pointer:
            return _ffi.penstock_page_index(pointer)

    @property
    def checkpoint(self) -> str | None:
        """From where a walk goes on behind this page: `client.pages(…, checkpoint=…)`, in this
        process or a later one. Stored together with the page's records, in one transaction, each
        record comes exactly once, however often the process dies. None for a single request."""
        with self._use() as pointer:
            return _ffi.text_of(_ffi.penstock_page_checkpoint(pointer)) or None

    @property
    def metadata(self) -> dict[str, Any]:
        """What else is known: "url" (redacted), "method", "request_id", "http_version",
        "attempts", "redirects", "elapsed_ms", "first_byte_ms", "wire_bytes", "body_bytes",
        "records", "filtered", "duplicates", "without_key", "missing", "limit", "detected",
        "detected_pagination", "detected_records", "detected_size", "beyond", "restart" and
        "warnings"; see penstock_page_metadata() in the C header."""
        owned = self._use()
        if self._metadata is None:
            with owned as pointer:
                text = _ffi.text_of(_ffi.penstock_page_metadata(pointer))
            self._metadata = json.loads(text) if text else {}
        return self._metadata

    @property
    def url(self) -> str | None:
        """The URL of the request, without userinfo and with query values hidden."""
        return self.metadata.get("url")

    @property
    def request_id(self) -> str | None:
        """The request id that the server gave, for its support desk."""
        return self.metadata.get("request_id")

    def __repr__(self) -> str:
        if self.closed:
            return "<penstock.Page (closed)>"
        return f"<penstock.Page {self.index}: status {self.status}, {self.record_count} records>"


class RawRecords(Sequence[memoryview]):
    """The records of a page as read-only memoryviews, each made when it is asked for."""

    def __init__(self, owned: Owned[_ffi.PagePointer], body: memoryview) -> None:
        self._owned = owned
        self._body = body
        with owned as pointer:
            self._count = _ffi.penstock_page_record_count(pointer)
            self._base = _ffi.penstock_page_body(pointer).data or 0
            if not self._count:
                return
            first = _ffi.penstock_page_record(pointer, 0)
            last = _ffi.penstock_page_record(pointer, self._count - 1)
        start, end = first.data or 0, (last.data or 0) + last.size
        if not self._base <= start <= self._base + len(body) - first.size:
            # Records that the document changes stand elsewhere, in one stretch and in their order.
            self._base = start
            self._body = _ffi.view_of(_ffi.penstock_slice(start, max(end - start, 0)), owned)

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> memoryview: ...

    @overload
    def __getitem__(self, index: slice) -> list[memoryview]: ...

    def __getitem__(self, index: int | slice) -> memoryview | list[memoryview]:
        if isinstance(index, slice):
            return [self._record(position) for position in range(*index.indices(self._count))]
        position = index + self._count if index < 0 else index
        if not 0 <= position < self._count:
            raise IndexError(f"record {index} of {self._count}")
        return self._record(position)

    def _record(self, index: int) -> memoryview:
        with self._owned as pointer:
            record = _ffi.penstock_page_record(pointer, index)
        # A slice of one view rather than a view of its own: ctypes would make (and keep) a
        # new array type for every length.
        start = (record.data or 0) - self._base
        if start < 0 or start + record.size > len(self._body):
            raise InternalError(f"record {index} lies outside of its page")
        return self._body[start : start + record.size]


def _none_if_negative(value: int) -> int | None:
    return None if value < 0 else value
