"""What one request may see of a collection: filters, holes, sizes, and the envelope around it."""

from __future__ import annotations

import json
from dataclasses import dataclass

from practice_api.data import Row
from practice_api.wire import Reply, Request, error, json_reply

FILTERS = ("user_id", "post_id", "status", "type")
DEFAULT_SIZE = 100
MAX_SIZE = 10_000


class BadRequest(Exception):
    def __init__(self, code: str, message: str = "", status: int = 400) -> None:
        super().__init__(message or code)
        self.reply: Reply = error(status, code, message)


def number(text: str | None, default: int, name: str, least: int = 0) -> int:
    if text is None or text == "":
        return default
    # isdigit alone accepts superscripts and other scripts, which int() does not.
    if not (text.isascii() and text.isdigit()) or int(text) < least:
        raise BadRequest("invalid_parameter", f"{name} must be an integer of at least {least}")
    return int(text)


def narrowed(rows: list[Row], request: Request) -> list[Row]:
    """Equality filters, so that a client that drops them on page two is found out."""
    wanted = {k: v for k, v in request.query if k in FILTERS}
    if not wanted:
        return rows
    return [row for row in rows if all(row.fields.get(k) == v for k, v in wanted.items())]


@dataclass(slots=True)
class View:
    """Rows in an address space that may have holes: rows that exist but are not shown.

    `hole` is a half-open range of addresses at which nothing is served. Real APIs filter after
    paging (permissions, soft deletes), so a page in the middle comes out short or empty although
    more pages follow.
    """

    rows: list[Row]
    hole: tuple[int, int] = (0, 0)

    @property
    def end(self) -> int:
        first, last = self.hole
        return len(self.rows) + (last - first if first < len(self.rows) else 0)

    def between(self, start: int, stop: int) -> list[Row]:
        first, last = self.hole
        if first >= last or first >= len(self.rows) or stop <= first:
            return self.rows[start:stop]
        shift = last - first
        before = self.rows[start:first] if start < first else []
        return before + self.rows[max(start, last) - shift : max(stop, last) - shift]


def view_of(rows: list[Row], request: Request, size: int) -> View:
    """Holes from the knobs `hidden=K` (half of page K, counted from 0, is not shown; `short=K` is
    the same except for offsets) and `empty=K` or `empty=KxN` (N whole pages from K on)."""
    knobs = request.knobs
    rows = narrowed(rows, request)
    half = knobs.get("hidden", knobs.get("short"))
    if half is not None:
        page = number(half, 1, "hidden")
        return View(rows, (page * size + size // 2, (page + 1) * size))
    if "empty" in knobs:
        first, _, many = knobs["empty"].partition("x")
        page = number(first, 1, "empty")
        return View(rows, (page * size, (page + number(many, 1, "empty")) * size))
    return View(rows)


def page_size(
    request: Request, name: str, default: int = DEFAULT_SIZE, most: int = MAX_SIZE
) -> int:
    """Knobs `default=N`, `max=N` (asked for more: fewer come, no error), `over=N` (N too many)."""
    knobs = request.knobs
    most = number(knobs.get("max"), most, "max", 1)
    default = number(knobs.get("default"), min(default, most), "default", 1)
    size = min(number(request.param(name), default, name, 1), most)
    return size + number(knobs.get("over"), 0, "over")


def array(rows: list[Row]) -> bytes:
    return b"[" + b",".join([row.body for row in rows]) + b"]"


def records(rows: list[Row], request: Request) -> bytes | None:
    """The record array; with `none=null` or `none=absent` an empty one is shown as that."""
    if not rows and "none" in request.knobs:
        return None if request.knobs["none"] == "absent" else b"null"
    return array(rows)


def value(item: object) -> bytes:
    return json.dumps(item, ensure_ascii=False, separators=(",", ":")).encode()


def envelope(parts: list[tuple[str, bytes | None]]) -> bytes:
    """A JSON object from (dotted path, JSON text). None is left out; paths with a common head share
    one object; `..` stands for a dot that belongs to a name (`@odata..nextLink`)."""
    shown = [(path, text) for path, text in parts if text is not None]
    return _object([(path.replace("..", "\0").split("."), text) for path, text in shown])


def _object(parts: list[tuple[list[str], bytes]]) -> bytes:
    out: list[bytes] = []
    done: set[str] = set()
    for path, text in parts:
        name = path[0]
        if name in done:
            continue
        done.add(name)
        if len(path) > 1:
            text = _object([(p[1:], t) for p, t in parts if p[0] == name and len(p) > 1])
        out.append(value(name.replace("\0", ".")) + b":" + text)
    return b"{" + b",".join(out) + b"}"


def page_reply(body: bytes, *headers: tuple[str, str], fixed: bool = True) -> Reply:
    reply = json_reply(None, 200, *headers)
    reply.body = body
    reply.fixed = fixed
    return reply


def total_of(request: Request, view: View, start: int, index: int) -> bytes | None:
    """Knob `total`: `right` (default), `missing`, `null`, `shrink` (one less each page), `first`
    (only on the first page), `zero`, `text` (a number as a string), or a number of its own."""
    kind = request.knobs.get("total", "right")
    if kind == "missing" or (kind == "first" and start > 0):
        return None
    if kind == "null":
        return b"null"
    if kind == "zero":
        return b"0"
    if kind == "text":
        return value(str(view.end))
    if kind == "shrink":
        return value(max(0, view.end - index))
    return value(view.end) if kind in ("right", "first", "") else value(number(kind, 0, "total"))
