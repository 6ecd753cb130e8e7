"""A budget that several clients share."""

from __future__ import annotations

from typing import Any

from . import _ffi
from ._handle import Handle, Owned, check
from ._json import dumps
from ._types import Limits


class Limiter(Handle[_ffi.LimiterPointer]):
    """A budget of requests that every client opened with it draws from, besides its own "limits":

        budget = penstock.Limiter("10/s")
        users = penstock.Client("users.json", limiter=budget)
        events = penstock.Client("events.json", limiter=budget)

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

    def __init__(self, limits: Limits | Any) -> None:
        text = dumps(limits)
        out = _ffi.LimiterPointer()
        error = _ffi.ErrorPointer()
        check(
            _ffi.penstock_limiter_open(text, len(text), _ffi.byref(out), _ffi.byref(error)), error
        )
        super().__init__(Owned(out, _ffi.penstock_limiter_free))

    def __repr__(self) -> str:
        return f"<penstock.Limiter ({'closed' if self.closed else 'open'})>"
