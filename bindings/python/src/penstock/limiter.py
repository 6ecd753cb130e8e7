"""A budget that several clients share, and whoever else asks it for permits."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

from . import _ffi
from ._handle import Handle, Owned, check
from ._json import dumps
from ._settings import AcquireOptions
from ._types import Limits, SharedLimits
from .errors import StateError, Status, Timeout

# Between two of them Python looks for signals. The place in the line is kept.
_SLICE_MS = 100


class Permit:
    """Leave to send one request. A context manager that gives it back when the response is in:

    with budget.acquire() as permit:
        response = send()
        permit.actual_cost = response["cost"]
    """

    __slots__ = ("_give_back", "actual_cost")

    def __init__(self, give_back: Callable[[int], None]) -> None:
        self._give_back: Callable[[int], None] | None = give_back
        self.actual_cost: int | None = None
        """What the request came to, for limits that count points; None: as asked for."""

    def release(self) -> None:
        """Give it back. Idempotent; safe from any thread."""
        give_back, self._give_back = self._give_back, None
        if give_back is not None:
            give_back(-1 if self.actual_cost is None else self.actual_cost)

    def __enter__(self) -> Permit:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


class Limiter(Handle[_ffi.LimiterPointer]):
    """A budget of requests that every client opened with it draws from, besides its own "limits":

        budget = penstock.Limiter("10/s")
        users = penstock.Client("users.json", limiter=budget)
        events = penstock.Client("events.json", limiter=budget)

    and that threads may ask for requests of their own, in one line with the clients:

        with budget.acquire():
            ...

    Args:
        limits: As in a source document: `"10/s"`, or
            `[{"requests": 10, "per": "1s", "burst": 50}, {"concurrent": 8}]`. Or shared with other
            processes: `{"limits": "10/s", "share": {"file": "/run/example.budget"}}`, or
            `{"limits": "10/s", "share": {"redis": {"env": "REDIS_URL"}, "key": "example"}}`.

    Raises:
        ConfigError: The limits are wrong; the message names the place.
        StorageError: The file of a shared budget can't be used.

    Threads: any number at once. Closing it leaves the clients their share of it.
    """

    def __init__(self, limits: Limits | SharedLimits | Any) -> None:
        text = dumps(limits)
        out = _ffi.LimiterPointer()
        error = _ffi.ErrorPointer()
        check(
            _ffi.penstock_limiter_open(text, len(text), _ffi.byref(out), _ffi.byref(error)), error
        )
        super().__init__(Owned(out, _ffi.penstock_limiter_free))

    def acquire(
        self, options: AcquireOptions | None = None, *, timeout: float | None = None
    ) -> Permit:
        """Wait for a permit: first come, first served within a priority.

        Args:
            options: What it is for, as the limits tell requests apart, what it costs, its priority:
                `{"method": "POST", "path": "/search", "cost": 5, "priority": "high"}`.
            timeout: How long to wait, in seconds; None waits as long as it takes, 0 only looks.

        Raises:
            Timeout: Not in time (`status` is `Status.PENDING`).
            Cancelled: The limiter was closed or cancelled.
            ConfigError: The options are wrong, or ask for more than the limits ever give at once.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        given = dict(options or {})
        last = dumps(given) if given else None
        kept = dumps({**given, "keep_place": True})
        owned = self._use()
        with owned as pointer:
            try:
                while True:
                    left_ms = _SLICE_MS
                    if deadline is not None:
                        left_ms = max(0, int((deadline - time.monotonic()) * 1000 + 0.999))
                    if left_ms <= _SLICE_MS and deadline is not None:
                        number = _ask(pointer, last, left_ms)
                        if number is None:
                            reason = f"no permit within {timeout:g} s"
                            raise Timeout(reason, status=Status.PENDING)
                    else:
                        number = _ask(pointer, kept, _SLICE_MS)
                    if number is not None:
                        break
            except KeyboardInterrupt:
                # The place that is kept is taken up once more, to give it up for good.
                number = _ask(pointer, last, 0)
                if number is not None:
                    _release(pointer, number, 0)
                raise

        def give_back(cost: int) -> None:
            try:
                with owned as pointer:
                    _release(pointer, number, cost)
            except StateError:
                # Closed meanwhile, and the budget with it.
                pass

        return Permit(give_back)

    def cancel(self) -> None:
        """End every `acquire()` with Cancelled, also later ones. Clients go on."""
        with self._use() as pointer:
            _ffi.penstock_limiter_cancel(pointer)

    def state(self) -> dict[str, Any]:
        """What it is about to allow: "limits" with "most" and "used" of each, "waiting",
        "earliest_ms", "paused_ms"; for people and monitoring."""
        out = _ffi.TextPointer()
        error = _ffi.ErrorPointer()
        with self._use() as pointer:
            check(_ffi.penstock_limiter_state(pointer, _ffi.byref(out), _ffi.byref(error)), error)
        try:
            state: dict[str, Any] = json.loads(_ffi.bytes_of(_ffi.penstock_text_slice(out)))
        finally:
            _ffi.penstock_text_free(out)
        return state

    def _end(self, owned: Owned[_ffi.LimiterPointer]) -> None:
        with owned as pointer:
            _ffi.penstock_limiter_cancel(pointer)

    def __repr__(self) -> str:
        return f"<penstock.Limiter ({'closed' if self.closed else 'open'})>"


def _ask(pointer: _ffi.LimiterPointer, options: bytes | None, wait_ms: int) -> int | None:
    permit = _ffi.c_uint64()
    error = _ffi.ErrorPointer()
    size = 0 if options is None else len(options)
    status = _ffi.penstock_limiter_acquire(
        pointer, options, size, wait_ms, _ffi.byref(permit), _ffi.byref(error)
    )
    check(status, error)
    return permit.value if status == Status.OK else None


def _release(pointer: _ffi.LimiterPointer, permit: int, actual_cost: int) -> None:
    error = _ffi.ErrorPointer()
    check(_ffi.penstock_limiter_release(pointer, permit, actual_cost, _ffi.byref(error)), error)
