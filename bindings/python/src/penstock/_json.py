"""JSON in and out: what programs pass is written as text, what servers send is read on demand."""

from __future__ import annotations

import datetime
import json
import os
import uuid
from typing import Any, Callable

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
    """A function that reads JSON from the bytes of a page: with `loads`, which is given them as
    bytes; by default as the json module does, but with orjson's speed where it is installed."""
    if loads is None:
        return _DEFAULT
    return lambda view: loads(bytes(view))


# Every digit a 0, everything else as it is: a long number shows as a long run of zeros.
_FLAT = bytes(0x30 if 0x30 <= byte <= 0x39 else byte for byte in range(256))
_BEYOND_64_BITS = b"0" * 20, b"-" + b"0" * 19


def _default() -> Callable[[memoryview], Any]:
    try:
        import orjson
    except ImportError:
        return lambda view: json.loads(bytes(view))

    def read(view: memoryview) -> Any:
        text = bytes(view)
        flat = text.translate(_FLAT)
        # orjson makes floats of integers beyond 64 bits, and values must not depend on what is
        # installed. Looking costs a quarter of what orjson takes; json takes three times as long.
        if _BEYOND_64_BITS[0] in flat or _BEYOND_64_BITS[1] in flat:
            return json.loads(text)
        try:
            return orjson.loads(text)
        except orjson.JSONDecodeError:
            # It refuses some texts that json reads: escaped lone surrogates, 1e400.
            return json.loads(text)

    return read


_DEFAULT = _default()
