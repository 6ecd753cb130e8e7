"""What one request to a stream shows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .._traits import type_of
from ..client import Client
from ..errors import PenstockError
from ..page import Page
from .explanation import labelled, wrapped
from .output import one_line

_MOST_FIELDS = 40


def trial(
    client: Client, name: str, definition: Any, params: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Ask a stream for its first page and say what came, as a JSON object. "ok" is false and
    "error" is there when it failed."""
    try:
        with client.pages(name, params=params, max_pages=1, read_ahead=0) as pages:
            page = pages.next_page()
    except PenstockError as error:
        return {"stream": name, "ok": False, "error": one_line(error)}
    if page is None:
        return {"stream": name, "ok": True, "records": 0, "warnings": ["no page came"]}
    return _found(name, page, definition if isinstance(definition, dict) else {})


def lines_of(found: Mapping[str, Any]) -> Iterator[str]:
    """A trial for people."""
    name = found["stream"]
    if not found["ok"]:
        yield from wrapped(f"{name}: failed: {found['error']}", "", "    ")
        return
    many = found["records"]
    total = "" if found.get("total") is None else f" of {found['total']}"
    yield f"{name}: HTTP {found.get('status')}, {many} record{'' if many == 1 else 's'}{total}"
    for label in ("fields", "key", "next", "detected", "warnings"):
        value = found.get(label)
        if label == "fields" and value:
            value = ", ".join(f"{field} {kind}" for field, kind in value.items())
        if value:
            yield from labelled(label, value)


def _found(name: str, page: Page, definition: Mapping[str, Any]) -> dict[str, Any]:
    metadata = page.metadata
    records = page.records
    found: dict[str, Any] = {
        "stream": name,
        "ok": True,
        "status": page.status,
        "url": page.url,
        "records": len(records),
        "total": page.total,
        "next": metadata.get("beyond") or page.next_token,
        "detected": metadata.get("detected", []),
        "warnings": list(metadata["warnings"]),
    }
    if records and isinstance(records[0], dict):
        fields = list(records[0].items())[:_MOST_FIELDS]
        found["fields"] = {field: type_of(value) for field, value in fields}
    if not records:
        found["warnings"].append("there are no records, so nothing can be said of them")
    elif "key" in definition:
        # The engine has dropped those that repeat a key.
        dropped = metadata["duplicates"]
        found["key"] = _key(definition["key"], records, dropped, found["warnings"])
    return found


def _key(key: Any, records: Sequence[Any], dropped: int, warnings: list[str]) -> str:
    paths = [key] if isinstance(key, str) else list(key)
    if not all(re.fullmatch(r"[\w-]+(\.[\w-]+)*", path) for path in paths):
        return f"{key}: not looked at"
    values = [tuple(repr(_at(path, record)) for path in paths) for record in records]
    missing = sum("None" in value for value in values)
    repeated = len(values) - len(set(values)) + dropped
    if missing:
        warnings.append(f"key: {missing} of {len(values)} records have none")
    elif repeated:
        warnings.append(
            f"key: {repeated} of {len(values) + dropped} records have one that came before"
        )
    else:
        return f"{key}: in all of them, and different"
    return f"{key}: does not tell all records apart"


def _at(path: str, record: Any) -> Any:
    for name in path.split("."):
        record = record.get(name) if isinstance(record, dict) else None
    return record
