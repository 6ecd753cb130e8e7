"""An iterator over the pages of a stream."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Any

from . import _ffi
from ._handle import Handle, Owned, check
from .errors import StateError, Status, Timeout
from .page import Page

if TYPE_CHECKING:
    from .client import Client

# Python runs signal handlers only between calls: a call that waits longer would hold up Ctrl-C.
_SLICE_MS = 100


class Paginator(Handle[_ffi.PaginatorPointer], Iterator[Page]):
    """An iterator over the pages of a stream; `Client.pages()` makes them.

    The library fetches ahead of the caller, as far as the stream's "read_ahead" allows. The end and
    errors are sticky: the same comes again. Pages that arrived before an error are given first.
    Dropping or closing the paginator gives up a request under way.

    Threads: several may take pages from it, one at a time; the others wait their turn.
    """

    def __init__(
        self, client: Client, pointer: _ffi.PaginatorPointer, read: Callable[[memoryview], Any]
    ) -> None:
        super().__init__(Owned(pointer, _ffi.penstock_paginator_free))
        # Freeing a client ends its paginators, so a client is not garbage while one is in use.
        self._client = client
        self._read = read
        self._turn = threading.Lock()
        self._process = os.getpid()

    def __next__(self) -> Page:
        page = self.next_page()
        if page is None:
            raise StopIteration
        return page

    def next_page(self, timeout: float | None = None) -> Page | None:
        """The next page; None after the last one.

        Args:
            timeout: How long to wait, in seconds; None waits as long as it takes (every wait of
                the library has an end of its own), 0 only looks.

        Raises:
            Timeout: No page came in time (`status` is `Status.PENDING`). Nothing is lost: call
                again.
            PenstockError: What ended the walk; the same comes again.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        # Borrowed for the whole wait: who closes it meanwhile ends the wait with Cancelled.
        with self._use() as pointer:
            while True:
                wait_ms = _SLICE_MS
                if deadline is not None:
                    left_ms = int((deadline - time.monotonic()) * 1000 + 0.999)
                    wait_ms = min(max(left_ms, 0), _SLICE_MS)
                status, page = self._take(pointer, wait_ms)
                if status != Status.PENDING:
                    return page
                if deadline is not None and time.monotonic() >= deadline:
                    raise Timeout(f"no page came within {timeout:g} s", status=Status.PENDING)

    def _take(self, pointer: _ffi.PaginatorPointer, wait_ms: int) -> tuple[int, Page | None]:
        """One call for a page: OK with it, END or PENDING without; raises on errors."""
        if os.getpid() != self._process:
            # The lock may have been held by a thread that doesn't exist in this child of a fork;
            # the library answers by itself.
            return self._take_in_turn(pointer, wait_ms)
        with self._turn:
            return self._take_in_turn(pointer, wait_ms)

    def _take_in_turn(
        self, pointer: _ffi.PaginatorPointer, wait_ms: int
    ) -> tuple[int, Page | None]:
        out = _ffi.PagePointer()
        error = _ffi.ErrorPointer()
        status = _ffi.penstock_paginator_next(pointer, wait_ms, _ffi.byref(out), _ffi.byref(error))
        check(status, error)
        return status, Page(out, self._read) if status == Status.OK else None

    def fileno(self) -> int:
        """A file descriptor that is readable while `next_page(0)` would not time out, for
        selectors and event loops. Only wait on it; it belongs to the paginator. -1 after a fork."""
        with self._use() as pointer:
            return _ffi.penstock_paginator_fd(pointer)

    def cancel(self) -> None:
        """End the walk: waiting and later calls raise Cancelled. Idempotent; any thread, any
        time."""
        with self._use() as pointer:
            _ffi.penstock_paginator_cancel(pointer)

    def close(self) -> None:
        """Release the paginator; a request under way is given up."""
        super().close()

    def _end(self, owned: Owned[_ffi.PaginatorPointer]) -> None:
        with owned as pointer:
            _ffi.penstock_paginator_cancel(pointer)

    def __repr__(self) -> str:
        return f"<penstock.Paginator ({'closed' if self.closed else 'open'})>"


class AsyncPaginator(AsyncIterator[Page]):
    """The pages of a stream for `async for`; `Client.apages()` makes them.

    It waits on the paginator's file descriptor, so the event loop runs on and no thread is used.
    Cancelling the task that waits leaves the paginator as it was.

    Tasks: one at a time; a second one that waits gets StateError.
    """

    def __init__(self, paginator: Paginator) -> None:
        self._paginator = paginator
        self._waiting = False

    def __aiter__(self) -> AsyncPaginator:
        return self

    async def __anext__(self) -> Page:
        page = await self.next_page()
        if page is None:
            raise StopAsyncIteration
        return page

    async def next_page(self) -> Page | None:
        """The next page; None after the last one. For a limit use `asyncio.wait_for`."""
        import asyncio

        # The event loop gets its turn even when every page is there already.
        await asyncio.sleep(0)
        paginator = self._paginator
        if self._waiting:
            raise StateError("another task waits for the next page", status=Status.ERROR_STATE)
        self._waiting = True
        try:
            # Borrowed while waiting too, so that aclose() in another task can't free the descriptor
            # that the loop watches.
            with paginator._use() as pointer:
                while True:
                    status, page = paginator._take(pointer, 0)
                    if status != Status.PENDING:
                        return page
                    await _readable(_ffi.penstock_paginator_fd(pointer))
        finally:
            self._waiting = False

    def cancel(self) -> None:
        """As `Paginator.cancel()`."""
        self._paginator.cancel()

    @property
    def closed(self) -> bool:
        """Whether `aclose()` was called."""
        return self._paginator.closed

    async def aclose(self) -> None:
        """Release the paginator; a request under way is given up."""
        self._paginator.close()

    async def __aenter__(self) -> AsyncPaginator:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    def __repr__(self) -> str:
        return f"<penstock.AsyncPaginator ({'closed' if self.closed else 'open'})>"


async def _readable(descriptor: int) -> None:
    import asyncio

    loop = asyncio.get_running_loop()
    ready: asyncio.Future[None] = loop.create_future()

    def wake() -> None:
        if not ready.done():
            ready.set_result(None)

    loop.add_reader(descriptor, wake)
    try:
        await ready
    finally:
        loop.remove_reader(descriptor)
