"""Everything in one answer, in the shapes that a list comes in; and one record by its id."""

from __future__ import annotations

from practice_api.data import Row
from practice_api.view import BadRequest, envelope, narrowed, page_reply, records, value
from practice_api.wire import Reply, Request


def single(request: Request, rows: list[Row]) -> Reply:
    """A bare list, or with knob `in` under that dotted path (`data`, `results`, `items`, `records`,
    `payload.rows`); `in=object` is the first record alone, as a whole-body object. Knob `pretty`
    lays the page out with spaces and line ends between records (never inside one); `beside` adds
    other lists before and after the records, to catch those who take the first list they see."""
    knobs = request.knobs
    rows = narrowed(rows, request)
    place = knobs.get("in", "")
    if place == "object":
        if not rows:
            raise BadRequest("not_found", "there is no record", 404)
        return page_reply(rows[0].body)
    shown = records(rows, request)
    if "pretty" in knobs:
        shown = b" [\r\n  " + b" ,\n\t".join([row.body for row in rows]) + b"\n ] "
    if not place:
        return page_reply(shown or b"[]")
    parts: list[tuple[str, bytes | None]] = [(place, shown), ("total", value(len(rows)))]
    if "beside" in knobs:
        parts = [("errors", b"[]"), ("columns", b'["id","name"]'), *parts, ("warnings", b'["w"]')]
    return page_reply(envelope(parts))


def one(request: Request, rows: list[Row], key: str) -> Reply:
    row = next((row for row in rows if row.key == key), None)
    if row is None:
        raise BadRequest("not_found", f"no record has the id {key}", 404)
    return page_reply(row.body)
