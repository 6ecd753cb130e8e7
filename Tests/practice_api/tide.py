"""Data that changes under the reader: rows inserted, deleted and updated between requests."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from practice_api.data import Row, digest, mix
from practice_api.wire import knobs_of
from practice_api.world import World


@dataclass
class Tide:
    """One changing copy of a collection."""

    rows: list[Row]
    fresh: list[Row]  # rows that may yet be inserted
    options: dict[str, str]
    requests: int = 0
    original: dict[str, bytes] = field(default_factory=dict)
    inserted: list[str] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.original = {row.key: row.body for row in self.rows}

    def turn(self) -> None:
        """Before every request but the first: `delete`, then `insert`, then `update` rows."""
        self.requests += 1
        changes = int(self.options.get("changes", "1000000"))
        if self.requests == 1 or self.requests > changes + 1:
            return
        acts = {"delete": self.delete, "insert": self.insert, "update": self.update}
        for kind, act in acts.items():
            for each in range(int(self.options.get(kind, "0"))):
                draw = mix(
                    int(self.options.get("seed", "1")) * 1_000_003
                    + self.requests * 1009
                    + each * 7
                    + sum(kind.encode())
                )
                act(self.place(draw))

    def place(self, draw: int) -> int:
        where = self.options.get("where", "random")
        return 0 if where == "head" else len(self.rows) if where == "tail" else draw % (
            len(self.rows) + 1
        )  # fmt: skip

    def delete(self, at: int) -> None:
        if self.rows:
            self.deleted.append(self.rows.pop(min(at, len(self.rows) - 1)).key)

    def insert(self, at: int) -> None:
        if not self.fresh:
            return
        low = self.rows[at - 1].order if at > 0 else (self.rows[0].order - 2 if self.rows else 0)
        high = self.rows[at].order if at < len(self.rows) else low + 2
        row = replace(self.fresh.pop(0), order=(low + high) / 2)
        self.rows.insert(at, row)
        self.inserted.append(row.key)

    def update(self, at: int) -> None:
        if not self.rows:
            return
        at = min(at, len(self.rows) - 1)
        row = self.rows[at]
        body = b'{"revision":%d,' % self.requests + row.body[1:]
        self.rows[at] = replace(row, body=body)
        self.updated.append(row.key)

    def report(self) -> dict[str, Any]:
        touched = set(self.deleted) | set(self.updated)
        kept = [key for key in self.original if key not in touched]
        return {
            "requests": self.requests,
            "inserted": self.inserted,
            "deleted": self.deleted,
            "updated": self.updated,
            # There from the first request to the last, unchanged: a right reader has each once.
            "kept": kept,
            "count_now": len(self.rows),
            "sha256_now": digest(self.rows),
        }

    def summary(self, arrivals: bool = False) -> dict[str, Any]:
        return {"requests": self.requests, "count_now": len(self.rows)}


def tide_of(world: World, text: str, collection: str) -> Tide | None:
    held = world.state("shift")
    key = f"{text} {collection}"
    if key not in held:
        found = world.dataset.rows(collection)
        if found is None:
            return None
        # A copy: the collection's own list grows with what is asked for next.
        rows = list(found)
        name = collection.partition(":")[0]
        # Inserted rows are the collection's next ones, so that no key comes twice.
        more = world.dataset.rows(f"{name}:{len(rows) + 2000}") or []
        held[key] = Tide(rows, more[len(rows) :], knobs_of(";" + text)[1])
    tide: Tide = held[key]
    return tide
