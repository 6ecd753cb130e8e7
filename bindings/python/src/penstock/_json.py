"""JSON in and out: what programs pass is written as text, what servers send is read on demand."""

from __future__ import annotations

import datetime
import json
import os
import uuid
from typing import Any, Callable, Union

JSONLoads = Callable[[bytes], Any]
"""A function that reads JSON from bytes, such as json.loads."""


def dumps(value: object) -> bytes:
    """JSON text of a document or of options. Times go as ISO 8601, paths and UUIDs as text; NaN and
    infinity, which JSON doesn't have, raise ValueError, and other types TypeError."""
    return json.dumps(value, allow_nan=False, separators=(",", ":"), default=_plain).encode()


def _plain(value: object) -> str:
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, uuid.UUID):
        return str(value)
    if isinstance(value, os.PathLike):
        return os.fsdecode(value)
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")


def reader(loads: JSONLoads | None) -> Callable[[memoryview], Any]:
    """A function that reads JSON from the bytes of a page: with `loads`, which is given a copy of
    them as bytes; by default with orjson, where it is installed, else with the json module."""
    if loads is None:
        return _DEFAULT
    return lambda view: loads(bytes(view))


def _standard(view: memoryview) -> Any:
    return json.loads(bytes(view))


def _default() -> Callable[[memoryview], Any]:
    try:
        import orjson
    except ImportError:
        return _standard

    def read(view: memoryview) -> Any:
        try:
            return orjson.loads(view)
        except orjson.JSONDecodeError:
            # orjson refuses some valid JSON, such as an escaped lone surrogate.
            return _standard(view)

    return read


_DEFAULT = _default()

Text = Union[str, bytes]
