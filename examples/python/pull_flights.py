"""All 336,776 flights out of New York in 2013, from a Datasette server into a JSON Lines file.

    scripts/setup-python.sh                                   # once: Datasette and the data
    .build/venv/bin/python Tests/real_servers flights &       # prints its "url"
    PYTHONPATH=bindings/python/src python3 examples/python/pull_flights.py http://127.0.0.1:PORT

The table of any other Datasette goes the same way: change the path in the source document.
"""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Callable
from pathlib import Path

import penstock

SOURCE = Path(__file__).resolve().parents[1] / "sources" / "datasette-flights.json"


def pull_flights(
    base_url: str,
    directory: Path,
    on_progress: Callable[[penstock.Report], object] | None = None,
    interval: float = 0.25,
) -> penstock.StreamReport:
    """Pull the table into `<directory>/flights.jsonl`; raises what made it fail."""
    report = penstock.pull(
        SOURCE,
        directory,
        params={"base_url": base_url},
        on_progress=on_progress,
        interval=interval,
    )
    return report["flights"]


def sha256_of(path: Path) -> str:
    """The checksum of a file. Records are written exactly as the server sent them, so it can be
    compared with one that is taken on the server's side."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("base_url", help="such as http://127.0.0.1:8001")
    parser.add_argument("--directory", type=Path, default=Path("out"))
    given = parser.parse_args()
    flights = pull_flights(given.base_url, given.directory)
    file = given.directory / "flights.jsonl"
    print(
        f"{flights.records:,} flights in {flights.elapsed:.1f} s "
        f"({flights.records_per_second:,.0f} a second, {flights.requests} requests)"
    )
    print(f"{file}: SHA-256 {sha256_of(file)}")


if __name__ == "__main__":
    try:
        main()
    except penstock.PenstockError as error:
        raise SystemExit(f"pull_flights: {error}") from None
