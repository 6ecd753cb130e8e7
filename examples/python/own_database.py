"""A stream into a database of one's own, each record exactly once however often the process dies.

    python3 Tests/practice_api --port 8080 &
    export PYTHONPATH=bindings/python/src
    python3 examples/python/own_database.py examples/c/source.json users users.db

The records of a page and the checkpoint behind it are stored in one transaction. Whenever the
process ends (try `kill -9`), the next run goes on behind the last page that was stored whole.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
from pathlib import Path

import penstock

TABLES = """
CREATE TABLE IF NOT EXISTS records (record TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS checkpoints (stream TEXT PRIMARY KEY, checkpoint TEXT NOT NULL);
"""


def store(source: Path, stream: str, database: sqlite3.Connection) -> int:
    """Store what is not stored yet; how many records that were."""
    database.executescript(TABLES)
    known = database.execute("SELECT checkpoint FROM checkpoints WHERE stream = ?", (stream,))
    row = known.fetchone()
    count = 0
    with penstock.Client(source) as client:
        for page in client.pages(stream, checkpoint=None if row is None else row[0]):
            with database:  # one transaction: all of the page or nothing of it
                database.executemany(
                    "INSERT INTO records VALUES (?)",
                    [(json.dumps(record),) for record in page],
                )
                database.execute(
                    "INSERT OR REPLACE INTO checkpoints VALUES (?, ?)",
                    (stream, page.checkpoint),
                )
            count += page.record_count
    return count


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("source", type=Path, help="a source document")
    parser.add_argument("stream")
    parser.add_argument("database", help="the SQLite file; made when it is missing")
    given = parser.parse_args()
    database = sqlite3.connect(given.database)
    new = store(given.source, given.stream, database)
    (total,) = database.execute("SELECT count(*) FROM records").fetchone()
    print(f"{new} records stored, {total} in all")


if __name__ == "__main__":
    main()
