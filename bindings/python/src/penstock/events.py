"""What happens, as it happens: events for programs, and for `logging`."""

from __future__ import annotations

import json
import logging
import os
import threading
import time
from collections.abc import Iterator
from typing import Any, Literal

from . import _ffi
from ._handle import Handle, Owned, check, taken
from .errors import PenstockError, Status

Level = Literal["debug", "info", "warning", "error"]

# See paginator.py: how long a call may hold up Ctrl-C.
_SLICE_MS = 100
_LEVELS = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}
# What a log record calls its own, and what says where and when, which it says itself.
_PLACED = {"v", "seq", "time", "level", "event", "source", "stream"}


class Events(Handle[_ffi.EventsPointer], Iterator[dict[str, Any]]):
    """The events of a client or a run; `Client.events()` and `Sync.events()` make them.

    An iterator over dicts with "event", "level", "time", "stream" and what belongs to the kind, as
    `penstock_client_trace()` and `penstock_events_next()` in `penstock.h` describe; it ends when
    the client is closed. Who takes them too slowly loses some and is told so by an event "dropped".
    """

    def __init__(self, pointer: _ffi.EventsPointer) -> None:
        super().__init__(Owned(pointer, _ffi.penstock_events_free))
        self._ended = False

    def __next__(self) -> dict[str, Any]:
        event = self.next_event()
        if event is None:
            raise StopIteration
        return event

    def next_event(self, timeout: float | None = None) -> dict[str, Any] | None:
        """The next event; None when none came in time (in seconds) or none comes any more."""
        deadline = None if timeout is None else time.monotonic() + timeout
        with self._use() as pointer:
            while not self._ended:
                wait_ms = _SLICE_MS
                if deadline is not None:
                    left_ms = int((deadline - time.monotonic()) * 1000 + 0.999)
                    wait_ms = min(max(left_ms, 0), _SLICE_MS)
                out = _ffi.TextPointer()
                error = _ffi.ErrorPointer()
                status = _ffi.penstock_events_next(
                    pointer, wait_ms, _ffi.byref(out), _ffi.byref(error)
                )
                check(status, error)
                if status == Status.OK:
                    event: dict[str, Any] = json.loads(taken(out))
                    return event
                if status == Status.END or self._closed_meanwhile():
                    self._ended = True
                elif deadline is not None and time.monotonic() >= deadline:
                    return None
        return None

    def _closed_meanwhile(self) -> bool:
        return self.closed

    def fileno(self) -> int:
        """A file descriptor that is readable while an event waits. Only wait on it."""
        with self._use() as pointer:
            return _ffi.penstock_events_fd(pointer)


def feed(events: Events, logger: logging.Logger) -> threading.Thread:
    """Hand events to a logger on a thread of their own, so that no handler, however slow or
    broken, keeps a request waiting."""
    thread = threading.Thread(
        target=_feed, args=(events, logger, os.getpid()), name="penstock-log", daemon=True
    )
    thread.start()
    return thread


def _feed(events: Events, logger: logging.Logger, process: int) -> None:
    try:
        for event in events:
            if os.getpid() != process:
                return
            try:
                hand_over(event, logger)
            except Exception:
                # A handler's fault is no reason to stop telling; `logging` itself swallows most.
                continue
    except PenstockError:
        pass
    finally:
        events.close()


def hand_over(event: dict[str, Any], logger: logging.Logger) -> None:
    """One event as a log record; its attribute `penstock` holds all of it."""
    level = _LEVELS.get(event.get("level", "warning"), logging.WARNING)
    if logger.isEnabledFor(level):
        logger.log(level, "%s", line_of(event), extra={"penstock": event})


def _shown(value: object) -> str:
    if isinstance(value, (dict, list)) or " " in str(value):
        return json.dumps(value)
    return str(value)


def line_of(event: dict[str, Any]) -> str:
    """An event for people, in one line."""
    place = ".".join(str(event[key]) for key in ("source", "stream") if event.get(key))
    about = " ".join(f"{key}={_shown(value)}" for key, value in event.items() if key not in _PLACED)
    head = f"{place}: " if place else ""
    return f"{head}{event.get('event', '')}{' ' if about else ''}{about}"


def open_events(opener: Any, pointer: Any, level: Level) -> Events:
    """A queue that `opener`, a function of the library, makes."""
    out = _ffi.EventsPointer()
    error = _ffi.ErrorPointer()
    options = json.dumps({"level": level}).encode()
    check(opener(pointer, options, len(options), _ffi.byref(out), _ffi.byref(error)), error)
    return Events(out)
