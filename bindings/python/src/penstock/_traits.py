"""What records have in common: fields and their types, what tells them apart, times."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

_ISO = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?)?(Z|[+-]\d\d:?\d\d)?")
_TIME_NAME = re.compile(
    r"(^|_)(time|date|at|on|ts|timestamp|created|updated|modified)$|(At|Time|Date)$"
)
_FIRST = ("id", "_id", "ID", "Id", "uuid", "guid", "key", "gid", "node_id")
_ID_LIKE = re.compile(r"(^|_)(id|uuid|guid|key|code|slug|sku)$|[a-z](Id|ID|Key|Uuid|UUID)$")


def type_of(value: Any) -> str:
    """What JSON calls it, with whole numbers apart."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, int):
        return "integer"
    if isinstance(value, float):
        return "number"
    if isinstance(value, str):
        return "text"
    return "list" if isinstance(value, (list, tuple)) else "object"


def key_of(records: Sequence[Any]) -> str | None:
    """The field that tells the records apart: one with the name of an id, there and different in
    each. None when there is none."""
    if not records or not all(isinstance(record, dict) for record in records):
        return None
    names = [name for name in records[0] if _is_plain(name) and _ID_LIKE.search(name)]
    names.sort(key=lambda name: _FIRST.index(name) if name in _FIRST else len(_FIRST))
    return next((name for name in names if _is_key(name, records)), None)


def _is_plain(name: str) -> bool:
    # Anything else would need quotes in a path.
    return re.fullmatch(r"[A-Za-z_][A-Za-z0-9_-]*", name) is not None


def _is_key(name: str, records: Sequence[dict[str, Any]]) -> bool:
    values = [record.get(name) for record in records]
    if not all(isinstance(value, (str, int)) and not isinstance(value, bool) for value in values):
        return False
    return "" not in values and len(set(values)) == len(values)


def time_fields(records: Sequence[Any]) -> Iterator[tuple[str, str]]:
    """The fields that are times, and how they are written."""
    rows = [record for record in records if isinstance(record, dict)]
    for name in rows[0] if rows else ():
        values = [row[name] for row in rows if row.get(name) not in (None, "")]
        form = _time_form(name, values)
        if form is not None:
            yield name, form


def _time_form(name: str, values: Sequence[Any]) -> str | None:
    if not values:
        return None
    if all(isinstance(value, str) and _ISO.fullmatch(value) for value in values):
        return "ISO 8601 date" if all(len(value) == 10 for value in values) else "ISO 8601"
    whole = all(isinstance(value, int) and not isinstance(value, bool) for value in values)
    if not whole or not _TIME_NAME.search(name):
        return None
    # 1990 to 2100.
    for form, unit in (("epoch seconds", 1), ("epoch milliseconds", 1000)):
        if all(631_152_000 * unit <= value < 4_102_444_800 * unit for value in values):
            return form
    return None
