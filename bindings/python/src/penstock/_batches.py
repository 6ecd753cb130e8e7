"""A function of the program between page and file: what the library hands it becomes a call."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from typing import Any

from . import _ffi
from ._handle import check
from ._json import dumps

__all__ = ["BatchFunction", "open_with_batch"]

BatchFunction = Callable[[str, list[bytes]], Iterable[Any]]

_used: dict[int, Any] = {}
"""C functions that the library may call, until it says that it won't any more."""
_numbers = itertools.count(1)


def _released(number: int) -> None:
    _used.pop(number, None)


_RELEASE = _ffi.Release(_released)


def open_with_batch(job: bytes, batch: BatchFunction, out: Any) -> None:
    """As penstock_sync_open(), with `batch` for as long as the run lives."""
    error = _ffi.ErrorPointer()
    number = next(_numbers)
    function = _used[number] = _callback(batch)
    try:
        check(
            _ffi.penstock_sync_open_with_batch(
                job, len(job), function, number, _RELEASE, _ffi.byref(out), _ffi.byref(error)
            ),
            error,
        )
    except BaseException:
        _released(number)
        raise


def _callback(batch: BatchFunction) -> Any:
    def called(_: Any, given: Any) -> None:
        # An exception must not get out: there is no Python above.
        try:
            _answer(batch, given)
        except BaseException as error:
            told = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
            message = told.replace("\0", " ").encode("utf-8", "replace")
            _ffi.penstock_batch_fail(given, message)

    return _ffi.BatchCallback(called)


def _answer(batch: BatchFunction, given: Any) -> None:
    count = _ffi.penstock_batch_record_count(given)
    records = [_ffi.bytes_of(_ffi.penstock_batch_record(given, index)) for index in range(count)]
    places = {id(record): index for index, record in enumerate(records)}
    stream = _ffi.penstock_batch_stream(given).decode()
    for record in batch(stream, list(records)):
        place = places.get(id(record))
        if place is not None:
            _ffi.penstock_batch_keep(given, place)
            continue
        text = record if isinstance(record, bytes) else dumps(record)
        error = _ffi.ErrorPointer()
        check(_ffi.penstock_batch_write(given, text, len(text), _ffi.byref(error)), error)
