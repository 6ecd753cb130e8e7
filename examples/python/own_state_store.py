"""States in a store of one's own, in place of a file: a dict, and a database that others use too.

    python3 Tests/practice_api --port 8080 &
    export PYTHONPATH=bindings/python/src
    python3 examples/python/own_state_store.py examples/c/source.json out company.db

A run that was interrupted (try `kill -9`) is taken up by the next one, each record exactly once in
its file: the store has what is committed, and nothing but that.
"""

from __future__ import annotations

import argparse
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import penstock
from penstock import StoreChange


class DictStore(penstock.StateStore):
    """In memory: for the runs of one process."""

    def __init__(self) -> None:
        self.collections: dict[str, dict[str, str]] = {}
        self.leases: dict[str, tuple[str, float]] = {}
        self.lock = threading.Lock()

    def get(self, collection: str, keys: Sequence[str]) -> dict[str, str]:
        with self.lock:
            documents = self.collections.get(collection, {})
            return {key: documents[key] for key in keys if key in documents}

    def scan(self, collection: str) -> dict[str, str]:
        with self.lock:
            return dict(self.collections.get(collection, {}))

    def commit(
        self, changes: Sequence[StoreChange], leases: Sequence[str], holder: str, seconds: float
    ) -> str | None:
        with self.lock:
            for lease in leases:
                if self._holder(lease) != holder:
                    return lease
            for lease in leases:
                self.leases[lease] = (holder, time.monotonic() + seconds)
            for kind, collection, key, value in changes:
                documents = self.collections.setdefault(collection, {})
                if kind == "put":
                    documents[key] = value
                elif kind == "delete":
                    documents.pop(key, None)
                else:
                    documents.clear()
            return None

    def acquire(self, lease: str, holder: str, seconds: float) -> str | None:
        with self.lock:
            other = self._holder(lease)
            if other not in (None, holder):
                return other
            self.leases[lease] = (holder, time.monotonic() + seconds)
            return None

    def release(self, lease: str, holder: str) -> None:
        with self.lock:
            if self._holder(lease) == holder:
                del self.leases[lease]

    def _holder(self, lease: str) -> str | None:
        holder, ends = self.leases.get(lease, (None, 0.0))
        return holder if time.monotonic() < ends else None


TABLES = """
CREATE TABLE IF NOT EXISTS pull_documents (
    collection TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL,
    PRIMARY KEY (collection, key)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS pull_leases (
    lease TEXT PRIMARY KEY, holder TEXT NOT NULL, ends REAL NOT NULL) WITHOUT ROWID;
"""


class DatabaseStore(penstock.StateStore):
    """In two tables of a database: for all processes that use it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with self._transaction() as database:
            for statement in TABLES.split(";"):
                database.execute(statement)

    def get(self, collection: str, keys: Sequence[str]) -> dict[str, str]:
        found = {}
        with self._transaction() as database:
            for key in keys:
                row = database.execute(
                    "SELECT value FROM pull_documents WHERE collection = ? AND key = ?",
                    (collection, key),
                ).fetchone()
                if row is not None:
                    found[key] = row[0]
        return found

    def scan(self, collection: str) -> list[tuple[str, str]]:
        with self._transaction() as database:
            return database.execute(
                "SELECT key, value FROM pull_documents WHERE collection = ?", (collection,)
            ).fetchall()

    def commit(
        self, changes: Sequence[StoreChange], leases: Sequence[str], holder: str, seconds: float
    ) -> str | None:
        with self._transaction() as database:
            for lease in leases:
                if self._holder(database, lease) != holder:
                    return lease
            for lease in leases:
                self._hold(database, lease, holder, seconds)
            for kind, collection, key, value in changes:
                if kind == "put":
                    database.execute(
                        "INSERT OR REPLACE INTO pull_documents VALUES (?, ?, ?)",
                        (collection, key, value),
                    )
                elif kind == "delete":
                    database.execute(
                        "DELETE FROM pull_documents WHERE collection = ? AND key = ?",
                        (collection, key),
                    )
                else:
                    database.execute(
                        "DELETE FROM pull_documents WHERE collection = ?", (collection,)
                    )
            return None

    def acquire(self, lease: str, holder: str, seconds: float) -> str | None:
        with self._transaction() as database:
            other = self._holder(database, lease)
            if other not in (None, holder):
                return other
            self._hold(database, lease, holder, seconds)
            return None

    def release(self, lease: str, holder: str) -> None:
        with self._transaction() as database:
            database.execute(
                "DELETE FROM pull_leases WHERE lease = ? AND holder = ?", (lease, holder)
            )

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        # A connection for each call: it is made on whichever thread calls.
        database = sqlite3.connect(self.path, timeout=10, isolation_level=None)
        try:
            database.execute("BEGIN IMMEDIATE")
            yield database
            database.execute("COMMIT")
        finally:
            database.close()  # undoes what is not committed

    @staticmethod
    def _holder(database: sqlite3.Connection, lease: str) -> str | None:
        row = database.execute(
            "SELECT holder FROM pull_leases WHERE lease = ? AND ends > ?", (lease, time.time())
        ).fetchone()
        return None if row is None else str(row[0])

    @staticmethod
    def _hold(database: sqlite3.Connection, lease: str, holder: str, seconds: float) -> None:
        database.execute(
            "INSERT OR REPLACE INTO pull_leases VALUES (?, ?, ?)",
            (lease, holder, time.time() + seconds),
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("source", type=Path, help="a source document")
    parser.add_argument("directory", type=Path, help="where the files go")
    parser.add_argument("database", type=Path, help="a SQLite database; made when missing")
    options = parser.parse_args()
    store = DatabaseStore(options.database)
    report = penstock.pull(options.source, options.directory, state=store)
    for name in report:
        print(f"{name}: {report[name].records} records")
    with penstock.State(store) as state:
        print("the files are what was written" if state.verify()["ok"] else "the files are not")


if __name__ == "__main__":
    main()
